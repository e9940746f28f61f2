//! `data:` URIs as browsers read them (WHATWG's Fetch Standard): percent-encoded or not, base64 with white space and without its end, any parameters.

use data_url::DataUrl;

use crate::protocol::{ApiError, ErrorKind};

/// The bytes that the URI holds.
pub fn decode(uri: &str) -> Result<Vec<u8>, ApiError> {
    let wrong = |why: &str| ErrorKind::Unprocessable.with(format!("The value is not a 'data:' URI of a picture: {why}."));
    let (about, data) = uri.split_once(',').ok_or_else(|| wrong("it has no comma"))?;
    // Drawings written by hand have colours like #fff in them: no browser takes one as the end of a picture that is meant to be seen.
    let escaped = if is_base64(about) || !data.contains('#') { None } else { Some([about, ",", &data.replace('#', "%23")].concat()) };
    let parsed = DataUrl::process(escaped.as_deref().unwrap_or(uri)).map_err(|why| wrong(&why.to_string()))?;
    parsed.decode_to_vec().map(|(bytes, _)| bytes).map_err(|why| wrong(&why.to_string()))
}

fn is_base64(about: &str) -> bool {
    about.rsplit(';').next().is_some_and(|last| last.trim().eq_ignore_ascii_case("base64"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_that_browsers_take_are_decoded() {
        for uri in [
            "data:image/gif;base64,R0lGODlh",
            "data:image/gif;base64,R0lG\nODlh",
            "data:image/gif;base64,R0lG ODlh\t",
            "data:image/gif;base64,R0lGODlh#fragment",
            "data:image/gif;base64,R0lGOD%6Ch",
            "data:image/gif;base64,%52%30%6C%47%4F%44%6C%68",
            "data:image/gif;base64,R0lG%0AODlh",
            "data:image/gif;base64,R0lG%20ODlh",
            "DATA:IMAGE/GIF;BASE64,R0lGODlh",
            "data:image/gif;charset=utf-8;base64,R0lGODlh",
            "data:image/gif;charset=\"x\";name=a.gif; base64,R0lGODlh",
            "data:image/gif;base64 ,R0lGODlh",
            "data:;base64,R0lGODlh",
            "data:base64;base64,R0lGODlh",
            "data:image/gif,GIF89a",
            "data:image/gif,%47%49%46%38%39a",
            "data:,GIF89a",
            " data:image/gif;base64,R0lGODlh ",
        ] {
            assert_eq!(decode(uri).unwrap(), b"GIF89a", "{uri}");
        }
        for uri in
            ["data:image/bmp;base64,Qk0=", "data:image/bmp;base64,Qk0", "data:image/bmp;base64,Qk0%3D", "data:image/bmp;base64,Qk0%3d"]
        {
            assert_eq!(decode(uri).unwrap(), b"BM", "{uri}");
        }
        assert_eq!(decode("data:image/svg+xml,%3Csvg/%3e%zz%").unwrap(), b"<svg/>%zz%");
        assert_eq!(decode("data:image/svg+xml;charset=utf-8,<svg fill='#fff'/>").unwrap(), b"<svg fill='#fff'/>");
        assert_eq!(decode("data:image/svg+xml;utf8,<svg fill='%23fff'/>").unwrap(), b"<svg fill='#fff'/>");
        assert_eq!(decode("data:image/svg+xml,é").unwrap(), "é".as_bytes());
    }

    #[test]
    fn what_is_none_says_why() {
        for uri in [
            "data:",
            "data:image/png;base64",
            "",
            "data:image/png;base64,@@",
            "data:image/png;base64,A",
            "data:image/png;base64,AA=A",
            "image/png,x",
        ] {
            let error = decode(uri).unwrap_err();
            assert!(error.code == 422 && error.message.starts_with("The value is not a 'data:' URI of a picture: "), "{uri}: {error}");
        }
    }
}
