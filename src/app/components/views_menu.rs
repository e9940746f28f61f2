//! The menu of views: those of the board, and what is done with how the reader looks at it.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html;
use leptos::prelude::*;

use super::menu;
use crate::app::erased::Erase;
use crate::app::state::{Dashboard, use_dashboard};
use crate::protocol::View;
use crate::routes;

/// The server's limit for names.
const MAX_NAME: &str = "120";

/// The button in the header. Readers with read-only access see it once there is a view.
#[component]
pub fn ViewsButton() -> impl IntoView {
    let dashboard = use_dashboard();
    let name = Memo::new(move |_| dashboard.view_name());
    let is_needless = move || !dashboard.may_write() && dashboard.settings.with(|settings| settings.views.is_empty());
    let label = move || name.get().unwrap_or_else(|| "Views".to_owned());
    view! {
        <button
            type="button"
            class="views-button"
            class:pressed=move || name.with(Option::is_some)
            popovertarget="views"
            title="Views: ways to look at this board"
            aria-label=move || name.with(|name| name.as_ref().map_or_else(|| "Views".to_owned(), |name| ["Views, open: ", name].concat()))
            hidden=is_needless
        >
            {label}
        </button>
    }
}

/// The menu, which stands outside of the header's own menu: on a phone that one closes first.
#[component]
pub fn ViewsMenu() -> impl IntoView {
    let dashboard = use_dashboard();
    let menu = NodeRef::<html::Div>::new();
    let is_open = RwSignal::new(false);
    let toggled = move |_| is_open.set(menu.get_untracked().is_some_and(|menu| menu.matches(":popover-open").unwrap_or(false)));
    let on_key = move |event: KeyboardEvent| {
        if let Some(menu) = menu.get_untracked() {
            menu::on_menu_key(&menu, &event);
        }
    };
    view! {
        <div id="views" class="menu" popover="auto" node_ref=menu on:toggle=toggled on:keydown=on_key>
            {move || is_open.get().then(|| dashboard.deferred.view(dashboard.deferred.get(), |code| (code.views_menu)(menu)))}
        </div>
    }
}

/// What the field in the menu names.
#[derive(Clone, PartialEq)]
enum Naming {
    New,
    Rename(View),
}

/// The content of the open menu.
pub fn views_menu(menu: NodeRef<html::Div>) -> AnyView {
    view! { <OpenMenu menu /> }.erase()
}

#[component]
fn OpenMenu(menu: NodeRef<html::Div>) -> impl IntoView {
    let dashboard = use_dashboard();
    let naming = RwSignal::new(None::<Naming>);
    Effect::new(move |_| {
        if let Some(menu) = menu.get_untracked() {
            menu::focus_first(&menu);
        }
    });
    let views = move || dashboard.settings.with(|settings| settings.views.clone());
    let link = move |View { id, name, query, .. }: View| {
        let joint = if query.is_empty() { "" } else { "&" };
        let address = [&routes::board(&dashboard.page().board), "?", &query, joint, "view=", &id].concat();
        let is_open = move || dashboard.view.id.with(|open| open.as_ref() == Some(&id));
        view! {
            <a href=address aria-current=move || is_open().then_some("page")>
                {name}
            </a>
        }
    };
    let whole = move || {
        dashboard.view_name().map(|_| {
            view! { <a href=routes::board(&dashboard.page().board)>"Without a view"</a> }
        })
    };
    let close = move || {
        if let Some(menu) = menu.get_untracked() {
            let _ = menu.hide_popover();
        }
    };
    let actions = move || match naming.get() {
        Some(what) => view! { <NameForm what close=Callback::new(move |()| close()) /> }.erase(),
        None => view! { <Actions naming close=Callback::new(move |()| close()) /> }.erase(),
    };
    view! {
        <nav aria-label="Views">{move || views().into_iter().map(link).collect_view()} {whole}</nav>
        <p class="explanation" hidden=move || !views().is_empty()>
            "A view keeps how you look at this board: runs, search, axes, zoom, sizes, and what is folded."
        </p>
        {dashboard.may_write().then_some(actions)}
    }
}

#[component]
fn Actions(naming: RwSignal<Option<Naming>>, close: Callback<()>) -> impl IntoView {
    let dashboard = use_dashboard();
    let button = move |label: String, act: Box<dyn Fn()>| {
        view! {
            <button type="button" on:click=move |_| act()>
                {label}
            </button>
        }
    };
    let of_view = move || {
        dashboard.open_view().map(|view| {
            let named = |verb: &str| [verb, " ‘", &view.name, "’"].concat();
            let is_changed = dashboard.is_view_changed(&view);
            let closing = |act: fn(Dashboard, &View)| -> Box<dyn Fn()> {
                let view = view.clone();
                Box::new(move || {
                    // First, because it restores the focus to the button.
                    close.run(());
                    act(dashboard, &view);
                })
            };
            let rename: Box<dyn Fn()> = {
                let view = view.clone();
                Box::new(move || naming.set(Some(Naming::Rename(view.clone()))))
            };
            view! {
                {is_changed.then(|| button(named("Save over"), closing(Dashboard::save_over_view)))}
                {button(named("Rename"), rename)}
                {button(named("Share"), closing(|dashboard, _| dashboard.is_sharing.set(true)))}
                {button(named("Delete"), closing(Dashboard::delete_view))}
            }
        })
    };
    view! {
        {button("Save as a new view".to_owned(), Box::new(move || naming.set(Some(Naming::New))))}
        {of_view}
    }
}

/// Enter saves, Esc closes the menu.
#[component]
fn NameForm(what: Naming, close: Callback<()>) -> impl IntoView {
    let dashboard = use_dashboard();
    let field = NodeRef::<html::Input>::new();
    let before = match &what {
        Naming::New => String::new(),
        Naming::Rename(view) => view.name.clone(),
    };
    let (label, text) = (if what == Naming::New { "Name of the view" } else { "New name of the view" }, before.clone());
    let error = RwSignal::new("");
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            let _ = field.focus();
            field.set_value(&text);
            field.select();
        }
    });
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(name) = field.get_untracked().map(|field| field.value().trim().to_owned()) else { return };
        let is_taken = || dashboard.settings.with_untracked(|settings| settings.views.iter().any(|view| view.name == name));
        if name.is_empty() {
            return error.set("A view needs a name.");
        }
        if name != before && is_taken() {
            return error.set("There is a view of this name.");
        }
        close.run(());
        match &what {
            Naming::New => dashboard.save_view(name),
            Naming::Rename(view) if name != view.name => dashboard.rename_view(view, name),
            Naming::Rename(_) => {}
        }
    };
    // Arrows and Tab belong to the field, not to the menu.
    let on_key = |event: KeyboardEvent| event.stop_propagation();
    view! {
        <form class="view-name" on:submit=save on:keydown=on_key>
            <input type="text" node_ref=field maxlength=MAX_NAME aria-label=label placeholder=label autocomplete="off" />
            <button type="submit" class="primary">
                "Save"
            </button>
            <p role="alert" hidden=move || error.with(|error| error.is_empty())>
                {error}
            </p>
        </form>
    }
}
