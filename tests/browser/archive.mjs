// City archives that are wrong in one way each.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zxyToTileId } from "pmtiles";

export const MUNICH = "cities/munich.pmtiles";

/** Cuts the file after a share of its bytes. */
export function truncate(folder, share) {
  const file = join(folder, MUNICH);
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.subarray(0, Math.floor(bytes.length * share)));
}

export function remove(folder) {
  rmSync(join(folder, MUNICH));
}

/** What many hosts send instead of a missing file. */
export function page(folder) {
  writeFileSync(join(folder, MUNICH), "<!doctype html><title>Not found</title><p>There is nothing here.".padEnd(4096, "."));
}

/** A sound PMTiles v3 archive of one vector tile over Munich that has roads and no buildings. */
export function withoutBuildings(folder) {
  const string = (field, text) => bytes(field, Buffer.from(text));
  const bytes = (field, data) => Buffer.concat([varint((field << 3) | 2), varint(data.length), data]);
  const number = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);
  // One line: MoveTo(1, 1), LineTo(+100, +100), zigzag-coded (Mapbox Vector Tile 2.1, section 4.3).
  const geometry = Buffer.concat([9, 2, 2, 10, 200, 200].map(varint));
  const feature = Buffer.concat([number(3, 2), bytes(4, geometry)]);
  const layer = Buffer.concat([string(1, "roads"), bytes(2, feature), number(5, 4096), number(15, 2)]);
  const tile = bytes(3, layer);

  const zoom = 14;
  const [x, y] = tileOf(11.5755, 48.138, zoom);
  // Entries, tile id, run length, length, offset + 1 (PMTiles v3, section 4).
  const directory = Buffer.concat([1n, BigInt(zxyToTileId(zoom, x, y)), 1n, BigInt(tile.length), 1n].map(varint));
  const metadata = Buffer.from('{"vector_layers":[{"id":"roads","fields":{}}]}');
  const header = Buffer.alloc(127);
  header.write("PMTiles", 0, "latin1");
  header[7] = 3;
  const places = [
    [127, directory.length],
    [127 + directory.length, metadata.length],
    [127 + directory.length + metadata.length, 0],
    [127 + directory.length + metadata.length, tile.length],
  ];
  places.flat().forEach((value, i) => header.writeBigUInt64LE(BigInt(value), 8 + 8 * i));
  [1n, 1n, 1n].forEach((count, i) => header.writeBigUInt64LE(count, 72 + 8 * i));
  // Clustered; no compression inside or of tiles; vector tiles; one zoom.
  header.set([1, 1, 1, 1, zoom, zoom], 96);
  [11.56, 48.13, 11.59, 48.15].forEach((degrees, i) => header.writeInt32LE(Math.round(degrees * 1e7), 102 + 4 * i));
  header[118] = zoom;
  [11.5755, 48.138].forEach((degrees, i) => header.writeInt32LE(Math.round(degrees * 1e7), 119 + 4 * i));
  writeFileSync(join(folder, MUNICH), Buffer.concat([header, directory, metadata, tile]));
}

function varint(value) {
  const out = [];
  for (let rest = BigInt(value); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...out, Number(rest)]);
    out.push(Number(rest & 127n) | 128);
  }
}

function tileOf(lon, lat, zoom) {
  const n = 2 ** zoom;
  const north = Math.asinh(Math.tan((lat * Math.PI) / 180));
  return [Math.floor(((lon + 180) / 360) * n), Math.floor(((1 - north / Math.PI) / 2) * n)];
}
