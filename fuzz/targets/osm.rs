#![no_main]

#[path = "../../tests/common/elements.rs"]
mod elements;
#[path = "../../tests/common/pbf.rs"]
mod pbf;
#[path = "../../tests/common/sources.rs"]
mod sources;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    sources::pbf(&elements::extract(data));
});
