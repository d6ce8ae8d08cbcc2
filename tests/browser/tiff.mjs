// Reads the maps that the command line writes: one-band float GeoTIFFs in strips, deflated, little-endian, north up.
import { inflateSync } from "node:zlib";

const [WIDTH, HEIGHT, OFFSETS, LENGTHS, SCALE, TIEPOINT, DOUBLES] = [256, 257, 273, 279, 33550, 33922, 34736];
/** Bytes of a number by its type (TIFF 6.0, section 2): shorts, longs and doubles are all that is read. */
const SIZE = { 3: 2, 4: 4, 12: 8 };

/** `{ values, width, height, cell, corner, origin }`: rows from the north; the north-west corner in metres of `origin`. */
export function decode(file) {
  const number = (type, at) => (type === 3 ? file.readUInt16LE(at) : type === 4 ? file.readUInt32LE(at) : file.readDoubleLE(at));
  const tags = new Map();
  const start = file.readUInt32LE(4);
  for (let i = 0; i < file.readUInt16LE(start); i++) {
    const at = start + 2 + 12 * i;
    const [tag, type, count] = [file.readUInt16LE(at), file.readUInt16LE(at + 2), file.readUInt32LE(at + 4)];
    if (!(type in SIZE)) continue;
    const from = count * SIZE[type] <= 4 ? at + 8 : file.readUInt32LE(at + 8);
    tags.set(tag, Array.from({ length: count }, (_, k) => number(type, from + k * SIZE[type])));
  }
  const strips = tags.get(OFFSETS).map((offset, i) => inflateSync(file.subarray(offset, offset + tags.get(LENGTHS)[i])));
  const bytes = Buffer.concat(strips);
  const [[width], [height]] = [tags.get(WIDTH), tags.get(HEIGHT)];
  const values = Array.from({ length: width * height }, (_, i) => bytes.readFloatLE(4 * i));
  return { values, width, height, cell: tags.get(SCALE)[0], corner: tags.get(TIEPOINT).slice(3, 5), origin: tags.get(DOUBLES) };
}

/** The middles of cells, `[lon, lat]`, with their values: every `step`th in each direction that has one. */
export function cells({ values, width, height, cell, corner, origin }, step) {
  const found = [];
  for (let row = 0; row < height; row += step) {
    for (let column = 0; column < width; column += step) {
      const value = values[row * width + column];
      if (Number.isNaN(value)) continue;
      const [east, north] = [corner[0] + (column + 0.5) * cell, corner[1] - (row + 0.5) * cell];
      found.push({ point: place(origin, east, north), value });
    }
  }
  return found;
}

/** The position some hundred metres from `[lon, lat]`: lengths of a degree on WGS 84 there, to a decimetre at 1 km. */
function place([lon, lat], east, north) {
  const angle = (lat * Math.PI) / 180;
  const degree = {
    lat: 111_132.92 - 559.82 * Math.cos(2 * angle) + 1.175 * Math.cos(4 * angle),
    lon: 111_412.84 * Math.cos(angle) - 93.5 * Math.cos(3 * angle),
  };
  return [lon + east / degree.lon, lat + north / degree.lat];
}
