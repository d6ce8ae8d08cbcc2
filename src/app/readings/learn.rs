//! What the engines learn from the readings: the calibration of the ray tracer, the adaptation of the learned model, and how
//! to ask which is right.

use super::{Brought, grouped};
use crate::app::engines::Handle;
use crate::app::lessons::{Found, Lessons, Stage};
use crate::app::store::Store;
use crate::material::Material;
use crate::readings::Reading;
use crate::scenario::Scenario;
use crate::trace::calibrate::{Estimate, Heard, Sought, Step, Unknown};
use crate::trace::store::MOST_POINTS;
use leptos::prelude::*;
use std::sync::Arc;

/// Width and height of the plot of steps, in its own units.
const PLOT: (f64, f64) = (300.0, 80.0);

/// What can be looked for: its name, what it is, where it is kept.
type Switch = (&'static str, &'static str, fn(&mut Sought) -> &mut bool);
const SWITCHES: [Switch; 8] = [
    ("power", "Power of the sector", |s| &mut s.power),
    ("pointing", "Azimuth and downtilt", |s| &mut s.pointing),
    ("beamwidths", "Beamwidths", |s| &mut s.beamwidths),
    ("permittivity", "Permittivity of walls and ground", |s| &mut s.permittivity),
    ("conductivity", "Conductivity of walls and ground", |s| &mut s.conductivity),
    ("scattering", "Scattering of walls and ground", |s| &mut s.scattering),
    ("devices", "Offsets between devices", |s| &mut s.devices),
    ("heights", "Heights of buildings that are assumed", |s| &mut s.heights),
];

/// What was heard of the scenario's sectors, or why that can't be said. A cell is the sector of its name; of a single sector
/// whose name no cell has, it is the cell that is chosen, or the only one.
pub fn heard(store: Store, brought: Brought) -> Result<Vec<Heard>, String> {
    let sectors: Vec<String> =
        store.scenario.with(|s| s.sites.iter().flat_map(|s| &s.sectors).map(|sector| sector.name.clone()).collect());
    let cells = brought.readings.with(|r| r.as_ref().map_or(Vec::new(), |r| r.cells.clone()));
    let named = |cell: &String| sectors.iter().position(|name| !name.is_empty() && name == cell);
    let of_cell: Vec<Option<usize>> = cells.iter().map(named).collect();
    let counted = brought.counted.get();
    let by_name = of_cell.iter().any(Option::is_some);
    if !by_name && sectors.len() != 1 {
        return Err(format!(
            "No cell of the readings is called like one of the {} sectors: bring their table, with these names.",
            sectors.len()
        ));
    }
    if !by_name && cells.len() > 1 && brought.cell.get().is_none() {
        return Err("Choose above which cell the sector of this scenario is.".into());
    }
    let sector = |cell: Option<u32>| if by_name { of_cell.get(cell? as usize).copied()? } else { Some(0) };
    let one = |r: &Reading| {
        let sector = sector(r.cell)? as u32;
        Some(Heard { at: r.at, level: r.level.0, sector, device: r.device.unwrap_or_default() })
    };
    let heard: Vec<Heard> = counted.readings.iter().filter_map(one).collect();
    if heard.len() > MOST_POINTS {
        let most = grouped(MOST_POINTS as u64);
        return Err(format!("At most {most} readings can be learned from: average them over squares."));
    }
    if heard.is_empty() {
        return Err("None of these readings is of a sector of this scenario.".into());
    }
    Ok(heard)
}

/// Keeps what the learned map is corrected by at what counts and at the sector that is shown, also when the readings are put away.
pub fn follow(store: Store, brought: Brought) {
    let lessons: Lessons = expect_context();
    let engines: Handle = expect_context();
    let heard = Memo::new(move |_| heard(store, brought).ok().map(Arc::new));
    let sector = Memo::new(move |_| store.scenario.with(|s| s.view.sector));
    Effect::new(move |shown: Option<Option<u32>>| {
        let (now, sector) = (heard.get(), sector.get());
        let before = lessons.adapted.get_untracked();
        if before.is_some() && (before != now || shown.is_some_and(|shown| shown != sector)) {
            engines.with_value(|e| e.adapt(now));
        }
        sector
    });
}

/// The part of the panel about it.
#[component]
pub fn Learn() -> impl IntoView {
    let store: Store = expect_context();
    let brought: Brought = expect_context();
    let lessons: Lessons = expect_context();
    let engines: Handle = expect_context();
    let heard = Memo::new(move |_| heard(store, brought).map(Arc::new));
    let hindrance = move || heard.with(|h| h.as_ref().err().cloned());
    let busy = move || lessons.calibration.with(Stage::is_running) || lessons.trial.with(Stage::is_running);
    let closed = move || hindrance().is_some() || busy() || store.city.with(Option::is_none);
    let with_heard = move |act: &dyn Fn(Arc<Vec<Heard>>)| {
        if let Ok(heard) = heard.get_untracked() {
            act(heard);
        }
    };
    let calibrate = move |_| with_heard(&|h| engines.with_value(|e| e.calibrate((*h).clone())));
    let attempt = move |_| with_heard(&|h| engines.with_value(|e| e.attempt((*h).clone())));
    let adapted = move || lessons.adapted.with(Option::is_some);
    let adapt = move |_| {
        let on = lessons.adapted.with_untracked(Option::is_none);
        let heard = heard.get_untracked().ok().filter(|_| on);
        engines.with_value(|e| e.adapt(heard));
    };
    let stop = move |()| engines.with_value(|e| e.stop_lessons());
    view! {
        <section class="learn" aria-label="Learn from the readings">
            <h3>"Learn from them"</h3>
            {move || hindrance().map(|why| view! { <p class="hint">{why}</p> })}
            <div class="row">
                <button type="button" class="quiet" data-action="calibrate" disabled=closed on:click=calibrate
                    title="Look for powers, angles and materials that bring what was measured">
                    "Calibrate ray tracer"
                </button>
                <button type="button" class="quiet" data-action="adapt" aria-pressed=move || adapted().to_string()
                    disabled=move || hindrance().is_some() && !adapted() on:click=adapt
                    title="Correct the learned map by what it errs at the readings">
                    {move || if adapted() { "Model adapted ✓" } else { "Adapt model" }}
                </button>
            </div>
            <Choice />
            <Running stop=Callback::new(stop) />
            <Calibrated />
            <button type="button" class="judge" data-action="judge" disabled=closed on:click=attempt>
                "Which is right here?"
            </button>
            <super::verdict::Judged />
        </section>
    }
}

/// What the calibration looks for.
#[component]
fn Choice() -> impl IntoView {
    let lessons: Lessons = expect_context();
    let store: Store = expect_context();
    let is_assumed = Memo::new(move |_| store.city.with(|c| c.as_ref().is_some_and(|c| c.heights.assumed() > 0)));
    let switch = move |(name, text, place): Switch| {
        // Where all heights are known there is nothing to look for.
        let hidden = move || name == "heights" && !is_assumed.get();
        let on = move || lessons.sought.with(|sought| *place(&mut sought.clone()));
        let toggle = move |_| lessons.sought.update(|sought| *place(sought) ^= true);
        view! {
            <label class="check" hidden=hidden>
                <input type="checkbox" name=format!("sought-{name}") prop:checked=on on:change=toggle />
                <span>{text}</span>
            </label>
        }
    };
    view! {
        <details class="sought">
            <summary>"What calibration looks for"</summary>
            {SWITCHES.map(switch).into_iter().collect_view()}
        </details>
    }
}

/// A lesson that goes on: how far it is, and how to stop it.
#[component]
fn Running(stop: Callback<()>) -> impl IntoView {
    let lessons: Lessons = expect_context();
    let running = move || {
        let of = |stage: &Stage<_>| match stage {
            Stage::Running { fraction, stage } => Some((*fraction, stage.clone())),
            _ => None,
        };
        let of_trial = lessons.trial.with(|stage| match stage {
            Stage::Running { fraction, stage } => Some((*fraction, stage.clone())),
            _ => None,
        });
        lessons.calibration.with(of).or(of_trial)
    };
    let line = move || {
        running().map(|(fraction, stage)| {
            view! {
                <div class="lesson" role="status">
                    <progress max="1" value=fraction.to_string()></progress>
                    <span>{stage}</span>
                    <button type="button" class="quiet" data-action="stop-lesson" on:click=move |_| stop.run(())>"Stop"</button>
                </div>
            }
        })
    };
    view! {
        {line}
        <Show when=move || { lessons.steps.with(|s| s.len() > 1) }>
            <Plot steps=lessons.steps fitted="Most errors" engine="traced" />
        </Show>
        <Show when=move || { lessons.adaptation.with(|s| s.len() > 1) }>
            <Plot steps=lessons.adaptation fitted="SD" engine="learned" />
        </Show>
    }
}

/// The error after each step of a lesson.
#[component]
fn Plot(
    /// The steps.
    steps: RwSignal<Vec<Step>>,
    /// What is fitted.
    fitted: &'static str,
    /// The engine that learns.
    engine: &'static str,
) -> impl IntoView {
    let points = move |of: fn(&Step) -> f64| {
        steps.with(|steps| {
            let most = steps.iter().map(|s| s.rmse_db.max(s.scale_db)).fold(1.0, f64::max);
            let last = (steps.len().max(2) - 1) as f64;
            let point = |(i, step): (usize, &Step)| {
                format!("{:.1},{:.1}", PLOT.0 * i as f64 / last, PLOT.1 * (1.0 - of(step) / most))
            };
            steps.iter().enumerate().map(point).collect::<Vec<_>>().join(" ")
        })
    };
    let told = move || {
        steps.with(|steps| {
            let (first, last) = (steps.first()?, steps.last()?);
            let (scale, rmse) = ([first, last].map(|s| s.scale_db), [first, last].map(|s| s.rmse_db));
            let count = match steps.len() - 1 {
                1 => String::new(),
                count => format!(" in {count} steps"),
            };
            Some(format!(
                "{fitted} {:.1} → {:.1} dB, RMSE {:.1} → {:.1} dB{count}",
                scale[0], scale[1], rmse[0], rmse[1]
            ))
        })
    };
    view! {
        <figure class="curves steps" title=format!("In colour: {}; grey: RMSE, outliers and all", fitted.to_lowercase()) data-steps=move || steps.with(|s| s.len().to_string())>
            <svg viewBox=format!("0 0 {} {}", PLOT.0, PLOT.1) preserveAspectRatio="none" role="img" aria-label=told>
                <polyline class="of-empirical" points=move || points(|s| s.rmse_db)></polyline>
                <polyline class=format!("of-{engine}") points=move || points(|s| s.scale_db)></polyline>
            </svg>
            <figcaption><span>{told}</span></figcaption>
        </figure>
    }
}

/// What the calibration found.
#[component]
fn Calibrated() -> impl IntoView {
    let store: Store = expect_context();
    let brought: Brought = expect_context();
    let lessons: Lessons = expect_context();
    let told = move || match lessons.calibration.get() {
        Stage::Failed(why) => Some(view! { <p class="hint" role="alert">{why}</p> }.into_any()),
        Stage::Done(found) => Some(table(store, brought, &found).into_any()),
        _ => None,
    };
    view! { {told} }
}

fn table(store: Store, brought: Brought, found: &Arc<Found>) -> impl IntoView + use<> {
    let calibration = &found.calibration;
    let after = calibration.applied(&found.before);
    let carries = move |s: &Scenario, of: &Scenario| {
        s.sites == of.sites && s.materials == of.materials && s.assumed_heights == of.assumed_heights
    };
    let (before, applied) = (found.before.clone(), after.clone());
    let is_applied = Memo::new(move |_| store.scenario.with(|s| carries(s, &applied)));
    let is_before = Memo::new(move |_| store.scenario.with(|s| carries(s, &before)));
    let apply = move |_| {
        let after = after.clone();
        store.edit(None, move |s| {
            (s.sites, s.materials, s.assumed_heights) = (after.sites, after.materials, after.assumed_heights);
        });
    };
    let sectors = found.before.sites.iter().flat_map(|site| &site.sectors);
    let names: Vec<String> = sectors.map(|sector| sector.name.clone()).collect();
    let name = |unknown: Unknown| name(unknown, &names, brought);
    let row = |estimate: &Estimate| {
        let note = match (estimate.told, estimate.entangled) {
            (false, Some(other)) => format!("can't be told from {}", name(other)),
            (false, None) => "not told by this data".into(),
            (true, _) if estimate.at_bound => "at its limit".into(),
            _ => String::new(),
        };
        view! {
            <tr class:untold=!estimate.told>
                <th scope="row">{name(estimate.unknown)}</th>
                <td>{value(estimate)}</td>
                <td>{note}</td>
            </tr>
        }
    };
    let rows = calibration.estimates.iter().map(row).collect_view();
    let silent =
        (calibration.silent > 0).then(|| format!(" No path arrives at {} more.", grouped(calibration.silent as u64)));
    let unsettled = (!calibration.settled).then_some(" It ended before it settled.");
    let told = format!(
        "From {} readings.{}{}",
        grouped(calibration.readings as u64),
        silent.unwrap_or_default(),
        unsettled.unwrap_or_default()
    );
    view! {
        <table class="errors estimates">
            <caption>"Change and its standard error"</caption>
            <tbody>{rows}</tbody>
        </table>
        <p class="hint">{told}</p>
        <div class="row">
            <button type="button" class="quiet" data-action="apply" disabled=move || !is_before.get() on:click=apply>
                {move || if is_applied.get() { "Applied ✓" } else { "Apply" }}
            </button>
            <button type="button" class="quiet" data-action="unapply" disabled=move || !is_applied.get()
                on:click=move |_| store.undo()>
                "Undo"
            </button>
        </div>
        <Show when=move || !is_before.get() && !is_applied.get()>
            <p class="hint">"The scenario has changed since: calibrate again."</p>
        </Show>
    }
}

/// What an unknown is called.
fn name(unknown: Unknown, names: &[String], brought: Brought) -> String {
    let of = |material: Material, what: &str| format!("{} {what}", material.name().replace('_', " "));
    let of_sector = |sector: u32, what: &str| match names.get(sector as usize).filter(|_| names.len() > 1) {
        Some(name) if !name.is_empty() => format!("{what} of {name}"),
        Some(_) => format!("{what} of sector {}", sector + 1),
        None => what.into(),
    };
    match unknown {
        Unknown::Permittivity(material) => of(material, "εr"),
        Unknown::Conductivity(material) => of(material, "σ"),
        Unknown::Scattering(material) => of(material, "scattering"),
        Unknown::Power(sector) => of_sector(sector, "power"),
        Unknown::Azimuth(sector) => of_sector(sector, "azimuth"),
        Unknown::Downtilt(sector) => of_sector(sector, "downtilt"),
        Unknown::Horizontal(sector) => of_sector(sector, "beamwidth"),
        Unknown::Vertical(sector) => of_sector(sector, "beam height"),
        Unknown::Device(device) => {
            let named = brought.readings.with_untracked(|r| r.as_ref()?.devices.get(device as usize).cloned());
            named.unwrap_or_else(|| format!("device {device}"))
        }
        Unknown::Heights => "assumed heights".into(),
    }
}

/// What was found of it, with its standard error and unit.
fn value(estimate: &Estimate) -> String {
    let Estimate { unknown, change, standard_error, .. } = estimate;
    let text = match unknown {
        Unknown::Permittivity(_)
        | Unknown::Conductivity(_)
        | Unknown::Horizontal(_)
        | Unknown::Vertical(_)
        | Unknown::Heights => {
            format!("× {change:.2} ± {:.0} %", 100.0 * standard_error)
        }
        Unknown::Scattering(_) => format!("{change:+.2} ± {standard_error:.2}"),
        Unknown::Azimuth(_) | Unknown::Downtilt(_) => format!("{change:+.1} ± {standard_error:.1}°"),
        Unknown::Power(_) | Unknown::Device(_) => format!("{change:+.1} ± {standard_error:.1} dB"),
    };
    text.replace('-', "−")
}
