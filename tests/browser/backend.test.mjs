// With WebGPU and without: the same map, and the page says which way it went.
import assert from "node:assert/strict";
import { test } from "node:test";
import { around, both, rings } from "./geometry.mjs";
import { MAST, link, open, scenarioOf } from "./harness.mjs";

/** Wide cells and two reflections: a software GPU computes a fraction of what a small real one does. */
const SCENARIO = scenarioOf({}, {}, { receivers: { cell: 20, height: 1.5 }, engines: { trace: { depth: 2, diffraction: true } } });
const POINTS = rings(MAST, [20, 40, 60, 80, 100, 140, 180, 220, 260, 300], around(36)).map((p) => p.point);

test("without WebGPU the page says so in one line and traces on the CPU", async (t) => {
  const init = () => Object.defineProperty(Navigator.prototype, "gpu", { get: () => undefined });
  const tab = await open(t, { hash: link(SCENARIO), init });
  const said = await tab.notice(/WebGPU/);
  assert.ok(!said.includes("\n"), said);
  assert.equal((await tab.state()).backend, "cpu");
  await tab.maps("traced", "learned");
});

test("a browser started without WebGPU traces on the CPU too", async (t) => {
  const tab = await open(t, { hash: link(SCENARIO), webgpu: false });
  await tab.maps("traced");
  assert.equal((await tab.state()).backend, "cpu");
});

test("asked for a GPU that isn't there, it says that no adapter was found, and the rest keeps working", async (t) => {
  const tab = await open(t, { query: "?backend=gpu", hash: link(SCENARIO), webgpu: false });
  t.diagnostic(await tab.notice(/WebGPU|GPU|adapter/));
  await tab.maps("learned", "empirical");
});

test("the shader in the browser's WebGPU and the CPU twin make the same map", async (t) => {
  const maps = {};
  for (const backend of ["gpu", "cpu"]) {
    const tab = await open(t, { query: `?backend=${backend}`, hash: link(SCENARIO) });
    await tab.maps("traced");
    assert.equal((await tab.state()).backend, backend);
    maps[backend] = await tab.values("traced", POINTS);
    assert.match(await tab.page.locator(".status-text").innerText(), backend === "gpu" ? /^On the GPU \(/ : /^On the CPU · /);
  }
  const pairs = both(maps.gpu, maps.cpu);
  const alone = POINTS.filter((_, i) => (maps.gpu[i] === null) !== (maps.cpu[i] === null));
  const errors = pairs.map(([gpu, cpu]) => Math.abs(gpu - cpu)).sort((a, b) => a - b);
  const at = (share) => errors[Math.min(errors.length - 1, Math.floor(errors.length * share))];
  t.diagnostic(`${pairs.length} points in both maps, ${alone.length} in one alone`);
  t.diagnostic(`median ${at(0.5).toFixed(4)} dB, 99 % within ${at(0.99).toFixed(3)} dB, largest ${at(1).toFixed(3)} dB`);
  assert.ok(pairs.length > 60, `${pairs.length} values in both`);
  assert.ok(alone.length <= POINTS.length * 0.005, `${alone.length} points have a value on one of the two alone`);
  assert.ok(at(0.5) < 0.01, `median ${at(0.5)} dB`);
  assert.ok(at(0.99) < 0.5, `99 % within ${at(0.99)} dB`);
});

test("where there is a GPU, a map that the CPU made says so, and why", async (t) => {
  const engines = { trace: { depth: 1, diffraction: true, corners: true } };
  const scenario = scenarioOf({}, {}, { receivers: { cell: 50, height: 1.5 }, engines });
  const tab = await open(t, { query: "?backend=gpu", hash: link(scenario) });
  await tab.maps("traced");
  const said = await tab.page.locator(".status-text").innerText();
  assert.match(said, /^On the CPU: corners are not traced on the GPU yet · /);
});

test("a GPU that is lost between two maps or in the middle of one costs no map", async (t) => {
  // A map that takes long enough to be lost in the middle, and no longer.
  const scenario = scenarioOf({}, {}, { receivers: { cell: 20, height: 1.5 }, engines: { trace: { depth: 1, diffraction: false } } });
  // What the browser itself says when its GPU process ends.
  const tab = await open(t, { query: "?backend=gpu", hash: link(scenario), expected: /GPU|gpu|WebGL|context|[Dd]evice|lost|Instance/ });
  await tab.maps("traced");
  const kill = async () => {
    const killer = await tab.context.newPage();
    await killer.goto("chrome://gpucrash").catch(() => {});
    await killer.close();
  };
  await kill();
  await tab.fill("azimuth", 200);
  await tab.maps("traced");
  t.diagnostic(`lost between two maps: now on the ${(await tab.state()).backend}`);
  await tab.fill("height", 47);
  await tab.until(() => window.farfield.state().busy.includes("traced"));
  await kill();
  await tab.maps("traced");
  const { backend, error } = await tab.state();
  t.diagnostic(`lost in the middle of one: now on the ${backend}`);
  assert.equal(error, null);
  // Where the browser gives no GPU again, one line says why, and how to ask for it once more.
  if (backend === "cpu") {
    t.diagnostic(await tab.notice(/on the CPU: the GPU was lost/));
    await tab.page.locator('[data-action="retry"]').first().click();
    await tab.maps("traced");
  }
});
