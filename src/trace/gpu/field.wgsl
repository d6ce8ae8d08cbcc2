// The field along a path: twin of field.rs, fresnel.rs and antenna.rs. Complex numbers are (real, imaginary).

const PI = 3.14159265;
const TWO_PI = 6.2831853;
const DEGREES = 57.295779513;

struct Layer { eta: vec2f, thickness: f32, specular: f32, roughness: f32, padding: f32 }
// `sent` and `heard` are the shares of θ̂ and φ̂ of the antennas here and there; zeros hear everything.
struct Beam { right: vec3f, horizontal: f32, ahead: vec3f, wavelength: f32, up: vec3f, vertical: f32, sent: vec2f, heard: vec2f }
struct Field { re: vec3f, im: vec3f }
struct Coefficients { te: vec2f, tm: vec2f }

fn times(a: vec2f, b: vec2f) -> vec2f {
    return vec2f(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x);
}

// Scaled by the larger part of the divisor, so that a metal's permittivity does not overflow.
fn over(a: vec2f, b: vec2f) -> vec2f {
    if abs(b.x) >= abs(b.y) {
        let r = b.y / b.x;
        return vec2f(a.x + a.y * r, a.y - a.x * r) / (b.x + b.y * r);
    }
    let r = b.x / b.y;
    return vec2f(a.x * r + a.y, a.y * r - a.x) / (b.x * r + b.y);
}

// |z| without overflow.
fn magnitude(z: vec2f) -> f32 {
    let a = max(abs(z.x), abs(z.y));
    let b = min(abs(z.x), abs(z.y));
    if a == 0.0 {
        return 0.0;
    }
    let r = b / a;
    return a * sqrt(1.0 + r * r);
}

fn root(z: vec2f) -> vec2f {
    let larger = sqrt(0.5 * (magnitude(z) + abs(z.x)));
    if larger == 0.0 {
        return vec2f(0.0);
    }
    let smaller = 0.5 * z.y / larger;
    return select(vec2f(abs(smaller), select(larger, -larger, z.y < 0.0)), vec2f(larger, smaller), z.x >= 0.0);
}

fn slab_of(r: vec2f, twice: vec2f) -> vec2f {
    let one = vec2f(1.0, 0.0);
    return over(times(r, one - twice), one - times(times(r, r), twice));
}

fn reflection(layer: Layer, c: f32) -> Coefficients {
    let s = root(vec2f((layer.eta.x - 1.0) + c * c, layer.eta.y));
    let cosine = vec2f(c, 0.0);
    let te = over(cosine - s, cosine + s);
    let tm = over(layer.eta * c - s, layer.eta * c + s);
    let depth = 4.0 * PI * layer.roughness * c;
    let left = layer.specular * exp(-0.5 * depth * depth);
    if layer.thickness < 0.0 {
        return Coefficients(left * te, left * tm);
    }
    let q = s * layer.thickness;
    let turn = TWO_PI * (q.x - trunc(q.x));
    let decay = exp(max(TWO_PI * q.y, -80.0));
    let once = decay * vec2f(cos(turn), -sin(turn));
    let twice = times(once, once);
    return Coefficients(left * slab_of(te, twice), left * slab_of(tm, twice));
}

// Gain of a beam towards a unit vector, as a ratio of powers.
fn antenna_gain(beam: Beam, direction: vec3f) -> f32 {
    if beam.horizontal == 0.0 {
        return 1.0;
    }
    let d = vec3f(dot(direction, beam.right), dot(direction, beam.ahead), dot(direction, beam.up));
    let azimuth = atan2(d.x, d.y) * DEGREES / beam.horizontal;
    let elevation = atan2(d.z, length(d.xy)) * DEGREES / beam.vertical;
    let loss = min(12.0 * azimuth * azimuth, 30.0) + min(12.0 * elevation * elevation, 30.0);
    return exp2((8.0 - min(loss, 30.0)) * 0.33219281);
}

fn polarisation(beam: Beam, direction: vec3f) -> vec3f {
    let along = dot(direction, beam.up) * direction - beam.up;
    let size = length(along);
    let theta = select(along / max(size, 1e-12), beam.ahead, size < 1e-6);
    return beam.sent.x * theta + beam.sent.y * cross(direction, theta);
}

// The power that a receiver takes from a wave along `direction`.
fn received(beam: Beam, field: Field, direction: vec3f) -> f32 {
    if all(beam.heard == vec2f(0.0)) {
        return dot(field.re, field.re) + dot(field.im, field.im);
    }
    let along = direction.z * direction - vec3f(0.0, 0.0, 1.0);
    let size = length(along);
    let theta = select(along / max(size, 1e-12), vec3f(0.0, 1.0, 0.0), size < 1e-6);
    let axis = beam.heard.x * theta - beam.heard.y * cross(direction, theta);
    let taken = vec2f(dot(field.re, axis), dot(field.im, axis));
    return dot(taken, taken);
}

// Some unit vector across the unit vector `n`.
fn orthogonal(n: vec3f) -> vec3f {
    let axis = select(vec3f(1.0, 0.0, 0.0), vec3f(0.0, 0.0, 1.0), abs(n.x) > 0.7);
    return normalize(cross(n, axis));
}

fn reflected(field: Field, incoming: vec3f, normal: vec3f, layer: Layer) -> Field {
    let along = dot(incoming, normal);
    let outgoing = incoming - 2.0 * along * normal;
    var across = cross(incoming, normal);
    if dot(across, across) < 1e-12 {
        across = orthogonal(normal);
    } else {
        across = normalize(across);
    }
    let plane_in = cross(across, incoming);
    let plane_out = cross(across, outgoing);
    let r = reflection(layer, min(abs(along), 1.0));
    let te = times(r.te, vec2f(dot(field.re, across), dot(field.im, across)));
    let tm = times(r.tm, vec2f(dot(field.re, plane_in), dot(field.im, plane_in)));
    return Field(te.x * across + tm.x * plane_out, te.y * across + tm.y * plane_out);
}

fn free_space(distance: f32, wavelength: f32) -> f32 {
    let ratio = wavelength / (4.0 * PI * max(distance, wavelength));
    return ratio * ratio;
}
