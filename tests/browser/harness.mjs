// How a test opens the page.
import assert from "node:assert/strict";
import { after } from "node:test";
import { browser, close, serve, site } from "./browser.mjs";
import { Tab } from "./tab.mjs";

export { MAST, link, scenarioOf } from "./links.mjs";
export { serve, site };

after(close);

/**
 * Opens the page in a profile of its own and closes it with the test. Errors on the console or uncaught fail the test,
 * unless `expected` matches them.
 */
export async function open(t, options = {}) {
  const { query = "", hash = "", webgpu = true, viewport, scheme = "dark", touch = false, init, expected } = options;
  const address = options.address ?? (await site()).address;
  const context = await (await browser(webgpu)).newContext({
    viewport: viewport ?? { width: 1280, height: 800 },
    colorScheme: scheme,
    hasTouch: touch,
    isMobile: touch,
    reducedMotion: "reduce",
  });
  const errors = [];
  const page = await context.newPage();
  page.on("pageerror", (error) => errors.push(`uncaught: ${error.stack ?? error}`));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(`console: ${message.text()}`);
  });
  if (init) await page.addInitScript(init);
  t.after(async () => {
    await context.close();
    const surprising = errors.filter((error) => !expected?.test(error));
    assert.deepEqual(surprising, [], "the page had errors");
  });
  await page.goto(`${address}${query}${hash}`);
  return new Tab(page, context, t.name);
}
