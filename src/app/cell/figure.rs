//! HTML from a training script, in a frame of its own that can do nothing to the page. A new figure is loaded behind the old one.

use std::time::Duration;

use leptos::prelude::*;
use leptos::{attr, html};

use crate::client::{frames, urls};
use crate::protocol::{Cell, CellId, Stage};

/// Two places for frames: one is seen, the other may be loading. What else arrives waits, and only the newest of it.
#[derive(Clone, Debug, PartialEq)]
struct Swap {
    frames: [Option<u64>; 2],
    front: usize,
    waiting: Option<u64>,
}

impl Swap {
    const fn showing(rev: u64) -> Self {
        Self { frames: [Some(rev), None], front: 0, waiting: None }
    }

    /// The figure of this revision is what should be seen.
    fn want(&mut self, rev: u64) {
        let back = 1 - self.front;
        if self.frames[back].is_some_and(|loading| loading != rev) {
            self.waiting = Some(rev);
        } else if self.frames[back].is_none() && self.frames[self.front] != Some(rev) {
            self.frames[back] = Some(rev);
        }
    }

    /// The frame in the back has been drawn: shows it, and loads what waits. False when it is not in the back.
    fn ready(&mut self, rev: u64) -> bool {
        let back = 1 - self.front;
        if self.frames[back] != Some(rev) {
            return false;
        }
        self.frames[self.front] = self.waiting.take();
        self.front = back;
        true
    }
}

/// What the frames of one cell share.
#[derive(Clone, Copy)]
struct Pane {
    swap: RwSignal<Swap>,
    /// Of the frame that is seen; before it has told, the style sheet decides.
    height: RwSignal<Option<u32>>,
}

impl Pane {
    fn measured(self, rev: u64, height: u32) {
        self.show(rev);
        let is_seen = self.swap.with_untracked(|swap| swap.frames[swap.front] == Some(rev));
        if is_seen && self.height.get_untracked() != Some(height) {
            self.height.set(Some(height));
        }
    }

    fn show(self, rev: u64) {
        let mut swap = self.swap.get_untracked();
        if swap.ready(rev) {
            self.swap.set(swap);
        }
    }
}

/// A figure that has loaded but told no height within this time is shown as high as the one before.
const PATIENCE: Duration = Duration::from_millis(300);

#[component]
pub fn Figure(id: CellId, cell: ArcRwSignal<Cell>, name: Memo<String>) -> impl IntoView {
    let rev = Memo::new(move |rev| {
        cell.with(|cell| match cell.stage {
            Stage::Figure { rev } => rev,
            _ => rev.copied().unwrap_or_default(),
        })
    });
    let first = rev.get_untracked();
    let pane = Pane { swap: RwSignal::new(Swap::showing(first)), height: RwSignal::new(None) };
    Effect::new(move || {
        let rev = rev.get();
        let mut swap = pane.swap.get_untracked();
        swap.want(rev);
        if pane.swap.with_untracked(|known| *known != swap) {
            pane.swap.set(swap);
        }
    });
    let frame = move |place: usize| {
        let id = id.clone();
        let shown = Memo::new(move |_| pane.swap.with(|swap| swap.frames[place]));
        // Keyed, so that each revision has a frame of its own: sending a frame elsewhere would write into the browser's history.
        view! {
            <For each=move || shown.get() key=|rev| *rev let(rev)>
                <Frame address=urls::figure(&id, rev) rev place is_first=rev == first name pane />
            </For>
        }
    };
    view! {
        <div class="paper" style:height=move || pane.height.get().map(|height| [&height.to_string(), "px"].concat())>
            {frame(0)}
            {frame(1)}
        </div>
    }
}

/// Only the first frame may wait until it is scrolled to: the others must load to be exchanged.
#[component]
fn Frame(address: String, rev: u64, place: usize, is_first: bool, name: Memo<String>, pane: Pane) -> impl IntoView {
    let frame = NodeRef::<html::Iframe>::new();
    let is_hidden = Memo::new(move |_| pane.swap.with(|swap| swap.front != place));
    Effect::new(move || {
        let Some(frame) = frame.get() else { return };
        frames::watch(&frame, move |height| pane.measured(rev, height));
        let frame = StoredValue::new_local(frame);
        on_cleanup(move || frame.with_value(frames::forget));
    });
    let loaded = move |_| {
        set_timeout(
            move || {
                // The cell may be gone by now.
                if pane.swap.try_get_untracked().is_some() {
                    pane.show(rev);
                }
            },
            PATIENCE,
        );
    };
    view! {
        <iframe
            {..attr::loading(is_first.then_some("lazy"))}
            node_ref=frame
            class:waiting=is_hidden
            aria-hidden=move || is_hidden.get().then_some("true")
            title=move || name.with(|name| if name.is_empty() { "untitled".to_owned() } else { name.clone() })
            sandbox="allow-scripts"
            referrerpolicy="no-referrer"
            allow=""
            on:load=loaded
            src=address
        ></iframe>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_waits_while_one_loads() {
        let mut swap = Swap::showing(1);
        swap.want(1);
        assert_eq!(swap, Swap::showing(1));
        swap.want(2);
        swap.want(3);
        swap.want(4);
        assert_eq!(swap, Swap { frames: [Some(1), Some(2)], front: 0, waiting: Some(4) });
        assert!(!swap.ready(1));
        assert!(swap.ready(2));
        assert_eq!(swap, Swap { frames: [Some(4), Some(2)], front: 1, waiting: None });
        assert!(swap.ready(4));
        assert_eq!(swap, Swap { frames: [Some(4), None], front: 0, waiting: None });
    }
}
