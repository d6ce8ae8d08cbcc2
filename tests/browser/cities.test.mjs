// Another city: by its card, by its address, from a file; and what becomes of the site, the camera and the link.
import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { MUNICH } from "./archive.mjs";
import { around, rings } from "./geometry.mjs";
import { MAST, link, open, scenarioOf, site } from "./harness.mjs";

/** Reference data beside the checkout, which not everybody has. */
const SHARED = process.env.FARFIELD_SHARED ?? join(dirname(fileURLToPath(import.meta.url)), "../../../shared");

/** Waits until a city stands with the site in it, and gives the state. */
async function arrived(tab, city) {
  await tab.until((city) => window.farfield.state().scenario.city === city, city);
  await tab.maps("empirical");
  const state = await tab.state();
  const { lon, lat } = state.scenario.sites[0].position;
  assert.ok(Math.hypot(lon - state.map.lon, lat - state.map.lat) < 0.02, "the camera looks at the site");
  return state;
}

test("another city is chosen by its card, gets a site on a roof, and is undone in one step", async (t) => {
  const tab = await open(t);
  await tab.maps("empirical");
  await tab.page.keyboard.press("c");
  await tab.page.locator('[data-city="florence"]').waitFor();
  await tab.shoot("desktop-dark-cities");
  await tab.page.locator('[data-city="florence"]').click();
  const there = await arrived(tab, "florence");
  assert.ok(Math.abs(there.scenario.sites[0].position.lat - 43.77) < 0.05);
  await tab.maps("learned", "traced");
  await tab.settled();
  await tab.shoot("desktop-dark-florence");
  await tab.page.locator('[data-action="undo"]').click();
  const back = await arrived(tab, "munich");
  assert.deepEqual([back.scenario.sites[0].position.lon, back.scenario.sites[0].position.lat], MAST);
});

test("all cities of the choice open, and each has its picture", async (t) => {
  const tab = await open(t);
  await tab.maps("empirical");
  await tab.page.locator('[data-action="cities"]').click();
  const names = await tab.page.locator("[data-city]").evaluateAll((cards) => cards.map((card) => card.dataset.city));
  assert.ok(names.length >= 5, names.join());
  await tab.until(() => [...document.querySelectorAll("[data-city] img")].every((img) => img.complete && img.naturalWidth > 100));
  await tab.page.keyboard.press("Escape");
  for (const name of names) {
    await tab.page.locator('[data-action="cities"]').click();
    await tab.page.locator(`[data-city="${name}"]`).click();
    await arrived(tab, name);
  }
});

test("an archive by its address is a city like any other, and its link opens it elsewhere", async (t) => {
  const tab = await open(t);
  await tab.maps("empirical");
  const address = `${(await site()).address}${MUNICH}`;
  await tab.page.locator('[data-action="cities"]').click();
  await tab.page.locator('[name="city-address"]').fill(address);
  await tab.page.locator('[name="city-address"]').press("Enter");
  const { scenario } = await arrived(tab, address);
  const other = await open(t, { hash: link(scenario) });
  await arrived(other, address);
});

test("a file of the user's own is a city, and says what it is where it isn't opened", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "farfield-file-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "my town.pmtiles");
  copyFileSync(join((await site()).folder, MUNICH), file);
  const tab = await open(t);
  await tab.maps("empirical");
  await tab.page.locator('[data-action="cities"]').click();
  await tab.page.locator('[name="city-file"]').setInputFiles(file);
  const { scenario } = await arrived(tab, "file:my town.pmtiles");
  await tab.maps("traced", "learned");

  const other = await open(t, { hash: link(scenarioOf({ position: scenario.sites[0].position }, {}, { city: scenario.city })), expected: /./ });
  assert.match(await other.notice(/my town/), /open the file/);
  await other.page.locator('[data-action="cities"]').click();
  await other.page.locator('[name="city-file"]').setInputFiles(file);
  await other.maps("empirical", "traced", "learned");
  const there = await other.state();
  assert.deepEqual(there.scenario.sites[0].position, scenario.sites[0].position, "the link's site stays");
  assert.equal(there.error, null);
});

const SQUARE = [[11.575, 48.137], [11.5755, 48.137], [11.5755, 48.1374], [11.575, 48.1374], [11.575, 48.137]];
const TOWN = {
  type: "FeatureCollection",
  features: [0, 1, 2, 3, 4, 5].map((i) => ({
    type: "Feature",
    properties: { building: "yes", height: String(12 + i) },
    geometry: { type: "Polygon", coordinates: [SQUARE.map(([lon, lat]) => [lon + (i % 3) * 0.001, lat + Math.floor(i / 3) * 0.001])] },
  })),
};

test("a GeoJSON file of buildings becomes a city in this browser, and says what became of it", async (t) => {
  const tab = await open(t);
  await tab.maps("empirical");
  await tab.page.locator('[data-action="cities"]').click();
  const file = { name: "town.geojson", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(TOWN)) };
  await tab.page.locator('[name="city-file"]').setInputFiles(file);
  t.diagnostic(await tab.notice(/town\.geojson.*6 buildings/));
  await arrived(tab, "file:town.geojson");
  await tab.maps("traced", "learned");
  assert.match(await tab.page.locator('[data-action="cities"]').innerText(), /6 buildings/);
});

for (const [what, path, buildings] of [
  ["an extract of OpenStreetMap", "data/osm/Helsinki.osm.pbf", 500],
  ["somebody else's archive of a whole city", "data/tiles/protomaps_firenze_ODbL.pmtiles", 2000],
]) {
  const file = join(SHARED, path);
  test(`${what} that is dropped on the page has coverage by both engines`, { skip: !existsSync(file) && `SKIPPED: there is no ${path}` }, async (t) => {
    const tab = await open(t);
    await tab.maps("empirical");
    await tab.page.locator('[data-action="cities"]').click();
    await tab.page.locator('[name="city-file"]').setInputFiles(file);
    const { scenario } = await arrived(tab, `file:${basename(path)}`);
    await tab.maps("traced", "learned");
    const said = await tab.page.locator('[data-action="cities"]').innerText();
    t.diagnostic(said.replace(/\s+/g, " "));
    assert.ok(Number(said.match(/(\d+) buildings/)[1]) > buildings, said);
    const { lon, lat } = scenario.sites[0].position;
    const levels = await tab.values("traced", rings([lon, lat], [80, 120, 160], around(36)).map((p) => p.point));
    assert.ok(levels.filter((level) => level !== null).length > 20, "there is coverage around the site");
    await tab.settled();
    await tab.shoot(`desktop-dark-${basename(path)}`);
  });
}

test("a GeoJSON file that is cut off is a sentence that names it", async (t) => {
  const tab = await open(t);
  await tab.maps("empirical");
  await tab.page.locator('[data-action="cities"]').click();
  const file = { name: "town.geojson", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(TOWN).slice(0, 500)) };
  await tab.page.locator('[name="city-file"]').setInputFiles(file);
  t.diagnostic(await tab.notice(/town\.geojson can't be imported/));
  assert.equal((await tab.state()).scenario.city, "munich");
  assert.equal(await tab.page.locator("[data-import]").count(), 0);
});

test("a file that is no archive is a sentence", async (t) => {
  const tab = await open(t);
  await tab.maps("empirical");
  await tab.page.locator('[data-action="cities"]').click();
  await tab.page.locator('[name="city-file"]').setInputFiles({ name: "holiday.jpg", mimeType: "image/jpeg", buffer: Buffer.from("no city") });
  await tab.notice(/Nothing can be made of holiday\.jpg/);
  assert.equal((await tab.state()).scenario.city, "munich");
});
