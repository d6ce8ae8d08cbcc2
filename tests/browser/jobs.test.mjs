// Long jobs: progress, cancelling, and being overtaken by a newer one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { link, open, scenarioOf } from "./harness.mjs";

/** Fine cells on one CPU worker: long enough to be cancelled. */
const LONG = scenarioOf({ height: 35 }, {}, { receivers: { cell: 2, height: 1.5 } });

test("a long job shows its progress and can be cancelled", async (t) => {
  const tab = await open(t, { query: "?backend=cpu", hash: link(LONG) });
  await tab.until(() => window.farfield?.state().busy.includes("traced"), undefined, 120_000);
  await tab.page.locator('[role="progressbar"], progress').first().waitFor({ timeout: 60_000 });
  const cancelled = await tab.page.evaluate(async () => {
    document.querySelector('[data-action="cancel"]').click();
    const start = performance.now();
    while (window.farfield.state().busy.includes("traced") && performance.now() - start < 30_000) {
      await new Promise((next) => setTimeout(next, 5));
    }
    return performance.now() - start;
  });
  t.diagnostic(`idle ${cancelled.toFixed(0)} ms after the click`);
  assert.ok(cancelled < 1000, `idle ${cancelled.toFixed(0)} ms after the click`);
  assert.equal(await tab.page.evaluate(() => window.farfield.ready("traced")), false);
  // What was cancelled can be asked for again, in a size that is quick.
  await tab.page.evaluate((hash) => (location.hash = hash), link(scenarioOf({ height: 36 }, {}, { receivers: { cell: 10, height: 1.5 } })));
  await tab.maps("traced");
});

test("a newer job overtakes an older one", async (t) => {
  const tab = await open(t, { query: "?backend=cpu", hash: link(LONG) });
  await tab.until(() => window.farfield?.state().busy.includes("traced"), undefined, 120_000);
  const quick = scenarioOf({ height: 47 }, {}, { receivers: { cell: 20, height: 1.5 } });
  await tab.page.evaluate((hash) => (location.hash = hash), link(quick));
  await tab.maps("traced");
  assert.equal((await tab.state()).scenario.sites[0].height, 47);
});
