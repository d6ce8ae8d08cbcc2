// The paths to a point: a click shows them as rays, a profile and a list, which follow the scenario.
import assert from "node:assert/strict";
import { test } from "node:test";
import { around, rings, towards } from "./geometry.mjs";
import { MAST, link, open, scenarioOf } from "./harness.mjs";

const DESKTOP = { viewport: { width: 1440, height: 900 } };
const PHONE = { viewport: { width: 390, height: 844 }, touch: true };

const heard = (tab) => tab.page.evaluate(() => window.farfield.paths());

/** Waits for the paths of the present scenario, and gives them. */
async function paths(tab) {
  await tab.until(() => window.farfield.paths() !== null, undefined, 180_000);
  return heard(tab);
}

/** dBm of the sum of powers in dBm. */
const sum = (levels) => 10 * Math.log10(levels.reduce((power, level) => power + 10 ** (level / 10), 0));

/** A point outdoors whose neighbourhood has the same level, so in the midst of a cell, and where nothing covers the map. */
async function outdoors(tab) {
  for (const { point } of rings(MAST, [60, 90, 120], around(24))) {
    const close = [point, ...around(4).map((bearing) => towards(point, bearing, 1))];
    const [level, ...beside] = await tab.values("traced", close);
    if (level === null || beside.some((other) => other !== level)) continue;
    const [x, y] = await tab.project(...point);
    const free = await tab.page.evaluate(([x, y]) => document.elementFromPoint(x, y)?.tagName === "CANVAS", [x, y]);
    if (free) return { point, x, y };
  }
  throw new Error("no such point is in view");
}

/** The middle of the cell of the traced map around a point, found by where the map's values change: to some centimetres. */
async function middle(tab, point) {
  const [here] = await tab.values("traced", [point]);
  const step = 0.05;
  const reach = async (bearing) => {
    const ahead = Array.from({ length: 140 }, (_, i) => towards(point, bearing, (i + 1) * step));
    return step * (await tab.values("traced", ahead)).findIndex((value) => value !== here);
  };
  const [north, east, south, west] = [await reach(0), await reach(90), await reach(180), await reach(270)];
  return towards(towards(point, 90, (east - west) / 2), 0, (north - south) / 2);
}

/** Pixels of the map's picture that differ from those of another. */
async function differing(tab, before, after) {
  const urls = [before, after].map((png) => `data:image/png;base64,${png.toString("base64")}`);
  return tab.page.evaluate(async (urls) => {
    const [a, b] = await Promise.all(urls.map(async (url) => {
      const bitmap = await createImageBitmap(await (await fetch(url)).blob());
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
      context.drawImage(bitmap, 0, 0);
      return context.getImageData(0, 0, bitmap.width, bitmap.height).data;
    }));
    let count = 0;
    for (let i = 0; i < a.length; i += 4) if (Math.abs(a[i] - b[i]) + Math.abs(a[i + 1] - b[i + 1]) + Math.abs(a[i + 2] - b[i + 2]) > 60) count++;
    return count;
  }, urls);
}

test("a click shows the paths there, they follow the mast, and Escape puts them away", async (t) => {
  const tab = await open(t, DESKTOP);
  await tab.maps("learned", "traced", "empirical");
  const { x, y } = await outdoors(tab);
  await tab.page.keyboard.press("p");
  const site = (await tab.state()).scenario.sites[0];
  await tab.page.mouse.click(x, y);
  const first = await paths(tab);
  assert.ok(first.paths.length > 0);
  assert.deepEqual((await tab.state()).scenario.sites[0], site, "the click moved the site");
  const levels = first.paths.map((p) => p.level);
  assert.ok(Math.abs(sum(levels) - first.level) < 0.01, `${sum(levels)} listed, ${first.level} dBm told`);
  assert.deepEqual(levels, [...levels].sort((a, b) => b - a));

  const shown = levels.filter((level) => level >= levels[0] - 40);
  await tab.until((n) => document.querySelectorAll(".paths tbody tr").length === n, shown.length);
  assert.equal(await tab.page.locator(".profile .stem").count(), shown.length);
  const told = await tab.page.locator('[data-paths="level"]').innerText();
  assert.ok(Math.abs(Number(told.replace("−", "-").replace(" dBm", "")) - first.level) < 0.051, told);

  await tab.page.locator(".paths tbody tr").first().focus();
  await tab.until(() => document.querySelectorAll(".stem.pointed, .paths tr.pointed").length === 2);
  await tab.page.locator(".paths tbody tr").first().blur();

  await tab.page.locator('[data-site="0"]').focus();
  await tab.page.keyboard.press("Shift+ArrowUp");
  await tab.until((before) => {
    const now = window.farfield.paths();
    return now?.paths && now.paths[0]?.delay !== before;
  }, first.paths[0].delay, 180_000);

  await tab.drawn();
  const map = tab.page.locator("#map canvas").first();
  const withRays = await map.screenshot();
  await tab.page.keyboard.press("Escape");
  await tab.until(() => !document.querySelector(".paths") && document.querySelector("[data-receiver]").hidden);
  assert.equal((await tab.state()).scenario.view.receiver, null);
  await tab.drawn();
  const count = await differing(tab, withRays, await map.screenshot());
  assert.ok(count > 200, `rays, card and pin were ${count} pixels`);
});

test("in the middle of a cell the paths add up to the map's level", async (t) => {
  const scout = await open(t, DESKTOP);
  await scout.maps("traced");
  const { point } = await outdoors(scout);
  const [lon, lat] = await middle(scout, point);
  const [level] = await scout.values("traced", [[lon, lat]]);
  const tab = await open(t, { ...DESKTOP, hash: link(scenarioOf({}, {}, { view: { receiver: { lon, lat } } })) });
  const { level: there, paths: all } = await paths(tab);
  t.diagnostic(`${level} dBm on the map, ${there} dBm over ${all.length} paths`);
  assert.ok(Math.abs(level - there) < 0.1, `${level} dBm on the map, ${there} dBm over ${all.length} paths`);
  const site = await tab.project(...MAST);
  for (const { vertices } of all) assert.ok(vertices.length >= 2 && vertices.at(-1).above_ground > 1);
  assert.ok(site.every(Number.isFinite));
});

test("trees take from the paths that come through them, until they are switched off", async (t) => {
  // In Helsinki, seventeen metres of crowns are on the way of the strongest path.
  const site = { position: { lon: 24.94, lat: 60.172 }, height: 30 };
  const view = { receiver: { lon: 24.9424, lat: 60.1712 } };
  const tab = await open(t, { ...DESKTOP, hash: link(scenarioOf(site, {}, { city: "helsinki", view })) });
  const { level, paths: through } = await paths(tab);
  const leafy = through.filter((path) => path.leaves > 10);
  assert.ok(leafy.length > 0 && leafy.every((path) => path.foliage_loss > 5), JSON.stringify(through));
  await tab.until(() => /m through leaves/.test(document.querySelector(".paths tbody")?.textContent));
  await tab.page.locator('[name="vegetation"]').press("Space");
  await tab.until((before) => window.farfield.paths()?.level > before + 3, level, 180_000);
  const bare = await heard(tab);
  assert.ok(bare.paths.every((path) => path.leaves === 0));
  assert.equal((await tab.state()).scenario.engines.trace.vegetation, false);
});

test("inside a hollow house a receiver hears what comes through its walls", async (t) => {
  const view = { receiver: { lon: 11.5755, lat: 48.1375 } };
  const tab = await open(t, { ...DESKTOP, hash: link(scenarioOf({}, {}, { view })) });
  await tab.until(() => /inside a building/.test(document.querySelector(".paths")?.textContent));
  await tab.page.locator('[name="sheets"]').press("Space");
  await tab.until(() => window.farfield.paths()?.paths?.length > 0, undefined, 180_000);
  const { paths: all } = await heard(tab);
  assert.ok(all.some((path) => path.events.some((event) => event.kind === "transmission")), JSON.stringify(all));
  assert.equal((await tab.state()).scenario.engines.trace.walls, "sheets");
});

test("on its roof a house has a value and a receiver, which hears what its antenna looks at", async (t) => {
  const at = { lon: 11.5755, lat: 48.1375 };
  const tab = await open(t, { ...DESKTOP, hash: link(scenarioOf({}, {}, { view: { receiver: at } })) });
  await tab.until(() => /inside a building/.test(document.querySelector(".paths")?.textContent));
  await tab.page.locator('[name="footing"]').selectOption("roofs");
  await tab.until(() => window.farfield.paths()?.paths?.length > 0, undefined, 180_000);
  const { level, coherent, paths: all } = await heard(tab);
  const [strongest] = all;
  assert.ok(strongest.vertices.at(-1).above_ground > 10, JSON.stringify(strongest));
  // One path alone interferes with nothing.
  const apart = Math.abs(coherent - level);
  assert.ok(all.length > 1 ? apart < 40 : apart < 0.01, `${coherent} for ${level} dBm over ${all.length} paths`);
  const told = await tab.page.locator('[data-paths="coherent"]').innerText();
  assert.ok(Math.abs(Number(told.replace("−", "-").replace(" dBm", "")) - coherent) < 0.051, told);
  await tab.maps("traced");
  assert.ok(Number.isFinite((await tab.values("traced", [[at.lon, at.lat]]))[0]));
  await tab.page.locator('[name="ears"]').selectOption("at-site");
  // What comes from the site or under it is heard 8 dB better.
  await tab.until((before) => window.farfield.paths()?.level > before + 5, level, 180_000);
});

test("a point inside a house is refused in a sentence, and the keyboard moves it out", async (t) => {
  const tab = await open(t, DESKTOP);
  await tab.maps("traced", "empirical");
  await tab.page.locator('[data-action="paths"]').press("Enter");
  await tab.page.locator('[data-action="receiver-here"]').press("Enter");
  await paths(tab);
  const pin = tab.page.locator("[data-receiver]");
  await pin.focus();
  // The middle of the opening view and what lies south of it: houses and streets by turns.
  const kinds = new Set();
  for (let step = 0; step < 12 && kinds.size < 2; step++) {
    const before = (await tab.state()).scenario.view.receiver;
    const answer = await paths(tab);
    kinds.add(typeof answer);
    if (typeof answer === "string") assert.match(await tab.page.locator(".paths").innerText(), /inside a building/);
    await tab.page.keyboard.press("Shift+ArrowDown");
    await tab.until(({ lat }) => window.farfield.state().scenario.view.receiver.lat < lat, before);
  }
  assert.equal(kinds.size, 2, "houses and streets");
});

for (const [device, options] of [["desktop", DESKTOP], ["phone", PHONE]]) {
  for (const scheme of ["dark", "light"]) {
    test(`pictures of paths on a ${device}, ${scheme}`, async (t) => {
      const receiver = { lon: 11.5755, lat: 48.1372 };
      const tab = await open(t, { ...options, scheme, hash: link(scenarioOf({}, {}, { view: { receiver } })) });
      await tab.maps("traced");
      const { paths: all } = await paths(tab);
      assert.ok(all.length > 0);
      await tab.settled();
      await tab.shoot(`${device}-${scheme}-paths`);
      const covered = await tab.page.evaluate(() => document.querySelector(".paths").getBoundingClientRect().height / innerHeight);
      if (device === "phone") assert.ok(covered < 0.5, `the sheet covers ${(100 * covered).toFixed(0)} % of the phone`);
      const wide = await tab.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `the page is ${wide} px wider than the window`);
    });
  }
}
