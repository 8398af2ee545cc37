//! Webhooks: a JSON body, signed as [Standard Webhooks](https://www.standardwebhooks.com) says.

use super::deliver::{SendError, chain};
use super::destination::{SECRET_PLACE, Secret};
use super::notice::{Notice, Sender};
use super::trust;
use crate::limits::{NOTIFY_ANSWER_BYTES_MAX, NOTIFY_SEND_MAX};
use actix_web::http::header::{CONTENT_TYPE, USER_AGENT};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// "the content to sign is `msg_id.timestamp.payload`", the signature HMAC-SHA256 in base64 behind `v1,`.
fn signature(secret: &Secret, id: &str, seconds: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret.key()).expect("HMAC takes a key of any length");
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

pub(super) async fn send(
    url: &str,
    ca_pem: Option<&str>,
    secret: Option<&Secret>,
    notice: &Notice,
    sender: &Sender,
) -> Result<String, SendError> {
    // The time limit is kept by who calls this. A redirect would lead to where nobody has said that anything may go.
    let connector = awc::Connector::new().timeout(2 * NOTIFY_SEND_MAX).limit(1);
    let connector = if url.starts_with("https:") {
        connector.rustls_0_23(trust::client(ca_pem).await?)
    } else {
        connector
    };
    let client = awc::Client::builder().connector(connector).disable_redirects().disable_timeout().finish();
    let address = url.replace(SECRET_PLACE, secret.map(Secret::expose).unwrap_or_default());
    let body = notice.json(sender);
    let seconds = notice.at.millis() / 1000;
    let mut request = client
        .post(address)
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((USER_AGENT, concat!("forebay/", env!("CARGO_PKG_VERSION"))))
        .insert_header(("webhook-id", notice.id.as_str()))
        .insert_header(("webhook-timestamp", seconds.to_string()));
    if let Some(secret) = secret {
        request = request.insert_header(("webhook-signature", signature(secret, &notice.id, seconds, &body)));
    }
    let mut answer = request.send_body(body).await.map_err(|error| SendError::Connection(chain(&error)))?;
    let status = answer.status();
    // What cannot be read is not told.
    let text = answer.body().limit(NOTIFY_ANSWER_BYTES_MAX).await.unwrap_or_default();
    let said = format!("{status} {}", String::from_utf8_lossy(&text)).trim_end().to_owned();
    if status.is_success() { Ok(said) } else { Err(SendError::Refused(said)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let secret = Secret::stored("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into());
        let signed =
            signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
