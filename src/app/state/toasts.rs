//! The messages at the edge of the page: which are shown, and for how long.

use std::collections::HashSet;
use std::time::Duration;

use leptos::prelude::*;

use super::Dashboard;
use crate::app::charts::PanelTarget;
use crate::app::deferred::RestRequest;
use crate::protocol::{CellId, ChartsPatch, LayoutPatch, RunId};

#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    /// Counts up: two toasts of the same kind differ by it.
    pub number: u32,
    pub kind: ToastKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ToastKind {
    Error(String),
    Deleted {
        id: CellId,
        name: String,
    },
    DeletedRun {
        id: RunId,
        name: String,
    },
    /// A run was hidden for everyone.
    HiddenRun {
        id: RunId,
        name: String,
    },
    /// These runs have a tag that they did not have.
    Tagged {
        tag: String,
        runs: Vec<RunId>,
    },
    /// Completes the sentence "Copied …".
    Copied(&'static str),
    /// This number of cells is new or renamed, and hidden by the filter.
    Filtered(u32),
    /// A document was changed: the board's, or one of its views.
    Changed {
        message: String,
        undo: RestRequest,
    },
    /// Charts were set.
    SetCharts {
        message: String,
        undo: Vec<ChartsPatch>,
    },
    /// A chart is drawn otherwise for this reader.
    Overridden {
        message: String,
        target: PanelTarget,
    },
    /// Cells or sections were arranged.
    Arranged {
        message: String,
        undo: ArrangementUndo,
    },
}

/// What undoes a change of the arrangement.
#[derive(Clone, Debug, PartialEq)]
pub enum ArrangementUndo {
    /// Of the board.
    Board(LayoutPatch),
    /// Of the view that is open: the change, and what differed from the board before it.
    View { undo: LayoutPatch, before: LayoutPatch },
}

impl ToastKind {
    /// Whether its button undoes a change.
    pub const fn offers_undo(&self) -> bool {
        match self {
            Self::Deleted { .. }
            | Self::DeletedRun { .. }
            | Self::HiddenRun { .. }
            | Self::Arranged { .. }
            | Self::Changed { .. }
            | Self::SetCharts { .. } => true,
            Self::Tagged { runs, .. } => !runs.is_empty(),
            Self::Error(_) | Self::Copied(_) | Self::Filtered(_) | Self::Overridden { .. } => false,
        }
    }

    /// Long enough to read the message and to reach the button.
    const fn duration(&self) -> Duration {
        Duration::from_secs(match self {
            Self::Error(_) => 15,
            Self::Deleted { .. } | Self::DeletedRun { .. } | Self::Filtered(_) | Self::Arranged { .. } | Self::Overridden { .. } => 10,
            Self::HiddenRun { .. } | Self::Tagged { .. } | Self::Changed { .. } | Self::SetCharts { .. } => 10,
            Self::Copied(_) => 3,
        })
    }
}

fn charts_of(changes: &[ChartsPatch]) -> impl Iterator<Item = &CellId> {
    changes.iter().flat_map(|change| &change.charts)
}

impl Dashboard {
    /// Shows a message until its time is over. An equal message replaces the earlier one; numbers of filtered cells are added up.
    pub fn notify(self, kind: ToastKind) {
        let duration = kind.duration();
        let mut toasts = self.toasts.get_untracked();
        let number = self.next_toast.get_value();
        self.next_toast.set_value(number.wrapping_add(1));
        let kind = match kind {
            ToastKind::Filtered(count) => {
                let is_filtered = |toast: &Toast| matches!(toast.kind, ToastKind::Filtered(_));
                let before = toasts.iter().position(is_filtered).map(|at| toasts.remove(at));
                match before.map(|toast| toast.kind) {
                    Some(ToastKind::Filtered(before)) => ToastKind::Filtered(before.saturating_add(count)),
                    _ => ToastKind::Filtered(count),
                }
            }
            // One step can be undone: the one before has other places and sizes.
            kind @ ToastKind::Arranged { .. } => {
                toasts.retain(|toast| !matches!(toast.kind, ToastKind::Arranged { .. }));
                kind
            }
            // The undo of an earlier one would bring back what this one has changed, where they have a chart in common.
            ToastKind::SetCharts { message, undo } => {
                let charts: HashSet<CellId> = charts_of(&undo).cloned().collect();
                let is_apart = |toast: &Toast| match &toast.kind {
                    ToastKind::SetCharts { undo, .. } => !charts_of(undo).any(|id| charts.contains(id)),
                    _ => true,
                };
                toasts.retain(is_apart);
                ToastKind::SetCharts { message, undo }
            }
            // Runs are often hidden one after the other; their eyes show the earlier ones.
            kind @ ToastKind::HiddenRun { .. } => {
                toasts.retain(|toast| !matches!(toast.kind, ToastKind::HiddenRun { .. }));
                kind
            }
            kind => kind,
        };
        toasts.retain(|toast| toast.kind != kind);
        toasts.push(Toast { number, kind });
        self.toasts.set(toasts);
        set_timeout(move || self.dismiss(number), duration);
    }

    /// Takes back the offer to store for everyone what one reader has chosen.
    pub fn dismiss_overridden(self) {
        self.toasts.update(|toasts| toasts.retain(|toast| !matches!(toast.kind, ToastKind::Overridden { .. })));
    }

    pub fn dismiss(self, number: u32) {
        self.toasts.update(|toasts| toasts.retain(|toast| toast.number != number));
    }
}
