//! Calibration against a truth that is known: what was hidden in made-up readings is found again within its standard errors,
//! outliers change little, and what the readings can't tell is said to be untold.

#[path = "common/dice.rs"]
mod dice;

use dice::Dice;
use farfield::antenna::Pattern;
use farfield::city::{Building, City, HeightSource};
use farfield::engine::Job;
use farfield::geodesy::{LocalFrame, LonLat};
use farfield::material::Material;
use farfield::scenario::{Scenario, Sector, Site};
use farfield::trace::Tracer;
use farfield::trace::calibrate::{Calibration, CalibrationError, Heard, On, Sought, Step, Traced, Unknown};
use farfield::trace::gpu::Gpu;
use geo::{BoundingRect, Rect, coord};
use glam::{DVec2, DVec3};
use pollster::block_on;

fn block(x: f64, y: f64, side: f64, top: f32) -> Building {
    let footprint = Rect::new(coord! { x: x, y: y }, coord! { x: x + side, y: y + side }).to_polygon();
    let (wall, roof) = (Material::Brick, Material::Metal);
    Building { id: 0, footprint, base: 0.0, top, height_source: HeightSource::Model, wall, roof }
}

fn city() -> City {
    let corners = [(-190.0, -170.0), (-190.0, 15.0), (15.0, -170.0), (15.0, 15.0), (-60.0, 80.0), (90.0, -60.0)];
    let tops = [18.0, 22.0, 25.0, 15.0, 30.0, 20.0];
    City {
        name: "blocks".into(),
        attribution: String::new(),
        frame: LocalFrame::new(LonLat::new(11.5, 48.1)),
        bounds: Rect::new(coord! { x: -250.0, y: -220.0 }, coord! { x: 250.0, y: 220.0 }),
        buildings: corners.iter().zip(tops).map(|((x, y), top)| block(*x, *y, 55.0, top)).collect(),
        ground: Material::MediumDryGround,
        terrain: None,
        woods: Vec::new(),
    }
}

/// Two sectors on one mast.
fn believed(city: &City) -> Scenario {
    let sector = |azimuth: f64| Sector { azimuth, downtilt: 6.0, ..Sector::default() };
    let position = city.frame.to_lonlat(DVec2::new(-20.0, 5.0));
    let site = Site { position, height: 28.0, sectors: vec![sector(60.0), sector(200.0)] };
    let mut scenario = Scenario { sites: vec![site], ..Scenario::default() };
    scenario.engines.trace.corners = true;
    scenario
}

/// What is hidden, and as what it is to be found.
fn hide(scenario: &Scenario) -> (Scenario, Vec<(Unknown, f64)>) {
    let mut truth = scenario.clone();
    let sectors = &mut truth.sites[0].sectors;
    sectors[0].power.0 += 4.5;
    sectors[1].power.0 -= 3.0;
    sectors[0].azimuth += 9.0;
    sectors[1].downtilt -= 3.0;
    sectors[1].beamwidths[0] *= 1.25;
    for (material, factor) in [(Material::Brick, 1.5), (Material::MediumDryGround, 0.8)] {
        let mut finish = truth.materials.of(material);
        finish.permittivity = factor;
        truth.materials.set(material, finish);
    }
    let hidden = vec![
        (Unknown::Power(0), 4.5),
        (Unknown::Power(1), -3.0),
        (Unknown::Azimuth(0), 9.0),
        (Unknown::Azimuth(1), 0.0),
        (Unknown::Downtilt(0), 0.0),
        (Unknown::Downtilt(1), -3.0),
        (Unknown::Horizontal(1), 1.25),
        (Unknown::Permittivity(Material::Brick), 1.5),
        (Unknown::Permittivity(Material::MediumDryGround), 0.8),
        (Unknown::Device(1), 2.5),
    ];
    (truth, hidden)
}

/// Readings all over the city, by two devices, without levels.
fn places(city: &City, count: usize, dice: &mut Dice) -> Vec<Heard> {
    let place = |_| {
        let local = DVec2::new(480.0 * (dice.share() - 0.5), 420.0 * (dice.share() - 0.5));
        let (sector, device) = (u32::from(dice.share() < 0.5), u32::from(dice.share() < 0.4));
        Heard { at: city.frame.to_lonlat(local), level: 0.0, sector, device }
    };
    (0..count).map(place).collect()
}

/// Readings with the levels of `truth`, an offset of device 1, and noise; and the paths to them.
fn measured(
    city: &City,
    scenario: &Scenario,
    truth: &Scenario,
    mut heard: Vec<Heard>,
    mut noise: impl FnMut() -> f64,
) -> Measured {
    let mut tracer = Tracer::cpu();
    let traced = |tracer: &mut Tracer, heard: &[Heard]| {
        block_on(tracer.trace_heard(city, scenario, heard, &mut Job::silent())).expect("paths")
    };
    let levels = traced(&mut tracer, &heard).levels(truth);
    for (heard, level) in heard.iter_mut().zip(levels) {
        heard.level = level + 2.5 * f64::from(heard.device) + noise();
    }
    // Where no path arrives nothing is measured.
    let silent = heard.iter().filter(|h| h.level.is_nan()).count();
    heard.iter_mut().filter(|h| h.level.is_nan()).for_each(|h| h.level = -120.0);
    Measured { traced: traced(&mut tracer, &heard), silent, all: heard.len() }
}

/// Only powers and heights.
const POWERS_AND_HEIGHTS: Sought = Sought {
    power: true,
    heights: true,
    pointing: false,
    beamwidths: false,
    permittivity: false,
    conductivity: false,
    scattering: false,
    devices: true,
};

struct Measured {
    traced: Traced,
    silent: usize,
    all: usize,
}

impl Measured {
    fn calibrate(&self, scenario: &Scenario, unknowns: &[Unknown]) -> Result<Calibration, CalibrationError> {
        block_on(self.traced.calibrate(scenario, unknowns, |_| true, &On::cores(), &mut Job::silent(), &mut |_| ()))
    }
}

/// How many standard errors each estimate lies from the truth.
fn misses(found: &Calibration, hidden: &[(Unknown, f64)]) -> Vec<f64> {
    let miss = |(estimate, (unknown, truth)): (&farfield::trace::calibrate::Estimate, &(Unknown, f64))| {
        assert_eq!(estimate.unknown, *unknown);
        let by = if unknown.is_factor() { (estimate.change / truth).ln() } else { estimate.change - truth };
        by / estimate.standard_error
    };
    found.estimates.iter().zip(hidden).map(miss).collect()
}

#[test]
fn what_is_hidden_is_found_within_its_standard_errors() {
    let city = city();
    let scenario = believed(&city);
    let (truth, hidden) = hide(&scenario);
    let unknowns: Vec<Unknown> = hidden.iter().map(|(u, _)| *u).collect();
    let mut squares = Vec::new();
    for seed in 0..8 {
        let mut dice = Dice::new(seed);
        let heard = places(&city, 1500, &mut dice);
        let measured = measured(&city, &scenario, &truth, heard, || 3.0 * dice.normal());
        let found = measured.calibrate(&scenario, &unknowns).expect("a calibration");
        assert_eq!((found.silent, found.readings + found.silent), (measured.silent, measured.all));
        assert!(found.settled && found.steps.len() < 25, "{} steps", found.steps.len());
        let last = found.steps.last().expect("steps");
        assert!((last.rmse_db - 3.0).abs() < 0.2 && found.steps[0].rmse_db > 4.0, "{:?}", found.steps);
        for (estimate, miss) in found.estimates.iter().zip(misses(&found, &hidden)) {
            println!("{seed} {estimate:?}: {miss:.2} standard errors off");
            // A beam that is 65 degrees high and a mast of 28 m tell little of a tilt, and a ground that is mostly seen at grazing
            // angles little of itself: about half of what was believed.
            let barely =
                matches!(estimate.unknown, Unknown::Downtilt(_) | Unknown::Permittivity(Material::MediumDryGround));
            let told = estimate.told || barely;
            assert!(miss.abs() < 4.0 && told && !estimate.at_bound, "{miss} {estimate:?}");
            squares.push(miss * miss);
        }
    }
    // As large as they are told to be: χ² of 80 numbers over 80 lies within 0.6–1.5 in all but a thousandth of cases, and
    // the standard errors are the larger of two.
    let mean = squares.iter().sum::<f64>() / squares.len() as f64;
    assert!((0.4..1.5).contains(&mean), "{mean}");
}

#[test]
fn a_gpu_finds_what_the_cores_find() {
    let city = city();
    let scenario = believed(&city);
    let (truth, hidden) = hide(&scenario);
    let unknowns: Vec<Unknown> = hidden.iter().map(|(u, _)| *u).collect();
    let mut dice = Dice::new(3);
    let heard = places(&city, 800, &mut dice);
    let measured = measured(&city, &scenario, &truth, heard, || 3.0 * dice.normal());
    let gpu = block_on(Gpu::open(true)).expect("a Vulkan adapter");
    let on = On::gpu(block_on(gpu.evaluator()).expect("a shader"));
    assert!(on.is_gpu() && !On::cores().is_gpu());
    let calibrate = |on: &On<'_>| {
        let (mut job, mut tell) = (Job::silent(), |_| ());
        block_on(measured.traced.calibrate(&scenario, &unknowns, |_| true, on, &mut job, &mut tell))
            .expect("a calibration")
    };
    let (cores, gpu) = (calibrate(&On::cores()), calibrate(&on));
    assert_eq!((cores.readings, cores.silent), (gpu.readings, gpu.silent));
    for (a, b) in cores.estimates.iter().zip(&gpu.estimates) {
        println!("{a:?} {b:?}");
        assert!((a.change - b.change).abs() < 0.02 * a.standard_error, "{a:?} {b:?}");
        assert!((a.standard_error / b.standard_error - 1.0).abs() < 0.01, "{a:?} {b:?}");
    }
}

/// Powers and heights, by the tracer; and the steps that it told.
fn powers_and_heights(city: &City, scenario: &Scenario, heard: &[Heard]) -> (Calibration, Vec<Step>) {
    let mut steps = Vec::new();
    let mut tell = |step| steps.push(step);
    let (mut tracer, mut job) = (Tracer::cpu(), Job::silent());
    let found = block_on(tracer.calibrate(city, scenario, heard, POWERS_AND_HEIGHTS, &mut job, &mut tell));
    (found.expect("a calibration"), steps)
}

#[test]
fn heights_that_are_assumed_too_low_are_found_to_be() {
    let mut city = city();
    for building in &mut city.buildings {
        building.height_source = HeightSource::Neighbours;
    }
    city.buildings[0].height_source = HeightSource::Tag;
    let scenario = believed(&city);
    for (seed, factor) in [(11, 1.3), (12, 0.8)] {
        let mut truth = scenario.clone();
        truth.sites[0].sectors[0].power.0 += 3.0;
        let raised = city.with_assumed_heights(factor);
        assert_eq!(raised.buildings[0].top, city.buildings[0].top, "a measured height is kept");
        let mut dice = Dice::new(seed);
        let mut heard = places(&city, 1200, &mut dice);
        let (mut tracer, mut job) = (Tracer::cpu(), Job::silent());
        let levels = block_on(tracer.trace_heard(&raised, &truth, &heard, &mut job)).expect("paths").levels(&truth);
        for (heard, level) in heard.iter_mut().zip(levels) {
            let told = level + 2.5 * f64::from(heard.device) + 3.0 * dice.normal();
            heard.level = if level.is_finite() { told } else { -130.0 };
        }
        let (found, steps) = powers_and_heights(&city, &scenario, &heard);
        let heights = found.estimates.last().expect("estimates");
        println!("{factor}: {heights:?}, {} steps, {:?}", steps.len(), found.estimates);
        assert_eq!(heights.unknown, Unknown::Heights);
        let miss = (heights.change / factor).ln();
        assert!(miss.abs() < 3.0 * heights.standard_error && miss.abs() < 0.1, "{miss} {heights:?}");
        assert!(heights.told && !heights.at_bound, "{heights:?}");
        assert!((found.applied(&scenario).assumed_heights - heights.change).abs() < 1e-9);
        assert!(steps.windows(2).all(|pair| pair[1].scale_db <= pair[0].scale_db + 0.5), "{steps:?}");
    }
    // Where every height is known there is nothing to look for.
    for building in &mut city.buildings {
        building.height_source = HeightSource::Model;
    }
    let mut dice = Dice::new(1);
    let mut heard = places(&city, 200, &mut dice);
    for heard in &mut heard {
        heard.level = -80.0 - 20.0 * dice.share();
    }
    let (found, _) = powers_and_heights(&city, &scenario, &heard);
    assert!(found.estimates.iter().all(|e| e.unknown != Unknown::Heights));
}

#[test]
fn a_tenth_of_outliers_changes_little() {
    let city = city();
    let scenario = believed(&city);
    let (truth, hidden) = hide(&scenario);
    let unknowns: Vec<Unknown> = hidden.iter().map(|(u, _)| *u).collect();
    let mut dice = Dice::new(77);
    let heard = places(&city, 2000, &mut dice);
    let noise = || if dice.share() < 0.1 { 20.0 + 20.0 * dice.share() } else { 2.0 * dice.normal() };
    let found =
        measured(&city, &scenario, &truth, heard, noise).calibrate(&scenario, &unknowns).expect("a calibration");
    for (estimate, miss) in found.estimates.iter().zip(misses(&found, &hidden)) {
        println!("{estimate:?}: {miss:.2} standard errors off");
        assert!(miss.abs() < 4.0, "{miss} {estimate:?}");
    }
}

#[test]
fn what_readings_can_not_tell_is_said_to_be_untold() {
    let city = city();
    let mut scenario = believed(&city);
    scenario.sites[0].sectors[0].pattern = Pattern::Isotropic;
    let mut dice = Dice::new(5);
    let mut heard = places(&city, 1500, &mut dice);
    for reading in &mut heard {
        (reading.sector, reading.device) = (0, 0);
    }
    let measured = measured(&city, &scenario, &scenario, heard, || 3.0 * dice.normal());
    // Nobody has marble; a pattern without a direction has no azimuth; one device's offset is the sector's.
    let unknowns = [
        Unknown::Permittivity(Material::Marble),
        Unknown::Azimuth(0),
        Unknown::Power(0),
        Unknown::Device(0),
        Unknown::Permittivity(Material::Brick),
    ];
    let found = measured.calibrate(&scenario, &unknowns).expect("a calibration");
    println!("{:#?}", found.estimates);
    let [marble, azimuth, power, device, brick] = found.estimates.as_slice() else { panic!("five unknowns") };
    assert!(!marble.told && !azimuth.told && !device.told && brick.told);
    // Nothing moves marble; how the field swings hardly moves the azimuth.
    assert!(marble.change == 1.0 && azimuth.change.abs() < 0.2 * azimuth.standard_error);
    assert_eq!(device.entangled, Some(Unknown::Power(0)));
    assert!(power.standard_error > 3.0, "a power as sure as the device's offset: {power:?}");
}

/// Whether a straight way from the mast comes to a place outdoors, by trying one point of it after the other; blocks are wider by
/// `margin`.
fn comes_straight(city: &City, mast: DVec3, to: DVec3, margin: f64) -> bool {
    const STEPS: u32 = 4000;
    (1..STEPS).all(|step| {
        let p = mast.lerp(to, f64::from(step) / f64::from(STEPS));
        city.buildings.iter().all(|block| {
            let (min, max) = block.footprint.bounding_rect().map(|r| (r.min(), r.max())).expect("a block");
            let inside = p.x > min.x - margin && p.x < max.x + margin && p.y > min.y - margin && p.y < max.y + margin;
            !inside || p.z > f64::from(block.top) + margin
        })
    })
}

#[test]
fn what_is_in_sight_has_a_straight_path() {
    let city = city();
    let scenario = believed(&city);
    let heard = places(&city, 2000, &mut Dice::new(21));
    let at: Vec<LonLat> = heard.iter().map(|h| h.at).chain([LonLat::new(11.6, 48.1)]).collect();
    let (mut tracer, mut job) = (Tracer::cpu(), Job::silent());
    let seen = block_on(tracer.in_sight(&city, &scenario, &at, &mut job)).expect("what is seen");
    let traced = block_on(tracer.trace_heard(&city, &scenario, &heard, &mut job)).expect("paths");
    assert_eq!(seen.last(), Some(&None), "beyond the city");
    let ground = city.frame.to_local(scenario.sites[0].position);
    let mast = ground.extend(scenario.sites[0].height);
    let (mut clear, mut hidden, mut roofed) = (0, 0, 0);
    for ((seen, traced), at) in seen.iter().zip(traced.in_sight()).zip(&at) {
        assert_eq!(seen.unwrap_or_default(), *traced);
        let to = city.frame.to_local(*at).extend(scenario.receivers.height);
        let [least, most] = [0.2, -0.2].map(|margin| comes_straight(&city, mast, to, margin));
        // What passes a corner by less than that may be either.
        assert!(seen.is_none_or(|seen| seen == least || seen == most), "{seen:?} {least} {most} {to}");
        let count = match seen {
            Some(true) => &mut clear,
            Some(false) => &mut hidden,
            None => &mut roofed,
        };
        *count += 1;
    }
    assert!(clear > 200 && hidden > 200 && roofed > 100, "{clear} {hidden} {roofed}");
}

#[test]
fn on_a_ring_around_the_mast_a_tilt_can_not_be_told_from_a_power() {
    let city = City { buildings: Vec::new(), ..city() };
    let mut scenario = believed(&city);
    scenario.engines.trace.depth = 0;
    let mast = city.frame.to_local(scenario.sites[0].position);
    let mut dice = Dice::new(9);
    let place = |i: u32| {
        let local = mast + 150.0 * DVec2::from_angle(0.01 * f64::from(i) - 0.2);
        Heard { at: city.frame.to_lonlat(local), level: 0.0, sector: 0, device: 0 }
    };
    let ring: Vec<Heard> = (0..40).map(place).collect();
    let measured = measured(&city, &scenario, &scenario, ring, || 3.0 * dice.normal());
    let found = measured.calibrate(&scenario, &[Unknown::Power(0), Unknown::Downtilt(0)]).expect("a calibration");
    println!("{:#?}", found.estimates);
    assert!(!found.estimates[1].told, "a tilt from a ring: {:?}", found.estimates[1]);
}

#[test]
fn degenerate_readings_are_refused_in_a_sentence() {
    let city = city();
    let scenario = believed(&city);
    let at = |x: f64, y: f64| city.frame.to_lonlat(DVec2::new(x, y));
    let refusal = |heard: Vec<Heard>, unknowns: &[Unknown]| {
        let traced = block_on(Tracer::cpu().trace_heard(&city, &scenario, &heard, &mut Job::silent())).expect("paths");
        let found =
            block_on(traced.calibrate(&scenario, unknowns, |_| true, &On::cores(), &mut Job::silent(), &mut |_| ()));
        found.expect_err("refused").to_string()
    };
    let power = [Unknown::Power(0)];
    let heard =
        |i: u32, place: LonLat, level: f64| Heard { at: place, level: level - f64::from(i), sector: 0, device: 0 };
    let here: Vec<Heard> = (0..30).map(|i| heard(i, at(0.0, 0.0), -70.0)).collect();
    assert!(refusal(here.clone(), &power).contains("one place"));
    let equal = (0..30).map(|i| heard(0, at(f64::from(i), 0.0), -140.0)).collect();
    assert!(refusal(equal, &power).contains("the same level, -140.0 dBm"));
    assert!(refusal(here[..2].to_vec(), &power).contains("2 of 2 readings"));
    assert!(refusal(Vec::new(), &power).contains("0 of 0 readings"));
    assert!(refusal(here.clone(), &[]).contains("nothing is chosen"));
    let many: Vec<Unknown> = (0..65).map(Unknown::Device).collect();
    assert!(refusal(here.clone(), &many).contains("65 unknowns"));
    // Under a roof, and beyond the city.
    let away = (0..30).map(|i| heard(i, at(30.0 + f64::from(i % 2) * 1000.0, 30.0), -70.0)).collect();
    assert!(refusal(away, &power).contains("0 of 30 readings"));
}
