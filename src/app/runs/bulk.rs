//! Actions on the chosen runs, and on all that were found.

use leptos::html;
use leptos::prelude::*;
use leptos::task::{spawn_local, tick};

use super::PanelContext;
use super::diff::{Compared, DiffColumns, MAX_COLUMNS};
use super::selection::{select_all, toggle_item};
use crate::app::erased::Erase;
use crate::app::in_browser::InBrowser;
use crate::app::run_actions::RunScope;
use crate::app::signals::SetIfChanged;
use crate::app::state::{ShowRule, use_dashboard};

/// The actions, which belong to the second part of the page's code.
pub fn bulk_actions() -> AnyView {
    let PanelContext { compared, .. } = expect_context();
    view! { <BulkActions compared /> }.erase_built()
}

#[component]
fn BulkActions(compared: Compared) -> impl IntoView {
    let dashboard = use_dashboard();
    let runs = dashboard.runs;
    // All that were found instead of the chosen ones.
    let is_all = runs.is_all_selected;
    let tag = RwSignal::new(None::<String>);
    // The next choice is not about all again, however this one has ended.
    Effect::new(move |_| {
        if runs.selected.with(Vec::is_empty) {
            is_all.set_if_changed(false);
        }
    });
    // Those that another search finds were not chosen.
    let search = Memo::new(move |_| runs.comparison.with(|comparison| (comparison.q.clone(), comparison.is_archived)));
    Effect::new(move |before: Option<(String, bool)>| {
        let now = search.get();
        if before.is_some_and(|before| before != now) && is_all.get_untracked() {
            select_all(runs, false);
        }
        now
    });
    let count = move || {
        if is_all.get() { runs.rows.with(|rows| rows.table.total as usize) } else { runs.selected.with(Vec::len) }
    };
    let scope = move || {
        if is_all.get_untracked() {
            runs.comparison.with_untracked(|comparison| RunScope::Found { q: comparison.q.clone(), is_archived: comparison.is_archived })
        } else {
            RunScope::These(runs.selected.get_untracked())
        }
    };
    let end = move || {
        tag.set(None);
        select_all(runs, false);
    };
    let show_these = move |_| {
        let selected = runs.selected.get_untracked();
        runs.update_comparison(|comparison| comparison.show = ShowRule::These(selected));
    };
    let pin = move |_| {
        for id in runs.selected.get_untracked() {
            runs.update_comparison(|comparison| toggle_item(&mut comparison.pinned, id.to_string()));
        }
    };
    let solo = move |_| {
        let id = runs.selected.with_untracked(|selected| selected.first().map(|id| id.to_string()));
        runs.update_comparison(|comparison| comparison.solo = if comparison.solo == id { None } else { id });
    };
    let compare = move |_| compared.set(Some(runs.selected.with_untracked(|selected| DiffColumns::of_runs(selected))));
    let archive = move |_| {
        dashboard.archive_runs(&scope(), !runs.comparison.with_untracked(|comparison| comparison.is_archived));
        end();
    };
    let delete = move |_| {
        dashboard.delete_runs(scope());
        end();
    };
    let (tag_button, tag_field) = (NodeRef::<html::Button>::new(), NodeRef::<html::Input>::new());
    // What is hidden takes no focus until the effects of this turn have run.
    let open_tag = move |_| {
        tag.set(Some(String::new()));
        spawn_local(async move {
            tick().await;
            if let Some(field) = tag_field.try_get_untracked().flatten() {
                let _ = field.focus();
            }
        });
    };
    let close_tag = move || {
        tag.set(None);
        spawn_local(async move {
            tick().await;
            if let Some(button) = tag_button.try_get_untracked().flatten() {
                let _ = button.focus();
            }
        });
    };
    let add_tag = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if let Some(name) = tag.get_untracked().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()) {
            dashboard.tag_runs(scope(), name);
        }
        close_tag();
    };
    let writes = move || {
        dashboard.may_write().then(|| {
            view! {
                <button type="button" on:click=archive>
                    {move || if runs.comparison.with(|comparison| comparison.is_archived) { "Restore" } else { "Archive" }}
                </button>
                <button type="button" node_ref=tag_button hidden=move || tag.with(Option::is_some) on:click=open_tag>
                    "Tag"
                </button>
                <form hidden=move || tag.with(Option::is_none) on:submit=add_tag>
                    <input
                        node_ref=tag_field
                        aria-label="Tag"
                        placeholder="Tag"
                        maxlength="200"
                        prop:value=move || tag.get().unwrap_or_default()
                        on:input:target=move |event| tag.set(Some(event.target().value()))
                        on:keydown=move |event| {
                            if event.key() == "Escape" {
                                event.prevent_default();
                                event.stop_propagation();
                                close_tag();
                            }
                        }
                    />
                    <button type="submit">"Add tag"</button>
                </form>
                <button type="button" class="danger" on:click=delete>
                    "Delete"
                </button>
            }
        })
    };
    move || {
        {
            let chosen = runs.selected.with(Vec::len);
            (chosen > 0).then(|| {
                let total = move || runs.rows.with(|rows| rows.table.total as usize);
                InBrowser(view! {
                    <div class="runs-bulk" role="group" aria-label="Chosen runs">
                        <b>{move || [&count().to_string(), " chosen"].concat()}</b>
                        <button type="button" hidden=move || is_all.get() || total() <= chosen on:click=move |_| select_all(runs, true)>
                            {move || ["Choose all ", &total().to_string()].concat()}
                        </button>
                        <button type="button" hidden=move || is_all.get() || !(2..=MAX_COLUMNS).contains(&chosen) on:click=compare>
                            "Compare configurations"
                        </button>
                        <button type="button" hidden=move || is_all.get() on:click=show_these>
                            "Show these"
                        </button>
                        <button type="button" hidden=move || is_all.get() title="Always drawn, thick and on top (p)" on:click=pin>
                        "Pin"
                    </button>
                    <button type="button" hidden=chosen != 1 title="Drawn without the others (o)" on:click=solo>
                        "Alone"
                    </button>
                    {writes()}
                        <button type="button" class="quiet" title="Choose none (Esc)" on:click=move |_| end()>
                            "Cancel"
                        </button>
                    </div>
                })
            })
        }
        .erase_built()
    }
}
