// Each receiver tries the candidates of its tile by the image method: twin of path.rs and cpu.rs.

const BEAMS = 4u;
const DIFFRACTION = 1u;
const GOLDEN_SHARE = 0.618034;
const SLACK = 0.01;
// Receivers lower than this are under a roof.
const INDOORS = -1e29;

struct Params {
    transmitter: vec3f,
    depth: u32,
    origin: vec2f,
    cell: f32,
    base: u32,
    nx: u32,
    first: u32,
    count: u32,
    samples: u32,
    tiles_x: u32,
    tile_cells: u32,
    starts: u32,
    surfaces: u32,
    beams: u32,
    flags: u32,
    raster_size: vec2u,
    raster_origin: vec2f,
    raster_cell: f32,
    stands: u32,
    ground: Ground,
    beam: array<Beam, BEAMS>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(4) var<storage, read> signatures: array<u32>;
// Where each tile's list begins, and then the lists.
@group(0) @binding(5) var<storage, read> lists: array<u32>;
// The rooftops' raster, the ground's lattice, and the height of each receiver from `base` on.
@group(0) @binding(6) var<storage, read> heights: array<f32>;
@group(0) @binding(7) var<storage, read> layers: array<Layer>;
// For each receiver, the gain of each beam; negative under a roof.
@group(0) @binding(8) var<storage, read_write> gains: array<f32>;

struct Bounce { point: vec3f, mirror: u32, surface: u32 }
var<private> bounces: array<Bounce, MAX_ORDER>;

fn ground_height(i: u32) -> f32 {
    return heights[params.raster_size.x * params.raster_size.y + i];
}

// Finds the path over `order` mirrors of the signature at `start` and leaves it in `bounces`.
fn find(start: u32, order: u32, to: vec3f) -> bool {
    var images: array<vec3f, 9>;
    images[0] = params.transmitter;
    for (var i = 0u; i < order; i++) {
        let mirror = signatures[start + i];
        images[i + 1u] = images[i] - 2.0 * height_above(mirror, images[i]) * mirrors[mirror].normal;
    }
    var goal = to;
    for (var k = order; k > 0u; k--) {
        let mirror = signatures[start + k - 1u];
        let behind = height_above(mirror, images[k]);
        let before = height_above(mirror, goal);
        if behind * before >= 0.0 {
            return false;
        }
        let point = mix(images[k], goal, behind / (behind - before));
        if any(point < mirrors[mirror].lo - SLACK) || any(point > mirrors[mirror].hi + SLACK) {
            return false;
        }
        bounces[k - 1u] = Bounce(point, mirror, 0u);
        goal = point;
    }
    var leave = params.transmitter;
    var on = NONE;
    if order > 0u {
        leave = bounces[order - 1u].point;
        on = bounces[order - 1u].mirror;
    }
    if meet(leave, to - leave, 1.0, on, true).facet != NONE {
        return false;
    }
    var at = params.transmitter;
    on = NONE;
    for (var k = 0u; k < order; k++) {
        let leg = bounces[k].point - at;
        let limit = 1.0 + 1e-3 + 0.1 / max(length(leg), 1e-9);
        let hit = meet(at, leg, limit, on, false);
        if hit.facet == NONE {
            return false;
        }
        if facets[hit.facet].plane != bounces[k].mirror {
            return false;
        }
        bounces[k].surface = facets[hit.facet].surface;
        at = bounces[k].point;
        on = bounces[k].mirror;
    }
    return true;
}

// Gain of beam `b` over the first `order` bounces.
fn path_gain(b: u32, order: u32, to: vec3f) -> f32 {
    let beam = params.beam[b];
    var at = params.transmitter;
    var distance = 0.0;
    var antenna = 1.0;
    var field = Field(vec3f(0.0), vec3f(0.0));
    var arrival = vec3f(1.0, 0.0, 0.0);
    for (var k = 0u; k <= order; k++) {
        var goal = to;
        if k < order {
            goal = bounces[k].point;
        }
        let leg = goal - at;
        let size = length(leg);
        let direction = leg / max(size, 1e-9);
        distance += size;
        if k == 0u {
            let departure = select(vec3f(1.0, 0.0, 0.0), direction, size > 0.0);
            antenna = antenna_gain(beam, departure);
            field.re = polarisation(beam, departure);
        }
        if k < order {
            let layer = layers[b * params.surfaces + bounces[k].surface];
            field = reflected(field, direction, mirrors[bounces[k].mirror].normal, layer);
        }
        at = goal;
        arrival = select(arrival, direction, size > 0.0);
    }
    return free_space(distance, beam.wavelength) * antenna * received(beam, field, arrival);
}

@compute @workgroup_size(64)
fn gather(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= params.count {
        return;
    }
    let receiver = params.first + id.x;
    let cell = receiver / params.samples;
    let sample = receiver % params.samples;
    let place = vec2u(cell % params.nx, cell / params.nx);
    let corner = params.origin + vec2f(place) * params.cell;
    let slot = id.x * params.beams;
    // Who is indoors is decided outside; here the work is spared.
    let height = heights[params.stands + receiver - params.base];
    if height < INDOORS {
        for (var b = 0u; b < params.beams; b++) {
            gains[slot + b] = 0.0;
        }
        return;
    }
    let column = f32(sample) + 0.5;
    let row = 0.5 + (column - f32(params.samples) / 2.0) * GOLDEN_SHARE;
    let offset = vec2f(column / f32(params.samples), row - floor(row));
    let to = vec3f(corner + offset * params.cell, height);

    var sums: array<f32, BEAMS>;
    let over_roofs = (params.flags & DIFFRACTION) != 0u;
    if over_roofs || find(0u, 0u, to) {
        for (var b = 0u; b < params.beams; b++) {
            var loss = 0.0;
            if over_roofs {
                loss = rooftop_loss(params.transmitter, to, params.beam[b].wavelength);
            }
            sums[b] = path_gain(b, 0u, to) * exp2(-loss * 0.33219281);
        }
    }
    let tile = (place.y / params.tile_cells) * params.tiles_x + place.x / params.tile_cells;
    for (var i = lists[tile]; i < lists[tile + 1u]; i++) {
        let start = lists[params.starts + i] * params.depth;
        var order = 0u;
        while order < params.depth && signatures[start + order] != NONE {
            order += 1u;
        }
        if find(start, order, to) {
            for (var b = 0u; b < params.beams; b++) {
                sums[b] += path_gain(b, order, to);
            }
        }
    }
    for (var b = 0u; b < params.beams; b++) {
        gains[slot + b] = sums[b];
    }
}
