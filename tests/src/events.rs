//! Followers of `/api/v1/events`, as browsers are: each on a connection of its own.

use anyhow::{Context, ensure};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Without any change there is a comment twice a minute.
const QUIET_MAX: Duration = Duration::from_secs(40);

/// One follower.
#[derive(Debug)]
pub struct Follower(BufReader<TcpStream>);

impl Follower {
    /// Follows from here on, or from the event of that id on.
    ///
    /// # Errors
    /// When it is not let in.
    pub fn start(port: u16, last: Option<&str>) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(QUIET_MAX))?;
        let last = last.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        write!(stream, "GET /api/v1/events HTTP/1.1\r\nHost: localhost:{port}\r\n{last}\r\n")?;
        let mut follower = Self(BufReader::new(stream));
        let status = follower.line()?;
        ensure!(status.starts_with("HTTP/1.1 200 "), "{status}");
        Ok(follower)
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        ensure!(self.0.read_line(&mut line)? > 0, "the feed has ended");
        Ok(line.trim_end().to_owned())
    }

    /// Waits for the next event; gives its id. What stands between events is passed over.
    ///
    /// # Errors
    /// When the feed ends.
    pub fn next_id(&mut self) -> anyhow::Result<String> {
        loop {
            if let Some(id) = self.line()?.strip_prefix("id: ") {
                return Ok(id.to_owned());
            }
        }
    }
}

/// Which of the events of one start of the box this id is.
///
/// # Errors
/// When it is none.
pub fn number(id: &str) -> anyhow::Result<u64> {
    let (_, number) = id.split_once('-').with_context(|| id.to_owned())?;
    Ok(number.parse()?)
}

/// Many followers who read all that comes, on one thread, until the process ends.
#[derive(Clone, Debug, Default)]
pub struct Crowd {
    /// Bytes that all of them have read.
    pub bytes: Arc<AtomicU64>,
}

impl Crowd {
    /// So many.
    ///
    /// # Errors
    /// When there is no thread for them.
    pub fn start(port: u16, count: usize) -> anyhow::Result<Self> {
        let crowd = Self::default();
        let bytes = Arc::clone(&crowd.bytes);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("crowd".into()).spawn(move || {
            let followers = (0..count).map(|_| runtime.spawn(follow(port, Arc::clone(&bytes))));
            let followers: Vec<_> = followers.collect();
            runtime.block_on(async {
                for follower in followers {
                    let ended = follower.await;
                    eprintln!("a follower has ended: {ended:?}");
                }
            });
        })?;
        Ok(crowd)
    }
}

async fn follow(port: u16, bytes: Arc<AtomicU64>) -> anyhow::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
    let head = format!("GET /api/v1/events HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let mut buffer = vec![0; 16 << 10];
    loop {
        let read = stream.read(&mut buffer).await?;
        ensure!(read > 0, "the box has hung up");
        bytes.fetch_add(read as u64, Ordering::Relaxed);
    }
}
