//! The titles of a chart's two axes: `x_label` below the plot, `y_label` above its left end.

use super::display_list::{Ink, Shapes, TextAnchor, X};
use super::names::shorten_name;
use crate::protocol::ApiError;
use crate::protocol::json_path::JsonPath;

/// Both may be empty: then they take no room.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AxisTitles<T = String> {
    pub x: T,
    pub y: T,
}

/// Characters of a title or a unit in a value; a longer one is refused. The server's own bound for line charts is the same.
pub const MAX_TITLE_CHARS: usize = 200;
/// In CSS pixels: what fits into the narrowest tile. The width of the page decides no text, since the server does not know it.
const WIDTH: f64 = 280.0;
const ABOVE: f64 = 12.0;
const BELOW: f64 = 16.0;

impl AxisTitles {
    /// Those of a value.
    pub fn parse(root: JsonPath) -> Result<Self, ApiError> {
        Ok(Self { x: parse_title(&root, "x_label")?, y: parse_title(&root, "y_label")? })
    }
}

/// A title or a unit of a value, which is one line: at most [`MAX_TITLE_CHARS`] characters, none a control character. Empty where the key is
/// missing.
pub fn parse_title(root: &JsonPath, key: &str) -> Result<String, ApiError> {
    let Some(node) = root.get(key) else { return Ok(String::new()) };
    let title = node.text()?;
    if title.chars().nth(MAX_TITLE_CHARS).is_some() || title.contains(char::is_control) {
        return Err(node.wrong(&format!("may have {MAX_TITLE_CHARS} characters, none a control character")));
    }
    Ok(title.into_owned())
}

impl<T: AsRef<str>> AxisTitles<T> {
    /// The room that they take above the plot.
    pub fn height_above(&self) -> f64 {
        if self.y.as_ref().is_empty() { 0.0 } else { ABOVE }
    }

    /// The room that they take below the labels of the x axis.
    pub fn height_below(&self) -> f64 {
        if self.x.as_ref().is_empty() { 0.0 } else { BELOW }
    }

    /// `left` is the room beside the plot, `top` and `base` are the plot's upper end and the base line of the x axis' last labels.
    pub fn draw(&self, plot: &mut Shapes, left: f64, top: f64, base: f64) {
        if !self.y.as_ref().is_empty() {
            plot.text(Ink::Text, TextAnchor::Start, X::px(12.0 - left), top - 9.0, shorten_name(self.y.as_ref(), WIDTH));
        }
        if !self.x.as_ref().is_empty() {
            plot.text(Ink::Text, TextAnchor::Middle, X::share(0.5), base + BELOW, shorten_name(self.x.as_ref(), WIDTH));
        }
    }

    /// A sentence for those who hear a chart; empty without titles.
    pub fn summarize(&self) -> String {
        let titles = [("x axis", self.x.as_ref()), ("y axis", self.y.as_ref())];
        let parts: Vec<String> =
            titles.iter().filter(|(_, title)| !title.is_empty()).map(|(axis, title)| format!("{axis}: {title}")).collect();
        if parts.is_empty() { String::new() } else { format!(" {}.", parts.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::display_list::DisplayList;
    use crate::charts::text_metrics::text_width;

    #[test]
    fn titles_take_room_only_where_they_are_and_are_cut_to_the_narrowest_tile() {
        let none = AxisTitles::<&str>::default();
        let mut list = DisplayList::default();
        none.draw(&mut list.plot, 30.0, 20.0, 100.0);
        assert_eq!((none.height_above(), none.height_below(), none.summarize().as_str(), list.texts().len()), (0.0, 0.0, "", 0));
        let long = "a title that no tile has room for, however wide it may be on the largest of screens".to_owned();
        let titles = AxisTitles { x: long, y: "loss".to_owned() };
        titles.draw(&mut list.plot, 30.0, 20.0, 100.0);
        let texts = list.texts();
        assert_eq!((titles.height_above(), titles.height_below(), texts[0]), (ABOVE, BELOW, "loss"));
        assert!(text_width(texts[1]) <= WIDTH && texts[1].contains('…'), "{texts:?}");
        assert_eq!(AxisTitles { x: "", y: "loss" }.summarize(), " y axis: loss.");
    }

    #[test]
    fn a_wrong_title_has_a_path() {
        let error = AxisTitles::parse(JsonPath::root(r#"{"x_label": 5}"#)).unwrap_err();
        assert_eq!(error.message, "value.x_label must be a string, not a number.");
        let rule = "may have 200 characters, none a control character.";
        for (key, title) in [("x_label", "x".repeat(MAX_TITLE_CHARS + 1)), ("y_label", "two\nlines".to_owned())] {
            let value = serde_json::json!({ key: title }).to_string();
            assert_eq!(AxisTitles::parse(JsonPath::root(&value)).unwrap_err().message, format!("value.{key} {rule}"));
        }
        let longest = serde_json::json!({"x_label": "ü".repeat(MAX_TITLE_CHARS)}).to_string();
        assert!(AxisTitles::parse(JsonPath::root(&longest)).is_ok());
    }
}
