//! An image, or a chart that is drawn from one value: first by the server, then by
//! `charts::value_charts`. A new image is loaded off the screen first. One that has not changed is
//! left alone, so that an animated GIF keeps playing.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::HtmlImageElement;

use crate::app::charts::{ChartHover, ChartRegistry, HoverOutline, HoverTarget, Outcome, use_chart_hover, use_charts};
use crate::app::signals::SetIfChanged;
use crate::app::state::CellState;
use crate::browser::{dom, images};
use crate::protocol::CellContent;
use crate::routes;

/// Images with fewer pixels on both sides are enlarged.
const MIN_NATURAL_SIZE: u32 = 96;
/// An image with a side that is this many times the other would be a hairline as wide or as high as
/// its cell: it keeps its size and is scrolled.
const MIN_ELONGATION: u32 = 24;

/// The image that a cell shows: its URL without a version, and its revision.
#[derive(Clone, PartialEq)]
struct Source {
    url: String,
    rev: u64,
}

impl Source {
    /// `None` if the content is no image. `height` is that of a chart in full screen, in CSS
    /// pixels; 0 in the grid.
    fn of(cell: &CellState, content: &CellContent, height: u32) -> Option<Self> {
        match content {
            CellContent::Image { src, rev } => Some(Self { url: src.clone(), rev: *rev }),
            CellContent::Chart { rev } => {
                let url = cell.cell_type.with_untracked(|kind| routes::value_chart_svg(&cell.id, kind, height));
                Some(Self { url, rev: *rev })
            }
            _ => None,
        }
    }
}

/// The signals of `<img>`.
#[derive(Clone)]
struct Shown {
    src: ArcRwSignal<String>,
    /// The class for the size of the image.
    size_class: ArcRwSignal<&'static str>,
    /// The URL that could not be loaded.
    failed: ArcRwSignal<Option<String>>,
}

#[component]
pub fn Picture(cell: Arc<CellState>) -> impl IntoView {
    let initial = cell.content.with_untracked(|content| Source::of(&cell, content, 0));
    let src = initial.as_ref().map(|source| routes::image_url(&source.url, source.rev)).unwrap_or_default();
    let is_chart = cell.content.with_untracked(|content| matches!(content, CellContent::Chart { .. }));
    let image = NodeRef::<html::Img>::new();
    let hover = use_chart_hover();
    let target = HoverTarget {
        cell: cell.id.clone(),
        name: cell.name.clone(),
        cell_type: cell.cell_type.clone(),
        image,
        address: ArcRwSignal::new(src.clone()),
        summary: ArcRwSignal::new(None),
        outline: ArcRwSignal::new(None),
    };
    if is_chart {
        hover.register(target.clone());
    }
    let shown = Shown { src: ArcRwSignal::new(src), size_class: ArcRwSignal::new(""), failed: ArcRwSignal::new(None) };
    let loader = Rc::new(Loader {
        cell: cell.clone(),
        charts: use_charts(),
        hover,
        target: target.clone(),
        shown: shown.clone(),
        progress: RefCell::new(Progress { current: initial, version: None, is_loading: true }),
    });
    let watched = cell.clone();
    Effect::new(move |started: Option<()>| {
        let height = watched.fullscreen_height.get();
        let source = watched.content.with(|content| Source::of(&watched, content, height));
        match (started, source) {
            (None, _) => loader.clone().start(),
            (Some(()), Some(source)) => loader.clone().request(&source),
            (Some(()), None) => {}
        }
    });
    // Browsers postpone a chart that is far away, now and when it changes.
    let loading = if is_chart { "lazy" } else { "eager" };
    let (src, failed) = (RwSignal::from(shown.src), RwSignal::from(shown.failed));
    let (size_class, summary) = (RwSignal::from(shown.size_class), RwSignal::from(target.summary.clone()));
    let cell_type = RwSignal::from(cell.cell_type.clone());
    let outline = target.outline.clone();
    let on_pointer = StoredValue::new(target);
    let on_pointer = move |event| on_pointer.with_value(|target| hover.on_pointer(target, &event));
    view! {
        <div class="picture">
            <img
                node_ref=image
                class=size_class
                hidden=move || failed.read().is_some()
                alt=move || cell.name.get()
                aria-label=move || summary.get()
                loading=loading
                decoding="async"
                draggable="false"
                data-type=move || cell_type.get()
                src=src
                on:pointermove=on_pointer
                on:pointerdown=on_pointer
                on:pointerout=move |event| hover.on_pointer_out(&event)
                on:pointercancel=move |_| hover.clear()
            />
            <HoverOutline outline />
            <p class="failed" role="alert" hidden=move || failed.read().is_none()>
                {move || failed.read().as_deref().map(explanation)}
            </p>
        </div>
    }
}

fn explanation(url: &str) -> String {
    if url.starts_with("media/") {
        return "The value is not a picture that a browser can show.".to_owned();
    }
    if url.starts_with("values/") {
        return "The chart could not be drawn.".to_owned();
    }
    let hint = if routes::is_in_images_folder(url) { " Put the file into the folder that --images names." } else { "" };
    ["The picture ", url, " could not be loaded.", hint].concat()
}

/// Loads the images of one cell, one after the other.
struct Loader {
    cell: Arc<CellState>,
    charts: ChartRegistry,
    hover: ChartHover,
    target: HoverTarget,
    shown: Shown,
    progress: RefCell<Progress>,
}

struct Progress {
    /// The source that was loaded last.
    current: Option<Source>,
    /// The `ETag` of the image that is shown, for files of the server's folder.
    version: Option<String>,
    is_loading: bool,
}

impl Loader {
    /// Call it when the image is in the document.
    fn start(self: Rc<Self>) {
        spawn_local(async move {
            let source = self.progress.borrow().current.clone();
            if let (Some(image), Some(source)) = (self.image(), source) {
                self.check_initial(&image, source).await;
            }
            self.catch_up().await;
        });
    }

    /// Finds out whether the browser could load the image that the view began with, and which
    /// version of its file that is.
    async fn check_initial(&self, image: &HtmlImageElement, Source { url, rev }: Source) {
        let is_loaded = images::is_loaded(image).await;
        self.set_size_class(image);
        if !is_loaded {
            self.shown.failed.set_if_changed(Some(url));
        } else if routes::is_in_images_folder(&url) {
            let version = images::shown_version(&routes::image_url(&url, rev)).await;
            self.progress.borrow_mut().version = version;
        }
    }

    fn request(self: Rc<Self>, source: &Source) {
        let mut progress = self.progress.borrow_mut();
        // While an image is loading, `catch_up` looks for the newest source itself.
        if progress.is_loading || progress.current.as_ref() == Some(source) {
            return;
        }
        progress.is_loading = true;
        drop(progress);
        spawn_local(async move { self.catch_up().await });
    }

    /// Loads the newest source until nothing newer has arrived. No load is cancelled: images that
    /// arrive faster than they load would otherwise never be shown.
    async fn catch_up(&self) {
        while let Some(source) = self.newest().filter(|source| self.progress.borrow().current.as_ref() != Some(source)) {
            self.load(&source).await;
            self.progress.borrow_mut().current = Some(source);
        }
        self.progress.borrow_mut().is_loading = false;
    }

    fn newest(&self) -> Option<Source> {
        let cell = &self.cell;
        cell.content.with_untracked(|content| Source::of(cell, content, cell.fullscreen_height.get_untracked()))
    }

    async fn load(&self, source: &Source) {
        // A hidden window has no animation frames: the newest source is loaded when it is shown
        // again.
        if document().hidden() {
            dom::animation_frame().await;
        }
        let Source { url, rev } = source;
        let is_same_url = self.progress.borrow().current.as_ref().is_some_and(|current| current.url == *url);
        let mut version = None;
        if routes::is_in_images_folder(url) {
            // Requested before the image: the image can only be newer than its version, so that no
            // change is missed.
            version = images::newest_version(url).await;
            let is_known = version.is_some() && self.progress.borrow().version == version;
            if is_same_url && is_known && self.shown.failed.with_untracked(Option::is_none) {
                return;
            }
        }
        let address = if is_same_url { routes::revised_image_url(url, *rev) } else { routes::image_url(url, *rev) };
        let chart_image = self.image().filter(|_| url.starts_with("values/"));
        if let Some(image) = &chart_image
            && !is_far(image)
        {
            let cell_type = self.cell.cell_type.get_untracked();
            let outcome = self.charts.draw_value(image, &cell_type, &address).await;
            if outcome != Outcome::TooLarge {
                self.target.address.set_if_changed(address);
                self.hover.on_change(&self.target);
                return self.shown.failed.set_if_changed((outcome == Outcome::Failed).then(|| url.clone()));
            }
        }
        // The browser loads a chart that is far away when it comes near, and the server's drawing
        // of a large value.
        let loaded = if chart_image.is_some() { None } else { images::load(&address).await };
        let is_loaded = chart_image.is_some() || loaded.is_some();
        self.progress.borrow_mut().version = version.filter(|_| is_loaded);
        if is_loaded {
            if let Some(image) = self.image() {
                self.charts.remove_value(&image);
            }
            if let Some(loaded) = &loaded {
                self.set_size_class(loaded);
            }
            self.target.address.set_if_changed(address.clone());
            self.shown.src.set_if_changed(address);
            self.hover.on_change(&self.target);
        }
        self.shown.failed.set_if_changed((!is_loaded).then(|| url.clone()));
    }

    /// `None` when the component is removed.
    fn image(&self) -> Option<HtmlImageElement> {
        self.target.image.try_get_untracked().flatten()
    }

    fn set_size_class(&self, image: &HtmlImageElement) {
        self.shown.size_class.set_if_changed(size_class(image.natural_width(), image.natural_height()));
    }
}

/// The class of an image with this size in pixels. An image of a few pixels, such as a digit or a
/// filter, would be a dot: its pixels are shown as squares.
fn size_class(width: u32, height: u32) -> &'static str {
    let (long, short) = (width.max(height), width.min(height));
    match () {
        () if long < MIN_NATURAL_SIZE && height > width => "pixelated tall",
        () if long < MIN_NATURAL_SIZE => "pixelated",
        () if short > 0 && long / short >= MIN_ELONGATION => "elongated",
        () => "",
    }
}

/// Not visible before some scrolling: a screen and a half away. Browsers load lazy images from
/// further away.
fn is_far(image: &HtmlImageElement) -> bool {
    let height = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or_default();
    let rect = image.get_bounding_client_rect();
    rect.top() > height * 2.5 || rect.bottom() < -1.5 * height
}

#[cfg(test)]
mod tests {
    use super::size_class;

    #[test]
    fn small_images_are_enlarged_and_elongated_ones_are_not_shrunk() {
        let sizes = [(28, 28), (10, 90), (95, 2), (96, 96), (700, 2000), (1000, 50), (10, 4000), (4000, 10), (0, 0), (0, 500)];
        assert_eq!(
            sizes.map(|(width, height)| size_class(width, height)),
            ["pixelated", "pixelated tall", "pixelated", "", "", "", "elongated", "elongated", "pixelated", ""]
        );
    }
}
