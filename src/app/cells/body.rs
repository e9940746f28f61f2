//! The body of a cell: the component for its kind of content, which stays while only the value
//! changes.

use std::sync::Arc;

use leptos::either::EitherOf6;
use leptos::prelude::*;

use super::figure::Figure;
use super::lines::Lines;
use super::picture::Picture;
use super::text::Text;
use crate::app::components::copyable_code::CopyableCode;
use crate::app::state::{CellState, ContentKind, use_dashboard};

#[component]
pub fn CellBody(cell: Arc<CellState>) -> impl IntoView {
    move || {
        let cell = cell.clone();
        match cell.content_kind.get() {
            ContentKind::Empty => EitherOf6::A(view! { <EmptyCell cell /> }),
            ContentKind::Html => EitherOf6::B(view! { <Figure cell /> }),
            ContentKind::Image => EitherOf6::C(view! { <Picture cell /> }),
            ContentKind::Chart => EitherOf6::F(view! { <Picture cell /> }),
            ContentKind::Text => EitherOf6::D(view! { <Text cell /> }),
            ContentKind::LineChart => EitherOf6::E(view! { <Lines cell /> }),
        }
    }
}

/// A cell without a value says how to send one.
#[component]
fn EmptyCell(cell: Arc<CellState>) -> impl IntoView {
    let dashboard = use_dashboard();
    let page = dashboard.page();
    let first_value = {
        let (id, may_write) = (cell.id.clone(), page.may_write);
        move || dashboard.deferred.loaded().filter(|_| may_write).map(|code| (code.first_value)(id.clone()))
    };
    let (method, example) = cell.cell_type.with_untracked(|kind| match kind.as_str() {
        "img" => ("-X PATCH ", r#" -d '{"value":"https://…"}'"#),
        "line" => ("", r#"/points -d '{"loss":[[0,2.3]]}'"#),
        _ => ("-X PATCH ", r#" -d '{"type":"html","value":"<h1>It works</h1>"}'"#),
    });
    let text = ["curl ", method, &page.curl_origin(), "/values/", cell.id.as_str(), example].concat();
    view! {
        <div class="empty-cell">
            <p>"Nothing here yet." {first_value}</p>
            {page.may_write.then_some(view! { <p>"Or send a value:"</p> })}
            {page.may_write.then(|| view! { <CopyableCode text label="Copy the command that fills this cell" /> })}
        </div>
    }
}
