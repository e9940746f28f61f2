//! Smoothed lines: the average at a step is that of the series, whatever the window, the axis, the width or the form of the answer.

use agnez::protocol::columns;
use agnez::series::{Average, Place};
use serde_json::{Value, json};

use crate::points::send;
use crate::support::{Running, spawn};

const WEIGHT: f64 = 0.99;

/// Steps that begin again, values that are none, and a tail.
fn points() -> Vec<(f64, f64)> {
    let mut seed = 3_u64;
    let point = |at: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let noise = (seed >> 11) as f64 / (1_u64 << 53) as f64;
        let step = if at < 7000 { at as f64 } else { at as f64 - 3000.0 };
        (step, if at % 501 == 7 { f64::NAN } else { 3.0 - step / 5000.0 + noise })
    };
    (0..15_000).map(point).collect()
}

async fn append(server: &Running, points: &[(f64, f64)]) {
    let rows: Vec<Value> = points
        .iter()
        .enumerate()
        .map(|(at, (x, y))| json!([x, if y.is_nan() { json!("NaN") } else { json!(y) }, 1.7e9 + at as f64]))
        .collect();
    send(server, "c", &json!({ "train": rows }).to_string()).await;
}

/// What all points say: by step the averages of both segments, and the average after all of them.
fn expected(points: &[(f64, f64)]) -> (Vec<Place>, Average) {
    let mut average = Average::new(WEIGHT);
    let places = points.iter().filter_map(|(x, y)| Some((*x, average.push(*x, *y)?))).collect();
    (places, average)
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-11 * (1.0 + b.abs())
}

/// Each place of the answer is one of the series, in its order. Answers how many there are.
async fn check(server: &Running, query: &str, points: &[(f64, f64)]) -> usize {
    let path = format!("/values/c/columns?smooth={WEIGHT}&{query}");
    let frame = columns::read(&server.http_bytes(&path).await).unwrap();
    let series = &frame.cells[0].series[0];
    let smoothed = series.smoothed.as_ref().unwrap();
    let (all, last) = expected(points);
    let last_told = smoothed.last.unwrap();
    assert!(near(last_told.value, last.value) && last_told.step == last.step, "{last_told:?}, not {last:?}");
    let is_time = query.contains("x=time");
    let mut at = 0;
    for (x, y) in smoothed.places.iter().filter(|place| !place.0.is_nan()) {
        let is_it = |place: &Place, index: usize| near(*y, place.1) && (if is_time { true } else { *x == place.0 } && index >= at);
        at = (at..all.len()).find(|index| is_it(&all[*index], *index)).unwrap_or_else(|| panic!("{y} at {x} is no average of {query}"));
    }
    let columns = server.get(&path).await;
    let json = &columns["cells"]["c"]["series"][0]["smoothed"];
    let places: Vec<_> = smoothed.places.iter().filter(|place| !place.0.is_nan()).collect();
    assert_eq!(json["x"].as_array().unwrap().len(), places.len());
    assert!(json["y"].as_array().unwrap().iter().zip(&places).all(|(y, place)| near(y.as_f64().unwrap(), place.1)));
    assert_eq!(json["last"]["weight"], WEIGHT);
    places.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_average_at_a_step_is_the_same_in_every_answer_and_after_a_restart() {
    let mut server = spawn().await;
    server.create(r#"{"_id":"c","type":"line"}"#).await;
    let points = points();
    let queries =
        ["", "from=5000&to=6000", "from=6900&to=7100&width=5", "width=3", "x=time", "x=time&from=1700009000&to=1700009100", "from=11990"];
    for end in [9000, points.len()] {
        append(&server, &points[if end == 9000 { 0 } else { 9000 }..end]).await;
        for query in queries {
            check(&server, query, &points[..end]).await;
        }
    }
    assert!(check(&server, "from=5000&to=6000&width=2000", &points).await > 1900, "both segments");
    server.restart(&[]).await;
    for query in queries {
        check(&server, query, &points).await;
    }
    let plain = server.get("/values/c/columns").await;
    assert_eq!(plain["cells"]["c"]["series"][0].get("smoothed"), None);
    assert_eq!(server.call("GET", "/values/c/columns?smooth=1", "").await.status, 400);
}

/// The smoothed line of a drawing as values: its last point, by two labels of the y axis.
fn last_of(svg: &str) -> f64 {
    let attribute = |tag: &str, name: &str| Some(tag.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?.to_owned());
    let paths: Vec<&str> = svg.split("<path ").filter(|tag| tag.contains("stroke-width=\"1.75\"")).collect();
    let data = attribute(&format!(" {}", paths[0]), "d").unwrap();
    let y: f64 = data.rsplit([' ', 'V']).next().unwrap().parse().unwrap();
    // The labels of the y axis end at its left.
    let texts = svg.split("<text").skip(1).filter(|tag| tag.contains("t end") || tag.contains("text-anchor=\"end\""));
    let labels: Vec<(f64, f64)> = texts
        .filter_map(|tag| {
            Some((tag.split('>').nth(1)?.split('<').next()?.parse().ok()?, attribute(tag, "y")?.parse::<f64>().ok()? - 11.0 * 0.36))
        })
        .collect();
    let ((low, at_low), (high, at_high)) = (labels[0], labels[1]);
    // Lines are drawn in a window that begins at the top of the plot.
    low + (y + 8.0 - at_low) / (at_high - at_low) * (high - low)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_of_a_part_has_the_line_of_the_whole() {
    let server = spawn().await;
    server.create(r#"{"_id":"c","type":"line","chart":{"smooth":0.99}}"#).await;
    let ramp: Vec<(f64, f64)> = (0..1000).map(|at| (f64::from(at), f64::from(at))).collect();
    append(&server, &ramp).await;
    let columns = server.get("/values/c/columns?smooth=0.99&from=500&to=599&width=500").await;
    let smoothed = &columns["cells"]["c"]["series"][0]["smoothed"];
    let at = smoothed["x"].as_array().unwrap().iter().position(|x| *x == 599.0).unwrap();
    let value = smoothed["y"][at].as_f64().unwrap();
    assert!((value - 501.6).abs() < 0.5, "{value}");
    let svg = server.call("GET", "/values/c.svg?from=500&to=599&legend=0", "").await.text;
    let drawn = last_of(&svg);
    assert!((drawn - value).abs() < 1.0, "{drawn}, not {value}: {svg}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_constant_is_smoothed_to_itself_and_drawn_level() {
    let server = spawn().await;
    server.create(r#"{"_id":"c","type":"line","chart":{"smooth":0.9}}"#).await;
    append(&server, &(0..5000).map(|at| (f64::from(at), 0.1)).collect::<Vec<_>>()).await;
    for query in ["", "&from=4000", "&from=10&to=2000&width=7"] {
        let columns = server.get(&format!("/values/c/columns?smooth=0.9{query}")).await;
        let smoothed = &columns["cells"]["c"]["series"][0]["smoothed"];
        assert!(smoothed["y"].as_array().unwrap().iter().all(|y| *y == 0.1), "{smoothed}");
    }
    let svg = server.call("GET", "/values/c.svg", "").await.text;
    let drawn = last_of(&svg);
    assert!((drawn - 0.1).abs() < 1e-4, "{drawn}: {svg}");
}
