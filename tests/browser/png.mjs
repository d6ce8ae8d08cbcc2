// Reads the pictures that the browser takes: 8-bit RGB or RGBA PNG without interlacing.
import { inflateSync } from "node:zlib";

/** `{ width, height, at(x, y) → [r, g, b] }`. */
export function decode(file) {
  const width = file.readUInt32BE(16);
  const height = file.readUInt32BE(20);
  const [depth, kind] = [file[24], file[25]];
  if (depth !== 8 || (kind !== 2 && kind !== 6)) throw new Error(`a PNG of depth ${depth} and kind ${kind} is not read here`);
  const channels = kind === 6 ? 4 : 3;
  const parts = [];
  for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at)) {
    if (file.toString("latin1", at + 4, at + 8) === "IDAT") parts.push(file.subarray(at + 8, at + 8 + file.readUInt32BE(at)));
  }
  const pixels = unfilter(inflateSync(Buffer.concat(parts)), width * channels, height, channels);
  const at = (x, y) => [...pixels.subarray((y * width + x) * channels, (y * width + x) * channels + 3)];
  return { width, height, at };
}

/** Undoes the row filters (PNG specification, section 9). */
function unfilter(data, stride, height, channels) {
  const out = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = data[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const left = x < channels ? 0 : out[y * stride + x - channels];
      const up = y === 0 ? 0 : out[(y - 1) * stride + x];
      const corner = x < channels || y === 0 ? 0 : out[(y - 1) * stride + x - channels];
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
      out[y * stride + x] = data[y * (stride + 1) + 1 + x] + guess;
    }
  }
  return out;
}

function paeth(a, b, c) {
  const p = a + b - c;
  const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

/** The share of pixels, sampled every `step`, that differ by more than `tolerance` in some channel. */
export function difference(a, b, step = 3, tolerance = 12) {
  let [differing, all] = [0, 0];
  for (let y = 0; y < Math.min(a.height, b.height); y += step) {
    for (let x = 0; x < Math.min(a.width, b.width); x += step) {
      const [p, q] = [a.at(x, y), b.at(x, y)];
      differing += p.some((value, i) => Math.abs(value - q[i]) > tolerance) ? 1 : 0;
      all += 1;
    }
  }
  return differing / all;
}
