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
        let found =
            query.select(documents.iter().zip(1..).map(|(json, at)| record(json, at)).collect(), &QueryBudget::whole(), || false).unwrap();
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
    for query in ["$foo=1", "pos[$regex]=1", "$limit=-1", "$limit=x", "$sort=pos", "$sort[pos]=up", "a[b=1", "$or=1", "$skip[]=1&$skip[]=2"]
    {
        assert_eq!(Query::parse(query).unwrap_err().code, 400, "{query}");
    }
    let deep = format!("a{}=1", "[b]".repeat(100));
    assert!(Query::parse(&deep).is_err());
}
