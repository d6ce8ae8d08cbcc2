//! Which engine is right on the readings: a sentence in the panel, and the report behind it, for the screen, for paper and as
//! CSV.

use super::{Brought, grouped};
use crate::app::city_map::engine_name;
use crate::app::dialogue::Dialogue;
use crate::app::lessons::{Judged, Lessons, Stage};
use crate::app::store::Store;
use crate::scenario::{EngineKind, Scenario, View};
use crate::verdict::{Method, Row, Verdict};
use js_sys::{Array, JsString};
use leptos::prelude::*;
use std::sync::Arc;
use wasm_bindgen::JsCast;
use web_sys::{Blob, HtmlElement, Url};

/// Width and height of the learning curve, in its own units.
const PLOT: (f64, f64) = (600.0, 180.0);

/// The sentence, and what opens the report.
#[component]
pub fn Judged() -> impl IntoView {
    let store: Store = expect_context();
    let lessons: Lessons = expect_context();
    let told = move || match lessons.trial.get() {
        Stage::Failed(why) => Some(view! { <p class="hint" role="alert">{why}</p> }.into_any()),
        Stage::Done(judged) => Some({
            let (verdict, of) = (&judged.verdict, judged.scenario.clone());
            let outdated =
                Memo::new(move |_| store.scenario.with(|s| Scenario { view: View::default(), ..s.clone() } != of));
            view! {
                <p class="verdict-sentence" data-verdict=verdict.trust.map(|t| t.best.name())>{verdict.sentence()}</p>
                <div class="row">
                    <button type="button" class="quiet" data-action="report" on:click=move |_| lessons.report.set(true)>"Report"</button>
                    {save(&judged)}
                </div>
                <Show when=move || outdated.get()>
                    <p class="hint">"The scenario has changed since: ask again."</p>
                </Show>
            }
            .into_any()
        }),
        _ => None,
    };
    view! { {told} }
}

/// The report: beside the panel, as it is all that is printed.
#[component]
pub fn Report() -> impl IntoView {
    let lessons: Lessons = expect_context();
    let body = move || match lessons.trial.get() {
        Stage::Done(judged) => Some(report(&judged)),
        _ => None,
    };
    view! { <Dialogue open=lessons.report title="Which is right here?" name="verdict">{body}</Dialogue> }
}

/// A button that saves a verdict as CSV.
fn save(judged: &Arc<Judged>) -> impl IntoView + use<> {
    let judged = Arc::clone(judged);
    let save = move |_| {
        let text = JsString::from(judged.verdict.csv());
        let Ok(blob) = Blob::new_with_str_sequence(&Array::of1(&text)) else { return };
        let Ok(address) = Url::create_object_url_with_blob(&blob) else { return };
        if let Some(link) = document().create_element("a").ok().and_then(|a| a.dyn_into::<HtmlElement>().ok()) {
            let _ = link.set_attribute("href", &address);
            let _ = link.set_attribute("download", "farfield-verdict.csv");
            link.click();
        }
        let _ = Url::revoke_object_url(&address);
    };
    view! { <button type="button" class="quiet" data-action="save-verdict" on:click=save>"CSV"</button> }
}

/// One page about a verdict.
fn report(judged: &Arc<Judged>) -> impl IntoView + use<> {
    let verdict = &judged.verdict;
    let brought: Brought = expect_context();
    let city = judged.scenario.city.clone();
    let file = brought.readings.with_untracked(|r| r.as_ref().map(|r| r.file.clone()).unwrap_or_default());
    let facts = format!(
        "{file}: {} readings of {} that all methods predict, in {} blocks of {} m, in {city}.",
        grouped(verdict.common as u64),
        grouped(verdict.all as u64),
        verdict.blocks,
        verdict.side
    );
    let rows = verdict.rows.iter().map(|r| row(r, verdict)).collect_view();
    view! {
        <p class="verdict-sentence">{verdict.sentence()}</p>
        <p class="hint">{facts}</p>
        <div class="sample" tabindex="0" role="region" aria-label="Errors by method">
            <table class="errors verdict-table">
                <thead>
                    <tr>
                        <th scope="col">"Method"</th>
                        <th scope="col" title="Root of the mean squared error, dB">"RMSE"</th>
                        <th scope="col" title="95 of 100 draws of blocks lie within">"95 %"</th>
                        <th scope="col" title="Standard deviation of the errors, dB">"SD"</th>
                        <th scope="col" title="Mean error, dB: positive where the prediction is too strong">"bias"</th>
                        <th scope="col" title="Mean absolute error, dB">"MAE"</th>
                        <th scope="col" title="Spearman's rank correlation">"rank"</th>
                        <th scope="col" title="RMSE where the antenna is in sight, dB">"LOS"</th>
                        <th scope="col" title="RMSE where it is not, dB">"NLOS"</th>
                        <th scope="col" title="How well it tells where there are at least −100 dBm: F1; at other levels in the CSV">"F1"</th>
                        <th scope="col" title="Share of all readings that it predicts nothing for">"silent"</th>
                        <th scope="col" title="What it took in this tab, learning in five folds included">"seconds"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <Curve judged=Arc::clone(judged) />
        <p class="hint">
            "Every reading is predicted by what learned from other blocks of land alone, in five folds; so are the weights of the blend. \
             Intervals are of the block bootstrap, 1000 draws. Methods that learn are given the power of the sector by the readings; \
             those as they are take it from the scenario, which is what their bias tells of."
        </p>
        <div class="row no-print">
            <button type="button" class="quiet" data-action="print" on:click=move |_| _ = window().print()>"Print, or save as PDF"</button>
            {save(judged)}
        </div>
    }
}

fn row(row: &Row, verdict: &Verdict) -> impl IntoView + use<> {
    let Row { method, score, rmse, rank, by_sight, f1, silent, seconds } = row;
    let best = verdict.trust.is_some_and(|trust| trust.best == *method);
    let within = rmse.map_or("–".into(), |i| format!("{:.1}–{:.1}", i.low, i.high));
    let rank = figure(*rank, 2);
    let cells = [
        format!("{:.2}", score.rmse_db),
        within,
        format!("{:.2}", score.sd_db),
        // Zero has no sign.
        format!("{:.1}", score.bias_db + 0.0).replace("-0.0", "0.0"),
        format!("{:.2}", score.mae_db),
        rank,
        figure(by_sight[0], 1),
        figure(by_sight[1], 1),
        figure(f1[1], 2),
        format!("{:.0} %", 100.0 * silent),
        format!("{seconds:.1}"),
    ];
    let cells = cells.map(|text| view! { <td>{text.replace('-', "−")}</td> });
    view! {
        <tr class:best=best data-method=method.name()>
            <th scope="row"><i class=colour(*method)></i>{method.name()}</th>
            {cells.into_iter().collect_view()}
        </tr>
    }
}

fn figure(value: Option<f64>, digits: usize) -> String {
    value.map_or("–".into(), |v| format!("{v:.digits$}"))
}

/// The class that colours a method as its engine.
fn colour(method: Method) -> String {
    let engine = match method {
        Method::Empirical => EngineKind::Empirical,
        Method::Traced | Method::Calibrated => EngineKind::Traced,
        Method::Learned | Method::Adapted => EngineKind::Learned,
        Method::Blend => return "of-blend".into(),
    };
    format!("of-{}", engine_name(engine))
}

/// What is erred by how many readings were learned from, on a logarithmic axis.
#[component]
fn Curve(judged: Arc<Judged>) -> impl IntoView {
    let points = &judged.verdict.curve;
    let sizes = || points.iter().map(|p| f64::from(p.size).max(1.0).ln());
    let (low, high) = (sizes().fold(f64::INFINITY, f64::min), sizes().fold(f64::NEG_INFINITY, f64::max));
    let errors = || points.iter().map(|p| p.rmse_db);
    let (least, most) = (errors().fold(f64::INFINITY, f64::min).floor(), errors().fold(0.0, f64::max).ceil());
    if points.len() < 4 || high <= low || most <= least {
        return None;
    }
    let x = move |size: u32| PLOT.0 * (f64::from(size).max(1.0).ln() - low) / (high - low);
    let y = move |error: f64| PLOT.1 * (most - error) / (most - least);
    let line = |method: Method| {
        let of = points.iter().filter(|p| p.method == method);
        let text = of.map(|p| format!("{:.1},{:.1}", x(p.size), y(p.rmse_db))).collect::<Vec<_>>().join(" ");
        view! { <polyline class=colour(method) points=text></polyline> }
    };
    let mut ticks: Vec<u32> = points.iter().map(|p| p.size).collect();
    ticks.sort_unstable();
    ticks.dedup();
    let tick = |size: u32| {
        view! { <span style:left=format!("{:.1}%", 100.0 * x(size) / PLOT.0)>{grouped(size.into())}</span> }
    };
    let methods = [Method::Calibrated, Method::Adapted];
    Some(view! {
        <figure class="curves lessons-curve">
            <figcaption><span>{format!("{most:.0} dB RMSE")}</span></figcaption>
            <svg viewBox=format!("0 0 {} {}", PLOT.0, PLOT.1) preserveAspectRatio="none" role="img"
                aria-label="Error by the number of readings learned from">
                {methods.map(line).into_iter().collect_view()}
            </svg>
            <div class="ticks">{ticks.into_iter().map(tick).collect_view()}</div>
            <figcaption><span>{format!("{least:.0} dB")}</span><span>"readings learned from"</span></figcaption>
        </figure>
    })
}
