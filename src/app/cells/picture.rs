//! A picture, or a chart that is drawn from one value: first by the server, then by `charts::value_chart`. A new picture is loaded off the screen first; one that has not changed is left alone, so that a gif keeps playing.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use web_sys::HtmlImageElement;

use super::hover;
use crate::app::charts::{ChartRegistry, Outcome, use_charts};
use crate::app::focus;
use crate::app::signals::SetIfChanged;
use crate::app::state::CellState;
use crate::browser::{dom, images};
use crate::protocol::{CellContent, CellId};
use crate::routes;

/// Pictures with fewer pixels on both sides are enlarged.
const TINY: u32 = 96;
/// Pictures of which one side is so many times the other would be a hairline when they are as wide or as high as their cell: they keep their size, and are scrolled.
const STRIP: u32 = 24;

/// A picture as it was sent: where it is, and the revision in which it was sent.
#[derive(Clone, PartialEq)]
struct Sent {
    src: String,
    rev: u64,
}

impl Sent {
    /// What is on stage, where a drawing has so much `room`.
    fn on(cell: &CellState, stage: &CellContent, room: u32) -> Option<Self> {
        match stage {
            CellContent::Image { src, rev } => Some(Self { src: src.clone(), rev: *rev }),
            CellContent::Chart { rev } => {
                Some(Self { src: cell.cell_type.with_untracked(|kind| routes::drawing(&cell.id, kind, room)), rev: *rev })
            }
            _ => None,
        }
    }
}

/// What `<img>` shows.
struct Shown {
    address: ArcRwSignal<String>,
    /// The source that could not be loaded.
    failed: ArcRwSignal<Option<String>>,
}

#[component]
pub fn Picture(cell: Arc<CellState>) -> impl IntoView {
    let begun = cell.content.with_untracked(|stage| Sent::on(&cell, stage, 0));
    let first = begun.as_ref().map(|sent| routes::first_picture(&sent.src, sent.rev)).unwrap_or_default();
    let shown = Arc::new(Shown { address: ArcRwSignal::new(first), failed: ArcRwSignal::new(None) });
    let (watcher, watched) = (cell.clone(), shown.clone());
    let charts = use_charts();
    let mut loader: Option<Rc<Loader>> = None;
    dom::effect(move || {
        let room = watcher.fullscreen_height.get();
        let Some(sent) = watcher.content.with(|stage| Sent::on(&watcher, stage, room)) else { return };
        let loader = loader
            .get_or_insert_with(|| Loader::begin(charts, watcher.clone(), watched.clone(), begun.clone().unwrap_or_else(|| sent.clone())));
        loader.clone().want(sent);
    });
    // A drawing that is far away is left for later by the browser, now and when it changes.
    let loading = if cell.content.with_untracked(|stage| matches!(stage, CellContent::Chart { .. })) { "lazy" } else { "eager" };
    let address = RwSignal::from(shown.address.clone());
    let failed = RwSignal::from(shown.failed.clone());
    let explanation = move || {
        failed.with(|src| {
            let Some(src) = src else { return String::new() };
            let hint = if routes::in_folder(src) { " Put the file into the folder that --images names." } else { "" };
            if src.starts_with("media/") {
                return "The value is not a picture that a browser can show.".to_owned();
            }
            if src.starts_with("values/") {
                return "The chart could not be drawn.".to_owned();
            }
            ["The picture ", src, " could not be loaded.", hint].concat()
        })
    };
    let cell_type = RwSignal::from(cell.cell_type.clone());
    view! {
        <div class="picture">
            <img
                hidden=move || failed.read().is_some()
                alt=move || cell.name.get()
                loading=loading
                decoding="async"
                draggable="false"
                data-type=move || cell_type.get()
                src=address
            />
            <p class="failed" role="alert" hidden=move || failed.read().is_none()>
                {explanation}
            </p>
        </div>
    }
}

/// Loads the pictures of one cell, one after the other.
struct Loader {
    charts: ChartRegistry,
    cell: Arc<CellState>,
    shown: Arc<Shown>,
    memory: RefCell<Memory>,
}

struct Memory {
    /// What was brought last.
    sent: Sent,
    /// The `ETag` of what is shown, for files of the server's folder.
    version: Option<String>,
    is_busy: bool,
}

impl Loader {
    /// After waking: says whether the server-drawn picture is there, and which version of its file it is.
    fn begin(charts: ChartRegistry, cell: Arc<CellState>, shown: Arc<Shown>, sent: Sent) -> Rc<Self> {
        let picture = element(&cell.id);
        let memory = RefCell::new(Memory { sent: sent.clone(), version: None, is_busy: true });
        let loader = Rc::new(Self { charts, cell, shown, memory });
        let this = loader.clone();
        spawn_local(async move {
            let is_there = match &picture {
                Some(picture) => images::can_be_drawn(picture).await,
                None => true,
            };
            this.enlarge(picture.as_ref());
            if !is_there {
                this.shown.failed.set_if_changed(Some(sent.src));
            } else if routes::in_folder(&sent.src) {
                let version = images::shown_version(&routes::first_picture(&sent.src, sent.rev)).await;
                this.memory.borrow_mut().version = version;
            }
            this.catch_up().await;
        });
        loader
    }

    fn want(self: Rc<Self>, sent: Sent) {
        let mut memory = self.memory.borrow_mut();
        if memory.is_busy || memory.sent == sent {
            // Who is loading looks again when it is done.
            return;
        }
        memory.is_busy = true;
        drop(memory);
        spawn_local(async move { self.catch_up().await });
    }

    /// Shows what is on stage. While one picture is loading, only the newest of those that arrive is kept, and no load is broken off:
    /// otherwise pictures that come faster than they load would never be seen.
    async fn catch_up(&self) {
        let wanted = || self.cell.content.with_untracked(|stage| Sent::on(&self.cell, stage, self.cell.fullscreen_height.get_untracked()));
        while let Some(sent) = wanted().filter(|sent| *sent != self.memory.borrow().sent) {
            self.bring(&sent).await;
            self.memory.borrow_mut().sent = sent;
        }
        self.memory.borrow_mut().is_busy = false;
    }

    async fn bring(&self, sent: &Sent) {
        // In a window that nobody sees there are no frames: what comes meanwhile waits, and the newest is shown afterwards.
        if document().hidden() {
            dom::frame().await;
        }
        let Sent { src, rev } = sent;
        let again = self.memory.borrow().sent.src == *src;
        let mut version = None;
        if routes::in_folder(src) {
            // Asked before the picture is loaded: then it can only be newer than its version says, and a change is never missed.
            version = images::newest_version(src).await;
            let is_known = version.is_some() && self.memory.borrow().version == version;
            if again && is_known && self.shown.failed.with_untracked(Option::is_none) {
                return;
            }
        }
        let address = if again { routes::picture_again(src, *rev) } else { routes::first_picture(src, *rev) };
        let drawing = element(&self.cell.id).filter(|_| src.starts_with("values/"));
        if let Some(drawing) = &drawing
            && !is_far(drawing)
        {
            let cell_type = self.cell.cell_type.get_untracked();
            let outcome = self.charts.draw_value(drawing, &cell_type, &address).await;
            if outcome != Outcome::TooLarge {
                hover::renew(&self.cell.id, &address);
                return self.shown.failed.set_if_changed((outcome == Outcome::Failed).then(|| src.clone()));
            }
        }
        // What is far away is left to the browser, which loads it when it comes near; so are drawings of large values.
        let loaded = if drawing.is_some() { None } else { images::load(&address).await };
        let is_there = drawing.is_some() || loaded.is_some();
        self.memory.borrow_mut().version = version.filter(|_| is_there);
        if is_there {
            if let Some(image) = element(&self.cell.id) {
                self.charts.remove_value(&image);
            }
            hover::renew(&self.cell.id, &address);
            self.enlarge(loaded.as_ref());
            self.shown.address.set_if_changed(address);
        }
        self.shown.failed.set_if_changed((!is_there).then(|| src.clone()));
    }

    /// How it is shown is a matter of its size.
    fn enlarge(&self, like: Option<&HtmlImageElement>) {
        if let (Some(shown), Some(like)) = (element(&self.cell.id), like) {
            dom::mark(&shown, "class", form(like.natural_width(), like.natural_height()));
        }
    }
}

/// The class of a picture with so many pixels. One of a few pixels, a digit or a filter, would be a dot: its pixels are shown as squares.
fn form(width: u32, height: u32) -> &'static str {
    let (long, short) = (width.max(height), width.min(height));
    match () {
        () if long < TINY && height > width => "tiny tall",
        () if long < TINY => "tiny",
        () if short > 0 && long / short >= STRIP => "strip",
        () => "",
    }
}

/// Not to be seen before some scrolling: a screen and a half away. Browsers load lazy pictures from further away.
fn is_far(picture: &HtmlImageElement) -> bool {
    let (place, high) =
        (picture.get_bounding_client_rect(), window().inner_height().ok().and_then(|high| high.as_f64()).unwrap_or_default());
    place.top() > high * 2.5 || place.bottom() < -1.5 * high
}

fn element(id: &CellId) -> Option<HtmlImageElement> {
    focus::element(id)?.query_selector(".picture img").ok()??.dyn_into().ok()
}

#[cfg(test)]
mod tests {
    use super::form;

    #[test]
    fn small_pictures_are_enlarged_and_strips_are_not_shrunk() {
        let forms = [(28, 28), (10, 90), (95, 2), (96, 96), (700, 2000), (1000, 50), (10, 4000), (4000, 10), (0, 0), (0, 500)];
        let of: Vec<_> = forms.into_iter().map(|(width, height)| form(width, height)).collect();
        assert_eq!(of, ["tiny", "tiny tall", "tiny", "", "", "", "strip", "strip", "tiny", ""]);
    }
}
