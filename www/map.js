// The thin glue between the page and MapLibre GL JS: the city's buildings, one image a coverage layer, the site.
// It holds no state of the product and makes no decisions; the page tells it what to show.

import * as maplibregl from "maplibre-gl";
import { Protocol, PMTiles } from "pmtiles";

const LAYERS = ["learned", "traced", "difference", "empirical"];
/** Names that publishers give the layer of buildings. */
const BUILDING_LAYERS = ["buildings", "building"];
/** What else of an archive is drawn, if it has it: layers by the names that ours, Protomaps' and OpenMapTiles' archives use. */
const BASEMAP = {
  green: ["green", "landuse", "landcover", "park"],
  water: ["water"],
  roads: ["roads", "transportation"],
  "road-names": ["roads", "transportation_name"],
  places: ["places", "place"],
};
/** Their property that tells kinds apart goes by different names too. */
const KIND = ["coalesce", ["get", "class"], ["get", "kind"], ["get", "pmap:kind"], ""];
const GREEN = ["grass", "park", "forest", "wood", "meadow", "garden", "cemetery", "recreation_ground", "pitch", "golf_course", "scrub", "nature_reserve", "village_green", "allotments", "farmland", "orchard", "vineyard", "farmyard", "heath"];
const BROAD = ["motorway", "trunk", "primary", "highway", "major_road"];
const NARROW = ["footway", "path", "cycleway", "steps", "pedestrian", "track", "service", "bridleway", "corridor"];
const EMPTY = { type: "FeatureCollection", features: [] };
/** Length of the drawn sector, metres, and half of its opening, degrees (half-power beam of the TR 38.901 element). */
const SECTOR_LENGTH = 75;
const SECTOR_HALF_ANGLE = 32.5;
/** The earth's circumference at the equator, metres, as Web Mercator has it. */
const EQUATOR = 40_075_016.686;
/** A finger that rests this long, milliseconds, reads the map; one that strays this far before, pixels, does not. */
const REST = 400;
const STRAY = 8;
/** Rounds that find a point above a sloping ground: each is nearer by the slope times the tangent of the sight. */
const ROUNDS = 4;

function radians(degrees) {
  return (degrees * Math.PI) / 180;
}

const protocol = new Protocol();
maplibregl.addProtocol("pmtiles", protocol.tile);

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The point `east` and `north` metres away from `[lon, lat]`. */
function offset([lon, lat], east, north) {
  const degree = EQUATOR / 360;
  return [lon + east / (degree * Math.cos(radians(lat))), lat + north / degree];
}

/** A closed ring around `centre`: `n` points at `radius` metres from bearing `from` to bearing `to`. */
function arc(centre, radius, from, to, n) {
  return Array.from({ length: n + 1 }, (_, i) => {
    const bearing = radians(from + ((to - from) * i) / n);
    return offset(centre, radius * Math.sin(bearing), radius * Math.cos(bearing));
  });
}

function slab(ring, base, top, colour) {
  const geometry = { type: "Polygon", coordinates: [[...ring, ring[0]]] };
  return { type: "Feature", geometry, properties: { base, top, colour } };
}

/** The middle of a ring's corners, by whose ground the map lifts a slab. */
function middle(ring) {
  return [0, 1].map((i) => ring.reduce((sum, corner) => sum + corner[i], 0) / ring.length);
}

/**
 * A mast from the ground to the antenna, and a thin fan (or a disc) at its height that shows where it points. `ground` gives
 * the elevation of the ground, metres.
 */
function siteFeatures(site, colour, ground) {
  const at = [site.lon, site.lat];
  const mast = slab(arc(at, 0.9, 0, 315, 7), 0, site.height, colour);
  const level = (ring) => {
    const height = site.height + ground(at) - ground(middle(ring));
    return slab(ring, height - 0.4, height + 0.4, colour);
  };
  const beam = (length, half) => level([at, ...arc(at, length, site.azimuth - half, site.azimuth + half, 24)]);
  const disc = (radius) => level(arc(at, radius, 0, 355, 71));
  const shapes = site.isotropic
    ? [disc(SECTOR_LENGTH * 0.5), disc(SECTOR_LENGTH * 0.25)]
    : [beam(SECTOR_LENGTH, SECTOR_HALF_ANGLE), beam(SECTOR_LENGTH * 0.6, SECTOR_HALF_ANGLE * 0.45)];
  return { mast: [mast], beam: shapes };
}

const SLABS = {
  "fill-extrusion-base": ["get", "base"],
  "fill-extrusion-height": ["get", "top"],
  "fill-extrusion-color": ["get", "colour"],
  "fill-extrusion-vertical-gradient": false,
};

/** What is on the map before a city is: the ground, the area of the city, the site. */
const STYLE = {
  version: 8,
  light: { anchor: "map", position: [1.3, 205, 32], intensity: 0.32 },
  sources: {
    area: { type: "geojson", data: EMPTY },
    beam: { type: "geojson", data: EMPTY },
    mast: { type: "geojson", data: EMPTY },
  },
  layers: [
    { id: "ground", type: "background" },
    { id: "area", type: "fill", source: "area" },
    { id: "edge", type: "line", source: "area", paint: { "line-width": 1 } },
    { id: "mast", type: "fill-extrusion", source: "mast", paint: SLABS },
    { id: "beam", type: "fill-extrusion", source: "beam", paint: { ...SLABS, "fill-extrusion-opacity": 0.5 } },
  ],
};

/** The layers of the basemap that an archive's vector layers allow, from the ground up. */
function basemap(names) {
  const from = (role) => BASEMAP[role].filter((name) => names.includes(name));
  const layer = (role, name, rest) => ({ id: `${role}-${name}`, source: "city", "source-layer": name, metadata: { role }, ...rest });
  const width = (broad, other, narrow) => ["match", KIND, BROAD, broad, NARROW, narrow, other];
  const zoomed = (low, high) => ["interpolate", ["exponential", 1.6], ["zoom"], 13, low, 18, high];
  const areas = ["==", ["geometry-type"], "Polygon"];
  const text = { "text-field": ["coalesce", ["get", "name"], ""], "text-font": ["sans-serif"] };
  return [
    ...from("green").map((name) =>
      layer("green", name, {
        type: "fill",
        filter: name === "green" ? areas : ["all", areas, ["in", KIND, ["literal", GREEN]]],
      }),
    ),
    ...from("water").map((name) => layer("water", name, { type: "fill", filter: areas })),
    ...from("roads").map((name) =>
      layer("roads", name, {
        type: "line",
        filter: ["==", ["geometry-type"], "LineString"],
        layout: { "line-cap": "round", "line-join": "round" },
        paint: { "line-width": zoomed(width(2.2, 1.1, 0.4), width(20, 11, 3)) },
      }),
    ),
    ...from("road-names").map((name) =>
      layer("road-names", name, {
        type: "symbol",
        minzoom: 15,
        filter: ["==", ["geometry-type"], "LineString"],
        layout: { ...text, "symbol-placement": "line", "text-size": 11, "symbol-spacing": 320 },
      }),
    ),
    ...from("places").map((name) =>
      layer("places", name, {
        type: "symbol",
        filter: ["==", ["geometry-type"], "Point"],
        layout: { ...text, "text-size": 13, "text-letter-spacing": 0.04, "text-max-width": 7 },
      }),
    ),
  ];
}

/** A coverage picture: shown and hidden at once, and cell by cell, because a cell is what was predicted. */
function coverageLayer(id) {
  const paint = {
    "raster-opacity": 0,
    "raster-opacity-transition": { duration: 0 },
    "raster-fade-duration": 0,
    "raster-resampling": "nearest",
  };
  return { id, type: "raster", source: id, paint };
}

/** The address that the archive at `base` calls `name`; `null` where it lies nowhere, as a file in the user's hands. */
function addressOf(name, base) {
  const url = URL.parse(name, base);
  return ["http:", "https:"].includes(url?.protocol) ? url.href : null;
}

/** An archive's credit as text with at most one link of ours in it: an archive may come from anywhere. */
function credit(html) {
  const text = new DOMParser().parseFromString(String(html ?? ""), "text/html").body.textContent.trim();
  const safe = text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
  const osm = '<a href="https://www.openstreetmap.org/copyright" target="_blank" rel="noopener">OpenStreetMap</a>';
  return safe.replace("OpenStreetMap", osm);
}

export class CityMap {
  /**
   * `view` is `{ lon, lat, zoom, bearing, pitch }`; `on` holds the callbacks `ready()`, `moved(view)`,
   * `dragged(lon, lat)`, `placed(lon, lat, roof)`, `hovered(lon, lat, x, y)`,
   * `touched(lon, lat, x, y)`, `left()` and `failed(text)`; `handle` is the element that the
   * user drags: it is kept at the antenna.
   */
  constructor(container, handle, view, on) {
    this.on = on;
    this.handle = handle;
    this.site = null;
    this.shown = { layer: "", opacity: 0 };
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
      canvasContextAttributes: { antialias: true },
    });
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
    map.once("load", () => on.ready());
    map.on("error", (event) => on.failed(String(event.error?.message ?? event.error)));
    map.on("moveend", () => on.moved(this.view()));
    map.on("render", () => this.#followSite());
    // The ground under the site arrives after it, and grows finer.
    map.on("idle", () => {
      if (this.site && this.foot !== this.#ground([this.site.lon, this.site.lat])) this.setSite(this.site);
    });
    map.on("click", (event) => {
      const [at, roof] = this.#surface(event.point);
      on.placed(at.lng, at.lat, roof);
    });
    map.on("mousemove", (event) => {
      const { clientX, clientY } = event.originalEvent;
      on.hovered(event.lngLat.lng, event.lngLat.lat, clientX, clientY);
    });
    map.on("mouseout", () => on.left());
    this.#readByTouch();
    map.getCanvas().style.cursor = "crosshair";
    map.getCanvas().setAttribute("aria-label", "Map of the city; click to place the site");
    this.#makeDraggable();
  }

  /** A finger that rests on the map reads it like a pointer, and goes on reading while it slides; lifting it ends that. */
  #readByTouch() {
    const { map, on } = this;
    let waiting = 0;
    let start = null;
    let reading = false;
    const read = (touch) => {
      const box = map.getContainer().getBoundingClientRect();
      const { lng, lat } = map.unproject([touch.clientX - box.left, touch.clientY - box.top]);
      on.touched(lng, lat, touch.clientX, touch.clientY);
    };
    const end = () => {
      clearTimeout(waiting);
      if (!reading) return;
      reading = false;
      map.dragPan.enable();
      on.left();
    };
    const canvas = map.getCanvasContainer();
    canvas.addEventListener("touchstart", (event) => {
      end();
      on.left();
      if (event.touches.length !== 1) return;
      start = event.touches[0];
      waiting = setTimeout(() => {
        reading = true;
        map.dragPan.disable();
        read(start);
      }, REST);
    }, { passive: true });
    canvas.addEventListener("touchmove", (event) => {
      const touch = event.touches[0];
      if (reading) read(touch);
      else if (Math.hypot(touch.clientX - start.clientX, touch.clientY - start.clientY) > STRAY) clearTimeout(waiting);
    }, { passive: true });
    // A reading that ends is no tap: it must not move the site.
    canvas.addEventListener("touchend", (event) => {
      if (reading && event.cancelable) event.preventDefault();
      end();
    });
    canvas.addEventListener("touchcancel", end);
  }

  /** The handle follows the pointer; the site is told where it stands, at its own height, and on release settles. */
  #makeDraggable() {
    const { handle, on } = this;
    let grip = null;
    const target = (event) => {
      const box = this.map.getContainer().getBoundingClientRect();
      const screen = [event.clientX - box.left - grip[0], event.clientY - box.top - grip[1]];
      return this.#atHeight(this.map.unproject(screen), this.site.height);
    };
    handle.addEventListener("pointerdown", (event) => {
      const box = handle.getBoundingClientRect();
      grip = [event.clientX - (box.left + box.width / 2), event.clientY - (box.top + box.height / 2)];
      handle.setPointerCapture(event.pointerId);
      handle.dataset.dragging = "";
      event.preventDefault();
      handle.focus();
    });
    handle.addEventListener("pointermove", (event) => {
      if (!grip) return;
      const at = target(event);
      on.dragged(at.lng, at.lat);
    });
    const release = (event) => {
      if (!grip) return;
      const at = target(event);
      grip = null;
      delete handle.dataset.dragging;
      const roof = this.#roofAt(at);
      on.placed(at.lng, at.lat, roof);
    };
    handle.addEventListener("pointerup", release);
    handle.addEventListener("pointercancel", release);
  }

  /** Elevation of the ground on the map, metres; 0 everywhere where it is level. */
  #ground(at) {
    return this.map.queryTerrainElevation(at) ?? 0;
  }

  /** The camera's distance from the map's centre, metres, and its focal length, pixels. */
  #sight() {
    const { map } = this;
    const metresPerPixel = (EQUATOR * Math.cos(radians(map.getCenter().lat))) / (512 * 2 ** map.getZoom());
    const focal = map.getContainer().clientHeight / 2 / Math.tan(radians(map.getVerticalFieldOfView()) / 2);
    return [focal * metresPerPixel, focal];
  }

  /** The camera's position and elevation, metres. */
  #camera() {
    const { map } = this;
    const centre = map.getCenter();
    const [distance] = this.#sight();
    const [pitch, bearing] = [radians(map.getPitch()), radians(map.getBearing())];
    const back = distance * Math.sin(pitch);
    const [lng, lat] = offset([centre.lng, centre.lat], -back * Math.sin(bearing), -back * Math.cos(bearing));
    return [{ lng, lat }, distance * Math.cos(pitch) + this.#level()];
  }

  /** Elevation that the map's centre has, metres: the camera turns around it. */
  #level() {
    return this.map.getTerrain() ? this.map.getCenterElevation() : 0;
  }

  /** The point `height` above its ground on the line of sight that meets the ground at `ground`. */
  #atHeight(ground, height) {
    const [eye, top] = this.#camera();
    const foot = this.#ground(ground);
    let at = ground;
    // Each round takes the ground under the last one's point; a level ground needs only the first.
    for (let round = 0; round < ROUNDS; round++) {
      const t = Math.min((this.#ground(at) + height - foot) / (top - foot), 0.9);
      at = new maplibregl.LngLat(ground.lng + (eye.lng - ground.lng) * t, ground.lat + (eye.lat - ground.lat) * t);
    }
    return at;
  }

  /** Where the point `height` above its ground is drawn, in pixels of the map: by the camera, which looks at the centre. */
  #projectAt(point, height) {
    const { map } = this;
    const [centre, at] = [map.getCenter(), point].map((p) => maplibregl.MercatorCoordinate.fromLngLat(p));
    const metres = EQUATOR * Math.cos(radians(map.getCenter().lat));
    const [east, north] = [(at.x - centre.x) * metres, (centre.y - at.y) * metres];
    const up = this.#ground(point) + height - this.#level();
    const [pitch, bearing] = [radians(map.getPitch()), radians(map.getBearing())];
    const ahead = east * Math.sin(bearing) + north * Math.cos(bearing);
    const right = east * Math.cos(bearing) - north * Math.sin(bearing);
    const [distance, focal] = this.#sight();
    const scale = focal / (distance + ahead * Math.sin(pitch) - up * Math.cos(pitch));
    const { clientWidth, clientHeight } = map.getContainer();
    const rise = ahead * Math.cos(pitch) + up * Math.sin(pitch);
    return { x: clientWidth / 2 + right * scale, y: clientHeight / 2 - rise * scale };
  }

  /** What is seen at a pixel: its position, and the height of the roof there (0 on the ground). */
  #surface(pixel) {
    const ground = this.map.unproject(pixel);
    const hit = this.#buildings(pixel)[0];
    if (!hit) return [ground, 0];
    const roof = Number(hit.properties.height) || 0;
    return [this.#atHeight(ground, roof), roof];
  }

  /** Height of the highest roof over a position that is in view; 0 on the ground. */
  #roofAt(at) {
    const candidates = this.#buildings(this.map.project(at));
    const over = candidates.filter((f) => covers(f.geometry, [at.lng, at.lat]));
    return Math.max(0, ...over.map((f) => Number(f.properties.height) || 0));
  }

  #buildings(pixel) {
    return this.map.getLayer("buildings") ? this.map.queryRenderedFeatures(pixel, { layers: ["buildings"] }) : [];
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
    const archive = new PMTiles(url);
    protocol.add(archive);
    let metadata;
    try {
      metadata = await archive.getMetadata();
    } catch (error) {
      this.on.failed(String(error?.message ?? error));
      return;
    }
    if (turn !== this.opened) return;
    const names = (metadata?.vector_layers ?? []).map((layer) => layer.id);
    const sourceLayer = BUILDING_LAYERS.find((name) => names.includes(name)) ?? BUILDING_LAYERS[0];
    map.addSource("city", { type: "vector", url: `pmtiles://${url}`, attribution: credit(metadata?.attribution) });
    const paint = {
      "fill-extrusion-height": ["coalesce", ["get", "height"], ["get", "render_height"], 9],
      "fill-extrusion-base": ["coalesce", ["get", "min_height"], ["get", "render_min_height"], 0],
      "fill-extrusion-opacity": 0.82,
    };
    map.addLayer({ id: "buildings", type: "fill-extrusion", source: "city", "source-layer": sourceLayer, paint }, "mast");
    // The ground lies below the coverage, whatever of it there is by now; names stand above all.
    const below = map.getLayersOrder().find((id) => LAYERS.includes(id) || id === "buildings");
    for (const layer of basemap(names)) map.addLayer(layer, layer.type === "symbol" ? undefined : below);
    const terrain = metadata?.["farfield:terrain"];
    const lies = typeof terrain === "string" && (beside[terrain] ?? addressOf(terrain, url));
    if (lies) this.#raise(lies, below);
    this.#repaint();
  }

  /** Raises the ground by the terrain in the archive at `url`, and shades its slopes. */
  #raise(url, below) {
    const { map } = this;
    protocol.add(new PMTiles(url));
    // The ground and its shading want tiles of different zooms, so each has a source of its own.
    for (const id of ["terrain", "slopes"]) {
      map.addSource(id, { type: "raster-dem", url: `pmtiles://${url}`, encoding: "terrarium", tileSize: 256 });
    }
    map.setTerrain({ source: "terrain" });
    const paint = { "hillshade-exaggeration": 0.6, "hillshade-illumination-anchor": "map" };
    map.addLayer({ id: "relief", type: "hillshade", source: "slopes", paint }, below);
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
      map.addLayer(coverageLayer(layer), map.getLayer("buildings") ? "buildings" : "mast");
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
    for (const id of LAYERS) {
      if (this.map.getLayer(id)) this.map.setPaintProperty(id, "raster-opacity", id === layer ? opacity : 0);
    }
  }

  /** Draws the site: `{ lon, lat, height, azimuth, isotropic }`. */
  setSite(site) {
    this.site = site;
    const ground = (at) => this.#ground(at);
    this.foot = ground([site.lon, site.lat]);
    const { mast, beam } = siteFeatures(site, token("--map-site"), ground);
    this.map.getSource("mast")?.setData({ ...EMPTY, features: mast });
    this.map.getSource("beam")?.setData({ ...EMPTY, features: beam });
    this.#followSite();
  }

  #followSite() {
    if (!this.site) return;
    const { x, y } = this.#projectAt({ lng: this.site.lon, lat: this.site.lat }, this.site.height);
    this.handle.style.translate = `${x}px ${y}px`;
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
    map.setPaintProperty("ground", "background-color", token("--map-ground"));
    map.setPaintProperty("area", "fill-color", token("--map-city"));
    map.setPaintProperty("edge", "line-color", token("--map-edge"));
    map.setLight({ ...map.getLight(), color: token("--map-light") });
    if (map.getLayer("buildings")) map.setPaintProperty("buildings", "fill-extrusion-color", token("--map-building"));
    if (map.getLayer("relief")) {
      map.setPaintProperty("relief", "hillshade-shadow-color", token("--map-shade"));
      map.setPaintProperty("relief", "hillshade-accent-color", token("--map-shade"));
      map.setPaintProperty("relief", "hillshade-highlight-color", token("--map-slope"));
    }
    const colours = { green: "fill-color", water: "fill-color", roads: "line-color", "road-names": "text-color", places: "text-color" };
    for (const { id, type, metadata } of map.getStyle().layers) {
      if (!metadata?.role) continue;
      map.setPaintProperty(id, colours[metadata.role], token(`--map-${type === "symbol" ? "label" : metadata.role}`));
      if (type === "symbol") {
        map.setPaintProperty(id, "text-halo-color", token("--map-ground"));
        map.setPaintProperty(id, "text-halo-width", 1.4);
      }
    }
    if (this.site) this.setSite(this.site);
  }
}

/** Whether a polygon or multipolygon covers a point, by the even-odd rule over all its rings. */
function covers(geometry, [x, y]) {
  const polygons = geometry.type === "MultiPolygon" ? geometry.coordinates : [geometry.coordinates];
  let inside = false;
  for (const ring of polygons.flat()) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [[xi, yi], [xj, yj]] = [ring[i], ring[j]];
      if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
    }
  }
  return inside;
}
