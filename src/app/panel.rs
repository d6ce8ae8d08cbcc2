//! The panel: the site, its sector and the engines' settings as fields.

use super::fields::{ChoiceField, NumberField, Step, SwitchField};
use super::models::ModelChoice;
use super::store::Store;
use crate::antenna::{Pattern, Polarisation, ReceiverPattern};
use crate::scenario::{BuildingEntry, Construction, EmpiricalModel, Footing, Receivers, Scenario, Sector, Site, Walls};
use crate::units::{Dbm, Hertz};
use leptos::prelude::*;

const DEGREES: Step = Step { by: 1.0, digits: 1 };
const POSITION: Step = Step { by: 0.00005, digits: 5 };

/// The patterns to choose from.
const PATTERNS: &[(Pattern, &str, &str)] =
    &[(Pattern::Tr38901, "tr38901", "TR 38.901 sector, 8 dBi"), (Pattern::Isotropic, "isotropic", "Isotropic, 0 dBi")];

/// The polarisations to choose from.
const POLARISATIONS: &[(Polarisation, &str, &str)] = &[
    (Polarisation::Vertical, "vertical", "Vertical"),
    (Polarisation::Horizontal, "horizontal", "Horizontal"),
    (Polarisation::SlantRight, "slant-right", "Slant +45°"),
    (Polarisation::SlantLeft, "slant-left", "Slant −45°"),
];

/// What receivers may take in.
const TAKEN: &[(Option<Polarisation>, &str, &str)] = &[
    (None, "all", "All that arrives"),
    (Some(Polarisation::Vertical), "vertical", "Vertical"),
    (Some(Polarisation::Horizontal), "horizontal", "Horizontal"),
    (Some(Polarisation::SlantRight), "slant-right", "Slant +45°"),
    (Some(Polarisation::SlantLeft), "slant-left", "Slant −45°"),
];

/// What receivers may listen with.
const EARS: &[(ReceiverPattern, &str, &str)] = &[
    (ReceiverPattern::Isotropic, "isotropic", "Isotropic, 0 dBi"),
    (ReceiverPattern::Dipole, "dipole", "Dipole, 2.15 dBi"),
    (ReceiverPattern::AtSite, "at-site", "At the site, 8 dBi"),
];

/// The baselines to choose from.
const MODELS: &[(EmpiricalModel, &str, &str)] = &[
    (EmpiricalModel::Uma, "uma", "TR 38.901 urban macro"),
    (EmpiricalModel::Cost231Hata, "cost231-hata", "COST-231 Hata"),
    (EmpiricalModel::FreeSpace, "free-space", "Free space"),
];

/// How buildings may let waves in.
const INDOORS: &[(Option<Construction>, &str, &str)] = &[
    (None, "none", "Not predicted"),
    (Some(Construction::Traditional), "traditional", "Traditional buildings"),
    (Some(Construction::ThermallyEfficient), "thermally-efficient", "Thermally efficient buildings"),
];

/// What receivers may stand on.
const FOOTINGS: &[(Footing, &str, &str)] =
    &[(Footing::Ground, "ground", "The ground"), (Footing::Roofs, "roofs", "Roofs and ground")];

/// What of corners may be counted.
const CORNERS: &[((bool, bool), &str, &str)] = &[
    ((false, false), "none", "Not counted"),
    ((true, false), "corners", "One corner (slower, on the CPU)"),
    ((true, true), "detours", "One corner and reflections beside it (slowest)"),
];

/// Orders of reflection to choose from.
const DEPTHS: &[(u8, &str, &str)] = &[
    (0, "0", "None"),
    (1, "1", "1 bounce"),
    (2, "2", "2 bounces"),
    (3, "3", "3 bounces"),
    (4, "4", "4 bounces"),
    (5, "5", "5 bounces"),
    (6, "6", "6 bounces"),
    (7, "7", "7 bounces"),
    (8, "8", "8 bounces"),
];

/// Sides of a cell to choose from, metres.
const CELLS: &[(u32, &str, &str)] = &[(3, "3", "3 m"), (5, "5", "5 m"), (10, "10", "10 m"), (20, "20", "20 m")];

fn site(scenario: &Scenario) -> Site {
    scenario.sites.get(scenario.chosen().0).cloned().unwrap_or_default()
}

fn sector(scenario: &Scenario) -> Sector {
    site(scenario).sectors.get(scenario.chosen().1).cloned().unwrap_or_default()
}

fn with_site(scenario: &mut Scenario, change: impl FnOnce(&mut Site)) {
    let (number, _) = scenario.chosen();
    if let Some(site) = scenario.sites.get_mut(number) {
        change(site);
    }
}

fn with_sector(scenario: &mut Scenario, change: impl FnOnce(&mut Sector)) {
    let (_, number) = scenario.chosen();
    with_site(scenario, |site| {
        if let Some(sector) = site.sectors.get_mut(number) {
            change(sector);
        }
    });
}

fn construction(scenario: &Scenario) -> Option<Construction> {
    scenario.receivers.indoors.map(|entry| entry.construction)
}

/// Whether corners are counted, and reflections beside them.
fn corners(scenario: &Scenario) -> (bool, bool) {
    let trace = scenario.engines.trace;
    (trace.corners, trace.corners && trace.detours)
}

fn set_corners(scenario: &mut Scenario, (corners, detours): (bool, bool)) {
    let trace = &mut scenario.engines.trace;
    (trace.corners, trace.detours) = (corners, detours);
}

/// Why what is chosen of corners is left out, if it is.
fn unheard_corners(scenario: &Scenario) -> Option<&'static str> {
    let (corners, detours) = corners(scenario);
    if corners && scenario.receivers.footing == Footing::Roofs {
        return Some("Corners are left out while receivers stand on roofs.");
    }
    let alone = detours && !scenario.engines.trace.diffraction;
    alone.then_some("Reflections beside corners are left out without diffraction over rooftops.")
}

/// Keeps the share of places where the construction changes.
fn set_construction(scenario: &mut Scenario, construction: Option<Construction>) {
    let entry = scenario.receivers.indoors.unwrap_or_default();
    scenario.receivers.indoors = construction.map(|construction| BuildingEntry { construction, ..entry });
}

/// The fields.
#[component]
pub fn Fields() -> impl IntoView {
    let store: Store = expect_context();
    let indoors = Memo::new(move |_| store.scenario.with(|s| s.receivers.indoors.is_some()));
    let inside = Memo::new(move |_| store.scenario.with(Scenario::predicts_inside));
    let floor = move || {
        inside.get().then(|| {
            view! {
                <NumberField name="floor" label="Floor (0: ground)" step=Step { by: 1.0, digits: 0 }
                    get=|s| f64::from(s.receivers.floor())
                    set=|s, v| s.receivers.height = Receivers::height_on(v.max(0.0) as u32) />
            }
        })
    };
    let unheard = Memo::new(move |_| store.scenario.with(unheard_corners));
    let left_out = move || unheard.get().map(|why| view! { <p class="hint">{why}</p> });
    let places = move || {
        indoors.get().then(|| {
            view! {
                <NumberField name="places" label="Share of places inside" unit="%" step=Step { by: 5.0, digits: 0 }
                    get=|s| 100.0 * s.receivers.indoors.unwrap_or_default().probability
                    set=|s, v| s.receivers.indoors.iter_mut().for_each(|entry| entry.probability = v / 100.0) />
            }
        })
    };
    let is_assumed = Memo::new(move |_| store.city.with(|c| c.as_ref().is_some_and(|c| c.heights.assumed() > 0)));
    let assumed = move || {
        is_assumed.get().then(|| {
            view! {
                <NumberField name="assumed-heights" label="Assumed heights" unit="×" step=Step { by: 0.05, digits: 2 }
                    get=|s| s.assumed_heights set=|s, v| s.assumed_heights = v />
            }
        })
    };
    let heading = move || {
        let name = store.scenario.with(|s| sector(s).name);
        if name.is_empty() { "Sector".to_owned() } else { format!("Sector {name}") }
    };
    view! {
        <section class="group" aria-labelledby="group-site">
            <h2 id="group-site">"Site"</h2>
            <div class="grid thirds">
                <NumberField name="latitude" label="Latitude" unit="°" step=POSITION get=|s| site(s).position.lat
                    set=|s, v| with_site(s, |x| x.position.lat = v) />
                <NumberField name="longitude" label="Longitude" unit="°" step=POSITION get=|s| site(s).position.lon
                    set=|s, v| with_site(s, |x| x.position.lon = v) />
                <NumberField name="height" label="Above ground" unit="m" step=Step { by: 1.0, digits: 1 }
                    get=|s| site(s).height set=|s, v| with_site(s, |x| x.height = v) />
            </div>
        </section>
        <section class="group" aria-labelledby="group-sector">
            <h2 id="group-sector">{heading}</h2>
            <div class="grid">
                <NumberField name="frequency" label="Frequency" unit="MHz" step=Step { by: 10.0, digits: 0 }
                    get=|s| sector(s).frequency.mhz() set=|s, v| with_sector(s, |x| x.frequency = Hertz::from_mhz(v)) />
                <NumberField name="power" label="RS power" unit="dBm" step=Step { by: 1.0, digits: 1 }
                    get=|s| sector(s).power.0 set=|s, v| with_sector(s, |x| x.power = Dbm(v)) />
                <NumberField name="azimuth" label="Azimuth" unit="°" step=Step { by: 5.0, digits: 1 }
                    get=|s| sector(s).azimuth set=|s, v| with_sector(s, |x| x.azimuth = v) />
                <NumberField name="downtilt" label="Downtilt" unit="°" step=DEGREES get=|s| sector(s).downtilt
                    set=|s, v| with_sector(s, |x| x.downtilt = v) />
                <div class="wide">
                    <ChoiceField name="pattern" label="Antenna pattern" options=PATTERNS get=|s| sector(s).pattern
                        set=|s, v| with_sector(s, |x| x.pattern = v) />
                </div>
                <Show when=move || store.scenario.with(|s| sector(s).pattern == Pattern::Tr38901)>
                    <NumberField name="beamwidth" label="Beam, across" unit="°" step=DEGREES get=|s| sector(s).beamwidths[0]
                        set=|s, v| with_sector(s, |x| x.beamwidths[0] = v) />
                    <NumberField name="beamheight" label="Beam, upright" unit="°" step=DEGREES get=|s| sector(s).beamwidths[1]
                        set=|s, v| with_sector(s, |x| x.beamwidths[1] = v) />
                </Show>
                <div class="wide">
                    <ChoiceField name="polarisation" label="Polarisation" options=POLARISATIONS
                        get=|s| sector(s).polarisation set=|s, v| with_sector(s, |x| x.polarisation = v) />
                </div>
            </div>
        </section>
        <section class="group" aria-labelledby="group-receivers">
            <h2 id="group-receivers">"Receivers"</h2>
            <div class="grid">
                <ChoiceField name="footing" label="Stand on" options=FOOTINGS get=|s| s.receivers.footing
                    set=|s, v| s.receivers.footing = v />
                <NumberField name="receiver-height" label="Above that" unit="m" step=Step { by: 1.0, digits: 1 }
                    get=|s| s.receivers.height set=|s, v| s.receivers.height = v />
                <ChoiceField name="ears" label="Antenna pattern" options=EARS get=|s| s.receivers.pattern
                    set=|s, v| s.receivers.pattern = v />
                <ChoiceField name="taken" label="Polarisation" options=TAKEN get=|s| s.receivers.polarisation
                    set=|s, v| s.receivers.polarisation = v />
                <div class="wide">
                    <ChoiceField name="indoors" label="Inside buildings" options=INDOORS get=construction
                        set=set_construction />
                </div>
                {places}
                {floor}
            </div>
        </section>
        <section class="group" aria-labelledby="group-engines">
            <h2 id="group-engines">"Prediction"</h2>
            <div class="grid">
                <ChoiceField name="cell" label="Cell size" options=CELLS get=|s| s.receivers.cell.round() as u32
                    set=|s, v| s.receivers.cell = f64::from(v) />
                <ChoiceField name="depth" label="Reflections" options=DEPTHS get=|s| s.engines.trace.depth
                    set=|s, v| s.engines.trace.depth = v />
                {assumed}
                <div class="wide">
                    <ChoiceField name="corners" label="Diffraction around corners" options=CORNERS get=corners
                        set=set_corners />
                </div>
                <div class="wide">
                    {left_out}
                    <SwitchField name="diffraction" label="Diffraction over rooftops" get=|s| s.engines.trace.diffraction
                        set=|s, v| s.engines.trace.diffraction = v />
                    <SwitchField name="sheets" label="Hollow buildings: waves come through walls (slower, on the CPU)"
                        get=|s| s.engines.trace.walls == Walls::Sheets
                        set=|s, v| s.engines.trace.walls = if v { Walls::Sheets } else { Walls::Solid } />
                    <SwitchField name="vegetation" label="Loss in woods" get=|s| s.engines.trace.vegetation
                        set=|s, v| s.engines.trace.vegetation = v />
                </div>
                <div class="wide">
                    <ModelChoice />
                </div>
                <div class="wide">
                    <ChoiceField name="empirical" label="Empirical model" options=MODELS get=|s| s.engines.empirical
                        set=|s, v| s.engines.empirical = v />
                </div>
            </div>
        </section>
    }
}
