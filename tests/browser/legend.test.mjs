// The legend's ends recolour the map and compute nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MAST, open } from "./harness.mjs";
import { decode, difference } from "./png.mjs";
import { around, rings } from "./geometry.mjs";

test("editing the ends of the legend recolours the map and leaves its values", async (t) => {
  const tab = await open(t);
  await tab.maps("learned", "traced", "empirical");
  await tab.settled();
  const points = rings(MAST, [60, 120], around(12)).map((p) => p.point);
  const values = await tab.values("traced", points);
  const before = decode(await tab.page.locator("#map").screenshot());
  await tab.fill("legend-min", -100);
  await tab.fill("legend-max", -85);
  await tab.until(() => {
    const { range } = window.farfield.state().scenario.view;
    return range[0] === -100 && range[1] === -85;
  });
  for (const engine of ["learned", "traced", "empirical"]) {
    assert.ok(await tab.page.evaluate((name) => window.farfield.ready(name), engine), `${engine} is computed again`);
  }
  assert.deepEqual((await tab.state()).busy, []);
  await tab.settled();
  const share = difference(before, decode(await tab.page.locator("#map").screenshot()));
  assert.ok(share > 0.03, `${(share * 100).toFixed(1)} % of the pixels changed`);
  assert.deepEqual(await tab.values("traced", points), values);
});
