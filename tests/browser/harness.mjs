// What every browser test stands on: the bundle on a loopback port, Chromium with a fresh profile, and the page's own
// window on itself (see README.md). Nothing here waits for a time; everything waits for a condition.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, "../..");
const DIST = process.env.FARFIELD_DIST ?? join(ROOT, "dist");
const XTASK = process.env.FARFIELD_XTASK ?? join(ROOT, "target/debug/xtask");
export const ARTEFACTS = join(HERE, "artefacts");
mkdirSync(ARTEFACTS, { recursive: true });

/** Longest wait for a map: software rendering on two busy cores, not a user's machine. */
export const MAP_TIMEOUT = 180_000;
/** Longest wait for anything that computes nothing. */
export const UI_TIMEOUT = 30_000;

const ALWAYS = [
  "--no-sandbox",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];
/** All four are needed for WebGPU without a GPU. */
const SOFTWARE_WEBGPU = [
  "--enable-unsafe-webgpu",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--use-angle=swiftshader",
];
const SOFTWARE_WEBGL = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-features=WebGPUService"];

const cleanups = [];
after(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

/**
 * Serves the bundle and gives its address. `alter(folder)` may change a copy of it first; the copy's folder is given
 * too, so that a test can mend what it broke.
 */
export async function serve(alter) {
  assert.ok(existsSync(join(DIST, "index.html")), `there is no bundle in ${DIST}: cargo xtask build`);
  let folder = DIST;
  if (alter) {
    folder = mkdtempSync(join(tmpdir(), "farfield-dist-"));
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
    cpSync(DIST, folder, { recursive: true });
    await alter(folder);
  }
  const server = spawn(XTASK, ["serve", "--no-build", "--port", "0"], {
    cwd: ROOT,
    env: { ...process.env, FARFIELD_DIST: folder },
    stdio: ["ignore", "pipe", "inherit"],
  });
  cleanups.push(() => server.kill());
  const address = await new Promise((resolve, reject) => {
    let said = "";
    server.stdout.on("data", (text) => {
      said += text;
      const found = said.match(/http:\/\/127\.0\.0\.1:\d+\//);
      if (found) resolve(found[0]);
    });
    server.on("error", reject);
    server.on("exit", (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
  });
  return { address, folder };
}

let shared;
/** The unaltered bundle, served once a test file. */
export function site() {
  return (shared ??= serve());
}

const browsers = new Map();
/** Chromium, started once a test file for each kind: with software WebGPU, or without any. */
function browser(webgpu) {
  if (!browsers.has(webgpu)) {
    const started = chromium.launch({
      executablePath: process.env.FARFIELD_CHROMIUM ?? "/usr/bin/chromium",
      headless: true,
      args: [...ALWAYS, ...(webgpu ? SOFTWARE_WEBGPU : SOFTWARE_WEBGL)],
    });
    cleanups.push(async () => (await started).close());
    browsers.set(webgpu, started);
  }
  return browsers.get(webgpu);
}

/** The fragment of a link to a scenario; fields left out take their defaults. */
export function link(scenario, version = 1) {
  return `#s=${version}.${Buffer.from(JSON.stringify(scenario)).toString("base64url")}`;
}

/** A scenario with one site of one sector, the rest as by default. */
export function scenarioOf(site = {}, sector = {}, rest = {}) {
  return { ...rest, sites: [{ ...site, sectors: [sector] }] };
}

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

/** An open page and what one can ask of it. */
export class Tab {
  constructor(page, context, name) {
    Object.assign(this, { page, context, name });
  }

  /** Waits for `predicate`, run in the page, to hold. */
  async until(predicate, argument, timeout = UI_TIMEOUT) {
    try {
      return await this.page.waitForFunction(predicate, argument, { timeout, polling: 50 });
    } catch (error) {
      await this.shoot(`failed-${this.name.replace(/\W+/g, "-")}`).catch(() => {});
      const state = await this.page.evaluate(() => JSON.stringify(window.farfield?.state())).catch(() => "gone");
      throw new Error(`never held: ${predicate} ${JSON.stringify(argument) ?? ""}; the page's state is ${state}`, { cause: error });
    }
  }

  /** Waits until the maps of these engines stand for the current scenario. */
  async maps(...engines) {
    const wanted = engines.length ? engines : ["learned", "traced"];
    await this.until((names) => names.every((name) => window.farfield?.ready(name)), wanted, MAP_TIMEOUT);
  }

  state() {
    return this.page.evaluate(() => window.farfield.state());
  }

  /** The engine's values at all points, `null` where it has none. */
  values(engine, points) {
    const read = ([engine, points]) => points.map(([lon, lat]) => window.farfield.value(engine, lon, lat) ?? null);
    return this.page.evaluate(read, [engine, points]);
  }

  /** Where a point is drawn. */
  project(lon, lat) {
    return this.page.evaluate(([lon, lat]) => window.farfield.project(lon, lat), [lon, lat]);
  }

  /** The layer that is in front, as the toggle says it. */
  layer() {
    return this.page.locator('[data-layer][aria-pressed="true"]').getAttribute("data-layer");
  }

  /** Types a value into one of the page's fields, as a user does. */
  async fill(name, value) {
    const field = this.page.locator(`[name="${name}"]`);
    await field.fill(String(value));
    await field.press("Enter");
    await field.blur();
  }

  /** Waits for a sentence about trouble that matches, and gives it. */
  async notice(pattern, timeout = UI_TIMEOUT) {
    const said = ({ source, flags }) => {
      const all = [...document.querySelectorAll("[data-notice]")].map((notice) => notice.textContent.trim());
      return all.find((text) => new RegExp(source, flags).test(text));
    };
    const found = await this.until(said, { source: pattern.source, flags: pattern.flags }, timeout);
    return found.jsonValue();
  }

  /** Waits until the map has drawn everything it was given. */
  async settled() {
    await this.until(() => !window.farfield.state().busy.length, undefined, MAP_TIMEOUT);
    await this.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }

  /** A screenshot kept as an artefact. */
  shoot(name) {
    return this.page.screenshot({ path: join(ARTEFACTS, `${name}.png`) });
  }
}
