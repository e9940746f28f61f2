//! What a proxy says of the one it asks for. Only those that `--trusted-proxy` names are believed.

use std::net::IpAddr;

use axum::http::{HeaderMap, Version, header};

use super::request::single_header;
use crate::protocol::{ApiError, ErrorKind};

/// A request that carries one of these did not come from a program of this machine by itself: proxies add them, and services that check who
/// somebody is. What programs send of their own accord (`traceparent`, `x-request-id`, `x-cloud-trace-context`) is not among them.
const FORWARDED: [&str; 34] = [
    "cdn-loop",
    "client-ip",
    "disguised-host",
    "forwarded",
    "front-end-https",
    "incap-client-ip",
    "proxy-client-ip",
    "remote-addr",
    "remote-user",
    "surrogate-capability",
    "true-client-ip",
    "via",
    "wl-proxy-client-ip",
    "x-authenticated-user",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-nf-client-connection-ip",
    "x-path-prefix",
    "x-proxycontextpath",
    "x-proxyuser-ip",
    "x-queue-start",
    "x-real-ip",
    "x-real-port",
    "x-replaced-path",
    "x-request-start",
    "x-rewrite-url",
    "x-scheme",
    "x-script-name",
    "x-sendfile-type",
    "x-sucuri-clientip",
    "x-url-scheme",
    "x-user-ip",
    "x-varnish",
    "x-webauth-user",
];
/// Nor one with a header that begins so.
const FAMILIES: [&str; 31] = [
    "akamai-",
    "cf-",
    "fastly-",
    "fly-",
    "ngrok-",
    "ssl-client-",
    "tailscale-",
    "x-akamai-",
    "x-amz-cf-",
    "x-amzn-",
    "x-appengine-",
    "x-arr-",
    "x-auth-request-",
    "x-authentik-",
    "x-azure-",
    "x-client-cert",
    "x-envoy-",
    // `X-Forwarded` alone too.
    "x-forwarded",
    "x-goog-authenticated-user-",
    "x-goog-iap-",
    "x-ingress-",
    "x-ms-client-principal",
    "x-original-",
    "x-pomerium-",
    "x-remote-",
    "x-rstudio-",
    "x-ssl-",
    "x-tailscale-",
    "x-traefik-",
    "x-vercel-",
    "x-vouch-",
];

/// Who asked at first, and for which name.
#[derive(Debug)]
pub struct Origin<'a> {
    pub host: &'a str,
    pub is_secure: bool,
    pub address: Option<IpAddr>,
    /// Somebody stands in between, believed or not.
    pub is_forwarded: bool,
}

/// HTTP/1.0 is what nginx speaks to what it stands before, unless it is configured otherwise, and then it adds no header; programs have
/// spoken 1.1 for long.
fn is_forwarded(headers: &HeaderMap, version: Version) -> bool {
    let tells = |name: &str| FORWARDED.contains(&name) || FAMILIES.iter().any(|family| name.starts_with(family));
    version < Version::HTTP_11 || headers.keys().any(|name| tells(name.as_str()))
}

pub fn origin<'a>(headers: &'a HeaderMap, version: Version, peer: Option<IpAddr>, trusted: &[IpAddr]) -> Result<Origin<'a>, ApiError> {
    let host =
        single_header(headers, header::HOST.as_str())?.ok_or_else(|| ErrorKind::BadRequest.with("The request has no Host header."))?;
    let is_forwarded = is_forwarded(headers, version);
    let direct = Origin { host, is_secure: false, address: peer, is_forwarded };
    if !peer.is_some_and(|peer| trusted.contains(&peer)) {
        return Ok(direct);
    }
    let host = single_header(headers, "x-forwarded-host")?.unwrap_or(host);
    let is_secure = single_header(headers, "x-forwarded-proto")?.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    // Each proxy adds the one it was asked by at the end; the entries before it were written by the client.
    let mut hops =
        headers.get_all("x-forwarded-for").iter().rev().filter_map(|value| value.to_str().ok()).flat_map(|list| list.rsplit(','));
    let address = hops.find_map(|hop| match hop.trim().parse::<IpAddr>().map(|hop| hop.to_canonical()) {
        Ok(hop) if trusted.contains(&hop) => None,
        other => Some(other.ok()),
    });
    Ok(Origin { host, is_secure, address: address.unwrap_or(peer), is_forwarded })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_proxy_adds_gives_it_away() {
        let with = |name: &str| {
            let mut map = HeaderMap::new();
            map.append(axum::http::HeaderName::from_bytes(name.as_bytes()).unwrap(), "1".parse().unwrap());
            is_forwarded(&map, Version::HTTP_11)
        };
        for name in FORWARDED.iter().chain(&FAMILIES) {
            assert!(with(name), "{name}");
        }
        for name in [
            "X-Forwarded",
            "X-Forwarded-For",
            "X-Forwarded-Prefix",
            "X-Forwarded-Email",
            "X-Scheme",
            "X-Script-Name",
            "Remote-User",
            "X-Remote-User",
            "X-Auth-Request-User",
            "X-Auth-Request-Email",
            "Tailscale-User-Login",
            "Tailscale-User-Name",
            "X-Amzn-Trace-Id",
            "X-Amzn-Oidc-Identity",
            "X-Amz-Cf-Id",
            "Fly-Client-IP",
            "Fastly-Client-IP",
            "X-Azure-ClientIP",
            "X-Azure-SocketIP",
            "CF-Ray",
            "CF-Connecting-IPv6",
            "CF-Access-JWT-Assertion",
            "CDN-Loop",
            "True-Client-IP",
            "X-Envoy-Expected-Rq-Timeout-Ms",
            "X-Cluster-Client-IP",
            "X-Original-URL",
            "X-Goog-Authenticated-User-Email",
            "X-MS-Client-Principal-Name",
            "X-ARR-LOG-ID",
            "X-Varnish",
        ] {
            assert!(with(name), "{name}");
        }
        for name in [
            "traceparent",
            "tracestate",
            "x-request-id",
            "x-correlation-id",
            "x-requested-with",
            "user-agent",
            "forward",
            "cookie",
            "x-cloud-trace-context",
        ] {
            assert!(!with(name), "{name}");
        }
        assert!(is_forwarded(&HeaderMap::new(), Version::HTTP_10) && !is_forwarded(&HeaderMap::new(), Version::HTTP_11));
    }

    fn original(headers: &[(&str, &str)], peer: &str) -> (String, bool, Option<String>, bool) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(axum::http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        let trusted = ["127.0.0.1".parse().unwrap(), "192.0.2.9".parse().unwrap()];
        let origin = origin(&map, Version::HTTP_11, peer.parse().ok(), &trusted).unwrap();
        (origin.host.to_owned(), origin.is_secure, origin.address.map(|address| address.to_string()), origin.is_forwarded)
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let headers = [
            ("host", "localhost:3000"),
            ("x-forwarded-host", "board.example"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-for", "203.0.113.66, 198.51.100.4, 192.0.2.9"),
        ];
        assert_eq!(original(&headers, "127.0.0.1"), ("board.example".into(), true, Some("198.51.100.4".into()), true));
        assert_eq!(original(&headers, "203.0.113.1"), ("localhost:3000".into(), false, Some("203.0.113.1".into()), true));
        assert_eq!(original(&headers[..1], "127.0.0.1"), ("localhost:3000".into(), false, Some("127.0.0.1".into()), false));
        let odd = [("host", "h"), ("x-forwarded-for", "1.2.3.4, unknown")];
        assert_eq!(original(&odd, "127.0.0.1"), ("h".into(), false, None, true));
    }
}
