// The rooftops and the ground as a profile: twin of diffraction.rs and of the walk in raster.rs.

fn knife_edge_loss(nu: f32) -> f32 {
    if nu <= -0.78 {
        return 0.0;
    }
    let v = nu - 0.1;
    return 6.9 + 20.0 * log2(sqrt(v * v + 1.0) + v) * 0.30103;
}

// The least share of the way at which the next column or row begins.
fn border(i: i32, step: i32, from_: f32, by: f32) -> f32 {
    if by == 0.0 {
        return FAR;
    }
    return (f32(select(i, i + 1, step > 0)) - from_) / by;
}

// The edges of a profile: the steepest slopes from both ends, and the highest nu of a single edge.
struct Edges { from_a: f32, from_b: f32, nu_max: f32 }
const NO_EDGES = Edges(-FAR, -FAR, -FAR);
struct Link { a: vec3f, b: vec3f, distance: f32, wavelength: f32 }

fn with_edge(edges: Edges, link: Link, t: f32, top: f32) -> Edges {
    let da = t * link.distance;
    let db = (1.0 - t) * link.distance;
    if da <= link.wavelength || db <= link.wavelength {
        return edges;
    }
    let excess = top - (link.a.z + (link.b.z - link.a.z) * t);
    let nu = excess * sqrt(2.0 * link.distance / (link.wavelength * da * db));
    return Edges(
        max(edges.from_a, (top - link.a.z) / da),
        max(edges.from_b, (top - link.b.z) / db),
        max(edges.nu_max, nu),
    );
}

// nu of Bullington's equivalent edge.
fn equivalent_edge(edges: Edges, link: Link) -> f32 {
    let rise = link.b.z - link.a.z;
    if edges.from_a < rise / link.distance {
        return edges.nu_max;
    }
    let da = (rise + edges.from_b * link.distance) / (edges.from_a + edges.from_b);
    let db = link.distance - da;
    // Lines of sight that only graze an edge meet nowhere between the ends, by rounding.
    if edges.from_a + edges.from_b <= 0.0 || da <= 0.0 || db <= 0.0 {
        return edges.nu_max;
    }
    let excess = link.a.z + edges.from_a * da - (link.a.z * db + link.b.z * da) / link.distance;
    return excess * sqrt(2.0 * link.distance / (link.wavelength * da * db));
}

// The loss of the equivalent edge of roofs and ground between two points, less what even ground would cost.
fn rooftop_loss(a: vec3f, b: vec3f, wavelength: f32) -> f32 {
    let link = Link(a, b, length(b.xy - a.xy), wavelength);
    if link.distance < 1.1920929e-7 {
        return 0.0;
    }
    let flat_ground = params.ground.side == 0u;
    var over_roofs = NO_EDGES;
    var all = NO_EDGES;
    var even = NO_EDGES;
    var under_a = 0.0;
    var under_b = 0.0;
    if !flat_ground {
        under_a = ground_at(params.ground, a.xy);
        under_b = ground_at(params.ground, b.xy);
    }
    let start = (a.xy - params.raster_origin) / params.raster_cell;
    let d = (b.xy - a.xy) / params.raster_cell;
    let size = vec2f(params.raster_size);
    var t = 0.0;
    var end = 1.0;
    for (var axis = 0u; axis < 2u; axis++) {
        if d[axis] == 0.0 {
            if start[axis] < 0.0 || start[axis] >= size[axis] {
                end = -1.0;
            }
        } else {
            let p = -start[axis] / d[axis];
            let q = (size[axis] - start[axis]) / d[axis];
            t = max(t, min(p, q));
            end = min(end, max(p, q));
        }
    }
    if t <= end {
        let limit = vec2i(params.raster_size) - 1;
        var at = clamp(vec2i(floor(start + d * t)), vec2i(0), limit);
        let step = select(vec2i(-1), vec2i(1), d > vec2f(0.0));
        for (var i = 0u; i < params.raster_size.x + params.raster_size.y + 2u; i++) {
            let tx = border(at.x, step.x, start.x, d.x);
            let ty = border(at.y, step.y, start.y, d.y);
            let leave = clamp(min(tx, ty), t, end);
            let top = heights[u32(at.y) * params.raster_size.x + u32(at.x)];
            let middle = 0.5 * (t + leave);
            if leave <= t {
                // What is only touched, at a corner, is not crossed.
            } else if flat_ground {
                if top > 0.0 {
                    over_roofs = with_edge(over_roofs, link, middle, top);
                }
            } else {
                let height = ground_at(params.ground, mix(a.xy, b.xy, middle));
                if top > height {
                    over_roofs = with_edge(over_roofs, link, middle, top);
                }
                all = with_edge(all, link, middle, max(top, height));
                even = with_edge(even, link, middle, mix(under_a, under_b, middle));
            }
            if leave >= end {
                break;
            }
            if tx <= ty {
                at.x += step.x;
            } else {
                at.y += step.y;
            }
            if any(at < vec2i(0)) || any(at > limit) {
                break;
            }
            t = leave;
        }
    }
    let roofs_alone = knife_edge_loss(equivalent_edge(over_roofs, link));
    if flat_ground {
        return roofs_alone;
    }
    return max(roofs_alone, knife_edge_loss(equivalent_edge(all, link)) - knife_edge_loss(even.nu_max));
}
