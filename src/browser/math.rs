//! Formulas of texts, typeset by a script that is loaded with the first of them.

use js_sys::{Function, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Element;

use super::dom;
use crate::routes;

/// What the script defines.
const TYPESET: &str = "agnezTypeset";
/// The id of the script's element.
const SCRIPT_ID: &str = "math-script";

/// Typesets what the server has marked as formulas, as soon as the script is there.
pub fn typeset(element: Element) {
    if !matches!(element.query_selector(".math"), Ok(Some(_))) || run(&element) {
        return;
    }
    let document = document();
    let script = document.get_element_by_id(SCRIPT_ID).or_else(|| {
        let script = document.create_element("script").ok()?;
        script.set_id(SCRIPT_ID);
        script.set_attribute("src", routes::MATH_SCRIPT).ok()?;
        document.head()?.append_child(&script).ok()?;
        Some(script)
    });
    if let Some(script) = script {
        dom::add_listener(&script, "load", move |_: web_sys::Event| {
            run(&element);
        });
    }
}

/// False if the script is not there.
fn run(element: &Element) -> bool {
    let function = Reflect::get(&window(), &JsValue::from_str(TYPESET)).ok().and_then(|found| found.dyn_into::<Function>().ok());
    function.is_some_and(|function| function.call1(&JsValue::UNDEFINED, element).is_ok())
}
