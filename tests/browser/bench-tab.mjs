// Times of what a WebAssembly file exports, in a worker of an otherwise empty tab of Chromium on this machine:
// `node bench-tab.mjs FILE RUNS`. Prints JSON, milliseconds; `cargo xtask bench` makes the table.
import { readFileSync } from "node:fs";
import { browser, close } from "./browser.mjs";
import { median } from "./geometry.mjs";

const [file, runs] = [process.argv[2], Number(process.argv[3])];

/**
 * The worker: the first run of each reads the city and has its code optimised, and is left out. What the file would import
 * for the sake of libraries that can do more is not called; if it is, that is an error.
 */
async function work({ data: [bytes, runs] }) {
  self.onunhandledrejection = ({ reason }) => setTimeout(() => { throw reason; });
  const module = await WebAssembly.compile(bytes);
  const imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    (imports[from] ??= {})[name] = () => { throw new Error(`${name} is called`); };
  }
  const { exports } = await WebAssembly.instantiate(module, imports);
  const cases = Object.entries(exports).filter(([name, run]) => typeof run === "function" && !name.startsWith("__"));
  const time = (run) => {
    const start = performance.now();
    run();
    return performance.now() - start;
  };
  const times = (run) => Array.from({ length: runs + 1 }, () => time(run)).slice(1);
  self.postMessage(cases.map(([name, run]) => [name, times(run)]));
}

const page = await (await browser(false)).newPage();
const times = await page.evaluate(
  async ([worker, encoded, runs]) => {
    const started = new Worker(URL.createObjectURL(new Blob([`onmessage = ${worker}`])));
    started.postMessage([Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0)), runs]);
    return new Promise((resolve, reject) => {
      started.onmessage = ({ data }) => resolve(data);
      started.onerror = ({ message }) => reject(new Error(message));
    });
  },
  [`${work}`, readFileSync(file).toString("base64"), runs],
);
await close();
console.log(JSON.stringify(Object.fromEntries(times.map(([name, all]) => [name, median(all)]))));
