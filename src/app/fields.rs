//! The fields of the panel. A number is applied when it is confirmed; one that makes no scenario is refused under its field.

use super::store::Store;
use crate::scenario::Scenario;
use leptos::prelude::*;

/// Digits after the point that a field shows.
#[derive(Clone, Copy)]
pub struct Step {
    /// What the arrows of the field add.
    pub by: f64,
    /// Digits after the point.
    pub digits: usize,
}

/// A number of the scenario, with its unit.
#[component]
pub fn NumberField(
    /// Name in the document.
    name: &'static str,
    /// What the user reads.
    label: &'static str,
    /// Unit after the number.
    #[prop(default = "")]
    unit: &'static str,
    /// Arrows and digits.
    step: Step,
    /// Reads it from a scenario.
    get: fn(&Scenario) -> f64,
    /// Writes it into one.
    set: fn(&mut Scenario, f64),
) -> impl IntoView {
    let store: Store = expect_context();
    let error = RwSignal::new(None::<String>);
    let value = Memo::new(move |_| store.scenario.with(get));
    let shown = move || format!("{:.*}", step.digits, value.get());
    // A value that changes elsewhere, by undo or on the map, takes an old complaint with it.
    Effect::new(move |_| {
        value.track();
        error.set(None);
    });
    let apply = move |ev: leptos::ev::Targeted<leptos::ev::Event, web_sys::HtmlInputElement>| {
        let input = ev.target();
        match changed(&store.scenario.get_untracked(), &input.value(), set) {
            Ok(after) => {
                error.set(None);
                store.edit(None, |s| *s = after);
                input.set_value(&shown());
            }
            Err(why) => error.set(Some(why)),
        }
    };
    let id = format!("field-{name}");
    let error_id = format!("error-{name}");
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <div class="box" class:wrong=move || error.with(Option::is_some)>
                <input
                    id=id
                    name=name
                    type="number"
                    step=step.by
                    autocomplete="off"
                    prop:value=shown
                    aria-invalid=move || error.with(Option::is_some).to_string()
                    aria-describedby=error_id.clone()
                    on:change:target=apply
                />
                {(!unit.is_empty()).then(|| view! { <span class="unit">{unit}</span> })}
            </div>
            <p class="wrong-text" id=error_id>{move || error.get()}</p>
        </div>
    }
}

/// The scenario with a number changed, or why there is none.
fn changed(scenario: &Scenario, text: &str, set: fn(&mut Scenario, f64)) -> Result<Scenario, String> {
    let number: f64 = text.trim().parse().map_err(|_| "A number is needed here.".to_string())?;
    let mut after = scenario.clone();
    set(&mut after, number);
    after.validate().map_err(|e| super::engines::sentence(&e.to_string()))?;
    Ok(after)
}

/// A choice between a few.
#[component]
pub fn ChoiceField<T>(
    /// Name in the document.
    name: &'static str,
    /// What the user reads.
    label: &'static str,
    /// Values, their names in the document, and what the user reads.
    options: &'static [(T, &'static str, &'static str)],
    /// Reads it from a scenario.
    get: fn(&Scenario) -> T,
    /// Writes it into one.
    set: fn(&mut Scenario, T),
) -> impl IntoView
where
    T: Copy + PartialEq + Send + Sync + 'static,
{
    let store: Store = expect_context();
    let value = Memo::new(move |_| store.scenario.with(get));
    let name_of = move |v: T| options.iter().find(|o| o.0 == v).map_or("", |o| o.1);
    let apply = move |ev: leptos::ev::Targeted<leptos::ev::Event, web_sys::HtmlSelectElement>| {
        let chosen = ev.target().value();
        if let Some(option) = options.iter().find(|o| o.1 == chosen) {
            store.edit(None, |s| set(s, option.0));
        }
    };
    let id = format!("field-{name}");
    let entry = move |o: &(T, &'static str, &'static str)| {
        let (v, name, text) = *o;
        view! { <option value=name selected=move || value.get() == v>{text}</option> }
    };
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <div class="box">
                <select id=id name=name prop:value=move || name_of(value.get()) on:change:target=apply>
                    {options.iter().map(entry).collect_view()}
                </select>
            </div>
        </div>
    }
}

/// Something that is on or off.
#[component]
pub fn SwitchField(
    /// Name in the document.
    name: &'static str,
    /// What the user reads.
    label: &'static str,
    /// Reads it from a scenario.
    get: fn(&Scenario) -> bool,
    /// Writes it into one.
    set: fn(&mut Scenario, bool),
) -> impl IntoView {
    let store: Store = expect_context();
    let value = Memo::new(move |_| store.scenario.with(get));
    view! {
        <label class="switch">
            <input
                type="checkbox"
                role="switch"
                name=name
                prop:checked=move || value.get()
                on:change:target=move |ev| store.edit(None, |s| set(s, ev.target().checked()))
            />
            <span>{label}</span>
        </label>
    }
}
