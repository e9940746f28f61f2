//! The shapes of points that clients send.

mod errors;

use super::*;

fn id() -> CellId {
    CellId::parse("loss").unwrap()
}

fn one(body: &str) -> Vec<SeriesPoints> {
    parse_points(&id(), body.as_bytes(), None).unwrap_or_else(|why| panic!("{body}: {why}"))
}

fn refused(body: &str) -> String {
    parse_points(&id(), body.as_bytes(), None).map(|sent| panic!("{body} was taken: {sent:?}")).unwrap_err().message
}

fn many(body: &str) -> Vec<CellPoints> {
    parse_many_points(body.as_bytes(), Some("application/json; charset=utf-8")).unwrap_or_else(|why| panic!("{body}: {why}"))
}

fn series(name: &str, x: Option<&[f64]>, y: &[f64], t: Option<&[f64]>) -> SeriesPoints {
    SeriesPoints { run: None, name: name.into(), x: x.map(<[f64]>::to_vec), y: y.to_vec(), t: t.map(<[f64]>::to_vec) }
}

fn bits(list: &[f64]) -> Vec<u64> {
    list.iter().map(|number| number.to_bits()).collect()
}

#[test]
fn every_shape_of_one_cell() {
    let sent = one(r#" {"pairs":[[0,0.5],[1 , -2e3]], "triples":[[3,1,1700000000.25]], "columns":{"x":[1,2],"y":[3,4],"t":[5,6]},
        "stepped":{"step":[7],"value":[8]}, "plain":[0.1,0.2], "single":0.3, "none":[], "timed":{"y":[1],"t":[2],"x":null},
        "scalar":{"step":4,"value":5,"time":6}} "#);
    let expected = [
        series("pairs", Some(&[0.0, 1.0]), &[0.5, -2000.0], None),
        series("triples", Some(&[3.0]), &[1.0], Some(&[1_700_000_000.25])),
        series("columns", Some(&[1.0, 2.0]), &[3.0, 4.0], Some(&[5.0, 6.0])),
        series("stepped", Some(&[7.0]), &[8.0], None),
        series("plain", None, &[0.1, 0.2], None),
        series("single", None, &[0.3], None),
        series("none", None, &[], None),
        series("timed", None, &[1.0], Some(&[2.0])),
        series("scalar", Some(&[4.0]), &[5.0], Some(&[6.0])),
    ];
    assert_eq!(sent, expected);
}

#[test]
fn what_is_no_number_stays_none() {
    let sent = one(r#"{"a":[NaN,Infinity,-Infinity,null,"NaN","nan","Infinity","inf","-Infinity","-inf"],"NaN":[[1,NaN]],"b":null}"#);
    let (inf, ninf) = (f64::INFINITY, f64::NEG_INFINITY);
    for (got, want) in sent[0].y.iter().zip([f64::NAN, inf, ninf, f64::NAN, f64::NAN, f64::NAN, inf, inf, ninf, ninf]) {
        assert!(*got == want || (got.is_nan() && want.is_nan()), "{got} is not {want}");
    }
    assert!(sent[0].y.len() == 10 && sent[1].name == "NaN" && sent[1].y[0].is_nan() && sent[2].y[0].is_nan());
}

#[test]
fn numbers_keep_every_bit() {
    // A generator with a fixed start: the same numbers in every run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut numbers = vec![0.0, -0.0, f64::MIN_POSITIVE, f64::from_bits(1), -f64::from_bits(3), f64::MAX, f64::MIN, 0.1, 1e22, 1e23];
    numbers.extend((0..40_000).map(|_| f64::from_bits(next())).filter(|number| number.is_finite()));
    numbers.extend((0..40_000).map(|_| (next() % 10_000_000) as f64 / 10_f64.powi((next() % 12) as i32)));
    numbers.extend((0..40_000).map(|_| (next() >> (next() % 64)) as f64));
    let check = |texts: Vec<String>| {
        let read = one(&format!("{{\"a\":[{}]}}", texts.join(",")));
        for ((text, number), want) in texts.iter().zip(&read[0].y).zip(&numbers) {
            assert_eq!(number.to_bits(), want.to_bits(), "{text} became {number:?}");
        }
        assert_eq!(read[0].y.len(), numbers.len());
    };
    check(numbers.iter().map(|number| serde_json::to_string(number).unwrap()).collect());
    check(numbers.iter().map(|number| format!("{number:e}")).collect());
    check(numbers.iter().map(|number| format!("{number}")).collect());
    // Halfway cases, where rounding twice would show.
    for (text, want) in [
        ("9007199254740993", 9_007_199_254_740_992.0),
        ("9007199254740993.0000000000000000001", 9_007_199_254_740_994.0),
        ("0.1000000000000000055511151231257827", 0.1),
        ("1.7976931348623157e308", f64::MAX),
        ("5e-324", f64::from_bits(1)),
        ("1e-400", 0.0),
        ("-0", -0.0),
        ("-0.0e5", -0.0),
    ] {
        assert_eq!(bits(&one(&format!("{{\"a\":{text}}}"))[0].y), bits(&[want]), "{text}");
    }
}

#[test]
fn many_cells_in_every_shape() {
    let sent = many(r#"{"cells":{"a":{"train":[[0,1]],"val":[[0,2]]},"b-1":{"lr":[0.1]}}}"#);
    assert_eq!(sent.iter().map(|sent| (sent.cell.as_str(), sent.series.len())).collect::<Vec<_>>(), [("a", 2), ("b-1", 1)]);
    let sent = many(
        r#"[{"cell":"a","series":"train","x":0,"y":1},{"cell":"b","series":"train","x":[0],"y":[9]},
        {"cell":"a","series":"train","step":1,"value":NaN},{"y":7,"series":"train","cell":"a"},{"cell":"a","points":{"val":[5]}}]"#,
    );
    let a = &sent[0].series;
    assert_eq!((sent.len(), a.len(), a[0].x.as_deref(), a[0].y[0], a[0].y.len()), (2, 3, Some([0.0, 1.0].as_slice()), 1.0, 2));
    assert_eq!(a[1..], [series("train", None, &[7.0], None), series("val", None, &[5.0], None)]);
    assert_eq!(many(r#"{"cells":{}}"#), []);
    assert_eq!(many("[]"), []);
}

#[test]
fn lines_are_read_one_by_one() {
    let body = "{\"cell\":\"a\",\"series\":\"loss\",\"step\":1,\"value\":0.5}\n\n  \r\n{\"cell\":\"a\",\"series\":\"loss\",\"step\":2,\"value\":NaN}\r\n{\"cell\":\"b\",\"points\":{\"x\":[1,2]}}";
    let sent = parse_many_points(body.as_bytes(), Some("application/x-ndjson")).unwrap();
    assert_eq!((sent.len(), sent[0].series.len(), sent[0].series[0].x.as_deref()), (2, 1, Some([1.0, 2.0].as_slice())));
    assert_eq!(sent[1].series, [series("x", None, &[1.0, 2.0], None)]);
    let error = |body: &str, first| parse_lines(body.as_bytes(), first).unwrap_err().message;
    let first = "{\"cell\":\"a\",\"series\":\"l\",\"value\":1}\n";
    assert!(
        error(&format!("{first}{{\"cell\":\"a\""), 1).contains("line 2 column 12"),
        "{}",
        error(&format!("{first}{{\"cell\":\"a\""), 1)
    );
    assert!(error("{\"cell\":\"a\",\"series\":\"l\",\"step\":null,\"value\":{}}", 41).contains("line 41"));
    assert!(error("{\"series\":\"l\",\"value\":1}", 1).contains("'cell'"));
    assert!(error("{\"cell\":\"a\",\"value\":1}", 1).contains("'series'"));
    let expected_cell = parse_points(
        &id(),
        b"{\"series\":\"l\",\"value\":1}\n{\"series\":\"l\",\"value\":2,\"cell\":\"loss\"}",
        Some("application/X-NDJSON"),
    );
    assert_eq!(expected_cell.unwrap(), [series("l", None, &[1.0, 2.0], None)]);
    let other = parse_points(&id(), b"{\"series\":\"l\",\"value\":1,\"cell\":\"other\"}", Some("application/x-ndjson"));
    assert!(other.unwrap_err().message.contains("/points"));
}

#[test]
fn binary_is_checked_like_text() {
    use points::{NumbersRef, PartRef};
    let (a, b) = (id(), CellId::parse("other").unwrap());
    let part = |cell, series, x, y, start| PartRef { cell, run: None, series, start, n: 2, numbers: Some(NumbersRef { x, y, t: None }) };
    let (x, y) = ([1.0, 2.0], [f64::NAN, -0.0]);
    let send = |parts: &[PartRef]| parse_many_points(&points::write(0, parts), Some("application/octet-stream"));
    let sent = send(&[part(&a, "l", Some(&x), &y, None), part(&b, "l", None, &y, None), part(&a, "l", Some(&x), &y, None)]).unwrap();
    assert_eq!((sent.len(), sent[0].series.len(), bits(&sent[0].series[0].y)), (2, 1, bits(&[f64::NAN, -0.0, f64::NAN, -0.0])));
    let refused = |part: PartRef| send(&[part]).unwrap_err().message;
    assert!(refused(part(&a, "l", Some(&y), &x, None)).contains("x[0] that is not finite"));
    assert!(refused(part(&a, "", None, &y, None)).contains("1 to 200"));
    assert!(refused(part(&a, "l", None, &y, Some(3))).contains("start"));
    assert!(refused(PartRef { cell: &a, run: None, series: "l", start: None, n: 9, numbers: None }).contains("flag 8"));
    let frame = points::write(0, &[part(&b, "l", None, &y, None)]);
    assert!(parse_points(&a, &frame, Some("application/vnd.agnez.points")).unwrap_err().message.contains("/points"));
    assert!(parse_points(&b, &frame, Some("application/vnd.agnez.points")).is_ok());
    assert!(parse_points(&b, b"AGNX", Some("application/octet-stream")).unwrap_err().message.contains("AGNZ"));
    let long = vec![0.0; MAX_POINTS_PER_REQUEST / 2 + 1];
    let half = PartRef {
        cell: &a,
        run: None,
        series: "l",
        start: None,
        n: long.len() as u32,
        numbers: Some(NumbersRef { x: None, y: &long, t: None }),
    };
    assert_eq!(send(&[half, half]).unwrap_err().code, 413);
}

#[test]
fn a_line_may_be_given_whole() {
    for empty in ["[]", "null", "\"\"", "{}", " { } ", r#"{"series":{}}"#] {
        assert_eq!(parse_line_value(empty).unwrap(), LineValue::default(), "{empty}");
    }
    let value = parse_line_value(
        r#"{"series":{"a":[[0,1]],"b":{"last":{"y":[]},"points":123,"x":7},"c":[],"d":{},"e":null,"f":"","g":{"y":["NaN",1]},"h":0.5}}"#,
    );
    let empty = |name| SeriesUpdate::Points(series(name, None, &[], None));
    let value = value.unwrap().series;
    assert_eq!(value[0], SeriesUpdate::Points(series("a", Some(&[0.0]), &[1.0], None)));
    assert_eq!(value[1], SeriesUpdate::Unchanged("b".into()));
    assert_eq!(value[2..6], [empty("c"), empty("d"), empty("e"), empty("f")]);
    assert!(matches!(&value[6], SeriesUpdate::Points(points) if points.y[0].is_nan() && points.y[1] == 1.0));
    assert_eq!(value[7], SeriesUpdate::Points(series("h", None, &[0.5], None)));
    let error = |json: &str| parse_line_value(json).unwrap_err().message;
    assert!(error("[1]").starts_with("'value[0]' must be left out"), "{}", error("[1]"));
    assert!(error("\"a\"").starts_with("'value' must be an object, not a string"));
    assert!(error(r#"{"title":1}"#).starts_with("'value.title' is no key"));
    assert!(error(r#"{"series":{"a":[],"a":[]}}"#).contains("'value.series.a' is given twice"));
    assert!(error(r#"{"series":{"a":[[0]]}}"#).starts_with("'value.series.a[0]' must be [x, y]"));
    assert!(error(r#"{"series":{"a":{"z":1}}}"#).starts_with("'value.series.a.z' is no key"));
}

#[test]
fn tokens_become_strings_only_outside_of_strings() {
    let quoted = quote_tokens(r#"{"a":[NaN,-Infinity,Infinity],"NaN":"NaN \" -Infinity","b":-1}"#);
    assert_eq!(quoted.as_deref(), Some(r#"{"a":["NaN","-Infinity","Infinity"],"NaN":"NaN \" -Infinity","b":-1}"#));
    assert_eq!(quote_tokens(r#"{"Infinity":"NaN","b":-1,"c":null}"#), None);
    assert_eq!(quote_tokens("NaN").as_deref(), Some("\"NaN\""));
}

#[test]
fn a_series_of_a_run_is_another_one_and_may_have_no_name() {
    let run = |id: &str| RunId::parse(id);
    let of = |id: &str, points: SeriesPoints| SeriesPoints { run: run(id), ..points };
    let sent = many(
        r#"[{"cell":"loss","run":"lr_0.1","series":"train","step":1,"value":2},
            {"cell":"loss","series":"train","step":1,"value":3},
            {"run":"lr_0.1","cell":"loss","step":[2,3],"value":[4,5]},
            {"cell":"loss","points":{"":[[4,6]],"train":[[2,7]]},"run":"lr_0.1"},
            {"cell":"loss","run":null,"series":"train","step":2,"value":8}]"#,
    );
    let expected = [
        of("lr_0.1", series("train", Some(&[1.0, 2.0]), &[2.0, 7.0], None)),
        series("train", Some(&[1.0, 2.0]), &[3.0, 8.0], None),
        of("lr_0.1", series("", Some(&[2.0, 3.0, 4.0]), &[4.0, 5.0, 6.0], None)),
    ];
    assert_eq!((sent.len(), &sent[0].series[..]), (1, &expected[..]));
    let lines = b"{\"run\":\"a\",\"value\":1}\n{\"run\":\"b\",\"value\":2}\n{\"run\":\"a\",\"value\":3}";
    let sent = parse_points(&id(), lines, Some("application/x-ndjson")).unwrap();
    assert_eq!(sent, [of("a", series("", None, &[1.0, 3.0], None)), of("b", series("", None, &[2.0], None))]);
    for (body, part) in [
        (r#"[{"run":"a/b","value":1}]"#, "'[0].run' must be 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit"),
        (r#"[{"run":7,"value":1}]"#, "'[0].run' must be a string, not a number"),
        (r#"[{"series":"","value":1}]"#, "'[0].series' has an empty name, which only a series of a 'run' may have (line 1 column 14)"),
        (r#"[{"points":{"":1}}]"#, "'[0].points' has an empty name"),
        (r#"[{"run":"a","series":"\u0007","value":1}]"#, "'[0].series' must have no control characters"),
        (r#"[{"run":"a","series":"x"}]"#, "'[0]' must have 'y'"),
    ] {
        let message = refused(body);
        assert!(message.contains(part), "{body}: {message}");
    }
    assert_eq!(one(r#"[{"run":"a"}]"#), []);
}

#[test]
fn the_binary_form_has_the_run_of_each_part() {
    use points::{NumbersRef, PartRef};
    let (cell, run) = (id(), RunId::parse("lr_0.1").unwrap());
    let numbers = Some(NumbersRef { x: None, y: &[1.0], t: None });
    let part = |run, series| PartRef { cell: &cell, run, series, start: None, n: 1, numbers };
    let send = |parts: &[PartRef]| parse_many_points(&points::write(0, parts), Some("application/octet-stream"));
    let sent = send(&[part(Some(&run), ""), part(None, "l"), part(Some(&run), "l"), part(Some(&run), "")]).unwrap();
    let found: Vec<_> = sent[0].series.iter().map(|series| (series.run.is_some(), series.name.as_str(), series.y.len())).collect();
    assert_eq!(found, [(true, "", 2), (false, "l", 1), (true, "l", 1)]);
    assert!(send(&[part(None, "")]).unwrap_err().message.contains("1 to 200 characters"));
}
