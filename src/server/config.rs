//! The command line; each flag is an environment variable too.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Parser, Subcommand, ValueEnum};

use super::auth::host::Host;
use super::auth::peer_credentials;
use super::auth::policy::{AccessPolicy, LocalTrust};
use super::auth::tokens::TokenKind;
use super::store::Durability;

pub const USUAL_PORT: u16 = 3000;
/// Where the data is when nobody says otherwise.
pub const USUAL_FOLDER: &str = "agnez-data";

/// A live dashboard for deep-learning training.
///
/// Send numbers, figures and pictures over REST from any language; every open browser shows them at once.
/// All data is one SQLite database in the data folder. Nothing is sent anywhere, no account is needed.
#[derive(Clone, Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  agnez                                  serve http://localhost:3000, data in ./agnez-data
  agnez --port 8080 --data ~/runs        another port and another folder
  ssh -L 3000:localhost:3000 gpu-box     on your laptop: look at a server that runs on gpu-box
  agnez --host 0.0.0.0                   also for other machines: prints a link with a token
  agnez token new share --board mnist    a link that shows one board, and can change nothing
  agnez backup monday.sqlite             a copy of the data, also while a server is running

First cell, from another terminal:
  curl localhost:3000/values -d '{\"name\":\"hello\",\"type\":\"html\",\"value\":\"<h1>It works</h1>\"}'"
)]
pub struct Config {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Address to listen on; other machines need a token. Without it: 127.0.0.1 and ::1, for this machine only
    #[arg(long, env = "AGNEZ_HOST", value_name = "ADDRESS")]
    pub host: Option<String>,

    /// Port; 0 takes a free one
    #[arg(long, short, env = "AGNEZ_PORT", default_value_t = USUAL_PORT)]
    pub port: u16,

    /// Folder of the database; the server makes it when missing
    #[arg(long, short, env = "AGNEZ_DATA", value_name = "DIR", default_value = USUAL_FOLDER, global = true)]
    pub data: PathBuf,

    /// Folder of the pictures that cells name as ./images/...
    #[arg(long, env = "AGNEZ_IMAGES", value_name = "DIR", default_value = "images")]
    pub images: PathBuf,

    /// What an acknowledged change survives
    #[arg(long, env = "AGNEZ_DURABILITY", value_enum, default_value = "full")]
    pub durability: Durability,

    /// Start also where acknowledged changes are missing on disk, for this once: with what is left, and a new epoch
    #[arg(long)]
    pub accept_loss: bool,

    /// Ask programs and browsers of the server's own user for a token too
    #[arg(long, env = "AGNEZ_REQUIRE_TOKEN", value_parser = FalseyValueParser::new(), help_heading = ACCESS)]
    pub require_token: bool,

    /// Without a token let in only programs of the user that the server runs as: the default, said explicitly (Linux)
    #[arg(long, env = "AGNEZ_SAME_USER", value_parser = FalseyValueParser::new(), help_heading = ACCESS)]
    pub same_user: bool,

    /// Without a token let in programs of every user of this machine, and with them whatever a proxy here passes on
    #[arg(long, env = "AGNEZ_ANY_LOCAL_USER", value_parser = FalseyValueParser::new(), help_heading = ACCESS)]
    pub any_local_user: bool,

    /// Another name of this server, such as gpu-box.example, with or without a port, with https:// where a proxy has TLS; then everyone needs a token
    #[arg(long, env = "AGNEZ_ALLOWED_HOST", value_name = "NAME", value_delimiter = ',', value_parser = allowed_host, help_heading = ACCESS)]
    pub allowed_host: Vec<Name>,

    /// Pages of this origin (scheme, name, port) may ask with a token
    #[arg(long, env = "AGNEZ_ALLOWED_ORIGIN", value_name = "ORIGIN", value_delimiter = ',', value_parser = allowed_origin, help_heading = ACCESS)]
    pub allowed_origin: Vec<String>,

    /// Believe the proxy at this address when it says who asks (X-Forwarded-For, -Host, -Proto); then everyone needs a token
    #[arg(long, env = "AGNEZ_TRUSTED_PROXY", value_name = "ADDRESS", value_delimiter = ',', help_heading = ACCESS)]
    pub trusted_proxy: Vec<IpAddr>,

    /// What all addresses begin with, such as /agnez, behind a proxy; then everyone needs a token
    #[arg(long, env = "AGNEZ_BASE_PATH", value_name = "PATH", default_value = "", hide_default_value = true, value_parser = base_path, help_heading = ACCESS)]
    pub base_path: String,

    /// Show only pictures that this server has: no addresses on other machines
    #[arg(long, env = "AGNEZ_NO_EXTERNAL_IMAGES", value_parser = FalseyValueParser::new())]
    pub no_external_images: bool,

    /// Open the page in the browser
    #[arg(long, env = "AGNEZ_OPEN", value_parser = FalseyValueParser::new())]
    pub open: bool,

    /// What the log on standard error tells: error, warn, info, debug, trace, off, or a tracing filter
    #[arg(long, env = "AGNEZ_LOG", value_name = "FILTER", default_value = "info", value_parser = log_filter)]
    pub log: String,

    /// How the log is written: lines for people, or one JSON object a line
    #[arg(long, env = "AGNEZ_LOG_FORMAT", value_enum, default_value = "text")]
    pub log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

/// What the program does instead of serving.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Copy the data into a new file, and read the copy once as a whole; a server may be running
    Backup {
        /// The file to write; it must not be there yet
        file: PathBuf,
    },
    /// Put a copy in the place of a folder's data; no server may be running on it
    Restore {
        /// What 'agnez backup' wrote
        file: PathBuf,
        /// When the folder has data already: keep that under another name
        #[arg(long)]
        replace: bool,
    },
    /// Make, list and revoke the tokens that let programs and browsers in; a server may be running
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Read all data once and say what of it is damaged; nothing is written
    Check {
        /// A database file; without it that of the data folder
        file: Option<PathBuf>,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token; it and its link are told once
    New {
        /// What it is for; without it to write
        #[arg(value_enum)]
        right: Option<TokenKind>,
        /// The board that a share shows, and that the link opens; without it the main one
        #[arg(long, value_name = "NAME")]
        board: Option<String>,
        /// For whom it is, to know it by in the list
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
    },
    /// All tokens: what they are for and when they were made, not what they are
    List,
    /// End a token, and with it all that came in by it
    Revoke {
        /// As 'agnez token list' names it
        id: String,
    },
}

const ACCESS: &str = "Who gets in";

/// A name that the server answers at, and whether links to it begin with `https`.
#[derive(Clone, Debug)]
pub struct Name {
    host: Host,
    is_https: bool,
}

fn allowed_host(text: &str) -> Result<Name, String> {
    const RULE: &str = "a name or an address as browsers show it, such as gpu-box.example, gpu-box:8080 or https://gpu-box.example";
    let text = text.trim();
    let bare = text.strip_prefix("https://");
    Ok(Name { host: Host::parse(bare.unwrap_or(text)).ok_or(RULE)?, is_https: bare.is_some() })
}

/// As browsers send it: small letters, without a path.
fn allowed_origin(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")).and_then(Host::parse);
    let is_as_sent = host.is_some() && text.bytes().all(|byte| !byte.is_ascii_uppercase());
    if is_as_sent {
        Ok(text.to_owned())
    } else {
        Err("an origin as browsers send it, such as https://lab.example or http://localhost:8888".to_owned())
    }
}

/// Empty, or with a slash at its beginning only.
fn base_path(text: &str) -> Result<String, String> {
    let path = text.trim().trim_end_matches('/');
    let is_part = |part: &str| {
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    let is_path = path.is_empty() || path.strip_prefix('/').is_some_and(|parts| parts.split('/').all(is_part));
    if is_path { Ok(path.to_owned()) } else { Err("a path of letters, digits, '-', '_' and '.', such as /agnez".to_owned()) }
}

/// A word that is no level would be taken for the name of a module, and nothing be told at all.
fn log_filter(text: &str) -> Result<String, String> {
    let is_level = |word: &str| word.is_empty() || word.parse::<tracing_subscriber::filter::LevelFilter>().is_ok();
    let is_filter = |word: &str| is_level(word) || word.contains(['=', '[']) || word.starts_with("agnez");
    let is_known = text.split(',').map(str::trim).all(is_filter) && tracing_subscriber::EnvFilter::try_new(text).is_ok();
    if is_known {
        Ok(text.to_owned())
    } else {
        Err("error, warn, info, debug, trace, off, or a filter such as info,agnez=debug".to_owned())
    }
}

impl Config {
    /// The rules for who gets in. An error is a sentence.
    pub(crate) fn access_policy(&self) -> Result<AccessPolicy, String> {
        if self.same_user && self.any_local_user {
            return Err("--same-user and --any-local-user contradict each other; leave one of them out.".to_owned());
        }
        // A proxy on this machine looks like a program of this machine.
        let may_be_asked_for_others = !self.trusted_proxy.is_empty() || !self.base_path.is_empty() || !self.allowed_host.is_empty();
        Ok(AccessPolicy {
            hosts: self.allowed_host.iter().map(|name| name.host.clone()).collect(),
            origins: self.allowed_origin.clone(),
            proxies: self.trusted_proxy.iter().map(IpAddr::to_canonical).collect(),
            base: self.base_path.clone(),
            local: match (self.require_token || may_be_asked_for_others, self.any_local_user) {
                (true, _) => LocalTrust::Nobody,
                (false, true) => LocalTrust::EveryUser,
                (false, false) if peer_credentials::can_tell() => LocalTrust::OwnUser,
                (false, false) => LocalTrust::Unknown,
            },
        })
    }

    /// True when others than programs of this machine can come.
    pub fn is_open(&self) -> bool {
        self.addresses().is_ok_and(|addresses| addresses.iter().any(|(address, _)| !address.ip().is_loopback()))
    }

    /// The address of the page for whoever is to open it, when the server listens on `port`.
    pub fn address(&self, port: u16) -> String {
        let (scheme, host) = match self.allowed_host.first() {
            Some(name) => (if name.is_https { "https" } else { "http" }, name.host.to_string()),
            None => ("http", format!("{}:{port}", self.name())),
        };
        format!("{scheme}://{host}{}", self.base_path)
    }

    /// The host in the address of the page.
    pub fn name(&self) -> String {
        match self.host.as_deref().map(|host| host.trim().trim_matches(['[', ']'])) {
            None | Some("") => "localhost".to_owned(),
            // All addresses of the machine: the one that others most likely reach it at.
            Some("0.0.0.0" | "::") => outward().map_or_else(
                || "localhost".to_owned(),
                |ip| match ip {
                    IpAddr::V4(ip) => ip.to_string(),
                    IpAddr::V6(ip) => format!("[{ip}]"),
                },
            ),
            Some(host) if host.contains(':') => format!("[{host}]"),
            Some(host) => host.to_owned(),
        }
    }

    /// Where to listen, and whether each address must be had (a machine without IPv6 has no ::1).
    pub fn addresses(&self) -> Result<Vec<(SocketAddr, bool)>, String> {
        let port = self.port;
        match self.host.as_deref().map(str::trim) {
            None | Some("" | "localhost") => {
                Ok(vec![(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), true), (SocketAddr::from((Ipv6Addr::LOCALHOST, port)), false)])
            }
            Some(host) => {
                let bare = host.trim_start_matches('[').trim_end_matches(']');
                let address: IpAddr = bare.parse().map_err(|_| format!("--host takes an IP address or 'localhost', not '{host}'."))?;
                let ours = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
                if address.is_loopback() && !ours.contains(&address) {
                    return Err(format!("--host takes 127.0.0.1, ::1 or localhost, not '{host}'."));
                }
                Ok(vec![(SocketAddr::new(address, port), true)])
            }
        }
    }
}

/// This machine's own address on the way to other networks. Nothing is sent: a UDP socket only looks which way it would go.
fn outward() -> Option<IpAddr> {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(flags: &[&str]) -> Result<Config, String> {
        Config::try_parse_from(["agnez"].iter().chain(flags)).map_err(|why| why.to_string())
    }

    #[test]
    fn local_programs_are_trusted_until_somebody_could_ask_through_them() {
        let local = |flags: &[&str]| parsed(flags).unwrap().access_policy().unwrap().local;
        let own_user = if cfg!(target_os = "linux") { LocalTrust::OwnUser } else { LocalTrust::Unknown };
        for flags in [&[][..], &["--host", "0.0.0.0"], &["--allowed-origin", "http://localhost:8888"], &["--same-user"]] {
            assert_eq!(local(flags), own_user, "{flags:?}");
        }
        assert_eq!(local(&["--any-local-user"]), LocalTrust::EveryUser);
        assert!(parsed(&["--any-local-user", "--same-user"]).unwrap().access_policy().is_err());
        for flags in [
            ["--require-token", "--open"],
            ["--trusted-proxy", "127.0.0.1"],
            ["--base-path", "/agnez"],
            ["--allowed-host", "board.example"],
        ] {
            assert_eq!(local(&flags), LocalTrust::Nobody, "{flags:?}");
            assert_eq!(local(&[&flags[..], &["--any-local-user"]].concat()), LocalTrust::Nobody, "{flags:?}");
        }
    }

    #[test]
    fn flags_that_would_never_match_are_refused() {
        let base = |text| parsed(&["--base-path", text]).map(|config| config.base_path).ok();
        assert_eq!((base("/agnez/"), base("/a/b"), base("/")), (Some("/agnez".into()), Some("/a/b".into()), Some(String::new())));
        for wrong in ["agnez", "/a//b", "/..", "/a b", "/~x", "/a%20b"] {
            assert_eq!(base(wrong), None, "{wrong}");
        }
        for wrong in ["lab.example", "https://lab.example/", "https://Lab.example", "null", "*", "https://"] {
            assert!(parsed(&["--allowed-origin", wrong]).is_err(), "{wrong}");
        }
        for wrong in ["http://gpu-box", "*.example", "gpu-box/x", "https://gpu-box/", "https://", ""] {
            assert!(parsed(&["--allowed-host", wrong]).is_err(), "{wrong}");
        }
        assert!(parsed(&["--trusted-proxy", "nginx"]).is_err());
        for wrong in ["verbose", "info,all", "agnez=loud"] {
            assert!(parsed(&["--log", wrong]).is_err(), "{wrong}");
        }
        for right in ["DEBUG", "off", "info,agnez=debug", "agnez::server::requests", "warn,hyper[x]=trace"] {
            assert_eq!(parsed(&["--log", right]).map(|config| config.log), Ok(right.to_owned()));
        }
    }

    #[test]
    fn the_address_is_one_that_is_answered() {
        let address = |flags: &[&str]| parsed(flags).unwrap().address(3000);
        assert_eq!(address(&[]), "http://localhost:3000");
        assert_eq!(address(&["--host", "::1"]), "http://[::1]:3000");
        assert_eq!(address(&["--allowed-host", "board.example", "--base-path", "/agnez"]), "http://board.example/agnez");
        assert_eq!(address(&["--allowed-host", "https://board.example:8443"]), "https://board.example:8443");
    }
}
