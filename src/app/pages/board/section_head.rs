//! The head of a section: it folds, says how many cells there are and, while folded, their newest numbers.

use leptos::either::Either;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{FocusEvent, HtmlElement, HtmlInputElement, KeyboardEvent, MouseEvent};

use super::section_menu;
use crate::app::in_browser::InBrowser;
use crate::app::state::{Dashboard, use_dashboard};
use crate::charts::format_significant;

/// How many numbers a folded section tells.
const MAX_NUMBERS: usize = 6;

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
        if is_renamed() {
            return Either::Left(InBrowser(view! { <NameField name=name.get_value() /> }));
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

/// The field takes the name once: an event that arrives meanwhile does not overwrite the typed text.
#[component]
fn NameField(name: String) -> impl IntoView {
    let dashboard = use_dashboard();
    let field = NodeRef::<html::Input>::new();
    let text = name.clone();
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            let _ = field.focus();
            // The view sets the value after this effect. Another value would clear the selection; the same one does not.
            field.set_value(&text);
            field.select();
        }
    });
    // Removing the field blurs it, which saves again, after the signals of the field are disposed: the name is being edited only once.
    let before = name.clone();
    let save = move |text: &str, has_focus| dashboard.rename_section(&before, text.trim(), has_focus);
    let blur = {
        let save = save.clone();
        move |event: FocusEvent| save(&event_target::<HtmlInputElement>(&event).value(), false)
    };
    let keys = move |event: KeyboardEvent| {
        match event.key().as_str() {
            "Enter" if !event.is_composing() => save(&event_target::<HtmlInputElement>(&event).value(), true),
            // Without a name it keeps the one that it has.
            "Escape" => save("", true),
            _ => return,
        }
        event.prevent_default();
    };
    view! {
        <input
            type="text"
            node_ref=field
            class="name-field"
            aria-label="Name of the section"
            maxlength="120"
            autocomplete="off"
            spellcheck="false"
            prop:value=name
            on:blur=blur
            on:keydown=keys
        />
    }
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
