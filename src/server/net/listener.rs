//! The listener, and the socket options of accepted connections.

use std::io;
use std::net::SocketAddr;

use axum::serve::Listener;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::server::limits::LISTEN_BACKLOG;
#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::server::limits::MAX_UNSENT_SOCKET_BYTES;
use crate::server::platform::reuse_address;

/// Accepts connections; errors that pass, such as a lack of file handles, are retried.
pub struct ConnectionListener(pub TcpListener);

impl Listener for ConnectionListener {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        // axum's implementation for TcpListener retries.
        let (stream, peer) = Listener::accept(&mut self.0).await;
        // Frames are sent at once instead of being gathered.
        let _ = stream.set_nodelay(true);
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(MAX_UNSENT_SOCKET_BYTES);
        (stream, peer)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// Listens at one address.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    reuse_address(&socket)?;
    socket.bind(address)?;
    socket.listen(LISTEN_BACKLOG)
}
