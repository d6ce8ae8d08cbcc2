// Archives by their address, from servers that do it right and servers that don't: a working map, or a sentence.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { MUNICH } from "./archive.mjs";
import { MAST, link, open, site } from "./harness.mjs";
import { misbehaving } from "./misbehave.mjs";

/** The browser itself logs failed downloads; they are what the tests are about. */
const DOWNLOADS = /Failed to load resource|pmtiles|PMTiles|magic|AJAXError|status|CORS|net::ERR|fetch|Access-Control/i;

const CITY = readFileSync(join((await site()).folder, MUNICH));

const scenario = (city, [lon, lat] = MAST) => link({ city, sites: [{ position: { lon, lat }, height: 45 }] });

/** Opens the page on the archive of a server that behaves so. */
async function visit(t, behave) {
  const server = await misbehaving(t, CITY, behave);
  const tab = await open(t, { query: "?backend=cpu", hash: scenario(server.url), expected: DOWNLOADS });
  return { tab, ...server };
}

for (const [name, behave] of [
  ["serves ranges as it should", () => false],
  ["ignores ranges", ({ response, headers }) => response.writeHead(200, { ...headers, "Content-Length": CITY.length }).end(CITY)],
  ["calls every range unsatisfiable", ({ range, response, headers }) => range && response.writeHead(416, headers).end()],
  [
    "answers with another range than was asked for",
    ({ range, response, headers }) => range && response.writeHead(206, { ...headers, "Content-Range": "bytes 1-9/100" }).end("123456789"),
  ],
  [
    "compresses ranges on the way",
    ({ range, response, headers }) => {
      if (!range) return false;
      const packed = gzipSync(Buffer.alloc(100));
      return response.writeHead(206, { ...headers, "Content-Encoding": "gzip", "Content-Length": packed.length }).end(packed);
    },
  ],
  [
    "wraps ranges in parts",
    ({ range, response, headers }) => range && response.writeHead(206, { ...headers, "Content-Type": "multipart/byteranges; boundary=x" }).end("--x--"),
  ],
  ["is busy at first", ({ count, response, headers }) => count <= 2 && response.writeHead(503, { ...headers, "Retry-After": "1" }).end()],
  ["drops every fourth connection", ({ count, response }) => count % 4 === 1 && response.destroy()],
  ["is slow", ({ honest }) => setTimeout(honest, 400)],
]) {
  test(`a city from a server that ${name} is a map`, async (t) => {
    const { tab } = await visit(t, behave);
    await tab.maps("empirical");
    assert.equal((await tab.state()).error, null);
  });
}

for (const [name, behave, sentence] of [
  ["drops every connection", ({ response }) => response.destroy(), /could not be fetched|does not let pages/],
  ["is always busy", ({ response, headers }) => response.writeHead(503, headers).end(), /HTTP status 503/],
  ["serves neither ranges nor the whole", ({ response, headers }) => response.writeHead(416, headers).end(), /can't serve parts of it.*416/],
  [
    "lets no other page read",
    ({ response, honest }) => {
      const write = response.writeHead.bind(response);
      response.writeHead = (status) => write(status, {});
      return honest();
    },
    /does not let pages of http:\/\/127\.0\.0\.1:\d+ read it.*Access-Control-Allow-Origin.*Range/,
  ],
  ["has a web page there", ({ response, headers }) => response.writeHead(200, { ...headers, "Content-Type": "text/html" }).end("<!doctype html><p>Hello"), /web page/],
  [
    "announces more than it sends",
    ({ response, headers }) => {
      response.writeHead(200, { ...headers, "Content-Length": 9_000_000 });
      response.write("PMTiles");
      return setTimeout(() => response.destroy(), 50);
    },
    /could not be fetched|announced/,
  ],
]) {
  test(`a city from a server that ${name} is a sentence`, async (t) => {
    const { tab } = await visit(t, behave);
    const said = await tab.notice(sentence, 60_000);
    t.diagnostic(said);
    assert.ok(said.length < 500, said);
    assert.ok(await tab.page.locator('[name="azimuth"]').isVisible(), "the panel keeps working");
  });
}

test("an archive that changes while it is read is read anew", async (t) => {
  let changed = false;
  const { tab } = await visit(t, ({ range, headers, honest }) => {
    // One version for the first block, another from then on.
    changed ||= range !== null && range[0] > 0;
    headers.ETag = changed ? '"two"' : '"one"';
    return honest();
  });
  await tab.maps("empirical");
  assert.equal((await tab.state()).error, null);
});

test("a second visit finds its blocks in the browser", async (t) => {
  const { tab, asked } = await visit(t);
  await tab.maps("empirical");
  await tab.until(async () => (await (await caches.open("farfield-archives-1")).keys()).length > 2);
  // The reader of the engines asks for whole blocks of 16 KiB; the map's own reader doesn't.
  const blocks = () => asked.filter((range) => range && range[0] > 0 && range[0] % 16384 === 0).length;
  const first = blocks();
  assert.ok(first > 0);
  await tab.page.reload();
  await tab.maps("empirical");
  assert.equal(blocks(), first, "nothing but the first block, which tells the version, is fetched again");
});

test("of a large archive the part around the site is read, and another when the site goes there", async (t) => {
  const shared = process.env.FARFIELD_SHARED ?? join(import.meta.dirname, "../../../shared");
  const path = join(shared, "data/tiles/protomaps_firenze_ODbL.pmtiles");
  if (!existsSync(path)) {
    console.error(`SKIPPED of a large archive the part around the site is read: no ${path}`);
    t.skip(`no ${path}`);
    return;
  }
  const server = await misbehaving(t, readFileSync(path));
  const duomo = [11.2558, 43.7731];
  const tab = await open(t, { query: "?backend=cpu", hash: scenario(server.url, duomo), expected: DOWNLOADS });
  await tab.maps("empirical");
  assert.ok((await tab.values("empirical", [[11.2585, 43.7745]]))[0] !== undefined);
  // Some four kilometres to the west, in the same archive.
  await tab.fill("longitude", 11.2058);
  await tab.fill("latitude", 43.779);
  await tab.maps("empirical");
  assert.equal((await tab.state()).error, null);
});
