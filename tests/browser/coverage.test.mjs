// Both engines' maps come, and their numbers are right.
import assert from "node:assert/strict";
import { test } from "node:test";
import { around, both, freeSpace, median, rings } from "./geometry.mjs";
import { link, open, scenarioOf } from "./harness.mjs";

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

// From 90 m every street nearby is in sight, so that free space is known without knowing the city. Reflections from the
// ground and walls add up to a few decibels; the network is only asked for the right size.
test("under a high isotropic mast both engines are near free space", async (t) => {
  const [height, receiver, power, frequency] = [90, 1.5, 18, 3.5e9];
  const scenario = scenarioOf({ height }, { pattern: "isotropic", power, frequency, downtilt: 0 });
  const tab = await open(t, { hash: link(scenario) });
  await tab.maps("learned", "traced", "empirical");
  const [{ position }] = (await tab.state()).scenario.sites;
  const points = rings([position.lon, position.lat], [30, 45, 60, 75, 90], around(24));
  const expected = points.map((p) => power + freeSpace(frequency, Math.hypot(p.distance, height - receiver)));
  for (const [engine, tolerance] of [["traced", 3], ["empirical", 3], ["learned", 8]]) {
    const values = await tab.values(engine, points.map((p) => p.point));
    const errors = both(values, expected).map(([value, free]) => value - free);
    assert.ok(errors.length > 20, `${engine} has ${errors.length} values under the mast`);
    const typical = median(errors);
    assert.ok(Math.abs(typical) < tolerance, `${engine} is typically ${typical.toFixed(1)} dB off free space`);
  }
});

test("three decibels more power are three decibels more everywhere", async (t) => {
  const points = rings([11.57552, 48.13802], [50, 100, 150, 200], around(16)).map((p) => p.point);
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
