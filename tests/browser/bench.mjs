// Times as a visitor meets them, in Chromium on this machine: `node bench.mjs [runs]`. Prints JSON; `cargo xtask bench`
// makes the table.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { browser, close, serve, site } from "./browser.mjs";
import { link, scenarioOf } from "./links.mjs";
import { median } from "./geometry.mjs";
import { misbehaving } from "./misbehave.mjs";
import { Tab } from "./tab.mjs";

const RUNS = Number(process.argv[2] ?? 3);
const MARKS = ["map-interactive", "first-draft-traced", "first-map-empirical", "first-map-traced", "first-map-learned"];
const ENGINES = ["empirical", "traced", "learned"];

/** Opens the page in a fresh profile, does something with it, and closes it. */
async function visit(query, hash, work, address = undefined) {
  const context = await (await browser(true)).newContext({ viewport: { width: 1440, height: 900 } });
  try {
    const page = await context.newPage();
    const downloads = [];
    page.on("requestfinished", async (request) => {
      const sizes = await request.sizes().catch(() => ({ responseBodySize: 0 }));
      downloads.push([new URL(request.url()).pathname, sizes.responseBodySize]);
    });
    await page.goto(`${address ?? (await site()).address}${query}${hash}`);
    return await work(new Tab(page, context, "bench"), downloads);
  } finally {
    await context.close();
  }
}

/** Milliseconds from navigation to each mark. */
function firstVisit() {
  return visit("", "", async (tab, downloads) => {
    await tab.maps(...ENGINES);
    const read = (names) => names.map((name) => performance.getEntriesByName(name)[0]?.startTime ?? null);
    const marks = await tab.page.evaluate(read, MARKS);
    const city = downloads.filter(([path]) => path.endsWith(".pmtiles")).reduce((sum, [, bytes]) => sum + bytes, 0);
    return { marks, city };
  });
}

/** Milliseconds from an edit that moves the antenna to each engine's new map, all engines working at once. */
function edits(query, cell) {
  const receivers = { cell, height: 1.5 };
  return visit(query, link(scenarioOf({}, {}, { receivers })), async (tab) => {
    await tab.maps(...ENGINES);
    const times = { empirical: [], traced: [], learned: [] };
    for (let run = 0; run < RUNS; run++) {
      const hash = link(scenarioOf({ height: 31 + run }, {}, { receivers }));
      const measured = await tab.page.evaluate(
        async ([hash, height, engines]) => {
          const start = performance.now();
          const took = {};
          location.hash = hash;
          while (Object.keys(took).length < engines.length) {
            await new Promise((next) => setTimeout(next, 4));
            if (window.farfield.state().scenario.sites[0].height !== height) continue;
            for (const engine of engines) if (!(engine in took) && window.farfield.ready(engine)) took[engine] = performance.now() - start;
          }
          return took;
        },
        [hash, 31 + run, ENGINES],
      );
      for (const engine of ENGINES) times[engine].push(measured[engine]);
    }
    return Object.fromEntries(ENGINES.map((engine) => [engine, median(times[engine])]));
  });
}

/** Milliseconds from a move of the pointer to the coarse map that follows it, and between two of them, while the site is dragged. */
function drag() {
  return visit("?backend=cpu", link(scenarioOf({}, {})), async (tab) => {
    await tab.maps("traced");
    const shown = await tab.dragAbout(120);
    const gaps = shown.slice(1).map((draft, i) => draft.at - shown[i].at);
    return { took: median(shown.map((draft) => draft.millis)), apart: median(gaps) };
  });
}

/**
 * Milliseconds from a cold start to the city of a square of 2 km out of a larger archive, then to one 4 km beside it, and
 * back, which is decoding alone; with the requests and bytes that the first took, and what the engines hold in memory after
 * some moves more. `null` where the archive is absent.
 */
async function largeArchive() {
  const shared = process.env.FARFIELD_SHARED ?? join(import.meta.dirname, "../../../shared");
  const path = join(shared, "data/tiles/protomaps_firenze_ODbL.pmtiles");
  if (!existsSync(path)) return null;
  const ends = [];
  const server = await misbehaving({ after: (end) => ends.push(end) }, readFileSync(path));
  const at = (lon, lat) => link({ city: server.url, sites: [{ position: { lon, lat }, height: 45 }] });
  const places = [at(11.2558, 43.7731), at(11.2058, 43.779), at(11.2558, 43.7731)];
  try {
    return await visit("?backend=cpu", places[0], async (tab) => {
      const [took, unpacked] = [[], []];
      for (const [i, hash] of places.entries()) {
        if (i > 0) await tab.page.evaluate((hash) => (location.hash = hash), hash);
        await tab.maps("empirical");
        const marks = await Promise.all(tab.page.workers().map((worker) => worker.evaluate(readings).catch(() => [])));
        const read = marks.map((all) => all[i]).filter((mark) => mark !== undefined);
        took.push(median(read.map(([ms]) => ms)));
        unpacked.push(median(read.map(([, bytes]) => bytes)));
      }
      // Blocks of 16 KiB are the engines' reading; what the map's own reader asks for is not counted.
      const blocks = server.asked.filter((range) => range && range[0] % 16384 === 0 && (range[1] + 1) % 16384 === 0);
      const bytes = blocks.reduce((sum, [first, last]) => sum + last + 1 - first, 0);
      for (let move = 1; move <= 6; move++) {
        await tab.page.evaluate((hash) => (location.hash = hash), at(11.2558 + 0.004 * move, 43.7731));
        await tab.maps(...ENGINES);
      }
      const held = await Promise.all(tab.page.workers().map((worker) => worker.evaluate(memory).catch(() => 0)));
      const engines = held.filter((bytes) => bytes > 0);
      const memories = { workers: engines.length, bytes: engines.reduce((sum, bytes) => sum + bytes, 0) };
      return { took, unpacked, requests: blocks.length, bytes, memories };
    }, (await serve(noteMemories)).address);
  } finally {
    for (const end of ends) end();
  }
}

/** How long a worker took to read its cities, ms, and the unpacked bytes that it decoded: it notes each. */
function readings() {
  const noted = performance.getEntriesByType("mark").map((mark) => mark.name);
  return noted.filter((name) => name.startsWith("city-read:")).map((name) => name.slice(10).split(":").map(Number));
}

/** Has the engines' workers note the memories of what they instantiate. */
function noteMemories(folder) {
  const note = () => {
    const instantiate = WebAssembly.instantiate.bind(WebAssembly);
    const streaming = WebAssembly.instantiateStreaming.bind(WebAssembly);
    const noted = (instantiating) => async (...args) => {
      const made = await instantiating(...args);
      const exported = Object.values((made.instance ?? made).exports);
      self.memories = exported.filter((value) => value instanceof WebAssembly.Memory);
      return made;
    };
    WebAssembly.instantiate = noted(instantiate);
    WebAssembly.instantiateStreaming = noted(streaming);
  };
  for (const engine of ["tracer", "learner"]) {
    const loader = join(folder, `${engine}_loader.js`);
    writeFileSync(loader, `(${note})();\n${readFileSync(loader)}`);
  }
}

/** Bytes of a worker's WebAssembly memory, which never shrinks: the most that it has needed. */
function memory() {
  return (self.memories ?? []).reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
}

const visits = [];
for (let run = 0; run < RUNS; run++) visits.push(await firstVisit());
const first = Object.fromEntries(MARKS.map((name, i) => [name, median(visits.map((visit) => visit.marks[i]))]));
const cityBytes = median(visits.map((visit) => visit.city));
const cpu = await edits("?backend=cpu", 5);
// A software adapter takes minutes for cells of 5 m.
const gpu = await edits("?backend=gpu", 20);
const dragged = await drag();
const large = await largeArchive();
await close();
console.log(JSON.stringify({ runs: RUNS, first, cityBytes, cpu, gpu, dragged, large }));
