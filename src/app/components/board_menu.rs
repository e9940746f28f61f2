//! The title of the board with its menu: the other boards, and what is done to this one.

use leptos::html;
use leptos::prelude::*;

use crate::app::state::use_dashboard;
use crate::browser::dom;
use crate::routes;

/// Boards that the menu names; the list of boards has all.
const MAX_LISTED: usize = 50;

/// The menu opens without a script. A reader who may see one board only gets no list, but the board as a file. An empty board has the list as
/// a part of the page.
#[component]
pub fn BoardMenu() -> impl IntoView {
    let dashboard = use_dashboard();
    let title = move || dashboard.settings.with(|settings| settings.title.clone());
    let (page, may_list) = (dashboard.page(), dashboard.may_list_boards());
    let may_write = may_list && dashboard.may_write();
    let is_empty = Memo::new(move |_| dashboard.order.with(Vec::is_empty));
    // The live connection refreshes the list while it is a part of the page.
    Effect::new(move |was_empty: Option<bool>| {
        if is_empty.get() && was_empty == Some(false) && may_list {
            dashboard.refresh_boards();
        }
        is_empty.get()
    });
    let own = StoredValue::new(page.board.clone());
    let link = move |board: String| {
        let (address, is_own) = (routes::board(&board), own.with_value(|own| *own == board));
        view! {
            <a href=address aria-current=is_own.then_some("page")>
                {board}
            </a>
        }
    };
    let links = move |of_empty: bool| {
        let names = if is_empty.get() == of_empty { dashboard.boards.get() } else { Vec::new() };
        names.into_iter().filter(|name| !of_empty || own.with_value(|own| own != name)).take(MAX_LISTED).map(link).collect_view()
    };
    let has_no_others = move || !is_empty.get() || dashboard.boards.with(|boards| boards.len() < 2);
    let menu = NodeRef::<html::Div>::new();
    let (is_open, is_renaming) = (RwSignal::new(false), dashboard.is_renaming);
    let toggled = move |_| is_open.set(menu.get_untracked().is_some_and(|menu| menu.matches(":popover-open").unwrap_or(false)));
    let deferred = dashboard.deferred;
    let actions = move || is_open.get().then(|| deferred.view(deferred.get(), |code| (code.board_actions)()));
    let field = move || is_renaming.get().then(|| deferred.get()).flatten().map(|code| (code.title_field)());
    let refresh = move |_| {
        if may_list {
            dashboard.refresh_boards();
        }
    };
    let export = StoredValue::new(routes::board_export(&page.board));
    view! {
        <h1>
            <button
                type="button"
                class="board-switch"
                popovertarget="boards"
                title="Boards, and this one's menu"
                hidden=move || is_renaming.get()
                on:click=refresh
            >
                {title}
            </button>
            {field}
        </h1>
        <nav class="board-list" class:beside-runs=move || dashboard.runs.has_panel() hidden=has_no_others aria-label="Boards">
            <span>"Boards with cells:"</span>
            {move || links(true)}
        </nav>
        <div id="boards" class="menu" popover="auto" node_ref=menu on:toggle=toggled>
            {may_list
                .then(|| {
                    view! {
                        <nav aria-label="Boards">{move || links(false)}</nav>
                        <a href=routes::BOARD_LIST>"All boards"</a>
                    }
                })}
            <button
                type="button"
                popovertarget="boards"
                popovertargetaction="hide"
                hidden=is_empty
                title="One HTML file, which needs no server"
                on:click=move |_| export.with_value(|export| dom::download(export, ""))
            >
                "Save as a file"
            </button>
            {may_write.then_some(actions)}
        </div>
    }
}
