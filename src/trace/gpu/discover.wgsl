// Rays from the transmitter, each telling its mirrors and the tiles it came through: twin of discover.rs.

const TAU = 6.2831853;
const GOLDEN = 2654435769u;

struct Params {
    transmitter: vec3f,
    height: f32,
    origin: vec2f,
    side: f32,
    rise: f32,
    tiles: vec2u,
    reach: f32,
    rays: u32,
    first: u32,
    count: u32,
    depth: u32,
    padding: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
// The rays, neighbours going the same way.
@group(0) @binding(4) var<storage, read> order_of: array<u32>;
// For each ray: `depth` mirrors, then `depth` tiles, the k-th where it came through the plane after k + 1 mirrors.
@group(0) @binding(5) var<storage, read_write> told: array<u32>;

fn aim(i: u32) -> vec3f {
    let half = i / 2u;
    let turn = f32((half * GOLDEN) >> 8u) / 16777216.0;
    let along = vec2f(cos(TAU * turn), sin(TAU * turn));
    let share = (f32(half) + 0.5) / f32((params.rays + 1u) / 2u);
    if i % 2u == 0u {
        let z = 1.0 - 2.0 * share;
        return vec3f(sqrt(max(1.0 - z * z, 0.0)) * along, z);
    }
    return normalize(vec3f(params.reach * sqrt(share) * along, params.rise));
}

fn tile_at(p: vec2f) -> u32 {
    let q = (p - params.origin) / params.side;
    let inside = q.x >= 0.0 && q.y >= 0.0 && q.x < f32(params.tiles.x) && q.y < f32(params.tiles.y);
    return select(NONE, u32(max(q.y, 0.0)) * params.tiles.x + u32(max(q.x, 0.0)), inside);
}

@compute @workgroup_size(64)
fn discover(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= params.count {
        return;
    }
    let slot = id.x * 2u * params.depth;
    for (var k = 0u; k < 2u * params.depth; k++) {
        told[slot + k] = NONE;
    }
    var at = params.transmitter;
    var along = aim(order_of[params.first + id.x]);
    var on = NONE;
    for (var order = 0u; order <= params.depth; order++) {
        let hit = meet(at, along, FAR, on, false);
        if order > 0u && abs(along.z) > 1e-12 {
            let crossing = (params.height - at.z) / along.z;
            if crossing > 0.0 && crossing < hit.t {
                told[slot + params.depth + order - 1u] = tile_at((at + along * crossing).xy);
            }
        }
        if hit.triangle == NONE || order == params.depth {
            return;
        }
        on = triangles[hit.triangle].plane;
        told[slot + order] = on;
        let normal = mirrors[on].normal;
        at += along * hit.t;
        along = normalize(along - 2.0 * dot(along, normal) * normal);
    }
}
