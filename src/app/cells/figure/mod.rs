//! HTML of a training script, in a sandboxed frame that has no access to the page. A new revision
//! loads behind the visible one.

mod double_buffer;
mod slot;

use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;
use leptos::{attr, html};

use crate::app::charts::NotPrinted;
use crate::app::state::CellState;
use crate::browser::iframe::{self, use_frame_messages};
use crate::browser::near_viewport::use_near_viewport;
use crate::protocol::{Board, CellContent, CellId};
use crate::routes;
use double_buffer::FigureSource;
use slot::IframeSlot;

/// Figures whose frames are in the server's page, so that they show before any script runs. The
/// frames of the others are made when they come near the viewport.
const MAX_PRERENDERED_FRAMES: usize = 12;

/// A figure that has loaded but sent no height within this time is shown with the height of the one
/// before.
const HEIGHT_TIMEOUT: Duration = Duration::from_millis(300);

/// The figures whose frames are in the server's page: the browser must hydrate the same ones.
#[derive(Clone)]
struct PrerenderedFrames(Arc<[CellId]>);

/// Gives the components below the current owner the list of figures that the server renders with a
/// frame. `board`: that of the server's page.
pub fn provide_prerendered_frames(board: &Board) {
    let figures = board.cells.iter().filter(|cell| matches!(cell.content, CellContent::Html { .. }));
    let ids = figures.take(MAX_PRERENDERED_FRAMES).map(|cell| cell.id.clone()).collect();
    provide_context(PrerenderedFrames(ids));
}

impl FigureSource {
    /// `None` if the content is no HTML.
    fn of(cell: &CellState) -> Option<Self> {
        cell.content.with(|content| match content {
            CellContent::Html { rev, sig } => {
                let url = routes::figure(&cell.id, *rev, sig.as_deref());
                Some(Self { rev: *rev, url, sandbox: cell.cell_type.with(|kind| iframe::sandbox(kind)) })
            }
            _ => None,
        })
    }
}

#[component]
#[expect(clippy::disallowed_methods, reason = "the view's own markup, in which every text of clients is escaped")]
pub fn Figure(cell: Arc<CellState>) -> impl IntoView {
    let is_prerendered = use_context::<PrerenderedFrames>().is_some_and(|frames| frames.0.contains(&cell.id));
    let initial = untrack(|| FigureSource::of(&cell));
    let is_near = RwSignal::new(false);
    let title = {
        let cell = cell.clone();
        Signal::derive(move || cell.title())
    };
    // A browser without scripts gets all frames. One with scripts parses none of these.
    let noscript = (!is_prerendered).then(|| {
        let source = initial.clone().filter(|_| !is_browser());
        let markup =
            source.map(|source| view! { <FigureFrame frames=IframeSlot::new(Some(source.clone())) source title is_near /> }.to_html());
        view! { <noscript inner_html=markup.unwrap_or_default()></noscript> }
    });
    let frames = IframeSlot::new(initial.filter(|_| is_prerendered));
    let surface = NodeRef::<html::Div>::new();
    let near_viewport = use_near_viewport();
    Effect::new(move |_| {
        if let Some(surface) = surface.get() {
            near_viewport.run_once(&surface, move || is_near.set(true));
        }
    });
    // Tables and texts follow the theme.
    let cell_type = RwSignal::from(cell.cell_type.clone());
    let is_themed = move || matches!(cell_type.read().as_str(), "table" | "text");
    Effect::new(move |_| {
        if is_near.get()
            && let Some(source) = FigureSource::of(&cell)
        {
            frames.request(source);
        }
    });
    let blocked = Memo::new(move |_| frames.blocked_sentence());
    view! {
        <div
            class="figure-surface"
            class:themed=is_themed
            style:height=move || frames.height.get().map(|pixels| [&pixels.to_string(), "px"].concat())
            node_ref=surface
        >
            {noscript}
            <For each=move || frames.sources() key=|source| source.rev let(source)>
                <FigureFrame frames source title is_near />
            </For>
        </div>
        <p class="blocked-resources" role="note" hidden=move || blocked.read().is_empty()>
            {blocked}
        </p>
        <NotPrinted />
    }
}

/// One frame of a figure. While it loads behind the visible one it has its size, but is not
/// painted.
#[component]
fn FigureFrame(frames: IframeSlot, source: FigureSource, title: Signal<String>, is_near: RwSignal<bool>) -> impl IntoView {
    let FigureSource { rev, url, sandbox } = source;
    let frame = NodeRef::<html::Iframe>::new();
    let messages = use_frame_messages();
    Effect::new(move |_| {
        if let Some(window) = frame.get().and_then(|frame| frame.content_window()) {
            messages.register(window, move |message| frames.on_message(rev, message));
        }
    });
    let timeout = StoredValue::new(None::<TimeoutHandle>);
    let clear_timeout = move || {
        if let Some(timeout) = timeout.try_get_value().flatten() {
            timeout.clear();
        }
    };
    on_cleanup(clear_timeout);
    let on_load = move |_| {
        clear_timeout();
        timeout.set_value(set_timeout_with_handle(move || frames.present(rev), HEIGHT_TIMEOUT).ok());
    };
    // The framework's list of a frame's attributes does not have this one.
    let loading = attr::loading(move || if is_near.get() { "eager" } else { "lazy" });
    view! {
        <iframe
            node_ref=frame
            sandbox=sandbox
            referrerpolicy="no-referrer"
            title=title
            aria-hidden=move || (!frames.is_visible(rev)).then_some("true")
            src=url
            class:waiting=move || !frames.is_visible(rev)
            on:load=on_load
            allow=""
            {..loading}
        ></iframe>
    }
}
