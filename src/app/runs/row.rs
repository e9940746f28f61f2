//! A row of the table: a run, a group of runs, or the room of rows that are not in the document.

use leptos::attr::custom::custom_attribute;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement, MouseEvent};

use super::column_heads::fixed_style;
use super::columns::ShownColumn;
use super::row_content::{Cell, RowContent, RowKind, TWO_WRITERS, content_of};
use super::short_names::ShortNames;
use super::window::WindowRow;
use super::{open, selection};
use crate::app::charts::use_charts;
use crate::app::erased::Erase;
use crate::app::run_actions::RunScope;
use crate::app::signals::SetIfChanged;
use crate::app::state::{Comparison, Dashboard, RowKey, use_dashboard};
use crate::browser::dom;

/// Shows or hides what a row stands for in all charts.
pub fn toggle_eye(dashboard: Dashboard, key: &RowKey) {
    // What was just hidden is not shown in front of the others.
    highlight(dashboard, key, false);
    match key {
        RowKey::Run(id) => dashboard.toggle_run(id.clone()),
        RowKey::Group(id) => {
            let id = id.to_string();
            dashboard.runs.update_comparison(|comparison| selection::toggle_item(&mut comparison.hidden_groups, id));
        }
        RowKey::Missing(_) | RowKey::Gap(_) => {}
    }
}

/// Highlights in all charts what a row stands for, or ends that.
fn highlight(dashboard: Dashboard, key: &RowKey, is_on: bool) {
    match key {
        RowKey::Run(id) => dashboard.charts.highlight_run(is_on.then(|| id.clone())),
        RowKey::Group(id) => dashboard.charts.highlight_group(is_on.then_some(*id)),
        RowKey::Missing(_) | RowKey::Gap(_) => {}
    }
}

/// A button of a row: its text, its title, the mark of the row that says it is pressed, and what it does.
type RowAction = (&'static str, &'static str, &'static str, fn(Dashboard, &RowKey));

const PIN: RowAction = ("Pin", "Always draw, thick and on top (p)", "pinned", toggle_pin);
const SOLO: RowAction = ("Alone", "Draw without the others (o)", "solo", toggle_solo);
const RESTORE: RowAction = ("Restore", "Bring back from the archive", "", restore);

fn restore(dashboard: Dashboard, key: &RowKey) {
    if let RowKey::Run(id) = key {
        dashboard.archive_runs(&RunScope::These(vec![id.clone()]), false);
    }
}

/// Always draws what a row stands for, or as the rule says.
pub fn toggle_pin(dashboard: Dashboard, key: &RowKey) {
    update_id(dashboard, key, |comparison, id| selection::toggle_item(&mut comparison.pinned, id));
}

/// Draws what a row stands for alone, or with the others.
pub fn toggle_solo(dashboard: Dashboard, key: &RowKey) {
    update_id(dashboard, key, |comparison, id| set_or_clear(&mut comparison.solo, id));
}

/// Changes the comparison by the id of what a row stands for.
pub fn update_id(dashboard: Dashboard, key: &RowKey, change: impl FnOnce(&mut Comparison, String)) {
    let id = match key {
        RowKey::Run(id) => id.to_string(),
        RowKey::Group(id) => id.to_string(),
        RowKey::Missing(_) | RowKey::Gap(_) => return,
    };
    dashboard.runs.update_comparison(|comparison| change(comparison, id));
}

pub fn set_or_clear(value: &mut Option<String>, id: String) {
    *value = (value.as_ref() != Some(&id)).then_some(id);
}

/// Opens or closes the rows of a group.
pub fn toggle_group(dashboard: Dashboard, key: &RowKey) {
    dashboard.runs.rows.update(|rows| {
        if let Some(place) = rows.find(key) {
            rows.sections[place.section].is_open ^= true;
        }
    });
}

fn press(dashboard: Dashboard, key: &RowKey, event: &MouseEvent) {
    match key {
        RowKey::Run(id) if event.shift_key() => selection::extend_to(dashboard, id),
        RowKey::Run(id) if event.ctrl_key() || event.meta_key() => selection::toggle(dashboard, id),
        RowKey::Run(id) => open(dashboard, Some(id.clone())),
        _ => toggle_group(dashboard, key),
    }
}

/// Beside its buttons a row of a run is chosen, and that of a group opened.
fn press_row(dashboard: Dashboard, key: &RowKey, event: &MouseEvent) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    if target.is_some_and(|element| element.closest("button, input").ok().flatten().is_some()) || dom::has_selection() {
        return;
    }
    match key {
        RowKey::Run(id) if event.shift_key() => selection::extend_to(dashboard, id),
        RowKey::Run(id) => selection::toggle(dashboard, id),
        _ => toggle_group(dashboard, key),
    }
}

#[component]
pub fn RowView(key: RowKey, rows: Memo<Vec<WindowRow>>, columns: Memo<Vec<ShownColumn>>, names: ShortNames) -> impl IntoView {
    let dashboard = use_dashboard();
    let (charts, runs) = (use_charts(), dashboard.runs);
    let name = NodeRef::<html::Button>::new();
    let key = StoredValue::new(key);
    // One signal for all of the row: it changes rarely, and each reactive attribute would be code of its own.
    let content = Memo::new(move |_| {
        let row = rows.with(|rows| key.with_value(|key| rows.iter().find(|row| row.key == *key).cloned()));
        row.map(|row| columns.with(|columns| names.with(|names| content_of(dashboard, &row, columns, names)))).unwrap_or_default()
    });
    Effect::new(move |_| {
        let is_due = runs.focus_due.with(|due| key.with_value(|key| due.as_ref() == Some(key)) && !matches!(due, Some(RowKey::Missing(_))));
        if let Some(name) = name.get().filter(|_| is_due) {
            runs.focus_due.set(None);
            let _ = name.focus();
        }
    });
    let point_at = move |is_over: bool| key.with_value(|key| highlight(dashboard, key, is_over));
    // No event says that the pointer has left a row that ends below it.
    on_cleanup({
        let key = key.get_value();
        move || {
            let is_highlighted = match &key {
                RowKey::Run(id) => charts.highlighted_run.with_untracked(|highlighted| highlighted.as_ref() == Some(id)),
                RowKey::Group(id) => charts.highlighted_group.with_untracked(|highlighted| *highlighted == Some(*id)),
                RowKey::Missing(_) | RowKey::Gap(_) => false,
            };
            if is_highlighted {
                highlight(dashboard, &key, false);
            }
        }
    });
    let focus_in = move |_| {
        runs.hint.set_if_changed(None);
        runs.current.set(Some(key.get_value()));
        point_at(true);
    };
    move || {
        let content = content.get();
        let RowContent { kind, index, id, class, style, cells, .. } = &content;
        if let RowKind::Space(height) = kind {
            let height = ["height:", height, "px"].concat();
            return view! {
                <tr class="gap" aria-hidden="true">
                    <td style=height colspan=content.span.to_string()></td>
                </tr>
            }
            .erase_built();
        }
        let (is_group, is_open) = match kind {
            RowKind::Group { is_open } => (true, *is_open),
            _ => (false, false),
        };
        let word = |is_true: bool| if is_true { "true" } else { "false" };
        let last = cells.len().saturating_sub(1);
        let line = |at: usize| {
            let is_here = at == last && !content.line.is_empty();
            is_here.then(|| view! { <small class="second-line">{content.line.clone()}</small> })
        };
        let cell = |(at, (class, text)): (usize, &Cell)| {
            let left = fixed_style(content.lefts.get(at).copied());
            view! { <td class=*class style=left>{text.clone()} {line(at)}</td> }
        };
        let cells = cells.iter().enumerate().map(cell).collect_view();
        let eye_title = match (content.is_drawn, is_group, dashboard.may_write()) {
            (true, false, true) => "Hide in all charts, for everyone (space)",
            (true, _, _) => "Hide in all charts, for you alone (space)",
            (false, ..) => "Show in all charts (space)",
        };
        let label = ["Show ", &content.name, " in all charts"].concat();
        let name_label = (content.short != content.name).then(|| content.name.clone());
        let states = content.states.iter().map(|(word, count)| shape(word, count)).collect_view();
        let fold = is_group.then(|| view! { <span class="fold" data-open=word(is_open)></span> });
        let choose = move |event: MouseEvent| {
            key.with_value(|key| match key {
                RowKey::Run(id) if event.shift_key() => selection::extend_to(dashboard, id),
                RowKey::Run(id) => selection::toggle(dashboard, id),
                _ => {}
            });
            // The browser has turned the box over, also where the choice stays as it was.
            let is_chosen = key.with_value(|key| match key {
                RowKey::Run(id) => untrack(|| selection::is_selected(dashboard.runs, id)),
                _ => false,
            });
            event_target::<HtmlInputElement>(&event).set_checked(is_chosen);
        };
        let choice = (!is_group).then(|| {
            view! {
                <input
                    type="checkbox"
                    tabindex=content.tab_index
                    aria-label=["Choose ", &content.name].concat()
                    title="Choose, for actions on many (x)"
                    prop:checked=content.is_selected
                    on:click=choose
                />
            }
        });
        let letter = (!content.letter.is_empty()).then(|| view! { <em class="letter">{content.letter.clone()}</em> });
        let is_restorable = content.is_archived && dashboard.may_write();
        let actions = [PIN, SOLO, RESTORE].into_iter().take(if is_restorable { 3 } else { 2 });
        let actions = actions.map(|(text, title, mark, act)| {
            view! {
                <button
                    type="button"
                    tabindex=content.tab_index
                    aria-label=[text, " ", &content.name].concat()
                    aria-pressed=(!mark.is_empty()).then(|| word(content.marks.contains(&mark)))
                    title=title
                    on:click=move |_| key.with_value(|key| act(dashboard, key))
                >
                    {text}
                </button>
            }
        });
        let actions = actions.collect_view();
        let mark = |mark: &&'static str| {
            let title = (*mark == TWO_WRITERS).then_some("Two processes write to this run at the same time");
            view! { <span class="mark" title=title>{*mark}</span> }
        };
        let marks = content.marks.iter().map(mark).collect_view();
        view! {
            <tr
                data-run=(!is_group).then(|| id.clone())
                data-group=is_group.then(|| id.clone())
                class=class.clone()
                style=style.clone()
                aria-rowindex=(index + 2).to_string()
                {..custom_attribute("aria-level", content.level)}
                aria-expanded=is_group.then(|| word(is_open))
                title=(!content.title.is_empty()).then(|| content.title.clone())
                aria-selected=content.is_selected.then_some("true")
                on:click=move |event| key.with_value(|key| press_row(dashboard, key, &event))
                on:mouseenter=move |_| point_at(true)
                on:mouseleave=move |_| point_at(false)
                on:focusin=focus_in
                on:focusout=move |_| point_at(false)
            >
                <th scope="row" class="name">
                    <div>
                        {fold}
                        {choice}
                        <button
                            type="button"
                            class="eye"
                            tabindex=content.tab_index
                            aria-pressed=word(content.is_drawn)
                            aria-label=label
                            title=eye_title
                            on:click=move |_| key.with_value(|key| toggle_eye(dashboard, key))
                        ></button>
                        <button
                            type="button"
                            class="run-name"
                            tabindex=content.tab_index
                            title=content.name.clone()
                            aria-label=name_label
                            node_ref=name
                            on:click=move |event| key.with_value(|key| press(dashboard, key, &event))
                        >
                            {letter}
                            <bdi>{content.short.clone()}</bdi>
                        </button>
                        {marks}
                        {states}
                    </div>
                </th>
                {cells}
                <td class="row-actions">
                    <div>{actions}</div>
                </td>
            </tr>
        }
        .erase_built()
    }
}

/// The shape of a state; its word is for those who cannot see it.
fn shape(word: &'static str, count: &str) -> impl IntoView + use<> {
    view! {
        <span class="run-state shape" data-state=word title=word>
            <span class="word">{word}</span>
            {count.to_owned()}
        </span>
    }
}
