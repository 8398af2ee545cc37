//! The API over the Unix socket: one request a connection, and no more of HTTP/1.1 (RFC 9112) than that takes.

use crate::api::socket::FILE_NAME;
use crate::limits::{ANSWER_BYTES_MAX, ANSWER_WITHIN, UPKEEP_ANSWER_WITHIN};
use crate::place::{Place, runtime_folder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// Why a call has failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens there.
    #[error("no forebay is running with {}. Start it with `forebay run` or `systemctl start forebay`, or name its \
             folder with --data-dir", .data_dir.display())]
    NotRunning {
        /// The data folder.
        data_dir: PathBuf,
    },
    /// Somebody listens, but not to this user.
    #[error("{} may not be used by this user; use the user that runs forebay, or sudo", .socket.display())]
    Denied {
        /// The socket.
        socket: PathBuf,
    },
    /// The connection broke or the answer took too long.
    #[error("the running forebay did not answer: {0}. See its journal")]
    Broken(#[from] io::Error),
    /// The answer is not what this version understands.
    #[error("the running forebay answered with something else than expected: {0}. Is it of another version?")]
    Odd(String),
    /// The daemon said no, and why.
    #[error("{}", .0.detail)]
    Refused(wire::Problem),
}

/// A running daemon.
#[derive(Clone, Debug)]
pub struct Client {
    data_dir: PathBuf,
}

impl Client {
    /// The daemon with this data folder; not yet asked anything.
    #[must_use]
    pub fn new(data_dir: &Path) -> Self {
        Self { data_dir: data_dir.to_owned() }
    }

    /// `GET /api/v1{path}`.
    ///
    /// # Errors
    /// [`ClientError`], here and below.
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        parsed(&self.call("GET", path, b"")?)
    }

    /// `POST /api/v1{path}`, with `body` as JSON.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ClientError> {
        let body = serde_json::to_vec(body).map_err(|error| ClientError::Odd(error.to_string()))?;
        parsed(&self.call("POST", path, &body)?)
    }

    /// `PATCH /api/v1{path}`, with `body` as JSON.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn patch<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ClientError> {
        let body = serde_json::to_vec(body).map_err(|error| ClientError::Odd(error.to_string()))?;
        parsed(&self.call("PATCH", path, &body)?)
    }

    /// `PUT /api/v1{path}`, with `body` as JSON.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ClientError> {
        let body = serde_json::to_vec(body).map_err(|error| ClientError::Odd(error.to_string()))?;
        parsed(&self.call("PUT", path, &body)?)
    }

    /// `PUT /api/v1{path}`, with `body` as JSON, if what is there has this tag.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn put_if<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        tag: &str,
    ) -> Result<T, ClientError> {
        let body = serde_json::to_vec(body).map_err(|error| ClientError::Odd(error.to_string()))?;
        // A header's end within a tag would make two of it.
        let tag: String = tag.chars().filter(char::is_ascii_graphic).collect();
        let kind = format!("application/json\r\nIf-Match: {tag}");
        parsed(&self.send("PUT", path, &kind, &body)?)
    }

    /// `PUT /api/v1{path}`, with `body` as it is.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn put_file<T: DeserializeOwned>(
        &self,
        path: &str,
        kind: &str,
        body: &[u8],
    ) -> Result<T, ClientError> {
        parsed(&self.send("PUT", path, kind, body)?)
    }

    /// `POST` for what takes the daemon some time.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn post_patiently<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        let body = serde_json::to_vec(body).map_err(|error| ClientError::Odd(error.to_string()))?;
        let (mut stream, kind) = (self.patient()?, "application/json");
        let length = body.len() as u64;
        exchange(&mut stream, ("POST", path), kind, length, body.as_slice())?;
        parsed(&answer(stream)?)
    }

    /// `PUT` of a file of any length.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn upload<T: DeserializeOwned>(&self, path: &str, file: &File) -> Result<T, ClientError> {
        let (mut stream, length) = (self.patient()?, file.metadata()?.len());
        let sent = exchange(&mut stream, ("PUT", path), "application/octet-stream", length, file);
        // Whoever refuses a file does not read it to its end; why is in the answer.
        match (sent, answer(stream)) {
            (Err(error), Err(ClientError::Broken(_) | ClientError::Odd(_))) => Err(error.into()),
            (_, answered) => parsed(&answered?),
        }
    }

    /// `method` whose answer is a file of any length.
    ///
    /// # Errors
    /// [`ClientError`]; what has come by then is in the file.
    pub fn download(
        &self,
        call: (&str, &str),
        body: &impl Serialize,
        to: &mut impl Write,
    ) -> Result<u64, ClientError> {
        let body = serde_json::to_vec(body).map_err(|error| ClientError::Odd(error.to_string()))?;
        let mut stream = self.patient()?;
        exchange(&mut stream, call, "application/json", body.len() as u64, body.as_slice())?;
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") && head.len() < ANSWER_BYTES_MAX && stream.read(&mut byte)? > 0 {
            head.push(byte[0]);
        }
        if !head.starts_with(b"HTTP/1.1 200 ") {
            stream.take(ANSWER_BYTES_MAX as u64).read_to_end(&mut head)?;
            return Err(content(&head).map_or_else(|error| error, |_| ClientError::Odd("no file".into())));
        }
        let announced =
            header(&String::from_utf8_lossy(&head), "content-length").and_then(|it| it.parse().ok());
        let copied = io::copy(&mut stream, to)?;
        if announced == Some(copied) {
            Ok(copied)
        } else {
            Err(ClientError::Odd("a file that is not whole".into()))
        }
    }

    /// For what reads or writes much.
    fn patient(&self) -> Result<UnixStream, ClientError> {
        let stream = self.connect()?;
        stream.set_read_timeout(Some(UPKEEP_ANSWER_WITHIN))?;
        stream.set_write_timeout(Some(UPKEEP_ANSWER_WITHIN))?;
        Ok(stream)
    }

    /// The same, where nothing is answered.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn put_silently(&self, path: &str, body: &impl Serialize) -> Result<(), ClientError> {
        let body = serde_json::to_vec(body).map_err(|error| ClientError::Odd(error.to_string()))?;
        self.call("PUT", path, &body).map(drop)
    }

    /// `DELETE /api/v1{path}`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn delete(&self, path: &str) -> Result<(), ClientError> {
        self.call("DELETE", path, b"").map(drop)
    }

    fn call(&self, method: &str, path: &str, body: &[u8]) -> Result<Vec<u8>, ClientError> {
        self.send(method, path, "application/json", body)
    }

    fn send(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Result<Vec<u8>, ClientError> {
        let mut stream = self.connect()?;
        exchange(&mut stream, (method, path), kind, body.len() as u64, body)?;
        answer(stream)
    }

    fn connect(&self) -> Result<UnixStream, ClientError> {
        let folders = Place::candidates(&self.data_dir, runtime_folder().as_deref());
        let mut failed = ClientError::NotRunning { data_dir: self.data_dir.clone() };
        let mut connect = |folder: &Path| {
            let socket = folder.join(FILE_NAME);
            let connected = UnixStream::connect(&socket);
            if matches!(&connected, Err(error) if error.kind() == io::ErrorKind::PermissionDenied) {
                failed = ClientError::Denied { socket };
            }
            connected.ok()
        };
        let connected = folders.iter().find_map(|folder| connect(folder));
        let Some(stream) = connected else { return Err(failed) };
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        stream.set_write_timeout(Some(ANSWER_WITHIN))?;
        Ok(stream)
    }
}

/// Sends a request.
fn exchange(
    stream: &mut UnixStream,
    (method, path): (&str, &str),
    kind: &str,
    length: u64,
    mut body: impl Read,
) -> io::Result<()> {
    let head = format!(
        "{method} /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    io::copy(&mut body, stream).map(drop)
}

fn answer(stream: UnixStream) -> Result<Vec<u8>, ClientError> {
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX as u64 + 1).read_to_end(&mut answer)?;
    content(&answer)
}

/// The body of a successful answer. Pure.
fn content(answer: &[u8]) -> Result<Vec<u8>, ClientError> {
    let odd = |what: &str| ClientError::Odd(what.to_owned());
    if answer.len() > ANSWER_BYTES_MAX {
        return Err(odd("more than a list of channels can be"));
    }
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(|| odd("no whole header"))?;
    let head = std::str::from_utf8(&answer[..end]).map_err(|_| odd("a header that is not text"))?;
    let body = &answer[end + 4..];
    let status = head.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
    let status = status.ok_or_else(|| odd("no status"))?;
    let announced = header(head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    if header(head, "transfer-encoding").is_some() || body.len() != announced {
        return Err(odd("a body that is not whole"));
    }
    if (200..300).contains(&status) { Ok(body.to_vec()) } else { Err(refusal(status, body)) }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn refusal(status: u16, body: &[u8]) -> ClientError {
    match serde_json::from_slice(body) {
        Ok(problem) => ClientError::Refused(problem),
        Err(_) => ClientError::Odd(format!("status {status} without a reason")),
    }
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, ClientError> {
    serde_json::from_slice(body).map_err(|error| ClientError::Odd(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_they_are_sent() {
        let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(content(ok).unwrap(), b"{}");
        assert_eq!(content(b"HTTP/1.1 204 No Content\r\ndate: x\r\n\r\n").unwrap(), b"");
        let problem = r#"{"title":"t","status":404,"detail":"there is no channel `x`"}"#;
        let refused = format!("HTTP/1.1 404 Not Found\r\ncontent-length: {}\r\n\r\n{problem}", problem.len());
        assert_eq!(content(refused.as_bytes()).unwrap_err().to_string(), "there is no channel `x`");
    }

    #[test]
    fn what_is_not_whole_or_not_http_is_refused() {
        for answer in [
            &b""[..],
            b"HTTP/1.1 200 OK\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"SSH-2.0\r\n\r\n",
            b"HTTP/1.1 500 x\r\nContent-Length: 4\r\n\r\noops",
            b"\xff\xff\r\n\r\n",
        ] {
            assert!(matches!(content(answer), Err(ClientError::Odd(_))), "{answer:?}");
        }
    }
}
