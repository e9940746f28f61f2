//! The state of a figure's frames.

use leptos::prelude::*;

use super::double_buffer::{DoubleBuffer, FigureSource};
use crate::app::signals::SetIfChanged;
use crate::browser::blocked_scripts::{self, Blocked};
use crate::browser::iframe::FrameMessage;

/// The place of one figure's frames. Its signals belong to the component that makes it.
#[derive(Clone, Copy)]
pub struct IframeSlot {
    buffer: RwSignal<DoubleBuffer>,
    /// That of the visible figure in CSS pixels; `None` before it is known.
    pub height: RwSignal<Option<u32>>,
    /// What these revisions could not load: at most [`blocked_scripts::MAX_REPORTS`] of each.
    blocked: RwSignal<Vec<(u64, Blocked)>>,
}

impl IframeSlot {
    /// `visible`: the frame that the server's page has already.
    pub fn new(visible: Option<FigureSource>) -> Self {
        Self { buffer: RwSignal::new(DoubleBuffer::new(visible)), height: RwSignal::new(None), blocked: RwSignal::default() }
    }

    /// The frames, of which each is a new element: another `src` of an old one would be an entry in
    /// the browser's history.
    pub fn sources(self) -> Vec<FigureSource> {
        self.buffer.with(|buffer| buffer.sources().cloned().collect())
    }

    pub fn is_visible(self, rev: u64) -> bool {
        self.buffer.with(|buffer| buffer.visible() == Some(rev))
    }

    /// Shows this revision as soon as it is loaded.
    pub fn request(self, source: FigureSource) {
        self.buffer.maybe_update(|buffer| buffer.request(source));
    }

    /// Shows a revision that has loaded in place of the previous one.
    pub fn present(self, rev: u64) {
        let is_new = self.buffer.try_maybe_update(|buffer| {
            let is_new = buffer.present(rev);
            (is_new, is_new)
        });
        if is_new == Some(true) {
            self.blocked.maybe_update(|blocked| {
                let before = blocked.len();
                blocked.retain(|(of, _)| *of == rev);
                blocked.len() < before
            });
        }
    }

    pub fn on_message(self, rev: u64, message: FrameMessage) {
        match message {
            FrameMessage::Height(height) => {
                self.height.set_if_changed(Some(height));
                self.present(rev);
            }
            FrameMessage::Blocked(blocked) => self.add_blocked(rev, blocked),
        }
    }

    fn add_blocked(self, rev: u64, report: Blocked) {
        self.blocked.maybe_update(|blocked| {
            let report = (rev, report);
            let count = blocked.iter().filter(|(of, _)| *of == rev).count();
            let is_new = count < blocked_scripts::MAX_REPORTS && !blocked.contains(&report);
            if is_new {
                blocked.push(report);
            }
            is_new
        });
    }

    /// What the visible figure could not load, in one sentence; empty if nothing was blocked.
    pub fn blocked_sentence(self) -> String {
        self.blocked.with(|blocked| {
            if blocked.is_empty() {
                return String::new();
            }
            let visible = self.buffer.with(DoubleBuffer::visible);
            let reports: Vec<Blocked> = blocked.iter().filter(|(rev, _)| Some(*rev) == visible).map(|(_, report)| report.clone()).collect();
            blocked_scripts::sentence(&reports)
        })
    }
}
