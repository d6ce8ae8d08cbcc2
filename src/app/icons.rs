//! The icons: 24-unit strokes in the colour of the text around them.

use leptos::prelude::*;

macro_rules! icons {
    ($($(#[$doc:meta])* $name:ident = $path:literal;)*) => {$(
        $(#[$doc])*
        pub fn $name() -> impl IntoView {
            view! {
                <svg class="glyph" viewBox="0 0 24 24" aria-hidden="true">
                    <path d=$path />
                </svg>
            }
        }
    )*};
}

icons! {
    /// Step back.
    undo = "M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3";
    /// Step forward.
    redo = "m15 14 5-5-5-5M20 9H10a6 6 0 0 0 0 12h3";
    /// The link to this.
    link = "M10 14a4 4 0 0 0 5.7 0l3.6-3.6a4 4 0 0 0-5.7-5.7l-1.3 1.3M14 10a4 4 0 0 0-5.7 0l-3.6 3.6a4 4 0 0 0 5.7 5.7l1.3-1.3";
    /// Help.
    help = "M9.2 9a3 3 0 1 1 4.2 2.8c-.9.4-1.4 1-1.4 2v.4M12 17.5v.1M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z";
    /// Close, stop.
    cross = "M6 6l12 12M18 6 6 18";
    /// Paths from one point to another.
    paths = "M5 19 19 5M5 19 9 6l10-1M5 19a2 2 0 1 0 0 .1M19 5a2 2 0 1 0 0 .1";
    /// Fold down.
    chevron = "m6 9 6 6 6-6";
}

/// The mark of Farfield: an antenna and two wavefronts.
pub fn mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
            <path class="mark-far" d="M22.4 5.2a15 15 0 0 1 0 21.6" />
            <path class="mark-near" d="M17.6 10a8.5 8.5 0 0 1 0 12" />
            <circle class="mark-dot" cx="10" cy="16" r="4" />
        </svg>
    }
}
