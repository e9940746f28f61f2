//! What belongs to the parts of the page's code that come after the first. The build moves all code that only a function with `#[wasm_split]`
//! reaches into a file of its own, and what both of them reach into another: code that something else names stays in the first part.
//!
//! `#[lazy]` of the framework would do the same, but it ends the page where the file cannot be loaded.

use leptos::wasm_split::{SplitLoaderError, wasm_split};
use serde_json::Value;

use super::background::background;
use super::cells::{first_value, name_field, note_field};
use super::charts::{chart_panel, install_chart_input};
use super::code_part::Loading;
use super::components::{board_description, board_menu_actions, help, layout_panel, share_dialog, views_menu};
use super::deferred::{DeferredCode, RestRequest, ServerCalls};
use super::pages::board::{empty_charts_note, section_field};
use super::runs::{RunsCode, bulk_actions, column_editor, config_diff, run_details, runs_panel};
use crate::browser::fetch;
use crate::charts::kinds::KINDS;
use crate::protocol::{ApiError, parse_json};
use crate::server_functions::{
    change_charts, change_layout, create_cell, edit_cell, move_cell, move_section, pin_section, preview_text, remove_cell, rename_section,
    resize_section, restore_cell,
};

static CODE: DeferredCode = DeferredCode {
    background,
    empty_charts_note,
    first_value,
    board_actions: board_menu_actions::board_actions,
    title_field: board_menu_actions::title_field,
    description_field: board_description::description_field,
    help: help::help_content,
    share_dialog: share_dialog::share_dialog,
    chart_panel,
    layout_panel: layout_panel::layout_panel,
    views_menu: views_menu::views_menu,
    name_field,
    section_field,
    note_field,
    column_editor,
    bulk_actions,
    run_details,
    config_diff,
    install_chart_input,
    chart_kinds: KINDS,
    server: ServerCalls {
        create_cell: |board, name, section| Box::pin(create_cell(board, name, section)),
        edit_cell: |id, name, note| Box::pin(edit_cell(id, name, note)),
        remove_cell: |id| Box::pin(remove_cell(id)),
        restore_cell: |id| Box::pin(restore_cell(id)),
        change_charts: |changes| Box::pin(change_charts(changes)),
        move_cell: |id, section, before| Box::pin(move_cell(id, section, before)),
        change_layout: |board, patch| Box::pin(change_layout(board, patch)),
        rename_section: |board, from, to| Box::pin(rename_section(board, from, to)),
        move_section: |board, name, before| Box::pin(move_section(board, name, before)),
        pin_section: |board, name, pinned| Box::pin(pin_section(board, name, pinned)),
        resize_section: |board, section, width, height| Box::pin(resize_section(board, section, width, height)),
        preview_text: |text| Box::pin(preview_text(text)),
        request: |request| Box::pin(reply(request)),
        send: |request| Box::pin(async { reply(request).await.map(drop) }),
    },
};

async fn reply(RestRequest { method, address, body }: RestRequest) -> Result<Value, ApiError> {
    let body: Option<Value> = body.and_then(|body| parse_json(&body).ok());
    fetch::api(method, &address, body.as_ref()).await
}

static RUNS_CODE: RunsCode = RunsCode { panel: runs_panel };

/// The name of the file is `agnez-deferred`.
#[wasm_split(deferred, wasm_split_path = leptos::wasm_split, fallible)]
fn functions() -> Result<&'static DeferredCode, SplitLoaderError> {
    Ok(&CODE)
}

/// The name of the file is `agnez-runs`.
#[wasm_split(runs, wasm_split_path = leptos::wasm_split, fallible)]
fn runs_functions() -> Result<&'static RunsCode, SplitLoaderError> {
    Ok(&RUNS_CODE)
}

/// Loads the file once. The browser's console has the reason for a `None`.
pub fn load() -> Loading<DeferredCode> {
    Box::pin(async { functions().await.ok() })
}

/// The same for the panel of runs.
pub fn load_runs() -> Loading<RunsCode> {
    Box::pin(async { runs_functions().await.ok() })
}
