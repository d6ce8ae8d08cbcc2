//! The learned map as a browser tab computes it: one worker, with nothing else to do. `cargo xtask bench` builds it as the
//! learner's worker is built, runs it in Chromium, and sets the network beside onnxruntime-web on the same file.
#![expect(unsafe_code, reason = "exports by name, which no other library has")]

use farfield::city::City;
use farfield::city::archive::Bytes;
use farfield::engine::{Engine, Job};
use farfield::learn::features::{Link, Window, WindowFeatures};
use farfield::learn::land::{CELL, Land};
use farfield::learn::{Learned, Network, SIDE};
use farfield::scenario::Scenario;
use futures_util::FutureExt;
use geo::{Rect, coord};
use glam::DVec2;
use std::cell::RefCell;
use std::hint::black_box;

const MODEL: &[u8] = include_bytes!("../models/coverage.onnx");

struct Bench {
    city: City,
    learned: Learned,
    network: Network,
    scenario: Scenario,
    features: WindowFeatures,
}

thread_local! {
    static BENCH: RefCell<Option<Bench>> = const { RefCell::new(None) };
}

/// What waits for nothing.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().expect("nothing to wait for")
}

fn with_bench(work: impl FnOnce(&mut Bench)) {
    let new = || {
        let bytes = Bytes::from(include_bytes!("../www/cities/munich.pmtiles").to_vec());
        let window = WindowFeatures::empty(Window::square(DVec2::ZERO, SIDE));
        Bench {
            city: at_once(City::open(&bytes, "munich")).expect("a city"),
            learned: Learned::from_onnx(MODEL).expect("a model"),
            network: Network::from_onnx(MODEL).expect("a model"),
            scenario: Scenario::default(),
            features: window,
        }
    };
    BENCH.with_borrow_mut(|bench| work(bench.get_or_insert_with(new)));
}

impl Bench {
    /// The network over the window.
    fn run(&self) {
        black_box(self.network.run(&self.features).expect("a correction"));
    }

    /// The map of so many cells a side around the mast, after the sector has turned by a degree.
    fn map(&mut self, cells: f64) {
        let middle = self.city.frame.to_local(self.scenario.sites[0].position);
        let half = cells * f64::from(CELL) / 2.0;
        let corner = |p: DVec2| coord! { x: p.x, y: p.y };
        self.city.bounds = Rect::new(corner(middle - half), corner(middle + half));
        let azimuth = &mut self.scenario.sites[0].sectors[0].azimuth;
        *azimuth = (*azimuth + 1.0) % 360.0;
        black_box(at_once(self.learned.predict(&self.city, &self.scenario, &mut Job::silent())).expect("a map"));
    }
}

/// What the network sees of one window.
#[unsafe(no_mangle)]
pub extern "C" fn features() {
    with_bench(|bench| {
        let land = Land::of_city(&bench.city);
        let site = &bench.scenario.sites[0];
        let at = bench.city.frame.to_local(site.position);
        let (pointing, frequency) = (site.sectors[0].pointing(), site.sectors[0].frequency);
        let link = Link { land: &land, at, height: site.height as f32, pointing, frequency, receiver: 1.5 };
        bench.features = WindowFeatures::of(&link, Window::around(at, SIDE));
    });
}

/// The network alone, over the same window.
#[unsafe(no_mangle)]
pub extern "C" fn network() {
    with_bench(|bench| bench.run());
}

/// A map of 256 × 256 cells.
#[unsafe(no_mangle)]
pub extern "C" fn map_256() {
    with_bench(|bench| bench.map(256.0));
}

/// A map of 512 × 512 cells.
#[unsafe(no_mangle)]
pub extern "C" fn map_512() {
    with_bench(|bench| bench.map(512.0));
}
