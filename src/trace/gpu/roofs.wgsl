// The rooftops as a height field: twin of raster.rs and diffraction.rs.

fn roof_at(p: vec2f) -> f32 {
    let q = (p - params.raster_origin) / params.raster_cell;
    let size = vec2f(params.raster_size);
    if any(q < vec2f(0.0)) || any(q >= size) {
        return 0.0;
    }
    let at = min(vec2u(q), params.raster_size - 1u);
    return roofs[at.y * params.raster_size.x + at.x];
}

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

// The loss of Bullington's equivalent edge over the cells between two points.
fn rooftop_loss(a: vec3f, b: vec3f, wavelength: f32) -> f32 {
    let distance = length(b.xy - a.xy);
    if distance < 1.1920929e-7 {
        return 0.0;
    }
    var from_a = -FAR;
    var from_b = -FAR;
    var nu_max = -FAR;
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
            let top = roofs[u32(at.y) * params.raster_size.x + u32(at.x)];
            let middle = 0.5 * (t + leave);
            let da = middle * distance;
            let db = (1.0 - middle) * distance;
            if top > 0.0 && da > wavelength && db > wavelength {
                from_a = max(from_a, (top - a.z) / da);
                from_b = max(from_b, (top - b.z) / db);
                let excess = top - (a.z + (b.z - a.z) * middle);
                nu_max = max(nu_max, excess * sqrt(2.0 * distance / (wavelength * da * db)));
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
    var nu = nu_max;
    if from_a >= (b.z - a.z) / distance {
        let da = (b.z - a.z + from_b * distance) / (from_a + from_b);
        let db = distance - da;
        let excess = a.z + from_a * da - (a.z * db + b.z * da) / distance;
        nu = excess * sqrt(2.0 * distance / (wavelength * da * db));
    }
    return knife_edge_loss(nu);
}
