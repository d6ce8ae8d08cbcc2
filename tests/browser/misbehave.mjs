// A static server of one archive that misbehaves as a test tells it to: on loopback, on another origin than the page.
import { createServer } from "node:http";

const CORS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Headers": "Range",
  "Access-Control-Expose-Headers": "Content-Range, Content-Length, Content-Encoding, ETag, Retry-After",
};

/**
 * Serves `file` (bytes) as `/city.pmtiles` until the test ends. `behave(ask)` answers a request itself and gives true, or
 * leaves it to the honest server; `ask` is `{ range: [first, last] | null, count, response, headers, honest() }`.
 * Gives the address and the log of ranges.
 */
export async function misbehaving(t, file, behave = () => false) {
  const asked = [];
  const server = createServer((request, response) => {
    const headers = { ...CORS, "Content-Type": "application/octet-stream", ETag: '"one"', "Cache-Control": "no-store" };
    if (request.method === "OPTIONS") {
      response.writeHead(204, CORS).end();
      return;
    }
    const said = request.headers.range?.match(/^bytes=(\d+)-(\d+)$/);
    const range = said ? [Number(said[1]), Math.min(Number(said[2]), file.length - 1)] : null;
    asked.push(range);
    const honest = () => {
      if (!range) return response.writeHead(200, { ...headers, "Content-Length": file.length }).end(file);
      const [first, last] = range;
      if (first >= file.length) return response.writeHead(416, { ...headers, "Content-Range": `bytes */${file.length}` }).end();
      const part = file.subarray(first, last + 1);
      const about = { "Content-Range": `bytes ${first}-${last}/${file.length}`, "Content-Length": part.length };
      return response.writeHead(206, { ...headers, ...about }).end(part);
    };
    if (!behave({ range, count: asked.length, request, response, headers, honest })) honest();
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${server.address().port}/city.pmtiles`, asked };
}
