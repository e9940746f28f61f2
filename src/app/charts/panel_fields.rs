//! The fields of the settings panel. A field shows the stored value, except while the reader edits it and until the edit is stored.

use leptos::prelude::*;

use crate::browser::dom;
use crate::protocol::LineSettings;

/// Options are pairs of value and text; the option without a value shows that charts differ, and cannot be chosen.
#[component]
pub fn Choice(
    id: &'static str,
    label: &'static str,
    options: &'static [(&'static str, &'static str)],
    value: Memo<&'static str>,
    on_choose: Callback<String>,
) -> impl IntoView {
    let draft = RwSignal::new(None::<String>);
    Effect::new(move |_| {
        value.track();
        draft.set(None);
    });
    let is_selected = move |option: &str| draft.with(|draft| draft.as_deref().unwrap_or(value.get()) == option);
    let choose = move |event| {
        let chosen = event_target_value(&event);
        draft.set(Some(chosen.clone()));
        on_choose.run(chosen);
    };
    let option = move |&(value, text): &'static (&'static str, &'static str)| {
        view! {
            <option value=value hidden=value.is_empty() prop:selected=move || is_selected(value)>
                {text}
            </option>
        }
    };
    view! {
        <label>
            {label} <select id=id on:change=choose>
                {options.iter().map(option).collect_view()}
            </select>
        </label>
    }
}

/// A slider, and the same value as a number. `None`: the charts differ.
#[component]
pub fn Smoothing(value: Memo<Option<f64>>, on_preview: Callback<f64>, on_store: Callback<f64>) -> impl IntoView {
    view! {
        <label>
            "Smoothing" <SmoothingInput id="chart-smooth" kind="range" empty="0" value on_preview on_store />
            <SmoothingInput id="chart-weight" kind="number" empty="" label="Weight" value on_preview on_store />
        </label>
    }
}

#[component]
fn SmoothingInput(
    id: &'static str,
    kind: &'static str,
    /// Shown where the charts differ.
    empty: &'static str,
    #[prop(optional)] label: Option<&'static str>,
    value: Memo<Option<f64>>,
    on_preview: Callback<f64>,
    on_store: Callback<f64>,
) -> impl IntoView {
    let draft = RwSignal::new(None::<String>);
    let text = move || draft.get().unwrap_or_else(|| value.get().map_or_else(|| empty.to_owned(), dom::number_text));
    let input = move |event| {
        let text = event_target_value(&event);
        if let Some(smooth) = parse_smoothing(&text) {
            on_preview.run(smooth);
        }
        draft.set(Some(text));
    };
    let change = move |event| {
        let smooth = parse_smoothing(&event_target_value(&event));
        draft.set(None);
        if let Some(smooth) = smooth {
            on_store.run(smooth);
        }
    };
    let placeholder = move || if value.with(Option::is_none) { "mixed" } else { "" };
    view! {
        <input
            id=id
            type=kind
            aria-label=label
            min="0"
            max="0.999"
            step="0.001"
            placeholder=placeholder
            prop:value=text
            on:input=input
            on:change=change
        />
    }
}

/// `None` when the text is no number.
fn parse_smoothing(text: &str) -> Option<f64> {
    let smooth = dom::number_of(text).clamp(0.0, LineSettings::MAX_SMOOTH);
    (!smooth.is_nan()).then_some(smooth)
}

/// Why a text cannot be stored.
pub type Check = fn(&str) -> Option<&'static str>;

/// A text that `check` refuses stays in the field, to be mended.
#[component]
pub fn TextField(
    id: &'static str,
    label: &'static str,
    #[prop(optional)] placeholder: Option<&'static str>,
    #[prop(default = 16)] max_length: u32,
    #[prop(optional)] check: Option<Check>,
    /// The id of the list of suggestions.
    #[prop(optional)]
    list: Option<&'static str>,
    value: Memo<String>,
    on_store: Callback<String>,
) -> impl IntoView {
    let draft = RwSignal::new(None::<String>);
    let is_editing = RwSignal::new(false);
    Effect::new(move |_| {
        value.track();
        if !is_editing.get_untracked() {
            draft.set(None);
        }
    });
    let fault = RwSignal::new(None);
    let input = move |event| {
        is_editing.set(true);
        fault.set(None);
        draft.set(Some(event_target_value(&event)));
    };
    let change = move |event| {
        let text = event_target_value(&event);
        fault.set(check.and_then(|check| check(&text)));
        is_editing.set(fault.get_untracked().is_some());
        if !is_editing.get_untracked() {
            on_store.run(text);
        }
    };
    let fault_id = check.map(|_| [id, "-fault"].concat());
    let sentence = fault_id.clone().map(|id| {
        view! {
            <p id=id role="alert" class="bad" hidden=move || fault.with(Option::is_none)>
                {fault}
            </p>
        }
    });
    view! {
        <label>
            {label}
            <input
                id=id
                maxlength=max_length
                placeholder=placeholder
                list=list
                aria-invalid=move || fault.with(Option::is_some).then_some("true")
                aria-describedby=fault_id
                prop:value=move || draft.get().unwrap_or_else(|| value.get())
                on:input=input
                on:change=change
            />
        </label>
        {sentence}
    }
}
