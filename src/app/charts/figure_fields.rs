//! The chart as a figure for a paper: its size in print, and the files.

use leptos::prelude::*;

use super::registry::use_charts;
use crate::protocol::CellId;
use crate::routes;

/// Millimetres and points, as `figure_query` of the server takes them.
const MILLIMETRES: (&str, &str) = ("20", "400");
const POINTS: (&str, &str) = ("4", "24");

#[component]
pub fn FigureFields(id: CellId) -> impl IntoView {
    let values = use_charts().panel.values;
    let [width, height, font_size] = ["85", "", "8"].map(|text| RwSignal::new(text.to_owned()));
    let field = |id: &'static str, label: &'static str, (min, max): (&'static str, &'static str), value: RwSignal<String>| {
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
            <a download="" href=move || routes::figure_file(&id, form, &query())>
                {name}
            </a>
        }
    };
    view! {
        <div class="y-range" role="group" aria-label="Figure for a paper">
            {field("figure-width", "Figure, mm", MILLIMETRES, width)} {field("figure-height", "high, mm", MILLIMETRES, height)}
            {field("figure-font", "font, pt", POINTS, font_size)} {file("pdf", "Save as PDF")} {file("svg", "Save as SVG")}
        </div>
    }
}
