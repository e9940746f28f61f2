//! The arguments of the command line; each flag is an environment variable too.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args as ClapArgs, Parser, Subcommand};

use crate::server::auth::host::Host;
use crate::server::auth::policy::{AccessPolicy, LocalTrust};
use crate::server::auth::tokens::TokenKind;
use crate::server::boards::board_name;
use crate::server::config::{Config, ConfigError, DEFAULT_DATA, ListenAddress};
use crate::server::log::LogFormat;
use crate::server::net::{DEFAULT_PORT, peer_credentials};
use crate::server::store::Durability;

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
  agnez demo                             train a small network, to see what a board looks like
  agnez backup monday.sqlite             a copy of the data, also while a server is running

First cell, from another terminal:
  curl localhost:3000/values -d '{\"name\":\"hello\",\"type\":\"html\",\"value\":\"<h1>It works</h1>\"}'"
)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Address to listen on; clients of other machines need a token [default: 127.0.0.1 and ::1]
    #[arg(long, env = "AGNEZ_HOST", value_name = "ADDRESS")]
    pub host: Option<String>,

    /// Port; 0 takes a free one [default: 3000]
    #[arg(long, short, env = "AGNEZ_PORT")]
    pub port: Option<u16>,

    /// Data folder; created if it is missing
    #[arg(long, short, env = "AGNEZ_DATA", value_name = "DIR", default_value = DEFAULT_DATA, global = true)]
    pub data: PathBuf,

    /// Folder of the images that cells refer to as ./images/...
    #[arg(long, env = "AGNEZ_IMAGES", value_name = "DIR", default_value = "images")]
    pub images: PathBuf,

    /// What an acknowledged change survives
    #[arg(long, env = "AGNEZ_DURABILITY", value_enum, default_value = "full")]
    pub durability: Durability,

    /// Start once although acknowledged changes are missing on disk: keeps the rest and begins a new epoch
    #[arg(long)]
    pub accept_loss: bool,

    /// Require a token from the server's own user too
    #[arg(long, env = "AGNEZ_REQUIRE_TOKEN", value_parser = FalseyValueParser::new(), help_heading = ACCESS)]
    pub require_token: bool,

    /// Allow token-free access only to processes of the server's own user (Linux; the default)
    #[arg(long, env = "AGNEZ_SAME_USER", value_parser = FalseyValueParser::new(), help_heading = ACCESS)]
    pub same_user: bool,

    /// Allow token-free access to every local process, including requests that a local proxy forwards
    #[arg(long, env = "AGNEZ_ANY_LOCAL_USER", value_parser = FalseyValueParser::new(), help_heading = ACCESS)]
    pub any_local_user: bool,

    /// Additional host name of this server, such as gpu-box.example or gpu-box:8080, with https:// in front where a proxy has TLS; every client then needs a token
    #[arg(long, env = "AGNEZ_ALLOWED_HOST", value_name = "NAME", value_delimiter = ',', value_parser = allowed_host, help_heading = ACCESS)]
    pub allowed_host: Vec<Name>,

    /// Allow pages of this origin (scheme, host, port) to send requests with a token
    #[arg(long, env = "AGNEZ_ALLOWED_ORIGIN", value_name = "ORIGIN", value_delimiter = ',', value_parser = allowed_origin, help_heading = ACCESS)]
    pub allowed_origin: Vec<String>,

    /// Allow pages of this origin (scheme, host, port), such as a notebook, to show boards in frames and drawings of cells as images
    #[arg(long, env = "AGNEZ_ALLOW_EMBED", value_name = "ORIGIN", value_delimiter = ',', value_parser = allowed_origin, help_heading = ACCESS)]
    pub allow_embed: Vec<String>,

    /// Trust X-Forwarded-For, -Host and -Proto from the proxy at this address; every client then needs a token
    #[arg(long, env = "AGNEZ_TRUSTED_PROXY", value_name = "ADDRESS", value_delimiter = ',', help_heading = ACCESS)]
    pub trusted_proxy: Vec<IpAddr>,

    /// Path prefix of all addresses behind a proxy, such as /agnez; every client then needs a token
    #[arg(long, env = "AGNEZ_BASE_PATH", value_name = "PATH", default_value = "", hide_default_value = true, value_parser = base_path, help_heading = ACCESS)]
    pub base_path: String,

    /// Show only images that this server has, none from other machines
    #[arg(long, env = "AGNEZ_NO_EXTERNAL_IMAGES", value_parser = FalseyValueParser::new())]
    pub no_external_images: bool,

    /// Open the page in the browser
    #[arg(long, env = "AGNEZ_OPEN", value_parser = FalseyValueParser::new())]
    pub open: bool,

    /// Log level on standard error: error, warn, info, debug, trace, off, or a tracing filter
    #[arg(long, env = "AGNEZ_LOG", value_name = "FILTER", default_value = "info", value_parser = log_filter)]
    pub log: String,

    /// Log format: text for people, or one JSON object a line
    #[arg(long, env = "AGNEZ_LOG_FORMAT", value_enum, default_value = "text")]
    pub log_format: LogFormat,
}

/// Subcommands, which run instead of the server.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Train a small network and watch it live; needs nothing else, and leaves nothing behind
    Demo(DemoArgs),
    /// Copy the data into a new file and verify the copy; a server may be running
    Backup {
        /// File to create; it must not exist
        file: PathBuf,
    },
    /// Replace a folder's data by a backup; no server may be running on it
    Restore {
        /// File that 'agnez backup' wrote
        file: PathBuf,
        /// If the folder has data already, rename that first
        #[arg(long)]
        replace: bool,
    },
    /// Create, list and revoke access tokens; a server may be running
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Exit with 0 if the server of this machine accepts changes, otherwise with 1
    Healthcheck {
        /// Address of the server [default: the one of --host and --port on this machine]
        #[arg(long, value_name = "URL")]
        url: Option<String>,
    },
    /// Send the spools of killed or unconnected runs (a command of the Python package)
    #[command(disable_help_flag = true)]
    Replay {
        /// Arguments of the command; --help lists them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// List the spools of this user's runs (a command of the Python package)
    #[command(disable_help_flag = true)]
    Spools {
        /// Arguments of the command; --help lists them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Verify all data and report what is damaged; writes nothing
    Check {
        /// Database file [default: that of the data folder]
        file: Option<PathBuf>,
    },
}

/// Trains a network of 2-32-32-3 on points of a spiral, and sends curves and pictures to a board over REST.
///
/// It starts a server of its own and serves until Ctrl-C. Its data, and all that is sent to that server, is in a temporary folder.
#[derive(Clone, Debug, ClapArgs)]
pub struct DemoArgs {
    /// Send to the running server at this address instead, such as http://localhost:3000, or a link with a token
    #[arg(long, value_name = "URL", conflicts_with = "port")]
    pub url: Option<String>,

    /// Port of the demo's own server; 0 takes a free one [default: 3000, or a free one if that is taken]
    #[arg(long, short)]
    pub port: Option<u16>,

    /// Board to show it on
    #[arg(long, value_name = "NAME", default_value = "demo", value_parser = board)]
    pub board: String,

    /// Duration of the training in seconds; 0 trains as fast as possible
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(0..=3600))]
    pub seconds: u32,

    /// Seed of the data and of the training
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

fn board(name: &str) -> Result<String, String> {
    board_name(name).map(str::to_owned).map_err(|error| error.message)
}

#[derive(Clone, Debug, Subcommand)]
pub enum TokenCommand {
    /// Create a token and print it with its link (shown only once)
    New {
        /// Kind of the token [default: write]
        #[arg(value_enum)]
        kind: Option<TokenKind>,
        /// Board that a share shows and the link opens [default: the main board]
        #[arg(long, value_name = "NAME")]
        board: Option<String>,
        /// A share also shows command, host, console, traceback and your own keys of runs
        #[arg(long)]
        details: bool,
        /// Label shown by 'agnez token list'
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
    },
    /// List tokens (id, kind, creation date; never the secret)
    List,
    /// Revoke a token and close all connections that use it
    Revoke {
        /// Id from 'agnez token list'
        id: String,
    },
}

const ACCESS: &str = "Access control";

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

/// A word that is no level would be taken for the name of a module, and nothing would be logged.
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

impl Args {
    /// The validated configuration.
    pub fn config(&self) -> Result<Config, ConfigError> {
        if self.same_user && self.any_local_user {
            return Err(ConfigError::Contradiction);
        }
        // A proxy on this machine looks like a program of this machine.
        let is_behind_proxy = !self.trusted_proxy.is_empty() || !self.base_path.is_empty() || !self.allowed_host.is_empty();
        let access_policy = AccessPolicy {
            hosts: self.allowed_host.iter().map(|name| name.host.clone()).collect(),
            origins: self.allowed_origin.clone(),
            embedders: self.allow_embed.clone(),
            proxies: self.trusted_proxy.iter().map(IpAddr::to_canonical).collect(),
            base: self.base_path.clone(),
            local: match (self.require_token || is_behind_proxy, self.any_local_user) {
                (true, _) => LocalTrust::Nobody,
                (false, true) => LocalTrust::EveryUser,
                (false, false) if peer_credentials::can_tell() => LocalTrust::OwnUser,
                (false, false) => LocalTrust::Unknown,
            },
        };
        Ok(Config {
            listen: ListenAddress::parse(self.host.as_deref())?,
            port: self.port.unwrap_or(DEFAULT_PORT),
            public_host: self.allowed_host.first().map(|name| (name.host.clone(), name.is_https)),
            data: self.data.clone(),
            images: self.images.clone(),
            durability: self.durability,
            accept_loss: self.accept_loss,
            access_policy,
            external_images: !self.no_external_images,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(flags: &[&str]) -> Result<Args, String> {
        Args::try_parse_from(["agnez"].iter().chain(flags)).map_err(|why| why.to_string())
    }

    #[test]
    fn flags_of_subcommands_do_not_collide() {
        use clap::CommandFactory;
        Args::command().debug_assert();
        let Some(Command::Demo(demo)) = parsed(&["demo", "--port", "0"]).unwrap().command else { panic!("the demo") };
        assert_eq!((demo.port, demo.board.as_str(), demo.seconds), (Some(0), "demo", 60));
        assert!(
            parsed(&["demo", "--port", "0", "--url", "http://localhost:3000"]).is_err() && parsed(&["demo", "--board", "a b"]).is_err()
        );
    }

    #[test]
    fn local_programs_are_trusted_until_somebody_could_ask_through_them() {
        let local = |flags: &[&str]| parsed(flags).unwrap().config().unwrap().access_policy.local;
        let own_user = if cfg!(target_os = "linux") { LocalTrust::OwnUser } else { LocalTrust::Unknown };
        for flags in [&[][..], &["--host", "0.0.0.0"], &["--allowed-origin", "http://localhost:8888"], &["--same-user"]] {
            assert_eq!(local(flags), own_user, "{flags:?}");
        }
        assert_eq!(local(&["--any-local-user"]), LocalTrust::EveryUser);
        assert!(parsed(&["--any-local-user", "--same-user"]).unwrap().config().is_err());
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
        let base = |text| parsed(&["--base-path", text]).map(|args| args.base_path).ok();
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
            assert_eq!(parsed(&["--log", right]).map(|args| args.log), Ok(right.to_owned()));
        }
    }

    #[test]
    fn the_address_is_one_that_is_answered() {
        let address = |flags: &[&str]| parsed(flags).unwrap().config().unwrap().address(3000);
        assert_eq!(address(&[]), "http://localhost:3000");
        assert_eq!(address(&["--host", "::1"]), "http://[::1]:3000");
        assert_eq!(address(&["--allowed-host", "board.example", "--base-path", "/agnez"]), "http://board.example/agnez");
        assert_eq!(address(&["--allowed-host", "https://board.example:8443"]), "https://board.example:8443");
    }
}
