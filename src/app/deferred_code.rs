//! What belongs to the second part of the page's code. The build moves all code that only [`functions`] reaches into a file of its own: code
//! that something else names stays in the first part.
//!
//! `#[lazy]` of the framework would do the same, but it ends the page where the file cannot be loaded.

use leptos::wasm_split::{SplitLoaderError, wasm_split};

use super::cells::{name_field, note_field};
use super::charts::chart_panel;
use super::components::{help, layout_panel, share_dialog};
use super::deferred::{DeferredCode, Loading};
use super::pages::board::section_menu;
use super::runs::{bulk_actions, column_editor, config_diff, run_details};
use crate::charts::kinds::KINDS;

static CODE: DeferredCode = DeferredCode {
    help: help::help_content,
    share_dialog: share_dialog::share_dialog,
    chart_panel,
    layout_panel: layout_panel::layout_panel,
    section_menu,
    name_field,
    note_field,
    column_editor,
    bulk_actions,
    run_details,
    config_diff,
    chart_kinds: KINDS,
};

/// The name of the file is `agnez-deferred`.
#[wasm_split(deferred, wasm_split_path = leptos::wasm_split, fallible)]
fn functions() -> Result<&'static DeferredCode, SplitLoaderError> {
    Ok(&CODE)
}

/// Loads the file once. The browser's console has the reason for a `None`.
pub fn load() -> Loading {
    Box::pin(async { functions().await.ok() })
}
