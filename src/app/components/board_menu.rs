//! The title of the board, and the list of the other boards: a menu, or on an empty board a part of the page.

use leptos::either::Either;
use leptos::prelude::*;

use crate::app::state::use_dashboard;
use crate::routes;

/// The menu opens without a script. A reader who may see one board only gets no list.
#[component]
pub fn BoardMenu() -> impl IntoView {
    let dashboard = use_dashboard();
    let page = dashboard.page();
    let title = move || dashboard.settings.with(|settings| settings.title.clone());
    if !dashboard.may_list_boards() {
        return Either::Left(view! { <h1>{title}</h1> });
    }
    let is_empty = Memo::new(move |_| dashboard.order.with(Vec::is_empty));
    // The live connection refreshes the list while it is a part of the page.
    Effect::new(move |was_empty: Option<bool>| {
        if is_empty.get() && was_empty == Some(false) {
            dashboard.refresh_boards();
        }
        is_empty.get()
    });
    let own = StoredValue::new(page.board.clone());
    let listed = move || {
        let mut names = dashboard.boards.get();
        names.retain(|name| !is_empty.get() || own.with_value(|own| own != name));
        names
    };
    let link = move |board: String| {
        let (address, is_own) = (routes::board(&board), own.with_value(|own| *own == board));
        view! {
            <a href=address aria-current=is_own.then_some("page")>
                {board}
            </a>
        }
    };
    let heading = move || {
        if is_empty.get() {
            Either::Left(title)
        } else {
            Either::Right(view! {
                <button
                    type="button"
                    class="board-switch"
                    popovertarget="boards"
                    title="Switch board"
                    on:click=move |_| dashboard.refresh_boards()
                >
                    {title}
                </button>
            })
        }
    };
    Either::Right(view! {
        <h1>{heading}</h1>
        <nav
            id="boards"
            class=move || if is_empty.get() { "board-list" } else { "menu" }
            popover=move || (!is_empty.get()).then_some("auto")
            hidden=move || listed().is_empty()
            aria-label="Boards"
        >
            {move || is_empty.get().then(|| view! { <span>"Boards with cells:"</span> })}
            {move || listed().into_iter().map(link).collect_view()}
            <a href=routes::BOARD_LIST>"All boards"</a>
        </nav>
    })
}
