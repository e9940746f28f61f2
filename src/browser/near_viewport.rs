//! Runs tasks when their elements come near the viewport: a board may have thousands of cells, of
//! which a few are visible.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit};

use crate::sorting;

/// Larger than a screen, so that slow content has time to load.
const ROOT_MARGIN: &str = "1000px";

type Task = Box<dyn FnOnce()>;

struct Waiting {
    id: u64,
    element: Element,
    /// Printing runs all of these.
    is_light: bool,
    task: Task,
}

/// A handle to the tasks of the page, which components get by [`use_near_viewport`]. On the server
/// it has none.
///
/// All elements share one observer: printing needs the tasks in one list, and thousands of
/// observers would each report at the start.
#[derive(Clone, Copy)]
pub struct NearViewport(Option<StoredValue<Rc<RefCell<Queue>>, LocalStorage>>);

struct Queue {
    /// `None` in a browser without this observer: tasks then run at once.
    observer: Option<IntersectionObserver>,
    /// Bound: one entry for each waiting element. It is removed when its task runs or its owner is
    /// cleaned up.
    waiting: Vec<Waiting>,
    next_id: u64,
}

/// Gives the components below the current owner a [`NearViewport`].
pub fn provide_near_viewport() {
    provide_context(NearViewport::new());
}

/// The tasks of the page. Panics outside of [`crate::app::App`].
pub fn use_near_viewport() -> NearViewport {
    expect_context()
}

impl NearViewport {
    fn new() -> Self {
        if !is_browser() {
            return Self(None);
        }
        let queue = Rc::new(RefCell::new(Queue { observer: None, waiting: Vec::new(), next_id: 0 }));
        queue.borrow_mut().observer = observe(&queue);
        Self(Some(StoredValue::new_local(queue)))
    }

    /// Runs the task once, when the element comes near the viewport; never if the current owner is
    /// cleaned up before.
    pub fn run_once(self, element: &Element, task: impl FnOnce() + 'static) {
        self.wait(element, false, Box::new(task));
    }

    /// The same for a task that takes little time: printing runs it beyond its limit, too.
    pub fn run_light_once(self, element: &Element, task: impl FnOnce() + 'static) {
        self.wait(element, true, Box::new(task));
    }

    fn wait(self, element: &Element, is_light: bool, task: Task) {
        let Some(queue) = self.queue() else { return };
        let Some(observer) = queue.borrow().observer.clone() else { return task() };
        let id = queue.borrow_mut().push(element.clone(), is_light, task);
        observer.observe(element);
        on_cleanup(move || {
            if let Some(queue) = self.queue() {
                let removed = queue.borrow_mut().take(|waiting| waiting.id == id);
                drop(removed);
            }
        });
    }

    /// Runs light tasks, and the first `limit` others from the top of the page down, because paper
    /// has no viewport. Tasks of elements that are not displayed go on waiting.
    pub fn run_for_print(self, limit: usize) {
        let Some(queue) = self.queue() else { return };
        let tasks = queue.borrow_mut().take_topmost(limit);
        tasks.into_iter().for_each(|task| task());
    }

    fn queue(self) -> Option<Rc<RefCell<Queue>>> {
        self.0?.try_get_value()
    }
}

fn observe(queue: &Rc<RefCell<Queue>>) -> Option<IntersectionObserver> {
    let queue = Rc::downgrade(queue);
    let on_intersection = Closure::<dyn FnMut(Vec<IntersectionObserverEntry>)>::new(move |entries: Vec<IntersectionObserverEntry>| {
        let Some(queue) = queue.upgrade() else { return };
        for entry in entries.iter().filter(|entry| entry.is_intersecting()) {
            let target = entry.target();
            let task = queue.borrow_mut().take(|waiting| waiting.element == target);
            // The queue is not borrowed here: a task may add another one.
            if let Some(task) = task {
                task();
            }
        }
    });
    let options = IntersectionObserverInit::new();
    options.set_root_margin(ROOT_MARGIN);
    IntersectionObserver::new_with_options(on_intersection.into_js_value().unchecked_ref(), &options).ok()
}

impl Queue {
    fn push(&mut self, element: Element, is_light: bool, task: Task) -> u64 {
        self.next_id += 1;
        self.waiting.push(Waiting { id: self.next_id, element, is_light, task });
        self.next_id
    }

    fn take(&mut self, is_wanted: impl Fn(&Waiting) -> bool) -> Option<Task> {
        let at = self.waiting.iter().position(is_wanted)?;
        Some(self.take_at(at))
    }

    fn take_at(&mut self, at: usize) -> Task {
        let Waiting { element, task, .. } = self.waiting.swap_remove(at);
        if let Some(observer) = &self.observer {
            observer.unobserve(&element);
        }
        task
    }

    fn take_topmost(&mut self, limit: usize) -> Vec<Task> {
        let mut tops: Vec<(f64, usize)> = Vec::new();
        let mut light = 0;
        for (at, waiting) in self.waiting.iter().enumerate() {
            let rect = waiting.element.get_bounding_client_rect();
            if rect.width() > 0.0 {
                light += usize::from(waiting.is_light);
                // Before all others.
                tops.push((if waiting.is_light { f64::NEG_INFINITY } else { rect.top() }, at));
            }
        }
        sorting::sort_by(&mut tops, |one, other| one.0.total_cmp(&other.0));
        tops.truncate(light + limit);
        // Descending places: removing one then moves none of the places that follow.
        sorting::sort_by(&mut tops, |one, other| other.1.cmp(&one.1));
        tops.into_iter().map(|(_, at)| self.take_at(at)).collect()
    }
}
