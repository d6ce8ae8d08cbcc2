//! The power-delay profile: a stem for each path, as high as its level, where it arrives in time.

use super::rays::{DYNAMIC_RANGE, css_colour};
use super::store::Store;
use crate::trace::reception::Arrival;
use leptos::prelude::*;

/// The drawing, its margins to the left, right, above and below, in its own units.
const SIZE: (f64, f64) = (396.0, 148.0);
const MARGIN: (f64, f64, f64, f64) = (38.0, 10.0, 10.0, 32.0);
/// Levels are labelled at multiples of this, dB.
const LEVEL_STEP: f64 = 10.0;
/// Delays are labelled at about so many places.
const DELAY_LABELS: f64 = 5.0;
/// The shortest axis of delays, nanoseconds: one path alone needs one too.
const LEAST_SPAN: f64 = 50.0;
/// Half the width within which the pointer is at a stem.
const REACH: f64 = 4.0;

/// Where things are on the drawing.
#[derive(Clone, Copy)]
struct Axes {
    delays: (f64, f64),
    levels: (f64, f64),
}

impl Axes {
    /// Axes that show these paths, the strongest of which comes first.
    fn of(paths: &[Arrival]) -> Self {
        let strongest = paths.first().map_or(0.0, |p| f64::from(p.level));
        let top = ((strongest + 1.0) / LEVEL_STEP).ceil() * LEVEL_STEP;
        let bottom = ((strongest - f64::from(DYNAMIC_RANGE)) / LEVEL_STEP).floor() * LEVEL_STEP;
        let delays = paths.iter().map(|p| f64::from(p.delay));
        let (first, last) = delays.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), t| (a.min(t), b.max(t)));
        let (first, last) = if first <= last { (first, last) } else { (0.0, 0.0) };
        let margin = 0.04 * (last - first).max(LEAST_SPAN);
        Self { delays: ((first - margin).max(0.0), (last + margin).max(first + LEAST_SPAN)), levels: (bottom, top) }
    }

    fn x(&self, delay: f64) -> f64 {
        let (left, right, ..) = MARGIN;
        left + (delay - self.delays.0) / (self.delays.1 - self.delays.0) * (SIZE.0 - left - right)
    }

    fn y(&self, level: f64) -> f64 {
        let (.., above, below) = MARGIN;
        above + (self.levels.1 - level) / (self.levels.1 - self.levels.0) * (SIZE.1 - above - below)
    }

    fn level_ticks(&self) -> impl Iterator<Item = f64> + use<> {
        let (bottom, top) = self.levels;
        let count = ((top - bottom) / LEVEL_STEP).round() as u32;
        (0..=count).map(move |i| bottom + f64::from(i) * LEVEL_STEP)
    }

    fn delay_ticks(&self) -> impl Iterator<Item = f64> + use<> {
        let (from, to) = self.delays;
        let step = round_step((to - from) / DELAY_LABELS);
        let first = (from / step).ceil();
        let count = ((to / step).floor() - first).max(0.0) as u32;
        (0..=count).map(move |i| (first + f64::from(i)) * step)
    }
}

/// The least of 1, 2, 5, 10, … that is no less than `step`.
fn round_step(step: f64) -> f64 {
    let decade = 10f64.powf(step.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * decade).find(|s| *s >= step).unwrap_or(decade)
}

/// The profile of these paths, which are in the order of their levels, the strongest first.
pub fn profile(store: Store, paths: &[Arrival]) -> impl IntoView + use<> {
    let axes = Axes::of(paths);
    let strongest = paths.first().map_or(0.0, |p| p.level);
    let (width, height) = SIZE;
    let (left, right, _, below) = MARGIN;
    let floor = height - below;
    let levels = axes.level_ticks().map(|level| {
        let y = axes.y(level);
        view! {
            <line class="rule" x1=left x2=width - right y1=y y2=y />
            <text class="tick" x=left - 6.0 y=y + 3.5 text-anchor="end">{format!("{level:.0}").replace('-', "−")}</text>
        }
    });
    let delays = axes.delay_ticks().map(|delay| {
        let x = axes.x(delay);
        view! {
            <line class="rule" x1=x x2=x y1=floor y2=floor + 4.0 />
            <text class="tick" x=x y=floor + 15.0 text-anchor="middle">{format!("{delay:.0}")}</text>
        }
    });
    // The strongest stands in front.
    let stems = paths.iter().enumerate().rev().map(|(i, path)| {
        let (x, y) = (axes.x(f64::from(path.delay)), axes.y(f64::from(path.level)));
        let colour = css_colour(path.level, strongest);
        view! {
            <g
                class="stem"
                class:pointed=move || store.pointed.get() == Some(i)
                class:other=move || store.pointed.get().is_some_and(|p| p != i)
                on:pointerenter=move |_| store.pointed.set(Some(i))
                on:pointerleave=move |_| store.pointed.set(None)
            >
                <rect x=x - REACH y=y - REACH width=2.0 * REACH height=floor - y + REACH fill="transparent" />
                <line class="casing" x1=x x2=x y1=floor y2=y />
                <line x1=x x2=x y1=floor y2=y stroke=colour.clone() />
                <circle cx=x cy=y r="3.2" fill=colour />
            </g>
        }
    });
    let (first, last) = (
        paths.iter().map(|p| p.delay).fold(f32::INFINITY, f32::min),
        paths.iter().map(|p| p.delay).fold(0.0, f32::max),
    );
    let told = format!(
        "Power-delay profile: {} paths from {first:.0} to {last:.0} ns; the strongest has {strongest:.1} dBm",
        paths.len()
    );
    view! {
        <svg class="profile" viewBox=format!("0 0 {width} {height}") role="img" aria-label=told>
            {levels.collect_view()}
            {delays.collect_view()}
            <line class="axis" x1=left x2=width - right y1=floor y2=floor />
            {stems.collect_view()}
            <text class="unit" x=left - 6.0 y=height - 4.0 text-anchor="end">"dBm"</text>
            <text class="unit" x=width - right y=height - 4.0 text-anchor="end">"delay, ns"</text>
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::round_step;

    #[test]
    fn ticks_are_one_two_or_five_of_a_decade_apart() {
        for (asked, given) in [(0.7, 1.0), (1.0, 1.0), (13.0, 20.0), (21.0, 50.0), (51.0, 100.0), (0.012, 0.02)] {
            assert!((round_step(asked) - given).abs() < 1e-9, "{asked}: {}", round_step(asked));
        }
    }
}
