// The bundle on a loopback port, and Chromium with a fresh profile: what the browser tests and the bench stand on.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, "../..");
const DIST = process.env.FARFIELD_DIST ?? join(ROOT, "dist");
export const XTASK = process.env.FARFIELD_XTASK ?? join(ROOT, "target/debug/xtask");

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

/** Ends every server and browser, and removes the copies. */
export async function close() {
  for (const cleanup of cleanups.reverse()) await cleanup();
}

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
export function browser(webgpu) {
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
