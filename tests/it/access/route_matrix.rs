//! Every address that the router has, by everyone who could come.

use agnez::server::addresses;

use super::{bearer, locked, token};
use crate::support::Running;

/// An address that the router knows, as somebody would call it: of the board `a` and its cell `c`.
fn concrete(path: &str) -> String {
    let parts = [("{board}", "a"), ("{id}", "c"), ("{run}", "r"), ("{rev}", "1"), ("/{path}", "/favicon.svg")];
    let files = [("/images/{*path}", "/images/x.png"), ("/rpc/{*path}", "/rpc/cells/create"), ("/{*path}", "/none.js")];
    let path = parts.iter().chain(&files).rev().fold(path.to_owned(), |path, (part, name)| path.replace(part, name));
    match path.as_str() {
        "/live" => "/live?board=a&view=page".to_owned(),
        "/columns" => "/columns?cells=c".to_owned(),
        "/groups" => "/groups?cells=c".to_owned(),
        _ => path,
    }
}

async fn filled() -> (Running, String) {
    let server = locked().await;
    let write = token(&server, &["write"]).await;
    server.put(&write, r#"{"_id":"c","board":"a","name":"n","type":"html","value":"<p>"}"#).await;
    server.put(&write, r#"{"_id":"d","board":"b","type":"img","value":"images/x.png"}"#).await;
    assert_eq!(server.with(&write, "PATCH", "/boards/a/runs/r?upsert=true", "{}").await.status, 201);
    (server, write)
}

#[tokio::test]
async fn nobody_gets_further_than_his_token() {
    let (server, write) = filled().await;
    let before = server.with(&write, "GET", "/values", "").await.text;
    let read = bearer(&token(&server, &["read"]).await);
    let other_share = token(&server, &["share", "--board", "b"]).await;
    let (own_key, other_key) = (server.key(&write, "/b/a").await, server.key(&other_share, "/b/b").await);
    let (other, unknown) = (bearer(&other_share), bearer(&write.replace("agz_", "agz_A")));
    let basic = "Basic YW5uOmFnel9ub3RoaW5n";
    let list = addresses();
    assert!(list.len() > 40 && ["open", "read", "board", "write"].iter().all(|need| list.iter().any(|(.., has)| has == need)));
    // What is read and changed of many runs at once is among them.
    for (method, path, need) in [
        ("GET", "/boards/{board}/run-table", "board"),
        ("GET", "/boards/{board}/run-table.csv", "board"),
        ("GET", "/boards/{board}/run-groups", "board"),
        ("GET", "/boards/{board}/run-groups.csv", "board"),
        ("GET", "/boards/{board}/run-groups.tex", "board"),
        ("GET", "/boards/{board}/run-colours", "board"),
        ("POST", "/boards/{board}/run-restore", "write"),
        ("GET", "/groups", "board"),
    ] {
        assert!(list.iter().any(|(verb, at, has)| (verb.as_str(), at.as_str(), *has) == (method, path, need)), "{method} {path}");
    }
    let mut refused = 0;
    for (method, path, need) in &list {
        let (method, address) = (method.as_str(), concrete(path));
        let status = async |headers: &[(&str, &str)]| server.status(method, &address, headers).await;
        let keyed = async |key: &str| server.status(method, &format!("{key}{address}"), &[]).await;
        let at = format!("{method} {address}");
        if *need == "open" {
            assert!(matches!(status(&[]).await, 200 | 404), "{at}");
            assert!(method == "GET", "{at}: what is open changes nothing");
            continue;
        }
        for headers in [&[] as &[_], &[("authorization", unknown.as_str())], &[("authorization", basic)], &[("authorization", "Bearer")]] {
            assert_eq!(status(headers).await, 401, "{at} {headers:?}");
            refused += 1;
        }
        // What a page asks for without a header, and a page's own address sends its reader to the gate.
        let is_page = matches!(address.as_str(), "/" | "/b" | "/b/a");
        assert_eq!(keyed("/~").await, if is_page { 303 } else { 401 }, "{at}");
        let (by_other, by_other_key) = (status(&[("authorization", &other)]).await, keyed(&other_key).await);
        let (by_read, by_own_key) = (status(&[("authorization", &read)]).await, keyed(&own_key).await);
        match *need {
            "write" => {
                assert_eq!([by_other, by_other_key, by_read, by_own_key], [403; 4], "{at}");
            }
            "read" => {
                let by_key = if is_page { 303 } else { 403 };
                assert_eq!([by_other, by_other_key, by_own_key], [403, by_key, by_key], "{at}");
                assert_eq!(by_read, 200, "{at}");
            }
            "board" if is_page => assert_eq!((by_other, by_other_key, by_read), (403, 303, 200), "{at}"),
            // Of another board it says that there is nothing, and so it does of none: this answer is empty.
            "board" if matches!(path.as_str(), "/columns" | "/groups") => assert_eq!([by_other, by_read], [200, 200], "{at}"),
            // The picture that this share may see: see `shares`.
            "board" if path.starts_with("/images") => assert!(!matches!(by_read, 401 | 403), "{at}"),
            "board" => {
                assert!(matches!(by_other, 403 | 404) && matches!(by_other_key, 403 | 404), "{at}: {by_other} {by_other_key}");
                assert!(!matches!(by_read, 401 | 403), "{at}: {by_read}");
            }
            other => panic!("{other}"),
        }
        refused += 4;
    }
    assert!(refused > 200, "{refused}");
    assert_eq!(server.with(&write, "GET", "/values", "").await.text, before);
}

#[tokio::test]
async fn a_good_token_helps_no_page_of_another_site_and_no_other_name() {
    let (server, write) = filled().await;
    let before = server.with(&write, "GET", "/values", "").await.text;
    let authorization = bearer(&write);
    for (method, path, _) in addresses() {
        let address = concrete(&path);
        let is_script = path.starts_with("/vendor") && method == "GET";
        for (name, value) in [
            ("host", "evil.example"),
            ("host", "localhost.evil.example:3000"),
            ("origin", "http://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
        ] {
            let status = server.status(method.as_str(), &address, &[("authorization", &authorization), (name, value)]).await;
            let expected = if is_script && name != "host" { 404 } else { 403 };
            assert_eq!(status, expected, "{method} {address} {name}: {value}");
        }
    }
    assert_eq!(server.with(&write, "GET", "/values", "").await.text, before);
}

type Headers<'a> = &'a [(&'a str, &'a str)];

/// Twelve ways in which a page elsewhere could ask, from four origins, at a server that trusts this machine.
#[tokio::test]
async fn no_shape_of_request_gets_in_from_another_origin() {
    let server = crate::support::spawn().await;
    server.create(r#"{"_id":"c","name":"n"}"#).await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    let plain = ("content-type", "text/plain");
    let json = ("content-type", "application/json");
    let upgrade = ("upgrade", "websocket");
    let shapes: [(&str, &str, Headers); 12] = [
        ("GET", "/values", &[]),
        ("GET", "/values/c", &[("sec-fetch-mode", "no-cors")]),
        ("HEAD", "/values", &[]),
        ("POST", "/values", &[form]),
        ("POST", "/values", &[plain]),
        ("POST", "/values", &[json]),
        ("POST", "/publish/epoch/end/", &[form]),
        ("PUT", "/values/c", &[json]),
        ("PATCH", "/values/c", &[plain]),
        ("DELETE", "/values/c", &[]),
        ("OPTIONS", "/values", &[("access-control-request-method", "DELETE")]),
        (
            "GET",
            "/live",
            &[upgrade, ("connection", "upgrade"), ("sec-websocket-version", "13"), ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")],
        ),
    ];
    let own_port_as_name = format!("http://evil.example:{}", server.port);
    for origin in ["https://evil.example", "null", "http://localhost:1", &own_port_as_name] {
        for (method, path, headers) in shapes {
            let all = [&[("origin", origin)], headers].concat();
            assert_eq!(server.status(method, path, &all).await, 403, "{origin} {method} {path}");
        }
    }
    let values = server.get("/values").await;
    assert_eq!((values.as_array().unwrap().len(), values[0]["rev"].as_u64()), (1, Some(1)));
}

#[tokio::test]
async fn what_is_documented_is_there_and_says_what_it_needs() {
    let server = crate::support::spawn().await;
    let api = server.get("/openapi.json").await;
    let declared = addresses();
    let mut seen = 0;
    for (path, item) in api["paths"].as_object().unwrap() {
        // The forms of a value have the route of the cell.
        let path = if path.starts_with("/values/{id}.") { "/values/{id}".to_owned() } else { path.replace("{path}", "{*path}") };
        for (method, operation) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters") {
            let found = declared.iter().find(|(known, at, _)| *at == path && known.as_str().eq_ignore_ascii_case(method));
            let (.., need) = found.unwrap_or_else(|| panic!("{method} {path} is documented and is not there"));
            assert_eq!(operation["responses"].get("401").is_none(), *need == "open", "{method} {path}");
            seen += 1;
        }
    }
    assert!(seen > 20);
}

#[tokio::test]
async fn formats_of_numbers_have_the_names_of_openapi() {
    let server = crate::support::spawn().await;
    let text = server.get("/openapi.json").await.to_string();
    let formats: std::collections::BTreeSet<_> = text.split(r#""format":""#).skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let known = ["binary", "date-time", "double", "uint8", "uint16", "uint32", "uint64"];
    assert!(formats.contains("uint64") && formats.iter().all(|format| known.contains(format)), "{formats:?}");
}
