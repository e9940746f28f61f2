//! Tests of `json_path`.

use super::*;

#[test]
fn what_is_wrong_is_named_with_its_path() {
    let root = JsonPath::root(r#" {"rows": [[1, 2], [3, "x"]], "two words": {"a": true}} "#);
    let rows = root.need("rows").unwrap();
    let wrong = rows.items().unwrap().map(|row| row.numbers()).find_map(Result::err).unwrap();
    assert_eq!(wrong.message, "value.rows[1][1] must be a number, or \"NaN\", \"Infinity\" or \"-Infinity\", not a string.");
    assert_eq!(wrong.errors.0.keys().next().unwrap(), "value.rows[1][1]");
    let inner = root.need("two words").unwrap();
    assert_eq!(inner.need("a").unwrap().number().unwrap_err().message, "value[\"two words\"].a must be a number, not a boolean.");
    assert_eq!(inner.need("b").err().unwrap().message, "value[\"two words\"].b is missing.");
    assert_eq!((wrong.code, root.items().err().unwrap().message.as_str()), (400, "value must be an array, not an object."));
}

#[test]
fn what_json_has_no_numbers_for_is_a_text() {
    let root = JsonPath::root(r#"["NaN", "Infinity", "-Infinity", null, 1e308, "nan", 1e999]"#);
    let read: Vec<_> = root.items().unwrap().map(|item| item.number()).collect();
    assert!(read[0].as_ref().unwrap().is_nan() && read[3].as_ref().unwrap().is_nan());
    assert_eq!((read[1].as_ref().ok(), read[2].as_ref().ok()), (Some(&f64::INFINITY), Some(&f64::NEG_INFINITY)));
    assert!(read[5].is_err());
    let wrong = read[6].as_ref().unwrap_err();
    assert_eq!(wrong.message, "value[6] is a number that no double can hold; send \"Infinity\" or \"-Infinity\".");
    assert!(root.items().unwrap().map(|item| item.finite()).filter(Result::is_ok).count() == 1);
}

#[test]
fn text_is_read_as_a_tree_of_it_would_be() {
    let json = r#" {"a" : [ 1 , "b,]\\\"}" ,{ "x":[[],{}]} ], "a\u0062":"\ud83d\ude00", "":{} , "a": [true,null,-0.5e1]}"#;
    let root = JsonPath::root(json);
    assert_eq!(root.get("ab").unwrap().text().unwrap(), "😀");
    assert!(root.get("").unwrap().is_object() && root.get("b").is_none());
    let last = root.get("a").unwrap();
    assert_eq!((last.count(), last.items().unwrap().last().unwrap().number().unwrap()), (3, -5.0), "the last of several");
    let mut keys = Vec::new();
    root.entries(|key, value| {
        keys.push((key.to_owned(), value.sort()));
        Ok(())
    })
    .unwrap();
    assert_eq!(keys, [("a".into(), "an array"), ("ab".into(), "a string"), (String::new(), "an object"), ("a".into(), "an array")]);
    let list = JsonPath::root(r#"[1,"b,]\"}",{"x":[[],{}]},[ ],2]"#);
    let sorts: Vec<_> = list.items().unwrap().map(|item| item.sort()).collect();
    assert_eq!(sorts, ["a number", "a string", "an object", "an array", "a number"]);
    assert_eq!((JsonPath::root("[]").count(), JsonPath::root("{}").count(), JsonPath::root("[ ]").count()), (0, 0, 0));
    let label = |json: &str| JsonPath::root(json).label().ok();
    assert_eq!(
        (label("1.50"), label("\"x\""), label("null"), label("[]")),
        (Some("1.5".into()), Some("x".into()), Some(String::new()), None)
    );
}

#[test]
fn an_index_has_the_keys_of_the_text() {
    let json = r#" {"a": [1, 2], "b": null, "a": {"x": [3]}, "\u0063": "d"} "#;
    let index = index(json);
    let (root, indexed) = (JsonPath::root(json), JsonPath::indexed(json, index.as_deref()));
    for key in ["a", "b", "c", "x", ""] {
        let text = |root: JsonPath| root.entry(key).map(|node| (node.json.to_owned(), node.to_string()));
        assert_eq!(text(indexed), text(root), "{key}");
    }
    assert_eq!(indexed.get("a").unwrap().json, r#"{"x": [3]}"#);
    let many: Vec<String> = (0..=MAX_INDEXED_KEYS).map(|key| format!("\"{key}\":0")).collect();
    let object = |count: usize| format!("{{{}}}", many[..count].join(","));
    assert_eq!(super::index(&object(MAX_INDEXED_KEYS)).unwrap().len(), MAX_INDEXED_KEYS);
    assert_eq!(super::index(&object(MAX_INDEXED_KEYS + 1)), None);
    assert_eq!(super::index("[1, 2]"), Some(Vec::new()));
}
