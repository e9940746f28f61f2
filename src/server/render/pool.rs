//! The one place where something is drawn or written out for readers: on threads of its own, as many at a time as there are cores, within a bound
//! of memory. Who waits does so in a line of its own for each token, and the lines take turns: a reader who asks for much delays himself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::protocol::{ApiError, ErrorKind};
use crate::server::error::ServerError;
use crate::server::limits::{MAX_WAITING_RENDERS, MAX_WAITING_RENDERS_PER_TOKEN, RENDER_BUDGET_BYTES, RENDER_TIMEOUT};
use crate::server::net::response_budget::Principal;

#[derive(Clone)]
pub struct Renderer(Arc<Mutex<Places>>);

struct Places {
    free: usize,
    memory: usize,
    /// The next line stands first; none is empty.
    lines: VecDeque<(Principal, VecDeque<Waiting>)>,
}

struct Waiting {
    bytes: usize,
    turn: oneshot::Sender<Turn>,
}

/// Given back when it is dropped.
struct Turn {
    renderer: Renderer,
    bytes: usize,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut places = self.renderer.lock();
        places.free += 1;
        places.memory += self.bytes;
        drop(places);
        self.renderer.next();
    }
}

impl Renderer {
    pub fn new() -> Self {
        Self::with(std::thread::available_parallelism().map_or(1, usize::from))
    }

    fn with(places: usize) -> Self {
        Self(Arc::new(Mutex::new(Places { free: places, memory: RENDER_BUDGET_BYTES, lines: VecDeque::new() })))
    }

    /// Makes something that takes about so many bytes meanwhile. Nothing of it has begun before its turn. 503 when too many wait, or for too long.
    pub async fn run<T, F>(&self, principal: &Principal, bytes: usize, make: F) -> Result<T, ServerError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, ServerError>> + Send + 'static,
    {
        let turn = timeout(RENDER_TIMEOUT, self.turn(principal, bytes, true)?).await;
        on_a_thread(turn.ok().and_then(Result::ok).ok_or_else(busy)?, make).await
    }

    /// As [`Self::run`], for the next piece of an answer that has begun: it waits as long as it must.
    pub async fn go_on<T, F>(&self, principal: &Principal, bytes: usize, make: F) -> Result<T, ServerError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, ServerError>> + Send + 'static,
    {
        let turn = self.turn(principal, bytes, false)?.await;
        on_a_thread(turn.map_err(|_| busy())?, make).await
    }

    fn turn(&self, principal: &Principal, bytes: usize, is_bounded: bool) -> Result<oneshot::Receiver<Turn>, ApiError> {
        let (turn, comes) = oneshot::channel();
        let waiting = Waiting { bytes: bytes.min(RENDER_BUDGET_BYTES), turn };
        {
            let mut places = self.lock();
            places.forget_who_left();
            let own = places.lines.iter().position(|(known, _)| known == principal);
            let (all, own_count) =
                (places.lines.iter().map(|(_, line)| line.len()).sum::<usize>(), own.map_or(0, |at| places.lines[at].1.len()));
            if is_bounded && (all >= MAX_WAITING_RENDERS || own_count >= MAX_WAITING_RENDERS_PER_TOKEN) {
                return Err(busy());
            }
            match own {
                Some(at) => places.lines[at].1.push_back(waiting),
                None => places.lines.push_back((principal.clone(), VecDeque::from([waiting]))),
            }
        }
        self.next();
        Ok(comes)
    }

    /// Gives turns as long as there are places.
    fn next(&self) {
        let mut given = Vec::new();
        let mut places = self.lock();
        while let Some(waiting) = places.take() {
            given.push((waiting.turn, Turn { renderer: self.clone(), bytes: waiting.bytes }));
        }
        // Who has left meanwhile gives the turn back, for which the lock is needed.
        drop(places);
        given.into_iter().for_each(|(comes, turn)| drop(comes.send(turn)));
    }

    /// Nothing that panics runs while it is held.
    fn lock(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places {
    /// The first of the next line, whose line then stands last; none while there is no room for it.
    fn take(&mut self) -> Option<Waiting> {
        self.forget_who_left();
        let bytes = self.lines.front().and_then(|(_, line)| line.front())?.bytes;
        if self.free == 0 || self.memory < bytes {
            return None;
        }
        let (principal, mut line) = self.lines.pop_front()?;
        let first = line.pop_front()?;
        if !line.is_empty() {
            self.lines.push_back((principal, line));
        }
        self.free -= 1;
        self.memory -= bytes;
        Some(first)
    }

    fn forget_who_left(&mut self) {
        self.lines.iter_mut().for_each(|(_, line)| line.retain(|waiting| !waiting.turn.is_closed()));
        self.lines.retain(|(_, line)| !line.is_empty());
    }
}

/// Keeps its turn until it is done, also when nobody waits for it any more.
async fn on_a_thread<T, F>(turn: Turn, make: F) -> Result<T, ServerError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, ServerError>> + Send + 'static,
{
    let runtime = Handle::current();
    let made = tokio::task::spawn_blocking(move || {
        let made = runtime.block_on(make);
        drop(turn);
        made
    });
    made.await.map_err(|_| ServerError::Panicked)?
}

fn busy() -> ApiError {
    ErrorKind::Unavailable.with("More is being drawn than this server has room for. Ask again in a second.").because("drawings_full")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    fn principal(name: &str) -> Principal {
        Some(name.to_owned())
    }

    /// Something that is made until it is let go; and how to let it go.
    fn held(of: &Renderer, name: &str, bytes: usize) -> (tokio::task::JoinHandle<Result<(), ServerError>>, oneshot::Sender<()>) {
        let (go, wait) = oneshot::channel();
        let (of, principal) = (of.clone(), principal(name));
        (
            tokio::spawn(async move {
                of.run(&principal, bytes, async {
                    let _ = wait.await;
                    Ok(())
                })
                .await
            }),
            go,
        )
    }

    fn free(of: &Renderer) -> (usize, usize) {
        let places = of.lock();
        (places.free, places.memory)
    }

    async fn until(is_so: impl Fn() -> bool) {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test]
    async fn as_many_are_made_as_there_are_places() {
        let (renderer, now, most) = (Renderer::with(2), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let all = (0..40).map(|_| {
            let (renderer, now, most) = (renderer.clone(), now.clone(), most.clone());
            async move {
                let make = async move {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::yield_now();
                    now.fetch_sub(1, Ordering::SeqCst);
                    Ok(())
                };
                renderer.run(&None, 1, make).await
            }
        });
        assert!(futures_util::future::join_all(all).await.into_iter().all(|made| made.is_ok()));
        assert!(most.load(Ordering::SeqCst) <= 2);
        assert_eq!(free(&renderer), (2, RENDER_BUDGET_BYTES));
    }

    #[tokio::test]
    async fn who_asks_for_much_waits_for_himself() {
        let renderer = Renderer::with(1);
        let (first, go) = held(&renderer, "a", 1);
        until(|| renderer.lock().free == 0).await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut waiting = Vec::new();
        for name in ["a", "a", "a", "b"] {
            let (of, order) = (renderer.clone(), order.clone());
            let count = waiting.len();
            waiting.push(tokio::spawn(async move {
                let make = async move {
                    order.lock().unwrap().push(name);
                    Ok(())
                };
                of.run(&principal(name), 1, make).await.unwrap();
            }));
            until(|| renderer.lock().lines.iter().map(|(_, line)| line.len()).sum::<usize>() == count + 1).await;
        }
        go.send(()).unwrap();
        first.await.unwrap().unwrap();
        for one in waiting {
            one.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), ["a", "b", "a", "a"]);
    }

    #[tokio::test]
    async fn too_many_are_refused_and_who_leaves_makes_room() {
        let renderer = Renderer::with(1);
        let (first, go) = held(&renderer, "a", 1);
        until(|| renderer.lock().free == 0).await;
        let all: Vec<_> = (0..MAX_WAITING_RENDERS_PER_TOKEN).map(|_| renderer.turn(&principal("a"), 1, true).unwrap()).collect();
        assert_eq!(renderer.turn(&principal("a"), 1, true).err().unwrap().code, 503);
        let others: Vec<_> = (0..MAX_WAITING_RENDERS - MAX_WAITING_RENDERS_PER_TOKEN)
            .map(|at| renderer.turn(&principal(&at.to_string()), 1, true).unwrap())
            .collect();
        assert!(renderer.turn(&principal("b"), 1, true).is_err() && renderer.turn(&principal("b"), 1, false).is_ok());
        drop((all, others));
        assert!(renderer.turn(&principal("a"), 1, true).is_ok());
        go.send(()).unwrap();
        first.await.unwrap().unwrap();
        until(|| renderer.lock().free == 1).await;
    }

    #[tokio::test]
    async fn what_takes_much_memory_is_made_alone() {
        let renderer = Renderer::with(4);
        let (large, go) = held(&renderer, "a", 2 * RENDER_BUDGET_BYTES);
        until(|| renderer.lock().free == 3).await;
        let (small, go_small) = held(&renderer, "b", 1);
        until(|| !renderer.lock().lines.is_empty()).await;
        assert_eq!(free(&renderer), (3, 0));
        go.send(()).unwrap();
        large.await.unwrap().unwrap();
        until(|| renderer.lock().lines.is_empty()).await;
        go_small.send(()).unwrap();
        small.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_panic_gives_the_place_back() {
        let renderer = Renderer::with(1);
        let make = async { if RENDER_BUDGET_BYTES > 0 { panic!("on purpose") } else { Ok(()) } };
        assert_eq!(renderer.run(&None, 1, make).await.unwrap_err().to_api_error().code, 500);
        assert!(renderer.run(&None, 1, async { Ok(()) }).await.is_ok());
    }
}
