//! Followers of `/api/v1/events`, as browsers are: each on a connection of its own.

use anyhow::{Context, ensure};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
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

    /// Waits for the next event of this name; gives its data.
    ///
    /// # Errors
    /// When the feed ends.
    pub fn next_named(&mut self, name: &str) -> anyhow::Result<String> {
        let wanted = format!("event: {name}");
        while self.line()? != wanted {}
        loop {
            if let Some(data) = self.line()?.strip_prefix("data: ") {
                return Ok(data.to_owned());
            }
        }
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

/// Many followers who read all that comes, on one thread, until this is dropped.
#[derive(Debug)]
pub struct Crowd {
    /// Bytes that all of them have read.
    pub bytes: Arc<AtomicU64>,
    /// Those whom the box has hung up on, or never let in.
    lost: Arc<AtomicUsize>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Crowd {
    /// So many.
    ///
    /// # Errors
    /// When there is no thread for them.
    pub fn start(port: u16, count: usize) -> anyhow::Result<Self> {
        let (bytes, lost) = (Arc::<AtomicU64>::default(), Arc::<AtomicUsize>::default());
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        for _ in 0..count {
            let (bytes, lost) = (Arc::clone(&bytes), Arc::clone(&lost));
            runtime.spawn(async move {
                if let Err(why) = follow(port, bytes).await {
                    eprintln!("a follower has ended: {why}");
                    lost.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let thread = std::thread::Builder::new().name("crowd".into()).spawn(move || {
            // Followers are let go of with the runtime, before the box that they follow ends.
            let _stopped = runtime.block_on(stopped);
        })?;
        Ok(Self { bytes, lost, stop: Some(stop), thread: Some(thread) })
    }

    /// How many do not follow any more.
    #[must_use]
    pub fn lost(&self) -> usize {
        self.lost.load(Ordering::Relaxed)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
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
