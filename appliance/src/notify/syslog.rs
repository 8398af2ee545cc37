//! Syslog: RFC 5424 over TCP and TLS with octet counting (RFC 6587, 3.4.1; RFC 5425, 4.3), and over UDP (RFC 5426).
//!
//! Syslog answers nothing: what is told is that the bytes were handed over.

use super::deliver::SendError;
use super::trust;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket, lookup_host};
use tokio_rustls::TlsConnector;
use wire::SyslogTransport;

/// "SYSLOG-FRAME = MSG-LEN SP SYSLOG-MSG"
fn framed(message: &[u8]) -> Vec<u8> {
    [format!("{} ", message.len()).as_bytes(), message].concat()
}

async fn write(mut stream: impl AsyncWrite + Unpin, message: &[u8]) -> std::io::Result<()> {
    stream.write_all(&framed(message)).await?;
    stream.flush().await?;
    stream.shutdown().await
}

pub(super) async fn send(
    place: (&str, u16),
    transport: SyslogTransport,
    ca_pem: Option<&str>,
    message: &[u8],
) -> Result<String, SendError> {
    let broken = |error: std::io::Error| SendError::Connection(error.to_string());
    let how = match transport {
        SyslogTransport::Tcp => {
            write(TcpStream::connect(place).await.map_err(broken)?, message).await.map_err(broken)?;
            "over TCP"
        }
        SyslogTransport::Tls => {
            let connector = TlsConnector::from(trust::client(ca_pem).await?);
            let name = ServerName::try_from(place.0.to_owned());
            let name = name.map_err(|_| SendError::Setting(format!("`{}` is no name for TLS", place.0)))?;
            let stream = TcpStream::connect(place).await.map_err(broken)?;
            write(connector.connect(name, stream).await.map_err(broken)?, message).await.map_err(broken)?;
            "over TLS"
        }
        SyslogTransport::Udp => {
            let address = lookup_host(place).await.map_err(broken)?.next();
            let address =
                address.ok_or_else(|| SendError::Connection(format!("`{}` has no address", place.0)))?;
            let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
            let socket = UdpSocket::bind(any).await.map_err(broken)?;
            socket.connect(address).await.map_err(broken)?;
            socket.send(message).await.map_err(broken)?;
            "over UDP, which does not tell whether they arrive"
        }
    };
    Ok(format!("{} bytes were handed over {how}; syslog does not answer", message.len()))
}
