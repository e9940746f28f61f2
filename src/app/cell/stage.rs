//! The stage: chooses the part that shows this kind of value, and keeps it while the kind stays the same.

use leptos::either::EitherOf4;
use leptos::prelude::*;

use super::figure::Figure;
use super::picture::Picture;
use super::text::Text;
use crate::app::command::Command;
use crate::app::state::Dashboard;
use crate::protocol::{Cell, CellId, Stage};

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Empty,
    Figure,
    Picture,
    Text,
}

#[component]
pub fn StageView(id: CellId, cell: ArcRwSignal<Cell>, name: Memo<String>) -> impl IntoView {
    let kind = Memo::new({
        let cell = cell.clone();
        move |_| {
            cell.with(|cell| match cell.stage {
                Stage::Empty => Kind::Empty,
                Stage::Figure { .. } => Kind::Figure,
                Stage::Picture { .. } => Kind::Picture,
                Stage::Text { .. } => Kind::Text,
            })
        }
    });
    move || {
        let (id, cell) = (id.clone(), cell.clone());
        match kind.get() {
            Kind::Empty => EitherOf4::A(view! { <Nothing id /> }),
            Kind::Figure => EitherOf4::B(view! { <Figure id cell name /> }),
            Kind::Picture => EitherOf4::C(view! { <Picture cell name /> }),
            Kind::Text => EitherOf4::D(view! { <Text cell /> }),
        }
    }
}

/// A cell without a value says how to send one.
#[component]
fn Nothing(id: CellId) -> impl IntoView {
    let origin = Dashboard::here().facts.with_value(|facts| facts.origin.clone());
    let text = ["curl -X PATCH ", &origin, "/values/", id.as_str(), r#" -d '{"type":"img","value":"https://…"}'"#].concat();
    view! {
        <div class="nothing">
            <p>"Nothing here yet. Send a value:"</p>
            <Command text label="Copy the command that fills this cell" />
        </div>
    }
}
