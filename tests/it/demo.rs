//! `agnez demo`: a real training run over REST, with a server of its own and with a running one.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use axum::http::{Method, StatusCode};
use serde_json::Value;

use super::commands::other_program;
use super::support::spawn;

/// The cells of the demo and their types, in the order of the board.
const CELLS: [(&str, &str); 10] = [
    ("loss", "line"),
    ("accuracy", "line"),
    ("progress", "number"),
    ("best", "number"),
    ("regions", "img"),
    ("confusion", "heatmap"),
    ("rate", "line"),
    ("gradient", "line"),
    ("weights", "histogram"),
    ("about", "text"),
];
const STEPS: u64 = 1200;

fn demo(temporary: &Path, flags: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_agnez"))
        .args(["demo", "--seconds", "0"])
        .args(flags)
        .current_dir(temporary)
        .env("TMPDIR", temporary)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn cell<'a>(cells: &'a Value, key: &str) -> &'a Value {
    let found = cells.as_array().unwrap().iter().find(|cell| cell["_id"].as_str().unwrap().ends_with(&format!("-{key}")));
    found.unwrap_or_else(|| panic!("no cell {key}: {cells}"))
}

/// Checks that the board shows a training run that has learned something.
fn check_board(cells: &Value) {
    let shown: Vec<(&str, &str)> = cells
        .as_array()
        .unwrap()
        .iter()
        .map(|cell| (cell["_id"].as_str().unwrap().rsplit_once('-').unwrap().1, cell["type"].as_str().unwrap()))
        .collect();
    assert_eq!(shown, CELLS);
    let series = |key: &str, name: &str| &cell(cells, key)["value"]["series"][name];
    let last = |key: &str, name: &str| series(key, name)["last"][1].as_f64().unwrap();
    for (key, name) in [("loss", "train"), ("rate", "learning rate"), ("gradient", "all layers")] {
        assert_eq!(series(key, name)["points"], STEPS, "{key} {name}");
    }
    assert_eq!(series("loss", "val")["points"], series("accuracy", "train")["points"]);
    // Chance is ln 3 = 1.1.
    assert!(last("loss", "val") < 0.5, "{}", last("loss", "val"));
    assert!(last("accuracy", "val") > 85.0 && last("accuracy", "train") > 90.0 && last("rate", "learning rate") == 0.0);
    assert_eq!(cell(cells, "progress")["value"]["value"], 100.0);
    assert!(cell(cells, "regions")["value"].as_str().unwrap().starts_with("data:image/png;base64,iVBORw0KGgo"));
    let confusion = cell(cells, "confusion")["value"]["values"].as_array().unwrap();
    let samples: f64 = confusion.iter().flat_map(|row| row.as_array().unwrap()).map(|count| count.as_f64().unwrap()).sum();
    assert_eq!((confusion.len(), samples), (3, 150.0));
    assert!(cell(cells, "about")["value"].as_str().unwrap().contains("Training has ended"));
}

#[cfg(unix)]
#[tokio::test]
async fn the_demo_serves_its_board_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = demo(folder.path(), &["--port", "0"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let link = lines.next().unwrap().split_whitespace().last().unwrap().to_owned();
    let end = lines.find(|line| line.contains("until Ctrl-C.")).expect("the training ends");
    assert!(link.ends_with("/b/demo") && end.contains(&link), "{link} {end}");
    let address = link.trim_end_matches("/b/demo");
    let cells = reqwest::get(format!("{address}/values?board=demo")).await.unwrap().json().await.unwrap();
    check_board(&cells);
    assert_eq!(reqwest::get(&link).await.unwrap().status(), 200);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "its data, while it serves");
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert!(lines.any(|line| line.contains("deleted")));
    assert!(child.wait().unwrap().success());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// A request whose body does not come keeps the server from stopping at the first signal.
#[cfg(unix)]
#[test]
fn a_second_signal_leaves_no_folder_behind_either() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = demo(folder.path(), &["--port", "0"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let address = lines.next().unwrap().split_whitespace().last().unwrap().trim_start_matches("http://").replace("/b/demo", "");
    let sentence = lines.by_ref().take(2).collect::<String>();
    assert!(sentence.contains("all data of this server is deleted") && sentence.contains("start 'agnez'"), "{sentence}");
    lines.find(|line| line.contains("until Ctrl-C.")).expect("the training ends");
    let mut stream = std::net::TcpStream::connect(&address).unwrap();
    write!(stream, "POST /values HTTP/1.1\r\nHost: {address}\r\nContent-Length: 100\r\n\r\n{{").unwrap();
    // The server has the head before it has the signal: another request is answered.
    let mut other = std::net::TcpStream::connect(&address).unwrap();
    write!(other, "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    other.read_to_end(&mut Vec::new()).unwrap();
    let kill = || assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    kill();
    // Two signals at the same time are one.
    std::thread::sleep(std::time::Duration::from_millis(300));
    kill();
    assert_eq!(child.wait().unwrap().code(), Some(130), "it was ended at once");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn the_demo_sends_to_a_running_server_and_ends() {
    let server = spawn().await;
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let child = demo(folder.path(), &["--url", &server.url("/"), "--board", "my.demo"]);
        let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains(&server.url("/b/my.demo")) && text.contains("Training has ended"), "{text}");
        let cells = server.get("/values?board=my.demo").await;
        check_board(&cells);
        let loss = cell(&cells, "loss");
        assert_eq!(loss["value"]["series"].as_object().unwrap().len(), 2, "train and val only");
        // The second demo clears the cells of the first.
        let old = format!(r#"{{"cells":{{{}:{{"old":[[1,1]]}}}}}}"#, loss["_id"]);
        assert!(server.call("POST", "/points", old).await.status < 300);
    }
    assert_eq!(server.get("/values?board=main").await, serde_json::json!([]));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn the_demo_leaves_the_cells_of_a_user_alone() {
    let server = spawn().await;
    let folder = tempfile::tempdir().unwrap();
    // The id that the Python client gives the cell `loss` of the board `demo`.
    server.create(r#"{"_id":"demo-loss","board":"demo","type":"line","value":{"series":{"train":[[1,1],[2,1]]}}}"#).await;
    let before = server.get("/values/demo-loss").await;
    let child = demo(folder.path(), &["--url", &server.url("/"), "--board", "demo"]);
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let after = server.get("/values/demo-loss").await;
    assert_eq!((&after, &after["value"]["series"]["train"]["points"]), (&before, &Value::from(2)));
    assert_eq!(server.get("/values?board=demo").await.as_array().unwrap().len(), CELLS.len() + 1);
}

#[tokio::test]
async fn the_demo_sends_neither_cells_nor_a_token_to_another_program() {
    let folder = tempfile::tempdir().unwrap();
    let (url, requests) = other_program(StatusCode::OK, &[], "{}".to_owned()).await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_agnez"));
    command.args(["demo", "--seconds", "0", "--url", &url]).current_dir(folder.path()).env_remove("AGNEZ_URL").env("AGNEZ_TOKEN", "agz_x");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    let sentence = format!("Another program than Agnez answers at {url}; nothing was written to it. Start Agnez on another port: ");
    assert!(!output.status.success() && error.contains(&sentence), "{error}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "", "no link");
    let requests = requests.lock().unwrap();
    assert!(!requests.is_empty(), "the program was reached");
    for (method, headers) in requests.iter() {
        assert!(*method == Method::HEAD && !headers.contains_key("authorization"), "{method} {headers:?}");
    }
}

#[tokio::test]
async fn the_demo_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let locked = super::support::spawn_in(tempfile::tempdir().unwrap(), &["--require-token"]).await;
    for (url, sentence) in [
        (format!("http://{free}"), "No server answers at http://"),
        ("https://board.example".to_owned(), "http only"),
        ("board.example".to_owned(), "looks like http://localhost:3000"),
        (locked.url(""), "was refused (401): "),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_agnez"));
        command.args(["demo", "--seconds", "0", "--url", &url]).current_dir(folder.path()).env_remove("AGNEZ_TOKEN");
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains(sentence), "{url}: {error}");
    }
}
