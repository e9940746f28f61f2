//! The key by which runs are coloured, and which value has which colour.

use leptos::prelude::*;

use super::key_text::{group_keys, short_key};
use super::row_content::series_color;
use super::select::choice;
use crate::app::in_browser::InBrowser;
use crate::app::state::{RunColours, RunsState};
use crate::charts::palette::{LEVELS, scale_slot};

/// Values that the legend names; charts name all.
const MAX_VALUES: usize = 12;

/// The select of the key.
pub fn colour_choice(runs: RunsState) -> impl Fn() -> AnyView + Copy + Send + Sync + 'static {
    let value = move || runs.comparison.with(|comparison| comparison.colour_by.clone().unwrap_or_default());
    let options = move || {
        let mut keys = runs.rows.with(group_keys);
        let chosen = value();
        if !chosen.is_empty() && !keys.contains(&chosen) {
            keys.push(chosen);
        }
        let named = keys.into_iter().map(|key| (key.clone(), short_key(&key)));
        std::iter::once((String::new(), "each run".to_owned())).chain(named).collect()
    };
    let choose = move |key: String| runs.update_comparison(|comparison| comparison.colour_by = Some(key).filter(|key| !key.is_empty()));
    choice("Colour", options, value, choose)
}

/// The values and their colours, or the scale, or why there are none.
#[component]
pub fn ColourLegend(runs: RunsState) -> impl IntoView {
    move || {
        let entries = runs.colours.with(entries);
        let entry = |(style, text): (String, String)| view! { <span style=style>{text}</span> };
        (!entries.is_empty()).then(|| InBrowser(view! { <p class="colour-legend">{entries.into_iter().map(entry).collect_view()}</p> }))
    }
}

/// Colours and texts, in their order.
fn entries(colours: &RunColours) -> Vec<(String, String)> {
    let text = |text: &str| (String::new(), text.to_owned());
    if !colours.error.is_empty() {
        return vec![text(&colours.error)];
    }
    if let Some((from, to)) = &colours.scale {
        let step = |level: usize| (series_color(scale_slot(level as f64 / (LEVELS - 1) as f64)), String::new());
        let name = [&short_key(&colours.by), " ", from].concat();
        return std::iter::once(text(&name)).chain((0..LEVELS).map(step)).chain([text(to)]).collect();
    }
    let mut entries: Vec<_> = colours.values.iter().take(MAX_VALUES).map(|value| (series_color(value.slot), value.name.clone())).collect();
    let more = colours.values.len().saturating_sub(MAX_VALUES);
    if more > 0 {
        entries.push(text(&["and ", &more.to_string(), " more"].concat()));
    }
    entries
}
