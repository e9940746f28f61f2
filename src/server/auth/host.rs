//! Which names the server answers at: its own, exactly. A page that reached it by a name of another site's is kept out (DNS rebinding).

use std::fmt;
use std::net::IpAddr;

const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// A `Host` header in its two parts: the name in small letters, an IPv6 address in brackets.
#[derive(Clone, Debug, PartialEq)]
pub struct Host {
    name: String,
    port: Option<u16>,
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl Host {
    /// `None` for everything that is not a name or an address with or without a port.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, port) = match text.strip_prefix('[') {
            Some(rest) => text.split_at(rest.find(']')? + 2),
            None => text.split_at(text.find(':').unwrap_or(text.len())),
        };
        let is_name = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        let is_address = |name: &str| name[1..name.len() - 1].parse::<std::net::Ipv6Addr>().is_ok();
        if !(if name.starts_with('[') { is_address(name) } else { is_name(name) }) {
            return None;
        }
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
            _ => return None,
        };
        Some(Self { name: name.to_ascii_lowercase(), port })
    }

    /// With any port: behind a tunnel the browser's is another.
    pub fn is_loopback(&self) -> bool {
        LOOPBACK.contains(&self.name.as_str())
    }

    pub fn port(&self) -> Option<u16> {
        self.port
    }

    fn ip(&self) -> Option<IpAddr> {
        self.name.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }

    /// One that was allowed without a port is allowed with any.
    fn is(&self, allowed: &Self) -> bool {
        self.name == allowed.name && (allowed.port.is_none() || allowed.port == self.port)
    }

    /// `local`: the address of this machine that the connection came to. No other site can have a name that is an address.
    pub fn is_ours(&self, allowed: &[Self], local: Option<IpAddr>) -> bool {
        let is_local = |ip: IpAddr| local.is_some_and(|local| !local.is_loopback() && local == ip.to_canonical());
        self.is_loopback() || allowed.iter().any(|host| self.is(host)) || self.ip().is_some_and(is_local)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_ours(text: &str) -> bool {
        let allowed = [Host::parse("gpu-box.example").unwrap(), Host::parse("board.example:8443").unwrap()];
        let local = "192.0.2.7".parse().ok();
        Host::parse(text).is_some_and(|host| host.is_ours(&allowed, local))
    }

    #[test]
    fn only_our_own_names_are_answered() {
        let ours = [
            "localhost:3000",
            "localhost",
            "LocalHost:80",
            "127.0.0.1:3000",
            "[::1]:3000",
            "[::1]",
            "192.0.2.7",
            "192.0.2.7:3000",
            "[::ffff:192.0.2.7]:3000",
            "gpu-box.example",
            "GPU-box.example:3000",
            "board.example:8443",
        ];
        for host in ours {
            assert!(is_ours(host), "{host}");
        }
        let foreign = [
            "evil.example",
            "localhost.evil.example",
            "localhost:3000.evil.example",
            "evil.example:3000",
            "127.0.0.1.nip.io",
            "127.0.0.2",
            "127.1",
            "0x7f.0.0.1",
            "0177.0.0.1",
            "0.0.0.0:3000",
            "0",
            "localhost:",
            "localhost:3000:1",
            "localhost:-1",
            "localhost:+80",
            "localhost:65536",
            "localhost:0x50",
            "localhost@evil.example",
            "evil.example@localhost",
            "evil.example#localhost",
            "localhost/evil",
            "localhost\\evil",
            "localhost%00",
            "localhost ",
            " localhost",
            "localhost, evil.example",
            "localhost;evil.example",
            "xlocalhost",
            "localhostx",
            "local-host",
            "ip6-localhost",
            "localhost.localdomain",
            "localhost.",
            ".localhost",
            "*",
            "*.example",
            "[::1",
            "::1",
            "::1]",
            "[::1]x",
            "[::1]:",
            "[]",
            "[",
            "]",
            "[::1%lo]",
            "[::2]:3000",
            "[::]",
            "[localhost]",
            "[127.0.0.1]",
            "[::ffff:127.0.0.1]",
            "2130706433",
            "192.0.2.8",
            "192.0.2.7.evil.example",
            "192.0.2.07",
            "3221225991",
            "xgpu-box.example",
            "gpu-box.example.evil.example",
            "gpu-box",
            "board.example",
            "board.example:8444",
            "ｌocalhost",
            "",
        ];
        assert!(foreign.len() >= 60);
        for host in foreign {
            assert!(!is_ours(host), "{host}");
        }
    }
}
