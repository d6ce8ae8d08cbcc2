// The site as shapes: a mast, and a fan or a disc at the antenna's height.

import { arc, middle } from "map/geometry.js";

/** Length of the drawn sector, metres, and half of its opening, degrees (half-power beam of the TR 38.901 element). */
const SECTOR_LENGTH = 75;
const SECTOR_HALF_ANGLE = 32.5;

function slab(ring, base, top, colour) {
  const geometry = { type: "Polygon", coordinates: [[...ring, ring[0]]] };
  return { type: "Feature", geometry, properties: { base, top, colour } };
}

/**
 * A mast from the ground to the antenna, and a thin fan (or a disc) at its height that shows where it points. `ground` gives
 * the elevation of the ground, metres.
 */
export function siteFeatures(site, colour, ground) {
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
