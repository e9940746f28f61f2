//! A picture. A new one is loaded off the screen first; one that has not changed is left alone, so that a gif keeps playing.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::REPLACED;
use crate::client::{pictures, urls};
use crate::protocol::{Cell, Stage};

/// A picture as it was sent: where it is, and the revision in which it was sent.
type Sent = (String, u64);

/// The cell may go while a picture is loading, hence `try_` wherever something is read or set after waiting.
#[derive(Clone, Copy)]
struct Pane {
    wanted: Memo<Sent>,
    /// What `<img>` shows.
    address: RwSignal<String>,
    /// The source that could not be loaded.
    failed: RwSignal<Option<String>>,
    /// The `ETag` of what is shown, for files of the server's folder.
    version: StoredValue<Option<String>>,
    /// True while pictures are being loaded, one after the other.
    busy: StoredValue<bool>,
}

#[component]
pub fn Picture(cell: ArcRwSignal<Cell>, name: Memo<String>) -> impl IntoView {
    let wanted = Memo::new(move |sent: Option<&Sent>| {
        cell.with(|cell| match &cell.stage {
            Stage::Picture { src, rev } => (src.replace('\0', REPLACED), *rev),
            _ => sent.cloned().unwrap_or_default(),
        })
    });
    let (src, rev) = wanted.get_untracked();
    let pane = Pane {
        wanted,
        address: RwSignal::new(urls::first_picture(&src, rev)),
        failed: RwSignal::new(None),
        version: StoredValue::new(None),
        busy: StoredValue::new(false),
    };
    let picture = NodeRef::<html::Img>::new();
    Effect::new(move |shown: Option<Sent>| {
        let now = wanted.get();
        if pane.busy.get_value() {
            // The task that is loading looks again when it is done.
        } else if shown.is_none() {
            if let Some(picture) = picture.get_untracked() {
                pane.busy.set_value(true);
                spawn_local(pane.begin(picture, now.clone()));
            }
        } else if let Some(shown) = shown
            && shown != now
        {
            pane.busy.set_value(true);
            spawn_local(pane.catch_up(shown));
        }
        now
    });
    let explanation = move || {
        pane.failed.get().map(|src| {
            let hint = if urls::in_folder(&src) { " Put the file into the folder that --images names." } else { "" };
            view! { <p class="failed" role="alert">{["The picture ", &src, " could not be loaded.", hint].concat()}</p> }
        })
    };
    view! {
        <div class="picture">
            <img
                node_ref=picture
                hidden=move || pane.failed.with(Option::is_some)
                alt=name
                decoding="async"
                draggable="false"
                src=move || pane.address.get()
            />
            {explanation}
        </div>
    }
}

impl Pane {
    /// After waking: says whether the server-drawn picture is there, and which version of its file it is.
    async fn begin(self, picture: web_sys::HtmlImageElement, sent: Sent) {
        let address = urls::first_picture(&sent.0, sent.1);
        if !pictures::can_be_drawn(&picture).await {
            self.failed.try_set(Some(sent.0.clone()));
        } else if urls::in_folder(&sent.0) {
            let version = pictures::shown_version(&address).await;
            self.version.try_set_value(version);
        }
        self.catch_up(sent).await;
    }

    /// Shows what is wanted. While one picture is loading, only the newest of those that arrive is kept, and no load is broken off:
    /// otherwise pictures that come faster than they load would never be seen.
    async fn catch_up(self, mut shown: Sent) {
        while let Some(wanted) = self.wanted.try_get_untracked().filter(|wanted| *wanted != shown) {
            self.bring(&shown, &wanted).await;
            shown = wanted;
        }
        self.busy.try_set_value(false);
    }

    async fn bring(self, shown: &Sent, (src, rev): &Sent) {
        let again = *src == shown.0;
        let mut version = None;
        if urls::in_folder(src) {
            // Asked before the picture is loaded: then it can only be newer than its version says, and a change is never missed.
            version = pictures::newest_version(&urls::picture(src)).await;
            let has_failed = self.failed.try_get_untracked().flatten().is_some();
            let is_known = version.is_some() && self.version.try_get_value().flatten() == version;
            if again && is_known && !has_failed {
                return;
            }
        }
        let address = if again { urls::picture_again(src, *rev) } else { urls::first_picture(src, *rev) };
        if pictures::load(&address).await {
            self.version.try_set_value(version);
            self.address.try_set(address);
            self.failed.try_set(None);
        } else {
            self.version.try_set_value(None);
            self.failed.try_set(Some(src.clone()));
        }
    }
}
