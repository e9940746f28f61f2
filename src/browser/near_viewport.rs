//! What waits until somebody scrolls near it: a board may have thousands of cells, of which a few are in sight.

use std::cell::RefCell;

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit};

/// More than a screen, so that what is heavy has time to load.
const MARGIN: &str = "1000px";

struct Near {
    observer: IntersectionObserver,
    /// Bound: one entry for each element that waits; it goes when its time has come, or with its element.
    waiting: Vec<(Element, Box<dyn FnOnce()>)>,
}

thread_local! {
    static NEAR: RefCell<Option<Near>> = const { RefCell::new(None) };
}

/// Runs this once, when the element comes near the screen.
pub fn once(element: &Element, run: impl FnOnce() + 'static) {
    let run: Box<dyn FnOnce()> = Box::new(run);
    let refused = NEAR.with_borrow_mut(|near| {
        if near.is_none() {
            *near = begun();
        }
        match near {
            Some(near) => {
                near.waiting.push((element.clone(), run));
                near.observer.observe(element);
                None
            }
            None => Some(run),
        }
    });
    // A browser that cannot tell what is near gets everything at once.
    if let Some(run) = refused {
        run();
    }
}

/// Runs what waits, wherever it stands, but no more than so many, from the top of the page down: paper has no screen. What is not shown goes on waiting.
pub fn hurry(most: usize) {
    let due = NEAR.with_borrow_mut(|near| near.as_mut().map(|near| near.first(most)).unwrap_or_default());
    due.into_iter().for_each(|run| run());
}

fn begun() -> Option<Near> {
    let seen = Closure::<dyn FnMut(Vec<IntersectionObserverEntry>)>::new(|entries: Vec<IntersectionObserverEntry>| {
        let due = NEAR.with_borrow_mut(|near| near.as_mut().map(|near| near.take(&entries)).unwrap_or_default());
        // What runs may wait for other elements.
        due.into_iter().for_each(|run| run());
    });
    let init = IntersectionObserverInit::new();
    init.set_root_margin(MARGIN);
    let observer = IntersectionObserver::new_with_options(seen.as_ref().unchecked_ref(), &init).ok()?;
    seen.forget();
    Some(Near { observer, waiting: Vec::new() })
}

impl Near {
    fn first(&mut self, most: usize) -> Vec<Box<dyn FnOnce()>> {
        let mut places: Vec<(f64, usize)> = Vec::new();
        for (at, (element, _)) in self.waiting.iter().enumerate() {
            let place = element.get_bounding_client_rect();
            if place.width() > 0.0 {
                places.push((place.top(), at));
            }
        }
        places.sort_by(|one, other| one.0.total_cmp(&other.0));
        places.truncate(most);
        // From the last to the first, so that those before stay where they are.
        places.sort_by_key(|(_, at)| std::cmp::Reverse(*at));
        let mut due = Vec::with_capacity(places.len());
        for (_, at) in places {
            let (element, run) = self.waiting.swap_remove(at);
            self.observer.unobserve(&element);
            due.push(run);
        }
        due
    }

    fn take(&mut self, entries: &[IntersectionObserverEntry]) -> Vec<Box<dyn FnOnce()>> {
        let mut due = Vec::new();
        for entry in entries.iter().filter(|entry| entry.is_intersecting()) {
            let element = entry.target();
            if let Some(at) = self.waiting.iter().position(|(waiting, _)| *waiting == element) {
                self.observer.unobserve(&element);
                due.push(self.waiting.swap_remove(at).1);
            }
        }
        self.waiting.retain(|(element, _)| element.is_connected());
        due
    }
}
