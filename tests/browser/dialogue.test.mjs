// The choice of cities by keyboard, and what becomes of addresses that are no city.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MUNICH } from "./archive.mjs";
import { open, site } from "./harness.mjs";
import { misbehaving } from "./misbehave.mjs";

const DOWNLOADS = /Failed to load resource|pmtiles|PMTiles|magic|AJAXError|status|CORS|net::ERR|fetch|Access-Control/i;

const isOpen = (tab, open) => tab.until((open) => Boolean(document.querySelector("dialog.cities[open]")) === open, open);
const focused = (tab) => tab.page.evaluate(() => document.activeElement?.closest("dialog.cities") && (document.activeElement.dataset.city || document.activeElement.name || document.activeElement.textContent));

test("C opens the choice, Tab stays in it in reading order, Escape closes it and gives the focus back", async (t) => {
  const tab = await open(t);
  await tab.maps("empirical");
  await tab.page.locator('[data-action="help"]').focus();
  await tab.page.keyboard.press("c");
  await isOpen(tab, true);
  const order = [];
  for (let i = 0; i < 12; i++) {
    order.push(await focused(tab));
    await tab.page.keyboard.press("Tab");
  }
  const inside = order.filter((name) => name !== null);
  const wanted = ["munich", "helsinki", "paris-etoile", "florence", "san-francisco", "city-address", "Open", "city-file"];
  const found = inside.filter((name) => wanted.includes(name));
  assert.deepEqual(found.slice(0, wanted.length), wanted, order.join());
  const behind = await tab.page.evaluate(() => document.activeElement !== document.body && !document.activeElement.closest("dialog"));
  assert.equal(behind, false, "nothing behind the dialogue has the focus");
  await tab.page.keyboard.press("Escape");
  await isOpen(tab, false);
  assert.equal(await tab.page.evaluate(() => document.activeElement.dataset.action), "help");
});

test("Escape closes the choice from within the address field, C closes it from elsewhere, and keys change nothing behind it", async (t) => {
  const tab = await open(t);
  await tab.maps("empirical");
  const layer = await tab.layer();
  await tab.page.keyboard.press("c");
  await isOpen(tab, true);
  for (const key of ["2", "d", "1", "e"]) await tab.page.keyboard.press(key);
  assert.equal(await tab.layer(), layer);
  await tab.page.locator('[name="city-address"]').pressSequentially("c?");
  await isOpen(tab, true);
  await tab.page.keyboard.press("Escape");
  await isOpen(tab, false);
  await tab.page.keyboard.press("c");
  await isOpen(tab, true);
  await tab.page.keyboard.press("c");
  await isOpen(tab, false);
});

test("a click beside the choice closes it, one inside doesn't", async (t) => {
  const tab = await open(t);
  await tab.maps("empirical");
  await tab.page.keyboard.press("c");
  await isOpen(tab, true);
  await tab.page.locator("dialog.cities h2").click();
  await isOpen(tab, true);
  await tab.page.mouse.click(20, 400);
  await isOpen(tab, false);
});

test("Enter on what is no address stays in the dialogue; Enter on one goes there", async (t) => {
  const tab = await open(t, { expected: DOWNLOADS });
  await tab.maps("empirical");
  await tab.page.keyboard.press("c");
  const field = tab.page.locator('[name="city-address"]');
  await field.fill("no address");
  await field.press("Enter");
  await isOpen(tab, true);
  assert.equal((await tab.state()).scenario.city, "munich");
  await field.fill(`  ${(await site()).address}nowhere.pmtiles `);
  await field.press("Enter");
  await isOpen(tab, false);
  t.diagnostic(await tab.notice(/nowhere\.pmtiles can't be opened: there is no such file/));
  await tab.until(() => document.querySelector('[data-action="cities"]').innerText.includes("can't be read"));
  await tab.page.locator('[data-action="undo"]').click();
  await tab.maps("empirical");
  assert.equal((await tab.state()).scenario.city, "munich");
  assert.equal((await tab.state()).error, null);
});

const honest = readFileSync(join((await site()).folder, MUNICH));
for (const [what, file, behave, sentence] of [
  ["a page", Buffer.from("<!doctype html><title>Nothing</title>".padEnd(4096)), () => false, /not a PMTiles archive but a web page/],
  ["a picture of tiles", readFileSync(join((await site()).folder, "cities/san-francisco-terrain.pmtiles")), () => false, /not vector tiles|holds no buildings/],
  ["refused to this page", honest, ({ response }) => (response.writeHead(403).end(), true), /does not let pages|status 403/],
]) {
  test(`an address at which there is ${what} is a sentence that names it`, async (t) => {
    const server = await misbehaving(t, file, behave);
    const tab = await open(t, { expected: DOWNLOADS });
    await tab.maps("empirical");
    await tab.page.keyboard.press("c");
    await tab.page.locator('[name="city-address"]').fill(server.url);
    await tab.page.locator('[name="city-address"]').press("Enter");
    const said = await tab.notice(sentence, 60_000);
    t.diagnostic(said);
    assert.ok(said.includes(server.url));
  });
}
