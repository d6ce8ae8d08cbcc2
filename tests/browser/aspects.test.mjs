// What maps tell beside the signal, chosen by a select: delay spread and angles of arrival of the ray tracer's, the standard
// deviation of the learned one's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { around, rings } from "./geometry.mjs";
import { MAST, open } from "./harness.mjs";
import { decode, difference } from "./png.mjs";

const POINTS = rings(MAST, [60, 90, 120, 160], around(24)).map((p) => p.point);

/** What the map of the chosen aspect has at all points, once it stands. */
async function arrivals(tab, aspect) {
  await tab.page.locator('[name="aspect"]').selectOption(aspect);
  await tab.until((wanted) => window.farfield.state().scenario.view.aspect === wanted, aspect);
  await tab.maps("traced");
  return tab.page.evaluate((points) => points.map(([lon, lat]) => window.farfield.arrival(lon, lat)), POINTS);
}

test("the map tells how waves arrive, in its own unit, and the level stays what it was", async (t) => {
  const tab = await open(t);
  await tab.maps("learned", "traced", "empirical");
  await tab.drawn();
  const levels = await tab.values("traced", POINTS);
  const signal = decode(await tab.page.locator("#map").screenshot());

  const delays = await arrivals(tab, "delay-spread");
  for (const [i, delay] of delays.entries()) {
    assert.equal(delay === null, levels[i] === null, `${delay} ns and ${levels[i]} dBm`);
    assert.ok(delay === null || (delay >= 0 && delay < 5000), `${delay} ns`);
  }
  assert.ok(delays.some((delay) => delay > 1), "no delay spreads");
  await tab.drawn();
  const share = difference(signal, decode(await tab.page.locator("#map").screenshot()));
  assert.ok(share > 0.03, `${(share * 100).toFixed(1)} % of the pixels changed`);
  assert.match(await tab.page.locator(".legend").innerText(), /ns/);
  await tab.fill("legend-max", 80);
  await tab.until(() => window.farfield.state().scenario.view.legends.delay_spread[1] === 80);

  // All of it came at once.
  const { millis } = await tab.page.evaluate(() => window.farfield.made("traced"));
  const azimuths = await arrivals(tab, "azimuth-of-arrival");
  assert.equal((await tab.page.evaluate(() => window.farfield.made("traced"))).millis, millis, "it was traced again");
  const heard = azimuths.filter((azimuth) => azimuth !== null);
  assert.ok(heard.length > 20 && heard.every((azimuth) => azimuth >= 0 && azimuth < 360), `${heard}`);
  assert.match(await tab.page.locator(".legend").innerText(), /north\s*east\s*south\s*west\s*north/);

  assert.deepEqual(await tab.values("traced", POINTS), levels);
  await tab.page.locator('[name="aspect"]').selectOption("signal");
  await tab.drawn();
  assert.equal((await tab.page.evaluate(() => window.farfield.made("traced"))).millis, millis, "the signal is traced again");
});

test("the choice is in the link, and there only while the ray tracer's map is in front", async (t) => {
  const tab = await open(t);
  await tab.maps("traced");
  await tab.page.locator('[name="aspect"]').selectOption("azimuth-spread");
  await tab.maps("traced");
  await tab.linked(({ view }) => view.aspect === "azimuth-spread");
  const { hash } = new URL(tab.page.url());
  await tab.page.locator('[data-layer="empirical"]').click();
  await tab.until(() => !document.querySelector('[name="aspect"]'));
  await tab.page.locator('[data-layer="learned"]').click();
  await tab.until(() => document.querySelector('[name="aspect"]')?.value === "signal");
  assert.match(await tab.page.locator(".legend").innerText(), /dBm/);

  const other = await open(t, { hash });
  await other.maps("traced");
  assert.equal((await other.state()).scenario.view.aspect, "azimuth-spread");
  assert.equal(await other.page.locator('[name="aspect"]').inputValue(), "azimuth-spread");
});

test("the learned map tells how sure it is, as a layer and under the pointer", async (t) => {
  const tab = await open(t);
  await tab.page.locator('[data-layer="learned"]').click();
  await tab.maps("learned");
  const { millis } = await tab.page.evaluate(() => window.farfield.made("learned"));
  const levels = await tab.values("learned", POINTS);
  const signal = decode(await tab.page.locator("#map").screenshot());
  await tab.page.locator('[name="aspect"]').selectOption("deviation");
  await tab.drawn();
  await tab.settled();
  const deviations = await tab.page.evaluate((points) => points.map(([lon, lat]) => window.farfield.arrival(lon, lat)), POINTS);
  for (const [i, deviation] of deviations.entries()) {
    assert.equal(deviation === null, levels[i] === null);
    assert.ok(deviation === null || (deviation > 1 && deviation < 20), `${deviation} dB`);
  }
  assert.match(await tab.page.locator(".legend").innerText(), /dB/);
  assert.doesNotMatch(await tab.page.locator(".legend").innerText(), /dBm/);
  assert.ok(difference(signal, decode(await tab.page.locator("#map").screenshot())) > 0.03, "the picture stays the same");
  assert.equal((await tab.page.evaluate(() => window.farfield.made("learned"))).millis, millis, "it was predicted again");
  const known = deviations.findIndex((deviation) => deviation !== null);
  await tab.page.mouse.move(...(await tab.project(...POINTS[known])));
  await tab.until(() => /-?\d+\.\d dBm ± \d+\.\d/.test(document.querySelector(".readout")?.innerText ?? ""));
});
