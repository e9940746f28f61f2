//! The value of a cell in another form: drawn (`/values/{id}.svg`), as comma-separated values (`.csv`), or by itself (`.json`).

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::{invalid_parameter as wrong, points};
use crate::charts::kinds::listed;
use crate::charts::render::svg::svg;
use crate::charts::{CanvasSize, ChartCanvas, Theme, Zone};
use crate::protocol::{ApiError, CellId, ErrorKind};
use crate::server::boards::{Document, Query};
use crate::server::cells::CellValue;
use crate::server::error::ServerError;
use crate::server::http::conditional;
use crate::server::http::pages::images::cache_control;
use crate::server::limits::{MAX_EXPORTED_SERIES, MAX_UTC_OFFSET_MINUTES};
use crate::server::net::response_budget::{Who, counted};
use crate::server::render::cache::{Key, Made, Needs, Version, common};
use crate::server::render::line_chart;
use crate::server::store::Record;
use crate::server::{App, time_zones};

/// CSS pixels.
const WIDTHS: std::ops::RangeInclusive<f64> = 80.0..=4000.0;
const HEIGHTS: std::ops::RangeInclusive<f64> = 40.0..=4000.0;
const DEFAULT_HEIGHT: f64 = 240.0;
/// What a value takes while it is read and drawn, as a multiple of its text.
const VALUE_COPIES: usize = 24;
/// The largest drawing, rounded up; and what one of a line takes while it is made.
const MAX_SVG_BYTES: usize = 1 << 20;
const LINE_RENDER_BYTES: usize = 32 << 20;
/// A drawing opened by itself is a document: it has styles, and nothing else that could be loaded or run.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// What an address asks for behind its `?`. Keys that are not known are for others.
#[derive(Clone, Debug, PartialEq)]
struct ExportQuery {
    width: Option<f64>,
    height: f64,
    theme: Theme,
    /// The version of the value.
    version: Option<u64>,
    download: bool,
    /// Of a line chart: whether the names of its series are part of it.
    legend: bool,
    /// Of a line chart: what of it is shown.
    seen: line_chart::Seen,
}

impl ExportQuery {
    fn parse(query: &str) -> Result<Self, ApiError> {
        let (mut theme, mut from, mut to) = (None, None, None);
        let (mut offset, mut tz): (Option<i32>, Option<String>) = (None, None);
        let mut asked = Self {
            width: None,
            height: DEFAULT_HEIGHT,
            theme: Theme::Auto,
            version: None,
            download: false,
            legend: true,
            seen: line_chart::Seen::default(),
        };
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let within = |range: std::ops::RangeInclusive<f64>| {
                let number = value.parse().ok().filter(|number| range.contains(number));
                number.ok_or_else(|| wrong(&key, &format!("must be a number from {} to {}", range.start(), range.end()), &value))
            };
            match &*key {
                "width" => asked.width = Some(within(WIDTHS)?),
                "height" => asked.height = within(HEIGHTS)?,
                "theme" => {
                    theme = Some(match &*value {
                        "light" => Theme::Light,
                        "dark" => Theme::Dark,
                        "auto" => Theme::Auto,
                        _ => return Err(wrong(&key, "must be 'light', 'dark' or 'auto'", &value)),
                    })
                }
                "v" => {
                    asked.version = Some(value.parse().map_err(|_| wrong(&key, "must be the version of a value, a whole number", &value))?)
                }
                "download" => asked.download = is_yes(&value),
                "legend" => asked.legend = is_yes(&value),
                "from" => from = Some(finite(&key, &value)?),
                "to" => to = Some(finite(&key, &value)?),
                "series" => {
                    let names = asked.seen.series.get_or_insert_default();
                    if names.len() == MAX_EXPORTED_SERIES {
                        return Err(wrong(&key, &format!("may be there {MAX_EXPORTED_SERIES} times"), &value));
                    }
                    names.push(value.into_owned());
                }
                "offset" => offset = Some(within(-MAX_UTC_OFFSET_MINUTES..=MAX_UTC_OFFSET_MINUTES)? as i32),
                "tz" => tz = Some(value.into_owned()),
                _ => {}
            }
        }
        let named = tz.as_deref().and_then(time_zones::named);
        asked.seen.zone = match (named, offset, tz) {
            (Some(zone), ..) => zone,
            // A browser may have a younger list of zones than this server: its offset of today is the next best.
            (None, Some(offset), _) => Zone::fixed(offset),
            (None, None, None) => Zone::default(),
            (None, None, Some(tz)) => return Err(wrong("tz", "must be a time zone's name, such as 'Europe/Berlin'", &tz)),
        };
        // A file goes into papers, whoever saves it; the page follows its reader.
        asked.theme = theme.unwrap_or(if asked.download { Theme::Light } else { Theme::Auto });
        asked.seen.window = match (from, to) {
            (Some(from), Some(to)) if from < to => Some((from, to)),
            (None, None) => None,
            _ => {
                let message = "'from' and 'to' belong together, and 'from' must be the smaller.";
                return Err(ErrorKind::BadRequest.with(message).at("from", "must be below 'to'"));
            }
        };
        Ok(asked)
    }

    fn canvas(&self, title: &str) -> ChartCanvas {
        let height = self.height;
        let size = self.width.map_or(CanvasSize::Fluid { height }, |width| CanvasSize::Fixed { width, height });
        ChartCanvas { size, theme: self.theme, title: title.to_owned() }
    }

    /// Whether the address is that of this value for ever. The points of a line change without its value.
    fn is_of(&self, record: &Record) -> bool {
        self.version == Some(record.version) && !record.is_line()
    }
}

fn finite(key: &str, value: &str) -> Result<f64, ApiError> {
    value.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| wrong(key, "must be a finite number", value))
}

fn is_yes(value: &str) -> bool {
    !matches!(value, "" | "0" | "false")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ExportFormat {
    Svg,
    Csv,
    /// The value itself: what the page draws from.
    Json,
}

/// `GET /values/{id}.{form}`. 404 for another form than these, and for cells that cannot be given in it.
pub async fn form(app: &App, who: &Who, id: &str, form: &str, query: &str, headers: &HeaderMap) -> Result<Response, ServerError> {
    let (form_asked, media_type) = match form {
        "svg" => (ExportFormat::Svg, "image/svg+xml"),
        "csv" => (ExportFormat::Csv, "text/csv; charset=utf-8"),
        "json" => (ExportFormat::Json, "application/json"),
        _ => {
            return Err(ErrorKind::NotFound
                .with(format!("There is no '.{}' of a cell; there are '.svg', '.csv' and '.json'.", short(form)))
                .into());
        }
    };
    let asked = ExportQuery::parse(query)?;
    let found = CellId::parse(id).and_then(|id| app.boards.store.index().cell(&id).cloned());
    let record = found.ok_or_else(|| ErrorKind::NotFound.with(format!("No record found for id '{id}'")))?;
    // Of the value as it is before it is read: one that has changed meanwhile is read again, not kept under a tag that is not its own.
    let tag = tag(app, &record);
    if conditional::is_known(headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, head(&asked, &record, (id, form), &tag, asked.is_of(&record))).into_response());
    }
    let kind = [(header::CONTENT_TYPE, media_type)];
    if record.is_line() && form_asked == ExportFormat::Csv {
        let body = points::csv(app, who, &record.id).await?;
        return Ok((head(&asked, &record, (id, form), &tag, false), kind, body).into_response());
    }
    let (made, bytes) = common(app, who, key(app, &record, form_asked, &asked), needs(&record, form_asked), {
        let (app, record, asked) = (app.clone(), record.clone(), asked.clone());
        async move { make(&app, record, form_asked, &asked).await }
    })
    .await?;
    let head = head(&asked, &record, (id, form), &tag, asked.is_of(&record) && made.version == record.version);
    Ok(counted((head, kind, bytes)))
}

/// What is kept for ever has no name in it: that may change while the value does not.
fn title<'a>(asked: &ExportQuery, record: &'a Record) -> &'a str {
    if asked.is_of(record) { "" } else { record.text("name") }
}

fn key(app: &App, record: &Record, form: ExportFormat, asked: &ExportQuery) -> (Key, Version) {
    let ExportQuery { width, height, theme, legend, seen, .. } = asked;
    let title = title(asked, record);
    let (of_line, points) = match record.is_line() {
        true => (format!(" {legend} {seen:?}"), app.boards.store.index().cell_series(&record.id).map_or(0, |known| known.seq)),
        false => (String::new(), 0),
    };
    let asked = format!("{form:?} {width:?} {height} {theme:?}{of_line} {title}");
    (Key { id: record.id.clone(), asked }, (record.version, if record.is_line() { points.max(record.seq) } else { 0 }))
}

fn needs(record: &Record, form: ExportFormat) -> Needs {
    let value = record.value.bytes();
    match form {
        ExportFormat::Csv => Needs { making: VALUE_COPIES * value, made: (2 * value).max(MAX_SVG_BYTES) },
        ExportFormat::Json => Needs { making: 2 * value, made: value.max(4) },
        _ if record.is_line() => Needs { making: LINE_RENDER_BYTES, made: MAX_SVG_BYTES },
        _ => Needs { making: VALUE_COPIES * value + MAX_SVG_BYTES, made: MAX_SVG_BYTES },
    }
}

async fn make(app: &App, record: Arc<Record>, form: ExportFormat, asked: &ExportQuery) -> Result<Made, ServerError> {
    let title = title(asked, &record).to_owned();
    if record.is_line() && form == ExportFormat::Svg {
        let svg = line_chart::svg(&app.boards, &record, &asked.seen, &asked.canvas(&title), asked.legend).await?;
        return Ok(Made::new(svg, "", record.version));
    }
    let document = app.boards.get(record.id.as_str(), &Query::default()).await?;
    Ok(Made::new(export(&document, form, &asked.canvas(&title))?, "", document.record.version))
}

fn tag(app: &App, record: &Record) -> String {
    // Another release may draw in another way, and the name stands in the drawing.
    format!("\"{}-{}\"", app.site.build(), line_chart::version(&app.boards, record))
}

/// What stands before every form of a cell.
fn head(asked: &ExportQuery, record: &Record, (id, form): (&str, &str), tag: &str, is_for_ever: bool) -> HeaderMap {
    let cache = if is_for_ever { cache_control(true) } else { "no-cache" };
    let mut head = HeaderMap::new();
    head.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    head.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    head.extend(HeaderValue::from_str(tag).ok().map(|tag| (header::ETAG, tag)));
    if asked.download {
        let name = format!("attachment; filename=\"{}.{form}\"", file_name(record.text("name"), id));
        head.extend(HeaderValue::from_str(&name).ok().map(|name| (header::CONTENT_DISPOSITION, name)));
    }
    head
}

/// A value in one of its forms.
fn export(document: &Document, form: ExportFormat, canvas: &ChartCanvas) -> Result<Vec<u8>, ApiError> {
    let kind = document.record.text("type");
    if form == ExportFormat::Json {
        return Ok(document.value.as_deref().unwrap_or("null").as_bytes().to_vec());
    }
    let refused = |error: ApiError| ErrorKind::Unprocessable.with(error.message);
    let value = CellValue::parse(kind, document.value.as_deref()).map_err(refused)?;
    let made = match form {
        ExportFormat::Svg => value.as_ref().and_then(CellValue::chart).map(|chart| svg(&chart.draw(canvas), canvas)),
        _ => value.as_ref().and_then(CellValue::csv),
    };
    made.map(String::into_bytes).ok_or_else(|| {
        let (what, kinds) = match form {
            ExportFormat::Svg => ("drawing", listed(&["line"], &[])),
            _ => ("CSV", listed(&["line"], &["table"])),
        };
        let message = format!(
            "The cell '{}' of type '{}' has no {what}; cells of type {kinds} have one once they have a value.",
            document.record.id,
            short(kind)
        );
        ErrorKind::NotFound.with(message)
    })
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

    #[test]
    fn what_an_address_asks_for() {
        let asked = ExportQuery::parse("width=640&height=320&theme=dark&v=7&download=1&legend=0").unwrap();
        assert_eq!(
            asked,
            ExportQuery {
                width: Some(640.0),
                height: 320.0,
                theme: Theme::Dark,
                version: Some(7),
                download: true,
                legend: false,
                seen: line_chart::Seen::default(),
            }
        );
        for (query, field) in
            [("width=10", "width"), ("height=NaN", "height"), ("width=1e9", "width"), ("theme=blue", "theme"), ("v=x", "v")]
        {
            let error = ExportQuery::parse(query).unwrap_err();
            assert!(error.code == 400 && error.errors.0.contains_key(field), "{query}: {error}");
        }
        for query in ["from=NaN&to=1", "from=0&to=inf", "to=1e999", "from=-Infinity", "from=x", "from="] {
            let error = ExportQuery::parse(query).unwrap_err();
            assert!(error.message.len() < 80 && error.message.contains("must be a finite number, not '"), "{query}: {error}");
        }
        assert_eq!(ExportQuery::parse(&"series=a&".repeat(MAX_EXPORTED_SERIES + 1)).unwrap_err().code, 400);
        assert_eq!(ExportQuery::parse("width=9").unwrap_err().message, "'width' must be a number from 80 to 4000, not '9'.");
    }

    #[test]
    fn a_file_is_light_unless_it_says_otherwise() {
        for (query, theme) in [
            ("download=1", Theme::Light),
            ("download=1&theme=auto", Theme::Auto),
            ("theme=dark&download=1", Theme::Dark),
            ("", Theme::Auto),
        ] {
            assert_eq!(ExportQuery::parse(query).unwrap().theme, theme, "{query}");
        }
    }

    #[test]
    fn a_line_is_drawn_as_it_is_asked_for() {
        let asked = ExportQuery::parse("from=1&to=2&series=a%26b&series=c&offset=-90").unwrap();
        assert_eq!(
            asked.seen,
            line_chart::Seen { window: Some((1.0, 2.0)), series: Some(vec!["a&b".into(), "c".into()]), zone: Zone::fixed(-90) }
        );
        let zone = |query| ExportQuery::parse(query).unwrap().seen.zone;
        // 1 July 2026.
        assert_eq!(zone("tz=Europe/Berlin&offset=60").offset(1_782_907_200), 7200);
        assert_eq!(zone("tz=Europe/Atlantis&offset=60"), Zone::fixed(60));
        for query in ["from=1", "to=1", "from=2&to=1", "from=1&to=1", "offset=900", "offset=x", "tz=Europe/Atlantis", "tz="] {
            assert_eq!(ExportQuery::parse(query).unwrap_err().code, 400, "{query}");
        }
    }
}
