//! The field of the settings panel that hides the points from before a restart: for this tab first, then for everyone.

use leptos::prelude::*;

use super::registry::use_charts;
use super::superseded_choice::SupersededChoice;
use crate::protocol::{CellId, LineSettingsPatch};

/// Only for a chart that has such points.
#[component]
pub fn SupersededField(id: CellId, may_write: bool, store: Callback<LineSettingsPatch>) -> impl IntoView {
    let charts = use_charts();
    let choice = Memo::new(move |_| charts.panel.values.with(|values| values.superseded));
    let id = StoredValue::new(id);
    let choose = move |event| id.with_value(|id| charts.hide_superseded(id, event_target_checked(&event)));
    let share = move |_| {
        let hides = choice.with_untracked(|choice| choice.map(|choice| choice.hides));
        store.run(LineSettingsPatch { hide_superseded: hides, ..Default::default() });
    };
    let has_own = move || choice.get().is_some_and(|choice| choice.is_own && may_write);
    let is_there = Memo::new(move |_| choice.with(Option::is_some));
    move || {
        is_there.get().then(|| {
            view! {
                <div class="y-range" role="group" aria-label="Restarts">
                    <label>
                        <input
                            id="chart-superseded"
                            type="checkbox"
                            prop:checked=move || choice.get().is_some_and(|SupersededChoice { hides, .. }| hides)
                            on:change=choose
                        />
                        "Hide points before restart"
                    </label>
                    {move || {
                        has_own()
                            .then(|| {
                                view! {
                                    <button type="button" on:click=share>
                                        "Set for everyone"
                                    </button>
                                }
                            })
                    }}
                </div>
            }
        })
    }
}
