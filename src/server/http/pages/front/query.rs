//! The query of the address of the front page.

use crate::server::boards::front::ListedBoardsQuery;
use crate::server::limits::MAX_FIND_CHARS;

/// Which boards are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Shelf {
    #[default]
    Current,
    Archived,
    Trash,
}

impl Shelf {
    fn parse(text: &str) -> Self {
        match text {
            "archived" => Self::Archived,
            "trash" => Self::Trash,
            _ => Self::Current,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "",
            Self::Archived => "archived",
            Self::Trash => "trash",
        }
    }

    /// Its field in the form of the search, which stays on the shelf.
    pub fn hidden_field(self) -> &'static str {
        match self {
            Self::Current | Self::Trash => "",
            Self::Archived => r#"<input type="hidden" name="show" value="archived">"#,
        }
    }
}

/// Keys that are not known have no effect: at `/` the address may have those of a board.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FrontQuery {
    pub find: String,
    pub show: Shelf,
    /// From 0.
    pub page: usize,
}

impl FrontQuery {
    pub fn parse(query: &str) -> Self {
        let mut parsed = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "find" => parsed.find = value.chars().take(MAX_FIND_CHARS).collect(),
                "show" => parsed.show = Shelf::parse(&value),
                "page" => parsed.page = value.parse::<usize>().unwrap_or(1).saturating_sub(1),
                _ => {}
            }
        }
        parsed
    }

    /// The address, relative to the base of the page.
    pub fn address(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (key, value) in [("find", self.find.as_str()), ("show", self.show.name())] {
            if !value.is_empty() {
                query.append_pair(key, value);
            }
        }
        if self.page > 0 {
            query.append_pair("page", &(self.page + 1).to_string());
        }
        let query = query.finish();
        if query.is_empty() { "b".to_owned() } else { format!("b?{query}") }
    }

    pub fn boards(&self) -> ListedBoardsQuery {
        ListedBoardsQuery { find: self.find.clone(), archived: self.show == Shelf::Archived, page: self.page }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_written() {
        for query in [
            FrontQuery::default(),
            FrontQuery { find: "größe & <b>".into(), show: Shelf::Archived, page: 3 },
            FrontQuery { show: Shelf::Trash, ..FrontQuery::default() },
        ] {
            let address = query.address();
            assert_eq!(FrontQuery::parse(address.trim_start_matches('b').trim_start_matches('?')), query, "{address}");
        }
        assert_eq!(FrontQuery::parse("q=lr%3C1&page=x&show=y"), FrontQuery::default());
        assert_eq!(FrontQuery::parse(&format!("find={}", "a".repeat(999))).find.len(), MAX_FIND_CHARS);
    }
}
