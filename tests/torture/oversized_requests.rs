//! Single requests that ask for too much, or whose body takes far more memory than its bytes: refused at once.

use std::time::Instant;

use serde_json::json;

use crate::harness::{Row, Share};
use crate::origin_attacks::{ask, shown, status};
use crate::overload::Watch;
use crate::server::Server;

/// What a refused body of 16 MiB may take: itself, a copy of it, and what its reader keeps of it.
const GROWTH: u64 = 96 << 20;
const CELLS: usize = 300;
const BODY: usize = 15 << 20;

pub async fn run(share: &mut Share) -> Row {
    let mut row = Row::of("requests");
    let server = Server::start(&share.program, &[]).await;
    fill(server.port).await;
    let mut most = 0;
    while row.tried == 0 || !share.is_over() {
        queries(&server, &mut row).await;
        most = bodies(&server, &mut row).await.max(most);
    }
    row.figures.push(format!("memory {} MB more at most", most >> 20));
    row
}

/// Cells whose values are as large as queries look into.
async fn fill(port: u16) {
    for part in 0..10 {
        let cells: Vec<_> = (0..CELLS / 10).map(|at| json!({ "_id": format!("c{part}-{at}"), "value": vec![at % 7; 7000] })).collect();
        assert_eq!(status(&ask(port, &post(port, "POST", "/values", &json!(cells).to_string())).await), 201);
    }
}

fn post(port: u16, method: &str, path: &str, body: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// Queries that are large, and the largest that are taken; by every verb that takes some.
async fn queries(server: &Server, row: &mut Row) {
    let list = |count: usize, part: &dyn Fn(usize) -> String| (0..count).map(part).collect::<Vec<_>>().join("&");
    let all = [
        ("200 conditions on values", list(200, &|at| format!("$or[{at}][value]=x")), 400),
        ("50 conditions on values, too much to compare", list(50, &|at| format!("$or[{at}][value]=x")), 400),
        ("4,598 keys to sort by", list(4598, &|at| format!("$sort[{at}]=1")), 414),
        ("1,400 keys to sort by", list(1400, &|at| format!("$sort[{at}]=1")), 400),
        ("1,400 texts in a list", list(1400, &|at| format!("value[$in][]={at}")), 400),
        ("20 conditions on values", list(20, &|at| format!("$or[{at}][value]=x")), 200),
        ("1,000 texts in a list", list(1000, &|at| format!("value[$in][]=x{at}")), 200),
        ("16 keys to sort by", list(16, &|at| format!("$sort[value.k{at}]=1")), 200),
    ];
    for (name, query, wanted) in &all {
        for verb in ["GET", "PATCH", "DELETE"] {
            // What sorts alone does not say which cells are meant.
            let query = if verb == "GET" { query.clone() } else { format!("none=1&{query}") };
            let watch = Watch::over(server);
            let begun = Instant::now();
            let answer =
                ask(server.port, &post(server.port, verb, &format!("/values?{query}"), if verb == "PATCH" { "{}" } else { "" })).await;
            let (worst, failed) = watch.end().await;
            row.tried += 1;
            row.took("query", begun.elapsed());
            row.took("health beside queries", worst);
            // An address as long as that may be refused by its length alone.
            let is_refused = *wanted == 414 && status(&answer) == 400;
            if (status(&answer) != *wanted && !is_refused) || failed > 0 {
                row.lose(format!("{verb} of {name} is answered {}; health failed {failed} times", shown(&answer)));
            }
        }
    }
}

/// By how much the memory has grown at most.
async fn bodies(server: &Server, row: &mut Row) -> u64 {
    let mut most = 0;
    let many = |part: &str| part.repeat(BODY / part.len());
    let all = [
        ("a list of empty cells", "POST", "/values", format!("[{}{{}}]", many("{},"))),
        ("a key with a long list", "POST", "/values", format!("{{\"x\":[{}0]}}", many("0,"))),
        ("a list for one cell", "PATCH", "/values/c0-0", format!("[{}0]", many("0,"))),
        ("a heatmap", "POST", "/values", format!("{{\"type\":\"heatmap\",\"value\":[[{}0]]}}", "0,".repeat(4_000_000))),
        ("a histogram", "POST", "/values", format!("{{\"type\":\"histogram\",\"value\":[{}0]}}", "0,".repeat(4_000_000))),
        ("bars", "POST", "/values", format!("{{\"type\":\"bar\",\"value\":[{}0]}}", "0,".repeat(4_000_000))),
        ("a scatter", "POST", "/values", format!("{{\"type\":\"scatter\",\"value\":[{}0]}}", "[],".repeat(2_600_000))),
        (
            "a table of rows",
            "POST",
            "/values",
            format!("{{\"type\":\"table\",\"value\":{{\"columns\":[\"a\"],\"rows\":[{}0]}}}}", "[],".repeat(2_600_000)),
        ),
        ("a table of objects", "POST", "/values", format!("{{\"type\":\"table\",\"value\":[{}0]}}", "{},".repeat(2_600_000))),
        (
            "a table with a wrong cell",
            "POST",
            "/values",
            format!(
                "{{\"type\":\"table\",\"value\":{{\"columns\":[{}1],\"rows\":[{}[[]]]}}}}",
                "1,".repeat(199),
                format!("[{}1],", "1,".repeat(199)).repeat(9_999)
            ),
        ),
        (
            "a trend",
            "POST",
            "/values",
            format!("{{\"type\":\"number\",\"value\":{{\"value\":1,\"trend\":[{}0]}}}}", "0,".repeat(3_900_000)),
        ),
        ("half a character", "POST", "/values", format!("{{\"value\":[{}\"\\ud800\"]}}", many("0,"))),
        ("a line", "POST", "/values", format!("{{\"type\":\"line\",\"value\":{{\"series\":{{\"a\":[{}0]}}}}}}", many("0,"))),
        ("points of one series", "POST", "/values/c0-0/points", format!("{{\"a\":[{}0]}}", many("0,"))),
        ("points of many series", "POST", "/points", format!("{{\"cells\":{{\"a\":{{{}\"z\":0}}}}}}", many("\"s\":[],"))),
        ("points as entries", "POST", "/points", format!("[{}0]", many("{},"))),
        ("points to append", "PATCH", "/values/c0-0", format!("{{\"append\":{{\"a\":[{}x]}}}}", many("0,"))),
        ("metrics", "POST", "/publish/epoch/end/", format!("{{{}\"z\":0}}", "\"a\":0,".repeat(170_000))),
        ("settings of a chart", "POST", "/values", format!("{{\"chart\":{{\"hidden\":[{}\"\"]}}}}", many("\"\","))),
        (
            "a server function",
            "POST",
            "/rpc/cells/charts",
            format!("{{\"changes\":[{{\"charts\":[\"c0-0\"],\"settings\":{{\"hidden\":[{}\"\"]}}}}]}}", "\"\",".repeat(170_000)),
        ),
    ];
    for (name, verb, path, body) in &all {
        let (before, watch) = (server.memory_from_now(), Watch::over(server));
        let begun = Instant::now();
        let answer = ask(server.port, &post(server.port, verb, path, body)).await;
        let (worst, failed) = watch.end().await;
        let grown = server.most_memory().saturating_sub(before);
        row.tried += 1;
        row.took("refusal", begun.elapsed());
        row.took("health beside bodies", worst);
        if !(400..500).contains(&status(&answer)) || failed > 0 {
            row.lose(format!("{name} is answered {}; health failed {failed} times", shown(&answer)));
        }
        if grown > GROWTH {
            row.lose(format!("{name}: memory grew by {} MB for {} MB", grown >> 20, body.len() >> 20));
        }
        most = most.max(grown);
    }
    most
}
