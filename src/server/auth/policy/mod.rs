//! Host and origin of a request, and whether it needs a token: checked for every request before routing, upgrades and static files
//! included. `credentials.rs` checks the token itself.
//!
//! A page of another site that is open in the researcher's browser must not read or change a board, nor reach it by a
//! name of its own (DNS rebinding). Programs and browsers of the server's own user need no token, everyone else does: other users of the
//! machine too, because one of them may be a proxy that asks for the whole world.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use axum::http::{HeaderMap, Method, Uri, Version, header};

use super::host::Host;

use super::base_path::LogicalPath;
use super::cors::RequestOrigin;
use super::request::{RequestLine, single_header};
use super::tokens::{SharedBoard, TokenRegistry};
use crate::protocol::{ApiError, ErrorKind};
use crate::server::net::DEFAULT_PORT;
use crate::server::net::peer::Peer;

/// The rules that the command line sets.
#[derive(Clone, Debug, Default)]
pub struct AccessPolicy {
    /// Beside localhost and the machine's own addresses.
    pub hosts: Vec<Host>,
    /// Of pages elsewhere that may ask with a token.
    pub origins: Vec<String>,
    /// Of pages elsewhere that may show boards in frames, and drawings of cells as images.
    pub embedders: Vec<String>,
    pub proxies: Vec<IpAddr>,
    /// Empty, or `/agnez`: what all addresses begin with.
    pub base: String,
    pub local: LocalTrust,
}

/// Who of this machine needs no token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LocalTrust {
    #[default]
    Nobody,
    /// Nobody, because the system does not say whose a connection is.
    Unknown,
    /// Programs and browsers of the user that the server runs as.
    OwnUser,
    /// All, and whatever passes a request on without saying so.
    EveryUser,
}

impl LocalTrust {
    pub fn trusts(self, peer: &Peer) -> bool {
        match self {
            Self::Nobody | Self::Unknown => false,
            Self::OwnUser => peer.is_same_user,
            Self::EveryUser => true,
        }
    }
}

/// How far somebody may go.
#[derive(Clone, Debug, PartialEq)]
pub enum Scope {
    Nothing,
    /// To read this board.
    Board(SharedBoard),
    Reading,
    Writing,
}

/// Who asks, as every handler may know it.
#[derive(Debug)]
pub struct Caller {
    pub scope: Scope,
    /// The id of the token that let it in.
    pub token: Option<String>,
    /// A token or a key was shown that opens nothing.
    pub is_unknown: bool,
    /// As the browser knows this server, whatever stands in between: one of our own names.
    pub host: String,
    pub is_secure: bool,
    /// What all addresses begin with; empty or `/agnez`.
    pub base: String,
}

impl Caller {
    /// The address of the server, such as `http://localhost:3000`.
    pub fn origin(&self) -> String {
        format!("{}://{}{}", if self.is_secure { "https" } else { "http" }, self.host, self.base)
    }

    pub fn may_write(&self) -> bool {
        self.scope == Scope::Writing
    }

    /// The only board that it may read, if it may not read all.
    pub fn only_board(&self) -> Option<&str> {
        match &self.scope {
            Scope::Board(board) => Some(&board.name),
            _ => None,
        }
    }

    /// Whether it sees runs without how and where their scripts ran, as most shares do.
    pub fn is_public(&self) -> bool {
        matches!(self.scope, Scope::Board(SharedBoard { details: false, .. }))
    }

    /// What the addresses of a page of `board` begin with. Who came by a token gets a key in it, for what a browser asks for without headers.
    pub fn page_base(&self, tokens: &TokenRegistry, board: &str) -> String {
        let key = self.token.as_deref().and_then(|id| tokens.page_key(id, board));
        key.map_or_else(|| format!("{}/", self.base), |key| format!("{}/~{key}/", self.base))
    }
}

/// A request whose address and origin are ours; its token is checked afterwards.
#[derive(Debug)]
pub struct VerifiedRequest<'a> {
    pub logical_path: LogicalPath<'a>,
    pub host: String,
    pub is_secure: bool,
    pub address: Option<IpAddr>,
    pub asking: RequestOrigin,
    /// Sent from this machine, to one of its loopback names, through no proxy.
    pub is_local: bool,
}

impl AccessPolicy {
    pub fn check_request<'a>(
        &self,
        line: (&Method, &'a Uri, Version),
        headers: &HeaderMap,
        peer: &Peer,
    ) -> Result<VerifiedRequest<'a>, ApiError> {
        let (method, uri, version) = line;
        let (remote, local) = (peer.address.map(|at| at.ip().to_canonical()), peer.local.map(|at| at.ip().to_canonical()));
        let seen = super::forwarded::origin(headers, version, remote, &self.proxies)?;
        // The host of an absolute address in the request line.
        let authority = uri.authority().map(|authority| authority.as_str());
        let host = Host::parse(seen.host).filter(|host| host.is_ours(&self.hosts, local));
        let is_at_odds =
            |named: &str| single_header(headers, header::HOST.as_str()).ok().flatten().is_none_or(|host| !named.eq_ignore_ascii_case(host));
        let Some(host) = host.filter(|_| !authority.is_some_and(is_at_odds)) else {
            let port = Host::parse(seen.host).and_then(|host| host.port()).unwrap_or(DEFAULT_PORT);
            return Err(ErrorKind::Forbidden.with(format!(
                "This server answers at localhost, at its own addresses and at the names that '--allowed-host' gives it. \
                 Without one, use 'ssh -L {port}:localhost:{port} <this machine>'."
            )));
        };
        let logical_path = super::base_path::logical_path(uri.path(), &self.base)?;
        let shape = RequestLine { method, path: logical_path.path };
        let asking = super::cors::asking(&shape, headers, seen.host, (&self.origins, &self.embedders))?;
        let is_of_another_address = || super::cors::is_of_another_address(headers, seen.host);
        let is_own = match &asking {
            RequestOrigin::Ours => !is_of_another_address(),
            // Its page has another address, and is allowed to show what the browser's user may see.
            RequestOrigin::Embedded => true,
            RequestOrigin::Allowed(_) => false,
        };
        let is_local = remote.is_some_and(|ip| ip.is_loopback()) && host.is_loopback() && !seen.is_forwarded && is_own;
        Ok(VerifiedRequest { logical_path, host: seen.host.to_owned(), is_secure: seen.is_secure, address: seen.address, asking, is_local })
    }
}
