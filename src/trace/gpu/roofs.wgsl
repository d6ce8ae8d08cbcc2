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

// The part of `start + d * t`, 0 <= t <= 1, that lies over the raster; its end before its start where none does.
fn over_raster(start: vec2f, d: vec2f) -> vec2f {
    let size = vec2f(params.raster_size);
    var part = vec2f(0.0, 1.0);
    for (var axis = 0u; axis < 2u; axis++) {
        if d[axis] == 0.0 {
            if start[axis] < 0.0 || start[axis] >= size[axis] {
                part.y = -1.0;
            }
        } else {
            let p = -start[axis] / d[axis];
            let q = (size[axis] - start[axis]) / d[axis];
            part = vec2f(max(part.x, min(p, q)), min(part.y, max(p, q)));
        }
    }
    return part;
}

// Where Bullington's equivalent edge stands: metres from the first end, or a negative number with line of sight.
fn edge_at(edges: Edges, link: Link) -> f32 {
    let rise = link.b.z - link.a.z;
    if edges.from_a < rise / link.distance || edges.from_a + edges.from_b <= 0.0 {
        return -1.0;
    }
    let da = (rise + edges.from_b * link.distance) / (edges.from_a + edges.from_b);
    return select(-1.0, da, da > 0.0 && da < link.distance);
}

// nu of Bullington's equivalent edge.
fn equivalent_edge(edges: Edges, link: Link) -> f32 {
    // Lines of sight that only graze an edge meet nowhere between the ends, by rounding.
    let da = edge_at(edges, link);
    let db = link.distance - da;
    if da <= 0.0 {
        return edges.nu_max;
    }
    let excess = link.a.z + edges.from_a * da - (link.a.z * db + link.b.z * da) / link.distance;
    return excess * sqrt(2.0 * link.distance / (link.wavelength * da * db));
}

// Loss of the equivalent edge, and that edge; the first end where it stands nowhere between them.
struct Over { loss: f32, edge: vec3f }

fn over_edge(loss: f32, edges: Edges, link: Link) -> Over {
    let da = edge_at(edges, link);
    if loss <= 0.0 || da <= 0.0 {
        return Over(loss, link.a);
    }
    return Over(loss, vec3f(mix(link.a.xy, link.b.xy, da / link.distance), link.a.z + edges.from_a * da));
}

// The equivalent edge of roofs, of crowns where these count, and of the ground between two points, and what it costs more
// than even ground would.
fn over_rooftops(a: vec3f, b: vec3f, wavelength: f32, crowned: bool) -> Over {
    let link = Link(a, b, length(b.xy - a.xy), wavelength);
    if link.distance < 1.1920929e-7 {
        return Over(0.0, a);
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
    let part = over_raster(start, d);
    var t = part.x;
    let end = part.y;
    if t <= end {
        let limit = vec2i(params.raster_size) - 1;
        var at = clamp(vec2i(floor(start + d * t)), vec2i(0), limit);
        let step = select(vec2i(-1), vec2i(1), d > vec2f(0.0));
        for (var n = 0u; n < params.raster_size.x + params.raster_size.y + 2u; n++) {
            let tx = border(at.x, step.x, start.x, d.x);
            let ty = border(at.y, step.y, start.y, d.y);
            let leave = clamp(min(tx, ty), t, end);
            let i = u32(at.y) * params.raster_size.x + u32(at.x);
            var top = heights[i];
            if crowned {
                top = max(top, heights[params.crowns + i]);
            }
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
        return over_edge(roofs_alone, over_roofs, link);
    }
    let loss = max(roofs_alone, knife_edge_loss(equivalent_edge(all, link)) - knife_edge_loss(even.nu_max));
    return over_edge(loss, all, link);
}
