// The line of sight: how points above the ground and pixels of the map belong together, by the camera's own geometry.

import { LngLat, MercatorCoordinate } from "maplibre-gl";
import { EQUATOR, covers, offset, radians } from "map/geometry.js";

/** Rounds that find a point above a sloping ground: each is nearer by the slope times the tangent of the sight. */
const ROUNDS = 4;

export class Sight {
  constructor(map) {
    this.map = map;
  }

  /** Elevation of the ground on the map, metres; 0 everywhere where it is level. */
  ground(at) {
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
  atHeight(ground, height) {
    const [eye, top] = this.#camera();
    const foot = this.ground(ground);
    let at = ground;
    // Each round takes the ground under the last one's point; a level ground needs only the first.
    for (let round = 0; round < ROUNDS; round++) {
      const t = Math.min((this.ground(at) + height - foot) / (top - foot), 0.9);
      at = new LngLat(ground.lng + (eye.lng - ground.lng) * t, ground.lat + (eye.lat - ground.lat) * t);
    }
    return at;
  }

  /** Where the point `height` above its ground is drawn, in pixels of the map: by the camera, which looks at the centre. */
  projectAt(point, height) {
    const { map } = this;
    const [centre, at] = [map.getCenter(), point].map((p) => MercatorCoordinate.fromLngLat(p));
    const metres = EQUATOR * Math.cos(radians(map.getCenter().lat));
    const [east, north] = [(at.x - centre.x) * metres, (centre.y - at.y) * metres];
    const up = this.ground(point) + height - this.#level();
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
  surface(pixel) {
    const ground = this.map.unproject(pixel);
    const hit = this.#buildings(pixel)[0];
    if (!hit) return [ground, 0];
    const roof = Number(hit.properties.height) || 0;
    return [this.atHeight(ground, roof), roof];
  }

  /** Height of the highest roof over a position that is in view; 0 on the ground. */
  roofAt(at) {
    const candidates = this.#buildings(this.map.project(at));
    const over = candidates.filter((f) => covers(f.geometry, [at.lng, at.lat]));
    return Math.max(0, ...over.map((f) => Number(f.properties.height) || 0));
  }

  #buildings(pixel) {
    return this.map.getLayer("buildings") ? this.map.queryRenderedFeatures(pixel, { layers: ["buildings"] }) : [];
  }
}
