// The choice of the learned model: those that ship with the page, and the user's own.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { around, rings } from "./geometry.mjs";
import { link, MAST, open, scenarioOf, site } from "./harness.mjs";

const POINTS = rings(MAST, [60, 120, 200], around(12)).map((p) => p.point);

test("another model makes another map, a step back brings the first again, and the choice is in the link", async (t) => {
  const tab = await open(t);
  await tab.page.locator('[data-layer="learned"]').click();
  await tab.maps("learned");
  const first = await tab.values("learned", POINTS);
  await tab.until(() => document.querySelectorAll('[name="model"] option').length >= 2);
  await tab.page.locator('[name="model"]').selectOption("simulated");
  await tab.until(() => window.farfield.state().scenario.engines.model === "simulated");
  await tab.maps("learned");
  const second = await tab.values("learned", POINTS);
  const apart = second.filter((level, i) => level !== null && Math.abs(level - first[i]) > 0.5);
  assert.ok(apart.length > POINTS.length / 4, "both models say the same");
  await tab.linked(({ engines }) => engines.model === "simulated");
  await tab.page.keyboard.press("Control+z");
  await tab.until(() => window.farfield.state().scenario.engines.model === "coverage");
  await tab.maps("learned");
  assert.deepEqual(await tab.values("learned", POINTS), first);
});

test("what a model was not trained for is said while its map is in front, and only then", async (t) => {
  const hash = link(scenarioOf({}, { frequency: 2.6e9 }, { view: { layer: "learned" } }));
  const tab = await open(t, { hash });
  await tab.maps("learned");
  await tab.until(() => !document.querySelector("[data-misfit]"));
  await tab.fill("frequency", 700);
  await tab.maps("learned");
  await tab.until(() => /700 MHz/.test(document.querySelector("[data-misfit]")?.innerText ?? ""));
  await tab.page.locator('[data-layer="empirical"]').click();
  await tab.until(() => !document.querySelector("[data-misfit]"));
});

test("a network of the user's own is run, and a file that is none is refused in a sentence", async (t) => {
  const { folder } = await site();
  const tab = await open(t);
  await tab.maps("learned");
  const shipped = await tab.values("learned", POINTS);
  const buffer = readFileSync(join(folder, "models/simulated.onnx"));
  const mimeType = "application/octet-stream";
  await tab.page.locator('[name="own-model"]').setInputFiles({ name: "mine.onnx", mimeType, buffer });
  await tab.until(() => window.farfield.state().scenario.engines.model === "file:mine.onnx");
  await tab.maps("learned");
  assert.equal(await tab.layer(), "learned");
  assert.notDeepEqual(await tab.values("learned", POINTS), shipped);

  const broken = { name: "broken.onnx", mimeType, buffer: buffer.subarray(0, 5000) };
  await tab.page.locator('[name="own-model"]').setInputFiles(broken);
  const said = await tab.notice(/model/i);
  t.diagnostic(said);
  await tab.page.locator('[name="model"]').selectOption("coverage");
  await tab.maps("learned");
  assert.deepEqual(await tab.values("learned", POINTS), shipped);
});

test("several sectors are shared by several learners, and the map is that of the strongest", async (t) => {
  const sectors = [30, 150, 270].map((azimuth) => ({ azimuth }));
  const view = { layer: "learned" };
  const values = [];
  for (const chosen of [sectors, ...sectors.map((sector) => [sector])]) {
    const tab = await open(t, { hash: link({ sites: [{ sectors: chosen }], view }) });
    await tab.maps("learned");
    values.push(await tab.values("learned", POINTS));
    await tab.page.close();
  }
  const [together, ...alone] = values;
  for (const [i, level] of together.entries()) {
    const strongest = alone.map((levels) => levels[i]).filter((v) => v !== null);
    assert.equal(level, strongest.length ? Math.max(...strongest) : null);
  }
});
