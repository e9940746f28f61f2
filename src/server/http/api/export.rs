//! The value of a cell in another form: drawn (`/values/{id}.svg`, `.pdf`), as comma-separated values (`.csv`), or by itself (`.json`).

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::export_query::ExportQuery;
use super::points;
use super::request::RequestContext;
use crate::protocol::{ErrorKind, RunId};
use crate::server::App;
use crate::server::error::ServerError;
use crate::server::http::conditional::{self, cache_control};
use crate::server::net::response_budget::counted;
use crate::server::render::export::{ExportFormat, export};
use crate::server::render::groups_csv::groups_csv;
use crate::server::render::line_chart;

/// A drawing opened by itself is a document: it has styles, and nothing else that could be loaded or run.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// What the charts of a page show first, by the query of a drawing; what is not valid is left out.
pub async fn first_view(app: &App, board: &str, query: &str, is_public: bool) -> line_chart::LineView {
    let Ok(mut parsed) = ExportQuery::parse(query, is_public) else { return line_chart::LineView::default() };
    match parsed.resolve(app, board, is_public).await {
        Ok(()) => parsed.options.view,
        Err(_) => line_chart::LineView::default(),
    }
}

/// `GET /values/{id}.{form}`. 404 for another form than these, and for cells that cannot be given in it.
pub async fn form(request: &RequestContext, id: &str, form: &str) -> Result<Response, ServerError> {
    let (app, principal, is_public) = (&request.app, request.principal(), request.caller.is_public());
    let (format, media_type) = match form {
        "svg" => (ExportFormat::Svg, "image/svg+xml"),
        "pdf" => (ExportFormat::Pdf, "application/pdf"),
        "csv" => (ExportFormat::Csv, "text/csv; charset=utf-8"),
        "json" => (ExportFormat::Json, "application/json"),
        _ => {
            return Err(ErrorKind::NotFound
                .with(format!("There is no '.{}' of a cell; there are '.svg', '.pdf', '.csv' and '.json'.", short(form)))
                .into());
        }
    };
    let mut query = ExportQuery::parse(&request.query, is_public)?;
    let record = app.boards.record(id).ok_or_else(|| ErrorKind::NotFound.with(format!("No record found for id '{id}'")))?;
    // Of the value before it is read: one that changes meanwhile is read again, not kept under a tag that is not its own. Another
    // release may draw in another way, and the name stands in the drawing.
    let mut tag = format!("\"{}-{}\"", app.site.build(), line_chart::version(&app.boards, &record, &query.options.view));
    if format == ExportFormat::Pdf {
        query.for_paper()?;
    }
    if record.is_line() && format.is_drawing() {
        query.resolve(app, &record.board, is_public).await?;
        if let Some(runs) = query.options.view.runs.as_ref().filter(|_| !query.choice.is_none()) {
            // Other runs may be chosen while the line is the same.
            let sum = crc32fast::hash(runs.iter().map(RunId::as_str).collect::<Vec<_>>().join(",").as_bytes());
            tag.insert_str(tag.len() - 1, &format!("-{sum:08x}"));
        }
    }
    let ExportQuery { options, download, .. } = query;
    let groups = match &options.view.groups {
        // Before the tag is compared: other runs may be members while the line is the same.
        Some(view) if record.is_line() && format != ExportFormat::Json => {
            let groups = line_chart::plan_groups(&app.boards, &record, &options.view, view).await?;
            tag.insert_str(tag.len() - 1, &format!("-{}", groups.version()));
            Some(Arc::new(groups))
        }
        _ => None,
    };
    let file_name = download.then(|| format!("{}.{form}", file_name(record.text("name"), id)));
    let head = |is_immutable| head(file_name.as_deref(), &tag, is_immutable);
    if conditional::is_known(&request.headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, head(options.is_of(&record))).into_response());
    }
    let kind = [(header::CONTENT_TYPE, media_type)];
    if record.is_line() && format == ExportFormat::Csv {
        let body = match groups {
            Some(groups) => groups_csv(app, principal, groups, options.view.window).await?,
            None => points::csv(app, principal, &record.id, options.view.settings(&record).along_metric()).await?,
        };
        return Ok((head(false), kind, body).into_response());
    }
    let (made, bytes) = export(app, principal, &record, format, &options, groups).await?;
    Ok(counted((head(options.is_of(&record) && made.version == record.version), kind, bytes)))
}

/// The headers of every form of a cell. `is_immutable`: the address has this content for ever.
fn head(file_name: Option<&str>, tag: &str, is_immutable: bool) -> HeaderMap {
    let cache = if is_immutable { cache_control(true) } else { "no-cache" };
    let mut head = HeaderMap::new();
    head.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    head.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    head.extend(HeaderValue::from_str(tag).ok().map(|tag| (header::ETAG, tag)));
    if let Some(file_name) = file_name {
        let attachment = format!("attachment; filename=\"{file_name}\"");
        head.extend(HeaderValue::from_str(&attachment).ok().map(|name| (header::CONTENT_DISPOSITION, name)));
    }
    head
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

/// A name that every file system takes: letters, digits, `-`, `_` and `.` inside of it; the id where nothing of the name is left.
fn file_name(name: &str, id: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).take(64).collect();
    let trimmed = plain.trim_matches(['-', '.', '_']);
    if trimmed.is_empty() { id.to_owned() } else { trimmed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_plain() {
        assert_eq!(file_name("val loss/\"x\"\r\n", "a1"), "val-loss--x");
        assert_eq!((file_name("../..", "a1"), file_name("Größe", "a1")), ("a1".into(), "Gr--e".into()));
    }
}
