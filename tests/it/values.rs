//! `/values`: Feathers' verbs, query language and errors.

use serde_json::{Value, json};

use crate::support::{Reply, spawn};

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|cell| cell["name"].as_str().unwrap()).collect()
}

fn assert_error(reply: &Reply, code: u16, name: &str) {
    let error = reply.json();
    assert_eq!((reply.status, error["code"].as_u64(), error["name"].as_str()), (code, Some(u64::from(code)), Some(name)), "{error}");
    assert!(error["message"].as_str().unwrap().len() > 5 && error["data"].is_object() && error["errors"].is_object(), "{error}");
    assert_eq!(reply.headers["content-type"], "application/json");
}

#[tokio::test]
async fn the_verbs() {
    let server = spawn().await;
    let made = server.call("POST", "/values", r#"{"name":"","type":"html","value":[],"pos":0,"description":""}"#).await;
    assert_eq!(made.status, 201);
    let cell = made.json();
    let id = cell["_id"].as_str().unwrap();
    assert_eq!((id.len(), &cell["value"], &cell["board"], &cell["rev"]), (16, &json!([]), &json!("main"), &json!(1)));
    let path = format!("/values/{id}");
    assert_eq!(server.get(&path).await, cell);

    let patched = server.call("PATCH", &path, r#"{"name":"test1","value":"<p>1</p>"}"#).await;
    assert_eq!(patched.status, 200);
    let patched = patched.json();
    assert_eq!(
        (&patched["name"], &patched["type"], &patched["value"], &patched["rev"]),
        (&json!("test1"), &json!("html"), &json!("<p>1</p>"), &json!(2))
    );
    assert_eq!(server.get(&path).await, patched);

    let replaced = server.call("PUT", &path, r#"{"_id":"other","name":"new","rev":77}"#).await.json();
    assert_eq!((&replaced["_id"], &replaced["name"], &replaced["rev"]), (&json!(id), &json!("new"), &json!(3)));
    assert!(replaced.get("type").is_none() && replaced.get("value").is_none());
    assert_eq!(replaced["createdAt"], cell["createdAt"]);

    let removed = server.call("DELETE", &path, "").await;
    assert_eq!((removed.status, &removed.json()["name"]), (200, &json!("new")));
    let gone = server.call("GET", &path, "").await;
    assert_error(&gone, 404, "NotFound");
    assert_eq!(gone.json()["message"], format!("No record found for id '{id}'"));
    assert_eq!(gone.json()["className"], "not-found");
    for method in ["PUT", "PATCH", "DELETE"] {
        assert_error(&server.call(method, &path, "{}").await, 404, "NotFound");
    }
    assert_eq!(server.get("/values").await, json!([]));
}

#[tokio::test]
async fn both_mounts_are_one() {
    let server = spawn().await;
    let made = server.call("POST", "/api/v1/values", r#"{"name":"a"}"#).await;
    assert_eq!(made.status, 201);
    let id = made.json()["_id"].as_str().unwrap().to_owned();
    assert_eq!(server.get(&format!("/values/{id}")).await, server.get(&format!("/api/v1/values/{id}")).await);
    assert_eq!(server.get("/api/v1/values").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn any_document_is_kept_as_it_is() {
    let server = spawn().await;
    let id = server.create(r#"{"name":"Doug","age":32,"tags":["a",{"b":null}],"value":{"x":[1e5,0.1,-0.0,12345678901234567890]}}"#).await;
    let text = server.call("GET", &format!("/values/{id}"), "").await.text;
    assert!(text.contains(r#""name":"Doug","age":32,"tags":["a",{"b":null}],"value":{"x":[1e5,0.1,-0.0,12345678901234567890]}"#), "{text}");
    assert_eq!(server.get("/values?age=32").await[0]["name"], "Doug");
    assert_eq!(server.get("/values?age[$gt]=40").await, json!([]));
}

#[tokio::test]
async fn every_double_of_a_document_comes_back_bit_for_bit() {
    let server = spawn().await;
    let (mut bits, mut sent) = (1_u64, vec![6e-243, 0.1 + 0.2, f64::MAX, f64::from_bits(1), f64::MIN_POSITIVE, -0.0]);
    while sent.len() < 5000 {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        sent.push(f64::from_bits(bits.rotate_left(21)));
        sent.retain(|number| number.is_finite());
    }
    let list: Vec<String> = sent.iter().map(|number| format!("{number:e}")).collect();
    server.create(&format!(r#"{{"_id":"a","numbers":[{}]}}"#, list.join(","))).await;
    let text = server.call("GET", "/values/a", "").await.text;
    let (_, list) = text.split_once(r#""numbers":["#).unwrap();
    let received = list.split(']').next().unwrap().split(',').map(|number| number.parse::<f64>().unwrap().to_bits());
    assert!(received.eq(sent.iter().map(|number| number.to_bits())));
}

#[tokio::test]
async fn bodies_are_json_whatever_they_are_called() {
    let server = spawn().await;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "nonsense"] {
        let reply = server.ask("POST", "/values", r#"{"name":"a"}"#, &[("content-type", kind)]).await;
        assert_eq!(reply.status, 201, "{kind}");
    }
}

#[tokio::test]
async fn queries() {
    let server = spawn().await;
    let body = r#"[{"name":"c","pos":2},{"name":"a","pos":0,"board":"x"},{"name":"b","pos":1},{"name":"last"}]"#;
    let made = server.call("POST", "/values", body).await;
    assert_eq!((made.status, names(&made.json())), (201, vec!["c", "a", "b", "last"]));
    assert_eq!(names(&server.get("/values").await), ["a", "b", "c", "last"]);
    assert_eq!(names(&server.get("/values?board=main&$sort[pos]=-1&$limit=2").await), ["c", "b"]);
    assert_eq!(names(&server.get("/values?%24or%5B0%5D%5Bname%5D=a&%24or%5B1%5D%5Bname%5D=b").await), ["a", "b"]);
    let page = server.get("/values?$page=true&$limit=1&$skip=1&board=main").await;
    assert_eq!((&page["total"], &page["limit"], &page["skip"], names(&page["data"])), (&json!(3), &json!(1), &json!(1), vec!["c"]));
    let selected = server.get("/values?name=a&$select[]=name").await;
    assert_eq!(selected[0].as_object().unwrap().keys().collect::<Vec<_>>(), ["_id", "name"]);
    assert_error(&server.call("GET", "/values?$regex=x", "").await, 400, "BadRequest");
    assert_error(&server.call("GET", "/values?name[$like]=x", "").await, 400, "BadRequest");
}

#[tokio::test]
async fn many_at_once() {
    let server = spawn().await;
    server.call("POST", "/values", r#"[{"name":"a","pos":0},{"name":"b","pos":1},{"name":"c","pos":2}]"#).await;
    for method in ["PATCH", "DELETE"] {
        for query in ["", "?", "?$sort[pos]=1"] {
            assert_error(&server.call(method, &format!("/values{query}"), "{}").await, 405, "MethodNotAllowed");
        }
    }
    assert_error(&server.call("PUT", "/values", "{}").await, 405, "MethodNotAllowed");
    assert_error(&server.call("POST", "/values/abc", "{}").await, 405, "MethodNotAllowed");
    for query in ["?pos[$gte]=1&$limit=1", "?pos[$gte]=1&$skip=1", "?$foo=1"] {
        assert_error(&server.call("DELETE", &format!("/values{query}"), "").await, 400, "BadRequest");
    }
    let patched = server.call("PATCH", "/values?pos[$gte]=1", r#"{"run":7}"#).await;
    assert_eq!((patched.status, names(&patched.json())), (200, vec!["b", "c"]));
    assert_eq!(names(&server.get("/values?run=7").await), ["b", "c"]);
    let removed = server.call("DELETE", "/values?run=7", "").await;
    assert_eq!(names(&removed.json()), ["b", "c"]);
    assert_eq!(names(&server.get("/values").await), ["a"]);
}

#[tokio::test]
async fn a_query_narrows_calls_for_one_cell() {
    let server = spawn().await;
    let id = server.create(r#"{"name":"a","pos":1,"value":2}"#).await;
    let path = format!("/values/{id}");
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        assert_error(&server.call(method, &format!("{path}?name=b"), "{}").await, 404, "NotFound");
        assert_error(&server.call(method, &format!("{path}?$foo=1"), "{}").await, 400, "BadRequest");
    }
    let patched = server.call("PATCH", &format!("{path}?name=a&$select[]=pos"), r#"{"pos":3}"#).await.json();
    assert_eq!(patched, json!({"_id": id, "pos": 3}));
    assert_eq!(server.get(&format!("{path}/?$select=value")).await, json!({"_id": id, "value": 2}));
    assert_eq!(server.call("POST", "/values/", "{}").await.status, 201);
}

#[tokio::test]
async fn one_request_can_only_do_so_much() {
    let server = spawn().await;
    let many = |count: usize| format!("[{}{{}}]", "{},".repeat(count - 1));
    assert_error(&server.call("POST", "/values", many(1001)).await, 413, "PayloadTooLarge");
    assert_eq!(server.call("POST", "/values", many(100)).await.status, 201);
    let value = format!(r#"{{"value":"{}"}}"#, "x".repeat(1 << 20));
    assert_error(&server.call("PATCH", "/values?board=main", value).await, 413, "PayloadTooLarge");
    let note = format!(r#"{{"description":"{}"}}"#, "x".repeat(300_000));
    assert_error(&server.call("POST", "/values", note).await, 413, "PayloadTooLarge");
    assert_eq!(server.get("/values?$page=true&$limit=0").await["total"], 100);
}

#[tokio::test]
async fn an_array_is_created_as_a_whole_or_not_at_all() {
    let server = spawn().await;
    server.create(r#"{"_id":"mine"}"#).await;
    let reply = server.call("POST", "/values", r#"[{"name":"a"},{"_id":"mine"},{"name":"b"}]"#).await;
    assert_error(&reply, 409, "Conflict");
    assert_error(&server.call("POST", "/values", r#"[{"name":"a"},{"pos":"x"}]"#).await, 400, "BadRequest");
    assert_eq!(server.get("/values").await.as_array().unwrap().len(), 1);
    let twice = server.call("POST", "/values", r#"[{"_id":"same"},{"_id":"same"}]"#).await;
    assert_error(&twice, 409, "Conflict");
    assert_eq!(server.get("/values").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn large_values_come_back_whole() {
    let server = spawn().await;
    let html = "<p>é\\n</p>".repeat(20_000);
    let id = server.create(&format!(r#"{{"type":"html","value":"{html}"}}"#)).await;
    let path = format!("/values/{id}");
    let value = html.replace("\\n", "\n");
    assert_eq!(server.get(&path).await["value"].as_str().unwrap(), value);
    let renamed = server.call("PATCH", &path, r#"{"name":"big"}"#).await.json();
    assert_eq!((renamed["value"].as_str().unwrap(), &renamed["name"]), (value.as_str(), &json!("big")));
    let retyped = server.call("PATCH", &path, r#"{"type":"text"}"#).await.json();
    assert_eq!((retyped["value"].as_str().unwrap(), &retyped["type"]), (value.as_str(), &json!("text")));
    assert_eq!(server.get("/values").await[0]["value"].as_str().unwrap(), value);
    assert_eq!(server.call("DELETE", &path, "").await.json()["value"].as_str().unwrap(), value);
}

#[tokio::test]
async fn bad_input_changes_nothing_and_is_answered_in_one_shape() {
    let server = spawn().await;
    let id = server.create(r#"{"name":"a","pos":1}"#).await;
    let path = format!("/values/{id}");
    let before = server.get("/values").await;
    let deep = format!(r#"{{"value":{}{}}}"#, "[".repeat(200_000), "]".repeat(200_000));
    let bodies: [&[u8]; 15] = [
        b"",
        b"{",
        b"{\"a\":1,}",
        b"[1]",
        b"3",
        b"null",
        b"\"x\"",
        b"{\"a\":NaN}",
        b"{\"value\":[1,Infinity]}",
        b"{\"name\":\"\xff\"}",
        b"\xff\xfe",
        b"{\"pos\":\"1\"}",
        b"{\"name\":{}}",
        b"{\"board\":\"a/b\"}",
        deep.as_bytes(),
    ];
    for body in bodies {
        for (method, path) in [("POST", "/values"), ("PUT", &path), ("PATCH", &path)] {
            let reply = server.call(method, path, body.to_vec()).await;
            assert_error(&reply, 400, "BadRequest");
        }
    }
    let position = server.call("POST", "/values", "{\n  \"a\": tru }").await.json();
    assert!(position["message"].as_str().unwrap().contains("line 2 column"), "{position}");
    let field = server.call("PATCH", &path, r#"{"pos":[]}"#).await.json();
    assert_eq!(field["errors"], json!({"pos": "must be a number"}));
    assert_eq!(server.get("/values").await, before);
}

#[tokio::test]
async fn huge_bodies_are_refused() {
    let server = spawn().await;
    let huge = vec![b' '; (16 << 20) + 1];
    assert_error(&server.call("POST", "/values", huge.clone()).await, 413, "PayloadTooLarge");
    let chunks = futures_util::stream::iter((0..40).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1 << 20])));
    assert_error(&server.call("POST", "/values", reqwest::Body::wrap_stream(chunks)).await, 413, "PayloadTooLarge");
    let html = format!(r#"{{"type":"html","value":"{}"}}"#, "x".repeat(9 << 20));
    assert_error(&server.call("POST", "/values", html).await, 413, "PayloadTooLarge");
    let picture = format!(r#"{{"type":"img","value":"data:image/png;base64,{}"}}"#, "A".repeat(9 << 20));
    assert_eq!(server.call("POST", "/values", picture).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_large_documents_are_selected() {
    let server = spawn().await;
    let value = "x".repeat(1 << 20);
    server.create(&json!({ "_id": "a", "value": value, "big": 1.5, "k": [1] }).to_string()).await;
    let wanted = json!({ "_id": "a", "k": [1] });
    assert_eq!(server.get("/values/a?$select[]=k").await, wanted);
    assert_eq!(server.get("/values?$select[]=k").await, json!([wanted]));
    let whole = json!({ "_id": "a", "k": [2], "value": value });
    let patched = server.call("PATCH", "/values/a?$select[]=k&$select[]=value", r#"{"k":[2]}"#).await;
    assert_eq!((patched.status, patched.json()), (200, whole.clone()));
    assert_eq!(server.get("/values?$select[]=k&$select[]=value").await, json!([whole]));
}
