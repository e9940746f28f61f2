//! A WebSocket that sends a large frame in pieces that share its bytes: a slow reader holds no copy of it,
//! and its buffer does not stay with the connection. axum's own WebSocket copies each frame whole, and
//! keeps the buffer of the largest.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::{SinkExt, StreamExt};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame as Piece};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::server::limits::MAX_INCOMING_FRAME_BYTES;
use crate::server::limits::WEBSOCKET_STALL_TIMEOUT;
use crate::server::live::encode::send_timeout;
use crate::server::live::event::LiveFrame;

/// What clients send is short and rare. A longer message grows the buffer.
const READ_BUFFER_BYTES: usize = 4 << 10;
/// Frames up to this size are gathered for one write.
const WRITE_BUFFER_BYTES: usize = 16 << 10;
/// Bytes of a frame that are copied at a time.
const PIECE_BYTES: usize = 64 << 10;
/// Most that waits in the connection: one piece, what was gathered before it, and answers to pings.
const MAX_WRITE_BUFFER_BYTES: usize = 4 * PIECE_BYTES;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// A checked request for an upgrade, with its 101.
pub struct PendingUpgrade {
    on_upgrade: OnUpgrade,
    reply: Response,
}

impl PendingUpgrade {
    /// `upgrade` has checked the request; `None` where the connection cannot turn into another one.
    pub fn new(upgrade: &WebSocketUpgrade, on_upgrade: Option<Extension<OnUpgrade>>, headers: &HeaderMap) -> Option<Self> {
        let (Extension(on_upgrade), key) = (on_upgrade?, headers.get(header::SEC_WEBSOCKET_KEY)?);
        let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes())).ok()?;
        let head = [
            (header::CONNECTION, HeaderValue::from_static("upgrade")),
            (header::UPGRADE, HeaderValue::from_static("websocket")),
            (header::SEC_WEBSOCKET_ACCEPT, accept),
        ];
        let mut reply = (StatusCode::SWITCHING_PROTOCOLS, head).into_response();
        if let Some(protocol) = upgrade.selected_protocol() {
            reply.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, protocol.clone());
        }
        Some(Self { on_upgrade, reply })
    }

    /// The 101, and the socket once that is sent.
    pub fn complete(self) -> (Response, impl Future<Output = Option<FeedSocket>> + Send) {
        let on_upgrade = self.on_upgrade;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .max_message_size(Some(MAX_INCOMING_FRAME_BYTES))
            .max_frame_size(Some(MAX_INCOMING_FRAME_BYTES))
            .write_buffer_size(WRITE_BUFFER_BYTES)
            .max_write_buffer_size(MAX_WRITE_BUFFER_BYTES);
        let socket = async move {
            let upgraded = TokioIo::new(on_upgrade.await.ok()?);
            Some(FeedSocket(WebSocketStream::from_raw_socket(upgraded, Role::Server, Some(config)).await))
        };
        (self.reply, socket)
    }
}

pub struct FeedSocket(WebSocketStream<TokioIo<Upgraded>>);

impl FeedSocket {
    /// Waits for the next text; `None` when the client has closed. Cancel-safe.
    pub async fn receive(&mut self) -> Option<Utf8Bytes> {
        loop {
            match self.0.next().await? {
                Ok(Message::Text(text)) => return Some(text),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Writes a frame, for [`Self::flush`]. A reader that takes nothing of a piece for 10 s is cut, and so is one below the minimum rate.
    pub async fn feed(&mut self, frame: LiveFrame) -> Result<(), Failed> {
        let longest = send_timeout(frame.len());
        timeout(longest, async {
            for piece in pieces(frame) {
                timeout(send_timeout(piece.payload().len()), self.0.feed(Message::Frame(piece))).await??;
            }
            Ok(())
        })
        .await?
    }

    pub async fn flush(&mut self) -> Result<(), Failed> {
        Ok(timeout(send_timeout(MAX_WRITE_BUFFER_BYTES), self.0.flush()).await??)
    }

    /// Ends it with a code and a sentence.
    pub async fn close(&mut self, code: CloseCode, reason: &'static str) {
        let close = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
        let _ = timeout(WEBSOCKET_STALL_TIMEOUT, self.0.send(Message::Close(Some(close)))).await;
    }
}

/// Pieces that share the frame's bytes.
fn pieces(frame: LiveFrame) -> impl Iterator<Item = Piece> {
    let (first, mut rest) = match frame {
        LiveFrame::Text(text) => (Data::Text, Bytes::from(text)),
        LiveFrame::Binary(bytes) => (Data::Binary, bytes),
    };
    let mut kind = Some(first);
    std::iter::from_fn(move || {
        if kind.is_none() && rest.is_empty() {
            return None;
        }
        let piece = rest.split_to(rest.len().min(PIECE_BYTES));
        Some(Piece::message(piece, OpCode::Data(kind.take().unwrap_or(Data::Continue)), rest.is_empty()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_frame_in_order_and_the_last_one_says_so() {
        for length in [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES] {
            let bytes: Bytes = (0..length).map(|at| at as u8).collect::<Vec<_>>().into();
            let all: Vec<_> = pieces(LiveFrame::Binary(bytes.clone())).collect();
            assert_eq!(all.len(), length.div_ceil(PIECE_BYTES).max(1));
            assert!(all.iter().enumerate().all(|(at, piece)| piece.header().is_final == (at + 1 == all.len())));
            assert!(all.iter().skip(1).all(|piece| piece.header().opcode == OpCode::Data(Data::Continue)));
            assert_eq!(all[0].header().opcode, OpCode::Data(Data::Binary));
            assert_eq!(all.iter().flat_map(|piece| piece.payload().to_vec()).collect::<Vec<_>>(), bytes);
        }
        // Between the bytes of one character, too.
        let text = "é".repeat(PIECE_BYTES / 2 + 1);
        assert_eq!(pieces(LiveFrame::Text(format!("x{text}").into())).count(), 2);
    }
}
