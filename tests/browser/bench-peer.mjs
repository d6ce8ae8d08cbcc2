// How long onnxruntime-web takes for one run of a network over one window, on one thread, in Chromium on this machine:
// `node bench-peer.mjs MODEL RUNS DIST`, where DIST is its package's folder of that name. Prints milliseconds.
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { browser, close } from "./browser.mjs";
import { median } from "./geometry.mjs";

const [model, runs, dist] = [process.argv[2], Number(process.argv[3]), process.argv[4]];
const TYPES = { mjs: "text/javascript", wasm: "application/wasm", onnx: "application/octet-stream", html: "text/html" };

const page = await (await browser(false)).newPage();
await page.route("http://peer.test/**", (route) => {
  const name = basename(new URL(route.request().url()).pathname) || "index.html";
  const path = name === "model.onnx" ? model : join(dist, name);
  const body = name === "index.html" ? "<!doctype html><title>peer</title>" : readFileSync(path);
  return route.fulfill({ body, contentType: TYPES[name.split(".").pop()] });
});
await page.goto("http://peer.test/index.html");
const times = await page.evaluate(async (runs) => {
  const ort = await import("http://peer.test/ort.wasm.min.mjs");
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = "http://peer.test/";
  const session = await ort.InferenceSession.create("http://peer.test/model.onnx", { executionProviders: ["wasm"] });
  const [, channels, rows, columns] = session.inputMetadata[0].shape;
  const values = Float32Array.from({ length: channels * rows * columns }, (_, i) => Math.sin(i));
  const features = new ort.Tensor("float32", values, [1, channels, rows, columns]);
  const times = [];
  for (let run = 0; run <= runs; run++) {
    const start = performance.now();
    await session.run({ features });
    times.push(performance.now() - start);
  }
  return times.slice(1);
}, runs);
await close();
console.log(median(times));
