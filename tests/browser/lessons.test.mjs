// What the engines learn from readings: the ray tracer's calibration, the model's adaptation, and which of them is right.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { around, rings } from "./geometry.mjs";
import { MAST, open } from "./harness.mjs";

const PLACES = rings(MAST, [60, 90, 120, 160, 210, 270], around(36)).map((p) => p.point);
/** What the readings have more than the map that they are taken from, dB. */
const RAISED = 5;

/** Brings readings that are what an engine's map says, raised, and puts them down to so many cells. */
async function bring(tab, engine, cells) {
  const levels = await tab.values(engine, PLACES);
  const told = PLACES.map((place, i) => ({ place, level: levels[i], cell: i % cells })).filter((r) => r.level !== null);
  // As if by chance, ±2 dB.
  const noise = (i) => 4 * (((i * 0.618034) % 1) - 0.5);
  const lines = told.map(({ place: [lon, lat], level, cell }, i) => `${lat},${lon},${level + RAISED + noise(i)},${cell}`);
  const buffer = Buffer.from(`lat,lon,rsrp,cell\n${lines.join("\n")}\n`);
  await tab.page.locator('[name="readings"]').setInputFiles({ name: "drive.csv", mimeType: "text/csv", buffer });
  await tab.until((n) => document.querySelector("[data-readings]")?.dataset.readings === String(n), told.length);
  return told.length;
}

/** The table of errors of an engine: n, bias, SD, RMSE, MAE, rank. */
async function row(tab, engine) {
  const cells = await tab.page.locator(`[data-errors="${engine}"] td`).allInnerTexts();
  return cells.map((text) => Number(text.replace("−", "-")));
}

test("calibration finds what readings were raised by, and can be applied and undone", async (t) => {
  const tab = await open(t);
  await tab.maps();
  await bring(tab, "traced", 2);
  const calibrate = tab.page.locator('[data-action="calibrate"]');
  assert.match(await tab.page.locator(".learn").innerText(), /Choose above which cell/);
  assert.ok(await calibrate.isDisabled());
  await tab.page.locator('[name="readings-cell"]').selectOption({ label: "1" });
  await calibrate.click();
  await tab.until(() => document.querySelector(".estimates"));
  assert.ok(Number(await tab.page.locator("[data-steps]").getAttribute("data-steps")) > 2, "no steps are shown");
  const power = await tab.page.locator(".estimates tr", { hasText: "power" }).innerText();
  const [, found, error] = power.match(/([+−][\d.]+) ± ([\d.]+) dB/);
  assert.ok(Math.abs(Number(found.replace("−", "-")) - RAISED) < Math.max(1, 3 * Number(error)), power);
  await calibrate.scrollIntoViewIfNeeded();
  await tab.shoot("desktop-dark-calibrated");
  const before = (await tab.state()).scenario.sites[0].sectors[0].power;
  await tab.page.locator('[data-action="apply"]').click();
  await tab.until((before) => Math.abs(window.farfield.state().scenario.sites[0].sectors[0].power - before - 5) < 1.5, before);
  await tab.maps("traced");
  const [, bias, , rmse] = await row(tab, "traced");
  assert.ok(Math.abs(bias) < 1 && rmse < 2, `${bias} ${rmse}`);
  await tab.page.locator('[data-action="unapply"]').click();
  await tab.until((before) => window.farfield.state().scenario.sites[0].sectors[0].power === before, before);
});

test("the model adapts, and all engines are tried on what they have not learned from", async (t) => {
  const tab = await open(t, { viewport: { width: 1440, height: 900 } });
  await tab.maps();
  const published = await tab.values("learned", PLACES);
  const count = await bring(tab, "learned", 1);
  const [, before, , rmse] = await row(tab, "learned");
  await tab.page.locator('[data-action="adapt"]').click();
  await tab.until(() => /adapted/.test(document.querySelector('[data-action="adapt"]').innerText));
  await tab.maps("learned");
  await tab.until((was) => {
    const cells = document.querySelectorAll('[data-errors="learned"] td');
    return cells.length > 3 && Number(cells[3].innerText) < 0.8 * was;
  }, rmse);
  assert.match(await tab.page.locator(".steps figcaption").innerText(), /^SD [\d.]+ → [\d.]+ dB, RMSE [\d.]+ → [\d.]+ dB$/);
  const [, bias] = await row(tab, "learned");
  assert.ok(Math.abs(bias) < 1, `a bias of ${bias} is left of ${before}`);
  await tab.page.locator('[data-action="judge"]').click();
  await tab.until(() => document.querySelector("[data-verdict]"), undefined, 120_000);
  // The readings are the learned map's own.
  const said = await tab.page.locator("[data-verdict]").innerText();
  assert.match(said, /^Trust the adapted learned model here: \d\.\d dB RMSE over \d+ readings in \d+ blocks of/);
  await tab.page.locator('[data-action="report"]').click();
  await tab.until(() => document.querySelectorAll("[data-method]").length === 6);
  await tab.settled();
  await tab.shoot("desktop-dark-verdict");
  const figures = await tab.page.locator('[data-method="learned, as is"] td').allInnerTexts();
  assert.ok(Math.abs(Number(figures[3].replace("−", "-")) + RAISED) < 1, `the bias of the model as it is: ${figures[3]}`);
  await tab.page.emulateMedia({ media: "print" });
  await tab.shoot("paper-verdict");
  await tab.page.emulateMedia({ media: "screen" });
  const download = tab.page.waitForEvent("download");
  await tab.page.locator('dialog [data-action="save-verdict"]').click();
  const table = readFileSync(await (await download).path(), "utf8").split("\n");
  assert.match(table[0], /^method,readings,rmse_db/);
  assert.ok(Number(table[1].split(",")[1]) <= count);
  await tab.page.locator('dialog.verdict [aria-label="Close this"]').click();
  await tab.until(() => !document.querySelector("dialog.verdict").open);
  await tab.page.locator('[data-action="adapt"]').click();
  await tab.until(() => /Adapt model/.test(document.querySelector('[data-action="adapt"]').innerText));
  // Readings that are put away correct nothing any more.
  await tab.page.locator('[data-action="adapt"]').click();
  await tab.until(() => /adapted/.test(document.querySelector('[data-action="adapt"]').innerText));
  await tab.maps("learned");
  await tab.page.locator('[data-action="forget-readings"]').click();
  await tab.until(([places, before]) => {
    const now = places.map(([lon, lat]) => window.farfield.value("learned", lon, lat) ?? null);
    return now.every((level, i) => (level === null ? before[i] === null : Math.abs(level - before[i]) < 0.01));
  }, [PLACES, published]);
});
