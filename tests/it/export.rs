//! `GET /boards/:board/export.html`: a board as one file.

use serde_json::json;

use crate::support::spawn;

/// A GIF of one pixel.
const GIF: &str = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";

#[tokio::test]
async fn a_board_is_one_file_that_needs_no_server() {
    let server = spawn().await;
    let cells = json!([
        { "_id": "loss", "board": "b", "type": "line", "name": "Loss <1>", "value": { "series": { "train": [3, 2, 1] } } },
        { "_id": "bar", "board": "b", "type": "bar", "name": "Bars", "value": { "labels": ["a"], "values": [1] } },
        { "_id": "fig", "board": "b", "type": "html", "name": "Figure", "value": "<p id=\"f\">a figure</p><script>1</script>" },
        { "_id": "img", "board": "b", "type": "img", "name": "Picture", "value": GIF },
        { "_id": "far", "board": "b", "type": "img", "name": "Far", "value": "https://elsewhere.example/x.png" },
        { "_id": "note", "board": "b", "type": "text", "name": "Notes", "value": "# Heading $\\sqrt{x}$", "description": "what & why" },
        { "_id": "own", "board": "b", "type": "my-type", "name": "Own", "value": { "a": "</pre><script>2</script>" } },
        { "_id": "epoch", "board": "b", "type": "line", "name": "hidden one", "hidden": true, "value": { "series": { "a": [1] } } },
        { "_id": "other", "board": "c", "type": "html", "name": "of another board", "value": "x" },
    ]);
    assert_eq!(server.ask("POST", "/values", cells.to_string(), &[]).await.status, 201);
    let log = r#"{"step":1,"acc":0.5}"#;
    assert_eq!(server.ask("POST", "/boards/b/runs/first/log", log, &[]).await.status, 201);
    assert_eq!(server.ask("PATCH", "/boards/b", r#"{"title":"A <b> board","description":"of $n^2$ steps"}"#, &[]).await.status, 200);
    let file = server.ask("GET", "/boards/b/export.html", "", &[]).await;
    assert_eq!((file.status, file.headers["content-type"].to_str().unwrap()), (200, "text/html; charset=utf-8"));
    assert_eq!(file.headers["content-disposition"], "attachment; filename=\"b.html\"");
    let html = file.text;
    for part in [
        "<title>A &lt;b&gt; board</title>",
        "aria-label=\"Loss &lt;1&gt;\"",
        "<div class=\"chart\" data-zooms><svg ",
        "<h3>Bars</h3><div class=\"chart\"><svg ",
        "<iframe sandbox=\"allow-scripts\" title=\"Figure\" srcdoc=\"",
        "&lt;p id=&quot;f&quot;&gt;a figure&lt;/p&gt;",
        "src=\"data:image/gif;base64,R0lGOD",
        "The picture is not in this file: https://elsewhere.example/x.png",
        "title=\"Notes\"",
        // Formulas need no script: of the text, as the source of its frame, and of the board.
        "&lt;msqrt&gt;&lt;mi&gt;x&lt;/mi&gt;&lt;/msqrt&gt;",
        "of <span class=\"math math-inline\"><math><msup><mi>n</mi><mn>2</mn></msup></math></span> steps",
        "<p class=\"description\">what &amp; why</p>",
        "&lt;/pre&gt;&lt;script&gt;2",
        "<th scope=\"row\">first</th><td>running</td>",
        "<h2>Metrics</h2>",
    ] {
        assert!(html.contains(part), "{part} is not in\n{html}");
    }
    assert!(!html.contains("hidden one") && !html.contains("of another board"));
    // One script of its own, and nothing that is loaded from elsewhere.
    assert_eq!(html.matches("<script").count(), 1);
    assert!(!html.contains("src=\"http") && html.contains("default-src 'none'"));
    assert_eq!(server.ask("GET", "/boards/none/export.html", "", &[]).await.status, 404);
    assert_eq!(server.ask("GET", "/boards/b/export.html?x=1", "", &[]).await.status, 400);
}

#[tokio::test]
async fn texts_keep_their_lines_and_pictures_are_found_as_the_page_asks_for_them() {
    let server = spawn().await;
    let images = server.folder.path().join("images");
    std::fs::create_dir_all(&images).unwrap();
    std::fs::write(images.join("a b.gif"), b"GIF89a").unwrap();
    let figure = "<p>\n<script>\n// A comment ends with its line.\nf('\"&amp;')\n</script>";
    let cells = json!([
        { "_id": "fig", "board": "b", "type": "html", "name": "Figure", "value": figure, "description": "one\n\ttwo < three" },
        { "_id": "img", "board": "b", "type": "img", "name": "Picture", "value": "images/a%20b.gif?v=2" },
        { "_id": "note", "board": "b", "type": "text", "name": "Notes", "value": "[a link](https://elsewhere.example)" },
    ]);
    assert_eq!(server.ask("POST", "/values", cells.to_string(), &[]).await.status, 201);
    let own = "{ \"_id\": \"own\", \"board\": \"b\", \"type\": \"my-type\", \"value\": {\n\t\"a\": \"<b>\" } }";
    assert_eq!(server.ask("POST", "/values", own, &[]).await.status, 201);
    for run in ["old", "new"] {
        assert_eq!(server.ask("POST", &format!("/boards/b/runs/{run}/log"), r#"{"step":1,"acc":0.5}"#, &[]).await.status, 201);
    }
    assert_eq!(server.ask("PATCH", "/boards/b/runs/old", r#"{"archived":true}"#, &[]).await.status, 200);
    assert_eq!(server.ask("PATCH", "/boards/b", r#"{"description":"About **this** board"}"#, &[]).await.status, 200);
    let html = server.ask("GET", "/boards/b/export.html", "", &[]).await.text;
    for part in [
        "&lt;p&gt;\n&lt;script&gt;\n// A comment ends with its line.\nf('&quot;&amp;amp;')\n&lt;/script&gt;",
        "<p class=\"description\">one\n\ttwo &lt; three</p>",
        "\"a\": \"&lt;b&gt;\"",
        "src=\"data:image/gif;base64,",
        "<iframe sandbox=\"allow-scripts allow-popups allow-popups-to-escape-sandbox\" title=\"Notes\"",
        "<iframe sandbox=\"allow-scripts\" title=\"Figure\"",
        "About <strong>this</strong> board",
        "<th scope=\"row\">new</th>",
    ] {
        assert!(html.contains(part), "{part} is not in\n{html}");
    }
    assert!(!html.contains("<th scope=\"row\">old</th>"), "it is archived");
}

#[tokio::test]
async fn the_table_of_runs_has_the_columns_of_the_page_and_five_digits() {
    let server = spawn().await;
    for (run, rate) in [("first", 0.1), ("second", 0.01)] {
        let seed = 7_654_321 + u32::from(run == "second");
        let (address, config) = (format!("/boards/b/runs/{run}?upsert=true"), json!({ "config": { "lr": rate, "seed": seed } }));
        assert_eq!(server.ask("PATCH", &address, config.to_string(), &[]).await.status, 201);
        let mut point = json!({ "step": 1, "val/loss": 0.033_593_849_160_719_31 });
        for layer in 0..58 {
            point[format!("layer_{layer}/grad_norm")] = json!(layer);
        }
        assert_eq!(server.ask("POST", &format!("/boards/b/runs/{run}/log"), point.to_string(), &[]).await.status, 201);
    }
    let html = server.ask("GET", "/boards/b/export.html", "", &[]).await.text;
    let table = html.split("<table>").nth(1).unwrap().split("</table>").next().unwrap();
    let shown = server.get("/boards/b/run-table").await["columns"].as_array().unwrap().len();
    assert_eq!(table.matches("<th scope=\"col\">").count(), 2 + shown, "{table}");
    assert!(shown < 20 && table.contains("<th scope=\"col\">lr</th>") && table.contains("<td>0.033594</td>"), "{table}");
    // Numbers that are names can be searched and copied.
    assert!(table.contains("<td>7654321</td>") && table.contains("<td>7654322</td>"), "{table}");
    assert!(table.contains("<th scope=\"row\">second</th>") && !table.contains("0.0335938"), "{table}");
}
