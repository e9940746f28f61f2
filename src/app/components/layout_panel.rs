//! The layout panel, beside the board: how many cells stand in a row, and layouts by name. A template is tried on the board at once, for
//! this reader; a button stores it for everyone.

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;

use super::copyable_code::CopyableCode;
use crate::app::erased::Erase;
use crate::app::layout_code::{LayoutCode, layout_code};
use crate::app::state::{Dashboard, use_dashboard};
use crate::protocol::{BoardLayout, Mosaic, MosaicArea, NAMED_MOSAICS};

/// Areas of this share of a mosaic are drawn darker.
const LARGE: usize = 3;

/// The button in the header.
#[component]
pub fn LayoutButton() -> impl IntoView {
    let dashboard = use_dashboard();
    let is_open = dashboard.arrangement.is_panel_open;
    view! {
        <button
            type="button"
            class:pressed=move || is_open.get()
            aria-expanded=move || if is_open.get() { "true" } else { "false" }
            title="Sizes and layouts (Shift + l)"
            on:click=move |_| toggle(dashboard)
        >
            "Layout"
        </button>
    }
}

/// Opens the panel, or closes it without what was tried. Of a focus in the panel the board gets it.
pub fn toggle(dashboard: Dashboard) {
    let arrangement = dashboard.arrangement;
    arrangement.trial.set(None);
    arrangement.is_panel_open.update(|is_open| *is_open = !*is_open);
    if document().active_element().is_some_and(|active| active.closest(".layout-panel").is_ok_and(|panel| panel.is_some())) {
        dashboard.focus_board();
    }
}

#[component]
pub fn LayoutPanel() -> impl IntoView {
    let dashboard = use_dashboard();
    let is_open = dashboard.arrangement.is_panel_open;
    move || is_open.get().then(|| dashboard.deferred.get()).flatten().map(|code| (code.layout_panel)())
}

/// The open panel, which belongs to the second part of the page's code.
pub fn layout_panel() -> AnyView {
    view! { <OpenPanel /> }.erase()
}

#[component]
fn OpenPanel() -> impl IntoView {
    let dashboard = use_dashboard();
    let arrangement = dashboard.arrangement;
    let may_write = dashboard.may_write();
    let heading = NodeRef::<html::H2>::new();
    Effect::new(move |_| {
        if let Some(heading) = heading.get() {
            let _ = heading.focus();
        }
    });
    // The buttons of a trial leave with it, and one of them has the focus.
    let focus_heading = move || {
        if let Some(heading) = heading.get_untracked() {
            let _ = heading.focus();
        }
    };
    let sections = move || arrangement.sections.with(|sections| sections.iter().map(|section| section.name.clone()).collect::<Vec<_>>());
    let first = untrack(sections).into_iter().next().unwrap_or_default();
    let section = RwSignal::new(first);
    let option = |name: String| {
        let label = if name.is_empty() { "the first part".to_owned() } else { name.clone() };
        view! { <option value=name>{label}</option> }
    };
    let on_key = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            event.prevent_default();
            toggle(dashboard);
        }
    };
    let has_trial = move || arrangement.trial.with(Option::is_some);
    let undo = move |_| {
        arrangement.trial.set(None);
        focus_heading();
    };
    let store = move |_| {
        if let Some(trial) = arrangement.trial.get_untracked() {
            dashboard.apply_block(trial);
        }
        focus_heading();
    };
    view! {
        <aside class="layout-panel" aria-labelledby="layout-title" on:keydown=on_key>
            <h2 id="layout-title" node_ref=heading tabindex="-1">
                "Layout"
            </h2>
            <button type="button" class="quiet close" aria-label="Close the layout panel" on:click=move |_| toggle(dashboard)>
                "✕"
            </button>
            {may_write.then(|| view! { <Density /> })}
            <fieldset>
                <legend>"Template"</legend>
                <label hidden=move || !arrangement.has_heads.get()>
                    "for the section "
                    <select
                        on:change=move |event| {
                            arrangement.trial.set(None);
                            section.set(event_target_value(&event));
                        }
                    >
                        {move || sections().into_iter().map(option).collect_view()}
                    </select>
                </label>
                <div class="templates">
                    {NAMED_MOSAICS.map(|(name, mosaic)| view! { <Template name mosaic section /> }).into_iter().collect_view()}
                </div>
            </fieldset>
            <p class="explanation" role="status">
                {move || {
                    if has_trial() {
                        "Its first cells take the places in reading order; those after them flow below. Only you see this."
                    } else {
                        "Choose one to try it. Nothing is stored yet."
                    }
                }}
            </p>
            <p class="decision" hidden=move || !has_trial()>
                {may_write
                    .then(|| {
                        view! {
                            <button type="button" class="primary" on:click=store>
                                "Use for everyone"
                            </button>
                        }
                    })}
                <button type="button" class="quiet" on:click=undo>
                    "As it was"
                </button>
            </p>
            <Code />
        </aside>
    }
}

/// How many cells without a width of their own stand in a row.
#[component]
fn Density() -> impl IntoView {
    let dashboard = use_dashboard();
    let choice = move |density: Option<u8>| {
        let label = density.map_or_else(|| "auto".to_owned(), |density| density.to_string());
        let is_chosen = move || dashboard.with_layout(|layout| layout.density == density);
        view! {
            <button
                type="button"
                aria-pressed=move || if is_chosen() { "true" } else { "false" }
                on:click=move |_| dashboard.set_density(density)
            >
                {label}
            </button>
        }
    };
    let densities = std::iter::once(None).chain(BoardLayout::DENSITIES.map(Some));
    view! {
        <div class="density" role="group" aria-label="Cells in a row">
            <span aria-hidden="true">"In a row"</span>
            <span class="choice">{densities.map(choice).collect_view()}</span>
        </div>
    }
}

/// A radio button with the picture of a mosaic; arrow keys try the next one.
#[component]
fn Template(name: &'static str, mosaic: &'static str, section: RwSignal<String>) -> impl IntoView {
    let dashboard = use_dashboard();
    let arrangement = dashboard.arrangement;
    let Ok(parsed) = Mosaic::parse(mosaic) else { return None };
    let count = parsed.areas.len();
    let is_tried = move || arrangement.trial.with(|trial| trial.as_ref().is_some_and(|trial| trial.mosaic == mosaic));
    let picture = picture(&parsed);
    Some(view! {
        <label class="template">
            <input
                type="radio"
                name="template"
                value=name
                prop:checked=is_tried
                on:change=move |_| section.with_untracked(|section| dashboard.try_mosaic(mosaic, section))
            />
            {picture}
            <span>{name}" "<small>{count}<span class="spoken">" cells"</span></small></span>
        </label>
    })
}

/// The areas of a mosaic, large ones darker.
fn picture(mosaic: &Mosaic) -> impl IntoView + use<> {
    let places = usize::from(mosaic.columns) * usize::from(mosaic.rows);
    let area = |MosaicArea { column, row, width, height, .. }: &MosaicArea| {
        let is_large = usize::from(*width) * usize::from(*height) * LARGE >= places && places > usize::from(mosaic.columns);
        let style = format!("grid-area:{row}/{column}/span {height}/span {width}");
        view! { <i class:large=is_large style=style></i> }
    };
    view! {
        <span class="mosaic" style=["--columns:", &mosaic.columns.to_string()].concat() aria-hidden="true">
            {mosaic.areas.iter().map(area).collect_view()}
        </span>
    }
}

/// The layout that is tried, or the first block of the board, as code.
#[component]
fn Code() -> impl IntoView {
    let dashboard = use_dashboard();
    let kind = RwSignal::new(LayoutCode::Python);
    let block = move || dashboard.arrangement.trial.get().or_else(|| dashboard.with_layout(|layout| layout.blocks.first().cloned()));
    let choice = move |(of, label): (LayoutCode, &'static str)| {
        view! {
            <button type="button" aria-pressed=move || if kind.get() == of { "true" } else { "false" } on:click=move |_| kind.set(of)>
                {label}
            </button>
        }
    };
    let code = move || {
        block().map(|block| {
            let text = layout_code(kind.get(), &dashboard.page(), &block, |id| dashboard.unique_name(id));
            view! { <CopyableCode text label="Copy the layout" /> }
        })
    };
    let kinds = [(LayoutCode::Python, "Python"), (LayoutCode::Json, "JSON"), (LayoutCode::Curl, "curl")];
    view! {
        <div class="layout-code" hidden=move || block().is_none()>
            <div class="density" role="group" aria-label="Copy layout as">
                <span aria-hidden="true">"Copy layout as"</span>
                <span class="choice">{kinds.map(choice).into_iter().collect_view()}</span>
            </div>
            {code}
        </div>
    }
}
