// Both engines' maps come, and their numbers are right.
import assert from "node:assert/strict";
import { test } from "node:test";
import { around, both, freeSpace, median, rings } from "./geometry.mjs";
import { MAST, link, open, scenarioOf } from "./harness.mjs";

test("the page opens on Munich and both maps come by themselves", async (t) => {
  const tab = await open(t);
  await tab.maps("learned", "traced", "empirical");
  const { scenario, error } = await tab.state();
  assert.equal(scenario.city, "munich");
  assert.equal(error, null);
  const [site] = scenario.sites;
  const points = rings([site.position.lon, site.position.lat], [40, 80, 120, 160, 200, 250], around(24));
  for (const engine of ["learned", "traced", "empirical"]) {
    const values = (await tab.values(engine, points.map((p) => p.point))).filter((v) => v !== null);
    assert.ok(values.length > points.length * 0.25, `${engine} has ${values.length} of ${points.length} values`);
    assert.ok(values.every((v) => v > -220 && v < 20), `${engine} is between ${Math.min(...values)} and ${Math.max(...values)} dBm`);
    const spread = Math.max(...values) - Math.min(...values);
    assert.ok(spread > 15, `${engine} varies by only ${spread} dB`);
  }
});

test("the map names OpenStreetMap as the source of the buildings", async (t) => {
  const tab = await open(t);
  await tab.until(() => /©\s*OpenStreetMap/.test(document.querySelector("#map").textContent));
});

// From 90 m every street nearby is in sight, so that free space is known without knowing the city; reflections from the
// ground and walls add up to a few decibels.
test("under a high isotropic mast the physical engines are near free space", async (t) => {
  const [height, receiver, power, frequency] = [90, 1.5, 18, 3.5e9];
  const scenario = scenarioOf({ height }, { pattern: "isotropic", power, frequency, downtilt: 0 });
  const tab = await open(t, { hash: link(scenario) });
  await tab.maps("traced", "empirical");
  const [{ position }] = (await tab.state()).scenario.sites;
  const points = rings([position.lon, position.lat], [30, 45, 60, 75, 90], around(24));
  const expected = points.map((p) => power + freeSpace(frequency, Math.hypot(p.distance, height - receiver)));
  for (const engine of ["traced", "empirical"]) {
    const values = await tab.values(engine, points.map((p) => p.point));
    const errors = both(values, expected).map(([value, free]) => value - free);
    assert.ok(errors.length > 20, `${engine} has ${errors.length} values under the mast`);
    const typical = median(errors);
    t.diagnostic(`${engine} is typically ${typical.toFixed(2)} dB off free space`);
    assert.ok(Math.abs(typical) < 3, `${engine} is typically ${typical.toFixed(1)} dB off free space`);
  }
});

// The network learned from measurements, whose phones, cars and cables lose what no formula here knows: it is held to
// what must be so of any network.
test("the learned map never beats free space and fades with distance", async (t) => {
  const [height, power, frequency] = [30, 18, 3.5e9];
  // Among like blocks on all sides: where a ring is wider open than the one inside it, its levels need not be lower.
  const site = { position: { lon: 11.57552, lat: 48.13802 }, height };
  const tab = await open(t, { hash: link(scenarioOf(site, { pattern: "isotropic", power, frequency })) });
  await tab.maps("learned");
  const [{ position }] = (await tab.state()).scenario.sites;
  const levels = {};
  for (const distance of [80, 160, 320]) {
    const points = rings([position.lon, position.lat], [distance - 15, distance, distance + 15], around(36));
    const values = (await tab.values("learned", points.map((p) => p.point))).filter((v) => v !== null);
    levels[distance] = median(values);
    const free = power + freeSpace(frequency, Math.hypot(distance, height));
    assert.ok(levels[distance] < free + 3, `${levels[distance]} dBm at ${distance} m, free space gives ${free.toFixed(1)} dBm`);
  }
  t.diagnostic(JSON.stringify(levels));
  assert.ok(levels[80] > levels[160] && levels[160] > levels[320] && levels[80] - levels[320] > 5, JSON.stringify(levels));
});

test("three decibels more power are three decibels more everywhere", async (t) => {
  const points = rings(MAST, [50, 100, 150, 200], around(16)).map((p) => p.point);
  const maps = [];
  for (const power of [18, 21]) {
    const tab = await open(t, { hash: link(scenarioOf({}, { power })) });
    await tab.maps();
    maps.push(await Promise.all(["learned", "traced"].map((engine) => tab.values(engine, points))));
  }
  for (const engine of [0, 1]) {
    const pairs = both(maps[0][engine], maps[1][engine]);
    assert.ok(pairs.length > 10, `${pairs.length} values in both maps`);
    for (const [before, after] of pairs) assert.ok(Math.abs(after - before - 3) < 0.05, `${before} became ${after} dBm`);
  }
});
