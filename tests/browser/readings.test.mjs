// Readings of the user's own: what is read of a file, what is not, and the dots on the map.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { around, rings } from "./geometry.mjs";
import { MAST, open } from "./harness.mjs";
import { decode, difference } from "./png.mjs";

const SHARED = process.env.FARFIELD_SHARED ?? join(import.meta.dirname, "../../../shared");
const CAMPUS = join(SHARED, "data/duke");
const PLACES = rings(MAST, [60, 90, 120], around(24)).map((p) => p.point);

/** Picks a file of text as readings. */
async function bring(tab, name, text) {
  const file = { name, mimeType: "text/csv", buffer: Buffer.from(text) };
  await tab.page.locator('[name="readings"]').setInputFiles(file);
}

/** Drops files on the page, as from a folder. */
async function drop(tab, ...paths) {
  const files = paths.map((path) => [basename(path), readFileSync(path, "utf8")]);
  await tab.page.evaluate((files) => {
    const dataTransfer = new DataTransfer();
    for (const [name, text] of files) dataTransfer.items.add(new File([text], name));
    window.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
  }, files);
}

/** The map beside the panel, once it draws nothing new. */
async function look(tab) {
  await tab.drawn();
  return decode(await tab.page.screenshot({ clip: { x: 500, y: 120, width: 700, height: 640 } }));
}

/** Whether two pictures differ by more than the edges that are smoothed anew with each frame. */
function differ(a, b) {
  return difference(a, b, 1, 16) > 1e-4;
}

/** Waits until so many readings are told of. */
function readings(tab, count) {
  return tab.until((count) => document.querySelector("[data-readings]")?.dataset.readings === String(count), count);
}

test("a table is dots on the map, and what of it is no reading is told with its lines", async (t) => {
  const tab = await open(t);
  await tab.maps("empirical");
  await tab.maps();
  const before = await look(tab);
  const lines = PLACES.map(([lon, lat], i) => `${lat};${lon};${-60 - i};${i % 2 ? "Nord" : "Süd"}`.replaceAll(".", ","));
  await bring(tab, "fahrt.csv", `Breite;Länge;RSRP [dBm];Zelle\n${lines.join("\n")}\n0;0;-90;Nord\n48,1;11,5;n/a;Nord\n`);
  await readings(tab, PLACES.length);
  const said = await tab.page.locator(".readings").innerText();
  assert.match(said, /fahrt\.csv/);
  assert.match(said, /72 × RSRP \[dBm\].* -131 to -60 dBm/);
  const rejected = tab.page.locator("[data-rejected]");
  assert.equal(await rejected.getAttribute("data-rejected"), "2");
  await rejected.locator("summary").click();
  assert.match(await rejected.innerText(), /the place 0, 0: no fix: line 74/);
  assert.match(await rejected.innerText(), /no number for the level: line 75/);
  assert.ok(differ(before, await look(tab)), "there is no dot");
  await tab.page.locator('[name="readings-shown"]').selectOption("nothing");
  assert.ok(!differ(before, await look(tab)), "the dots are not hidden");
  await tab.page.locator('[data-action="forget-readings"]').click();
  await tab.until(() => document.querySelector('[name="readings"]'));
});

test("how far each map lies from the readings is a table, for all cells or one", async (t) => {
  const tab = await open(t);
  await tab.maps();
  // Readings that are what the ray tracer says, 3 dB stronger for one cell and 1 dB weaker for the other.
  const levels = await tab.values("traced", PLACES);
  const told = PLACES.map((place, i) => ({ place, level: levels[i], cell: i % 2 ? "A" : "B" })).filter((r) => r.level !== null);
  const lines = told.map(({ place: [lon, lat], level, cell }) => `${lat},${lon},${level + (cell === "A" ? 3 : -1)},${cell}`);
  await bring(tab, "drive.csv", `lat,lon,rsrp,cell\n${lines.join("\n")}\n0.5,0.5,-90,A\n`);
  await readings(tab, told.length + 1);
  const row = async (engine) => {
    const cells = await tab.page.locator(`[data-errors="${engine}"] td`).allInnerTexts();
    return cells.map((text) => Number(text.replace("−", "-")));
  };
  await tab.page.locator('[name="readings-cell"]').selectOption({ label: "A" });
  const ofA = told.filter((r) => r.cell === "A").length;
  await tab.until((n) => document.querySelector('[data-errors="traced"] td')?.innerText === String(n), ofA);
  assert.deepEqual(await row("traced"), [ofA, -3, 0, 3, 3, 1]);
  assert.match(await tab.page.locator(".readings").innerText(), /Ray traced says nothing at 1\./);
  assert.match(await tab.page.locator(".readings").innerText(), /One of them lies outside of this city/);
  await tab.page.locator('[name="readings-cell"]').selectOption({ label: "B" });
  await tab.until((n) => document.querySelector('[data-errors="traced"] td')?.innerText === String(n), told.length - ofA);
  assert.deepEqual((await row("traced")).slice(1), [1, 0, 1, 1, 1]);
  const [n, , sd, rmse] = await row("learned");
  assert.ok(n > 0 && sd > 1 && rmse >= sd, "the learned map differs from the traced one");
  await tab.page.locator('[name="readings-shown"]').selectOption("error");
  await tab.drawn();
  await tab.shoot("desktop-dark-errors");
  // Rings of 60, 90 and 120 m lie in two bands; one of them alone has fewer dots.
  const all = await look(tab);
  assert.equal(await tab.page.locator("[data-band]").count(), 2);
  await tab.page.locator('[data-band="2"]').click();
  assert.ok(differ(all, await look(tab)), "all dots are still there");
  await tab.page.locator('[data-band="2"]').click();
  assert.ok(!differ(all, await look(tab)), "the dots are not back");
  // The antenna sees some of the places and not the others; either can be looked at alone.
  await tab.until(() => document.querySelectorAll("[data-sight]").length === 2);
  assert.match(await tab.page.locator(".bands").innerText(), /in sight\s+[\d.]+\s+not in sight\s+[\d.]+/);
  await tab.page.locator('[data-sight="false"]').click();
  assert.ok(differ(all, await look(tab)), "all dots are still there");
  await tab.page.locator('[data-sight="false"]').click();
  // All readings of a square count as one.
  await tab.page.locator('[name="readings-side"]').selectOption("50");
  await tab.until((n) => Number(document.querySelector('[data-errors="traced"] td')?.innerText) < n, told.length - ofA);
});

test("readings go along in the link where that is asked for, and nowhere else", async (t) => {
  const tab = await open(t);
  await tab.maps("empirical");
  const lines = PLACES.map(([lon, lat], i) => `2024-05-03T10:12:${i % 60},${lat},${lon},${-60 - i},${i % 2 ? "Nord" : "Süd"}`);
  await bring(tab, "drive.csv", `time,lat,lon,rsrp,cell\n${lines.join("\n")}\n`);
  await readings(tab, PLACES.length);
  assert.match(await tab.page.locator(".readings-file").innerText(), /2024-05-03 10:12–10:12/);
  await tab.settled();
  assert.doesNotMatch(await tab.page.evaluate(() => location.hash), /&r=/);
  const share = tab.page.locator('[name="readings-in-link"]');
  assert.match(await tab.page.locator("label", { has: share }).innerText(), /longer/);
  await share.check();
  await tab.until(() => location.hash.includes("&r=1."));
  const hash = await tab.page.evaluate(() => location.hash);
  const other = await open(t, { hash });
  await readings(other, PLACES.length);
  assert.match(await other.page.locator(".readings-file").innerText(), /drive\.csv\s+72 × rsrp · 2 cells · -131 to -60 dBm · 2024-05-03/);
  assert.equal(await other.page.locator('[data-action="columns"]').count(), 0, "there is no file to read again");
  await other.maps("empirical");
  await other.until(() => location.hash.includes("&r=1."));
  await other.page.locator('[name="readings-in-link"]').uncheck();
  await other.until(() => !location.hash.includes("&r="));
  const damaged = await open(t, { hash: `${hash.slice(0, -40)}` });
  assert.match(await damaged.notice(/readings in this link/), /are damaged, and are left out\./);
  await damaged.maps("empirical");
});

test("of very many readings the means of squares are dots, and each of them counts", async (t) => {
  const tab = await open(t);
  await tab.maps("empirical");
  await tab.page.evaluate(([lon, lat]) => {
    const rows = ["lat,lon,rsrp"];
    // A square of 800 m, gone over line by line.
    for (let i = 0; i < 200_000; i++) {
      const [x, y] = [(i % 500) / 500 - 0.5, Math.floor(i / 500) / 400 - 0.5];
      rows.push(`${(lat + 0.0072 * y).toFixed(7)},${(lon + 0.0108 * x).toFixed(7)},${-60 - (i % 50)}`);
    }
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([rows.join("\n")], "fleet.csv"));
    window.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
  }, MAST);
  await tab.until(() => document.querySelector("[data-readings]")?.dataset.readings === "200000", undefined, 120_000);
  await tab.until(() => /Averaged over squares of \d+ m/.test(document.querySelector(".readings").innerText));
  const told = await tab.page.locator('[data-errors="empirical"] td').first().innerText();
  const dots = Number(told.replaceAll(/\D/g, ""));
  assert.ok(dots > 10_000 && dots <= 50_000, told);
  assert.ok(await tab.page.locator('[name="readings-in-link"]').isDisabled());
  await tab.page.locator('[name="readings-side"]').selectOption("100");
  await tab.until(() => !document.querySelector('[name="readings-in-link"]').disabled);
  assert.doesNotMatch(await tab.page.locator(".readings").innerText(), /Averaged over squares of/);
});

test("unknown columns are asked for, and the answer is taken", async (t) => {
  const tab = await open(t);
  await tab.maps("empirical");
  await bring(tab, "log.csv", `a,b,c\n${PLACES.map(([lon, lat], i) => `${lat},${lon},${-60 - i}`).join("\n")}\n`);
  await tab.until(() => document.querySelector("dialog.columns")?.open);
  assert.match(await tab.page.locator("dialog.columns").innerText(), /log\.csv begins like this/);
  await tab.shoot("desktop-dark-columns");
  for (const [role, column] of [["latitude", "0"], ["longitude", "1"]]) {
    await tab.page.locator(`dialog.columns [name="${role}"]`).selectOption(column);
  }
  await tab.page.locator('[data-action="read"]').click();
  await tab.until(() => /Say which column holds the level/.test(document.querySelector("dialog.columns").innerText));
  await tab.page.locator('dialog.columns [name="level"]').selectOption("2");
  await tab.page.locator('[data-action="read"]').click();
  await readings(tab, PLACES.length);
  await tab.page.locator('[data-action="columns"]').click();
  assert.equal(await tab.page.locator('dialog.columns [name="level"]').inputValue(), "2");
  await tab.page.keyboard.press("Escape");
});

test("a file without readings is a sentence, and the readings before it stay", async (t) => {
  const tab = await open(t);
  await tab.maps("empirical");
  const [lon, lat] = PLACES[0];
  await bring(tab, "drive.csv", `lat,lon,rsrp\n${lat},${lon},-90\n`);
  await readings(tab, 1);
  const file = { name: "ratios.csv", mimeType: "text/csv", buffer: Buffer.from(`lat,lon,rsrp\n${lat},${lon},90\n`) };
  await tab.page.evaluate(({ name, text }) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([text], name));
    window.dispatchEvent(new DragEvent("drop", { dataTransfer, cancelable: true }));
  }, { name: file.name, text: file.buffer.toString() });
  assert.match(await tab.notice(/ratios\.csv/), /1 of its lines have a level that is none in dBm/);
  await readings(tab, 1);
});

test("a measured campus is dropped with its buildings, and its cells and phones are known", { skip: !existsSync(CAMPUS) && "SKIPPED: there is no data/duke" }, async (t) => {
  const tab = await open(t);
  await tab.maps("empirical");
  await drop(tab, join(CAMPUS, "duke_buildings.geojson"));
  await tab.until(() => window.farfield.state().scenario.city === "file:duke_buildings.geojson");
  await tab.maps("empirical");
  await drop(tab, join(CAMPUS, "measurements.csv"));
  await readings(tab, 21063);
  const said = await tab.page.locator(".readings").innerText();
  assert.match(said, /21.063 × rsrp_dbm · 4 cells · 2 devices/);
  assert.doesNotMatch(said, /None of them/);
  await tab.settled();
  await tab.shoot("desktop-dark-readings");
  // The table of its cells brings the sites, whose names are those of the cells.
  await drop(tab, join(CAMPUS, "cells.csv"));
  await tab.until(() => window.farfield.state().scenario.sites.flatMap((s) => s.sectors).length > 3);
  assert.match(await tab.notice(/cells\.csv/), /sectors at \d+ sites?\. No column tells of downtilt .*, power/);
  await tab.page.locator('[name="readings-side"]').selectOption("25");
  const calibrate = tab.page.locator('[data-action="calibrate"]');
  await tab.until(() => !document.querySelector('[data-action="calibrate"]').disabled);
  await calibrate.click();
  await tab.until(() => document.querySelector(".estimates"), undefined, 180_000);
  const found = await tab.page.locator(".estimates").innerText();
  for (const cell of ["A", "B", "C", "D"]) assert.match(found, new RegExp(`power of ${cell}\\s+[+−]\\d`));
  const [, before, after] = (await tab.page.locator(".steps figcaption").innerText()).match(/RMSE ([\d.]+) → ([\d.]+) dB/);
  assert.ok(Number(after) < 0.6 * Number(before) && Number(after) < 20, `${before} → ${after}`);
  await calibrate.scrollIntoViewIfNeeded();
  await tab.shoot("desktop-dark-campus-calibrated");
});
