//! Places popovers beside the elements that open them.

use leptos::prelude::*;
use web_sys::{Element, HtmlElement};

use super::dom;

/// In narrower windows the style sheet puts popovers beside a cell at the lower edge, in CSS pixels.
const NARROW: i32 = 900;

/// Distance of a popover from its anchor and from the edge of the window, in CSS pixels.
const GAP: i32 = 8;

/// Shows a popover and places it beside its anchor. False in a browser without popovers.
pub fn show_beside(popover: &HtmlElement, anchor: &Element, stays_in_sight: bool) -> bool {
    popover.show_popover().is_ok() && place_beside(popover, anchor, stays_in_sight).is_some()
}

/// Places a popover that is shown: right of an anchor that stays in sight, or left of it where there is no room; otherwise below the
/// anchor.
pub fn place_beside(popover: &HtmlElement, anchor: &Element, stays_in_sight: bool) -> Option<()> {
    let root = document().document_element()?;
    if stays_in_sight && root.client_width() <= NARROW {
        anchor.scroll_into_view();
    }
    let beside = anchor.get_bounding_client_rect();
    let (start, end) = (beside.left() as i32, beside.right() as i32);
    let (width, max_right) = (popover.offset_width(), root.client_width() - GAP);
    let (left, top) = match stays_in_sight {
        false => (end - width, beside.bottom() as i32 + GAP / 2),
        true if end + GAP + width > max_right && start - GAP - width >= GAP => (start - GAP - width, beside.top() as i32),
        true => ((end + GAP).min(max_right - width), beside.top() as i32),
    };
    let top = top.min(root.client_height() - GAP - popover.offset_height());
    let style = ["left:", &left.max(GAP).to_string(), "px;top:", &top.max(GAP).to_string(), "px"].concat();
    dom::mark(popover, "style", &style);
    Some(())
}
