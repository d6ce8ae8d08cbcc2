// What the map's layers are and how they look: the ground and the site, an archive's basemap and buildings, coverage pictures.

export const EMPTY = { type: "FeatureCollection", features: [] };
/** The coverage layers, of which one is shown. */
export const COVERAGE = ["learned", "traced", "difference", "empirical"];
/** How opaque buildings are, and while something is predicted inside them or on their roofs. */
export const SOLID = 0.82;
export const GLASS = 0.22;

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

export function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const SLABS = {
  "fill-extrusion-base": ["get", "base"],
  "fill-extrusion-height": ["get", "top"],
  "fill-extrusion-color": ["get", "colour"],
  "fill-extrusion-vertical-gradient": false,
};

/** What is on the map before a city is: the ground, the area of the city, the site. */
export const STYLE = {
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
export function basemap(names) {
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

/** The buildings of an archive that has these vector layers. */
export function buildings(names) {
  const paint = {
    "fill-extrusion-height": ["coalesce", ["get", "height"], ["get", "render_height"], 9],
    "fill-extrusion-base": ["coalesce", ["get", "min_height"], ["get", "render_min_height"], 0],
    "fill-extrusion-opacity": SOLID,
  };
  const sourceLayer = BUILDING_LAYERS.find((name) => names.includes(name)) ?? BUILDING_LAYERS[0];
  return { id: "buildings", type: "fill-extrusion", source: "city", "source-layer": sourceLayer, paint };
}

/** A coverage picture: shown and hidden at once, and cell by cell, because a cell is what was predicted. */
export function coverage(id) {
  const paint = {
    "raster-opacity": 0,
    "raster-opacity-transition": { duration: 0 },
    "raster-fade-duration": 0,
    "raster-resampling": "nearest",
  };
  return { id, type: "raster", source: id, paint };
}

/** The shading of slopes. */
export function relief() {
  const paint = { "hillshade-exaggeration": 0.6, "hillshade-illumination-anchor": "map" };
  return { id: "relief", type: "hillshade", source: "slopes", paint };
}

/** Gives the layers that are on `map` the colours of the tokens. */
export function colour(map) {
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
}
