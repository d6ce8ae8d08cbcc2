// What measurements cost the page, in Chromium on this machine: `node bench-lessons.mjs`. Prints JSON; `cargo xtask bench` makes the
// table.
import { browser, close, site } from "./browser.mjs";
import { around, rings } from "./geometry.mjs";
import { MAST } from "./links.mjs";
import { Tab } from "./tab.mjs";

/** Azimuths that the learned map follows. */
const AZIMUTHS = [100, 130, 170, 200, 260];
/** Readings of the large table. */
const MANY = 1_000_000;
/** Readings that are calibrated on, and devices, which make the unknowns 20 or more. */
const HEARD = 10_000;
const DEVICES = 7;

/** Opens the page, which notes its long tasks from then on, and does something with it. */
async function visit(work) {
  const context = await (await browser(true)).newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" });
  try {
    const page = await context.newPage();
    await page.addInitScript(() => {
      window.tasks = [];
      const note = (list) => window.tasks.push(...list.getEntries().map((entry) => entry.duration));
      new PerformanceObserver(note).observe({ type: "longtask" });
    });
    await page.goto(`${(await site()).address}?backend=cpu`);
    const tab = new Tab(page, context, "bench");
    await tab.maps("empirical", "traced", "learned");
    await tab.settled();
    return await work(tab);
  } finally {
    await context.close();
  }
}

/** The longest task of the page since the last call, milliseconds; 0 where none takes 50, which is what browsers call long. */
function longest(tab) {
  return tab.page.evaluate(() => Math.max(0, ...window.tasks.splice(0)));
}

/** Gives a file to the page. */
function drop(tab, name, rows) {
  return tab.page.evaluate(([name, rows]) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([rows], name));
    window.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
  }, [name, rows]);
}

/** The longest task while the learned map follows the azimuth. */
const following = await visit(async (tab) => {
  await tab.page.locator('[data-layer="learned"]').click();
  await tab.settled();
  await longest(tab);
  for (const azimuth of AZIMUTHS) {
    await tab.fill("azimuth", azimuth);
    await tab.maps("learned", "traced");
    await tab.settled();
  }
  return longest(tab);
});

/** Taking in a table of so many readings: until they are told of, until they are judged, and the longest task on the way. */
const many = await visit(async (tab) => {
  const side = Math.ceil(Math.sqrt(MANY));
  const [lon, lat] = MAST;
  const row = (i) => {
    const [x, y] = [(i % side) / side - 0.5, Math.floor(i / side) / side - 0.5];
    const at = `${(lat + 0.012 * y).toFixed(7)},${(lon + 0.018 * x).toFixed(7)}`;
    return `2024-05-03T10:12:${String(i % 60).padStart(2, "0")},${at},phone,${-60 - (i % 50)},${i % 20}`;
  };
  const rows = ["time,lat,lon,device,rsrp,cell", ...Array.from({ length: MANY }, (_, i) => row(i))].join("\n");
  // The layer of dots stands, and the file lies in the page, before the clock runs: software WebGL makes shaders for a third of a second.
  await drop(tab, "first.csv", rows.slice(0, 1000));
  await tab.until(() => document.querySelector("[data-readings]"));
  await tab.drawn();
  await tab.page.evaluate((rows) => {
    window.transfer = new DataTransfer();
    window.transfer.items.add(new File([rows], "fleet.csv"));
  }, rows);
  await tab.settled();
  await longest(tab);
  const start = await tab.page.evaluate(() => {
    const start = performance.now();
    window.dispatchEvent(new DragEvent("drop", { dataTransfer: window.transfer, bubbles: true, cancelable: true }));
    return start;
  });
  const now = () => tab.page.evaluate(() => performance.now());
  await tab.until((n) => document.querySelector("[data-readings]")?.dataset.readings === String(n), MANY, 120_000);
  const read = (await now()) - start;
  await tab.until(() => {
    const told = document.querySelector('[data-errors="empirical"] td')?.innerText.replaceAll(/\D/g, "");
    return Number(told) > 1000 && /Averaged over squares of/.test(document.querySelector(".readings").innerText);
  }, undefined, 60_000);
  const judged = (await now()) - start;
  await tab.settled();
  return { readings: MANY, read, judged, longest: await longest(tab) };
});

/**
 * Calibrating the ray tracer by all that it can look for: how many unknowns and readings, and how long from the click to the table.
 * And adapting the network to the same readings: how long from the click to the new map.
 */
const [calibration, adaptation] = await visit(async (tab) => {
  const radii = Array.from({ length: 40 }, (_, i) => 40 + 10 * i);
  const places = rings(MAST, radii, around(400)).map((place) => place.point);
  const levels = await tab.values("traced", places);
  const told = places.map((place, i) => ({ place, level: levels[i] })).filter((reading) => reading.level !== null);
  // As if by chance, ±6 dB.
  const noise = (i) => 12 * (((i * 0.618034) % 1) - 0.5);
  const line = ({ place: [lon, lat], level }, i) => `${lat},${lon},${level + 4 + noise(i)},phone ${i % DEVICES}`;
  const lines = Array.from({ length: HEARD }, (_, i) => line(told[i % told.length], i));
  await drop(tab, "drive.csv", `lat,lon,rsrp,device\n${lines.join("\n")}\n`);
  await tab.until((n) => document.querySelector("[data-readings]")?.dataset.readings === String(n), HEARD);
  await tab.settled();
  await tab.page.locator(".sought summary").click();
  for (const box of await tab.page.locator('.sought input:not([name="sought-heights"])').all()) await box.check();
  const start = await tab.page.evaluate(() => {
    document.querySelector('[data-action="calibrate"]').click();
    return performance.now();
  });
  await tab.until(() => document.querySelector(".estimates"), undefined, 120_000);
  const took = (await tab.page.evaluate(() => performance.now())) - start;
  const unknowns = await tab.page.locator(".estimates tbody tr").count();
  const steps = Number(await tab.page.locator("[data-steps]").getAttribute("data-steps")) - 1;
  const begun = await tab.page.evaluate(() => {
    document.querySelector('[data-action="adapt"]').click();
    return performance.now();
  });
  await tab.until(() => /adapted/.test(document.querySelector('[data-action="adapt"]').innerText));
  await tab.maps("learned");
  const adapted = (await tab.page.evaluate(() => performance.now())) - begun;
  return [{ unknowns, readings: HEARD, steps, took }, { readings: HEARD, took: adapted }];
});

await close();
console.log(JSON.stringify({ following, many, calibration, adaptation }));
