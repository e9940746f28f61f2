//! Brings elements of the document into an order without loading the frames in them again.

use std::collections::HashMap;

use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement, Node};

#[wasm_bindgen]
extern "C" {
    type Parent;
    /// Moves a node without loading its frames again; browsers since 2025 have it, the others throw.
    #[wasm_bindgen(method, catch, js_name = moveBefore)]
    fn move_before(this: &Parent, node: &Node, before: Option<&Node>) -> Result<(), JsValue>;
}

/// Puts the elements into the parent, in this order, with as few moves as possible. `key`: the attribute with the first part of each of
/// them, by which its children are known. The last child of the parent is the mark of the list that draws them, and stays the last.
pub fn arrange(parent: &Element, key: &str, wanted: &[(String, HtmlElement)]) {
    let children = parent.children();
    let places: HashMap<&str, usize> = wanted.iter().enumerate().map(|(place, (key, _))| (key.as_str(), place)).collect();
    let place = |at| places.get(children.item(at)?.get_attribute(key)?.as_str()).copied();
    let there: Vec<usize> = (0..children.length()).filter_map(place).collect();
    let mut stays = vec![false; wanted.len()];
    there.iter().zip(staying(&there)).for_each(|(place, is_staying)| stays[*place] = is_staying);
    if stays.iter().all(|stays| *stays) {
        return;
    }
    let mark = parent.last_child();
    let is_mark = |node: &Node| node.node_type() != Node::ELEMENT_NODE;
    let mut next: Option<Node> = mark.filter(is_mark);
    for ((_, element), stays) in wanted.iter().zip(stays).rev() {
        if !stays {
            put(parent, element, next.as_ref());
        }
        next = Some(element.clone().into());
    }
}

/// For each of `places`, whether it belongs to a longest ascending run, which can stay where it is. No place is there twice.
fn staying(places: &[usize]) -> Vec<bool> {
    let mut before = vec![None; places.len()];
    // Of the runs of each length, where the one that ends lowest ends. Those ends ascend, too.
    let mut ends: Vec<usize> = Vec::new();
    for (at, place) in places.iter().enumerate() {
        let longer = ends.partition_point(|end| places[*end] < *place);
        before[at] = longer.checked_sub(1).map(|shorter| ends[shorter]);
        match ends.get_mut(longer) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut stays = vec![false; places.len()];
    let mut at = ends.last().copied();
    while let Some(place) = at {
        stays[place] = true;
        at = before[place];
    }
    stays
}

fn put(parent: &Element, element: &Element, before: Option<&Node>) {
    if parent.unchecked_ref::<Parent>().move_before(element, before).is_ok() {
        return;
    }
    let focused = document().active_element().filter(|active| element.contains(Some(active)));
    let _ = parent.insert_before(element, before);
    if let Some(focused) = focused.and_then(|focused| focused.dyn_into::<HtmlElement>().ok()) {
        let _ = focused.focus();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_must_move_moves() {
        let moving = |places: &[usize]| staying(places).iter().filter(|stays| !**stays).count();
        assert_eq!(moving(&[0, 1, 2, 3]), 0);
        assert_eq!(moving(&[1, 2, 3, 0]), 1);
        assert_eq!(moving(&[3, 0, 1, 2]), 1);
        assert_eq!(moving(&[1, 0, 3, 2]), 2);
        assert_eq!(moving(&[4, 0, 5, 1, 2, 3]), 2);
        assert_eq!(moving(&[0, 5, 7]), 0, "others are elsewhere");
        assert_eq!(moving(&[]), 0);
    }
}
