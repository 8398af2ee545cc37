//! One attempt, with its time limit, and what the other side said.

use super::destination::Destination;
use super::notice::{Notice, Sender};
use super::{mail, syslog, webhook};
use crate::limits::{NOTIFY_SAID_CHARS_MAX, NOTIFY_SEND_MAX};
use tokio::time::timeout;
use wire::Via;

/// Why something did not arrive: in plain words, without secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// No answer in time.
    #[error("there was no answer within {} s", NOTIFY_SEND_MAX.as_secs())]
    TimeOut,
    /// No connection, or it broke.
    #[error("{0}")]
    Connection(String),
    /// An answer that says no.
    #[error("it said: {0}")]
    Refused(String),
    /// What is set cannot be used.
    #[error("{0}")]
    Setting(String),
}

/// Sends a notice; what the other side said.
///
/// # Errors
/// [`SendError`].
pub async fn deliver(
    destination: &Destination,
    notice: &Notice,
    sender: &Sender,
) -> Result<String, SendError> {
    let secret = destination.secret.as_ref();
    let needs_secret = matches!(&destination.via, Via::Webhook { .. } | Via::Email { user: Some(_), .. });
    if needs_secret && secret.is_none() {
        let told =
            format!("it has no secret yet; give it one by `forebay notify secret {}`", destination.name);
        return Err(SendError::Setting(told));
    }
    let sent = async {
        match &destination.via {
            Via::Webhook { url, ca_pem } => {
                webhook::send(url, ca_pem.as_deref(), secret, notice, sender).await
            }
            Via::Syslog { host, port, transport, ca_pem } => {
                syslog::send((host, *port), *transport, ca_pem.as_deref(), &notice.syslog(sender)).await
            }
            Via::Email { .. } => mail::send(&destination.via, secret, notice, sender).await,
        }
    };
    let sent = timeout(NOTIFY_SEND_MAX, sent).await.unwrap_or(Err(SendError::TimeOut));
    // The other side may send back what it was sent.
    let told = |text: String| told(&text, secret.map(super::destination::Secret::expose));
    sent.map(told).map_err(|error| match error {
        SendError::Refused(text) => SendError::Refused(told(text)),
        SendError::Connection(text) => SendError::Connection(told(text)),
        SendError::Setting(text) => SendError::Setting(told(text)),
        SendError::TimeOut => SendError::TimeOut,
    })
}

/// Short, in one line, and without the secret.
fn told(text: &str, secret: Option<&str>) -> String {
    let hidden = secret.map_or_else(|| text.to_owned(), |secret| text.replace(secret, "(hidden)"));
    hidden
        .chars()
        .map(|c| if crate::store::hidden(c) { ' ' } else { c })
        .take(NOTIFY_SAID_CHARS_MAX)
        .collect()
}

/// An error with its causes, in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let next_text = next.to_string();
        if !text.contains(&next_text) {
            text = format!("{text}: {next_text}");
        }
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_short_plain_and_without_the_secret() {
        assert_eq!(told("no\nsuch hook: s3cr3t-s3cr3t", Some("s3cr3t-s3cr3t")), "no such hook: (hidden)");
        assert_eq!(told(&"x".repeat(5000), None).len(), NOTIFY_SAID_CHARS_MAX);
    }
}
