// Points around a site, and what free space gives there: worked out here, apart from the code under test.

const EARTH = 6_378_137;
const SPEED_OF_LIGHT = 299_792_458;
const radians = (degrees) => (degrees * Math.PI) / 180;

/** The point `distance` metres from `[lon, lat]` in the direction `bearing`, degrees clockwise from north. */
export function towards([lon, lat], bearing, distance) {
  const north = (distance * Math.cos(radians(bearing))) / EARTH;
  const east = (distance * Math.sin(radians(bearing))) / (EARTH * Math.cos(radians(lat)));
  return [lon + (east * 180) / Math.PI, lat + (north * 180) / Math.PI];
}

/** Points on rings around a centre: `{ point, bearing, distance }`. */
export function rings(centre, distances, bearings) {
  return distances.flatMap((distance) =>
    bearings.map((bearing) => ({ point: towards(centre, bearing, distance), bearing, distance })),
  );
}

/** Bearings all around, `count` of them. */
export function around(count) {
  return Array.from({ length: count }, (_, i) => (360 * i) / count);
}

/** Free-space path gain in dB over a slant distance in metres (Friis). */
export function freeSpace(frequency, metres) {
  return 20 * Math.log10(SPEED_OF_LIGHT / (4 * Math.PI * metres * frequency));
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** The pairs in which both have a value. */
export function both(a, b) {
  return a.map((value, i) => [value, b[i]]).filter(([x, y]) => x !== null && y !== null);
}
