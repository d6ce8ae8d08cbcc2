// Links to scenarios, made here apart from the code under test.

/** The fragment of a link to a scenario; fields left out take their defaults. */
export function link(scenario, version = 1) {
  return `#s=${version}.${Buffer.from(JSON.stringify(scenario)).toString("base64url")}`;
}

/** A scenario with one site of one sector, the rest as by default. */
export function scenarioOf(site = {}, sector = {}, rest = {}) {
  return { ...rest, sites: [{ ...site, sectors: [sector] }] };
}

/** Where the default scenario's site stands, `[lon, lat]`. */
export const MAST = [11.57696, 48.1362];
