//! E-mail, by SMTP.

use super::deliver::{SendError, chain};
use super::destination::Secret;
use super::notice::{Notice, Sender};
use super::trust;
use crate::limits::NOTIFY_SEND_MAX;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use wire::{MailSecurity, Via};

fn letter(from: &str, to: &[String], notice: &Notice, sender: &Sender) -> Result<Message, SendError> {
    let unfit = |error: &dyn std::error::Error| SendError::Setting(chain(error));
    let mailbox = |text: &str| text.parse::<Mailbox>().map_err(|error| unfit(&error));
    let at = std::time::UNIX_EPOCH + std::time::Duration::from_millis(notice.at.millis().unsigned_abs());
    let mut message = Message::builder()
        .from(mailbox(from)?)
        .subject(notice.subject(sender))
        .date(at)
        .message_id(Some(format!("<{}@{}>", notice.id, sender.host)))
        .header(ContentType::TEXT_PLAIN);
    for to in to {
        message = message.to(mailbox(to)?);
    }
    message.body(notice.mail(sender)).map_err(|error| unfit(&error))
}

/// Reads the system's certificates where none are given, which takes a while.
fn trusted(host: String, ca_pem: Option<String>) -> Result<TlsParameters, SendError> {
    let unfit = |error: lettre::transport::smtp::Error| SendError::Setting(chain(&error));
    let mut parameters = TlsParameters::builder(host);
    if let Some(pem) = ca_pem {
        parameters = parameters.certificate_store(CertificateStore::None);
        for certificate in trust::certificates(&pem)? {
            parameters =
                parameters.add_root_certificate(Certificate::from_der(certificate.to_vec()).map_err(unfit)?);
        }
    }
    parameters.build_rustls().map_err(unfit)
}

pub(super) async fn send(
    via: &Via,
    secret: Option<&Secret>,
    notice: &Notice,
    sender: &Sender,
) -> Result<String, SendError> {
    let Via::Email { host, port, security, from, to, user, ca_pem } = via.clone() else {
        return Err(SendError::Setting("this is no mail account".into()));
    };
    let letter = letter(&from, &to, notice, sender)?;
    let tls = match security {
        MailSecurity::Plain => Tls::None,
        _ => {
            let name = host.clone();
            let made = tokio::task::spawn_blocking(move || trusted(name, ca_pem)).await;
            let parameters = made.map_err(|_| SendError::Setting("the box is stopping".into()))??;
            if security == MailSecurity::Tls { Tls::Wrapper(parameters) } else { Tls::Required(parameters) }
        }
    };
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(port)
        .tls(tls)
        .timeout(Some(2 * NOTIFY_SEND_MAX))
        .hello_name(ClientId::Domain(sender.host.clone()));
    if let (Some(user), Some(secret)) = (user, secret) {
        transport = transport.credentials(Credentials::new(user, secret.expose().to_owned()));
    }
    let answer = transport.build().send(letter).await.map_err(|error| match error.status() {
        Some(_) => SendError::Refused(chain(&error)),
        None => SendError::Connection(chain(&error)),
    })?;
    let lines: Vec<&str> = answer.message().collect();
    Ok(format!("{} {}", answer.code(), lines.join(" ")))
}
