//! The worker that owns the network.

fn main() {
    farfield::worker::serve::<farfield::worker::LearnerDesk>();
}
