// What leaves take of paths: twin of woods.rs, vegetation.rs and direct.rs.

// The part of a way that rises evenly from one height to another and lies below `top`; its end before its start where none.
fn below(rises_from: f32, to: f32, top: f32) -> vec2f {
    let meets = (top - rises_from) / (to - rises_from);
    if rises_from < top {
        return vec2f(0.0, select(meets, 1.0, to < top));
    }
    return select(vec2f(1.0, 0.0), vec2f(meets, 1.0), to < top);
}

// Metres of the straight way between two points that lie in leaves.
fn in_leaves(a: vec3f, b: vec3f) -> f32 {
    let low = below(a.z, b.z, params.highest_crown);
    if params.crowns == 0u || low.x >= low.y {
        return 0.0;
    }
    let from_ = mix(a, b, low.x);
    let to = mix(a, b, low.y);
    let start = (from_.xy - params.raster_origin) / params.raster_cell;
    let d = (to.xy - from_.xy) / params.raster_cell;
    let part = over_raster(start, d);
    var t = part.x;
    let limit = vec2i(params.raster_size) - 1;
    var at = clamp(vec2i(floor(start + d * t)), vec2i(0), limit);
    let step = select(vec2i(-1), vec2i(1), d > vec2f(0.0));
    var share = 0.0;
    for (var i = 0u; t <= part.y && i < params.raster_size.x + params.raster_size.y + 2u; i++) {
        let tx = border(at.x, step.x, start.x, d.x);
        let ty = border(at.y, step.y, start.y, d.y);
        let leave = clamp(min(tx, ty), t, part.y);
        let crown = heights[params.crowns + u32(at.y) * params.raster_size.x + u32(at.x)];
        if leave > t && crown > 0.0 {
            let within = below(mix(from_.z, to.z, t), mix(from_.z, to.z, leave), crown);
            share += max(within.y - within.x, 0.0) * (leave - t);
        }
        if leave >= part.y {
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
    return share * distance(from_, to);
}

// The share of a wave's power that `metres` of foliage leave of it.
fn left_by_leaves(metres: f32, wavelength: f32) -> f32 {
    if metres <= 0.0 {
        return 1.0;
    }
    let ghz = 0.299792458 / wavelength;
    let through = pow(ghz, 0.284) * min(0.45 * metres, 1.33 * pow(metres, 0.588));
    let loss = min(through, 1.37 * pow(1e3 * ghz, 0.42));
    return exp2(-loss * 0.33219281);
}

// The share of the direct way's power that roofs and leaves leave, and where it is bent; the transmitter where it is not.
struct Direct { left: f32, edge: vec3f }

// The direct way, over roofs or not; over the crowns as well where that costs less than to come through.
fn direct_way(to: vec3f, wavelength: f32, over_roofs: bool) -> Direct {
    var over = Over(0.0, params.transmitter);
    if over_roofs {
        over = over_rooftops(params.transmitter, to, wavelength, false);
    }
    let leaves = in_leaves(params.transmitter, over.edge) + in_leaves(over.edge, to);
    let through = exp2(-over.loss * 0.33219281) * left_by_leaves(leaves, wavelength);
    if over_roofs && leaves > 0.0 {
        let above = over_rooftops(params.transmitter, to, wavelength, true);
        let left = exp2(-above.loss * 0.33219281);
        if left > through {
            return Direct(left, above.edge);
        }
    }
    return Direct(through, over.edge);
}
