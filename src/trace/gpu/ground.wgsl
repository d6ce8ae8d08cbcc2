// The ground as a lattice of heights: twin of terrain/mod.rs. Each shader says where the heights lie: `ground_height`.

// Flat where it has no side.
struct Ground { origin: vec2f, cell: f32, side: u32 }

fn ground_at(ground: Ground, p: vec2f) -> f32 {
    if ground.side == 0u {
        return 0.0;
    }
    let last = f32(ground.side);
    let q = clamp((p - ground.origin) / ground.cell, vec2f(0.0), vec2f(last));
    let low = min(floor(q), vec2f(last - 1.0));
    let at = vec2u(low);
    let u = q.x - low.x;
    let v = q.y - low.y;
    let row = ground.side + 1u;
    let first = at.y * row + at.x;
    let sw = ground_height(first);
    let se = ground_height(first + 1u);
    let nw = ground_height(first + row);
    let ne = ground_height(first + row + 1u);
    if (at.x + at.y) % 2u == 0u {
        if u >= v {
            return sw + u * (se - sw) + v * (ne - se);
        }
        return sw + v * (nw - sw) + u * (ne - nw);
    }
    if u + v <= 1.0 {
        return sw + u * (se - sw) + v * (nw - sw);
    }
    return ne + (1.0 - u) * (nw - ne) + (1.0 - v) * (se - ne);
}
