// Each receiver tries the candidates of its tile by the image method: twin of path.rs and cpu.rs.

const BEAMS = 4u;
// Words that are told of a beam, if it is more than power.
const ARRIVAL_WORDS = 8u;
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
    crowns: u32,
    highest_crown: f32,
    padding: vec2u,
    beam: array<Beam, BEAMS>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(4) var<storage, read> signatures: array<u32>;
// Where each tile's list begins, and then the lists.
@group(0) @binding(5) var<storage, read> lists: array<u32>;
// The rooftops' raster, the ground's lattice, the raster of crowns where `crowns` says, and the height of each receiver from
// `base` on.
@group(0) @binding(6) var<storage, read> heights: array<f32>;
@group(0) @binding(7) var<storage, read> layers: array<Layer>;
// For each receiver and each beam the gain, and with ARRIVAL how it spreads: the fields of `Moments` in spread.rs.
@group(0) @binding(8) var<storage, read_write> told: array<f32>;

// Whether how paths arrive is kept beside their power.
override ARRIVAL: bool = false;

struct Bounce { point: vec3f, mirror: u32, surface: u32 }
var<private> bounces: array<Bounce, MAX_ORDER>;

// How a path comes in: metres longer than the straight way, and towards where it comes from.
struct Way { excess: f32, towards: vec3f }
// How what arrives spreads about its mean: twin of `Moments` in spread.rs.
struct Spread { excess: f32, excess_squares: f32, heading: vec2f, heading_squares: f32, slope: vec2f }
var<private> sums: array<f32, BEAMS>;
var<private> spreads: array<Spread, BEAMS>;

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

// Metres in leaves over the first `order` bounces.
fn leaves_on_path(order: u32, to: vec3f) -> f32 {
    if params.crowns == 0u {
        return 0.0;
    }
    var metres = 0.0;
    var at = params.transmitter;
    for (var k = 0u; k < order; k++) {
        metres += in_leaves(at, bounces[k].point);
        at = bounces[k].point;
    }
    return metres + in_leaves(at, to);
}

fn direction_to(goal: vec3f, from_: vec3f) -> vec3f {
    let way = goal - from_;
    return way / max(length(way), 1e-9);
}

// That of the path over the first `order` bounces.
fn way_of(order: u32, to: vec3f) -> Way {
    var at = params.transmitter;
    var metres = 0.0;
    for (var k = 0u; k < order; k++) {
        metres += length(bounces[k].point - at);
        at = bounces[k].point;
    }
    let excess = metres + length(to - at) - length(to - params.transmitter);
    return Way(max(excess, 0.0), direction_to(at, to));
}

// That of the straight path, bent over the rooftops at `edge` if it is, which else is the transmitter.
fn way_over(edge: vec3f, to: vec3f) -> Way {
    let metres = length(edge - params.transmitter) + length(to - edge);
    return Way(max(metres - length(to - params.transmitter), 0.0), direction_to(edge, to));
}

fn add(b: u32, power: f32, way: Way) {
    // Not for NaN either, which would spoil all that came before.
    if ARRIVAL && !(power > 0.0) {
        return;
    }
    sums[b] += power;
    if !ARRIVAL {
        return;
    }
    let share = power / sums[b];
    var s = spreads[b];
    let off = way.excess - s.excess;
    s.excess += share * off;
    s.excess_squares += power * off * (way.excess - s.excess);
    let level = length(way.towards.xy);
    let heading = select(way.towards.xy / max(level, TINY), vec2f(0.0, 1.0), level <= TINY);
    let turn = heading - s.heading;
    s.heading += share * turn;
    s.heading_squares += power * dot(turn, heading - s.heading);
    s.slope += share * (vec2f(level, way.towards.z) - s.slope);
    spreads[b] = s;
}

// Tells what has been added up.
fn tell(slot: u32) {
    for (var b = 0u; b < params.beams; b++) {
        if !ARRIVAL {
            told[slot + b] = sums[b];
            continue;
        }
        let s = spreads[b];
        var words = array(
            sums[b], s.excess, s.excess_squares, s.heading.x, s.heading.y, s.heading_squares, s.slope.x, s.slope.y
        );
        for (var i = 0u; i < ARRIVAL_WORDS; i++) {
            told[slot + b * ARRIVAL_WORDS + i] = words[i];
        }
    }
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
    let slot = id.x * params.beams * select(1u, ARRIVAL_WORDS, ARRIVAL);
    // Who is indoors is decided outside; here the work is spared.
    let height = heights[params.stands + receiver - params.base];
    if height < INDOORS {
        tell(slot);
        return;
    }
    let column = f32(sample) + 0.5;
    let row = 0.5 + (column - f32(params.samples) / 2.0) * GOLDEN_SHARE;
    let offset = vec2f(column / f32(params.samples), row - floor(row));
    let to = vec3f(corner + offset * params.cell, height);

    let over_roofs = (params.flags & DIFFRACTION) != 0u;
    if over_roofs || find(0u, 0u, to) {
        var direct = Direct(1.0, params.transmitter);
        for (var b = 0u; b < params.beams; b++) {
            let wavelength = params.beam[b].wavelength;
            // The sectors of a mast mostly share a frequency, and then the profile.
            if b == 0u || wavelength != params.beam[b - 1u].wavelength {
                direct = direct_way(to, wavelength, over_roofs);
            }
            add(b, path_gain(b, 0u, to) * direct.left, way_over(direct.edge, to));
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
            let leaves = leaves_on_path(order, to);
            let way = way_of(order, to);
            for (var b = 0u; b < params.beams; b++) {
                add(b, path_gain(b, order, to) * left_by_leaves(leaves, params.beam[b].wavelength), way);
            }
        }
    }
    tell(slot);
}
