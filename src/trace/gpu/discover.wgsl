// Rays from the transmitter, each telling its mirrors and the tiles it came through: twin of discover.rs.

const TAU = 6.2831853;
const GOLDEN = 2654435769u;
const RING = 610u;
const STEP = 377u;
// As in level.rs.
const CROSSINGS = 2u;
const STEPS_A_TILE = 2.0;
const MAX_STEPS = 1024.0;
const LOWEST = -1e5;
// As in discover.rs.
const LEAST_RISE = 1.0;
const NEARNESS = 0.75;
const OVER_SPHERE = 4u;

struct Params {
    transmitter: vec3f,
    height: f32,
    origin: vec2f,
    side: f32,
    ceiling: f32,
    tiles: vec2u,
    reach: f32,
    rays: u32,
    first: u32,
    count: u32,
    depth: u32,
    padding: u32,
    ground: Ground,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(4) var<storage, read> heights: array<f32>;
// For each ray: `depth` mirrors, then the tiles where it came through the receivers' level after each of them.
@group(0) @binding(5) var<storage, read_write> told: array<u32>;

fn ground_height(i: u32) -> f32 {
    return heights[i];
}

// Height of a receiver.
fn level(p: vec2f) -> f32 {
    return ground_at(params.ground, p) + params.height;
}

fn aim(ray: u32) -> vec3f {
    let at_level = params.rays - params.rays / OVER_SPHERE;
    let at_plane = ray < at_level;
    let number = select(ray - at_level, ray, at_plane);
    let rays = select(params.rays - at_level, at_level, at_plane);
    let ring = number / RING * RING;
    let place = number % RING;
    let i = ring + select(place, place * STEP % RING, ring + RING <= rays);
    let turn = f32((i * GOLDEN) >> 8u) / 16777216.0;
    let along = vec2f(cos(TAU * turn), sin(TAU * turn));
    let share = (f32(i) + 0.5) / f32(rays);
    if at_plane {
        let way = params.reach * pow(share, NEARNESS) * along;
        let rise = level(params.transmitter.xy + way) - params.transmitter.z;
        let least = select(LEAST_RISE, -LEAST_RISE, rise < 0.0);
        return normalize(vec3f(way, select(rise, least, abs(rise) < LEAST_RISE)));
    }
    let z = 1.0 - 2.0 * share;
    return vec3f(sqrt(max(1.0 - z * z, 0.0)) * along, z);
}

fn tile_at(p: vec2f) -> u32 {
    let q = (p - params.origin) / params.side;
    let inside = q.x >= 0.0 && q.y >= 0.0 && q.x < f32(params.tiles.x) && q.y < f32(params.tiles.y);
    return select(NONE, u32(max(q.y, 0.0)) * params.tiles.x + u32(max(q.x, 0.0)), inside);
}

fn above(p: vec3f) -> f32 {
    return p.z - level(p.xy);
}

// The tiles where the ray comes through the receivers' level before `limit`, the first ones.
fn crossings(origin: vec3f, direction: vec3f, limit: f32) -> array<u32, CROSSINGS> {
    var found = array<u32, CROSSINGS>(NONE, NONE);
    if params.ground.side == 0u {
        let t = (params.height - origin.z) / direction.z;
        if abs(direction.z) > 1e-12 && t > 0.0 && t < limit {
            found[0] = tile_at((origin + direction * t).xy);
        }
        return found;
    }
    let low = vec3f(params.origin, LOWEST);
    let high = vec3f(params.origin + vec2f(params.tiles) * params.side, params.ceiling);
    var start = 0.0;
    var end = limit;
    for (var axis = 0u; axis < 3u; axis++) {
        if direction[axis] == 0.0 {
            if origin[axis] < low[axis] || origin[axis] > high[axis] {
                return found;
            }
        } else {
            let a = (low[axis] - origin[axis]) / direction[axis];
            let b = (high[axis] - origin[axis]) / direction[axis];
            start = max(start, min(a, b));
            end = min(end, max(a, b));
        }
    }
    if start >= end {
        return found;
    }
    let steps = clamp(ceil((end - start) * length(direction.xy) * STEPS_A_TILE / params.side), 1.0, MAX_STEPS);
    let step = (end - start) / steps;
    var count = 0u;
    var last = above(origin + direction * start);
    for (var i = 0u; i < u32(steps); i++) {
        let t = start + step * f32(i);
        let next = above(origin + direction * (t + step));
        if (last < 0.0) != (next < 0.0) {
            found[count] = tile_at((origin + direction * (t + step * last / (last - next))).xy);
            count += 1u;
            if count == CROSSINGS {
                break;
            }
        }
        last = next;
    }
    return found;
}

@compute @workgroup_size(64)
fn discover(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= params.count {
        return;
    }
    let words = (1u + CROSSINGS) * params.depth;
    let slot = id.x * words;
    for (var k = 0u; k < words; k++) {
        told[slot + k] = NONE;
    }
    var at = params.transmitter;
    var along = aim(params.first + id.x);
    var on = NONE;
    for (var order = 0u; order <= params.depth; order++) {
        let hit = meet(at, along, FAR, on, false);
        if order > 0u {
            let found = crossings(at, along, hit.t);
            for (var k = 0u; k < CROSSINGS; k++) {
                told[slot + params.depth + (order - 1u) * CROSSINGS + k] = found[k];
            }
        }
        if hit.facet == NONE || order == params.depth {
            return;
        }
        on = facets[hit.facet].plane;
        told[slot + order] = on;
        let normal = mirrors[on].normal;
        at += along * hit.t;
        along = normalize(along - 2.0 * dot(along, normal) * normal);
    }
}
