#![no_main]

#[path = "../../tests/common/sources.rs"]
mod sources;

libfuzzer_sys::fuzz_target!(|data: &[u8]| sources::geotiff(data));
