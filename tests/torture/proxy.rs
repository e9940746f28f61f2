//! A proxy in front of the server that cuts each connection after a chosen number of bytes of the response.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub struct Proxy {
    pub port: u16,
    cuts: Arc<AtomicU64>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// `lives` says of each new connection how many bytes of answers come through; `None`: all.
    pub async fn start(to: u16, mut lives: impl FnMut() -> Option<u64> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let cuts = Arc::new(AtomicU64::new(0));
        let counted = cuts.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (life, cuts) = (lives(), counted.clone());
                tokio::spawn(async move {
                    if let Ok(far) = TcpStream::connect(("127.0.0.1", to)).await {
                        pass(near, far, life, &cuts).await;
                    }
                });
            }
        });
        Self { port, cuts, accepting }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Connections that were cut while an answer was on its way.
    pub fn cuts(&self) -> u64 {
        self.cuts.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn pass(near: TcpStream, far: TcpStream, life: Option<u64>, cuts: &AtomicU64) {
    let (mut near_read, mut near_write) = near.into_split();
    let (mut far_read, mut far_write) = far.into_split();
    let answers = async {
        let Some(mut left) = life else {
            let _ = copy(&mut far_read, &mut near_write).await;
            return;
        };
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = far_read.read(&mut buffer).await {
            let through = (count as u64).min(left) as usize;
            if near_write.write_all(&buffer[..through]).await.is_err() {
                return;
            }
            left -= through as u64;
            if through < count {
                cuts.fetch_add(1, Ordering::Relaxed);
                return;
            }
        }
    };
    let questions = async {
        let _ = copy(&mut near_read, &mut far_write).await;
    };
    // When one direction ends, both sockets are dropped.
    tokio::select! {
        () = answers => {}
        () = questions => {}
    }
}
