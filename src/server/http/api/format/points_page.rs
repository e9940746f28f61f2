//! `GET /values/:id/points`: the points of a series as they were sent, in pages of JSON, CSV or NDJSON.

use crate::server::http::openapi::shape::{shape, words};
use utoipa::IntoParams;

use super::number::{push_json, push_plain, push_string};
use crate::charts::csv::quote_field;
use crate::protocol::ApiError;
use crate::series::Points;
use crate::server::http::api::invalid_parameter;
use crate::server::limits::MAX_POINTS_PER_PAGE;

/// The first line of CSV.
pub const HEAD: &str = "series,index,step,value,time\r\n";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    Csv,
    Lines,
}

impl Format {
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Lines => "application/x-ndjson",
        }
    }

    /// The first of an `Accept` header that is one of these; JSON when there is none. Weights are passed over: the order counts.
    fn accepted(accept: &str) -> Self {
        let kinds = accept.split(',').map(|part| part.split(';').next().unwrap_or_default().trim());
        let known = |kind: &str| match kind {
            "text/csv" => Some(Self::Csv),
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Some(Self::Lines),
            "application/json" | "application/*" | "*/*" => Some(Self::Json),
            _ => None,
        };
        kinds.into_iter().find_map(|kind| known(&kind.to_ascii_lowercase())).unwrap_or(Self::Json)
    }
}

/// What a reader wants: `?series=train&from=0&limit=10000&format=csv`.
#[derive(Clone, Debug, PartialEq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PointsQuery {
    /// Its name; may be left out where the cell has one series only.
    pub series: Option<String>,
    /// The index of the first point.
    #[param(required = false, default = 0)]
    pub from: u64,
    // At most `MAX_POINTS_PER_PAGE`.
    /// At most so many; more than 10,000 are cut to that.
    #[param(required = false, minimum = 1, default = 10000)]
    pub limit: u64,
    /// Counts before `Accept`.
    #[param(required = false, value_type = FormatName, inline)]
    pub format: Format,
    /// That of the pages before: 409 when the series was replaced since.
    pub generation: Option<String>,
}

shape! {
    /// The form of a page.
    FormatName: words(["json", "csv", "ndjson"]);
}

impl PointsQuery {
    /// `format` in the query counts before `accept`.
    pub fn parse(text: &str, accept: Option<&str>) -> Result<Self, ApiError> {
        let format = accept.map_or(Format::Json, Format::accepted);
        let mut query = Self { series: None, from: 0, limit: MAX_POINTS_PER_PAGE, format, generation: None };
        for (key, value) in form_urlencoded::parse(text.as_bytes()) {
            match &*key {
                "series" => query.series = Some(value.into_owned()),
                "generation" => query.generation = Some(value.into_owned()),
                "from" => query.from = value.parse().map_err(|_| invalid_parameter("from", "must be a whole number from 0", &value))?,
                "limit" => {
                    let limit: Result<u64, _> = value.parse();
                    let limit = limit.ok().filter(|limit| *limit > 0);
                    query.limit =
                        limit.ok_or_else(|| invalid_parameter("limit", "must be a whole number from 1", &value))?.min(MAX_POINTS_PER_PAGE);
                }
                "format" => {
                    query.format = match &*value {
                        "json" => Format::Json,
                        "csv" => Format::Csv,
                        "ndjson" => Format::Lines,
                        _ => return Err(invalid_parameter("format", "must be json, csv or ndjson", &value)),
                    }
                }
                key => {
                    return Err(invalid_parameter(
                        key,
                        "is no key of this query; known are series, from, limit, format and generation",
                        &value,
                    ));
                }
            }
        }
        Ok(query)
    }
}

/// Consecutive points of one series.
pub struct Page<'a> {
    pub series: &'a str,
    /// Of a CSV with a column of runs: what stands before the series, with its comma. Ids of runs need no quotes.
    pub run_column: &'a str,
    /// The same behind the time: the colour of the run in charts, with a comma before it.
    pub colour_column: &'a str,
    /// The last column of a CSV of a chart along a metric: the places of the points, NaN of those without one.
    pub places: Option<&'a [f64]>,
    /// Names these points among all that the series had and will have.
    pub generation: &'a str,
    /// The index of the first of them.
    pub from: u64,
    pub points: &'a Points,
    /// How many points the series has.
    pub total: u64,
}

impl Page<'_> {
    /// The index that the next page begins with.
    pub fn next(&self) -> Option<u64> {
        let end = self.from.saturating_add(self.points.len() as u64);
        (end < self.total).then_some(end)
    }

    /// The body of the answer. CSV begins with its head, whatever the page.
    pub fn write(&self, format: Format) -> String {
        let mut out = String::with_capacity(256 + self.points.len() * 64);
        match format {
            Format::Json => self.write_json(&mut out),
            Format::Csv => {
                out.push_str(HEAD);
                self.write_rows(&mut out);
            }
            Format::Lines => self.write_lines(&mut out),
        }
        out
    }

    fn write_json(&self, out: &mut String) {
        out.push_str("{\"series\":");
        push_string(out, self.series);
        out.push_str(&format!(",\"from\":{},\"points\":[", self.from));
        for (at, (x, y, t)) in self.triples().enumerate() {
            out.push_str(if at == 0 { "[" } else { ",[" });
            push_json(out, x);
            out.push(',');
            push_json(out, y);
            out.push(',');
            push_json(out, t);
            out.push(']');
        }
        let next = self.next().map_or_else(|| "null".to_owned(), |next| next.to_string());
        out.push_str(&format!("],\"next\":{next},\"total\":{},\"generation\":", self.total));
        push_string(out, self.generation);
        out.push('}');
    }

    /// CSV without its head, for pages that follow another.
    pub fn rows(&self) -> String {
        let mut out = String::with_capacity(64 * self.points.len());
        self.write_rows(&mut out);
        out
    }

    /// Lines of CSV (RFC 4180) without the head.
    fn write_rows(&self, out: &mut String) {
        let quoted = quote_field(self.series);
        for (at, (index, (x, y, t))) in (self.from..).zip(self.triples()).enumerate() {
            out.push_str(self.run_column);
            out.push_str(&quoted);
            out.push_str(&format!(",{index}"));
            for number in [x, y, t] {
                out.push(',');
                push_plain(out, number);
            }
            out.push_str(self.colour_column);
            if let Some(places) = self.places {
                out.push(',');
                // Points that came since have none yet.
                places.get(at).filter(|place| !place.is_nan()).into_iter().for_each(|place| push_plain(out, *place));
            }
            out.push_str("\r\n");
        }
    }

    /// Lines that `POST /values/:id/points` takes as they are.
    fn write_lines(&self, out: &mut String) {
        let mut head = String::from("{\"series\":");
        push_string(&mut head, self.series);
        for (index, (x, y, t)) in (self.from..).zip(self.triples()) {
            out.push_str(&head);
            out.push_str(&format!(",\"index\":{index},\"step\":"));
            push_json(out, x);
            out.push_str(",\"value\":");
            push_json(out, y);
            out.push_str(",\"time\":");
            push_json(out, t);
            out.push_str("}\n");
        }
    }

    fn triples(&self) -> impl Iterator<Item = (f64, f64, f64)> {
        let Points { x, y, t } = self.points;
        x.iter().zip(y).zip(t).map(|((x, y), t)| (*x, *y, *t))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::CellId;
    use crate::server::boards::parse_points;

    fn awkward() -> Points {
        let mut points = Points::default();
        let subnormal = f64::from_bits(1);
        for (at, y) in
            [0.1, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, subnormal, f64::MAX, 1.0 / 3.0, 1e21, 123_456_789.0].iter().enumerate()
        {
            points.push(at as f64 * 0.5, *y, 1.7e9 + at as f64 / 7.0);
        }
        points
    }

    fn page<'a>(series: &'a str, points: &'a Points, from: u64, total: u64) -> Page<'a> {
        Page { series, run_column: "", colour_column: "", places: None, generation: "e.1", from, points, total }
    }

    fn bits(list: &[f64]) -> Vec<u64> {
        list.iter().map(|number| number.to_bits()).collect()
    }

    #[test]
    fn json_says_where_to_go_on() {
        let mut points = Points::default();
        points.push(0.0, -0.0, 1.5);
        points.push(1.0, f64::NAN, 2.5);
        let text = page("a \"b\"", &points, 4, 7).write(Format::Json);
        assert_eq!(
            text,
            r#"{"series":"a \"b\"","from":4,"points":[[0.0,-0.0,1.5],[1.0,"NaN",2.5]],"next":6,"total":7,"generation":"e.1"}"#
        );
        assert!(page("a", &points, 5, 7).write(Format::Json).ends_with(r#""next":null,"total":7,"generation":"e.1"}"#));
        assert_eq!(
            page("a", &Points::default(), 9, 7).write(Format::Json),
            r#"{"series":"a","from":9,"points":[],"next":null,"total":7,"generation":"e.1"}"#
        );
    }

    #[test]
    fn what_is_read_can_be_sent_again_bit_for_bit() {
        let (points, id) = (awkward(), CellId::parse("a").unwrap());
        let json = page("l", &points, 0, 10).write(Format::Json);
        let list = json.split_once("\"points\":").unwrap().1.split_once(",\"next\"").unwrap().0;
        let lines = page("l", &points, 0, 10).write(Format::Lines);
        for sent in [
            parse_points(&id, format!("{{\"l\":{list}}}").as_bytes(), None).unwrap(),
            parse_points(&id, lines.as_bytes(), Some("application/x-ndjson")).unwrap(),
        ] {
            assert_eq!((sent.len(), bits(&sent[0].y)), (1, bits(&points.y)));
            assert_eq!(bits(sent[0].x.as_ref().unwrap()), bits(&points.x));
            assert_eq!(bits(sent[0].t.as_ref().unwrap()), bits(&points.t));
        }
    }

    #[test]
    fn csv_is_one_line_a_point() {
        let points = awkward();
        let text = page("a,\"b\"", &points, 3, 20).write(Format::Csv);
        let lines: Vec<_> = text.split("\r\n").collect();
        assert_eq!(lines[..2], ["series,index,step,value,time", "\"a,\"\"b\"\"\",3,0.0,0.1,1700000000.0"]);
        for (name, field) in [("=1+1", "'=1+1"), ("+a", "'+a"), ("-b", "'-b"), ("@c", "'@c"), (" d", " d"), ("e ", "e ")] {
            assert!(page(name, &points, 0, 20).rows().starts_with(&format!("\"{field}\",0,")), "{name}");
        }
        assert_eq!((lines.len(), lines[11], lines[3].split(',').nth(4)), (12, "", Some("NaN")), "{text}");
        let read: Vec<f64> = lines[1..11].iter().map(|line| line.rsplit(',').nth(1).unwrap().parse().unwrap()).collect();
        assert_eq!(bits(&read), bits(&points.y));
    }

    #[test]
    fn a_query_is_checked() {
        let query = PointsQuery::parse("series=tr%20ain&from=5&limit=99999", Some("text/html, text/csv;q=0.5, */*")).unwrap();
        assert_eq!(
            query,
            PointsQuery { series: Some("tr ain".into()), from: 5, limit: MAX_POINTS_PER_PAGE, format: Format::Csv, generation: None }
        );
        assert_eq!(PointsQuery::parse("generation=kQ3.7", None).unwrap().generation.as_deref(), Some("kQ3.7"));
        assert_eq!(PointsQuery::parse("format=ndjson", Some("text/csv")).unwrap().format, Format::Lines);
        assert_eq!(
            PointsQuery::parse("", Some("image/png")).unwrap(),
            PointsQuery { series: None, from: 0, limit: MAX_POINTS_PER_PAGE, format: Format::Json, generation: None }
        );
        for (query, part) in [
            ("from=-1", "'from' must be a whole number from 0, not '-1'."),
            ("limit=0", "'limit' must be"),
            ("format=xml", "'format' must be json, csv or ndjson, not 'xml'."),
            ("serie=a", "'serie' is no key"),
        ] {
            let error = PointsQuery::parse(query, None).unwrap_err();
            assert!(error.code == 400 && error.message.contains(part) && error.errors.0.len() == 1, "{error}");
        }
    }
}
