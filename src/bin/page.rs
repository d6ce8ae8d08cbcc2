//! The page.

fn main() {
    farfield::app::mount();
}
