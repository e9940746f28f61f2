//! The validated configuration of a server, without the syntax of the command line.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use super::auth::host::Host;
use super::auth::policy::AccessPolicy;
use super::store::Durability;

/// The data folder without `--data`, in the current folder.
pub const DEFAULT_DATA: &str = "agnez-data";

/// The flag that names this data folder in a command; empty for the default folder.
pub fn data_flag(folder: &Path) -> String {
    if folder == Path::new(DEFAULT_DATA) { String::new() } else { format!(" --data '{}'", folder.display()) }
}

#[derive(Clone, Debug)]
pub struct Config {
    pub listen: ListenAddress,
    /// 0 takes a free port.
    pub port: u16,
    /// The host name for links to this server, and whether they begin with `https`; without it the listen address is used.
    pub public_host: Option<(Host, bool)>,
    pub data: PathBuf,
    pub images: PathBuf,
    pub durability: Durability,
    pub accept_loss: bool,
    pub access_policy: AccessPolicy,
    /// Whether cells may show images of other servers.
    pub external_images: bool,
}

#[derive(Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    #[error("--same-user and --any-local-user contradict each other; leave one of them out.")]
    Contradiction,
    #[error("--host takes an IP address or 'localhost', not '{0}'.")]
    NoAddress(String),
    #[error("--host takes 127.0.0.1, ::1 or localhost, not '{0}'.")]
    OtherLoopback(String),
}

/// Where the server listens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ListenAddress {
    /// 127.0.0.1 and, where the machine has IPv6, ::1.
    Localhost,
    Ip(IpAddr),
}

impl ListenAddress {
    pub fn parse(host: Option<&str>) -> Result<Self, ConfigError> {
        let host = match host.map(str::trim) {
            None | Some("" | "localhost") => return Ok(Self::Localhost),
            Some(host) => host,
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let address: IpAddr = bare.parse().map_err(|_| ConfigError::NoAddress(host.to_owned()))?;
        let usual = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
        if address.is_loopback() && !usual.contains(&address) {
            return Err(ConfigError::OtherLoopback(host.to_owned()));
        }
        Ok(Self::Ip(address))
    }

    /// The addresses to listen on, and whether each one is required: a machine without IPv6 has no ::1.
    pub fn sockets(self, port: u16) -> Vec<(SocketAddr, bool)> {
        match self {
            Self::Localhost => {
                vec![(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), true), (SocketAddr::from((Ipv6Addr::LOCALHOST, port)), false)]
            }
            Self::Ip(address) => vec![(SocketAddr::new(address, port), true)],
        }
    }

    /// Whether other machines can connect.
    pub fn is_public(self) -> bool {
        matches!(self, Self::Ip(address) if !address.is_loopback())
    }

    /// The host in the address of the page. For all addresses of the machine it is the one that other machines most likely reach.
    fn host(self) -> String {
        let address = match self {
            Self::Localhost => None,
            Self::Ip(address) if address.is_unspecified() => outward(),
            Self::Ip(address) => Some(address),
        };
        match address {
            None => "localhost".to_owned(),
            Some(IpAddr::V4(address)) => address.to_string(),
            Some(IpAddr::V6(address)) => format!("[{address}]"),
        }
    }
}

impl Config {
    /// The address of the page when the server listens on `port`.
    pub fn address(&self, port: u16) -> String {
        let (scheme, host) = match &self.public_host {
            Some((host, is_https)) => (if *is_https { "https" } else { "http" }, host.to_string()),
            None => ("http", format!("{}:{port}", self.listen.host())),
        };
        format!("{scheme}://{host}{}", self.access_policy.base)
    }
}

/// This machine's own address on the way to other networks. Nothing is sent: connecting a UDP socket only selects a route.
fn outward() -> Option<IpAddr> {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|address| !address.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_addresses_are_those_of_this_machine() {
        for host in [None, Some(""), Some("localhost"), Some(" localhost ")] {
            assert_eq!(ListenAddress::parse(host), Ok(ListenAddress::Localhost), "{host:?}");
        }
        for (host, is_public) in [("0.0.0.0", true), ("192.0.2.7", true), ("[::]", true), ("::1", false), ("127.0.0.1", false)] {
            let address = ListenAddress::parse(Some(host)).unwrap();
            assert_eq!((address.is_public(), address.sockets(1).len()), (is_public, 1), "{host}");
        }
        assert_eq!(ListenAddress::parse(Some("gpu-box")), Err(ConfigError::NoAddress("gpu-box".into())));
        assert_eq!(ListenAddress::parse(Some("127.0.0.2")), Err(ConfigError::OtherLoopback("127.0.0.2".into())));
        assert!(!ListenAddress::Localhost.is_public());
    }
}
