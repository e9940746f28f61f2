//! Puts the panel in the place of what the server has drawn of it. A reader keeps what they have begun there meanwhile: what is typed and
//! chosen, how far it is scrolled, and the focus.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, EventInit, FocusOptions, HtmlElement, HtmlInputElement, HtmlSelectElement};

/// Both stand in the document until this removes the drawn one; they come between two frames.
pub fn take_over(drawn: &Element, panel: &Element) {
    let focused = document().active_element();
    let pairs = |tag: &str| {
        let elements = drawn.get_elements_by_tag_name(tag);
        let elements = (0..elements.length()).filter_map(move |at| elements.item(at));
        elements.filter_map(|element| Some((counterpart(&element, drawn, panel)?, element)))
    };
    for (field, drawn) in pairs("input") {
        take_input(field.unchecked_ref(), drawn.unchecked_ref(), focused.as_ref() == Some(&drawn));
    }
    for (select, drawn) in pairs("select") {
        take_choice(select.unchecked_ref(), drawn.unchecked_ref());
    }
    for (details, drawn) in pairs("details") {
        let _ = details.toggle_attribute_with_force("open", drawn.has_attribute("open"));
    }
    for (part, drawn) in pairs("div").filter(|(_, drawn)| drawn.scroll_top() != 0 || drawn.scroll_left() != 0) {
        part.set_scroll_top(drawn.scroll_top());
        part.set_scroll_left(drawn.scroll_left());
    }
    let focused =
        focused.and_then(|focused| counterpart(&focused, drawn, panel)).and_then(|element| element.dyn_into::<HtmlElement>().ok());
    if let Some(element) = focused {
        let options = FocusOptions::new();
        options.set_prevent_scroll(true);
        let _ = element.focus_with_options(&options);
    }
    drawn.remove();
}

/// The element of the panel for one that is drawn: the same row, and otherwise the same place among its like, since the browser adds some
/// of other kinds. `None` for what is not in the drawn panel.
fn counterpart(element: &Element, drawn: &Element, panel: &Element) -> Option<Element> {
    if element == drawn {
        return Some(panel.clone());
    }
    let siblings = counterpart(&element.parent_element()?, drawn, panel)?.children();
    let kind = kind_of(element);
    let before = std::iter::successors(element.previous_element_sibling(), Element::previous_element_sibling);
    let place = before.filter(|sibling| kind_of(sibling) == kind).count();
    (0..siblings.length()).filter_map(|at| siblings.item(at)).filter(|sibling| kind_of(sibling) == kind).nth(place)
}

/// A row is one of a kind; others are alike by their tag and their first class.
fn kind_of(element: &Element) -> (String, String) {
    let class = || element.class_list().item(0).unwrap_or_default();
    (element.tag_name(), row_key(element).unwrap_or_else(class))
}

/// The id of the run or the group of a row.
fn row_key(row: &Element) -> Option<String> {
    row.get_attribute("data-run").or_else(|| row.get_attribute("data-group"))
}

fn take_input(field: &HtmlInputElement, drawn: &HtmlInputElement, is_focused: bool) {
    if drawn.type_() == "checkbox" {
        if drawn.checked() != drawn.default_checked() {
            field.click();
        }
        return;
    }
    if drawn.value() == drawn.default_value() {
        return;
    }
    field.set_value(&drawn.value());
    if let Ok(Some(caret)) = drawn.selection_start() {
        let _ = field.set_selection_range(caret, drawn.selection_end().ok().flatten().unwrap_or(caret));
    }
    dispatch(field, "input");
    dispatch(field, "change");
    if !is_focused {
        // Suggestions are for a reader who types.
        dispatch(field, "blur");
    }
}

fn take_choice(select: &HtmlSelectElement, drawn: &HtmlSelectElement) {
    let is_drawn_choice = drawn.selected_options().item(0).is_none_or(|option| option.has_attribute("selected"));
    if !is_drawn_choice {
        select.set_value(&drawn.value());
        dispatch(select, "change");
    }
}

fn dispatch(element: &Element, name: &str) {
    let init = EventInit::new();
    init.set_bubbles(true);
    if let Ok(event) = Event::new_with_event_init_dict(name, &init) {
        let _ = element.dispatch_event(&event);
    }
}
