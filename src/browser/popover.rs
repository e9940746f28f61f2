//! Places popovers beside the elements that open them.

use leptos::prelude::*;
use web_sys::{Element, HtmlElement};

/// In windows narrower than this the style sheet puts popovers of cells at the lower edge; in CSS
/// pixels.
const NARROW: i32 = 900;

/// Distance of a popover from its anchor and from the edge of the window, in CSS pixels.
const GAP: i32 = 8;

/// Shows a popover, if it is not shown yet, and places it beside its anchor; see [`place_beside`]. False in a browser
/// without popovers.
pub fn show_beside(popover: &HtmlElement, anchor: &Element, keeps_anchor_visible: bool) -> bool {
    let is_open = popover.matches(":popover-open").unwrap_or(false) || popover.show_popover().is_ok();
    is_open && place_beside(popover, anchor, keeps_anchor_visible).is_some()
}

/// Places a popover that is shown. With `keeps_anchor_visible` it goes right of the anchor, or below it, or left of it, where there is
/// space; otherwise below the anchor.
pub fn place_beside(popover: &HtmlElement, anchor: &Element, keeps_anchor_visible: bool) -> Option<()> {
    let root = document().document_element()?;
    if keeps_anchor_visible && root.client_width() <= NARROW {
        anchor.scroll_into_view();
    }
    let beside = anchor.get_bounding_client_rect();
    let (start, end, bottom) = (beside.left() as i32, beside.right() as i32, beside.bottom() as i32);
    // Where it was, it may have been squeezed by the edge of the window.
    popover.set_attribute("style", "left:0;top:0").ok()?;
    let (width, height) = (popover.offset_width(), popover.offset_height());
    let (max_right, max_bottom) = (root.client_width() - GAP, root.client_height() - GAP);
    let fits_right = end + GAP + width <= max_right;
    // Below the anchor it may cover the lower edge of it.
    let fits_below = bottom + GAP + height - height / 8 <= max_bottom;
    let (left, top) = match keeps_anchor_visible {
        false => (end - width, bottom + GAP / 2),
        true if !fits_right && fits_below => (start.min(max_right - width), bottom + GAP),
        true if !fits_right && start - GAP - width >= GAP => (start - GAP - width, beside.top() as i32),
        true => ((end + GAP).min(max_right - width), beside.top() as i32),
    };
    let top = top.min(max_bottom - height);
    let style = ["left:", &left.max(GAP).to_string(), "px;top:", &top.max(GAP).to_string(), "px"].concat();
    popover.set_attribute("style", &style).ok()?;
    Some(())
}
