//! The worker that makes city archives of dropped files.

fn main() {
    farfield::worker::serve_imports::<farfield::worker::Importers>();
}
