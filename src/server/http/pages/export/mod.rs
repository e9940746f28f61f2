//! `GET /boards/{board}/export.html`: a board as one file that needs no server. It has what the page shows; its charts are zoomed along x.

mod content;
mod room;
mod runs_table;

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, header};
use axum::response::Response;
use tokio::time::{Instant, timeout_at};

use crate::charts::render::svg::escaped;
use crate::protocol::{Board, BoardLayout, BoardSettings, Cell, CellContent, CellLayout};
use crate::server::boards::run_table::RunTableQuery;
use crate::server::cells::with_mathml;
use crate::server::error::ServerError;
use crate::server::http::api::request::{BoardInPath, RequestContext};
use crate::server::http::api::run_reads::no_query;
use crate::server::http::openapi::parameters::BoardPath;
use crate::server::http::openapi::responses::{NotFound, QueryErrors, Unavailable};
use crate::server::limits::{MAX_BOARD_EXPORT_BYTES, MAX_EXPORTED_CELLS};
use crate::server::low_priority::spawn_calculation;
use crate::server::net::response_budget::{Share, counted};
use room::{CELL_BYTES, Room};

/// Cells that are not ready by then are named, and left out.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Cells that are left out by name, and characters of each name; further ones are counted.
const MAX_NAMED: usize = 100;
const MAX_NAME_CHARS: usize = 80;
/// The query of the table of runs.
const RUNS: &str = "$limit=200";
const BEGIN: &str = include_str!("begin.html");
const SCRIPT: &str = include_str!("export.js");

#[utoipa::path(
    get,
    path = "/boards/{board}/export.html",
    operation_id = "exportBoard",
    summary = "A board as one HTML file that needs no server",
    params(BoardPath),
    responses(
        (status = 200, description = "A file to be stored.", body = String, content_type = "text/html"),
        (status = 404, response = NotFound),
        (status = 503, response = Unavailable),
        QueryErrors
    )
)]
pub async fn export(request: RequestContext, BoardInPath(name): BoardInPath) -> Result<Response, ServerError> {
    no_query(&request.query)?;
    let app = &request.app;
    app.boards.board_document(&name)?;
    let (board, mut settings) = (app.boards.snapshot(&name), app.boards.settings(&name));
    let description = std::mem::take(&mut settings.description);
    settings.description = spawn_calculation(move || with_mathml(&description)).await.map_err(|_| ServerError::Panicked)?;
    // It grows with the file: what a first cell needs must not wait for what a last one may need.
    let share = app.answers.share(request.principal(), CELL_BYTES).await?;
    let mut file = File::begin(&settings, share);
    let query = RunTableQuery::parse(RUNS)?;
    file.html.push_str(&runs_table::section(&app.boards.run_table(&name, &query, request.caller.is_public()).await?));
    file.share.grow(file.html.len())?;
    Box::pin(file.cells(&request, &board, &settings)).await?;
    let (html, share) = file.end();
    let share = Arc::new(share.fit(html.len())?);
    let mut reply = counted(share.lend(html.into()));
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A file, and no page of this server: it may run the scripts of figures.
    let attachment = format!("attachment; filename=\"{}.html\"", name.trim_start_matches('.'));
    headers.extend(HeaderValue::from_str(&attachment).ok().map(|value| (header::CONTENT_DISPOSITION, value)));
    Ok(reply)
}

struct File {
    html: String,
    /// The memory of the file so far.
    share: Share,
    /// The names of cells for which there was no room or no time, and the number of further ones.
    left_out: Vec<String>,
    more_left_out: usize,
}

impl File {
    fn begin(settings: &BoardSettings, share: Share) -> Self {
        let mut html = BEGIN.replace("{title}", &escaped(&settings.title));
        if !settings.description.is_empty() {
            html.push_str(&format!("<div class=\"about\">{}</div>", settings.description));
        }
        Self { html, share, left_out: Vec::new(), more_left_out: 0 }
    }

    fn end(mut self) -> (String, Share) {
        if !self.left_out.is_empty() {
            let names = escaped(&self.left_out.join(", "));
            let more = if self.more_left_out > 0 { format!(" and {} more", self.more_left_out) } else { String::new() };
            self.html.push_str(&format!("<p class=\"note\">Left out, because the file or its making has a limit: {names}{more}</p>"));
        }
        (self.html + "</main><script>" + SCRIPT + "</script></body></html>", self.share)
    }

    fn leave_out(&mut self, cell: &Cell) {
        match self.left_out.len() < MAX_NAMED {
            true => self.left_out.push(cell.name.chars().take(MAX_NAME_CHARS).collect()),
            false => self.more_left_out += 1,
        }
    }

    /// All cells that the page shows, by sections.
    async fn cells(&mut self, request: &RequestContext, board: &Board, settings: &BoardSettings) -> Result<(), ServerError> {
        let deadline = Instant::now() + TIMEOUT;
        let shown: Vec<&Cell> = board.cells.iter().filter(|cell| !cell.hidden).collect();
        let mut written = 0;
        for section in settings.layout.section_order(shown.iter().map(|cell| cell.layout.section.as_deref())) {
            let heading = section.map(|name| format!("<h2>{}</h2>", escaped(name))).unwrap_or_default();
            self.html.push_str(&format!("<section>{heading}<div class=\"grid\">"));
            for cell in shown.iter().filter(|cell| cell.layout.section.as_deref() == section) {
                let is_full = written == MAX_EXPORTED_CELLS || self.html.len() >= MAX_BOARD_EXPORT_BYTES;
                if is_full || Instant::now() >= deadline {
                    self.leave_out(cell);
                    continue;
                }
                let room = Room { share: &mut self.share, written: self.html.len() };
                match timeout_at(deadline, Box::pin(content::of_cell(request, cell, room))).await {
                    Ok(Ok(Some(content))) if self.html.len() + content.len() <= MAX_BOARD_EXPORT_BYTES => {
                        written += 1;
                        self.share.grow(self.html.len() + content.len())?;
                        self.cell(cell, settings, &content);
                    }
                    Ok(Ok(_)) | Err(_) => self.leave_out(cell),
                    Ok(Err(why)) => return Err(why),
                }
            }
            self.html.push_str("</div></section>");
        }
        Ok(())
    }

    fn cell(&mut self, cell: &Cell, settings: &BoardSettings, content: &str) {
        let density = settings.layout.density.unwrap_or(BoardLayout::DEFAULT_DENSITY);
        let of_section = cell.layout.section.as_deref().and_then(|section| settings.layout.section(section)?.width);
        let width = cell.layout.width.or(of_section).unwrap_or(CellLayout::COLUMNS / density);
        let description = match &*cell.description {
            "" => String::new(),
            text => format!("<p class=\"description\">{}</p>", content::plain_text(text)),
        };
        // The drawing of a line has its name.
        let name = escaped(&cell.name);
        let heading = if matches!(cell.content, CellContent::LineChart(_)) { String::new() } else { format!("<h3>{name}</h3>") };
        self.html.push_str(&format!("<article aria-label=\"{name}\" style=\"--width:{width}\">{heading}{content}{description}</article>"));
    }
}
