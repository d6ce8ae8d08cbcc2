// An open page, and what one can ask of it: through its own window on itself (see README.md), by mouse and by keyboard.
// Nothing here waits for a time; everything waits for a condition.
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ARTEFACTS = join(dirname(fileURLToPath(import.meta.url)), "artefacts");
mkdirSync(ARTEFACTS, { recursive: true });

/** Longest wait for a map: software rendering on two busy cores, not a user's machine. */
const MAP_TIMEOUT = 180_000;
/** Longest wait for anything that computes nothing. */
const UI_TIMEOUT = 30_000;

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

  /** Waits until the scenario in the address, which is written with a short delay, is one for which `predicate` holds. */
  async linked(predicate) {
    await this.until(`(() => {
      const text = location.hash.match(/s=1\\.([\\w-]+)/)?.[1];
      return text && (${predicate})(JSON.parse(atob(text.replaceAll("-", "+").replaceAll("_", "/"))));
    })()`);
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

  /** Drags the site about for `moves` steps of 16 ms, and gives the drafts that were shown on the way: `{ at, millis }` each. */
  async dragAbout(moves) {
    const handle = await this.page.locator('[data-site="0"]').boundingBox();
    const [x, y] = [handle.x + handle.width / 2, handle.y + handle.height / 2];
    await this.page.mouse.move(x, y);
    await this.page.mouse.down();
    await this.page.evaluate(() => {
      const shown = [];
      const look = () => {
        const made = window.farfield.made("traced");
        if (made?.draft && shown.at(-1)?.millis !== made.millis) shown.push({ at: performance.now(), millis: made.millis });
      };
      window.drag = { shown, timer: setInterval(look, 4) };
    });
    for (let i = 1; i <= moves; i++) {
      await this.page.mouse.move(x + 60 * Math.sin(i / 20), y + 40 * (1 - Math.cos(i / 15)));
      await this.page.evaluate(() => new Promise((done) => setTimeout(done, 16)));
    }
    const shown = await this.page.evaluate(() => {
      clearInterval(window.drag.timer);
      return window.drag.shown;
    });
    await this.page.mouse.up();
    return shown;
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
    // Layers whose shaders are being made.
    await this.until(() => !document.querySelector('#map canvas[aria-busy="true"]'), undefined, MAP_TIMEOUT);
    await this.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }

  /** Waits until the map draws nothing new: two pictures in a row are the same. */
  async drawn() {
    await this.settled();
    const map = this.page.locator("#map");
    for (let before = null; ; ) {
      const now = await map.screenshot();
      if (before?.equals(now)) return;
      before = now;
      await this.page.evaluate(() => new Promise((done) => setTimeout(() => requestAnimationFrame(done), 300)));
    }
  }

  /** A screenshot kept as an artefact. */
  shoot(name) {
    return this.page.screenshot({ path: join(ARTEFACTS, `${name}.png`) });
  }
}
