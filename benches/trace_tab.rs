//! The traced map of central Munich as a browser tab traces it: one worker, with nothing else to do. `cargo xtask bench`
//! builds it as the tracer's worker is built, runs it in Chromium, and sets it beside the same maps of `trace.rs`, natively on
//! one thread.
#![expect(unsafe_code, reason = "exports by name, which no other library has")]
#![expect(clippy::missing_panics_doc, reason = "a bench stops at whatever goes wrong")]

use farfield::city::City;
use farfield::city::archive::Bytes;
use farfield::engine::{Engine, Job};
use farfield::scenario::Scenario;
use farfield::trace::Tracer;
use futures_util::FutureExt;
use std::cell::RefCell;
use std::hint::black_box;

struct Bench {
    city: City,
    tracer: Tracer,
    scenario: Scenario,
}

thread_local! {
    static BENCH: RefCell<Option<Bench>> = const { RefCell::new(None) };
}

/// What waits for nothing.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().expect("nothing to wait for")
}

fn munich() -> City {
    let bytes = Bytes::from(include_bytes!("../www/cities/munich.pmtiles").to_vec());
    at_once(City::open(&bytes, "munich")).expect("a city")
}

fn with_bench(work: impl FnOnce(&mut Bench)) {
    let new = || Bench { city: munich(), tracer: Tracer::cpu(), scenario: Scenario::default() };
    BENCH.with_borrow_mut(|bench| work(bench.get_or_insert_with(new)));
}

/// The map after the mast has moved by a centimetre.
#[unsafe(no_mangle)]
pub extern "C" fn moved() {
    with_bench(|Bench { city, tracer, scenario }| {
        scenario.sites[0].height += 0.01;
        black_box(at_once(tracer.predict(city, scenario, &mut Job::silent())).expect("a map"));
    });
}

/// The map after the sector has turned by a degree.
#[unsafe(no_mangle)]
pub extern "C" fn turned() {
    with_bench(|Bench { city, tracer, scenario }| {
        let azimuth = &mut scenario.sites[0].sectors[0].azimuth;
        *azimuth = (*azimuth + 1.0) % 360.0;
        black_box(at_once(tracer.predict(city, scenario, &mut Job::silent())).expect("a map"));
    });
}

/// The coarse map after the mast has moved by a centimetre.
#[unsafe(no_mangle)]
pub extern "C" fn draft() {
    with_bench(|Bench { city, tracer, scenario }| {
        scenario.sites[0].height += 0.01;
        black_box(at_once(tracer.draft(city, scenario, &mut Job::silent())).expect("a draft"));
    });
}
