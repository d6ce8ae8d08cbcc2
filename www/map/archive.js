// City archives: how the map reads them, where those beside them lie, and whom they credit.

import { addProtocol } from "maplibre-gl";
import { PMTiles, Protocol } from "pmtiles";

const protocol = new Protocol();
addProtocol("pmtiles", protocol.tile);

/** Reads the archive at `url` from its beginning, forgetting what was read of it before. */
export function archiveAt(url) {
  const archive = new PMTiles(url);
  protocol.add(archive);
  return archive;
}

/** The address that the archive at `base` calls `name`; `null` where it lies nowhere, as a file in the user's hands. */
export function addressOf(name, base) {
  const url = URL.parse(name, base);
  return ["http:", "https:"].includes(url?.protocol) ? url.href : null;
}

/** An archive's credit as text with at most one link of ours in it: an archive may come from anywhere. */
export function credit(html) {
  const text = new DOMParser().parseFromString(String(html ?? ""), "text/html").body.textContent.trim();
  const safe = text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
  const osm = '<a href="https://www.openstreetmap.org/copyright" target="_blank" rel="noopener">OpenStreetMap</a>';
  return safe.replace("OpenStreetMap", osm);
}
