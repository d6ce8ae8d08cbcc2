// How it looks: pictures for people to look at, and the few things about a layout that can be checked.
import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "./harness.mjs";
import { link, scenarioOf } from "./links.mjs";

const DESKTOP = { viewport: { width: 1440, height: 900 } };
const PHONE = { viewport: { width: 390, height: 844 }, touch: true };

for (const scheme of ["dark", "light"]) {
  test(`pictures on a desktop, ${scheme}`, async (t) => {
    const tab = await open(t, { ...DESKTOP, scheme });
    await tab.maps("learned", "traced", "empirical");
    for (const layer of ["traced", "learned", "difference", "empirical"]) {
      await tab.page.click(`[data-layer="${layer}"]`);
      await tab.settled();
      await tab.shoot(`desktop-${scheme}-${layer}`);
    }
  });

  test(`pictures on a phone, ${scheme}`, async (t) => {
    const tab = await open(t, { ...PHONE, scheme });
    await tab.maps("learned", "traced");
    await tab.settled();
    await tab.shoot(`phone-${scheme}-first`);
    await tab.page.locator('[data-action="fold"]').click();
    await tab.settled();
    await tab.shoot(`phone-${scheme}-folded-or-open`);
  });
}

for (const [what, receivers] of [["roofs", { footing: "roofs" }], ["inside", { indoors: {} }]]) {
  test(`pictures of receivers: ${what}`, async (t) => {
    const tab = await open(t, { ...DESKTOP, hash: link(scenarioOf({}, {}, { receivers })) });
    await tab.maps("traced");
    await tab.page.locator('[name="footing"]').scrollIntoViewIfNeeded();
    await tab.settled();
    await tab.shoot(`desktop-receivers-${what}`);
  });
}

test("on a phone the panel folds away and leaves the map", async (t) => {
  const tab = await open(t, PHONE);
  await tab.maps("empirical");
  const field = tab.page.locator('[name="azimuth"]');
  const fold = tab.page.locator('[data-action="fold"]');
  const seen = async () => (await field.isVisible()) && (await field.boundingBox()).y < PHONE.viewport.height;
  const before = await seen();
  await fold.click();
  await tab.page.waitForFunction(
    ([was, height]) => {
      const box = document.querySelector('[name="azimuth"]').getBoundingClientRect();
      return (box.height > 0 && box.top < height && box.bottom > 0) !== was;
    },
    [before, PHONE.viewport.height],
  );
  await fold.click();
  const wide = await tab.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `the page is ${wide} px wider than the phone`);
});

test("everything that can be pressed has a name and is reached by Tab", async (t) => {
  const tab = await open(t, DESKTOP);
  await tab.maps("empirical");
  const nameless = await tab.page.evaluate(() => {
    const label = (e) => e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.[0]?.textContent.trim() || e.title;
    return [...document.querySelectorAll("button, input, select, a[href]")].filter((e) => e.offsetParent && !label(e)).map((e) => e.outerHTML.slice(0, 120));
  });
  assert.deepEqual(nameless, []);
});

test("the page stays free while both engines work: long tasks of the main thread", async (t) => {
  const init = () => {
    window.longTasks = [];
    new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((e) => [e.startTime, e.duration]))).observe({ type: "longtask", buffered: true });
    // Asked of its shaders, software WebGL answers once they are made, on a processor that the engines keep busy.
    window.waits = [];
    for (const name of ["getProgramParameter", "getShaderParameter", "getUniformBlockIndex", "getUniformLocation"]) {
      const ask = WebGL2RenderingContext.prototype[name];
      WebGL2RenderingContext.prototype[name] = function (...about) {
        const start = performance.now();
        const answer = ask.apply(this, about);
        window.waits.push([start, performance.now() - start]);
        return answer;
      };
    }
  };
  const tab = await open(t, { ...DESKTOP, init });
  await tab.maps("learned", "traced", "empirical");
  const { tasks, waits, interactive } = await tab.page.evaluate(() => ({
    tasks: window.longTasks,
    waits: window.waits,
    interactive: performance.getEntriesByName("map-interactive")[0]?.startTime,
  }));
  assert.ok(interactive > 0, "the page marks when its map is interactive");
  const waited = (start, end) => waits.filter(([at]) => at >= start && at < end).reduce((sum, [, wait]) => sum + wait, 0);
  const later = tasks.filter(([start]) => start > interactive).map(([start, took]) => took - waited(start, start + took));
  const longest = Math.max(0, ...later);
  const all = waits.reduce((sum, [, wait]) => sum + wait, 0);
  t.diagnostic(`${tasks.length} long tasks, ${later.length} after the map was interactive, the longest of these ${longest.toFixed(0)} ms beside ${all.toFixed(0)} ms for shaders`);
  // An engine on the main thread would block it for seconds.
  assert.ok(longest < 500, `the main thread was busy for ${longest.toFixed(0)} ms`);
});
