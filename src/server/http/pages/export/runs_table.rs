//! The table of runs in the file of a board: rows and columns as the page shows them first.

use serde_json::Value;

use crate::charts::render::svg::escaped;
use crate::charts::{format_significant, format_ungrouped};
use crate::protocol::{ColumnKind, RunTable, TableColumn, TableRow};

const DIGITS: i32 = 5;

/// A section of its own; empty without runs.
pub fn section(table: &RunTable) -> String {
    if table.rows.is_empty() {
        return String::new();
    }
    let head: String = table.columns.iter().map(|column| format!("<th scope=\"col\">{}</th>", escaped(&column.label))).collect();
    let rows: String = table.rows.iter().map(|of_run| row(of_run, &table.columns)).collect();
    let more = match table.total as usize - table.rows.len().min(table.total as usize) {
        0 => String::new(),
        more => format!("<p class=\"note\">And {more} more runs.</p>"),
    };
    format!(
        "<section><h2>Runs</h2><div class=\"scrolls\" tabindex=\"0\" role=\"region\" aria-label=\"Runs\"><table>\
         <thead><tr><th scope=\"col\">Run</th><th scope=\"col\">Status</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>{more}</section>"
    )
}

fn row(TableRow { run, cells, .. }: &TableRow, columns: &[TableColumn]) -> String {
    let cell = |(value, column): (&Option<Value>, &TableColumn)| {
        format!("<td>{}</td>", value.as_ref().map(|value| text(value, column.kind)).unwrap_or_default())
    };
    let cells: String = cells.iter().zip(columns).map(cell).collect();
    format!("<tr><th scope=\"row\">{}</th><td>{}</td>{cells}</tr>", escaped(&run.name), run.status.as_str())
}

/// Numbers of configurations may be names, such as seeds: they are not grouped, so that they can be searched and copied.
fn text(value: &Value, kind: ColumnKind) -> String {
    let format = if kind == ColumnKind::Metric { format_significant } else { format_ungrouped };
    match value {
        Value::String(text) => escaped(text),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| format(number, DIGITS)),
        other => escaped(&other.to_string()),
    }
}
