//! The memory that answers share while they are sent: what a slow reader has not taken yet is held by the server. Each answer takes its bytes
//! before it is made, from what its caller may hold and from what all may hold together, and gives them back when its last byte is sent or its
//! connection is gone.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::response::{IntoResponse, Response};
use hyper::body::{Frame, SizeHint};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::protocol::{ApiError, ErrorKind};
use crate::server::limits::{
    MAX_SMALL_RESPONSE_BYTES, MAX_UNCOUNTED_RESPONSE_BYTES, RESPONSE_BUDGET_BYTES, RESPONSE_BUDGET_PER_TOKEN_BYTES,
    RESPONSE_MEMORY_TIMEOUT, SMALL_RESPONSES_PER_TOKEN_BYTES, SMALL_RESPONSES_RESERVE_BYTES,
};

/// By whose right an answer is given: the id of a token, or none.
pub type Principal = Option<String>;

#[derive(Default)]
pub struct Answers {
    held: Mutex<Held>,
    freed: Notify,
}

#[derive(Default)]
struct Held {
    bytes: usize,
    by: HashMap<(Principal, Class), usize>,
}

/// Small responses have a part of the memory for themselves. A response stays in its class when it becomes shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Class {
    Small,
    Large,
}

impl Class {
    fn of(bytes: usize) -> Self {
        if bytes <= MAX_SMALL_RESPONSE_BYTES { Self::Small } else { Self::Large }
    }

    /// The most bytes that this class of one token may hold, or of all clients without one.
    fn max_of(self, principal: &Principal) -> usize {
        match (self, principal) {
            (Self::Large, _) => RESPONSE_BUDGET_PER_TOKEN_BYTES,
            (Self::Small, Some(_)) => SMALL_RESPONSES_PER_TOKEN_BYTES,
            (Self::Small, None) => SMALL_RESPONSES_RESERVE_BYTES - SMALL_RESPONSES_PER_TOKEN_BYTES,
        }
    }

    /// The most bytes of all responses beside which this class finds room.
    fn max_of_all(self) -> usize {
        match self {
            Self::Large => RESPONSE_BUDGET_BYTES - SMALL_RESPONSES_RESERVE_BYTES,
            Self::Small => RESPONSE_BUDGET_BYTES,
        }
    }
}

impl Held {
    fn take(&mut self, principal: &Principal, class: Class, bytes: usize) -> bool {
        let key = (principal.clone(), class);
        let own = self.by.get(&key).copied().unwrap_or(0);
        let fits = |held: usize, max: usize| held == 0 || held.saturating_add(bytes) <= max;
        let has_room = fits(own, class.max_of(principal)) && fits(self.bytes, class.max_of_all());
        if has_room {
            self.bytes += bytes;
            self.by.insert(key, own + bytes);
        }
        has_room
    }

    fn give_back(&mut self, principal: &Principal, class: Class, bytes: usize) {
        self.bytes -= bytes;
        let key = (principal.clone(), class);
        if let Some(own) = self.by.get_mut(&key) {
            *own -= bytes;
            if *own == 0 {
                self.by.remove(&key);
            }
        }
    }
}

impl Answers {
    /// The bytes of an answer that is not made yet. An error is 503.
    pub async fn share(self: &Arc<Self>, principal: &Principal, bytes: usize) -> Result<Share, ApiError> {
        let found = timeout(RESPONSE_MEMORY_TIMEOUT, async {
            loop {
                let freed = self.freed.notified();
                if let Some(share) = self.try_share(principal, bytes) {
                    return share;
                }
                freed.await;
            }
        });
        found.await.map_err(|_| full())
    }

    /// The same where there is room now.
    pub fn try_share(self: &Arc<Self>, principal: &Principal, bytes: usize) -> Option<Share> {
        let bytes = if bytes < MAX_UNCOUNTED_RESPONSE_BYTES { 0 } else { bytes };
        let class = Class::of(bytes);
        let taken = bytes == 0 || self.lock().take(principal, class, bytes);
        taken.then(|| Share { answers: self.clone(), principal: principal.clone(), class, bytes })
    }

    /// How many bytes are held.
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// Nothing that panics runs while it is held.
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub fn full() -> ApiError {
    ErrorKind::Unavailable
        .with("Answers that their readers have not taken yet fill the memory for them. Ask again when some are read.")
        .because("answers_full")
}

/// What an answer takes; given back when it is dropped.
pub struct Share {
    answers: Arc<Answers>,
    principal: Principal,
    class: Class,
    bytes: usize,
}

impl Share {
    /// The share of what the answer has become. An error where it is larger and there is no room for the rest.
    pub fn fit(mut self, bytes: usize) -> Result<Self, ApiError> {
        let bytes = if bytes < MAX_UNCOUNTED_RESPONSE_BYTES { 0 } else { bytes };
        self.grow(bytes)?;
        self.give_back(self.bytes - bytes);
        self.bytes = bytes;
        Ok(self)
    }

    /// At least so many bytes, of an answer that becomes larger while it is made. An error where there is no room for the rest.
    pub fn grow(&mut self, bytes: usize) -> Result<(), ApiError> {
        if bytes <= self.bytes {
            return Ok(());
        }
        let mut held = self.answers.lock();
        held.give_back(&self.principal, self.class, self.bytes);
        self.class = Class::of(bytes);
        let is_taken = held.take(&self.principal, self.class, bytes);
        drop(held);
        self.bytes = if is_taken { bytes } else { 0 };
        self.answers.freed.notify_waiters();
        if is_taken { Ok(()) } else { Err(full()) }
    }

    /// The same bytes, which hold the share as long as they are there: the connection keeps what it has not sent.
    pub fn lend(self: &Arc<Self>, bytes: Bytes) -> Bytes {
        Bytes::from_owner(Lent { bytes, _share: self.clone() })
    }

    fn give_back(&self, bytes: usize) {
        if bytes > 0 {
            self.answers.lock().give_back(&self.principal, self.class, bytes);
            self.answers.freed.notify_waiters();
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.give_back(self.bytes);
    }
}

struct Lent {
    bytes: Bytes,
    _share: Arc<Share>,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Says of a reply that what it holds is counted, or that it holds nothing of its own.
#[derive(Clone, Copy)]
pub struct Counted;

/// A reply whose memory is counted already.
pub fn counted(reply: impl IntoResponse) -> Response {
    let mut reply = reply.into_response();
    reply.extensions_mut().insert(Counted);
    reply
}

/// The response, which holds its share until it is sent.
pub fn with_share(reply: Response, share: Share) -> Response {
    reply.map(|body| Body::new(Shared { body, share: Arc::new(share) }))
}

struct Shared {
    body: Body,
    share: Arc<Share>,
}

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        frame.map(|frame| frame.map(|frame| frame.map(|frame| frame.map_data(|bytes| self.share.lend(bytes)))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(name: &str) -> Principal {
        Some(name.to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_holds_its_part_and_all_together_the_whole() {
        let answers = Arc::<Answers>::default();
        let large = RESPONSE_BUDGET_PER_TOKEN_BYTES / 2 + 1;
        let mut shares = Vec::new();
        for token in ["a", "b", "c", "d", "e"] {
            shares.push(answers.share(&principal(token), large).await.unwrap());
        }
        assert_eq!(answers.share(&principal("a"), large).await.err().unwrap().code, 503, "a holds as much as it may");
        assert_eq!(answers.share(&principal("h"), large).await.err().unwrap().code, 503, "all hold as much as they may");
        assert!(answers.share(&principal("h"), MAX_UNCOUNTED_RESPONSE_BYTES - 1).await.is_ok(), "small answers take nothing");
        let waiting = tokio::spawn({
            let answers = answers.clone();
            async move { answers.share(&principal("h"), large).await.map(drop) }
        });
        tokio::time::sleep(RESPONSE_MEMORY_TIMEOUT / 2).await;
        shares.pop();
        assert!(waiting.await.unwrap().is_ok());
        shares.clear();
        assert_eq!((answers.bytes(), answers.lock().by.len()), (0, 0));
        // One that is larger than a token's part is given, alone.
        let one = answers.share(&principal("a"), 2 * RESPONSE_BUDGET_PER_TOKEN_BYTES).await.unwrap();
        assert!(answers.share(&principal("a"), MAX_SMALL_RESPONSE_BYTES + 1).await.is_err());
        assert!(answers.share(&principal("a"), MAX_SMALL_RESPONSE_BYTES).await.is_ok(), "small ones are counted apart");
        drop(one);
    }

    #[tokio::test]
    async fn an_answer_that_grows_takes_more_or_is_refused() {
        let answers = Arc::<Answers>::default();
        let mut share = answers.share(&None, 1 << 20).await.unwrap();
        share.grow(1 << 16).unwrap();
        assert_eq!(answers.bytes(), 1 << 20);
        share.grow(40 << 20).unwrap();
        let other = answers.share(&None, 20 << 20).await.unwrap();
        assert_eq!((answers.bytes(), share.grow(50 << 20).unwrap_err().code), (60 << 20, 503));
        drop(share);
        assert_eq!(answers.bytes(), 20 << 20);
        drop(other);
    }

    #[tokio::test]
    async fn large_answers_that_are_not_read_leave_room_for_small_ones() {
        let answers = Arc::<Answers>::default();
        let small = MAX_SMALL_RESPONSE_BYTES;
        // All clients without a token.
        let large = answers.try_share(&None, RESPONSE_BUDGET_PER_TOKEN_BYTES).unwrap();
        assert!(answers.try_share(&None, small + 1).is_none());
        let most = (SMALL_RESPONSES_RESERVE_BYTES - SMALL_RESPONSES_PER_TOKEN_BYTES) / small;
        let others: Vec<_> = (0..most).map(|_| answers.try_share(&None, small).unwrap()).collect();
        assert!(answers.try_share(&None, small).is_none(), "the reserve is bounded, too");
        assert!(answers.try_share(&principal("a"), small + 1).is_some(), "they take nothing from a token");
        drop((large, others));
        // Large ones of many tokens.
        let tokens = RESPONSE_BUDGET_BYTES / RESPONSE_BUDGET_PER_TOKEN_BYTES - 1;
        let _large: Vec<_> =
            (0..tokens).map(|at| answers.try_share(&principal(&at.to_string()), RESPONSE_BUDGET_PER_TOKEN_BYTES).unwrap()).collect();
        assert!(answers.try_share(&principal("a"), small + 1).is_none());
        assert!(answers.try_share(&principal("a"), small).is_some());
    }

    #[tokio::test]
    async fn two_tokens_that_read_nothing_leave_room_in_the_reserve() {
        let answers = Arc::<Answers>::default();
        let small = MAX_SMALL_RESPONSE_BYTES;
        let tokens = RESPONSE_BUDGET_BYTES / RESPONSE_BUDGET_PER_TOKEN_BYTES - 1;
        let _large: Vec<_> =
            (0..tokens).map(|at| answers.try_share(&principal(&at.to_string()), RESPONSE_BUDGET_PER_TOKEN_BYTES).unwrap()).collect();
        let mut held = Vec::new();
        for token in ["0", "1"] {
            let before = held.len();
            held.extend(std::iter::from_fn(|| answers.try_share(&principal(token), small)));
            assert_eq!(held.len() - before, SMALL_RESPONSES_PER_TOKEN_BYTES / small, "{token}");
        }
        for reader in [principal("2"), principal("3"), None] {
            assert!(answers.try_share(&reader, small).is_some(), "{reader:?}");
        }
    }

    #[tokio::test]
    async fn a_response_that_becomes_short_gives_back_what_it_took() {
        let answers = Arc::<Answers>::default();
        let share = answers.share(&principal("a"), 2 * MAX_SMALL_RESPONSE_BYTES).await.unwrap().fit(MAX_UNCOUNTED_RESPONSE_BYTES).unwrap();
        assert_eq!(answers.bytes(), MAX_UNCOUNTED_RESPONSE_BYTES);
        drop(share);
        assert_eq!((answers.bytes(), answers.lock().by.len()), (0, 0));
    }

    #[tokio::test]
    async fn bytes_hold_their_share_until_the_last_of_them_is_gone() {
        let answers = Arc::<Answers>::default();
        let share = Arc::new(answers.share(&principal("a"), 1 << 20).await.unwrap().fit(MAX_UNCOUNTED_RESPONSE_BYTES).unwrap());
        assert_eq!(answers.bytes(), MAX_UNCOUNTED_RESPONSE_BYTES);
        let sent = share.lend(Bytes::from(vec![7; MAX_UNCOUNTED_RESPONSE_BYTES]));
        drop(share);
        let rest = sent.slice(MAX_UNCOUNTED_RESPONSE_BYTES / 2..);
        drop(sent);
        assert_eq!((answers.bytes(), rest[0]), (MAX_UNCOUNTED_RESPONSE_BYTES, 7));
        drop(rest);
        assert_eq!(answers.bytes(), 0);
    }

    #[tokio::test]
    async fn what_has_become_larger_finds_room_or_is_refused() {
        let answers = Arc::<Answers>::default();
        let _other = answers.share(&principal("a"), RESPONSE_BUDGET_PER_TOKEN_BYTES / 2).await.unwrap();
        let grown =
            answers.share(&principal("a"), MAX_UNCOUNTED_RESPONSE_BYTES).await.unwrap().fit(RESPONSE_BUDGET_PER_TOKEN_BYTES / 2).unwrap();
        assert!(grown.fit(RESPONSE_BUDGET_PER_TOKEN_BYTES / 2 + 1).is_err());
        assert_eq!(answers.bytes(), RESPONSE_BUDGET_PER_TOKEN_BYTES / 2);
    }
}
