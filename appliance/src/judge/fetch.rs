//! One connection to the box's own HTTP port: GET, kept alive, as plainly as HTTP/1.1 (RFC 9112) allows.

use crate::audience::UNCOUNTED;
use crate::clock::House;
use crate::limits::{JUDGE_ANSWER_BYTES_MAX, JUDGE_ANSWER_WITHIN, JUDGE_HEADERS_MAX};
use anyhow::{Context, bail, ensure};
use bytes::{Bytes, BytesMut};
use flate2::read::GzDecoder;
use media::judge::Fetched;
use std::io::Read;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// To one channel's folder.
pub(super) struct Connection {
    port: SocketAddr,
    folder: String,
    house: House,
    open: Option<(TcpStream, BytesMut)>,
}

impl Connection {
    pub(super) fn new(port: SocketAddr, folder: String, house: House) -> Self {
        Self { port, folder, house, open: None }
    }

    /// Fetches an address relative to the channel's folder, or one that begins with `/`.
    pub(super) async fn get(&mut self, url: &str) -> anyhow::Result<Fetched> {
        let asked_at = self.house.now();
        let got = timeout(JUDGE_ANSWER_WITHIN, self.exchange(url)).await;
        let (status, headers, body) = match got {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                self.open = None;
                return Err(error).with_context(|| format!("GET {url}"));
            }
            Err(_) => {
                self.open = None;
                bail!("GET {url}: no answer within {JUDGE_ANSWER_WITHIN:?}");
            }
        };
        Ok(Fetched { url: url.to_owned(), asked_at, at: self.house.now(), status, headers, body })
    }

    async fn exchange(&mut self, url: &str) -> anyhow::Result<(u16, Vec<(String, String)>, Bytes)> {
        let (mut stream, mut read) = match self.open.take() {
            Some(open) => open,
            None => (TcpStream::connect(self.port).await?, BytesMut::new()),
        };
        let path = if url.starts_with('/') { url.to_owned() } else { format!("{}{url}", self.folder) };
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nAccept-Encoding: gzip\r\n{UNCOUNTED}: yes\r\n\r\n",
            self.port
        );
        stream.write_all(head.as_bytes()).await?;
        let (status, headers) = read_head(&mut stream, &mut read).await?;
        let header =
            |name: &str| headers.iter().find(|(each, _)| each == name).map(|(_, value)| value.as_str());
        let body = if header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"))
        {
            read_chunks(&mut stream, &mut read).await?
        } else {
            let length = header("content-length").unwrap_or("0").parse().context("content-length")?;
            fill(&mut stream, &mut read, length).await?;
            read.split_to(length).freeze()
        };
        let body = if header("content-encoding") == Some("gzip") { gunzip(&body)? } else { body };
        if header("connection").is_none_or(|value| !value.eq_ignore_ascii_case("close")) {
            self.open = Some((stream, read));
        }
        Ok((status, headers, body))
    }
}

/// Reads until there are so many bytes.
async fn fill(stream: &mut TcpStream, read: &mut BytesMut, length: usize) -> anyhow::Result<()> {
    ensure!(length <= JUDGE_ANSWER_BYTES_MAX, "an answer of more than {JUDGE_ANSWER_BYTES_MAX} bytes");
    while read.len() < length {
        ensure!(stream.read_buf(read).await? > 0, "the connection ended in the middle of an answer");
    }
    Ok(())
}

async fn read_head(
    stream: &mut TcpStream,
    read: &mut BytesMut,
) -> anyhow::Result<(u16, Vec<(String, String)>)> {
    loop {
        let mut fields = [httparse::EMPTY_HEADER; JUDGE_HEADERS_MAX];
        let mut response = httparse::Response::new(&mut fields);
        if let httparse::Status::Complete(length) = response.parse(read)? {
            let status = response.code.context("a status line without a status")?;
            let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
            let headers =
                response.headers.iter().map(|field| (field.name.to_ascii_lowercase(), text(field.value)));
            let headers = headers.collect();
            drop(read.split_to(length));
            return Ok((status, headers));
        }
        let more = read.len() + 1;
        fill(stream, read, more).await?;
    }
}

/// RFC 9112, 7.1
async fn read_chunks(stream: &mut TcpStream, read: &mut BytesMut) -> anyhow::Result<Bytes> {
    let mut body = BytesMut::new();
    loop {
        let parsed =
            httparse::parse_chunk_size(read).map_err(|_| anyhow::anyhow!("a chunk without a size"))?;
        let httparse::Status::Complete((start, length)) = parsed else {
            let more = read.len() + 1;
            fill(stream, read, more).await?;
            continue;
        };
        let length = usize::try_from(length)?;
        ensure!(length.saturating_add(body.len()) <= JUDGE_ANSWER_BYTES_MAX, "an answer without end");
        fill(stream, read, start + length + 2).await?;
        body.extend_from_slice(&read[start..start + length]);
        drop(read.split_to(start + length + 2));
        if length == 0 {
            return Ok(body.freeze());
        }
    }
}

fn gunzip(body: &[u8]) -> anyhow::Result<Bytes> {
    let mut plain = Vec::new();
    GzDecoder::new(body).take(JUDGE_ANSWER_BYTES_MAX as u64).read_to_end(&mut plain)?;
    Ok(plain.into())
}
