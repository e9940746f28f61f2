//! A WebSocket to a reader. A large frame goes out in pieces of its own bytes: a reader that has not taken it yet holds no copy of it, and none stays
//! with the connection afterwards. axum's own WebSocket copies each frame whole, and keeps the room for the largest.

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

use crate::server::live::encode::{STALL_TIMEOUT, send_timeout};
use crate::server::live::hub::LiveFrame;

/// Readers have nothing to say here.
pub const INCOMING_BYTES: usize = 4096;
/// What is gathered for one write; a piece that is larger is written alone.
const TOGETHER_BYTES: usize = 16 << 10;
/// What of a frame is copied at a time.
const PIECE_BYTES: usize = 64 << 10;
/// What waits within the connection at most: one piece, what was gathered before it, and answers to pings.
const OUTGOING_BYTES: usize = 4 * PIECE_BYTES;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// A request that may become a WebSocket.
pub struct Turn {
    turns: OnUpgrade,
    reply: Response,
}

impl Turn {
    /// `upgrade` has checked the request; `None` where the connection cannot turn into another one.
    pub fn of(upgrade: &WebSocketUpgrade, turns: Option<Extension<OnUpgrade>>, headers: &HeaderMap) -> Option<Self> {
        let (Extension(turns), key) = (turns?, headers.get(header::SEC_WEBSOCKET_KEY)?);
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
        Some(Self { turns, reply })
    }

    /// The answer, with which it becomes one; and the socket, once that is sent.
    pub fn take(self) -> (Response, impl Future<Output = Option<Socket>> + Send) {
        let turns = self.turns;
        let config = WebSocketConfig::default()
            .read_buffer_size(INCOMING_BYTES)
            .max_message_size(Some(INCOMING_BYTES))
            .max_frame_size(Some(INCOMING_BYTES))
            .write_buffer_size(TOGETHER_BYTES)
            .max_write_buffer_size(OUTGOING_BYTES);
        let socket = async move {
            let upgraded = TokioIo::new(turns.await.ok()?);
            Some(Socket(WebSocketStream::from_raw_socket(upgraded, Role::Server, Some(config)).await))
        };
        (self.reply, socket)
    }
}

pub struct Socket(WebSocketStream<TokioIo<Upgraded>>);

impl Socket {
    /// Something was heard; false: the reader has gone. Can be dropped and called again.
    pub async fn hear(&mut self) -> bool {
        !matches!(self.0.next().await, None | Some(Err(_) | Ok(Message::Close(_))))
    }

    /// Writes a frame, for [`Self::flush`]. A reader that takes nothing of a piece for 10 s is cut, and so is one that is slow all along.
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
        Ok(timeout(send_timeout(OUTGOING_BYTES), self.0.flush()).await??)
    }

    /// Ends it with a code and a sentence.
    pub async fn close(&mut self, code: CloseCode, reason: &'static str) {
        let close = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
        let _ = timeout(STALL_TIMEOUT, self.0.send(Message::Close(Some(close)))).await;
    }
}

/// Shares of the frame's own bytes.
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
