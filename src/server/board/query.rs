//! Feathers' query language, in the bracket syntax of `qs`: `?pos[$gt]=3&$or[0][name]=a&$sort[pos]=-1&$select[]=name`.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::filter::{Condition, Test, all, by_place, compare_for_sort, lookup};
use crate::protocol::{ApiError, ErrorKind};
use crate::server::store::Record;

/// Brackets within brackets: `a[b][c]...`.
const DEPTH: usize = 16;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    filter: Vec<Condition>,
    sort: Vec<(String, bool)>,
    select: Option<Vec<String>>,
    limit: Option<usize>,
    skip: usize,
    /// `$page=true`: answer `{total, limit, skip, data}` instead of a plain array.
    pub paged: bool,
}

/// The query as it was written: what stands between the brackets, and the texts at the ends.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Text(String),
    Branch(Vec<(String, Node)>),
}

fn bad(message: String) -> ApiError {
    ErrorKind::BadRequest.with(message)
}

impl Query {
    /// Parses a URL's query; percent-encoding and `+` are undone.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let mut root = Vec::new();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            if !key.is_empty() {
                insert(&mut root, &path(&key)?, value.into_owned());
            }
        }
        let mut parsed = Self::default();
        for (key, node) in root {
            match (key.as_str(), node) {
                ("$limit", node) => parsed.limit = Some(number("$limit", &node)?),
                ("$skip", node) => parsed.skip = number("$skip", &node)?,
                ("$page", node) => {
                    parsed.paged = match text("$page", node)?.as_str() {
                        "true" => true,
                        "false" => false,
                        other => return Err(bad(format!("'$page' must be true or false, not '{other}'."))),
                    }
                }
                ("$select", node) => parsed.select = Some(texts("$select", node)?),
                ("$sort", Node::Branch(fields)) => {
                    for (field, direction) in fields {
                        let descending = match text("$sort", direction)?.as_str() {
                            "1" => false,
                            "-1" => true,
                            other => return Err(bad(format!("'$sort[{field}]' must be 1 or -1, not '{other}'."))),
                        };
                        parsed.sort.push((field, descending));
                    }
                }
                ("$sort", Node::Text(_)) => return Err(bad("'$sort' is written as $sort[field]=1 or -1.".into())),
                (_, node) => parsed.filter.push(condition(key, node)?),
            }
        }
        Ok(parsed)
    }

    /// True when every cell matches: changing or removing many is refused then.
    pub fn is_empty(&self) -> bool {
        self.filter.is_empty()
    }

    pub fn matches(&self, record: &Record) -> bool {
        all(&self.filter, record)
    }

    /// True when the answer is to be cut: nothing that changes or removes many may be.
    pub fn is_cut(&self) -> bool {
        self.limit.is_some() || self.skip > 0
    }

    /// The records that match, in order.
    pub fn select(&self, mut records: Vec<Arc<Record>>) -> Vec<Arc<Record>> {
        records.retain(|record| all(&self.filter, record));
        records.sort_by(|a, b| {
            let keys = self.sort.iter().map(|(field, descending)| {
                let order = compare_for_sort(lookup(a, field).as_deref(), lookup(b, field).as_deref());
                if *descending { order.reverse() } else { order }
            });
            keys.fold(Ordering::Equal, Ordering::then).then_with(|| by_place(a, b))
        });
        records
    }

    pub fn page(&self, records: Vec<Arc<Record>>) -> impl Iterator<Item = Arc<Record>> {
        records.into_iter().skip(self.skip).take(self.limit.unwrap_or(usize::MAX))
    }

    /// `limit` and `skip` as a paged answer repeats them.
    pub fn bounds(&self, total: usize) -> (usize, usize) {
        (self.limit.unwrap_or(total), self.skip)
    }

    pub fn wants(&self, key: &str) -> bool {
        self.select.as_ref().is_none_or(|select| select.iter().any(|selected| selected == key || selected.starts_with(&format!("{key}."))))
    }

    /// A document reduced to `$select` (and `_id`, always), or as it is.
    pub fn project(&self, document: String) -> String {
        let Some(select) = &self.select else { return document };
        // Texts as they are: a number that no float holds comes back as it was sent.
        let mut keys: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&document).unwrap_or_default();
        keys.retain(|key, _| key == "_id" || select.iter().any(|selected| selected == key));
        serde_json::to_string(&keys).unwrap_or_default()
    }
}

/// `a[b][]` is `["a", "b", ""]`.
fn path(key: &str) -> Result<Vec<String>, ApiError> {
    let Some((head, mut rest)) = key.split_once('[').map(|(head, _)| (head, &key[head.len()..])) else {
        return Ok(vec![key.to_owned()]);
    };
    let mut parts = vec![head.to_owned()];
    while let Some(inner) = rest.strip_prefix('[') {
        let Some((part, after)) = inner.split_once(']') else { break };
        parts.push(part.to_owned());
        rest = after;
    }
    match rest {
        "" if parts.len() <= DEPTH => Ok(parts),
        "" => Err(bad(format!("The query '{head}' is nested deeper than {DEPTH}."))),
        _ => Err(bad(format!("The brackets in the query '{key}' do not match."))),
    }
}

fn insert(branch: &mut Vec<(String, Node)>, path: &[String], value: String) {
    let Some((head, rest)) = path.split_first() else { return };
    // `a[]=1&a[]=2` and `a=1&a=2` are lists: their parts get numbers.
    let known = branch.iter().position(|(key, _)| key == head && !head.is_empty());
    match (rest.is_empty(), known) {
        (true, Some(at)) => match &mut branch[at].1 {
            Node::Branch(list) => list.push((list.len().to_string(), Node::Text(value))),
            Node::Text(first) => {
                let first = Node::Text(std::mem::take(first));
                branch[at].1 = Node::Branch(vec![("0".into(), first), ("1".into(), Node::Text(value))]);
            }
        },
        (true, None) => branch.push((if head.is_empty() { branch.len().to_string() } else { head.clone() }, Node::Text(value))),
        (false, Some(at)) => {
            if let Node::Text(text) = &mut branch[at].1 {
                let first = Node::Text(std::mem::take(text));
                branch[at].1 = Node::Branch(vec![("0".into(), first)]);
            }
            if let Node::Branch(inner) = &mut branch[at].1 {
                insert(inner, rest, value);
            }
        }
        (false, None) => {
            let mut inner = Vec::new();
            insert(&mut inner, rest, value);
            branch.push((if head.is_empty() { branch.len().to_string() } else { head.clone() }, Node::Branch(inner)));
        }
    }
}

fn text(name: &str, node: Node) -> Result<String, ApiError> {
    match node {
        Node::Text(text) => Ok(text),
        Node::Branch(_) => Err(bad(format!("'{name}' must be one value, not a list."))),
    }
}

fn texts(name: &str, node: Node) -> Result<Vec<String>, ApiError> {
    match node {
        Node::Text(one) => Ok(vec![one]),
        Node::Branch(many) => many.into_iter().map(|(_, node)| text(name, node)).collect(),
    }
}

fn number(name: &str, node: &Node) -> Result<usize, ApiError> {
    match node {
        Node::Text(text) if let Ok(number) = text.parse() => Ok(number),
        _ => Err(bad(format!("'{name}' must be a whole number, 0 or more."))),
    }
}

fn conditions(node: Node) -> Result<Vec<Condition>, ApiError> {
    match node {
        Node::Branch(parts) => parts.into_iter().map(|(key, node)| condition(key, node)).collect(),
        Node::Text(_) => Err(bad("'$or' and '$and' are lists of queries: $or[0][field]=value.".into())),
    }
}

fn alternatives(node: Node) -> Result<Vec<Vec<Condition>>, ApiError> {
    match node {
        Node::Branch(parts) => parts.into_iter().map(|(_, node)| conditions(node)).collect(),
        node => conditions(node).map(|one| vec![one]),
    }
}

fn condition(key: String, node: Node) -> Result<Condition, ApiError> {
    match (key.as_str(), node) {
        ("$or", node) => Ok(Condition::Or(alternatives(node)?)),
        ("$and", node) => Ok(Condition::And(alternatives(node)?)),
        (name, _) if name.starts_with('$') => Err(bad(format!("The query operator '{name}' is not known."))),
        (_, Node::Text(operand)) => Ok(Condition::Field(key, Test::Equal, operand)),
        (_, Node::Branch(operators)) => {
            let mut parts = Vec::new();
            for (operator, node) in operators {
                let test = match operator.as_str() {
                    "$in" | "$nin" => {
                        let (field, negated) = (key.clone(), operator == "$nin");
                        parts.push(Condition::OneOf { field, among: texts(&operator, node)?, negated });
                        continue;
                    }
                    "$ne" => Test::NotEqual,
                    "$lt" => Test::Less,
                    "$lte" => Test::LessOrEqual,
                    "$gt" => Test::Greater,
                    "$gte" => Test::GreaterOrEqual,
                    name if name.starts_with('$') => return Err(bad(format!("The query operator '{name}' is not known."))),
                    // `layout[order]=1` asks within an object.
                    name => {
                        parts.push(condition(format!("{key}.{name}"), node)?);
                        continue;
                    }
                };
                parts.push(Condition::Field(key.clone(), test, text(&operator, node)?));
            }
            Ok(Condition::And(vec![parts]))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::protocol::{CellId, Stage};
    use crate::server::store::Held;

    fn record(json: &str, at: u64) -> Arc<Record> {
        let mut keys: serde_json::Map<String, Value> = serde_json::from_str(json).unwrap();
        let value = keys.remove("value").map(|value| Arc::from(value.to_string()));
        let id = CellId::parse(&format!("id{at}")).unwrap();
        let (board, value) = (Arc::from("main"), Held::of(value.as_ref()));
        Arc::new(Record {
            id,
            board,
            seq: at,
            entered: at,
            born: at,
            rev: 1,
            version: 1,
            created_ms: at,
            updated_ms: at,
            keys,
            value,
            stage: Stage::Empty,
        })
    }

    fn documents() -> Vec<Arc<Record>> {
        let documents = [
            r#"{"name":"loss","pos":2,"tags":["a","b"],"live":true}"#,
            r#"{"name":"acc","pos":0,"layout":{"w":3},"value":1.5}"#,
            r#"{"name":"Doug","age":32}"#,
            r#"{"name":"null","pos":1,"note":null}"#,
        ];
        documents.iter().zip(1..).map(|(json, at)| record(json, at)).collect()
    }

    fn find(query: &str) -> String {
        let query = Query::parse(query).unwrap();
        let found = query.page(query.select(documents()));
        found.map(|record| record.id.as_str()[2..].to_owned()).collect()
    }

    #[test]
    fn order_is_by_place_then_by_creation() {
        assert_eq!(find(""), "2413");
    }

    #[test]
    fn texts_are_compared_with_numbers_booleans_and_null_by_value() {
        assert_eq!(find("pos=2"), "1");
        assert_eq!(find("pos=2.0"), "1");
        assert_eq!(find("live=true"), "1");
        assert_eq!(find("note=null&name=null"), "4");
        assert_eq!(find("value=1.5"), "2");
        assert_eq!(find("name=Doug&age=32"), "3");
        assert_eq!(find("tags=b"), "1");
    }

    #[test]
    fn operators() {
        assert_eq!(find("pos[$gt]=0"), "41");
        assert_eq!(find("pos[$gte]=0&pos[$lt]=2"), "24");
        assert_eq!(find("pos%5B%24lte%5D=1"), "24");
        assert_eq!(find("name[$ne]=acc"), "413");
        assert_eq!(find("name[$in]=acc&name[$in]=loss"), "21");
        assert_eq!(find("name[$in][]=acc&name[$in][]=loss"), "21");
        assert_eq!(find("name[$nin][0]=acc"), "413");
        assert_eq!(find("name[$gt]=d"), "41");
        assert_eq!(find("layout.w=3"), "2");
        assert_eq!(find("layout[w][$gt]=2"), "2");
        assert_eq!(find("$or[0][name]=acc&$or[1][pos]=2"), "21");
        assert_eq!(find("$and[0][pos][$gt]=0&$and[1][pos][$lt]=2"), "4");
        assert_eq!(find("$or[0][name]=acc&$or[0][pos]=7&$or[1][age]=32"), "3");
        assert_eq!(find("missing=1"), "");
        assert_eq!(find("board=main&_id=id3"), "3");
    }

    #[test]
    fn sort_limit_skip() {
        assert_eq!(find("$sort[name]=1"), "3214");
        assert_eq!(find("$sort[name]=-1&$limit=2"), "41");
        assert_eq!(find("$sort[pos]=-1&$skip=1"), "423");
        assert_eq!(find("$limit=0"), "");
    }

    #[test]
    fn select_keeps_the_id() {
        let query = Query::parse("$select[]=name&$select[]=pos").unwrap();
        assert_eq!(query.project(r#"{"_id":"a","x":1,"pos":2,"name":"n"}"#.into()), r#"{"_id":"a","name":"n","pos":2}"#);
        assert_eq!(query.project(r#"{"_id":"a","x":1e999,"pos":-1e999}"#.into()), r#"{"_id":"a","pos":-1e999}"#);
        assert!(!query.wants("value"));
        assert!(Query::parse("$select=value").unwrap().wants("value"));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for query in
            ["$foo=1", "pos[$regex]=1", "$limit=-1", "$limit=x", "$sort=pos", "$sort[pos]=up", "a[b=1", "$or=1", "$skip[]=1&$skip[]=2"]
        {
            assert_eq!(Query::parse(query).unwrap_err().code, 400, "{query}");
        }
        let deep = format!("a{}=1", "[b]".repeat(100));
        assert!(Query::parse(&deep).is_err());
    }
}
