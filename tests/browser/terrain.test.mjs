// Hills: shaded on the map, and under both ends of every link, wherever the terrain lies.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { link, open, scenarioOf, site } from "./harness.mjs";
import { XTASK } from "./browser.mjs";
import { decode, difference } from "./png.mjs";
import * as tiff from "./tiff.mjs";

const CITY = "cities/san-francisco.pmtiles";
const TERRAIN = "cities/san-francisco-terrain.pmtiles";
const FILES = ["san-francisco.pmtiles", "san-francisco-terrain.pmtiles"];
const ENGINES = ["empirical", "traced", "learned"];
/** Below Telegraph Hill, which stands between here and the bay. */
const MAST = { position: { lon: -122.4112, lat: 37.8022 }, height: 30 };
const COARSE = { receivers: { cell: 20, height: 1.5 } };

const scenario = (city, rest = {}) => link(scenarioOf(MAST, { pattern: "isotropic" }, { city, ...COARSE, ...rest }));

/** Points on the ground all around, some 60 m apart. */
const POINTS = Array.from({ length: 400 }, (_, i) => [-122.418 + 0.0007 * (i % 20), 37.797 + 0.00055 * Math.floor(i / 20)]);

async function levels(tab) {
  await tab.maps(...ENGINES);
  return Promise.all(ENGINES.map((engine) => tab.values(engine, POINTS)));
}

/** The share of points with a level in both at which they differ by more than a tenth of a decibel. */
function changed(a, b) {
  const both = a.map((value, i) => [value, b[i]]).filter(([x, y]) => x !== null && y !== null);
  assert.ok(both.length > 50, `${both.length} points to compare`);
  return both.filter(([x, y]) => Math.abs(x - y) > 0.1).length / both.length;
}

const picked = async (tab, ...names) => {
  const { folder } = await site();
  await tab.page.locator('[data-action="cities"]').click();
  await tab.page.locator('[name="city-file"]').setInputFiles(names.map((name) => join(folder, "cities", name)));
};

const FARFIELD = join(dirname(XTASK), "farfield");
test("every engine in the browser stands on the same hills as the command line", { skip: !existsSync(FARFIELD) && `SKIPPED: there is no ${FARFIELD}` }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "farfield-hills-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const tab = await open(t, { query: "?backend=cpu", hash: scenario("san-francisco") });
  await tab.maps(...ENGINES);
  for (const engine of ENGINES) {
    const map = join(folder, `${engine}.tif`);
    const options = ["--engine", engine, "--backend", "cpu", "--scenario", scenario("san-francisco"), "-o", map];
    execFileSync(FARFIELD, ["predict", ...options], { cwd: join(import.meta.dirname, "../.."), stdio: "ignore" });
    const cells = tiff.cells(tiff.decode(readFileSync(map)), 2);
    const here = await tab.values(engine, cells.map((cell) => cell.point));
    const misses = cells.map(({ value }, i) => (here[i] === null ? Infinity : Math.abs(here[i] - value)));
    const worst = Math.max(...misses);
    t.diagnostic(`${engine}: ${cells.length} cells, at most ${worst.toFixed(4)} dB apart`);
    assert.ok(cells.length > 300, `${cells.length} cells`);
    assert.ok(worst < 0.05, `${engine}: ${worst} dB apart`);
  }
});

test("an archive opened by its address, or dropped with its terrain, has the hills that the shipped one has", async (t) => {
  const shipped = await levels(await open(t, { query: "?backend=cpu", hash: scenario("san-francisco") }));
  const address = `${(await site()).address}${CITY}`;
  assert.deepEqual(await levels(await open(t, { query: "?backend=cpu", hash: scenario(address) })), shipped);

  const linked = { query: "?backend=cpu", hash: scenario(`file:${FILES[0]}`) };
  const tab = await open(t, linked);
  await tab.notice(/open the file/);
  await picked(tab, ...FILES);
  assert.deepEqual(await levels(tab), shipped);
  assert.equal(await tab.page.locator("[data-notice]").count(), 0, "nothing is amiss");
});

test("an archive without the terrain that it names stands on level ground and says so, until that is dropped too", async (t) => {
  const view = { opacity: 0 };
  const tab = await open(t, { query: "?backend=cpu", hash: scenario(`file:${FILES[0]}`, { view }) });
  await tab.notice(/open the file/);
  await picked(tab, FILES[0]);
  t.diagnostic(await tab.notice(/taken as level.*san-francisco-terrain\.pmtiles/));
  const level = await levels(tab);
  await tab.page.locator('[data-action="dismiss"]').click();
  await tab.drawn();
  const flat = await tab.shoot("desktop-dark-level");

  await picked(tab, FILES[1]);
  await tab.until(() => window.farfield.state().busy.length > 0);
  const hilly = await levels(tab);
  for (const [i, engine] of ENGINES.entries()) {
    const share = changed(level[i], hilly[i]);
    t.diagnostic(`${engine}: hills change ${(100 * share).toFixed(0)} % of the levels`);
    // A formula heeds hills only where they reach into the sight of one end from the other.
    const least = engine === "empirical" ? 0.01 : 0.2;
    assert.ok(share > least, `${engine}: hills change ${(100 * share).toFixed(0)} % of the levels`);
  }
  await tab.drawn();
  const shaded = await tab.shoot("desktop-dark-shaded");
  // The coverage is transparent: the ground, raised and shaded, is all that is new in the picture.
  const share = difference(decode(flat), decode(shaded), 3, 6);
  t.diagnostic(`shading changes ${(100 * share).toFixed(0)} % of the picture`);
  assert.ok(share > 0.1, `shading changes ${(100 * share).toFixed(1)} % of the picture`);
});

test("on a slanted map of hills the pointer reads where it points, and a handle put back stays where it was", async (t) => {
  const tab = await open(t, { query: "?backend=cpu", hash: `#map=16/37.8010/-122.4090/-30/60&${scenario("san-francisco").slice(1)}` });
  await tab.maps("traced");
  await tab.drawn();
  const { lon, lat } = MAST.position;
  const metres = ([x, y]) => Math.hypot((x - lon) * 87_940, (y - lat) * 110_990);
  const streets = POINTS.filter((point) => metres(point) < 300);
  let read = 0;
  for (const point of streets) {
    const [x, y] = await tab.project(...point);
    const free = await tab.page.evaluate(([x, y]) => document.elementFromPoint(x, y)?.tagName === "CANVAS", [x, y]);
    if (!free) continue;
    await tab.page.mouse.move(x, y);
    await tab.until(() => document.querySelector(".readout"));
    const [, distance] = (await tab.page.locator(".readout").innerText()).match(/(\d+) m from the site/);
    // Ground behind a crest is hidden: there the pointer reads the crest.
    read += Math.abs(distance - metres(point)) < 4 ? 1 : 0;
  }
  t.diagnostic(`${read} of ${streets.length} points are read where they are`);
  assert.ok(read > 0.5 * streets.length, `${read} of ${streets.length}`);

  const handle = await tab.page.locator('[data-site="0"]').boundingBox();
  const [x, y] = [handle.x + handle.width / 2, handle.y + handle.height / 2];
  await tab.page.mouse.move(x, y);
  await tab.page.mouse.down();
  await tab.page.mouse.move(x + 30, y);
  await tab.page.mouse.move(x, y);
  await tab.page.mouse.up();
  const after = (await tab.state()).scenario.sites[0].position;
  assert.ok(metres([after.lon, after.lat]) < 3, `moved by ${metres([after.lon, after.lat])} m`);
  await tab.shoot("desktop-dark-hills");
});

test("terrain that belongs to no open city is refused with a sentence", async (t) => {
  const tab = await open(t);
  await tab.maps("empirical");
  await picked(tab, FILES[1]);
  await tab.notice(/san-francisco-terrain\.pmtiles holds terrain and no buildings/);
  assert.equal((await tab.state()).scenario.city, "munich");
});

test("the archives that these tests take apart are there", async () => {
  const { folder } = await site();
  assert.ok(existsSync(join(folder, CITY)) && existsSync(join(folder, TERRAIN)));
});
