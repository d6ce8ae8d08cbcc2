//! How far each engine's map lies from the readings: a table, how the errors are distributed, and the map in front by distance and
//! sight.

use super::{Brought, grouped, newest};
use crate::app::city_map::engine_name;
use crate::app::engines::{ENGINES, Handle};
use crate::app::layers;
use crate::app::lessons::{Lessons, Sighted};
use crate::app::store::{Store, inputs_of};
use crate::coverage::CoverageMap;
use crate::geodesy::LocalFrame;
use crate::readings::{Reading, Score, Tally, f1, spearman};
use crate::scenario::{EngineKind, Layer, Scenario};
use crate::trace::calibrate::Step;
use crate::verdict::THRESHOLDS;
use crate::worker::turn;
use glam::DVec2;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::sync::Arc;
use std::time::Duration;

/// The engines in the order of the toggle.
const ORDER: [EngineKind; 3] = [EngineKind::Learned, EngineKind::Traced, EngineKind::Empirical];
/// The greatest error of the curves, dB, a step of 1 dB each.
const GREATEST: usize = 30;
/// Ends of the distance bands, metres.
const BANDS: [f64; 6] = [50.0, 100.0, 200.0, 500.0, 1000.0, f64::INFINITY];

/// The antenna's sight is asked for when nothing has changed for this long.
const PATIENCE: Duration = Duration::from_millis(250);

/// Readings that are judged together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Those in a band of distances, by its number.
    Band(usize),
    /// Those that the nearest antenna is in sight of, or those that it isn't.
    Sight(bool),
}

/// The number of the band that a distance lies in.
pub fn band(distance: f64) -> usize {
    BANDS.partition_point(|end| *end <= distance)
}

/// The errors of a map at places with a measured level.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Errors {
    /// Where it says something.
    score: Option<Score>,
    /// Places about which it says nothing.
    silent: usize,
    /// How well it orders them.
    rank: Option<f64>,
    /// How well it tells where there are at least [`THRESHOLDS`] dBm.
    f1: [Option<f64>; 3],
    /// The share of errors of at most 0, 1, 2 … dB, either way.
    within: [f32; GREATEST + 1],
}

impl Errors {
    fn of(map: &CoverageMap, readings: &[(DVec2, f64)]) -> Self {
        let pairs = readings.iter().filter_map(|(p, level)| Some((f64::from(map.at(*p)?), *level)));
        let pairs: Vec<(f64, f64)> = pairs.collect();
        let (mut tally, mut within) = (Tally::default(), [0.0; GREATEST + 1]);
        for (predicted, measured) in &pairs {
            let error = predicted - measured;
            tally.add(error);
            let first = error.abs().ceil() as usize;
            within.iter_mut().skip(first).for_each(|share| *share += 1.0 / pairs.len() as f32);
        }
        let silent = readings.len() - pairs.len();
        let f1 = THRESHOLDS.map(|threshold| f1(&pairs, threshold));
        Self { score: tally.score(), silent, rank: spearman(&pairs), f1, within }
    }
}

/// Where readings were taken, local metres, and their levels, dBm.
type Places = Arc<Vec<(DVec2, f64)>>;

/// An engine and its errors, once it has a map.
type Judged = (EngineKind, RwSignal<Option<Errors>>);

/// All that is told of errors.
#[component]
pub fn ErrorView() -> impl IntoView {
    let store: Store = expect_context();
    let brought: Brought = expect_context();
    let origin = Memo::new(move |_| store.city.with(|c| c.as_ref().map(|c| c.origin)));
    let local = Memo::new(move |_| {
        let frame = origin.get().map(LocalFrame::new);
        let place = |r: &Reading| Some((frame.as_ref()?.to_local(r.at), r.level.0));
        brought.counted.with(|c| Arc::new(c.readings.iter().filter_map(place).collect::<Vec<(DVec2, f64)>>()))
    });
    let judged: [Judged; 3] = ORDER.map(|engine| {
        let errors = RwSignal::new(None);
        let newest = newest();
        Effect::new(move |_| {
            let (local, made, wanted) = (local.get(), store.desk(engine).made.get(), newest());
            // Of many readings each engine's take as long as a frame.
            spawn_local(async move {
                turn().await;
                if wanted() {
                    errors.set(made.map(|made| Errors::of(&made.map, &local)));
                }
            });
        });
        (engine, errors)
    });
    follow_adaptation(local, judged[0].1);
    let silent = move || {
        let told = |(engine, errors): Judged| {
            let Errors { silent, .. } = errors.get().filter(|errors| errors.silent > 0)?;
            Some(format!("{} says nothing at {}.", layers::name(engine.into()), grouped(silent as u64)))
        };
        let all: Vec<String> = judged.into_iter().filter_map(told).collect();
        (!all.is_empty()).then(|| view! { <p class="hint">{all.join(" ")}</p> })
    };
    let blended = move || {
        let shown = store.scenario.with(|s| s.sectors() > 1 && s.view.sector.is_none());
        let told = "The maps are of the strongest sector: choose a cell, and its own sector is shown and judged.";
        shown.then(|| view! { <p class="hint">{told}</p> })
    };
    view! {
        {blended}
        <table class="errors">
            <caption>"Prediction less measurement, dB"</caption>
            <thead>
                <tr>
                    <th scope="col"></th>
                    <th scope="col" title="Readings with a prediction">"n"</th>
                    <th scope="col" title="Mean error: positive where the prediction is too strong">"bias"</th>
                    <th scope="col" title="Standard deviation: what is left without the bias">"SD"</th>
                    <th scope="col" title="Root of the mean squared error">"RMSE"</th>
                    <th scope="col" title="Mean absolute error">"MAE"</th>
                    <th scope="col" title="Spearman's rank correlation: 1 where weak and strong places are told in the right order">
                        "rank"
                    </th>
                </tr>
            </thead>
            <tbody>{judged.map(row).into_iter().collect_view()}</tbody>
        </table>
        {silent}
        {covered(judged)}
        {curves(judged)}
        <ByGroup local=local />
    }
}

/// Keeps what the learned map's errors were before it was adapted, and what they are since. Where the scenario or what counts has
/// changed meanwhile, nothing can be compared.
fn follow_adaptation(local: Memo<Places>, learned: RwSignal<Option<Errors>>) {
    let store: Store = expect_context();
    let lessons: Lessons = expect_context();
    let inputs = Memo::new(move |_| store.scenario.with(|s| inputs_of(EngineKind::Learned, s)));
    Effect::new(move |before: Option<(Scenario, Places)>| {
        let now = (inputs.get(), local.get());
        let same = before.is_some_and(|(inputs, local)| inputs == now.0 && Arc::ptr_eq(&local, &now.1));
        let is_adapted = lessons.adapted.with(Option::is_some);
        let step =
            learned.get().and_then(|errors| errors.score).map(|s| Step { rmse_db: s.rmse_db, scale_db: s.sd_db });
        lessons.adaptation.update(|steps| {
            if !same {
                steps.clear();
            }
            // The first is of the network as it was published.
            match step {
                Some(step) if !is_adapted => *steps = vec![step],
                Some(step) if !steps.is_empty() => {
                    steps.truncate(1);
                    steps.push(step);
                }
                _ => {}
            }
        });
        now
    });
}

fn row((engine, errors): Judged) -> impl IntoView {
    let cells = move || match errors.get() {
        None => view! { <td colspan="6">"no map yet"</td> }.into_any(),
        Some(Errors { score: None, .. }) => view! { <td colspan="6">"no prediction at any of them"</td> }.into_any(),
        Some(Errors { score: Some(score), rank, .. }) => {
            let numbers = [score.bias_db, score.sd_db, score.rmse_db, score.mae_db];
            let numbers = numbers.map(|n| view! { <td>{format!("{n:.1}").replace('-', "−")}</td> });
            let rank = rank.map_or("–".into(), |r| format!("{r:.2}").replace('-', "−"));
            view! { <td>{grouped(score.n)}</td>{numbers.into_iter().collect_view()}<td>{rank}</td> }.into_any()
        }
    };
    let name = engine_name(engine);
    view! {
        <tr data-errors=name>
            <th scope="row"><i class=format!("of-{name}")></i>{layers::name(engine.into())}</th>
            {cells}
        </tr>
    }
}

/// How well each engine tells where there is coverage.
fn covered(judged: [Judged; 3]) -> impl IntoView {
    let row = |(engine, errors): Judged| {
        let name = engine_name(engine);
        let cell = move |i: usize| {
            let f1 = move || errors.get().and_then(|errors| errors.f1[i]).map_or("–".into(), |f| format!("{f:.2}"));
            view! { <td>{f1}</td> }
        };
        view! {
            <tr data-f1=name>
                <th scope="row"><i class=format!("of-{name}")></i>{layers::name(engine.into())}</th>
                {(0..THRESHOLDS.len()).map(cell).collect_view()}
            </tr>
        }
    };
    let head = THRESHOLDS.map(|t| view! { <th scope="col">{format!("−{:.0}", -t)}</th> });
    view! {
        <details class="covered">
            <summary>"Agreement on coverage"</summary>
            <table class="errors">
                <caption>"Where there are at least so many dBm: F1, 1 where prediction and measurement agree everywhere"</caption>
                <thead><tr><th scope="col"></th>{head.into_iter().collect_view()}</tr></thead>
                <tbody>{judged.map(row).into_iter().collect_view()}</tbody>
            </table>
        </details>
    }
}

/// The share of places whose error is at most so many dB, of each engine.
fn curves(judged: [Judged; 3]) -> impl IntoView {
    let line = move |(engine, errors): Judged| {
        let points = move || {
            let within = errors.get().filter(|errors| errors.score.is_some()).map(|errors| errors.within);
            let point = |(i, share): (usize, &f32)| format!("{},{:.1}", 10 * i, 100.0 * (1.0 - share));
            within.map(|within| within.iter().enumerate().map(point).collect::<Vec<_>>().join(" "))
        };
        view! { <polyline class=format!("of-{}", engine_name(engine)) points=move || points().unwrap_or_default()></polyline> }
    };
    let told = move || {
        let half = |(engine, errors): Judged| {
            let within = errors.get().filter(|errors| errors.score.is_some())?.within;
            let at = within.iter().position(|share| *share >= 0.5);
            let at = at.map_or(format!("more than {GREATEST}"), |at| format!("at most {at}"));
            Some(format!("{}: half of the errors are {at} dB", layers::name(engine.into())))
        };
        judged.into_iter().filter_map(half).collect::<Vec<_>>().join("; ")
    };
    view! {
        <figure class="curves">
            <svg viewBox="0 0 300 100" preserveAspectRatio="none" role="img" aria-label=told>
                <path class="rules" d="M0 50H300M100 0V100M200 0V100" />
                {judged.map(line).into_iter().collect_view()}
            </svg>
            <figcaption>
                <span>"0"</span><span>"10"</span><span>"20"</span><span>{format!("{GREATEST} dB")}</span>
            </figcaption>
            <p class="hint">"Share of places whose error is at most that"</p>
        </figure>
    }
}

/// The errors of the map in front by the distance from the site, and by whether the antenna is in sight; of a group that is clicked the
/// dots are shown alone.
#[component]
fn ByGroup(local: Memo<Places>) -> impl IntoView {
    let store: Store = expect_context();
    let brought: Brought = expect_context();
    let lessons: Lessons = expect_context();
    let engines: Handle = expect_context();
    // What the antenna sees is asked for when it, or what counts, has changed and nothing more comes for a moment.
    let waiting = StoredValue::new_local(None::<TimeoutHandle>);
    let antennas = Memo::new(move |_| store.scenario.with(|s| inputs_of(EngineKind::Traced, s)));
    Effect::new(move |_| {
        let counted = brought.counted.get();
        antennas.track();
        if let Some(handle) = waiting.with_value(|w| *w) {
            handle.clear();
        }
        if store.backend.with(Option::is_none) || store.city.with(Option::is_none) || counted.readings.is_empty() {
            return;
        }
        let ask = move || engines.with_value(|e| e.look(Arc::clone(&counted)));
        waiting.set_value(set_timeout_with_handle(ask, PATIENCE).ok());
    });
    on_cleanup(move || {
        if let Some(handle) = waiting.try_with_value(|w| *w).flatten() {
            handle.clear();
        }
    });
    let layer = Memo::new(move |_| store.scenario.with(|s| s.view.layer));
    let site = Memo::new(move |_| store.scenario.with(|s| s.shown().sites.first().map(|s| s.position)));
    let groups = Memo::new(move |_| {
        let engine = ENGINES.into_iter().find(|engine| Layer::from(*engine) == layer.get())?;
        let site = store.local(site.get()?)?;
        let sight = brought.counted.with(|counted| lessons.sight.with(|sight| Sighted::of(sight.as_ref(), counted)));
        let mut tallies = [Tally::default(); BANDS.len() + 2];
        store.desk(engine).made.with(|made| {
            let map = &made.as_ref()?.map;
            for (i, (p, level)) in local.get().iter().enumerate() {
                let Some(predicted) = map.at(*p) else { continue };
                let error = f64::from(predicted) - level;
                tallies[band(p.distance(site))].add(error);
                if let Some(Some(seen)) = sight.as_ref().and_then(|sight| sight.get(i)) {
                    tallies[BANDS.len() + usize::from(!seen)].add(error);
                }
            }
            let groups = (0..BANDS.len()).map(Group::Band).chain([Group::Sight(true), Group::Sight(false)]);
            let scores = groups.zip(tallies).filter_map(|(group, tally)| Some((group, tally.score()?)));
            Some(scores.collect::<Vec<_>>())
        })
    });
    let bars = move || {
        let groups = groups.get()?;
        let most = groups.iter().map(|(_, score)| score.rmse_db).fold(1.0, f64::max);
        let bars = groups.into_iter().map(|(group, score)| bar(brought, group, score, most)).collect_view();
        let title = format!("{}: RMSE by distance and sight, dB", layers::name(layer.get()));
        let label = title.clone();
        Some(view! { <div class="bands" role="group" aria-label=label><p class="hint">{title}</p>{bars}</div> })
    };
    view! { {bars} }
}

fn bar(brought: Brought, group: Group, score: Score, most: f64) -> impl IntoView {
    let name = match group {
        Group::Band(number) => {
            let from = if number == 0 { 0.0 } else { BANDS[number - 1] };
            match BANDS[number] {
                end if end.is_finite() => format!("{from:.0}–{end:.0} m"),
                _ => format!("over {from:.0} m"),
            }
        }
        Group::Sight(true) => "in sight".into(),
        Group::Sight(false) => "not in sight".into(),
    };
    let (band, sight) = match group {
        Group::Band(number) => (Some(number.to_string()), None),
        Group::Sight(seen) => (None, Some(seen.to_string())),
    };
    let width = format!("{:.0}%", 100.0 * score.rmse_db / most);
    let alone = move || brought.group.get() == Some(group);
    let toggle = move |_| brought.group.update(|shown| *shown = (*shown != Some(group)).then_some(group));
    let title = format!("{} readings, bias {:.1} dB. Click to see these alone.", grouped(score.n), score.bias_db);
    view! {
        <button type="button" data-band=band data-sight=sight aria-pressed=move || alone().to_string() title=title on:click=toggle>
            <span>{name}</span>
            <span class="bar"><i style:width=width></i></span>
            <span>{format!("{:.1}", score.rmse_db)}</span>
        </button>
    }
}
