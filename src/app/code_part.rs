//! The parts of the page's code that are files of their own, and come after the page. `deferred_code.rs` names what belongs to each.

use std::pin::Pin;

use futures::FutureExt;
use gloo_timers::future::TimeoutFuture;
use leptos::leptos_dom::helpers::request_idle_callback_with_handle;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::erased::Erase;

const FIRST_RETRY_MS: u32 = 500;
const MAX_RETRY_MS: u32 = 30_000;

/// Resolves to `None` where the file could not be loaded; the next call tries again.
pub type Loading<T> = Pin<Box<dyn Future<Output = Option<&'static T>>>>;

/// A handle to a part, of which the rest of the page calls the functions of `T`.
pub struct CodePart<T: 'static> {
    /// `None` until it is loaded. The server never sets it: the browser hydrates what a page without it shows.
    code: RwSignal<Option<&'static T>>,
    /// Set each time that a reader waits for something which cannot be loaded.
    failed: RwSignal<bool>,
    load: fn() -> Loading<T>,
}

impl<T> Clone for CodePart<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for CodePart<T> {}

impl<T: Sync> CodePart<T> {
    pub fn new(load: fn() -> Loading<T>) -> Self {
        Self { code: RwSignal::new(None), failed: RwSignal::new(false), load }
    }

    /// The part if it is loaded. A view that reads this is updated when it is.
    pub fn loaded(self) -> Option<&'static T> {
        self.code.get()
    }

    pub fn is_loaded(self) -> bool {
        self.code.with_untracked(Option::is_some)
    }

    /// The part where all code is in one program: on the server. There loading takes no time.
    pub fn on_server(self) -> Option<&'static T> {
        if is_browser() { None } else { (self.load)().now_or_never().flatten() }
    }

    /// Loads the part now: a reader waits for it.
    pub fn request(self) {
        spawn_local(async move {
            if self.load().await.is_none() {
                self.failed.try_set(true);
            }
        });
    }

    /// The part, for a view that a reader has opened. Where it is not loaded yet, this requests it, and updates the view then.
    pub fn get(self) -> Option<&'static T> {
        let code = self.loaded();
        if code.is_none() && is_browser() {
            self.request();
        }
        code
    }

    /// What the part shows in a place that a reader has opened; until it is loaded, a sentence.
    pub fn view(self, code: Option<&'static T>, show: impl FnOnce(&'static T) -> AnyView) -> AnyView {
        if let Some(code) = code {
            return show(code);
        }
        let failed = self.failed;
        let sentence = move || if failed.get() { "This could not be loaded. The page tries again." } else { "Loading…" };
        view! {
            <p class="hint" role="status">
                {sentence}
            </p>
        }
        .erase()
    }

    /// Waits for the part. `None` where it cannot be loaded now.
    pub async fn load(self) -> Option<&'static T> {
        if let Some(code) = self.code.try_get_untracked().flatten() {
            return Some(code);
        }
        let code = (self.load)().await;
        // Two may have waited for it.
        if code.is_some() && self.code.try_with_untracked(Option::is_none) == Some(true) {
            self.code.try_set(code);
        }
        code
    }

    /// Loads it when the browser is idle, and tries again until it is there.
    pub fn preload(self) {
        let begin = move || spawn_local(self.keep_loading());
        // Not every browser says when it is idle.
        if request_idle_callback_with_handle(begin).is_err() {
            begin();
        }
    }

    /// Loads it at once, since a reader sees its place, and tries again until it is there.
    pub fn require(self) {
        self.request();
        spawn_local(self.keep_loading());
    }

    async fn keep_loading(self) {
        let mut delay = FIRST_RETRY_MS;
        while self.load().await.is_none() {
            TimeoutFuture::new(delay).await;
            delay = (2 * delay).min(MAX_RETRY_MS);
        }
    }

    /// Calls `on_failure` when a reader has waited for the part in vain.
    pub fn on_failure(self, on_failure: impl Fn() + 'static) {
        Effect::new(move |_| {
            if self.failed.get() {
                on_failure();
            }
        });
    }
}
