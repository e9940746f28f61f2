//! The dialog that creates and revokes links to this board. See `/shares` in docs/rest.md.

use gloo_net::http::Method;
use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;
use leptos::task::{spawn_local, tick};
use serde::Deserialize;
use serde_json::json;
use web_sys::HtmlInputElement;

use crate::app::erased::Erase;
use crate::app::state::use_dashboard;
use crate::browser::{clipboard, fetch, local_time};
use crate::protocol::ApiError;
use crate::routes;

/// The server's limit for names.
const MAX_NAME_CHARS: &str = "100";

/// Links begin with the address of the page. Of an address that other machines do not reach, they would open nothing there.
const LOCAL_ADDRESS: &str =
    " Links from this page open on this machine only: to share with others, start 'agnez --host 0.0.0.0' and open the link that it prints.";

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Share {
    id: String,
    name: String,
    details: bool,
    created_at: String,
    /// Only in the reply that creates the share.
    #[serde(default)]
    link: String,
}

impl Share {
    fn label(&self) -> String {
        if self.name.is_empty() { self.id.clone() } else { self.name.clone() }
    }
}

/// The signals of the open dialog.
#[derive(Clone, Copy)]
struct Shares {
    board: StoredValue<String>,
    list: RwSignal<Vec<Share>>,
    /// The share that was just created: its link is shown once.
    created: RwSignal<Option<Share>>,
    /// A share is being created.
    is_creating: RwSignal<bool>,
    /// The field for whom the next one is.
    field: NodeRef<html::Input>,
    error: RwSignal<Option<ApiError>>,
}

impl Shares {
    /// True if this reader may not create links: the dialog then shows the error instead of the form.
    fn is_refused(self) -> bool {
        self.error.with(|error| error.as_ref().is_some_and(|error| matches!(error.code, 401 | 403)))
    }

    fn message(self) -> String {
        if self.is_refused() {
            let command = self.board.with_value(|board| ["'agnez token new share --board ", board, "'"].concat());
            return [
                "A link for people without access needs a token: ",
                &command,
                " on the server's machine makes one that only reads this board, and 'agnez token new' one with which you can make them here.",
            ]
            .concat();
        }
        self.error.with(|error| error.as_ref().map(|error| error.message.clone()).unwrap_or_default())
    }

    // The dialog may be closed before an answer has come.

    fn refresh(self) {
        let address = self.board.with_value(|board| routes::shares(board));
        spawn_local(async move { self.load(&address).await });
    }

    async fn load(self, address: &str) {
        match fetch::api(Method::GET, address, None).await {
            Ok(list) => {
                self.error.try_set(None);
                self.list.try_set(list);
            }
            Err(error) => self.fail(error),
        }
    }

    fn fail(self, error: ApiError) {
        self.error.try_set(Some(error));
    }

    /// Makes a link for whom the field names. `view`: the id of the view that it opens with; empty: none. `details`: of the runs, if checked.
    fn create(self, field: HtmlInputElement, view: &str, details: Option<HtmlInputElement>) {
        if self.is_creating.get_untracked() {
            return;
        }
        self.is_creating.set(true);
        let view = Some(view).filter(|view| !view.is_empty());
        let (board, name) = (self.board.get_value(), field.value());
        let has_details = details.as_ref().is_some_and(HtmlInputElement::checked);
        let body = json!({ "board": board, "name": name.trim(), "view": view, "details": has_details });
        spawn_local(async move {
            let share = fetch::api::<Share>(Method::POST, routes::SHARES, Some(&body)).await;
            self.is_creating.try_set(false);
            match share {
                Ok(share) => match self.created.try_set(Some(share)) {
                    None => {
                        field.set_value("");
                        // The next link is for somebody else.
                        details.inspect(|details| details.set_checked(false));
                        self.load(&routes::shares(&board)).await;
                    }
                    // Nobody has seen the link, and nobody will.
                    Some(share) => drop(delete(share.map(|share| share.id).unwrap_or_default()).await),
                },
                Err(error) => self.fail(error),
            }
        });
    }

    fn revoke(self, id: String) {
        let address = self.board.with_value(|board| routes::shares(board));
        spawn_local(async move {
            match delete(id.clone()).await {
                Ok(_) => {
                    let is_shown = |created: &Option<Share>| created.as_ref().is_some_and(|created| created.id == id);
                    if self.created.try_with_untracked(is_shown) == Some(true) {
                        self.created.try_set(None);
                    }
                    self.load(&address).await;
                    // The button that had the focus is gone.
                    if let Some(field) = self.field.try_get_untracked().flatten() {
                        let _ = field.focus();
                    }
                }
                Err(error) => self.fail(error),
            }
        });
    }
}

async fn delete(id: String) -> Result<serde_json::Value, ApiError> {
    fetch::api(Method::DELETE, &routes::share(&id), None).await
}

/// The button in the header. The dialog that it opens is in the second part of the page's code.
#[component]
pub fn ShareButton() -> impl IntoView {
    let dashboard = use_dashboard();
    let (deferred, is_open) = (dashboard.deferred, dashboard.is_sharing);
    view! {
        <button type="button" data-share="" aria-haspopup="dialog" on:click=move |_| is_open.set(true)>
            "Share"
        </button>
        {move || is_open.get().then(|| deferred.get()).flatten().map(|code| (code.share_dialog)(is_open))}
    }
}

/// The dialog, while `is_open` is set.
pub fn share_dialog(is_open: RwSignal<bool>) -> AnyView {
    let page = use_dashboard().page();
    let shares = Shares {
        board: StoredValue::new(page.board.clone()),
        list: RwSignal::new(Vec::new()),
        created: RwSignal::new(None),
        is_creating: RwSignal::new(false),
        field: NodeRef::new(),
        error: RwSignal::new(None),
    };
    let is_local = ["//localhost", "//127.", "//[::1]"].iter().any(|host| page.origin.contains(host));
    view! { <ShareDialog shares is_open is_local /> }.erase()
}

/// Opens when it is created, and is removed when it closes.
#[component]
fn ShareDialog(shares: Shares, is_open: RwSignal<bool>, is_local: bool) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let (view, details) = (NodeRef::<html::Select>::new(), NodeRef::<html::Input>::new());
    let dashboard = use_dashboard();
    let (views, open) = (dashboard.settings.with_untracked(|settings| settings.views.clone()), dashboard.view.id.get_untracked());
    let has_views = !views.is_empty();
    let options = views.into_iter().map(|of| {
        let is_open = open.as_ref() == Some(&of.id);
        view! {
            <option value=of.id selected=is_open>
                {of.name}
            </option>
        }
    });
    Effect::new(move || {
        if let Some(dialog) = dialog.get() {
            let _ = dialog.show_modal();
            shares.refresh();
        }
    });
    let closed = move |_| {
        shares.created.set(None);
        is_open.set(false);
    };
    let create = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(field) = shares.field.get_untracked() else { return };
        let view = view.get_untracked().map(|view| view.value()).unwrap_or_default();
        shares.create(field, &view, details.get_untracked());
    };
    view! {
        <dialog
            id="share"
            aria-labelledby="share-title"
            closedby="any"
            node_ref=dialog
            on:close=closed
        >
            <h2 id="share-title">"Share this board"</h2>
            <PageLink />
            <p hidden=move || shares.is_refused()>
                "Everyone who has a link from below sees this board live, and no other board. They cannot change anything."
                {is_local.then_some(LOCAL_ADDRESS)}
            </p>
            <form hidden=move || shares.is_refused() on:submit=create>
                <input
                    node_ref=shares.field
                    maxlength=MAX_NAME_CHARS
                    placeholder="For whom (optional)"
                    aria-label="For whom"
                    autocomplete="off"
                />
                <select node_ref=view aria-label="What the link opens" hidden=!has_views>
                    <option value="">"the board"</option>
                    {options.collect_view()}
                </select>
                <button type="submit" disabled=shares.is_creating>
                    "Make a link"
                </button>
                <label hidden=move || !dashboard.runs.has_any()>
                    <input type="checkbox" node_ref=details />
                    "Also show command, host, console, traceback and your own keys of runs"
                </label>
            </form>
            <p role="alert" class:bad=move || !shares.is_refused() hidden=move || shares.error.read().is_none()>
                {move || shares.message()}
            </p>
            {move || shares.created.get().map(|share| view! { <CreatedLink share /> })}
            <ul aria-label="Links to this board">
                {move || shares.list.get().into_iter().map(|share| view! { <ShareItem share shares /> }).collect_view()}
            </ul>
            <form method="dialog">
                <button type="submit">"Close"</button>
            </form>
        </dialog>
    }
}

/// The address of the page, which has what the reader sees of it: view, filter, zoom.
#[component]
fn PageLink() -> impl IntoView {
    let address = window().location().href().unwrap_or_default();
    view! {
        <div class="new-link">
            <CopyField text=address label="Address of this page" action="Copy link" />
            <p>"This page as you see it, for everyone who may open this server."</p>
        </div>
    }
}

/// The link of a new share.
#[component]
fn CreatedLink(share: Share) -> impl IntoView {
    view! {
        <div class="new-link">
            <CopyField text=share.link label="Link" action="Copy" />
            <p>"The link is shown only once: the server keeps no copy."</p>
        </div>
    }
}

/// A text to be copied. It is selected, so that it can be copied by key: pages without TLS on other machines have no clipboard.
#[component]
fn CopyField(text: String, label: &'static str, action: &'static str) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if let Some(field) = field.get() {
            field.select();
        }
    });
    let word = RwSignal::new(action);
    let copied = text.clone();
    let copy = move |_| {
        let text = copied.clone();
        spawn_local(async move {
            let is_copied = clipboard::copy(&text).await;
            if let Some(field) = field.try_get_untracked().flatten() {
                field.select();
            }
            word.try_set(if is_copied { "Copied" } else { "Press Ctrl+C" });
        });
    };
    view! {
        <form on:submit=|event: SubmitEvent| event.prevent_default()>
            <input readonly node_ref=field prop:value=text aria-label=label />
            <button type="button" on:click=copy>
                {word}
            </button>
        </form>
    }
}

/// A link with the button that revokes it, which is pressed twice: nothing brings the link back.
#[component]
fn ShareItem(share: Share, shares: Shares) -> impl IntoView {
    let label = share.label();
    let id = StoredValue::new(share.id.clone());
    let is_sure = RwSignal::new(false);
    let (revoke, cancel) = (NodeRef::<html::Button>::new(), NodeRef::<html::Button>::new());
    let ask = move |is_asked: bool| {
        is_sure.set(is_asked);
        let next = if is_asked { cancel } else { revoke };
        // The button is hidden by an effect of this turn.
        spawn_local(async move {
            tick().await;
            if let Some(button) = next.try_get_untracked().flatten() {
                let _ = button.focus();
            }
        });
    };
    view! {
        <li>
            <span>{label.clone()} {share.details.then_some(" (with details of runs)")}</span>
            <time datetime=share.created_at.clone()>{local_time::format_timestamp(&share.created_at)}</time>
            <button
                type="button"
                node_ref=revoke
                hidden=move || is_sure.get()
                aria-label=["Revoke the link ", &label].concat()
                on:click=move |_| ask(true)
            >
                "Revoke"
            </button>
            <span class="question" role="group" aria-label=["Revoke the link ", &label, "?"].concat() hidden=move || !is_sure.get()>
                "Everyone who uses it loses access at once. "
                <button type="button" class="danger" on:click=move |_| shares.revoke(id.get_value())>
                    "Revoke it"
                </button>
                <button type="button" node_ref=cancel on:click=move |_| ask(false)>
                    "Cancel"
                </button>
            </span>
        </li>
    }
}
