//! Bars, histograms, heatmaps, points, numbers, tables and texts: what is taken, what is refused, and in which forms it comes back.

use agnez::protocol::CellContent;
use serde_json::{Value, json};

use crate::support::{Reply, Running, spawn};

async fn create(server: &Running, id: &str, kind: &str, value: Value) -> Reply {
    server.call("POST", "/values", json!({"_id": id, "name": format!("the {id}"), "type": kind, "value": value}).to_string()).await
}

/// The error of a refused change, after making sure that nothing has changed.
fn refused(reply: &Reply) -> (u64, String, String) {
    let error = reply.json();
    let field = error["errors"].as_object().and_then(|errors| errors.keys().next().cloned()).unwrap_or_default();
    (error["code"].as_u64().unwrap(), error["message"].as_str().unwrap().to_owned(), field)
}

fn header<'a>(reply: &'a Reply, name: &str) -> &'a str {
    reply.headers[name].to_str().unwrap()
}

fn samples() -> [(&'static str, Value, &'static str); 5] {
    [
        ("bar", json!({"a": 1, "=b": "NaN"}), "label,value\r\na,1\r\n\"'=b\",NaN\r\n"),
        ("histogram", json!({"edges": [0, 1, 2], "counts": [3, 4]}), "from,to,count\r\n0,1,3\r\n1,2,4\r\n"),
        ("heatmap", json!([[1, "Infinity"], [0, 2.5]]), ",0,1\r\n0,1,Infinity\r\n1,0,2.5\r\n"),
        ("scatter", json!({"x": [1, 2], "y": [3, "NaN"], "label": ["<script>", "b"]}), "x,y,label\r\n1,3,<script>\r\n2,NaN,b\r\n"),
        ("number", json!(0.93), "what,value\r\nvalue,0.93\r\n"),
    ]
}

#[tokio::test]
async fn every_kind_is_kept_drawn_and_exported() {
    let server = spawn().await;
    for (kind, value, csv) in samples() {
        assert_eq!(create(&server, kind, kind, value.clone()).await.status, 201, "{kind}");
        assert_eq!(server.get(&format!("/values/{kind}")).await["value"], value, "what was sent comes back");
        let CellContent::Chart { rev } = server.content(kind).await else { panic!("{kind}") };
        for base in ["/values", "/api/v1/values"] {
            let svg = server.call("GET", &format!("{base}/{kind}.svg?width=640&height=320&theme=dark"), "").await;
            assert_eq!((svg.status, header(&svg, "content-type")), (200, "image/svg+xml"), "{}", svg.text);
            assert!(svg.text.starts_with("<svg ") && svg.text.contains(&format!("<title>the {kind}</title>")), "{}", svg.text);
            assert!(svg.text.contains("width=\"640\" height=\"320\"") && !svg.text.contains("<script"), "{}", svg.text);
            let policy = header(&svg, "content-security-policy");
            assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'") && !policy.contains("script"), "{policy}");
            let pdf = server.call("GET", &format!("{base}/{kind}.pdf?width=640&height=320"), "").await;
            assert_eq!((pdf.status, header(&pdf, "content-type")), (200, "application/pdf"), "{kind}");
            assert!(pdf.text.starts_with("%PDF-1.5\n") && pdf.text.ends_with("%%EOF\n"), "{kind}");
            assert!(pdf.text.contains("/MediaBox [0 0 480.00 240.00]") && pdf.text.contains("/Filter /FlateDecode"), "{}", pdf.text);
            let sheet = server.call("GET", &format!("{base}/{kind}.csv"), "").await;
            assert_eq!((sheet.text.as_str(), header(&sheet, "content-type")), (csv, "text/csv; charset=utf-8"));
        }
        let fluid = server.call("GET", &format!("/values/{kind}.svg?height=140&v={rev}"), "").await;
        assert!(
            fluid.text.contains("width=\"100%\" height=\"140\"") && header(&fluid, "cache-control").contains("immutable"),
            "{}",
            fluid.text
        );
        assert!(!fluid.text.contains("the "), "the name may change while the address is kept");
    }
}

#[tokio::test]
async fn tables_and_texts_are_documents_in_a_frame() {
    let server = spawn().await;
    create(&server, "t", "table", json!({"columns": ["name", "acc"], "rows": [["<b>a</b>", 0.9], ["b", "NaN"]]})).await;
    create(&server, "m", "text", json!("# Run 7\n\n<script>x</script>\n")).await;
    let frame = async |id: &str| match server.content(id).await {
        CellContent::Html { rev, .. } => server.call("GET", &format!("/figure/{id}/{rev}"), "").await,
        other => panic!("{other:?}"),
    };
    let table = frame("t").await;
    assert!(table.text.contains("&lt;b&gt;a&lt;/b&gt;") && table.text.contains("<td class=n>0.9</td>"), "{}", table.text);
    let text = frame("m").await;
    assert!(text.text.contains("<h1>Run 7</h1>") && !text.text.contains("<script>x"), "{}", text.text);
    // Links of a text may open pages of their own; only there, and there only the frame's own script runs.
    let links = "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox; default-src 'none'; script-src 'nonce-";
    for (reply, policy) in [(&table, "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'"), (&text, links)] {
        let found = header(reply, "content-security-policy");
        assert!(found.starts_with(policy), "{found}");
        assert!(header(reply, "cache-control").contains("immutable") && reply.text.contains("color-scheme:light dark"));
    }
    assert_eq!(server.call("GET", "/values/t.csv", "").await.text, "name,acc\r\n<b>a</b>,0.9\r\nb,NaN\r\n");
    for path in ["/values/t.svg", "/values/m.svg", "/values/m.csv"] {
        assert_eq!(server.call("GET", path, "").await.json()["code"], 404, "{path}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_named_with_its_path() {
    let server = spawn().await;
    let wrong = create(&server, "t", "heatmap", json!([[1, 2], [3, true]])).await;
    assert_eq!(refused(&wrong), (400, "value[1][1] must be a number, not a boolean.".into(), "value[1][1]".into()));
    assert_eq!(server.call("GET", "/values/t", "").await.status, 404, "nothing was created");
    let many = json!([{"_id": "a", "type": "bar", "value": [1]}, {"_id": "b", "type": "bar", "value": ["x"]}]).to_string();
    assert_eq!(refused(&server.call("POST", "/values", many).await).2, "value[0]");
    assert_eq!(server.get("/values").await, json!([]));
    for (kind, value) in [
        ("bar", json!(5)),
        ("histogram", json!("x")),
        ("scatter", json!([1])),
        ("number", json!([1])),
        ("table", json!(1)),
        ("text", json!(1)),
    ] {
        let error = refused(&create(&server, "x", kind, value).await);
        assert!(error.0 == 400 && error.2.starts_with("value"), "{kind}: {error:?}");
    }
}

#[tokio::test]
async fn a_patch_of_one_half_is_checked_against_the_other() {
    let server = spawn().await;
    create(&server, "c", "number", json!(1)).await;
    // The value alone, against the type that is there.
    let error = refused(&server.call("PATCH", "/values/c", r#"{"value":[[1]]}"#).await);
    assert_eq!(error, (400, "value must be a number, not an array.".into(), "value".into()));
    // The type alone, against the value that is there.
    assert_eq!(refused(&server.call("PATCH", "/values/c", r#"{"type":"heatmap"}"#).await).0, 400);
    let kept = server.get("/values/c").await;
    assert_eq!((&kept["type"], &kept["value"], &kept["rev"]), (&json!("number"), &json!(1), &json!(1)));
    // Both at once.
    assert_eq!(server.call("PATCH", "/values/c", r#"{"type":"heatmap","value":[[1]]}"#).await.status, 200);
    assert!(matches!(server.content("c").await, CellContent::Chart { .. }));
    // Other keys are free, as is another type that takes anything.
    assert_eq!(server.call("PATCH", "/values/c", r#"{"type":"heatmap","name":"x"}"#).await.status, 200);
    assert_eq!(server.call("PATCH", "/values/c", r#"{"type":"mine"}"#).await.status, 200);
    assert_eq!(server.call("PATCH", "/values/c", r#"{"value":"anything"}"#).await.status, 200);
    assert_eq!(refused(&server.call("PATCH", "/values/c", r#"{"type":"bar"}"#).await).2, "value");
    // Nothing is nothing whatever the type: 2015's scripts begin so, and may come back to it.
    for nothing in ["[]", "{}", "null", "\"\""] {
        assert_eq!(server.call("PATCH", "/values/c", format!(r#"{{"type":"bar","value":{nothing}}}"#)).await.status, 200);
        assert_eq!(server.content("c").await, CellContent::Empty);
    }
    // Many at once: all or none.
    create(&server, "n", "number", json!(1)).await;
    create(&server, "h", "heatmap", json!([[1]])).await;
    assert_eq!(server.call("PATCH", "/values?board=main", r#"{"value":7}"#).await.json()["code"], 400);
    assert_eq!(server.get("/values/n").await["value"], 1);
    // A document that is replaced has no type but the new one.
    assert_eq!(server.call("PUT", "/values/h", r#"{"type":"number","value":"NaN"}"#).await.status, 200);
    assert_eq!(server.call("PUT", "/values/h", r#"{"type":"number","value":"x"}"#).await.status, 400);
}

#[tokio::test]
async fn a_large_value_on_disk_is_checked_for_a_new_type() {
    let server = spawn().await;
    let rows: Vec<[f64; 2]> = (0..5000).map(|at| [f64::from(at), f64::from(at * at % 101)]).collect();
    create(&server, "big", "scatter", json!(rows)).await;
    let error = refused(&server.call("PATCH", "/values/big", r#"{"type":"number"}"#).await);
    assert_eq!((error.0, error.2.as_str()), (400, "value"));
    // Pairs are a matrix, too.
    assert_eq!(server.call("PATCH", "/values/big", r#"{"type":"heatmap"}"#).await.status, 200);
    assert_eq!(server.call("GET", "/values/big.svg", "").await.status, 200);
    assert_eq!(server.call("GET", "/values/big.csv", "").await.text.lines().count(), 5001);
}

#[tokio::test]
async fn drawings_are_kept_as_long_as_they_are_right() {
    let server = spawn().await;
    create(&server, "n", "number", json!(1)).await;
    let CellContent::Chart { rev } = server.content("n").await else { panic!("a drawing") };
    let (plain, kept) = ("/values/n.svg", format!("/values/n.svg?v={rev}"));
    let first = server.call("GET", plain, "").await;
    assert_eq!(header(&first, "cache-control"), "no-cache");
    let tag = header(&first, "etag").to_owned();
    let again = server.ask("GET", plain, "", &[("if-none-match", &tag)]).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    server.call("PATCH", "/values/n", r#"{"value":2}"#).await;
    assert_eq!(server.ask("GET", plain, "", &[("if-none-match", &tag)]).await.status, 200);
    let old = server.call("GET", &kept, "").await;
    assert!(old.text.contains(">2</text>") || old.text.contains(">2<"), "{}", old.text);
    assert_eq!(header(&old, "cache-control"), "no-cache", "an old address gives the newest drawing, and is not kept");
    let sent = server.call("GET", "/values/n.csv?download=1", "").await;
    assert_eq!(header(&sent, "content-disposition"), "attachment; filename=\"the-n.csv\"");
    for (path, code) in [
        ("/values/n.svg?width=1", 400),
        ("/values/n.svg?theme=pink", 400),
        ("/values/n.png", 404),
        ("/values/n.pdf?width_mm=85&font=Times", 400),
        ("/values/n.svg?width_mm=85&width=640", 400),
        ("/values/none.svg", 404),
        ("/values/.svg", 404),
        ("/values/n.svg?height=1e9", 400),
    ] {
        assert_eq!(server.call("GET", path, "").await.json()["code"], code, "{path}");
    }
    create(&server, "h", "html", json!("<p>x")).await;
    create(&server, "e", "bar", json!([])).await;
    for path in ["/values/h.svg", "/values/h.csv", "/values/e.svg"] {
        assert_eq!(server.call("GET", path, "").await.json()["code"], 404, "{path}");
    }
}

#[tokio::test]
async fn readers_of_one_value_share_its_drawing_and_never_get_another() {
    let server = spawn().await;
    create(&server, "n", "number", json!(100)).await;
    let mut last = String::new();
    for at in 101..121 {
        let CellContent::Chart { rev } = server.content("n").await else { panic!("a drawing") };
        let (svg, value) = (format!("/values/n.svg?height=140&v={rev}"), format!("/values/n.json?v={rev}"));
        let dark = format!("{svg}&theme=dark");
        let reads = futures_util::future::join_all((0..12).map(|_| server.call("GET", &svg, "")));
        let body = format!("{{\"value\":{at}}}");
        let (reads, changed) = tokio::join!(reads, server.call("PATCH", "/values/n", body));
        assert_eq!(changed.status, 200);
        for read in reads {
            let is_kept = header(&read, "cache-control").contains("immutable");
            let shown = if read.text.contains(&format!(">{}<", at - 1)) { at - 1 } else { at };
            assert!(read.text.contains(&format!(">{shown}<")) && (!is_kept || shown == at - 1), "{at} {is_kept} {}", read.text);
        }
        // What was drawn before is not given for what is there now, in whatever form.
        let CellContent::Chart { rev: newer } = server.content("n").await else { panic!("a drawing") };
        let [one, other] = [&svg, &dark].map(|path| path.replace(&rev.to_string(), &newer.to_string()));
        last.clone_from(&one);
        let (one, other) = (server.call("GET", &one, "").await, server.call("GET", &other, "").await);
        assert!(one.text.contains(&format!(">{at}<")) && other.text.contains(&format!(">{at}<")) && one.text != other.text);
        assert!(header(&one, "cache-control").contains("immutable") && header(&one, "content-type") == "image/svg+xml");
        // What the page draws from: under the old version the newest value, which is not kept.
        let late = server.call("GET", &value, "").await;
        assert_eq!((header(&late, "cache-control"), late.text.as_str()), ("no-cache", at.to_string().as_str()));
        let newest = server.call("GET", &value.replace(&rev.to_string(), &newer.to_string()), "").await;
        assert!(newest.text == at.to_string() && header(&newest, "cache-control").contains("immutable"));
        assert_eq!(
            (header(&newest, "content-type"), header(&newest, "content-length")),
            ("application/json", newest.text.len().to_string().as_str())
        );
    }
    server.call("DELETE", "/values/n", "").await;
    assert_eq!(server.call("GET", &last, "").await.status, 404, "what is gone is not shown");
}

#[tokio::test]
async fn a_hundred_thousand_points_are_a_drawing_of_bounded_size() {
    let server = spawn().await;
    let at = |at: u32, by: u32| f64::from(at.wrapping_mul(by) >> 8) / 16_777_216.0;
    let points: Vec<[f64; 2]> = (0..100_000).map(|i| [at(i, 2_654_435_761), at(i, 40_503_177)]).collect();
    assert_eq!(create(&server, "s", "scatter", json!(points)).await.status, 201);
    let svg = server.call("GET", "/values/s.svg", "").await;
    assert!(svg.status == 200 && svg.text.len() < 700_000, "{}", svg.text.len());
    let more: Vec<[f64; 2]> = vec![[0.0, 1.0]; 100_001];
    assert_eq!(refused(&create(&server, "t", "scatter", json!(more)).await).0, 400);
}
