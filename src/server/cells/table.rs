//! `table`: named columns and their rows, shown as a document that can be sorted.

use std::fmt::Write;

use serde_json::Value;

use crate::charts::csv::{Csv, format_csv_number};
use crate::charts::render::svg::escaped;
use crate::protocol::ApiError;
use crate::protocol::json_path::{JsonPath, plain_number};
use crate::server::limits::{MAX_HTML_BYTES, MAX_SHOWN_CELL_BYTES, MAX_TABLE_COLUMNS, MAX_TABLE_ROWS};

#[derive(Debug, Default)]
pub struct Table {
    columns: Vec<String>,
    /// As long as `columns` at most, each; texts, numbers, booleans and nulls.
    rows: Vec<Vec<Value>>,
}

/// Whether it is a table, of which nothing is kept.
pub fn check(root: JsonPath) -> Result<(), ApiError> {
    if root.is_list() {
        root.check_max_len(root.count(), MAX_TABLE_ROWS, "rows", "send the most important ones")?;
        let mut names = Vec::new();
        for row in root.items()? {
            row.entries(|name, value| {
                fits(&value)?;
                known(&root, &mut names, name).map(drop)
            })?;
        }
        return Ok(());
    }
    let (columns, rows) = parts(&root)?;
    for row in rows.items()? {
        let mut items = row.items()?;
        row.check_len(row.count(), columns.len(), "column")?;
        items.try_for_each(|cell| fits(&cell))?;
    }
    Ok(())
}

/// The names of the columns, and the rows, which are no more than there may be.
fn parts<'a>(root: &'a JsonPath<'a>) -> Result<(Vec<String>, JsonPath<'a>), ApiError> {
    if !root.is_object() {
        return Err(root.type_error("must be an object with columns and rows, or an array of objects"));
    }
    let (columns, rows) = (root.need("columns")?, root.need("rows")?);
    let columns = columns.labels(MAX_TABLE_COLUMNS, "columns", "leave some out")?;
    rows.check_max_len(rows.count(), MAX_TABLE_ROWS, "rows", "send the most important ones")?;
    Ok((columns, rows))
}

/// `{"columns":["name","acc"],"rows":[["a",0.9],…]}`, or a list of objects, whose keys are the columns in the order in which they come.
pub fn read(root: JsonPath) -> Result<Table, ApiError> {
    let mut table = Table::default();
    if root.is_list() {
        read_objects(root, &mut table)?;
    } else {
        let (columns, rows) = parts(&root)?;
        table.columns = columns;
        for row in rows.items()? {
            let items = row.items()?;
            row.check_len(row.count(), table.columns.len(), "column")?;
            table.rows.push(items.map(|node| cell(&node)).collect::<Result<_, _>>()?);
        }
    }
    Ok(table)
}

fn read_objects(root: JsonPath, table: &mut Table) -> Result<(), ApiError> {
    root.check_max_len(root.count(), MAX_TABLE_ROWS, "rows", "send the most important ones")?;
    for row in root.items()? {
        // As long as it must be: what a row does not name is not written out for it.
        let mut cells = Vec::new();
        row.entries(|name, value| {
            let value = cell(&value)?;
            let at = known(&root, &mut table.columns, name)?;
            if cells.len() <= at {
                cells.resize(at + 1, Value::Null);
            }
            cells[at] = value;
            Ok(())
        })?;
        table.rows.push(cells);
    }
    Ok(())
}

/// The place of a column, which is a new one where none has this name.
fn known(root: &JsonPath, columns: &mut Vec<String>, name: &str) -> Result<usize, ApiError> {
    if let Some(at) = columns.iter().position(|known| known == name) {
        return Ok(at);
    }
    root.check_max_len(columns.len() + 1, MAX_TABLE_COLUMNS, "columns", "leave some out")?;
    columns.push(name.to_owned());
    Ok(columns.len() - 1)
}

const CELL: &str = "must be a text, a number, a boolean or null";

fn fits(node: &JsonPath) -> Result<(), ApiError> {
    if node.is_list() || node.is_object() { Err(node.type_error(CELL)) } else { node.scalar_fits() }
}

fn cell(node: &JsonPath) -> Result<Value, ApiError> {
    match node.scalar()? {
        Some(plain) => Ok(plain),
        None => Err(node.type_error(CELL)),
    }
}

fn text(cell: &Value) -> String {
    match cell {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// One for each column: rows of objects may end before it.
fn cells(row: &[Value], columns: usize) -> impl Iterator<Item = &Value> {
    row.iter().chain(std::iter::repeat(&Value::Null)).take(columns)
}

/// What of a text is on a page.
fn shown(mut text: String) -> String {
    if text.len() > MAX_SHOWN_CELL_BYTES {
        text.truncate(text.floor_char_boundary(MAX_SHOWN_CELL_BYTES));
        text.push('\u{2026}');
    }
    text
}

pub fn csv(table: &Table) -> String {
    let mut csv = Csv::default();
    table.columns.iter().for_each(|name| csv.text(name));
    csv.end();
    for row in &table.rows {
        for cell in cells(row, table.columns.len()) {
            match cell {
                // Written as it was sent.
                Value::Number(_) => csv.number_text(&cell.to_string()),
                other => csv.text(&text(other)),
            }
        }
        csv.end();
    }
    csv.into_text()
}

const STYLE: &str = ":root{color-scheme:light dark;--line:light-dark(#d5d9df,#2f363e);--head:light-dark(#f6f7f9,#12161a);--muted:light-dark(#59616b,#9da7b2);\
--accent:light-dark(#0b5fbe,#74b4ff);font:14px/1.4 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\",\"DejaVu Sans\",sans-serif;font-variant-numeric:tabular-nums}\
html{background:light-dark(#fff,#181c21);color:light-dark(#1a1d21,#e6e9ed)}body{margin:0}\
div{max-height:420px;overflow:auto}table{border-collapse:separate;border-spacing:0;min-width:100%}\
th,td{padding:4px 12px;text-align:left;border-bottom:1px solid var(--line);white-space:pre-wrap;max-width:420px;overflow-wrap:break-word;vertical-align:top}\
th{position:sticky;top:0;z-index:1;background:var(--head);padding:0;white-space:nowrap}\
th:first-child,td:first-child{position:sticky;left:0;max-width:min(420px,45vw);background:light-dark(#fff,#181c21)}th:first-child{z-index:2;background:var(--head)}\
div.far :is(th,td):first-child{box-shadow:1px 0 var(--line)}tr:last-child td{border-bottom:0}.n{text-align:right;white-space:nowrap}.none{color:var(--muted)}\
button{all:unset;display:block;box-sizing:border-box;width:100%;padding:5px 12px;cursor:pointer;font-weight:600}button:focus-visible{outline:2px solid var(--accent);outline-offset:-2px}\
button::after{content:\"\\2195\";margin-left:6px;color:var(--muted);font-weight:400;opacity:.45}[aria-sort=ascending] button::after{content:\"\\2191\";opacity:1}[aria-sort=descending] button::after{content:\"\\2193\";opacity:1}\
p{margin:12px;color:var(--muted)}";

/// Sorting: first ascending, then descending; what is no number in a column of numbers stands at the end both ways. A rounded number has its
/// full value as its title: by that it is sorted, and that is copied.
const SCRIPT: &str = r#"<script>(() => {
  const table = document.querySelector("table"), box = table.parentElement;
  const body = table.tBodies[0], heads = [...table.querySelectorAll("th")];
  const names = new Intl.Collator(undefined, { numeric: true });
  const full = cell => cell.title || cell.textContent;
  heads.forEach((head, at) => head.firstChild.addEventListener("click", () => {
    const { scrollLeft, scrollTop } = box;
    const down = head.ariaSort === "ascending", numeric = head.className === "n";
    heads.forEach(other => other.ariaSort = other === head ? (down ? "descending" : "ascending") : null);
    const rows = [...body.rows].map(row => {
      const text = full(row.cells[at]).replace("−", "-");
      return [row, numeric ? (text.trim() === "" ? NaN : +text) : text];
    });
    rows.sort(([, a], [, b]) => {
      if (!numeric) return (down ? -1 : 1) * names.compare(a, b);
      return isNaN(a) - isNaN(b) || (isNaN(a) ? 0 : down ? b - a : a - b) || 0;
    });
    body.append(...rows.map(([row]) => row));
    box.scrollTo({ left: scrollLeft, top: scrollTop, behavior: "instant" });
  }));
  box.addEventListener("scroll", () => box.classList.toggle("far", box.scrollLeft > 0), { passive: true });
  document.addEventListener("copy", event => {
    const marked = getSelection();
    if (!marked.rangeCount || marked.isCollapsed) return;
    const range = marked.getRangeAt(0);
    const cells = [...table.querySelectorAll("th,td")].filter(cell => range.intersectsNode(cell));
    const own = cells.find(cell => cell.contains(range.commonAncestorContainer));
    // A part of one text is copied as it is.
    if (!cells.length || (own && marked.toString().trim() !== own.textContent.trim())) return;
    const rows = new Map();
    for (const cell of cells) rows.set(cell.parentElement, [...(rows.get(cell.parentElement) ?? []), full(cell)]);
    event.clipboardData.setData("text/plain", [...rows.values()].map(row => row.join("\t")).join("\n"));
    event.preventDefault();
  });
})()</script>"#;

/// Significant digits of a number with a fraction.
const SHOWN_DIGITS: i32 = 5;

/// A number in [`SHOWN_DIGITS`] and, where that is not all of it, in full. Whole numbers are counts and names: they stay whole.
fn rounded(cell: &Value) -> Option<(String, String)> {
    let number = cell.as_number()?;
    if number.is_i64() || number.is_u64() {
        return None;
    }
    let (short, full) = (crate::charts::format_significant(number.as_f64()?, SHOWN_DIGITS), number.to_string());
    // `2.0` and `2` are one number.
    (short.parse() != full.parse::<f64>()).then_some((short, full))
}

/// A whole document for a figure's frame.
pub fn html(table: &Table) -> String {
    let is_numeric = |at: usize| {
        let mut cells = table.rows.iter().filter_map(|row| row.get(at)).filter(|cell| !cell.is_null()).peekable();
        cells.peek().is_some() && cells.all(|cell| plain_number(cell).is_some())
    };
    let numeric: Vec<bool> = (0..table.columns.len()).map(is_numeric).collect();
    let class = |at: usize| if numeric[at] { " class=n" } else { "" };
    let mut out = format!("<!DOCTYPE html><html lang=en><head><meta charset=utf-8><title>Table</title><style>{STYLE}</style></head><body>");
    out.push_str("<div tabindex=0 role=region aria-label=Table><table><thead><tr>");
    // Writing into a string cannot fail.
    for (at, name) in table.columns.iter().enumerate() {
        let _ = write!(out, "<th scope=col{}><button>{}</button></th>", class(at), escaped(name));
    }
    out.push_str("</tr></thead><tbody>");
    let mut left_out = 0;
    for (at, row) in table.rows.iter().enumerate() {
        if out.len() > MAX_HTML_BYTES {
            left_out = table.rows.len() - at;
            break;
        }
        out.push_str("<tr>");
        for (at, cell) in cells(row, table.columns.len()).enumerate() {
            let _ = match (numeric[at], cell) {
                (_, Value::Null) => write!(out, "<td></td>"),
                _ if let Some((short, full)) = rounded(cell) => write!(out, "<td{} title=\"{full}\">{short}</td>", class(at)),
                (true, Value::String(_)) => {
                    let number = plain_number(cell).map(format_csv_number).unwrap_or_default();
                    write!(out, "<td class=\"n none\">{number}</td>")
                }
                _ => write!(out, "<td{}>{}</td>", class(at), escaped(&shown(text(cell)))),
            };
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
    if table.rows.is_empty() {
        out.push_str("<p>No rows.</p>");
    }
    if left_out > 0 {
        let _ = write!(out, "<p>{left_out} more rows are not shown: the table is too large for a page. Its CSV has all of them.</p>");
    }
    out.push_str(SCRIPT);
    out.push_str("</body></html>");
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(value: Value) -> Result<Table, String> {
        read(JsonPath::root(&value.to_string())).map_err(|error| error.message)
    }

    #[test]
    fn rows_and_objects() {
        let rows = of(json!({"columns": ["name", "acc"], "rows": [["a", 0.90], ["=b", "NaN"], [null, 1]]})).unwrap();
        assert_eq!(csv(&rows), "name,acc\r\na,0.9\r\n\"'=b\",NaN\r\n,1\r\n");
        let objects = of(json!([{"name": "a"}, {"acc": true, "name": "b"}])).unwrap();
        assert_eq!(csv(&objects), "name,acc\r\na,\r\nb,true\r\n");
    }

    #[test]
    fn texts_stay_texts() {
        let table = of(json!({"columns": ["<script>x</script>", "n"], "rows": [["<img src=x onerror=y>", 5], ["\"&'", "NaN"]]})).unwrap();
        let html = html(&table);
        assert!(!html.contains("<script>x") && !html.contains("<img") && html.contains("&lt;img"));
        assert!(html.contains("<td class=n>5</td>") && html.contains("<td class=\"n none\">NaN</td>"));
    }

    #[test]
    fn a_document_that_would_be_too_large_says_how_many_rows_are_left_out() {
        // Quotes are six times as long in HTML.
        let long = "\"".repeat(40_000);
        let table = of(json!({"columns": ["a"], "rows": vec![[long]; 400]})).unwrap();
        let html = html(&table);
        assert!(html.len() < MAX_HTML_BYTES + (1 << 20), "{}", html.len());
        let shown = html.matches("<tr><td").count();
        assert!(html.contains(&format!("<p>{} more rows are not shown", 400 - shown)) && shown > 200, "{shown}");
        assert!(html.contains(&format!("<td>{}\u{2026}</td>", "&quot;".repeat(MAX_SHOWN_CELL_BYTES))));
    }

    #[test]
    fn a_row_whose_only_cell_is_empty_is_a_row_of_the_csv() {
        let table = of(json!({"columns": ["a"], "rows": [["x"], [""], [null], ["y"]]})).unwrap();
        assert_eq!(csv(&table), "a\r\nx\r\n\"\"\r\n\"\"\r\ny\r\n");
    }

    #[test]
    fn numbers_are_rounded_and_their_full_values_kept() {
        let table =
            of(json!({"columns": ["x"], "rows": [[0.1 + 0.2], [2.0], [-1234.56789], [1e-7], [9007199254740993_u64], [0.5]]})).unwrap();
        let html = html(&table);
        for cell in [
            "<td class=n title=\"0.30000000000000004\">0.3</td>",
            "<td class=n>2.0</td>",
            "<td class=n title=\"-1234.56789\">-1234.6</td>",
            "<td class=n>1e-7</td>",
            "<td class=n>9007199254740993</td>",
            "<td class=n>0.5</td>",
        ] {
            assert!(html.contains(cell), "{cell} {html}");
        }
        assert!(csv(&table).contains("0.30000000000000004"));
        // In a column of texts, too.
        let mixed = super::html(&of(json!({"columns": ["x"], "rows": [["a"], [1.0 / 3.0]]})).unwrap());
        assert!(mixed.contains("<td title=\"0.3333333333333333\">0.33333</td>"), "{mixed}");
    }

    #[test]
    fn what_is_wrong_has_a_path() {
        let wrong = |value| of(value).unwrap_err();
        let cell = json!({"columns": ["a"], "rows": [[1], [[2]]]});
        assert_eq!(wrong(cell), "value.rows[1][0] must be a text, a number, a boolean or null, not an array.");
        let short = json!({"columns": ["a", "b"], "rows": [[1]]});
        assert_eq!(wrong(short), "value.rows[0] must have 2 items, one for each column, not 1.");
        assert_eq!(wrong(json!({"columns": []})), "value.rows is missing.");
        assert_eq!(wrong(json!([5])), "value[0] must be an object, not a number.");
        assert!(wrong(json!(vec![json!({"a": 1}); MAX_TABLE_ROWS + 1])).contains("may have 10000 rows, not 10001"));
        assert!(wrong(json!("x")).ends_with("not a string."));
    }
}
