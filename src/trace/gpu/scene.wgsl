// The scene and the walk through its hierarchy: twin of bvh.rs.

const NONE = 0xffffffffu;
const FAR = 1e30;
const STACK = 64u;
const SEAM = 1e-5;
const PARALLEL = 1e-12;
const TINY = 1e-20;
const MAX_ORDER = 8u;
// As in facet.rs.
const PARALLELOGRAM = 1u;

struct Node { lo: vec3f, first: u32, hi: vec3f, count: u32 }
struct Facet { v0: vec3f, plane: u32, e1: vec3f, surface: u32, e2: vec3f, span: u32 }
struct Mirror { normal: vec3f, offset: f32, lo: vec3f, padding: u32, hi: vec3f, padding2: u32 }
struct Hit { t: f32, facet: u32 }

@group(0) @binding(1) var<storage, read> nodes: array<Node>;
@group(0) @binding(2) var<storage, read> facets: array<Facet>;
@group(0) @binding(3) var<storage, read> mirrors: array<Mirror>;

// Where the ray enters a node's box, FAR where it doesn't before `limit`.
fn enter(node: u32, origin: vec3f, inverse: vec3f, limit: f32) -> f32 {
    let a = (nodes[node].lo - origin) * inverse;
    let b = (nodes[node].hi - origin) * inverse;
    let lower = min(a, b);
    let upper = max(a, b);
    let near = max(max(max(lower.x, lower.y), lower.z), 0.0);
    let far = min(min(min(upper.x, upper.y), upper.z), limit);
    return select(FAR, near, near <= far);
}

// Where the ray meets a facet, -1 where it doesn't.
fn intersect(index: u32, origin: vec3f, direction: vec3f) -> f32 {
    let e1 = facets[index].e1;
    let e2 = facets[index].e2;
    let p = cross(direction, e2);
    let determinant = dot(e1, p);
    if abs(determinant) < PARALLEL {
        return -1.0;
    }
    let inverse = 1.0 / determinant;
    let s = origin - facets[index].v0;
    let u = dot(s, p) * inverse;
    let q = cross(s, e1);
    let v = dot(direction, q) * inverse;
    let slant = select(v, 0.0, facets[index].span == PARALLELOGRAM);
    let inside = u >= -SEAM && v >= -SEAM && v <= 1.0 + SEAM && u + slant <= 1.0 + SEAM;
    return select(-1.0, dot(e2, q) * inverse, inside);
}

fn inverted(d: f32) -> f32 {
    return 1.0 / select(d, select(TINY, -TINY, d < 0.0), abs(d) < TINY);
}

// The first facet with 0 < t < limit that is not of plane `except`; with `some`, any such facet.
fn meet(origin: vec3f, direction: vec3f, ahead: f32, except: u32, some: bool) -> Hit {
    let inverse = vec3f(inverted(direction.x), inverted(direction.y), inverted(direction.z));
    var limit = ahead;
    var best = Hit(FAR, NONE);
    var stack: array<u32, STACK>;
    var top = 0u;
    var next = select(NONE, 0u, enter(0u, origin, inverse, limit) < FAR);
    while next != NONE {
        let node = next;
        next = NONE;
        let count = nodes[node].count;
        let first = nodes[node].first;
        if count > 0u {
            for (var i = first; i < first + count; i++) {
                if facets[i].plane == except {
                    continue;
                }
                let t = intersect(i, origin, direction);
                if t > 0.0 && t < limit {
                    limit = t;
                    best = Hit(t, i);
                    if some {
                        return best;
                    }
                }
            }
        } else {
            let a = enter(first, origin, inverse, limit);
            let b = enter(first + 1u, origin, inverse, limit);
            if a < FAR && b < FAR {
                let left = a <= b;
                next = select(first + 1u, first, left);
                stack[min(top, STACK - 1u)] = select(first, first + 1u, left);
                top += 1u;
            } else if a < FAR {
                next = first;
            } else if b < FAR {
                next = first + 1u;
            }
        }
        while next == NONE && top > 0u {
            top -= 1u;
            let waiting = stack[min(top, STACK - 1u)];
            if enter(waiting, origin, inverse, limit) < FAR {
                next = waiting;
            }
        }
    }
    return best;
}

fn height_above(mirror: u32, p: vec3f) -> f32 {
    return dot(mirrors[mirror].normal, p) - mirrors[mirror].offset;
}
