//! The frame of the tables of this page: their heads, and the rows as HTML.

use leptos::prelude::*;

pub struct TableFrame {
    pub class: &'static str,
    pub heads: &'static [Head],
    /// The rows have a last cell for what a writer does with them.
    pub has_actions: bool,
}

/// The head of a column.
pub enum Head {
    Plain(&'static str),
    /// The rows are sorted by it, the largest first.
    Sorted(&'static str),
}

impl TableFrame {
    #[expect(clippy::disallowed_methods, reason = "markup of this page, in which every text of clients is escaped")]
    pub fn html(&self, rows: String) -> String {
        let head = |head: &Head| {
            let (label, order) = match head {
                Head::Plain(label) => (*label, None),
                Head::Sorted(label) => (*label, Some("descending")),
            };
            view! {
                <th scope="col" aria-sort=order>
                    {label}
                </th>
            }
        };
        view! {
            <table class=self.class aria-labelledby="heading">
                <thead>
                    <tr>{self.heads.iter().map(head).collect_view()} {self.has_actions.then(|| view! { <td></td> })}</tr>
                </thead>
                <tbody inner_html=rows></tbody>
            </table>
        }
        .to_html()
    }
}
