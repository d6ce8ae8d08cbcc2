//! The worker that owns the ray tracer and the baselines.

fn main() {
    farfield::worker::serve::<farfield::worker::TracerDesk>();
}
