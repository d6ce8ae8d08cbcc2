// Where the heights of the buildings come from: counted by the worker, told in the panel.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { open } from "./harness.mjs";

const SHARED = process.env.FARFIELD_SHARED ?? join(import.meta.dirname, "../../../shared");
const FLORENCE = "data/tiles/protomaps_firenze_ODbL.pmtiles";

/** The counts, and what the panel says of them. */
async function told(tab) {
  const { heights } = await tab.state();
  const line = tab.page.locator("[data-heights]");
  const said = await line.innerText();
  const colour = await line.evaluate((element) => getComputedStyle(element).color);
  const buildings = Number((await tab.page.locator('[data-action="cities"]').innerText()).match(/(\d+) buildings/)[1]);
  assert.deepEqual(Object.keys(heights), ["model", "tag", "levels", "neighbours", "default"]);
  assert.equal(Object.values(heights).reduce((sum, count) => sum + count, 0), buildings, "each building counts once");
  return { heights, said, colour, buildings };
}

const warning = (tab) =>
  tab.page.evaluate(() => {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = "var(--warn)";
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  });

test("Munich's heights are those of its model, said without a warning", async (t) => {
  const tab = await open(t);
  await tab.maps("empirical");
  const { heights, said, colour, buildings } = await told(tab);
  assert.equal(heights.model, buildings);
  assert.equal(said, "Heights: 100 % from a 3D model");
  assert.notEqual(colour, await warning(tab));
});

test("a city whose heights are mostly assumed says so as a warning", { skip: !existsSync(join(SHARED, FLORENCE)) && `SKIPPED: there is no ${FLORENCE}` }, async (t) => {
  const tab = await open(t);
  await tab.maps("empirical");
  await tab.page.keyboard.press("c");
  await tab.page.locator('[name="city-file"]').setInputFiles(join(SHARED, FLORENCE));
  await tab.until(() => window.farfield.state().scenario.city.startsWith("file:"));
  await tab.maps("empirical");
  const { heights, said, colour, buildings } = await told(tab);
  t.diagnostic(`${said} (${JSON.stringify(heights)})`);
  assert.ok(heights.neighbours + heights.default > 0.9 * buildings, "next to none of its buildings has a height of its own");
  assert.ok(heights.tag > 0 && heights.tag < 0.005 * buildings);
  assert.match(said, /under 1 % as mapped, .*assumed 8 m/);
  assert.equal(colour, await warning(tab));
  await tab.shoot("desktop-dark-assumed-heights");
});
