// What stands under the pointer, or under a finger that rests: level, engine and distance.
import assert from "node:assert/strict";
import { test } from "node:test";
import { around, rings, towards } from "./geometry.mjs";
import { MAST, open } from "./harness.mjs";

const OUTDOORS = rings(MAST, [60, 90, 120], around(24));

/** A point well within a cell that has a level, where the panel doesn't cover the map: in pixels, with level and distance. */
async function anywhere(tab) {
  for (const { point, distance } of OUTDOORS) {
    const close = [point, ...around(4).map((bearing) => towards(point, bearing, 0.5))];
    const [level, ...beside] = await tab.values("traced", close);
    if (level === null || beside.some((other) => other !== level)) continue;
    const [x, y] = await tab.project(...point);
    const free = await tab.page.evaluate(([x, y]) => document.elementFromPoint(x, y)?.tagName === "CANVAS", [x, y]);
    if (free) return { x, y, level, distance };
  }
  throw new Error("no such point is in view");
}

/** Waits for the readout and compares it with the map's own values at the point it is about. */
async function check(tab) {
  await tab.until(() => document.querySelector(".readout"));
  const text = await tab.page.locator(".readout").innerText();
  const [, traced] = text.match(/Ray traced\s*(-?[\d.]+) dBm/) ?? [];
  const [, learned] = text.match(/Learned\s*(-?[\d.]+) dBm/) ?? [];
  const [, difference] = text.match(/Difference\s*([+-][\d.]+) dB/) ?? [];
  const [, distance] = text.match(/(\d+) m from the site/) ?? [];
  assert.ok(traced && learned && difference && distance, text);
  assert.ok(Math.abs(learned - traced - difference) < 0.11, text);
  return { traced: Number(traced), distance: Number(distance) };
}

test("the pointer reads level, engine and distance", async (t) => {
  const tab = await open(t);
  await tab.maps("learned", "traced", "empirical");
  await tab.settled();
  const { x, y, level, distance } = await anywhere(tab);
  await tab.page.mouse.move(x, y);
  const read = await check(tab);
  assert.ok(Math.abs(level - read.traced) < 0.06, `${level} and ${read.traced} dBm`);
  assert.ok(Math.abs(distance - read.distance) <= 1, `${distance} and ${read.distance} m`);
});

test("a resting finger reads the map, and lifting it moves nothing", async (t) => {
  const tab = await open(t, { viewport: { width: 390, height: 844 }, touch: true });
  await tab.maps("learned", "traced", "empirical");
  await tab.settled();
  const { x, y } = await anywhere(tab);
  const before = await tab.state();
  const finger = await tab.context.newCDPSession(tab.page);
  const touch = (type, ...points) => finger.send("Input.dispatchTouchEvent", { type, touchPoints: points });
  await touch("touchStart", { x, y });
  await check(tab);
  await tab.shoot("phone-dark-reading");
  await touch("touchMove", { x: x + 30, y: y + 5 });
  await tab.until(() => document.querySelector(".readout"));
  await touch("touchEnd");
  await tab.until(() => !document.querySelector(".readout"));
  const after = await tab.state();
  assert.deepEqual(after.scenario, before.scenario);
  assert.deepEqual(after.map, before.map);
});
