// Positions in degrees, offsets in metres, and rings of positions.

/** The earth's circumference at the equator, metres, as Web Mercator has it. */
export const EQUATOR = 40_075_016.686;

export function radians(degrees) {
  return (degrees * Math.PI) / 180;
}

/** The point `east` and `north` metres away from `[lon, lat]`. */
export function offset([lon, lat], east, north) {
  const degree = EQUATOR / 360;
  return [lon + east / (degree * Math.cos(radians(lat))), lat + north / degree];
}

/** A closed ring around `centre`: `n` points at `radius` metres from bearing `from` to bearing `to`. */
export function arc(centre, radius, from, to, n) {
  return Array.from({ length: n + 1 }, (_, i) => {
    const bearing = radians(from + ((to - from) * i) / n);
    return offset(centre, radius * Math.sin(bearing), radius * Math.cos(bearing));
  });
}

/** The middle of a ring's corners, by whose ground the map lifts a slab. */
export function middle(ring) {
  return [0, 1].map((i) => ring.reduce((sum, corner) => sum + corner[i], 0) / ring.length);
}

/** Whether a polygon or multipolygon covers a point, by the even-odd rule over all its rings. */
export function covers(geometry, [x, y]) {
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
