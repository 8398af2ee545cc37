//! Many viewers at once: connections that ask again and again, bounded in number and time.

use super::viewer::split;
use crate::limits::{ANSWER_WITHIN, DRILL_FLOOD_CONNECTIONS};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Asks for a playlist with all connections, for so long. What becomes of them is not this one's matter: a box may well
/// send some away.
pub(super) fn flood(url: &str, length: Duration) {
    let Some((host, path)) = split(url) else { return };
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    runtime.block_on(async {
        let local = tokio::task::LocalSet::new();
        for _ in 0..DRILL_FLOOD_CONNECTIONS {
            let (host, request) = (host.clone(), request.clone());
            local.spawn_local(async move {
                loop {
                    // One that was sent away comes again.
                    let _ended = timeout(ANSWER_WITHIN, ask(&host, request.as_bytes())).await;
                    tokio::task::yield_now().await;
                }
            });
        }
        let _over = timeout(length, local).await;
    });
}

async fn ask(host: &str, request: &[u8]) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(host).await?;
    let mut answer = vec![0; 64 << 10];
    loop {
        stream.write_all(request).await?;
        if stream.read(&mut answer).await? == 0 {
            return Ok(());
        }
    }
}
