// What can go wrong outside the page: each is a sentence, the rest keeps working, and a retry works.
import assert from "node:assert/strict";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MUNICH, page, remove, truncate, withoutBuildings } from "./archive.mjs";
import { open, serve, site } from "./harness.mjs";

/** The browser itself logs a failed download; it is what the test is about. */
const DOWNLOADS = /Failed to load resource|pmtiles|PMTiles|magic|AJAXError|status/i;

for (const [name, alter, sentence] of [
  ["a city archive that is missing", remove, /city|archive|munich/i],
  ["a city archive cut in its first bytes", (folder) => truncate(folder, 0.0005), /city|archive|munich/i],
  ["a city archive cut in the middle", (folder) => truncate(folder, 0.5), /city|archive|munich/i],
  ["a city archive that is a web page", page, /PMTiles/i],
  ["a city archive without buildings", withoutBuildings, /building/i],
]) {
  test(`${name} is a sentence, and a retry works`, async (t) => {
    const { folder: sound } = await site();
    const { address, folder } = await serve(alter);
    const tab = await open(t, { address, expected: DOWNLOADS });
    const said = await tab.notice(sentence);
    assert.ok(said.length > 20 && said.length < 400, said);
    t.diagnostic(said);
    assert.ok(await tab.page.locator('[name="azimuth"]').isVisible(), "the panel keeps working");
    // Whichever engine looks at the city after it was mended would mend the page without a retry.
    await tab.until(() => window.farfield.state().busy.length === 0);
    cpSync(join(sound, MUNICH), join(folder, MUNICH));
    await tab.page.locator('[data-action="retry"]').first().click();
    await tab.maps("traced", "learned");
    assert.equal((await tab.state()).error, null);
  });
}

test("a model file that isn't one is a sentence; the tracer keeps working, and a retry works", async (t) => {
  const model = "models/coverage.onnx";
  const { folder: sound } = await site();
  const { address, folder } = await serve((folder) => writeFileSync(join(folder, model), "this is not a network"));
  const tab = await open(t, { address, expected: DOWNLOADS });
  const said = await tab.notice(/model/i, 120_000);
  t.diagnostic(said);
  await tab.maps("traced", "empirical");
  assert.equal(await tab.page.evaluate(() => window.farfield.ready("learned")), false);
  cpSync(join(sound, model), join(folder, model));
  await tab.page.locator('[data-action="retry"]').first().click();
  await tab.maps("learned");
});

test("a model file that is missing is a sentence too", async (t) => {
  const { address } = await serve((folder) => rmSync(join(folder, "models/coverage.onnx")));
  const tab = await open(t, { address, expected: DOWNLOADS });
  t.diagnostic(await tab.notice(/model/i, 120_000));
  await tab.maps("traced");
});

test("the archive that the tests break is the one that is served", async () => {
  const { folder } = await site();
  assert.equal(readFileSync(join(folder, MUNICH)).toString("latin1", 0, 7), "PMTiles");
});
