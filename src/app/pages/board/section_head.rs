//! The head of a section: it folds, says how many cells there are and, while folded, their newest numbers.

use leptos::either::Either;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent, MouseEvent};

use super::section_menu;
use crate::app::components::name_field::{NameEdit, NameField};
use crate::app::erased::Erase;
use crate::app::in_browser::InBrowser;
use crate::app::state::{Dashboard, use_dashboard};
use crate::charts::format_significant;

/// How many numbers a folded section tells.
const MAX_NUMBERS: usize = 6;
/// The server's limit for names of sections.
const MAX_NAME: u32 = 120;

#[component]
pub fn SectionHead(name: String, #[prop(into)] count: Signal<usize>, #[prop(into)] is_folded: Signal<bool>) -> impl IntoView {
    let dashboard = use_dashboard();
    let name = StoredValue::new(name);
    let is = move |other: &Option<String>| name.with_value(|name| other.as_ref() == Some(name));
    let is_renamed = move || dashboard.arrangement.renaming.with(is);
    let is_open = move || dashboard.arrangement.menu.with(is);
    let open = move |event: MouseEvent| {
        if let Some(button) = event.current_target().and_then(|target| target.dyn_into::<HtmlElement>().ok()) {
            section_menu::open(dashboard, name.get_value(), &button);
        }
    };
    let button = NodeRef::<html::Button>::new();
    let focused = dashboard.arrangement.focused;
    Effect::new(move |_| {
        if let (true, Some(button)) = (focused.with(is), button.get()) {
            let _ = button.focus();
            focused.set(None);
        }
    });
    let heading = move || {
        // Until its code is there, the name stays.
        let field = is_renamed().then(|| dashboard.deferred.get()).flatten().map(|code| (code.section_field)(name.get_value()));
        if let Some(field) = field {
            return Either::Left(InBrowser(field));
        }
        Either::Right(view! {
            <button
                type="button"
                node_ref=button
                class="section-name"
                aria-expanded=move || if is_folded.get() { "false" } else { "true" }
                on:click=move |_| name.with_value(|name| dashboard.toggle_fold(name))
                on:keydown=move |event| name.with_value(|name| on_key(dashboard, name, &event))
            >
                {name.get_value()}
            </button>
        })
    };
    view! {
        <div class="section-head">
            <h2>{heading}</h2>
            <span class="count">{count}</span>
            {move || is_folded.get().then(|| InBrowser(view! { <FoldedNumbers name=name.get_value() /> }))}
            <button
                type="button"
                class="menu-button"
                aria-label=["Menu of the section ", &name.get_value()].concat()
                aria-haspopup="menu"
                aria-expanded=move || if is_open() { "true" } else { "false" }
                on:pointerdown=move |_| name.with_value(|name| section_menu::press_button(dashboard, name))
                on:click=open
            >
                "⋯"
            </button>
        </div>
    }
}

/// The keys of a head. Enter folds it, as a click does.
fn on_key(dashboard: Dashboard, name: &str, event: &KeyboardEvent) {
    if event.ctrl_key() || event.meta_key() {
        return;
    }
    match (event.key().as_str(), event.alt_key(), event.shift_key()) {
        ("Enter", false, true) => dashboard.fold_others(name),
        ("F2", false, false) => dashboard.begin_renaming_section(name),
        ("ArrowUp", true, false) => dashboard.move_section(name, false),
        ("ArrowDown", true, false) => dashboard.move_section(name, true),
        _ => return,
    }
    event.prevent_default();
}

/// The field for the name of a section, which belongs to the second part of the page's code.
pub fn section_field(name: String) -> AnyView {
    let dashboard = use_dashboard();
    let before = name.clone();
    let on_end = move |edit: NameEdit| match edit {
        NameEdit::Saved { name, has_focus } => dashboard.rename_section(&before, name.trim(), has_focus),
        // Without a name it keeps the one that it has.
        NameEdit::Cancelled => dashboard.rename_section(&before, "", true),
    };
    view! { <NameField label="Name of the section" name max_length=MAX_NAME on_end=Callback::new(on_end) /> }.erase()
}

/// The newest numbers of the first cells, of the newest run that is drawn.
#[component]
fn FoldedNumbers(name: String) -> impl IntoView {
    let dashboard = use_dashboard();
    let numbers = move || {
        let ids = dashboard.cells_of(&name);
        let run = dashboard.runs.drawn.with(|drawn| drawn.first().cloned()).and_then(|run| dashboard.runs.run(&run));
        let cells = ids.iter().filter_map(|id| dashboard.cell(id));
        let number = |name: &str| {
            let last = &run.as_ref()?.last;
            last.iter().find(|last| last.metric == name).map(|last| format_significant(last.value, 4))
        };
        cells
            .filter_map(|cell| {
                let title = cell.title();
                let text = number(&title).or_else(|| cell.newest.with(|newest| newest.first().map(|first| first.text.clone())))?;
                Some(view! { <span>{title}" "<b>{text}</b></span> })
            })
            .take(MAX_NUMBERS)
            .collect_view()
    };
    view! { <span class="folded-numbers">{numbers}</span> }
}
