//! What is refused, and the sentence that says why.

use super::*;

#[test]
fn errors_name_path_and_position() {
    let error = parse_points(&id(), b"{\"train\":[[0,1],\n [2,3],[NaN,1]]}", None).unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (400, "'train[2][0]' must be a finite number, not NaN (line 2 column 9)."));
    assert_eq!(error.errors.0["train[2][0]"], "must be a finite number, not NaN");
    for (body, part) in [
        (r#"{"a":[[0,1,null]]}"#, "'a[0][2]' must be a finite number, not null"),
        (r#"{"a":[["1",1]]}"#, "'a[0][0]' must be a finite number, not a string"),
        (r#"{"a":[[0,"x"]]}"#, "'a[0][1]' must be a number, null, \"NaN\""),
        (r#"{"a":[[0,1],[2]]}"#, "'a[1]' must be [x, y] or [x, y, t]"),
        (r#"{"a":[[0,1],[1,2,3]]}"#, "'a[1]' must have the form"),
        (r#"{"a":[[0,1],2]}"#, "'a[1]' must have the form"),
        (r#"{"a":[[0,1,2,3]]}"#, "'a[0][3]' is too much"),
        (r#"{"a":{"x":[1,2],"y":[3]}}"#, "'a' must have as many 'x' as 'y', not 2 and 1"),
        (r#"{"a":{"x":[1]}}"#, "'a' must have 'y'"),
        (r#"{"a":{"x":[1],"step":[1],"y":[3]}}"#, "'a.step' is given twice"),
        (r#"{"a":{"z":[1]}}"#, "'a.z' is no key here"),
        (r#"{"a":{"x":[1,Infinity],"y":[1,2]}}"#, "'a.x[1]' must be a finite number, not Infinity"),
        (r#"{"a":true}"#, "not a boolean"),
        (r#"{"a":1e999}"#, "'a' is too large for a double"),
        (r#"{"a":[[-1e999,0]]}"#, "'a[0][0]' is too large"),
        (r#"{"":1}"#, "must have 1 to 200 characters"),
        (r#"{"a\n":1}"#, "control characters"),
        (r#"{"a":01}"#, "as JSON wants it"),
        (r#"{"a":1.}"#, "as JSON wants it"),
        (r#"{"a":-}"#, "not '-'"),
        (r#"{"a":nan}"#, "'a' must be a number, null, \"NaN\", \"Infinity\" or \"-Infinity\", not 'nan' (line 1 column 6)."),
        (r#"{"a":[[nan,1]]}"#, "'a[0][0]' must be a finite number, not 'nan'"),
        (r#"{"a":inf}"#, "not 'inf'"),
        (r#"{"a":-inf}"#, "not '-inf'"),
        (r#"{"a":Inf}"#, "not 'Inf'"),
        (r#"{"a":[-nan]}"#, "'a[0]' must be a number, null, \"NaN\", \"Infinity\" or \"-Infinity\", not '-nan'"),
        (r#"{"a":nul}"#, "not 'nul'"),
        (r#"{"a":True}"#, "not 'True'"),
        (r#"{"a":tru}"#, "not 'tru'"),
        (r#"{"a":None}"#, "not 'None'"),
        (r#"{"a":}"#, "'a' must be a number, null, \"NaN\", \"Infinity\" or \"-Infinity\", not '}'"),
        (r#"{"a":'x'}"#, "not '\\''"),
        (r#"{"a":1e}"#, "as JSON wants it"),
        (r#"{"a":.5}"#, "not '.5'"),
        (r#"{"a":1,}"#, "The body is not JSON: nothing comes between the last ',' and '}'; leave that ',' out (line 1 column 8)."),
        (r#"{"a":[1,]}"#, "'a' is not JSON: nothing comes between the last ',' and ']'; leave that ',' out (line 1 column 9)."),
        (r#"{"a":[[0,1],]}"#, "'a' is not JSON: nothing comes between"),
        (r#"{"a":[,1]}"#, "'a' is not JSON: expected an item, found ','"),
        (r#"{"a":[1"#, "'a' is not JSON: expected ',' or ']', found the end"),
        (r#"{"a":[1,"#, "'a' is not JSON: expected an item, found the end"),
        (r#"{"a":1"#, "The body is not JSON: expected ',' or '}', found the end"),
        (r#"{"a":1,"#, "The body is not JSON: expected a key in double quotes, found the end"),
        (r#"{"a":"#, "'a' must be a number, null, \"NaN\", \"Infinity\" or \"-Infinity\", not the end"),
        (r#"{"#, "The body is not JSON: expected a key in double quotes, found the end"),
        (r#"{a:1}"#, "The body is not JSON: expected a key in double quotes, found 'a'"),
        (r#"{,}"#, "The body is not JSON: expected a key in double quotes, found ','"),
        (r#"{'a':1}"#, "expected a key in double quotes, found '\\''"),
        (r#"{1:1}"#, "expected a key in double quotes, found a number"),
        (r#"{"a":[1 2]}"#, "'a' is not JSON: expected ',' or ']', found a number (line 1 column 9)"),
        (r#"{"a" 1}"#, "expected ':'"),
        (r#"{"a":1} {}"#, "The body goes on after its end"),
        (r#"{"a\ud800":1}"#, "stands for no character"),
        (r#"{"a"#, "a string does not end"),
        ("", "The body must be an object, not the end (line 1 column 1)."),
        ("3", "The body must be an object, not a number"),
        ("[3]", "'[0]' must be an object, not a number"),
    ] {
        let message = refused(body);
        assert!(message.contains(part), "{body}: {message}");
    }
    let long = "n".repeat(201);
    assert!(refused(&format!("{{\"{long}\":1}}")).len() < 400);
    assert_eq!(one(&format!("{{\"{}\":1}}", "ä".repeat(200)))[0].y, [1.0]);
    assert!(parse_points(&id(), b"{\"\xff\":1}", None).unwrap_err().message.contains("byte 2"));
    let error = |body: &str| parse_many_points(body.as_bytes(), None).unwrap_err().message;
    assert!(error(r#"{"cells":{"a":{"b":[["",1]]}}}"#).starts_with("'cells.a.b[0][0]' must be"));
    assert!(error(r#"{"cells":{"a/b":{}}}"#).contains("'cells.a/b' is not the id of a cell"));
    assert!(error(r#"{"cell":"a"}"#).contains("application/x-ndjson"));
}

#[test]
fn wall_times_are_within_reach_of_a_clock() {
    for (body, path) in [
        (r#"{"a":[[0,1,1e11],[1,2,-1.1e11]]}"#, "'a[1][2]'"),
        (r#"{"a":{"y":[1,2],"t":[-1e11,1.7e308]}}"#, "'a.t[1]'"),
        (r#"{"a":{"y":1,"time": 1763841600000}}"#, "'a.time'"),
        (r#"[{"series":"a","value":1,"t":-1.7e308}]"#, "'[0].t'"),
    ] {
        let message = refused(body);
        assert!(message.starts_with(path) && message.contains("must be seconds since 1970, from -1e11 to 1e11"), "{body}: {message}");
    }
    assert!(parse_line_value(r#"{"series":{"a":[[0,1,2e11]]}}"#).unwrap_err().message.starts_with("'value.series.a[0][2]'"));
    assert_eq!(one(r#"{"a":[[1e300,1e300,1e11]],"b":{"x":-1e300,"y":1,"t":-1e11}}"#).len(), 2);
    let (cell, y) = (id(), [1.0, 2.0]);
    let send = |t: &[f64]| {
        let numbers = points::NumbersRef { x: None, y: &y, t: Some(t) };
        let part = points::PartRef { cell: &cell, run: None, series: "l", start: None, n: 2, numbers: Some(numbers) };
        parse_many_points(&points::write(0, &[part]), Some("application/octet-stream"))
    };
    assert!(send(&[-1e11, 1e11]).is_ok());
    assert_eq!(
        send(&[0.0, 1.1e11]).unwrap_err().message,
        "Part 0 (cell 'loss') has a t[1] that is not in seconds since 1970: it must be from -1e11 to 1e11."
    );
}

#[test]
fn a_request_is_bounded() {
    let error = |body: String| parse_points(&id(), body.as_bytes(), None).unwrap_err();
    let numbers = |n: usize| "0,".repeat(n - 1) + "0";
    assert_eq!(one(&format!("{{\"a\":[{}]}}", numbers(MAX_POINTS_PER_REQUEST)))[0].y.len(), MAX_POINTS_PER_REQUEST);
    assert_eq!(error(format!("{{\"a\":[{}]}}", numbers(MAX_POINTS_PER_REQUEST + 1))).code, 413);
    assert_eq!(error(format!("{{\"a\":{{\"x\":[{}],\"y\":[1]}}}}", numbers(MAX_POINTS_PER_REQUEST + 2))).code, 400);
    assert_eq!(error(format!("{{\"a\":{{\"x\":[{}],\"y\":[1]}}}}", numbers(2 * MAX_POINTS_PER_REQUEST + 2))).code, 413);
    let names = |n: usize| (0..n).map(|at| format!("\"{at}\":1")).collect::<Vec<_>>().join(",");
    assert_eq!(one(&format!("{{{}}}", names(MAX_SERIES_PER_REQUEST))).len(), MAX_SERIES_PER_REQUEST);
    assert_eq!(error(format!("{{{}}}", names(MAX_SERIES_PER_REQUEST + 1))).code, 413);
    assert_eq!(error("[".repeat(1_000_000)).code, 400);
    assert_eq!(parse_line_value(&format!("{{\"series\":{{\"a\":{{\"b\":{}", "[".repeat(1_000_000))).unwrap_err().code, 400);
}

#[test]
fn no_input_makes_it_panic() {
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    const PIECES: [&str; 40] = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\\u00",
        "\\ud800",
        "\"a\"",
        "\"cell\"",
        "\"cells\"",
        "\"series\"",
        "\"points\"",
        "\"x\":",
        "\"y\":",
        "\"step\":",
        "\"value\":",
        "0",
        "-",
        "-0",
        "1.5",
        "1e",
        "e5",
        ".",
        "NaN",
        "-Infinity",
        "Inf",
        "null",
        "nul",
        "true",
        " ",
        "\n",
        "ä",
        "\u{1}",
        "[[0,1]",
        "{\"cells\":{\"a\":{",
        "1e999",
        "\"NaN\"",
    ];
    for round in 0..60_000 {
        let body: Vec<u8> = match round % 3 {
            0 => (0..next(60)).map(|_| next(256) as u8).collect(),
            1 => (0..next(30)).flat_map(|_| PIECES[next(PIECES.len())].bytes()).collect(),
            _ => {
                let mut body = br#"{"cells":{"a":{"t":[[0,1.5],[1,"NaN"]],"v":{"x":[1],"y":[2],"t":[3]}}}}"#.to_vec();
                for _ in 0..=next(3) {
                    let at = next(body.len());
                    body[at] = next(256) as u8;
                }
                body
            }
        };
        for kind in [None, Some("application/x-ndjson"), Some("application/octet-stream")] {
            let answers = [parse_many_points(&body, kind).err(), parse_points(&id(), &body, kind).err()];
            assert!(answers.iter().flatten().all(|error| error.message.ends_with('.')));
        }
        if let Ok(text) = std::str::from_utf8(&body) {
            drop((parse_line_value(text), quote_tokens(text)));
        }
    }
}
