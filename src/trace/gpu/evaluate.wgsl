// Power of stored paths and its derivatives: twin of store/evaluate.rs, sheet.rs and aim.rs, in f32. One invocation a receiver.

const MOST_MEETINGS = 8u;
const MATERIAL_SLOTS = 56u;
const ANTENNA_SLOTS = 7u;
const SLOTS = 63u;
const TRANSMISSION = 1u;
const DIFFRACTION = 2u;
// 10 / ln 10.
const DECIBELS = 4.34294482;

struct Params {
    azimuth: vec2f,
    downtilt: vec2f,
    sent: vec2f,
    heard: vec2f,
    peak: f32,
    narrow_azimuth: f32,
    narrow_elevation: f32,
    front_to_back: f32,
    side_lobes: f32,
    offset: f32,
    first: u32,
    count: u32,
    columns: u32,
    padding: u32,
}
struct Trail { departure: vec3f, spread: f32, turn: vec2f, first: u32, padding: u32 }
struct Meeting { what: u32, cosine: f32, turn: vec2f }
struct Face { share: vec2f, cosine: f32, padding: f32, entering: vec2f, leaving: vec2f }
struct Bent { direct: vec2f, surfaces: vec2u, faces: array<Face, 2> }
struct Sheet {
    eta: vec2f,
    eta_by_conductivity: f32,
    thickness: f32,
    specular: f32,
    log_by_scattering: f32,
    roughness: f32,
    depth: f32,
    slot: u32,
    padding: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> starts: array<u32>;
@group(0) @binding(2) var<storage, read> trails: array<Trail>;
@group(0) @binding(3) var<storage, read> meetings: array<Meeting>;
@group(0) @binding(4) var<storage, read> bends: array<Bent>;
@group(0) @binding(5) var<storage, read> sheets: array<Sheet>;
@group(0) @binding(6) var<storage, read> columns: array<u32>;
@group(0) @binding(7) var<storage, read_write> output: array<f32>;

var<private> sum: array<f32, SLOTS>;

// Both components of a field.
struct Pair { a: vec2f, b: vec2f }
// Coefficients across and along the plane of incidence, their slopes by the permittivity, and those of their logarithm.
struct Response { te: vec2f, tm: vec2f, te_by: vec2f, tm_by: vec2f, by_scattering: f32, by_roughness: f32 }
struct Slope { value: vec2f, by: vec2f }
struct Sent { gain: f32, slopes: array<f32, ANTENNA_SLOTS>, start: vec2f, by_azimuth: vec2f, by_downtilt: vec2f }

fn conjugate(z: vec2f) -> vec2f {
    return vec2f(z.x, -z.y);
}

// 0 for 0, so that a wave that grazes vacuum has a defined answer.
fn inverse(z: vec2f) -> vec2f {
    if all(z == vec2f(0.0)) {
        return z;
    }
    return over(vec2f(1.0, 0.0), z);
}

fn turned(p: Pair, t: vec2f) -> Pair {
    return Pair(p.a * t.x + p.b * t.y, p.b * t.x - p.a * t.y);
}

fn turned_back(p: Pair, t: vec2f) -> Pair {
    return Pair(p.a * t.x - p.b * t.y, p.b * t.x + p.a * t.y);
}

fn slab_reflection(r: Slope, once: Slope) -> Slope {
    let one = vec2f(1.0, 0.0);
    let twice = times(once.value, once.value);
    let twice_by = 2.0 * times(once.value, once.by);
    let rr = times(r.value, r.value);
    let echo = inverse(one - times(rr, twice));
    let through = times(times(r.by, one - twice), one + times(rr, twice));
    let slope = through - times(times(r.value, twice_by), one - rr);
    return Slope(times(times(r.value, one - twice), echo), times(slope, times(echo, echo)));
}

fn slab_transmission(r: Slope, once: Slope) -> Slope {
    let one = vec2f(1.0, 0.0);
    let twice = times(once.value, once.value);
    let rr = times(r.value, r.value);
    let echo = inverse(one - times(rr, twice));
    let through = times(times(one - rr, one + times(rr, twice)), once.by);
    let slope = through - 2.0 * times(times(times(r.value, once.value), one - twice), r.by);
    return Slope(times(times(one - rr, once.value), echo), times(slope, times(echo, echo)));
}

fn respond(sheet: Sheet, c: f32, through: bool) -> Response {
    let square = vec2f((sheet.eta.x - 1.0) + c * c, sheet.eta.y);
    let q = root(square);
    let per_root = inverse(q);
    let cosine = vec2f(c, 0.0);
    let over_te = inverse(q + cosine);
    let over_tm = inverse(sheet.eta * c + q);
    var te = Slope(times(cosine - q, over_te), -c * times(times(over_te, over_te), per_root));
    // (2q² − η) c/(q (ηc + q)²), in an order that does not overflow for metals.
    let tm_by = c * times(times(times(2.0 * square - sheet.eta, over_tm), over_tm), per_root);
    var tm = Slope(times(sheet.eta * c - q, over_tm), tm_by);
    if sheet.thickness >= 0.0 {
        let phase = q * sheet.thickness;
        let turn = TWO_PI * (phase.x - trunc(phase.x));
        let decay = exp(max(TWO_PI * phase.y, -80.0));
        let once = decay * vec2f(cos(turn), -sin(turn));
        let by = times(times(once, 0.5 * per_root), vec2f(0.0, -TWO_PI * sheet.thickness));
        if through {
            te = slab_transmission(te, Slope(once, by));
            tm = slab_transmission(tm, Slope(once, by));
        } else {
            te = slab_reflection(te, Slope(once, by));
            tm = slab_reflection(tm, Slope(once, by));
        }
    }
    if through {
        let open = select(0.0, 1.0, sheet.thickness >= 0.0);
        return Response(open * te.value, open * tm.value, open * te.by, open * tm.by, 0.0, 0.0);
    }
    let depth = sheet.depth * c;
    let left = sheet.specular * exp(-0.5 * depth * depth * sheet.roughness * sheet.roughness);
    let by_roughness = -depth * depth * sheet.roughness;
    return Response(
        left * te.value, left * tm.value, left * te.by, left * tm.by, sheet.log_by_scattering, by_roughness
    );
}

// θ̂ of the world for a wave along a unit vector.
fn theta_of(along: vec3f) -> vec3f {
    let down = along * along.z - vec3f(0.0, 0.0, 1.0);
    let size = length(down);
    return select(down / max(size, 1e-12), vec3f(0.0, 1.0, 0.0), size < 1e-6);
}

fn towards(along: vec3f) -> Sent {
    let sa = params.azimuth.x;
    let ca = params.azimuth.y;
    let st = params.downtilt.x;
    let ct = params.downtilt.y;
    let right = ca * along.x - sa * along.y;
    let front = sa * along.x + ca * along.y;
    let ahead = ct * front - st * along.z;
    let above = st * front + ct * along.z;
    let level = length(vec2f(right, ahead));
    let azimuth = atan2(right, ahead) * DEGREES;
    let elevation = atan2(above, level) * DEGREES;
    // Slopes of azimuth and elevation as the antenna turns, and as it tilts.
    var turning = vec2f(0.0);
    var tilting = vec2f(0.0);
    if level >= 1e-6 {
        turning = vec2f(-(ahead * front + right * ct * right) / (level * level),
            level * st * right - above * (ct * right * ahead - right * front) / level);
        tilting = vec2f(right * above / (level * level), level * ahead + above * ahead * above / level);
    }
    var sent: Sent;
    let across_loss = 12.0 * pow2(azimuth * params.narrow_azimuth);
    let upwards = 12.0 * pow2(elevation * params.narrow_elevation);
    let limited = upwards >= params.side_lobes;
    let loss = across_loss + min(upwards, params.side_lobes);
    sent.slopes[0] = 1.0;
    if loss >= params.front_to_back {
        sent.gain = params.peak - params.front_to_back;
        sent.slopes[3] = -1.0;
    } else {
        sent.gain = params.peak - loss;
        sent.slopes[1] = 2.0 * across_loss * params.narrow_azimuth;
        sent.slopes[2] = select(2.0 * upwards * params.narrow_elevation, 0.0, limited);
        sent.slopes[4] = select(0.0, -1.0, limited);
        let by = vec2f(
            -24.0 * azimuth * pow2(params.narrow_azimuth),
            select(-24.0 * elevation * pow2(params.narrow_elevation), 0.0, limited)
        );
        sent.slopes[5] = dot(by, turning);
        sent.slopes[6] = dot(by, tilting);
    }
    let first = theta_of(along);
    let second = cross(first, along);
    var to = vec3f(-sa * st, -ca * st, -ct);
    var by_azimuth = vec3f(-ca * st, sa * st, 0.0);
    var by_downtilt = vec3f(-sa * ct, -ca * ct, st);
    if length(vec2f(dot(first, to), dot(second, to))) < 1e-6 {
        to = vec3f(sa * ct, ca * ct, -st);
        by_azimuth = vec3f(ca * ct, -sa * ct, 0.0);
        by_downtilt = vec3f(-sa * st, -ca * st, -ct);
    }
    let seen = vec2f(dot(first, to), dot(second, to));
    let theta = normalize(seen);
    let swing = vec2f(-theta.y, theta.x);
    let square = dot(seen, seen) * DEGREES;
    let angle_a = (seen.x * dot(second, by_azimuth) - seen.y * dot(first, by_azimuth)) / square;
    let angle_t = (seen.x * dot(second, by_downtilt) - seen.y * dot(first, by_downtilt)) / square;
    sent.start = mixed(theta);
    sent.by_azimuth = angle_a * mixed(swing);
    sent.by_downtilt = angle_t * mixed(swing);
    return sent;
}

fn pow2(x: f32) -> f32 {
    return x * x;
}

// A direction across the wave of the field that swings by the antenna's polarisation, of which this one is θ̂.
fn mixed(theta: vec2f) -> vec2f {
    return params.sent.x * theta + params.sent.y * vec2f(theta.y, -theta.x);
}

fn bend(bent: Bent, field: Pair) -> Pair {
    var beyond = Pair(times(bent.direct, field.a), times(bent.direct, field.b));
    for (var i = 0u; i < 2u; i++) {
        let face = bent.faces[i];
        let r = respond(sheets[bent.surfaces[i]], face.cosine, false);
        let within = turned(field, face.entering);
        let back = turned(Pair(times(r.te, within.a), times(r.tm, within.b)), face.leaving);
        beyond = Pair(beyond.a + times(face.share, back.a), beyond.b + times(face.share, back.b));
    }
    return beyond;
}

// Brings the adjoint back through a surface, and adds what that tells of its material.
fn back(sheet: Sheet, r: Response, field: Pair, adjoint: Pair, scale: f32) -> Pair {
    let la = conjugate(adjoint.a);
    let lb = conjugate(adjoint.b);
    let by_eta = times(times(la, r.te_by), field.a) + times(times(lb, r.tm_by), field.b);
    let whole = (times(times(la, r.te), field.a) + times(times(lb, r.tm), field.b)).x;
    sum[sheet.slot] += 2.0 * scale * by_eta.x;
    sum[sheet.slot + 1u] += 2.0 * scale * by_eta.y * sheet.eta_by_conductivity;
    sum[sheet.slot + 2u] += 2.0 * scale * whole * r.by_scattering;
    sum[sheet.slot + 3u] += 2.0 * scale * whole * r.by_roughness;
    return Pair(times(conjugate(r.te), adjoint.a), times(conjugate(r.tm), adjoint.b));
}

fn bend_back(bent: Bent, field: Pair, adjoint: Pair, scale: f32) -> Pair {
    let direct = conjugate(bent.direct);
    var before = Pair(times(direct, adjoint.a), times(direct, adjoint.b));
    for (var i = 0u; i < 2u; i++) {
        let face = bent.faces[i];
        let sheet = sheets[bent.surfaces[i]];
        let share = conjugate(face.share);
        let within = turned(field, face.entering);
        let beyond = turned_back(Pair(times(share, adjoint.a), times(share, adjoint.b)), face.leaving);
        let r = respond(sheet, face.cosine, false);
        let part = turned_back(back(sheet, r, within, beyond, scale), face.entering);
        before = Pair(before.a + part.a, before.b + part.b);
    }
    return before;
}

// Adds the derivatives of a path's power to the sums; its power.
fn add(index: u32) -> f32 {
    let trail = trails[index];
    let sent = towards(normalize(trail.departure));
    let first = trail.first;
    let count = min(trails[index + 1u].first - first, MOST_MEETINGS);
    var fields: array<Pair, MOST_MEETINGS>;
    var field = Pair(vec2f(sent.start.x, 0.0), vec2f(sent.start.y, 0.0));
    for (var i = 0u; i < count; i++) {
        let meeting = meetings[first + i];
        field = turned(field, meeting.turn);
        fields[i] = field;
        let at = meeting.what & 0x3fffffffu;
        if (meeting.what >> 30u) == DIFFRACTION {
            field = bend(bends[at], field);
        } else {
            let r = respond(sheets[at], meeting.cosine, (meeting.what >> 30u) == TRANSMISSION);
            field = Pair(times(r.te, field.a), times(r.tm, field.b));
        }
    }
    field = turned(field, trail.turn);
    var adjoint = field;
    var taken = dot(field.a, field.a) + dot(field.b, field.b);
    if any(params.heard != vec2f(0.0)) {
        let along = params.heard.x * field.a + params.heard.y * field.b;
        taken = dot(along, along);
        adjoint = Pair(params.heard.x * along, params.heard.y * along);
    }
    let scale = trail.spread * params.offset * exp2(sent.gain * 0.33219281);
    adjoint = turned_back(adjoint, trail.turn);
    for (var i = count; i > 0u; i--) {
        let meeting = meetings[first + i - 1u];
        let at = meeting.what & 0x3fffffffu;
        if (meeting.what >> 30u) == DIFFRACTION {
            adjoint = bend_back(bends[at], fields[i - 1u], adjoint, scale);
        } else {
            let sheet = sheets[at];
            let r = respond(sheet, meeting.cosine, (meeting.what >> 30u) == TRANSMISSION);
            adjoint = back(sheet, r, fields[i - 1u], adjoint, scale);
        }
        adjoint = turned_back(adjoint, meeting.turn);
    }
    let power = scale * taken;
    for (var i = 0u; i < ANTENNA_SLOTS; i++) {
        sum[MATERIAL_SLOTS + i] += power * sent.slopes[i] / DECIBELS;
    }
    let real = vec2f(adjoint.a.x, adjoint.b.x);
    sum[MATERIAL_SLOTS + 5u] += 2.0 * scale * dot(real, sent.by_azimuth);
    sum[MATERIAL_SLOTS + 6u] += 2.0 * scale * dot(real, sent.by_downtilt);
    return power;
}

@compute @workgroup_size(64)
fn evaluate(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= params.count {
        return;
    }
    for (var i = 0u; i < SLOTS; i++) {
        sum[i] = 0.0;
    }
    let receiver = params.first + id.x;
    var power = 0.0;
    for (var i = starts[receiver]; i < starts[receiver + 1u]; i++) {
        power += add(i);
    }
    let at = id.x * (params.columns + 1u);
    output[at] = power;
    let scale = select(0.0, DECIBELS / power, power > 0.0);
    for (var k = 0u; k < params.columns; k++) {
        let slot = columns[k];
        var slope = select(0.0, 1.0, power > 0.0);
        if slot < SLOTS {
            slope = sum[slot] * scale;
        }
        output[at + 1u + k] = slope;
    }
}
