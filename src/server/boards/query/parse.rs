//! Reads queries in the bracket syntax of `qs`.

use super::Query;
use super::filter::{Condition, Field, Operand, Test, ValueSet};
use crate::protocol::{ApiError, ErrorKind};
use crate::server::limits::{
    MAX_QUERY_CONDITIONS, MAX_QUERY_DEPTH, MAX_QUERY_LIST_VALUES, MAX_QUERY_PAIRS, MAX_SELECT_KEYS, MAX_SORT_KEYS,
};

/// The syntax tree of a query: the names in brackets, with the values as leaves.
#[derive(Clone, Debug, PartialEq)]
enum QueryNode {
    Text(String),
    Branch(Vec<(String, QueryNode)>),
}

fn bad_request(message: String) -> ApiError {
    ErrorKind::BadRequest.with(message)
}

/// Counts the parts of a query while it is parsed, so that a too large one is rejected early.
#[derive(Default)]
struct QueryCounts {
    conditions: usize,
    listed: usize,
}

impl QueryCounts {
    fn condition(&mut self) -> Result<(), ApiError> {
        self.conditions += 1;
        check_max(self.conditions, MAX_QUERY_CONDITIONS, "conditions, groups of '$or' and '$and' included", "ask several times")
    }

    fn list(&mut self, values: usize) -> Result<(), ApiError> {
        self.listed += values;
        check_max(self.listed, MAX_QUERY_LIST_VALUES, "values in its lists of '$in' and '$nin'", "ask several times")
    }
}

fn check_max(found: usize, max: usize, of: &str, way: &str) -> Result<(), ApiError> {
    if found <= max { Ok(()) } else { Err(bad_request(format!("A query may have {max} {of}, and this one has more; {way}."))) }
}

impl Query {
    /// Parses the query of a URL, with its percent-encoding. 400: unknown or too large.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let mut root = Vec::new();
        for (at, (key, value)) in form_urlencoded::parse(query.as_bytes()).enumerate() {
            check_max(at + 1, MAX_QUERY_PAIRS, "pairs of key and value", "ask several times")?;
            if !key.is_empty() {
                insert(&mut root, &path(&key)?, value.into_owned());
            }
        }
        let (mut parsed, mut filter, mut limits) = (Self::default(), Vec::new(), QueryCounts::default());
        for (key, node) in root {
            match (key.as_str(), node) {
                ("$limit", node) => parsed.limit = Some(number("$limit", &node)?),
                ("$skip", node) => parsed.skip = number("$skip", &node)?,
                ("$page", node) => {
                    parsed.paged = match text("$page", node)?.as_str() {
                        "true" => true,
                        "false" => false,
                        other => return Err(bad_request(format!("'$page' must be true or false, not '{}'.", short(other)))),
                    }
                }
                ("$select", node) => {
                    let keys = texts("$select", node)?;
                    check_max(keys.len(), MAX_SELECT_KEYS, "keys in '$select'", "leave '$select' out for the whole document")?;
                    parsed.select = Some(keys);
                }
                ("$sort", QueryNode::Branch(fields)) => {
                    check_max(fields.len(), MAX_SORT_KEYS, "keys in '$sort'", "the first few decide")?;
                    for (field, direction) in fields {
                        let descending = match text("$sort", direction)?.as_str() {
                            "1" => false,
                            "-1" => true,
                            other => {
                                return Err(bad_request(format!("'$sort[{}]' must be 1 or -1, not '{}'.", short(&field), short(other))));
                            }
                        };
                        parsed.sort.push((Field::new(&field), descending));
                    }
                }
                ("$sort", QueryNode::Text(_)) => return Err(bad_request("'$sort' is written as $sort[field]=1 or -1.".into())),
                (_, node) => filter.push(condition(key, node, &mut limits)?),
            }
        }
        sort_by_cost(&mut filter);
        parsed.filter = filter.into();
        Ok(parsed)
    }
}

/// Puts conditions on `value`, which must be parsed, last: most cells are decided before them.
fn sort_by_cost(conditions: &mut [Condition]) {
    conditions.sort_by_key(Condition::needs_value);
}

/// The beginning of a text, for an error message.
fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Splits a key: `a[b][]` is `["a", "b", ""]`.
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
        "" if parts.len() <= MAX_QUERY_DEPTH => Ok(parts),
        "" => Err(bad_request(format!("The query '{}' is nested deeper than {MAX_QUERY_DEPTH}.", short(head)))),
        _ => Err(bad_request(format!("The brackets in the query '{}' do not match.", short(key)))),
    }
}

fn insert(branch: &mut Vec<(String, QueryNode)>, path: &[String], value: String) {
    let Some((head, rest)) = path.split_first() else { return };
    // `a[]=1&a[]=2` and `a=1&a=2` are lists, whose items get numbers as keys.
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
        QueryNode::Branch(_) => Err(bad_request(format!("'{name}' must be one value, not a list."))),
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
        _ => Err(bad_request(format!("'{name}' must be a whole number, 0 or more."))),
    }
}

fn conditions(node: QueryNode, limits: &mut QueryCounts) -> Result<Vec<Condition>, ApiError> {
    limits.condition()?;
    match node {
        QueryNode::Branch(parts) => {
            let mut group = parts.into_iter().map(|(key, node)| condition(key, node, limits)).collect::<Result<Vec<_>, _>>()?;
            sort_by_cost(&mut group);
            Ok(group)
        }
        QueryNode::Text(_) => Err(bad_request("'$or' and '$and' are lists of queries: $or[0][field]=value.".into())),
    }
}

fn alternatives(node: QueryNode, limits: &mut QueryCounts) -> Result<Vec<Vec<Condition>>, ApiError> {
    match node {
        QueryNode::Branch(parts) => parts.into_iter().map(|(_, node)| conditions(node, limits)).collect(),
        node => conditions(node, limits).map(|one| vec![one]),
    }
}

fn condition(key: String, node: QueryNode, limits: &mut QueryCounts) -> Result<Condition, ApiError> {
    let unknown = |name: &str| bad_request(format!("The query operator '{}' is not known.", short(name)));
    match (key.as_str(), node) {
        ("$or", node) => Ok(Condition::Or(alternatives(node, limits)?)),
        ("$and", node) => Ok(Condition::And(alternatives(node, limits)?)),
        (name, _) if name.starts_with('$') => Err(unknown(name)),
        (_, QueryNode::Text(operand)) => {
            limits.condition()?;
            Ok(Condition::Field(Field::new(&key), Test::Equal, Operand::new(operand)))
        }
        (_, QueryNode::Branch(operators)) => {
            let mut parts = Vec::new();
            for (operator, node) in operators {
                let test = match operator.as_str() {
                    "$in" | "$nin" => {
                        limits.condition()?;
                        let (field, negated, among) = (Field::new(&key), operator == "$nin", texts(&operator, node)?);
                        limits.list(among.len())?;
                        parts.push(Condition::OneOf { field, among: ValueSet::of(among), negated });
                        continue;
                    }
                    "$ne" => Test::NotEqual,
                    "$lt" => Test::Less,
                    "$lte" => Test::LessOrEqual,
                    "$gt" => Test::Greater,
                    "$gte" => Test::GreaterOrEqual,
                    name if name.starts_with('$') => return Err(unknown(name)),
                    // `layout[order]=1` is a field of an object.
                    name => {
                        parts.push(condition(format!("{key}.{name}"), node, limits)?);
                        continue;
                    }
                };
                limits.condition()?;
                parts.push(Condition::Field(Field::new(&key), test, Operand::new(text(&operator, node)?)));
            }
            match parts.len() {
                1 => Ok(parts.remove(0)),
                _ => Ok(Condition::And(vec![parts])),
            }
        }
    }
}
