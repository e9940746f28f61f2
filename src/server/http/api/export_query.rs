//! What an address asks for of a drawing or another form of a cell.

use std::sync::Arc;

use super::figure_query::{FIGURE_MM, FONT_POINTS, FigureQuery, font};
use super::group_parameters::GroupParameters;
use super::invalid_parameter as wrong;
use crate::charts::{Theme, TimeZone};
use crate::protocol::{ApiError, ErrorKind, GroupId, RunId, RunList};
use crate::server::App;
use crate::server::boards::groups::membership::GroupKeys;
use crate::server::boards::runs::RunChoice;
use crate::server::error::ServerError;
use crate::server::limits::{MAX_EXPORT_PIXELS, MAX_EXPORTED_SERIES, MAX_UTC_OFFSET_MINUTES, MIN_EXPORT_HEIGHT, MIN_EXPORT_WIDTH};
use crate::server::render::export::ExportOptions;
use crate::server::render::line_chart;
use crate::server::time_zones;

/// CSS pixels.
const DEFAULT_HEIGHT: f64 = 240.0;

/// The part of an address behind its `?`. Unknown keys are ignored.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportQuery {
    pub options: ExportOptions,
    /// Of a line: the runs that are drawn.
    pub choice: RunChoice,
    /// The key by which runs are coloured; empty: each has its own colour.
    colour: Vec<String>,
    pub download: bool,
}

impl ExportQuery {
    /// `is_public`: without what a share does not show.
    pub fn parse(query: &str, is_public: bool) -> Result<Self, ApiError> {
        let mut groups = GroupParameters::default();
        let (mut theme, mut from, mut to, mut y_from, mut y_to) = (None, None, None, None, None);
        let (mut offset, mut tz): (Option<i32>, Option<String>) = (None, None);
        let (mut choice, mut colour, mut download) = (RunChoice::default(), Vec::new(), false);
        let mut options = ExportOptions {
            width: None,
            height: DEFAULT_HEIGHT,
            theme: Theme::Auto,
            version: None,
            legend: true,
            view: line_chart::LineView::default(),
            figure: None,
        };
        let mut figure = FigureQuery::default();
        // A size in pixels, by its key.
        let mut pixels = None;
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let within = |range: std::ops::RangeInclusive<f64>| {
                let number = value.parse().ok().filter(|number| range.contains(number));
                number.ok_or_else(|| wrong(&key, &format!("must be a number from {} to {}", range.start(), range.end()), &value))
            };
            match &*key {
                "width" => {
                    options.width = Some(within(MIN_EXPORT_WIDTH..=MAX_EXPORT_PIXELS)?);
                    pixels = Some("width");
                }
                "height" => {
                    options.height = within(MIN_EXPORT_HEIGHT..=MAX_EXPORT_PIXELS)?;
                    pixels = Some("height");
                }
                "width_mm" => figure.width = Some(within(FIGURE_MM)?),
                "height_mm" => figure.height = Some(within(FIGURE_MM)?),
                "font_size" => figure.font_size = Some(within(FONT_POINTS)?),
                "font" => figure.font = Some(font(&value)?),
                "theme" => {
                    theme = Some(match &*value {
                        "light" => Theme::Light,
                        "dark" => Theme::Dark,
                        "auto" => Theme::Auto,
                        _ => return Err(wrong(&key, "must be 'light', 'dark' or 'auto'", &value)),
                    })
                }
                "v" => {
                    options.version =
                        Some(value.parse().map_err(|_| wrong(&key, "must be the version of a value, a whole number", &value))?)
                }
                "download" => download = is_yes(&value),
                "legend" => options.legend = is_yes(&value),
                "from" => from = Some(finite(&key, &value)?),
                "to" => to = Some(finite(&key, &value)?),
                "y_from" => y_from = Some(finite(&key, &value)?),
                "y_to" => y_to = Some(finite(&key, &value)?),
                "series" => {
                    let names = options.view.series.get_or_insert_default();
                    if names.len() == MAX_EXPORTED_SERIES {
                        return Err(wrong(&key, &format!("may be there {MAX_EXPORTED_SERIES} times"), &value));
                    }
                    names.push(value.into_owned());
                }
                "x" | "x_metric" | "x_scale" | "y" | "smooth" => {
                    if !options.view.overrides.set(&key, &value, line_chart::NUMBERS) {
                        let rule = match &*key {
                            "x" => "must be step, relative, wall or metric",
                            "smooth" => "must be a number from 0 to 0.999",
                            _ => "must be linear or log",
                        };
                        return Err(wrong(&key, rule, &value));
                    }
                }
                "hide_superseded" => options.view.hides_superseded = Some(is_yes(&value)),
                "runs" => options.view.runs = Some(runs(&key, &value)?),
                "offset" => offset = Some(within(-MAX_UTC_OFFSET_MINUTES..=MAX_UTC_OFFSET_MINUTES)? as i32),
                "tz" => tz = Some(value.into_owned()),
                "by" | "line" | "band" | "hide" | "solo" => groups.set(&key, &value)?,
                "pin" => options.view.pinned = value.split(',').take(RunList::MAX_RUNS).map(str::to_owned).collect(),
                "colour" => colour = GroupKeys::parse_names(&value)?,
                key => {
                    // The search is that of the groups, if there are any.
                    if key == "q" {
                        groups.set(key, &value)?;
                    }
                    choice.take(key, &value)?;
                }
            }
        }
        if !options.view.overrides.is_valid() {
            let metric = options.view.overrides.x.take().unwrap_or_default().metric;
            return Err(wrong("x_metric", "must be the name of a metric where 'x' is metric, and else left out", &metric));
        }
        let named = tz.as_deref().and_then(time_zones::named);
        options.view.zone = match (named, offset, tz) {
            (Some(zone), ..) => zone,
            // A browser may have a younger list of zones than this server: its offset of today is the next best.
            (None, Some(offset), _) => TimeZone::fixed(offset),
            (None, None, None) => TimeZone::default(),
            (None, None, Some(tz)) => return Err(wrong("tz", "must be a time zone's name, such as 'Europe/Berlin'", &tz)),
        };
        options.view.groups = groups.finish(is_public)?;
        if options.view.groups.is_some() {
            choice = RunChoice::default();
        }
        // A file goes into papers, so it is light; the page follows the theme of its reader.
        options.theme = theme.unwrap_or(if download || figure.width.is_some() { Theme::Light } else { Theme::Auto });
        options.figure = figure.finish()?;
        if let Some(figure) = &options.figure {
            if let Some(key) = pixels {
                let message = format!("'{key}' is in pixels of a screen, and 'width_mm' is in print: leave one of them out.");
                return Err(ErrorKind::BadRequest.with(message).at(key, "cannot be with 'width_mm'"));
            }
            let (width, height) = figure.units();
            (options.width, options.height) = (Some(width), height);
            options.view.grows = figure.grows;
        }
        options.view.window = window(("from", from), ("to", to))?;
        options.view.y_window = window(("y_from", y_from), ("y_to", y_to))?;
        if colour.len() > 1 {
            return Err(wrong("colour", "must name one key", &colour.join(",")));
        }
        Ok(Self { options, choice, colour, download })
    }

    /// A PDF is for paper unless a theme is named, and brings its own font along. 400: another one is asked for.
    pub fn for_paper(&mut self) -> Result<(), ApiError> {
        if self.options.theme == Theme::Auto {
            self.options.theme = Theme::Light;
        }
        match &self.options.figure {
            Some(figure) if !figure.font.is_empty() => {
                let message = "A PDF brings its font along, DejaVu Sans: leave 'font' out, or ask for the '.svg'.";
                Err(ErrorKind::BadRequest.with(message).at("font", "is for '.svg' only"))
            }
            _ => Ok(()),
        }
    }

    /// Chooses the runs that are drawn, and finds their colours. 400: a name is no key of the board.
    pub async fn resolve(&mut self, app: &App, board: &str, is_public: bool) -> Result<(), ServerError> {
        let view = &mut self.options.view;
        if !self.choice.is_none() {
            view.runs = Some(app.boards.choose_runs(board, &self.choice, view.runs.as_deref(), is_public).await?);
        }
        // Pinned runs are always drawn.
        if view.groups.is_some() {
            view.runs.get_or_insert_default();
        }
        if let Some(runs) = &mut view.runs {
            let pinned = view.pinned.iter().filter_map(|id| RunId::parse(id)).filter(|id| GroupId::parse(id.as_str()).is_none());
            let missing: Vec<RunId> = pinned.filter(|id| !runs.contains(id)).collect();
            runs.extend(missing);
        }
        if !self.colour.is_empty() && view.groups.is_none() {
            let runs = line_chart::drawn_ids(&app.boards, board, view);
            view.colours = Some(Arc::new(app.boards.colours_by(board, &self.colour, &runs, is_public).await?));
        }
        Ok(())
    }
}

/// A part of an axis: both ends, or none.
fn window((name, from): (&str, Option<f64>), (other, to): (&str, Option<f64>)) -> Result<Option<(f64, f64)>, ApiError> {
    match (from, to) {
        (Some(from), Some(to)) if from < to => Ok(Some((from, to))),
        (None, None) => Ok(None),
        _ => {
            let message = format!("'{name}' and '{other}' belong together, and '{name}' must be the smaller.");
            Err(ErrorKind::BadRequest.with(message).at(name, format!("must be below '{other}'")))
        }
    }
}

fn finite(key: &str, value: &str) -> Result<f64, ApiError> {
    value.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| wrong(key, "must be a finite number", value))
}

/// The ids of runs with commas between them; empty for no run.
fn runs(key: &str, value: &str) -> Result<Vec<RunId>, ApiError> {
    let ids = value.split(',').filter(|id| !id.is_empty()).take(RunList::MAX_RUNS + 1);
    let ids = ids.map(|id| RunId::parse(id).ok_or_else(|| wrong(key, "must be ids of runs with commas between them", id)));
    let ids: Vec<RunId> = ids.collect::<Result<_, _>>()?;
    if ids.len() > RunList::MAX_RUNS { Err(wrong(key, &format!("may name {} runs", RunList::MAX_RUNS), "more")) } else { Ok(ids) }
}

fn is_yes(value: &str) -> bool {
    !matches!(value, "" | "0" | "false")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::groups::{Band, GroupLine};
    use crate::server::render::drawn_groups::GroupsView;

    fn parse(query: &str) -> Result<ExportQuery, ApiError> {
        ExportQuery::parse(query, false)
    }

    #[test]
    fn what_an_address_asks_for() {
        let asked = parse("width=640&height=320&theme=dark&v=7&download=1&legend=0").unwrap();
        assert_eq!(
            asked,
            ExportQuery {
                options: ExportOptions {
                    width: Some(640.0),
                    height: 320.0,
                    theme: Theme::Dark,
                    version: Some(7),
                    legend: false,
                    view: line_chart::LineView::default(),
                    figure: None,
                },
                choice: RunChoice::default(),
                colour: Vec::new(),
                download: true,
            }
        );
        for (query, field) in
            [("width=10", "width"), ("height=NaN", "height"), ("width=1e9", "width"), ("theme=blue", "theme"), ("v=x", "v")]
        {
            let error = parse(query).unwrap_err();
            assert!(error.code == 400 && error.errors.0.contains_key(field), "{query}: {error}");
        }
        for query in ["from=NaN&to=1", "from=0&to=inf", "to=1e999", "from=-Infinity", "from=x", "from="] {
            let error = parse(query).unwrap_err();
            assert!(error.message.len() < 80 && error.message.contains("must be a finite number, not '"), "{query}: {error}");
        }
        assert_eq!(parse(&"series=a&".repeat(MAX_EXPORTED_SERIES + 1)).unwrap_err().code, 400);
        for query in ["width=640&width_mm=85", "height=300&width_mm=85&height_mm=50"] {
            let error = parse(query).unwrap_err();
            let key = &query[..query.find('=').unwrap()];
            let message = format!("'{key}' is in pixels of a screen, and 'width_mm' is in print: leave one of them out.");
            assert_eq!((error.code, error.message.as_str(), error.errors.0.contains_key(key)), (400, message.as_str(), true));
        }
        assert_eq!(parse("width=9").unwrap_err().message, "'width' must be a number from 80 to 4000, not '9'.");
    }

    #[test]
    fn a_file_is_light_unless_it_says_otherwise() {
        for (query, theme) in [
            ("download=1", Theme::Light),
            ("download=1&theme=auto", Theme::Auto),
            ("theme=dark&download=1", Theme::Dark),
            ("", Theme::Auto),
        ] {
            assert_eq!(parse(query).unwrap().options.theme, theme, "{query}");
        }
    }

    #[test]
    fn a_line_is_drawn_as_it_is_asked_for() {
        let asked = parse("from=1&to=2&series=a%26b&series=c&offset=-90").unwrap();
        assert_eq!(
            asked.options.view,
            line_chart::LineView {
                window: Some((1.0, 2.0)),
                series: Some(vec!["a&b".into(), "c".into()]),
                zone: TimeZone::fixed(-90),
                ..line_chart::LineView::default()
            }
        );
        assert_eq!(parse("y_from=-1&y_to=2.5").unwrap().options.view.y_window, Some((-1.0, 2.5)));
        let runs = |query| parse(query).unwrap().options.view.runs.map(|runs| runs.iter().map(RunId::to_string).collect());
        assert_eq!([runs("runs=a,b.c"), runs("runs=")], [Some(vec!["a".to_owned(), "b.c".to_owned()]), Some(vec![])]);
        assert_eq!(parse("runs=a,-").unwrap_err().code, 400);
        assert_eq!(parse(&format!("runs={}", "a,".repeat(RunList::MAX_RUNS + 1))).unwrap_err().code, 400);
        let zone = |query| parse(query).unwrap().options.view.zone;
        // 1 July 2026.
        assert_eq!(zone("tz=Europe/Berlin&offset=60").offset(1_782_907_200), 7200);
        assert_eq!(zone("tz=Europe/Atlantis&offset=60"), TimeZone::fixed(60));
        for query in [
            "from=1",
            "to=1",
            "from=2&to=1",
            "from=1&to=1",
            "y_from=2&y_to=1",
            "y_to=1",
            "offset=900",
            "offset=x",
            "tz=Europe/Atlantis",
            "tz=",
        ] {
            assert_eq!(parse(query).unwrap_err().code, 400, "{query}");
        }
    }

    #[test]
    fn groups_are_drawn_by_their_keys() {
        let asked = parse("by=config.lr,group&q=lr%3C0.1&line=median").unwrap().options.view.groups;
        let groups = GroupsView {
            search: "lr<0.1".into(),
            by: vec!["config.lr".into(), "group".into()],
            line: GroupLine::Median,
            band: Band::Iqr,
            ..GroupsView::default()
        };
        assert_eq!(asked, Some(groups));
        assert_eq!(parse("by=").unwrap().options.view.groups.map(|groups| groups.by.len()), Some(0), "all runs are one group");
        assert_eq!(parse("q=lr&line=min").unwrap().options.view.groups, None);
        for query in ["by=lr&line=sum", "by=lr&band=x", "by=lr&line=median&band=t95", "by=lr&q=lr%3C", "by=a,b,c,d,e,f,g,h,i"] {
            assert_eq!(parse(query).unwrap_err().code, 400, "{query}");
        }
    }
}
