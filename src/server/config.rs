//! The command line; each flag is an environment variable too.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Parser, Subcommand, ValueEnum};

use super::store::Durability;

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
  agnez backup monday.sqlite             a copy of the data, also while a server is running

First cell, from another terminal:
  curl localhost:3000/values -d '{\"name\":\"hello\",\"type\":\"html\",\"value\":\"<h1>It works</h1>\"}'"
)]
pub struct Config {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Address to listen on; only this machine can reach it. Without it: 127.0.0.1 and ::1
    #[arg(long, env = "AGNEZ_HOST", value_name = "ADDRESS")]
    pub host: Option<String>,

    /// Port; 0 takes a free one
    #[arg(long, short, env = "AGNEZ_PORT", default_value_t = 3000)]
    pub port: u16,

    /// Folder of the database; made when missing
    #[arg(long, short, env = "AGNEZ_DATA", value_name = "DIR", default_value = "agnez-data", global = true)]
    pub data: PathBuf,

    /// Folder of the pictures that cells name as ./images/...
    #[arg(long, env = "AGNEZ_IMAGES", value_name = "DIR", default_value = "images")]
    pub images: PathBuf,

    /// What an acknowledged change survives
    #[arg(long, env = "AGNEZ_DURABILITY", value_enum, default_value = "full")]
    pub durability: Durability,

    /// Show only pictures that this server has: no addresses on other machines
    #[arg(long, env = "AGNEZ_NO_EXTERNAL_IMAGES", value_parser = FalseyValueParser::new())]
    pub no_external_images: bool,

    /// Open the page in the browser
    #[arg(long, env = "AGNEZ_OPEN", value_parser = FalseyValueParser::new())]
    pub open: bool,

    /// What the log on standard error tells: error, warn, info, debug, or a tracing filter
    #[arg(long, env = "AGNEZ_LOG", value_name = "FILTER", default_value = "info")]
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
    /// Make a copy the data of a folder; no server may be running on it
    Restore {
        /// What 'agnez backup' wrote
        file: PathBuf,
        /// When the folder has data already: keep that under another name
        #[arg(long)]
        replace: bool,
    },
    /// Read all data once and say what of it is damaged; nothing is written
    Check {
        /// A database file; without it that of the data folder
        file: Option<PathBuf>,
    },
}

impl Config {
    /// The host in the address of the page.
    pub fn name(&self) -> String {
        match self.host.as_deref().map(|host| host.trim().trim_matches(['[', ']'])) {
            None | Some("") => "localhost".to_owned(),
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
                if !address.is_loopback() {
                    return Err(format!(
                        "--host {host} would let other machines in, and that needs access tokens, which this version does not have yet. \
                         Serve on localhost, and from the other machine use 'ssh -L {port}:localhost:{port} <this machine>'."
                    ));
                }
                Ok(vec![(SocketAddr::new(address, port), true)])
            }
        }
    }
}
