//! The two ends of a connection.

use std::net::SocketAddr;

use tokio::net::TcpStream;

use super::peer_credentials;

#[derive(Clone, Debug, Default)]
pub struct Peer {
    pub address: Option<SocketAddr>,
    pub local: Option<SocketAddr>,
    /// The process at the other end is known to belong to the user that the server runs as.
    pub is_same_user: bool,
}

impl Peer {
    /// Looks up the owner of the other end at once: the kernel knows it only while the connection is open.
    pub async fn of(stream: &TcpStream, address: SocketAddr) -> Self {
        Self { address: Some(address), local: stream.local_addr().ok(), is_same_user: peer_credentials::is_ours(stream).await }
    }
}
