//! The chart as a figure for a paper: its size in print, and the files.

use leptos::prelude::*;

use super::registry::use_charts;
use crate::browser::dom;
use crate::protocol::CellId;
use crate::routes;

/// Millimetres and points, as `figure_query` of the server takes them.
const MILLIMETRES: (u32, u32) = (20, 400);
const POINTS: (u32, u32) = (4, 24);

#[component]
pub fn FigureFields(id: CellId) -> impl IntoView {
    let values = use_charts().panel.values;
    let [width, height, font_size] = ["85", "", "8"].map(|text| RwSignal::new(text.to_owned()));
    let field = |id: &'static str, label: &'static str, (min, max): (u32, u32), value: RwSignal<String>| {
        view! {
            <label>
                {label}
                <input
                    id=id
                    type="number"
                    min=min
                    max=max
                    placeholder="auto"
                    prop:value=value
                    on:input=move |event| value.set(event_target_value(&event))
                />
            </label>
        }
    };
    // A refusal would be saved in place of the figure.
    let is_valid = move || {
        let is_within = |value: RwSignal<String>, (min, max): (u32, u32)| {
            let number = value.with(|value| dom::number_of(if value.is_empty() { "20" } else { value }));
            f64::from(min) <= number && number <= f64::from(max)
        };
        is_within(width, MILLIMETRES) && is_within(height, MILLIMETRES) && is_within(font_size, POINTS)
    };
    let query = move || {
        let mut query = values.with(|values| values.export_query.clone());
        // What is empty is left to the server.
        for (key, value) in [("&width_mm=", width), ("&height_mm=", height), ("&font_size=", font_size)] {
            let value = value.get();
            if !value.is_empty() {
                query = query + key + &routes::encoded(&value);
            }
        }
        query
    };
    let file = move |form: &'static str, name: &'static str| {
        let id = id.clone();
        view! {
            <a download="" href=move || is_valid().then(|| routes::figure_file(&id, form, &query())) aria-disabled=move || (!is_valid()).then_some("true")>
                {name}
            </a>
        }
    };
    view! {
        <div class="y-range" role="group" aria-label="Figure for a paper">
            {field("figure-width", "Width, mm", MILLIMETRES, width)} {field("figure-height", "Height, mm", MILLIMETRES, height)}
            {field("figure-font", "Font, pt", POINTS, font_size)} {file("pdf", "Save as PDF")} {file("svg", "Save as SVG")}
        </div>
    }
}
