// Flipping between the maps: by mouse, by key, and without computing anything.
import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "./harness.mjs";
import { decode, difference } from "./png.mjs";

async function picture(tab) {
  await tab.settled();
  return decode(await tab.page.locator("#map").screenshot());
}

test("the toggle shows another map for each layer", async (t) => {
  const tab = await open(t);
  await tab.maps("learned", "traced", "empirical");
  const pictures = {};
  for (const layer of ["learned", "traced", "difference", "empirical"]) {
    await tab.page.click(`[data-layer="${layer}"]`);
    assert.equal(await tab.layer(), layer);
    pictures[layer] = await picture(tab);
  }
  const names = Object.keys(pictures);
  for (const [i, a] of names.entries()) {
    for (const b of names.slice(i + 1)) {
      const share = difference(pictures[a], pictures[b]);
      assert.ok(share > 0.03, `${a} and ${b} differ in ${(share * 100).toFixed(1)} % of the pixels`);
    }
  }
});

test("keys flip between the engines and to their difference", async (t) => {
  const tab = await open(t);
  await tab.maps();
  const first = await tab.layer();
  assert.equal(first, "traced");
  await tab.page.keyboard.press("f");
  assert.equal(await tab.layer(), "learned");
  await tab.page.keyboard.press("f");
  assert.equal(await tab.layer(), "traced");
  await tab.page.keyboard.press("d");
  assert.equal(await tab.layer(), "difference");
});

test("keys typed into a field flip nothing", async (t) => {
  const tab = await open(t);
  await tab.maps();
  await tab.page.locator('[name="azimuth"]').focus();
  await tab.page.keyboard.press("f");
  assert.equal(await tab.layer(), "traced");
});

test("flipping swaps maps in memory: nothing is computed or loaded", async (t) => {
  const tab = await open(t);
  await tab.maps("learned", "traced", "empirical");
  await tab.settled();
  const requests = [];
  tab.page.on("request", (request) => requests.push(request.url()));
  const ofThePage = (url) => !url.startsWith("data:") && !url.startsWith("blob:") && !url.endsWith("icon.svg");
  // Pressed within the page, so that what is measured is the page and not the driver.
  const frames = await tab.page.evaluate(async () => {
    const counts = [];
    for (let i = 0; i < 6; i++) {
      const before = document.querySelector('[data-layer][aria-pressed="true"]').dataset.layer;
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "f", bubbles: true }));
      let count = 0;
      while (document.querySelector('[data-layer][aria-pressed="true"]').dataset.layer === before && count < 60) {
        await new Promise((next) => requestAnimationFrame(next));
        count += 1;
      }
      if (window.farfield.state().busy.length) throw new Error("an engine works");
      counts.push(count);
    }
    return counts;
  });
  assert.ok(Math.max(...frames) <= 1, `frames until the other map was in front: ${frames}`);
  // The browser fetches the tab's icon by itself, whenever it finds the time.
  assert.deepEqual(requests.filter(ofThePage), []);
});
