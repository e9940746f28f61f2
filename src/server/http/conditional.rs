//! What a reader has already, and in which coding it takes the rest (RFC 9110, 13.1.2 and 12.5.3): for every address with an `ETag` or a
//! compressed form.

use axum::http::{HeaderMap, HeaderName, header};

/// An address with a revision in it never changes its content.
pub fn cache_control(immutable: bool) -> &'static str {
    if immutable { "private, max-age=31536000, immutable" } else { "no-store" }
}

/// Whether `If-None-Match` names this tag. Tags are compared weakly: a proxy that compresses makes a weak one of ours.
pub fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let tag = opaque(tag);
    lines(headers, &header::IF_NONE_MATCH).any(|list| list.trim() == "*" || tags(list).any(|(_, known)| known == tag))
}

/// Whether `If-Match` allows this strong tag: it names it, or there is none.
pub fn is_match(headers: &HeaderMap, tag: &str) -> bool {
    // Weak tags are never equal (RFC 9110, 13.1.1).
    let names_it = |list: &str| list.trim() == "*" || tags(list).any(|(is_weak, known)| !is_weak && known == tag);
    !headers.contains_key(header::IF_MATCH) || lines(headers, &header::IF_MATCH).any(names_it)
}

/// A tag without what says that it is a weak one.
fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// The tags of a list: whether each is a weak one, and the tag without `W/`, in its quotes; commas may stand within them. What is no tag
/// ends the list.
fn tags(list: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut rest = list;
    std::iter::from_fn(move || {
        let listed = rest.trim_start_matches([' ', '\t', ',']);
        rest = opaque(listed);
        let is_weak = rest.len() < listed.len();
        let end = rest.strip_prefix('"')?.find('"')? + 2;
        let (tag, behind) = rest.split_at(end);
        rest = behind;
        Some((is_weak, tag))
    })
}

/// The best of these codings, by the reader's weights, then in our order; `None`: as it is.
pub fn coding<'a>(headers: &HeaderMap, ours: &[&'a str]) -> Option<&'a str> {
    let weights: Vec<(String, u16)> =
        lines(headers, &header::ACCEPT_ENCODING).flat_map(|list| list.split(',')).filter_map(weight).collect();
    let find = |name: &str| weights.iter().rev().find(|(known, _)| known == name).map(|(_, weight)| *weight);
    let of = |name: &str| find(name).or_else(|| find("*")).unwrap_or(0);
    let best = ours.iter().copied().filter(|name| of(name) > 0).reduce(|best, next| if of(next) > of(best) { next } else { best })?;
    // Who weighs the plain form higher than all of ours gets that.
    find("identity").is_none_or(|plain| plain <= of(best)).then_some(best)
}

/// `gzip;q=0.5` as its name in small letters and 500; 1000 without a weight. `None` where the weight is none.
fn weight(item: &str) -> Option<(String, u16)> {
    let mut parts = item.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?.to_ascii_lowercase();
    let given = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let weight = match given {
        None => 1000,
        Some(text) => {
            let weight: f64 = text.parse().ok().filter(|weight| (0.0..=1.0).contains(weight))?;
            (weight * 1000.0).round() as u16
        }
    };
    Some((if name == "x-gzip" { "gzip".to_owned() } else { name }, weight))
}

/// A list may stand in several lines.
fn lines<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: HeaderName, lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name.clone(), line.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_tag_is_known_alone_in_a_list_and_as_a_weak_one() {
        let known = |lines: &[&str]| is_known(&with(header::IF_NONE_MATCH, lines), "\"a,b\"");
        for lines in [
            &["\"a,b\""][..],
            &["W/\"a,b\""],
            &["*"],
            &[" * "],
            &["\"x\", \"a,b\""],
            &["\"x\",W/\"a,b\" , \"y\""],
            &[", ,\"a,b\""],
            &["\"x\"", "\"y\", \"a,b\""],
        ] {
            assert!(known(lines), "{lines:?}");
        }
        for lines in [&[][..], &["\"a\""], &["a,b"], &["\"a,b"], &["\"x, \"a,b\""], &["\"a,b\"\"x"][..0], &["w/\"a,b\""], &["\"*\""]] {
            assert!(!known(lines), "{lines:?}");
        }
        assert!(is_known(&with(header::IF_NONE_MATCH, &["\"a\""]), "W/\"a\""));
    }

    #[test]
    fn a_change_is_of_the_tag_that_the_client_knows() {
        let allows = |lines: &[&str]| is_match(&with(header::IF_MATCH, lines), "\"a\"");
        assert!(allows(&[]) && allows(&["*"]) && allows(&["\"a\""]) && allows(&["\"x\", \"a\""]) && allows(&["\"x\"", "\"a\""]));
        for lines in [&[""][..], &["\"x\""], &["W/\"a\""], &["\"x\", W/\"a\""], &["a"]] {
            assert!(!allows(lines), "{lines:?}");
        }
        assert!(allows(&["W/\"a\", \"a\""]));
        let mut unreadable = HeaderMap::new();
        unreadable.insert(header::IF_MATCH, axum::http::HeaderValue::from_bytes(b"\"\xe4\"").unwrap());
        assert!(!is_match(&unreadable, "\"a\""), "a tag that is no ASCII is another one");
    }

    #[test]
    fn a_coding_is_what_the_reader_takes() {
        let best = |lines: &[&str]| coding(&with(header::ACCEPT_ENCODING, lines), &["br", "gzip"]);
        for (lines, expected) in [
            (&[][..], None),
            (&[""], None),
            (&["gzip, deflate, br, zstd"], Some("br")),
            (&["gzip"], Some("gzip")),
            (&["br;q=0"], None),
            (&["br;q=0, gzip"], Some("gzip")),
            (&["br; q=0.000 , gzip;q=0.001"], Some("gzip")),
            (&["br;q=0.5, gzip;q=0.8"], Some("gzip")),
            (&["BR;Q=1"], Some("br")),
            (&["x-gzip"], Some("gzip")),
            (&["*"], Some("br")),
            (&["*;q=0"], None),
            (&["br;q=0, *"], Some("gzip")),
            (&["*;q=0, gzip"], Some("gzip")),
            (&["identity, br;q=0.5"], None),
            (&["identity;q=0, br;q=0.5"], Some("br")),
            (&["identity;q=0.5, gzip;q=0.5"], Some("gzip")),
            (&["br;q=2"], None),
            (&["br;q=x, gzip"], Some("gzip")),
            (&["brotli, brx"], None),
            (&["deflate", "br"], Some("br")),
        ] {
            assert_eq!(best(lines), expected, "{lines:?}");
        }
    }
}
