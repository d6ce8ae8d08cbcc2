// The address bar holds the whole state; a bad link never gives a blank page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { around, rings } from "./geometry.mjs";
import { MAST, link, open, scenarioOf } from "./harness.mjs";

const POINTS = rings([11.5771, 48.1386], [40, 80, 120, 160, 200], around(16)).map((p) => p.point);

/** A view of the map with as many digits as a link keeps. */
function inLink({ zoom, lon, lat, bearing, pitch }) {
  return [zoom.toFixed(2), lat.toFixed(5), lon.toFixed(5), bearing.toFixed(1), pitch.toFixed(0)].map(Number);
}

test("the address pasted into another browser shows the same thing", async (t) => {
  const start = scenarioOf({ position: { lon: 11.5771, lat: 48.1386 }, height: 42 }, { azimuth: 215, downtilt: 4 });
  const first = await open(t, { hash: link(start) });
  await first.maps();
  await first.page.click('[data-layer="learned"]');
  await first.fill("power", 12);
  await first.fill("legend-min", -110);
  await first.maps();
  await first.until(() => /#map=[\d.]+\/.*&s=1\./.test(location.hash));
  const state = await first.state();
  const values = await Promise.all(["learned", "traced"].map((engine) => first.values(engine, POINTS)));
  await first.linked(
    ({ sites, view }) => sites[0].sectors[0].power === 12 && view.layer === "learned" && view.range[0] === -110,
  );
  const address = new URL(first.page.url());

  const second = await open(t, { hash: address.hash });
  await second.maps();
  const again = await second.state();
  assert.deepEqual(again.scenario, state.scenario);
  assert.deepEqual(inLink(again.map), inLink(state.map));
  assert.equal(await second.layer(), "learned");
  const valuesAgain = await Promise.all(["learned", "traced"].map((engine) => second.values(engine, POINTS)));
  assert.deepEqual(valuesAgain, values);
});

test("a link pasted over an open page is followed", async (t) => {
  const tab = await open(t);
  await tab.maps("traced");
  await tab.page.evaluate((hash) => (location.hash = hash), link(scenarioOf({ height: 55 })));
  await tab.until(() => window.farfield.state().scenario.sites[0].height === 55);
  await tab.maps("traced");
});

for (const [name, hash, sentence] of [
  ["a damaged link", "#map=15/48.138/11.5755/0/45&s=1.eyJjaXR5", /link/i],
  ["a link that is no link", "#s=banana", /link/i],
  ["a link with impossible numbers", link({ receivers: { cell: 0 } }), /cell|link/i],
  ["a link from a newer Farfield", link({ city: "munich" }, 9), /newer/i],
]) {
  test(`${name} gives a sentence and the default scenario`, async (t) => {
    const tab = await open(t, { hash });
    const said = await tab.notice(sentence);
    assert.ok(said.length > 20 && said.length < 300, said);
    const { scenario } = await tab.state();
    assert.equal(scenario.city, "munich");
    assert.deepEqual(scenario.sites[0].position, { lon: MAST[0], lat: MAST[1] });
    await tab.maps("traced");
  });
}
