// The thin glue between the page and MapLibre GL JS: the city's buildings, one image a coverage layer, the site.
// It holds no state of the product and makes no decisions; the page tells it what to show.

import * as maplibregl from "maplibre-gl";
import { addressOf, archiveAt, credit } from "map/archive.js";
import { makeDraggable, readByTouch } from "map/gestures.js";
import { drawnInSoftware } from "map/gl.js";
import { Points } from "map/points.js";
import { Rays } from "map/rays.js";
import { Sight } from "map/sight.js";
import { siteFeatures } from "map/site.js";
import { COVERAGE, EMPTY, GLASS, SOLID, STYLE, basemap, buildings, colour, coverage, relief, token } from "map/style.js";

export class CityMap {
  /**
   * `view` is `{ lon, lat, zoom, bearing, pitch }`; `on` holds the callbacks `ready()`, `moved(view)`,
   * `clicked(lon, lat, roof)`, `dragged(lon, lat)`, `placed(lon, lat, roof)`, `received(lon, lat)`,
   * `hovered(lon, lat, x, y)`, `touched(lon, lat, x, y)`, `left()` and `failed(text)`; `handle` and `pin` are the elements
   * that the user drags: they are kept at the antenna and at the receiver.
   */
  constructor(container, handle, pin, view, on) {
    this.on = on;
    this.handle = handle;
    this.pin = pin;
    this.site = null;
    this.receiver = null;
    this.rays = new Rays();
    this.readings = new Points();
    this.loaded = false;
    this.shown = { layer: "", opacity: 0 };
    this.through = false;
    this.opened = 0;
    this.map = new maplibregl.Map({
      container,
      style: STYLE,
      center: [view.lon, view.lat],
      zoom: view.zoom,
      bearing: view.bearing,
      pitch: view.pitch,
      minZoom: 11,
      maxZoom: 20,
      maxPitch: 75,
      attributionControl: false,
      canvasContextAttributes: { antialias: !drawnInSoftware() },
      fadeDuration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 300,
    });
    this.sight = new Sight(this.map);
    const controls = [
      [new maplibregl.AttributionControl({ compact: false }), "bottom-right"],
      [new maplibregl.ScaleControl({ maxWidth: 110 }), "bottom-right"],
      [new maplibregl.NavigationControl({ visualizePitch: true }), "top-right"],
    ];
    for (const [control, corner] of controls) this.map.addControl(control, corner);
    this.#listen();
    this.#repaint();
    matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => this.#repaint());
  }

  #listen() {
    const { map, on } = this;
    map.once("load", () => {
      this.loaded = true;
      this.#showLayers();
      on.ready();
    });
    map.on("error", (event) => on.failed(String(event.error?.message ?? event.error)));
    map.on("moveend", () => on.moved(this.view()));
    map.on("render", () => this.#followHandles());
    // The ground under the site, rays and readings arrives after them, and grows finer.
    map.on("idle", () => {
      if (this.map.getTerrain() && this.zoomed !== this.map.getZoom()) {
        this.zoomed = this.map.getZoom();
        this.readings.rise();
      }
      if (this.site && this.foot !== this.sight.ground([this.site.lon, this.site.lat])) this.setSite(this.site);
      if (this.receiver && this.floor !== this.sight.ground([this.receiver.lon, this.receiver.lat])) {
        this.setReceiver(this.receiver);
        this.rays.rise();
      }
    });
    map.on("click", (event) => {
      const [at, roof] = this.sight.surface(event.point);
      on.clicked(at.lng, at.lat, roof);
    });
    map.on("mousemove", (event) => {
      const { clientX, clientY } = event.originalEvent;
      on.hovered(event.lngLat.lng, event.lngLat.lat, clientX, clientY);
    });
    map.on("mouseout", () => on.left());
    readByTouch(map, on);
    map.getCanvas().style.cursor = "crosshair";
    map.getCanvas().setAttribute("aria-label", "Map of the city; click to place the site, or the receiver while paths are shown");
    makeDraggable(this.handle, map, this.sight, () => this.site.height, on);
    makeDraggable(this.pin, map, this.sight, () => this.receiver.height, { dragged: on.received, placed: on.received });
  }

  /**
   * Shows the buildings of the archive at `url`, forgetting what was read of it before. `beside` holds the addresses of the
   * archives beside it, by name, where its own leads nowhere.
   */
  async openCity(url, beside) {
    const { map } = this;
    const turn = ++this.opened;
    const sources = ["city", "terrain", "slopes"];
    map.setTerrain(null);
    for (const { id, source } of map.getStyle().layers) if (sources.includes(source)) map.removeLayer(id);
    for (const source of sources) if (map.getSource(source)) map.removeSource(source);
    // A file that was not opened here is nowhere.
    if (url.startsWith("file:")) return;
    const archive = archiveAt(url);
    let metadata;
    try {
      metadata = await archive.getMetadata();
    } catch (error) {
      this.on.failed(String(error?.message ?? error));
      return;
    }
    if (turn !== this.opened) return;
    const names = (metadata?.vector_layers ?? []).map((layer) => layer.id);
    map.addSource("city", { type: "vector", url: `pmtiles://${url}`, attribution: credit(metadata?.attribution) });
    map.addLayer(buildings(names), "mast");
    this.seeThrough(this.through);
    // The ground lies below the coverage, whatever of it there is by now; names stand above all.
    const below = map.getLayersOrder().find((id) => COVERAGE.includes(id) || id === "buildings");
    for (const layer of basemap(names)) map.addLayer(layer, layer.type === "symbol" ? undefined : below);
    const terrain = metadata?.["farfield:terrain"];
    const lies = typeof terrain === "string" && (beside[terrain] ?? addressOf(terrain, url));
    if (lies) this.#raise(lies, below);
    this.#repaint();
  }

  /** Raises the ground by the terrain in the archive at `url`, and shades its slopes. */
  #raise(url, below) {
    const { map } = this;
    archiveAt(url);
    // The ground and its shading want tiles of different zooms, so each has a source of its own.
    for (const id of ["terrain", "slopes"]) {
      map.addSource(id, { type: "raster-dem", url: `pmtiles://${url}`, encoding: "terrarium", tileSize: 256 });
    }
    map.setTerrain({ source: "terrain" });
    map.addLayer(relief(), below);
  }

  /** Marks the area that the city covers: corners as `[lon, lat, …]`, in order around it. */
  setArea(corners) {
    const ring = Array.from({ length: corners.length / 2 }, (_, i) => [corners[2 * i], corners[2 * i + 1]]);
    const geometry = { type: "Polygon", coordinates: [[...ring, ring[0]]] };
    this.map.getSource("area").setData({ type: "Feature", geometry, properties: {} });
  }

  /** Gives `layer` its picture: RGBA rows from the north; corners as lon, lat from the north-west clockwise. */
  setCoverage(layer, rgba, width, height, corners) {
    const { map } = this;
    const coordinates = [0, 2, 4, 6].map((i) => [corners[i], corners[i + 1]]);
    if (!map.getSource(layer)) {
      map.addSource(layer, { type: "image", coordinates });
      map.addLayer(coverage(layer), map.getLayer("buildings") ? "buildings" : "mast");
      this.showLayer(this.shown.layer, this.shown.opacity);
    }
    map.getSource(layer).updateImage({ image: new ImageData(new Uint8ClampedArray(rgba), width, height), coordinates });
  }

  /** Takes a layer's picture away. */
  clearCoverage(layer) {
    if (this.map.getLayer(layer)) this.map.removeLayer(layer);
    if (this.map.getSource(layer)) this.map.removeSource(layer);
  }

  /** Shows one coverage layer. The others stay loaded, so that flipping takes a frame. */
  showLayer(layer, opacity) {
    this.shown = { layer, opacity };
    for (const id of COVERAGE) {
      if (this.map.getLayer(id)) this.map.setPaintProperty(id, "raster-opacity", id === layer ? opacity : 0);
    }
  }

  /** Whether the buildings let what is predicted inside them or on their roofs be seen. */
  seeThrough(through) {
    this.through = through;
    if (!this.map.getLayer("buildings")) return;
    this.map.setPaintProperty("buildings", "fill-extrusion-opacity", through ? GLASS : SOLID);
  }

  /** Draws the site: `{ lon, lat, height, azimuth, isotropic }`. */
  setSite(site) {
    this.site = site;
    const ground = (at) => this.sight.ground(at);
    this.foot = ground([site.lon, site.lat]);
    const { mast, beam } = siteFeatures(site, token("--map-site"), ground);
    this.map.getSource("mast")?.setData({ ...EMPTY, features: mast });
    this.map.getSource("beam")?.setData({ ...EMPTY, features: beam });
    this.#followHandles();
  }

  /** Puts the receiver's pin at `{ lon, lat, height }`; away with `null`. */
  setReceiver(receiver) {
    this.receiver = receiver;
    this.pin.hidden = !receiver;
    this.floor = receiver && this.sight.ground([receiver.lon, receiver.lat]);
    this.#followHandles();
  }

  /** Draws rays `{ points, colour, width }`, the strongest first; see `rays.js`. */
  setRays(rays) {
    this.rays.set(rays, (at) => this.sight.ground(at));
    this.#showLayers();
  }

  /** Draws readings: longitude and latitude by turns; see `points.js`. */
  setReadings(places) {
    // What comes from WebAssembly lies in its memory, and is something else after the call.
    this.readings.set(places.slice(), (at) => this.sight.ground(at));
    this.#showLayers();
  }

  /** Gives the readings their colours: red, green and blue of each. */
  paintReadings(colours) {
    this.readings.paint(colours.slice());
  }

  /** Adds the layers of rays and readings once there are some, so that nobody makes shaders for nothing. */
  #showLayers() {
    for (const [layer, count] of [[this.readings, this.readings.count], [this.rays, this.rays.count]]) {
      if (this.loaded && count && !this.map.getLayer(layer.id)) this.map.addLayer(layer);
    }
  }

  /** Singles a ray out by its number, none with −1; `stale` ones are pale. */
  pointRay(ray, stale) {
    this.rays.point(ray, stale);
  }

  #followHandles() {
    for (const [handle, at] of [[this.handle, this.site], [this.pin, this.receiver]]) {
      if (!at) continue;
      const { x, y } = this.sight.projectAt({ lng: at.lon, lat: at.lat }, at.height);
      handle.style.translate = `${x}px ${y}px`;
    }
  }

  view() {
    const { lng, lat } = this.map.getCenter();
    return { lon: lng, lat, zoom: this.map.getZoom(), bearing: this.map.getBearing(), pitch: this.map.getPitch() };
  }

  jumpTo(view) {
    this.map.jumpTo({ center: [view.lon, view.lat], zoom: view.zoom, bearing: view.bearing, pitch: view.pitch });
  }

  /** Where a point of the ground is drawn, in CSS pixels of the window. */
  project(lon, lat) {
    const { x, y } = this.map.project([lon, lat]);
    const box = this.map.getContainer().getBoundingClientRect();
    return [x + box.left, y + box.top];
  }

  /** Takes the colours of the map from the tokens. */
  #repaint() {
    const { map } = this;
    if (!map.isStyleLoaded() && !map.style?._loaded) {
      map.once("styledata", () => this.#repaint());
      return;
    }
    colour(map);
    if (this.site) this.setSite(this.site);
  }
}
