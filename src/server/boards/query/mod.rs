//! Feathers' query language, in the bracket syntax of `qs`: `?pos[$gt]=3&$or[0][name]=a&$sort[pos]=-1&$select[]=name`.

pub mod filter;
mod number;
pub mod selection;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::protocol::{ApiError, ErrorKind};
use crate::server::store::{DAMAGED, Record};
use filter::{CandidateCell, Condition, Field, Operand, QueryBudget, SortKey, Test, ValueSet, grid_order};

/// Brackets within brackets: `a[b][c]...`.
const DEPTH: usize = 16;
/// `key=value` pairs.
const PAIRS: usize = 1500;
/// Comparisons, and groups of them.
const CONDITIONS: usize = 100;
/// Values in all lists of `$in` and `$nin` together.
const LISTED: usize = 1000;
const SORTED: usize = 16;
const SELECTED: usize = 100;
/// What is weighed at most where requests are answered: it takes less than a millisecond.
const LIGHT: usize = 2000;
/// What parsing a value weighs.
const VALUE: usize = 100;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    filter: Arc<[Condition]>,
    sort: Vec<(Field, bool)>,
    select: Option<Vec<String>>,
    limit: Option<usize>,
    skip: usize,
    /// `$page=true`: answer `{total, limit, skip, data}` instead of a plain array.
    pub paged: bool,
}

/// The query as it was written: what stands between the brackets, and the texts at the ends.
#[derive(Clone, Debug, PartialEq)]
enum QueryNode {
    Text(String),
    Branch(Vec<(String, QueryNode)>),
}

fn bad(message: String) -> ApiError {
    ErrorKind::BadRequest.with(message)
}

/// What has been read of a query so far: refused as soon as there is too much of it.
#[derive(Default)]
struct QueryLimits {
    conditions: usize,
    listed: usize,
}

impl QueryLimits {
    fn condition(&mut self) -> Result<(), ApiError> {
        self.conditions += 1;
        most(self.conditions, CONDITIONS, "conditions, groups of '$or' and '$and' included", "ask several times")
    }

    fn list(&mut self, values: usize) -> Result<(), ApiError> {
        self.listed += values;
        most(self.listed, LISTED, "values in its lists of '$in' and '$nin'", "ask several times")
    }
}

fn most(found: usize, most: usize, of: &str, way: &str) -> Result<(), ApiError> {
    if found <= most { Ok(()) } else { Err(bad(format!("A query may have {most} {of}, and this one has more; {way}."))) }
}

impl Query {
    /// Parses a URL's query; percent-encoding and `+` are undone.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let mut root = Vec::new();
        for (at, (key, value)) in form_urlencoded::parse(query.as_bytes()).enumerate() {
            most(at + 1, PAIRS, "pairs of key and value", "ask several times")?;
            if !key.is_empty() {
                insert(&mut root, &path(&key)?, value.into_owned());
            }
        }
        let (mut parsed, mut filter, mut counted) = (Self::default(), Vec::new(), QueryLimits::default());
        for (key, node) in root {
            match (key.as_str(), node) {
                ("$limit", node) => parsed.limit = Some(number("$limit", &node)?),
                ("$skip", node) => parsed.skip = number("$skip", &node)?,
                ("$page", node) => {
                    parsed.paged = match text("$page", node)?.as_str() {
                        "true" => true,
                        "false" => false,
                        other => return Err(bad(format!("'$page' must be true or false, not '{}'.", short(other)))),
                    }
                }
                ("$select", node) => {
                    let keys = texts("$select", node)?;
                    most(keys.len(), SELECTED, "keys in '$select'", "leave '$select' out for the whole document")?;
                    parsed.select = Some(keys);
                }
                ("$sort", QueryNode::Branch(fields)) => {
                    most(fields.len(), SORTED, "keys in '$sort'", "the first few decide")?;
                    for (field, direction) in fields {
                        let descending = match text("$sort", direction)?.as_str() {
                            "1" => false,
                            "-1" => true,
                            other => return Err(bad(format!("'$sort[{}]' must be 1 or -1, not '{}'.", short(&field), short(other)))),
                        };
                        parsed.sort.push((Field::new(&field), descending));
                    }
                }
                ("$sort", QueryNode::Text(_)) => return Err(bad("'$sort' is written as $sort[field]=1 or -1.".into())),
                (_, node) => filter.push(condition(key, node, &mut counted)?),
            }
        }
        sort_by_cost(&mut filter);
        parsed.filter = filter.into();
        Ok(parsed)
    }

    /// True when every cell matches: changing or removing many is refused then.
    pub fn is_empty(&self) -> bool {
        self.filter.is_empty()
    }

    /// Whether one cell does.
    pub fn matches(&self, record: &Record) -> Result<bool, ApiError> {
        let budget = QueryBudget::one_cell();
        let matches = CandidateCell::new(record, &budget).matches_all(&self.filter);
        budget.check().map(|()| matches)
    }

    /// Whether one cell matches; `None` once the budget is spent.
    pub fn matches_within(&self, record: &Record, budget: &QueryBudget) -> Option<bool> {
        if self.board().is_some_and(|board| board != &*record.board) {
            return Some(false);
        }
        let matches = CandidateCell::new(record, budget).matches_all(&self.filter);
        (!budget.is_spent()).then_some(matches)
    }

    /// The board that all cells which match are on, where the query says so.
    pub fn board(&self) -> Option<&str> {
        self.filter.iter().find_map(|condition| match condition {
            Condition::Field(field, Test::Equal, board) if field.name == "board" => Some(board.text.as_str()),
            _ => None,
        })
    }

    /// Whether so many cells are looked at in no time.
    pub fn is_cheap(&self, cells: usize) -> bool {
        let parses = self.filter.iter().any(Condition::needs_value) || self.sort.iter().any(|(field, _)| field.needs_value());
        let each = 1 + self.filter.len() + self.sort.len() + if parses { VALUE } else { 0 };
        // A group holds many conditions.
        let is_plain = self.filter.iter().all(|condition| matches!(condition, Condition::Field(..)));
        cells <= 1 || (is_plain && cells.saturating_mul(each) <= LIGHT)
    }

    /// True when the answer is to be cut: nothing that changes or removes many may be.
    pub fn is_cut(&self) -> bool {
        self.limit.is_some() || self.skip > 0
    }

    /// The records that match, in order. It ends early, with less, once `is_cancelled`.
    pub fn select(
        &self,
        records: Vec<Arc<Record>>,
        budget: &QueryBudget,
        is_cancelled: impl Fn() -> bool,
    ) -> Result<Vec<Arc<Record>>, ApiError> {
        // What is compared is looked up once for each record, with what its conditions have parsed.
        let mut found: Vec<(Vec<SortKey>, Arc<Record>)> = Vec::new();
        for record in records {
            let seen = CandidateCell::new(&record, budget);
            let matches = seen.matches_all(&self.filter);
            let keys = if matches { self.sort.iter().map(|(field, _)| seen.sort_key(field)).collect() } else { Vec::new() };
            budget.check()?;
            drop(seen);
            if matches {
                found.push((keys, record));
            }
            if is_cancelled() {
                return Ok(Vec::new());
            }
        }
        found.sort_by(|(a, one), (b, other)| {
            let turned = |(at, (_, descending)): (usize, &(Field, bool))| {
                let order = a[at].cmp(&b[at]);
                if *descending { order.reverse() } else { order }
            };
            let sorted = self.sort.iter().enumerate().map(turned).find(|order| order.is_ne());
            sorted.unwrap_or(Ordering::Equal).then_with(|| grid_order(one, other))
        });
        Ok(found.into_iter().map(|(_, record)| record).collect())
    }

    pub fn page(&self, records: Vec<Arc<Record>>) -> impl Iterator<Item = Arc<Record>> {
        records.into_iter().skip(self.skip).take(self.limit.unwrap_or(usize::MAX))
    }

    /// `limit` and `skip` as a paged answer repeats them.
    pub fn bounds(&self, total: usize) -> (usize, usize) {
        (self.limit.unwrap_or(total), self.skip)
    }

    pub fn selects(&self, key: &str) -> bool {
        self.select.as_ref().is_none_or(|select| select.iter().any(|selected| selected == key || selected.starts_with(&format!("{key}."))))
    }

    /// Whether [`Self::project`] has anything to do.
    pub fn is_projection(&self) -> bool {
        self.select.is_some()
    }

    /// A document reduced to `$select` (and `_id`, always), or as it is.
    pub fn project(&self, document: String) -> String {
        let Some(select) = &self.select else { return document };
        // Texts as they are: a number that no float holds comes back as it was sent.
        let mut keys: BTreeMap<String, &RawValue> = serde_json::from_str(&document).unwrap_or_default();
        let has_value = self.selects("value");
        keys.retain(|key, _| key == "_id" || (key == DAMAGED && has_value) || select.iter().any(|selected| selected == key));
        serde_json::to_string(&keys).unwrap_or_default()
    }
}

/// What has to be parsed comes last: most cells are decided before it.
fn sort_by_cost(conditions: &mut [Condition]) {
    conditions.sort_by_key(Condition::needs_value);
}

/// Long texts are not repeated whole.
fn short(text: &str) -> String {
    text.chars().take(80).collect()
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
        "" => Err(bad(format!("The query '{}' is nested deeper than {DEPTH}.", short(head)))),
        _ => Err(bad(format!("The brackets in the query '{}' do not match.", short(key)))),
    }
}

fn insert(branch: &mut Vec<(String, QueryNode)>, path: &[String], value: String) {
    let Some((head, rest)) = path.split_first() else { return };
    // `a[]=1&a[]=2` and `a=1&a=2` are lists: their parts get numbers.
    let known = branch.iter().position(|(key, _)| key == head && !head.is_empty());
    match (rest.is_empty(), known) {
        (true, Some(at)) => match &mut branch[at].1 {
            QueryNode::Branch(list) => list.push((list.len().to_string(), QueryNode::Text(value))),
            QueryNode::Text(first) => {
                let first = QueryNode::Text(std::mem::take(first));
                branch[at].1 = QueryNode::Branch(vec![("0".into(), first), ("1".into(), QueryNode::Text(value))]);
            }
        },
        (true, None) => branch.push((if head.is_empty() { branch.len().to_string() } else { head.clone() }, QueryNode::Text(value))),
        (false, Some(at)) => {
            if let QueryNode::Text(text) = &mut branch[at].1 {
                let first = QueryNode::Text(std::mem::take(text));
                branch[at].1 = QueryNode::Branch(vec![("0".into(), first)]);
            }
            if let QueryNode::Branch(inner) = &mut branch[at].1 {
                insert(inner, rest, value);
            }
        }
        (false, None) => {
            let mut inner = Vec::new();
            insert(&mut inner, rest, value);
            branch.push((if head.is_empty() { branch.len().to_string() } else { head.clone() }, QueryNode::Branch(inner)));
        }
    }
}

fn text(name: &str, node: QueryNode) -> Result<String, ApiError> {
    match node {
        QueryNode::Text(text) => Ok(text),
        QueryNode::Branch(_) => Err(bad(format!("'{name}' must be one value, not a list."))),
    }
}

fn texts(name: &str, node: QueryNode) -> Result<Vec<String>, ApiError> {
    match node {
        QueryNode::Text(one) => Ok(vec![one]),
        QueryNode::Branch(many) => many.into_iter().map(|(_, node)| text(name, node)).collect(),
    }
}

fn number(name: &str, node: &QueryNode) -> Result<usize, ApiError> {
    match node {
        QueryNode::Text(text) if let Ok(number) = text.parse() => Ok(number),
        _ => Err(bad(format!("'{name}' must be a whole number, 0 or more."))),
    }
}

fn conditions(node: QueryNode, counted: &mut QueryLimits) -> Result<Vec<Condition>, ApiError> {
    counted.condition()?;
    match node {
        QueryNode::Branch(parts) => {
            let mut group = parts.into_iter().map(|(key, node)| condition(key, node, counted)).collect::<Result<Vec<_>, _>>()?;
            sort_by_cost(&mut group);
            Ok(group)
        }
        QueryNode::Text(_) => Err(bad("'$or' and '$and' are lists of queries: $or[0][field]=value.".into())),
    }
}

fn alternatives(node: QueryNode, counted: &mut QueryLimits) -> Result<Vec<Vec<Condition>>, ApiError> {
    match node {
        QueryNode::Branch(parts) => parts.into_iter().map(|(_, node)| conditions(node, counted)).collect(),
        node => conditions(node, counted).map(|one| vec![one]),
    }
}

fn condition(key: String, node: QueryNode, counted: &mut QueryLimits) -> Result<Condition, ApiError> {
    let unknown = |name: &str| bad(format!("The query operator '{}' is not known.", short(name)));
    match (key.as_str(), node) {
        ("$or", node) => Ok(Condition::Or(alternatives(node, counted)?)),
        ("$and", node) => Ok(Condition::And(alternatives(node, counted)?)),
        (name, _) if name.starts_with('$') => Err(unknown(name)),
        (_, QueryNode::Text(operand)) => {
            counted.condition()?;
            Ok(Condition::Field(Field::new(&key), Test::Equal, Operand::new(operand)))
        }
        (_, QueryNode::Branch(operators)) => {
            let mut parts = Vec::new();
            for (operator, node) in operators {
                let test = match operator.as_str() {
                    "$in" | "$nin" => {
                        counted.condition()?;
                        let (field, negated, among) = (Field::new(&key), operator == "$nin", texts(&operator, node)?);
                        counted.list(among.len())?;
                        parts.push(Condition::OneOf { field, among: ValueSet::of(among), negated });
                        continue;
                    }
                    "$ne" => Test::NotEqual,
                    "$lt" => Test::Less,
                    "$lte" => Test::LessOrEqual,
                    "$gt" => Test::Greater,
                    "$gte" => Test::GreaterOrEqual,
                    name if name.starts_with('$') => return Err(unknown(name)),
                    // `layout[order]=1` asks within an object.
                    name => {
                        parts.push(condition(format!("{key}.{name}"), node, counted)?);
                        continue;
                    }
                };
                counted.condition()?;
                parts.push(Condition::Field(Field::new(&key), test, Operand::new(text(&operator, node)?)));
            }
            match parts.len() {
                1 => Ok(parts.remove(0)),
                _ => Ok(Condition::And(vec![parts])),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::protocol::{CellContent, CellId};
    use crate::server::store::StoredValue;

    fn record(json: &str, at: u64) -> Arc<Record> {
        let mut keys: serde_json::Map<String, Value> = serde_json::from_str(json).unwrap();
        let value = keys.remove("value").map(|value| Arc::from(value.to_string()));
        let id = CellId::parse(&format!("id{at}")).unwrap();
        let (board, value) = (Arc::from("main"), StoredValue::of(value.as_ref()));
        Arc::new(Record {
            id,
            board,
            seq: at,
            entered_board_seq: at,
            created_order: at,
            rev: 1,
            version: 1,
            created_ms: at,
            updated_ms: at,
            keys,
            value,
            content: CellContent::Empty,
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
        let found = query.page(query.select(documents(), &QueryBudget::whole(), || false).unwrap());
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
        assert!(!query.selects("value"));
        assert!(Query::parse("$select=value").unwrap().selects("value"));
    }

    #[test]
    fn whole_numbers_are_compared_exactly() {
        let documents = [
            r#"{"run":9007199254740993,"pos":1}"#,
            r#"{"run":9007199254740992,"pos":2}"#,
            r#"{"run":18446744073709551615,"pos":3}"#,
            r#"{"value":[1,9007199254740993],"pos":4}"#,
            r#"{"run":-9007199254740993,"pos":5}"#,
        ];
        let find = |query: &str| {
            let query = Query::parse(query).unwrap();
            let found = query
                .select(documents.iter().zip(1..).map(|(json, at)| record(json, at)).collect(), &QueryBudget::whole(), || false)
                .unwrap();
            found.iter().map(|record| record.id.as_str()[2..].to_owned()).collect::<String>()
        };
        assert_eq!(
            (find("run=9007199254740993"), find("run=9007199254740992"), find("run=9007199254740992.0")),
            ("1".into(), "2".into(), "2".into())
        );
        assert_eq!((find("run=-9007199254740993"), find("run=-9007199254740992")), ("5".into(), "".into()));
        assert_eq!((find("run[$gt]=9007199254740992"), find("run[$gte]=18446744073709551615")), ("13".into(), "3".into()));
        assert_eq!((find("run[$lt]=9007199254740993&run[$gt]=0"), find("run[$in][]=9007199254740993")), ("2".into(), "1".into()));
        assert_eq!((find("run[$ne]=9007199254740993&run[$gt]=0"), find("value=9007199254740993")), ("23".into(), "4".into()));
        assert_eq!((find("value=9007199254740992"), find("value[$in]=9007199254740993")), ("".into(), "4".into()));
        assert_eq!(find("$sort[run]=1"), "45213");
        // No document has such a number: they are texts.
        for word in ["NaN", "inf", "Infinity", "-Infinity"] {
            assert_eq!(
                (find(&format!("run={word}")), find(&format!("run[$gt]={word}")), find(&format!("run[$lt]={word}"))),
                ("".into(), "".into(), "".into())
            );
        }
        assert_eq!(find("run[$lt]=1e999"), "1235");
    }

    #[test]
    fn every_part_of_a_query_is_bounded_and_the_bound_is_named() {
        let list = |count: usize, part: &dyn Fn(usize) -> String| (0..count).map(part).collect::<Vec<_>>().join("&");
        for (count, part, named) in [
            (100, &(|at| format!("value[{at}][b]=x")) as &dyn Fn(usize) -> String, "100 conditions"),
            (100, &|at| format!("k{at}=x"), "100 conditions"),
            (100, &|at| format!("k{at}[$gt]=x"), "100 conditions"),
            (50, &|at| format!("$or[{at}][value]=x"), "100 conditions"),
            (50, &|at| format!("$and[{at}][value][$ne]=x"), "100 conditions"),
            (1000, &|_| "a[$in][]=x".to_owned(), "1000 values"),
            (1000, &|at| format!("a[$nin][{at}]=x"), "1000 values"),
            (16, &|at| format!("$sort[k{at}]=1"), "16 keys in '$sort'"),
            (100, &|_| "$select[]=x".to_owned(), "100 keys in '$select'"),
        ] {
            let (fits, most) = (list(count, part), list(count + 1, part));
            assert!(Query::parse(&fits).is_ok(), "{fits}: {:?}", Query::parse(&fits).err());
            let error = Query::parse(&most).unwrap_err();
            assert!(error.code == 400 && error.message.contains(named), "{error}");
        }
        let error = Query::parse(&list(1501, &|at| format!("$sort[{at}]=1"))).unwrap_err();
        assert!(error.message.contains("1500 pairs"), "{error}");
        let nested = |depth: usize| format!("{}[a]=1", (0..depth).fold("$or".to_owned(), |path, _| path + "[0][$or]") + "[0]");
        assert!(Query::parse(&nested(6)).is_ok());
        assert!(Query::parse(&nested(8)).unwrap_err().message.contains("nested deeper than 16"));
        assert!(Query::parse(&format!("{}[=1", "x".repeat(5000))).unwrap_err().message.len() < 200);
    }

    #[test]
    fn what_a_query_looks_at_is_bounded_too() {
        let many = format!(r#"{{"list":[{}]}}"#, vec!["0"; 20_000].join(","));
        let records: Vec<_> = (0..60).map(|at| record(&many, at)).collect();
        let ask = |conditions: usize| {
            let each: Vec<_> = (0..conditions).map(|at| format!("$and[{at}][list][$ne]={}", at + 1)).collect();
            Query::parse(&each.join("&")).unwrap()
        };
        let select = |query: &Query| query.select(records.clone(), &QueryBudget::whole(), || false);
        assert_eq!(select(&ask(10)).unwrap().len(), 60);
        assert!(ask(10).select(records.clone(), &QueryBudget::inline(), || false).is_err());
        let error = select(&ask(50)).unwrap_err();
        assert!(error.code == 400 && error.message.contains("looks at more than it may"), "{error}");
        assert!(ask(10).matches(&records[0]).unwrap());
        let whole = format!(r#"{{"list":[{}]}}"#, vec!["0"; 120_000].join(","));
        assert_eq!(ask(9).matches(&record(&whole, 1)).unwrap_err().code, 400);
        assert!(ask(1).select(records.clone(), &QueryBudget::whole(), || true).unwrap().is_empty(), "nobody waits for it");
    }

    #[test]
    fn what_is_asked_in_one_place_is_light() {
        let is_cheap = |query: &str, cells: usize| Query::parse(query).unwrap().is_cheap(cells);
        assert!(is_cheap("", 1000) && is_cheap("board=main&pos[$gt]=3", 500) && is_cheap("value=x", 1) && is_cheap("value=x", 10));
        assert!(!is_cheap("", 4000) && !is_cheap("value=x", 300) && !is_cheap("$sort[value]=1", 300) && !is_cheap("$or[0][a]=1", 10));
        assert_eq!(Query::parse("a=1&board=x").unwrap().board(), Some("x"));
        assert_eq!((Query::parse("board[$ne]=x").unwrap().board(), Query::parse("$or[0][board]=x").unwrap().board()), (None, None));
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
