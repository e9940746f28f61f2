//! The page, drawn on the server: it holds the real cells before any script runs.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use leptos::prelude::*;

use super::front;
use super::login::{self, FormAction};
use crate::app::{PrerenderedCharts, Shell, ShellProps, first_drawing_query, first_groups_query, first_table_query};
use crate::protocol::MAIN_BOARD;
use crate::protocol::{BoardSettings, ErrorKind, PageData, RunGroups, RunTable};
use crate::server::App;
use crate::server::auth::policy::{Caller, Scope};
use crate::server::boards::groups::RunGroupsQuery;
use crate::server::boards::run_table::RunTableQuery;
use crate::server::boards::{self, front::Root};
use crate::server::error::ServerError;
use crate::server::http::api::export;
use crate::server::http::openapi::responses::{QueryErrors, Unavailable};
use crate::server::limits::MAX_BOARDS_PER_PAGE;
use crate::server::net::response_budget::counted;
use crate::server::render::prerendered_charts;

/// What a page takes while it is drawn, about: without cells, and for each of them.
const PAGE: usize = 1 << 20;
const CELL: usize = 8 << 10;

#[utoipa::path(
    get,
    path = "/",
    operation_id = "page",
    summary = "The list of boards, or the board while there is only one",
    description = "The board main has its page here, also while there is no board; another one is at its own address. A share gets the page of the board main.",
    responses(
        (status = 200, description = "A page.", body = String, content_type = "text/html"),
        (status = 303, description = "The one board has another name."),
        (status = 503, response = Unavailable)
    )
)]
pub async fn main(State(app): State<App>, Extension(caller): Extension<Arc<Caller>>, request: Request) -> Result<Response, ServerError> {
    // A share of the board main shows that one.
    match if caller.only_board().is_none() { app.boards.root() } else { Root::Board(MAIN_BOARD.to_owned()) } {
        Root::List => front::front(app, caller, request).await,
        Root::Board(name) if name == MAIN_BOARD => drawn(app, caller, name, request).await,
        // At an address of its own, which stays right when there are more boards.
        Root::Board(name) => {
            let query = request.uri().query().map_or(String::new(), |query| format!("?{query}"));
            Ok((StatusCode::SEE_OTHER, [(header::LOCATION, format!("{}/b/{name}{query}", caller.base))]).into_response())
        }
    }
}

#[utoipa::path(
    get,
    path = "/b/{board}",
    operation_id = "boardPage",
    summary = "The page of a board",
    params(("board" = String, Path, pattern = "^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$")),
    responses(
        (status = 200, description = "A page.", body = String, content_type = "text/html"),
        QueryErrors
    )
)]
pub async fn named(
    State(app): State<App>,
    Extension(caller): Extension<Arc<Caller>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, ServerError> {
    let name = boards::board_name(&name)?.to_owned();
    drawn(app, caller, name, request).await
}

/// The query with which the view opens that an address names alone, by its id or its name: `?view=Best`. `None` for other addresses, which
/// have all that the page needs.
fn query_of_view(settings: &BoardSettings, query: &str) -> Option<String> {
    let mut keys = form_urlencoded::parse(query.as_bytes());
    let (key, named) = keys.next().filter(|_| keys.next().is_none())?;
    let view = settings.views.iter().find(|view| view.id == named).or_else(|| settings.views.iter().find(|view| view.name == named))?;
    let opened = [view.query.as_str(), if view.query.is_empty() { "" } else { "&" }, "view=", &view.id].concat();
    (key == "view" && opened != query).then_some(opened)
}

/// The whole document, held until it is sent.
async fn drawn(app: App, caller: Arc<Caller>, name: String, request: Request) -> Result<Response, ServerError> {
    if let Some(query) = query_of_view(&app.boards.settings(&name), request.uri().query().unwrap_or_default()) {
        let address = format!("{}{}?{query}", caller.base, request.uri().path());
        return Ok((StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response());
    }
    let cells = app.boards.index().board(&name).map_or(0, |board| board.cells.len());
    let groups = first_groups_query(request.uri().query().unwrap_or_default()).and_then(|query| RunGroupsQuery::parse(&query).ok());
    let working = groups.map_or(0, |query| app.boards.run_groups_bytes(&name, &query));
    let bytes = PAGE + cells * CELL;
    let share = app.answers.share(&caller.token, bytes).await?;
    let make = {
        let (app, caller) = (app.clone(), caller.clone());
        async move {
            let (head, body) = draw(app, caller, name, request).await.into_parts();
            let whole = axum::body::to_bytes(body, usize::MAX).await;
            Ok((head, whole.map_err(|_| ErrorKind::GeneralError.with("The page could not be drawn; the server's log says why."))?))
        }
    };
    let (head, whole) = app.renderer.run(&caller.token, bytes + working, make).await?;
    let share = Arc::new(share.fit(whole.len())?);
    Ok(counted(Response::from_parts(head, Body::from(share.lend(whole)))))
}

/// The runs that the table of the page begins with; none if the search in its address is not valid, which the page then says.
async fn first_runs(app: &App, caller: &Caller, board: &str, query: &str) -> RunTable {
    let Ok(query) = RunTableQuery::parse(&first_table_query(query)) else { return RunTable::default() };
    app.boards.run_table(board, &query, caller.is_public()).await.unwrap_or_default()
}

/// The groups that it begins with; `None` without groups, if their keys are not those of the board, or if points would have to be read,
/// for which the first byte of the page does not wait.
async fn first_groups(app: &App, caller: &Caller, board: &str, query: &str) -> Option<RunGroups> {
    let query = RunGroupsQuery::parse(&first_groups_query(query)?).ok().filter(|query| !query.reads_points())?;
    app.boards.run_groups(board, &query, caller.is_public()).await.ok()
}

async fn draw(app: App, caller: Arc<Caller>, name: String, request: Request) -> Response {
    let mut board = app.boards.snapshot(&name);
    board.cells.iter_mut().for_each(|cell| app.tokens.sign(&name, cell));
    let query = request.uri().query().unwrap_or_default().to_owned();
    let page = PageData {
        settings: app.boards.settings(&name),
        board,
        runs: app.boards.run_list(&name),
        run_table: first_runs(&app, &caller, &name, &query).await,
        run_groups: first_groups(&app, &caller, &name, &query).await,
        comparison: query,
        server_ms: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64),
        // A token for one board does not show the names of others.
        boards: if caller.only_board().is_some() { Vec::new() } else { boards_beside(&app, &name) },
        origin: caller.origin(),
        needs_token: caller.token.is_some(),
        durable: app.durable,
        build: app.site.build().to_owned(),
        may_write: caller.may_write(),
        notice: app.boards.stats().notice().map(str::to_owned),
    };
    let drawing = first_drawing_query(&page.comparison);
    let view = export::first_view(&app, &name, drawing.trim_start_matches('&'), caller.is_public()).await;
    let charts =
        Arc::new(prerendered_charts::prerender(&app.boards, &page.board, &page.settings.layout, &page.comparison, (&view, &drawing)).await);
    let (assets, base) = (app.site.assets(), caller.page_base(&app.tokens, &name));
    let rank = match caller.scope {
        Scope::Writing => 2,
        Scope::Reading => 1,
        _ => 0,
    };
    let view = move || {
        if let (Some(nonce), Some(options)) = (use_nonce(), use_context::<leptos_axum::ResponseOptions>()) {
            let policy = login::policy(&app, &nonce.to_string(), &caller.host, FormAction::Nowhere);
            if let Ok(policy) = HeaderValue::from_str(&policy) {
                options.insert_header(header::CONTENT_SECURITY_POLICY, policy);
            }
            options.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        provide_context(PrerenderedCharts(charts.clone()));
        Shell(ShellProps { page: page.clone(), assets: assets.clone(), base: base.clone(), rank })
    };
    leptos_axum::render_app_to_stream(view)(request).await
}

/// Boards that hold cells or runs, by name, as many as the page names; and this one.
fn boards_beside(app: &App, name: &str) -> Vec<String> {
    let mut boards = app.boards.list();
    boards.entry(name.to_owned()).or_default();
    let own = |(at, known): &(usize, String)| *at < MAX_BOARDS_PER_PAGE || known == name;
    boards.into_keys().enumerate().filter(own).map(|(_, name)| name).collect()
}
