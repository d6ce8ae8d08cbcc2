// Weighs a bundle: bytes as they lie and as brotli (quality 11, what static hosts send) makes them, sorted into the parts
// that are downloaded by themselves. Prints JSON.
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const folder = process.argv[2];

/** The part of the bundle a file belongs to. */
function partOf(file) {
  const name = basename(file);
  const shelf = basename(dirname(file));
  if (shelf === "cities" || shelf === "models") return shelf;
  for (const worker of ["tracer", "learner", "importer"]) if (name.startsWith(worker)) return worker;
  return "page";
}

function brotli(bytes) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return Math.min(bytes.length, brotliCompressSync(bytes, { params }).length);
}

const parts = {};
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const file = join(entry.path, entry.name);
  const bytes = readFileSync(file);
  const part = (parts[partOf(file)] ??= { raw: 0, brotli: 0, files: 0 });
  part.raw += bytes.length;
  // An archive is read by ranges, which no host compresses; its tiles are compressed inside.
  part.brotli += file.endsWith(".pmtiles") ? bytes.length : brotli(bytes);
  part.files += 1;
}
console.log(JSON.stringify(parts));
