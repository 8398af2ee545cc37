//! The calls of `/api/v1` which the page makes, and what it says when one fails.

use crate::text;
use gloo_net::http::{Request, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use wire::{
    Account, ApiToken, Audience, AuditEntry, Backup, BackupContents, BoxStatus, Channel, ChannelList,
    Chapter, Confirmation, Drill, Event, FactoryReset, Failover, Grants, MadeApiToken, NewApiToken,
    NewBackup, NewBackupFile, NewCertificate, NewChannel, NewClaim, NewDrill, NewLadder, NewPassword,
    NewSession, NewToken, NewTotp, NewUser, OpenBackup, Playback, PlayerSession, Problem, RecoveryCodes,
    Restarting, Restore, Rung, SessionState, Slate, Source, StreamKey, Timeline, TlsStatus, Token, TotpCode,
    TotpState, Trend, UpdateStatus, UploadedFile, User,
};

/// Where the API lives.
const BASE: &str = "/api/v1";

/// After this the box counts as out of reach. Every call is answered from memory, or by one small transaction.
const ANSWER_MS_MAX: u32 = 6_000;

/// The same for a picture, which has to be sent and made ready first.
const UPLOAD_MS_MAX: u32 = 60_000;

/// The same for an update: half a gigabyte over a slow link.
const UPDATE_MS_MAX: u32 = 60 * 60_000;

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No answer in time, or none at all.
    Unreachable,
    /// The box said no, and why.
    Refused(Problem),
    /// An answer that is none of ours.
    Unreadable,
}

impl Fault {
    /// What is wrong, in a few words.
    pub(crate) fn title(&self) -> &str {
        match self {
            Self::Unreachable => text::BOX_UNREACHABLE,
            Self::Refused(problem) => &problem.title,
            Self::Unreadable => text::ANSWER_UNREADABLE,
        }
    }

    /// What is wrong in this case, and what to do.
    pub(crate) fn detail(&self) -> &str {
        match self {
            Self::Unreachable => text::BOX_UNREACHABLE_HINT,
            Self::Refused(problem) => &problem.detail,
            Self::Unreadable => text::ANSWER_UNREADABLE_HINT,
        }
    }

    /// Whether it is about this member of the body, given as a JSON pointer.
    pub(crate) fn is_about(&self, field: &str) -> bool {
        matches!(self, Self::Refused(problem) if problem.field.as_deref() == Some(field))
    }
}

/// Address of the stream of events.
pub(crate) fn events_url() -> String {
    format!("{BASE}/events")
}

/// How we stand to the box.
pub(crate) async fn session() -> Result<SessionState, Fault> {
    json(&answer(Request::get(&format!("{BASE}/session"))).await?).await
}

/// Makes the first administrator; the browser keeps the cookie.
pub(crate) async fn claim(claim: &NewClaim) -> Result<User, Fault> {
    let request =
        timed(Request::post(&format!("{BASE}/claim"))).json(claim).map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// Signs somebody in; the browser keeps the cookie.
pub(crate) async fn sign_in(who: &NewSession) -> Result<User, Fault> {
    let request =
        timed(Request::post(&format!("{BASE}/session"))).json(who).map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// Who may sign in.
pub(crate) async fn users() -> Result<Vec<Account>, Fault> {
    json(&answer(Request::get(&format!("{BASE}/users"))).await?).await
}

/// Says which channels exist for somebody.
pub(crate) async fn set_grants(name: &str, grants: &Grants) -> Result<Grants, Fault> {
    let url = format!("{BASE}/users/{}/channels", js_sys::encode_uri_component(name));
    let request = timed(Request::put(&url)).json(grants).map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// Lets somebody sign in.
pub(crate) async fn add_user(new: &NewUser) -> Result<User, Fault> {
    let request = timed(Request::post(&format!("{BASE}/users"))).json(new).map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// Lets somebody sign in no more.
pub(crate) async fn remove_user(name: &str) -> Result<Option<i64>, Fault> {
    removed(Request::delete(&format!("{BASE}/users/{}", js_sys::encode_uri_component(name)))).await
}

/// Gives somebody another password.
pub(crate) async fn set_password(name: &str, password: &NewPassword) -> Result<(), Fault> {
    let url = format!("{BASE}/users/{}/password", js_sys::encode_uri_component(name));
    let request = timed(Request::put(&url)).json(password).map_err(|_| Fault::Unreadable)?;
    checked(request.send().await).await.map(drop)
}

fn totp_url(name: &str, rest: &str) -> String {
    format!("{BASE}/users/{}/totp{rest}", js_sys::encode_uri_component(name))
}

/// How the second step of signing in stands for somebody.
pub(crate) async fn totp(name: &str) -> Result<TotpState, Fault> {
    json(&answer(Request::get(&totp_url(name, ""))).await?).await
}

/// What one's authenticator app is to be told; in this answer alone.
pub(crate) async fn offer_totp(name: &str, by: &Confirmation) -> Result<NewTotp, Fault> {
    let request = timed(Request::post(&totp_url(name, ""))).json(by).map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// Recovery codes in the place of those so far; in this answer alone.
pub(crate) async fn renew_recovery(name: &str, by: &Confirmation) -> Result<RecoveryCodes, Fault> {
    let request = timed(Request::post(&totp_url(name, "/recovery-codes")));
    let request = request.json(by).map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// Has signing in take a code from now on.
pub(crate) async fn confirm_totp(name: &str, code: &TotpCode) -> Result<RecoveryCodes, Fault> {
    let request =
        timed(Request::post(&totp_url(name, "/confirm"))).json(code).map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// Has signing in take no code any more.
pub(crate) async fn remove_totp(name: &str, by: &Confirmation) -> Result<(), Fault> {
    let request = timed(Request::post(&totp_url(name, "/remove"))).json(by).map_err(|_| Fault::Unreadable)?;
    checked(request.send().await).await.map(drop)
}

/// Tokens for scripts.
pub(crate) async fn tokens() -> Result<Vec<ApiToken>, Fault> {
    json(&answer(Request::get(&format!("{BASE}/tokens"))).await?).await
}

/// Makes one; its secret is in the answer alone.
pub(crate) async fn add_token(new: &NewApiToken) -> Result<MadeApiToken, Fault> {
    let request = timed(Request::post(&format!("{BASE}/tokens"))).json(new).map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// Makes one void.
pub(crate) async fn remove_token(id: i64) -> Result<Option<i64>, Fault> {
    removed(Request::delete(&format!("{BASE}/tokens/{id}"))).await
}

/// Signs out.
pub(crate) async fn sign_out() -> Result<(), Fault> {
    answer(Request::delete(&format!("{BASE}/session"))).await.map(drop)
}

/// All channels.
pub(crate) async fn channels() -> Result<ChannelList, Fault> {
    json(&answer(Request::get(&format!("{BASE}/channels"))).await?).await
}

/// The box as a whole.
pub(crate) async fn box_status() -> Result<BoxStatus, Fault> {
    json(&answer(Request::get(&format!("{BASE}/box"))).await?).await
}

/// Makes a channel.
pub(crate) async fn create(new: &NewChannel) -> Result<Channel, Fault> {
    let request =
        timed(Request::post(&format!("{BASE}/channels"))).json(new).map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// Switches a channel on.
pub(crate) async fn start(slug: &str) -> Result<Channel, Fault> {
    json(&answer(Request::post(&channel_url(slug, "/start"))).await?).await
}

/// Switches a channel off.
pub(crate) async fn stop(slug: &str) -> Result<Channel, Fault> {
    json(&answer(Request::post(&channel_url(slug, "/stop"))).await?).await
}

/// Removes a channel.
pub(crate) async fn remove(slug: &str) -> Result<Option<i64>, Fault> {
    removed(Request::delete(&channel_url(slug, ""))).await
}

/// Says what a channel shows without a source.
pub(crate) async fn set_slate(slug: &str, slate: &Slate) -> Result<Slate, Fault> {
    let request =
        timed(Request::put(&channel_url(slug, "/slate"))).json(slate).map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// Has a channel show a picture without a source.
pub(crate) async fn set_slate_picture(slug: &str, picture: &web_sys::File) -> Result<Channel, Fault> {
    let kind = Some(picture.type_()).filter(|kind| !kind.is_empty()).unwrap_or_else(|| "image/*".into());
    let request = timed_within(Request::put(&channel_url(slug, "/slate/picture")), UPLOAD_MS_MAX)
        .header("content-type", &kind)
        .body(picture.clone())
        .map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// Has it show text again.
pub(crate) async fn remove_slate_picture(slug: &str) -> Result<(), Fault> {
    answer(Request::delete(&channel_url(slug, "/slate/picture"))).await.map(drop)
}

/// Asks for a channel's secret.
pub(crate) async fn stream_key(slug: &str) -> Result<StreamKey, Fault> {
    json(&answer(Request::get(&channel_url(slug, "/key"))).await?).await
}

/// Gives a channel one more back-up source.
pub(crate) async fn add_backup(slug: &str, source: Source) -> Result<Backup, Fault> {
    let request = timed(Request::post(&channel_url(slug, "/backups")))
        .json(&NewBackup { source })
        .map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// Takes a back-up source away.
pub(crate) async fn remove_source(slug: &str, number: u8) -> Result<Option<i64>, Fault> {
    removed(Request::delete(&channel_url(slug, &format!("/sources/{number}")))).await
}

/// Asks for a source's secret.
pub(crate) async fn source_key(slug: &str, number: u8) -> Result<StreamKey, Fault> {
    json(&answer(Request::get(&channel_url(slug, &format!("/sources/{number}/key")))).await?).await
}

/// Puts a source on air.
pub(crate) async fn take(slug: &str, number: u8) -> Result<(), Fault> {
    answer(Request::post(&channel_url(slug, &format!("/sources/{number}/take")))).await.map(drop)
}

/// Says when another source takes over.
pub(crate) async fn set_failover(slug: &str, rules: &Failover) -> Result<Failover, Fault> {
    let request =
        timed(Request::put(&channel_url(slug, "/failover"))).json(rules).map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// Who changed what, the newest first.
pub(crate) async fn audit() -> Result<Vec<AuditEntry>, Fault> {
    json(&answer(Request::get(&format!("{BASE}/audit"))).await?).await
}

/// What happened to a channel, the newest first.
pub(crate) async fn history(slug: &str) -> Result<Vec<Event>, Fault> {
    let channel = js_sys::encode_uri_component(slug);
    json(&answer(Request::get(&format!("{BASE}/history?limit=40&channel={channel}"))).await?).await
}

/// Says that somebody has seen an alarm; it stays.
pub(crate) async fn acknowledge(alarm: &str, channel: Option<String>) -> Result<(), Fault> {
    let url = format!("{BASE}/alarms/{}/acknowledge", js_sys::encode_uri_component(alarm));
    let request =
        timed(Request::post(&url)).json(&wire::OfChannel { channel }).map_err(|_| Fault::Unreadable)?;
    checked(request.send().await).await.map(drop)
}

/// Says that the operator has seen an alarm which tells of the past.
pub(crate) async fn dismiss(alarm: &str) -> Result<(), Fault> {
    answer(Request::delete(&format!("{BASE}/alarms/{}", js_sys::encode_uri_component(alarm)))).await.map(drop)
}

/// A test may take as long as the other side; the box gives up after eight seconds.
const TEST_MS_MAX: u32 = 12_000;

fn destination_url(name: &str, rest: &str) -> String {
    format!("{BASE}/notifications/{}{rest}", js_sys::encode_uri_component(name))
}

/// Where alarms are sent on to.
pub(crate) async fn destinations() -> Result<Vec<wire::Destination>, Fault> {
    json(&answer(Request::get(&format!("{BASE}/notifications"))).await?).await
}

/// Sends alarms to one more place.
pub(crate) async fn add_destination(new: &wire::NewDestination) -> Result<wire::SavedDestination, Fault> {
    let request =
        timed(Request::post(&format!("{BASE}/notifications"))).json(new).map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// Sends a test.
pub(crate) async fn test_destination(name: &str) -> Result<wire::TestResult, Fault> {
    let request = timed_within(Request::post(&destination_url(name, "/test")), TEST_MS_MAX);
    json(&checked(request.send().await).await?).await
}

/// Sends no more there.
pub(crate) async fn remove_destination(name: &str) -> Result<Option<i64>, Fault> {
    removed(Request::delete(&destination_url(name, ""))).await
}

/// What a file would change.
pub(crate) async fn compare_configuration(file: &web_sys::File) -> Result<wire::ConfigurationDiff, Fault> {
    let request = timed(Request::post(&format!("{BASE}/configuration/diff")))
        .header("content-type", "application/json")
        .body(file.clone())
        .map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// Makes everything as a file says, if it is still what it was compared with.
pub(crate) async fn apply_configuration(
    file: &web_sys::File,
    tag: &str,
) -> Result<wire::ConfigurationDiff, Fault> {
    let request = timed(Request::put(&format!("{BASE}/configuration")))
        .header("content-type", "application/json")
        .header("if-match", tag)
        .body(file.clone())
        .map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// What a new channel may be made of.
pub(crate) async fn templates() -> Result<Vec<wire::Template>, Fault> {
    json(&answer(Request::get(&format!("{BASE}/templates"))).await?).await
}

/// What happened on the whole box, the newest first.
pub(crate) async fn whole_history() -> Result<Vec<Event>, Fault> {
    json(&answer(Request::get(&format!("{BASE}/history?limit=100"))).await?).await
}

/// Who watches, in numbers.
pub(crate) async fn audience() -> Result<Audience, Fault> {
    json(&answer(Request::get(&format!("{BASE}/audience"))).await?).await
}

/// The players that tell of themselves.
pub(crate) async fn players() -> Result<Vec<PlayerSession>, Fault> {
    json(&answer(Request::get(&format!("{BASE}/audience/players"))).await?).await
}

/// How the machine is.
pub(crate) async fn health() -> Result<wire::BoxHealth, Fault> {
    json(&answer(Request::get(&format!("{BASE}/devices/health"))).await?).await
}

/// What figures of the machine were.
pub(crate) async fn health_history(
    metrics: &[String],
    span: wire::Span,
) -> Result<wire::HealthHistory, Fault> {
    let span = match span {
        wire::Span::Recent => "recent",
        wire::Span::Hour => "hour",
        wire::Span::Day => "day",
        wire::Span::Month => "month",
    };
    let metrics = js_sys::encode_uri_component(&metrics.join(","));
    json(&answer(Request::get(&format!("{BASE}/devices/history?metric={metrics}&span={span}"))).await?).await
}

/// The GPUs.
pub(crate) async fn devices() -> Result<wire::DeviceList, Fault> {
    json(&answer(Request::get(&format!("{BASE}/devices"))).await?).await
}

/// Uses a GPU again that had failed.
pub(crate) async fn trust_device(name: &str) -> Result<wire::DeviceList, Fault> {
    let name = js_sys::encode_uri_component(name);
    json(&answer(Request::post(&format!("{BASE}/devices/{name}/trust"))).await?).await
}

/// How a channel went lately.
pub(crate) async fn trend(slug: &str, span: &str) -> Result<Trend, Fault> {
    json(&answer(Request::get(&channel_url(slug, &format!("/trend?span={span}")))).await?).await
}

/// What happened to a channel and to its viewers.
pub(crate) async fn timeline(slug: &str, span: &str) -> Result<Timeline, Fault> {
    json(&answer(Request::get(&channel_url(slug, &format!("/timeline?span={span}")))).await?).await
}

/// Gives a channel another ladder.
pub(crate) async fn set_ladder(slug: &str, ladder: Vec<Rung>) -> Result<Channel, Fault> {
    let request = timed(Request::put(&channel_url(slug, "/ladder")))
        .json(&NewLadder { ladder })
        .map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// Gives a channel another name.
pub(crate) async fn rename(slug: &str, name: String) -> Result<Channel, Fault> {
    let request = timed(Request::patch(&channel_url(slug, "")))
        .json(&wire::ChannelEdit { name })
        .map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// Has a channel encoded by something else.
pub(crate) async fn set_encoder(slug: &str, encoder: String) -> Result<Channel, Fault> {
    let request = timed(Request::put(&channel_url(slug, "/encoder")))
        .json(&wire::NewEncoder { encoder })
        .map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// Who may watch.
pub(crate) async fn playback(slug: &str) -> Result<Playback, Fault> {
    json(&answer(Request::get(&channel_url(slug, "/playback"))).await?).await
}

/// Says who may watch.
pub(crate) async fn set_playback(slug: &str, rules: &Playback) -> Result<Playback, Fault> {
    let request =
        timed(Request::put(&channel_url(slug, "/playback"))).json(rules).map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// Makes an address for those who may watch a protected channel.
pub(crate) async fn token(slug: &str) -> Result<Token, Fault> {
    let request = timed(Request::post(&channel_url(slug, "/tokens")))
        .json(&NewToken::default())
        .map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// Has something go wrong.
pub(crate) async fn drill(slug: &str, new: &NewDrill) -> Result<Drill, Fault> {
    let request =
        timed(Request::post(&channel_url(slug, "/drill"))).json(new).map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// The certificate that HTTPS serves.
pub(crate) async fn tls() -> Result<TlsStatus, Fault> {
    json(&answer(Request::get(&format!("{BASE}/tls"))).await?).await
}

/// Has HTTPS serve another certificate.
pub(crate) async fn set_tls(new: &NewCertificate) -> Result<TlsStatus, Fault> {
    let request = timed(Request::put(&format!("{BASE}/tls"))).json(new).map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// Has HTTPS serve the box's own certificate again.
pub(crate) async fn reset_tls() -> Result<TlsStatus, Fault> {
    json(&answer(Request::delete(&format!("{BASE}/tls"))).await?).await
}

/// The chapters of the manual.
pub(crate) async fn manual() -> Result<Vec<Chapter>, Fault> {
    json(&answer(Request::get("/manual/chapters.json")).await?).await
}

/// A chapter as HTML of the box's own making.
pub(crate) async fn chapter(name: &str) -> Result<String, Fault> {
    let address = format!("/manual/{}.part", js_sys::encode_uri_component(name));
    answer(Request::get(&address)).await?.text().await.map_err(|_| Fault::Unreadable)
}

/// Removes something; by what it can be put back.
async fn removed(request: RequestBuilder) -> Result<Option<i64>, Fault> {
    let response = answer(request).await?;
    Ok(response.headers().get("forebay-undo").and_then(|id| id.parse().ok()))
}

/// Puts back what was removed.
pub(crate) async fn restore(id: i64) -> Result<(), Fault> {
    answer(Request::post(&format!("{BASE}/removed/{id}/restore"))).await.map(drop)
}

/// The whole state, encrypted: the file's name and its bytes.
pub(crate) async fn make_backup(new: &NewBackupFile) -> Result<(String, Vec<u8>), Fault> {
    let request = timed_within(Request::post(&format!("{BASE}/backup")), UPLOAD_MS_MAX);
    let response = checked(request.json(new).map_err(|_| Fault::Unreadable)?.send().await).await?;
    let told = response.headers().get("content-disposition").unwrap_or_default();
    let name = told.split('"').nth(1).unwrap_or("forebay.age").to_owned();
    Ok((name, response.binary().await.map_err(|_| Fault::Unreachable)?))
}

/// Brings a backup; nothing comes of it yet.
pub(crate) async fn bring_backup(file: &web_sys::File) -> Result<UploadedFile, Fault> {
    upload("/restore/file", file, UPLOAD_MS_MAX).await
}

/// What is in the one that was brought.
pub(crate) async fn backup_contents(open: &OpenBackup) -> Result<BackupContents, Fault> {
    patiently("/restore/contents", open).await
}

/// Has it take the place of everything.
pub(crate) async fn restore_backup(wanted: &Restore) -> Result<Restarting, Fault> {
    patiently("/restore", wanted).await
}

/// Goes back to what was before the last restore.
pub(crate) async fn undo_restore(wanted: &Confirmation) -> Result<Restarting, Fault> {
    patiently("/restore/undo", wanted).await
}

/// Has the box forget everything.
pub(crate) async fn factory_reset(wanted: &FactoryReset) -> Result<Restarting, Fault> {
    patiently("/factory-reset", wanted).await
}

/// How an update stands.
pub(crate) async fn update() -> Result<UpdateStatus, Fault> {
    json(&answer(Request::get(&format!("{BASE}/update"))).await?).await
}

/// Brings an update.
pub(crate) async fn bring_update(file: &web_sys::File) -> Result<UploadedFile, Fault> {
    upload("/update/bundle", file, UPDATE_MS_MAX).await
}

/// Has the box do the next step of an update.
pub(crate) async fn update_step(step: &str) -> Result<UpdateStatus, Fault> {
    json(&answer(Request::post(&format!("{BASE}/update/{step}"))).await?).await
}

async fn upload(path: &str, file: &web_sys::File, most_ms: u32) -> Result<UploadedFile, Fault> {
    let request = timed_within(Request::put(&format!("{BASE}{path}")), most_ms)
        .header("content-type", "application/octet-stream")
        .body(file.clone())
        .map_err(|_| Fault::Unreadable)?;
    json(&checked(request.send().await).await?).await
}

/// What takes the box some time.
async fn patiently<T: DeserializeOwned>(path: &str, body: &impl serde::Serialize) -> Result<T, Fault> {
    let request = timed_within(Request::post(&format!("{BASE}{path}")), UPLOAD_MS_MAX);
    json(&checked(request.json(body).map_err(|_| Fault::Unreadable)?.send().await).await?).await
}

fn channel_url(slug: &str, rest: &str) -> String {
    format!("{BASE}/channels/{}{rest}", js_sys::encode_uri_component(slug))
}

fn timed(request: RequestBuilder) -> RequestBuilder {
    timed_within(request, ANSWER_MS_MAX)
}

fn timed_within(request: RequestBuilder, most_ms: u32) -> RequestBuilder {
    request
        .header("accept", "application/json, application/problem+json")
        .abort_signal(Some(&web_sys::AbortSignal::timeout_with_u32(most_ms)))
}

async fn answer(request: RequestBuilder) -> Result<Response, Fault> {
    checked(timed(request).send().await).await
}

async fn checked(sent: Result<Response, gloo_net::Error>) -> Result<Response, Fault> {
    let response = sent.map_err(|_| Fault::Unreachable)?;
    match response.ok() {
        true => Ok(response),
        false => Err(response.json().await.map_or(Fault::Unreadable, Fault::Refused)),
    }
}

async fn json<T: DeserializeOwned>(response: &Response) -> Result<T, Fault> {
    response.json().await.map_err(|_| Fault::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_speaks_with_the_boxs_words_and_names_its_field() {
        let fault = Fault::Refused(Problem {
            title: "Name taken".into(),
            status: 409,
            detail: "Choose another.".into(),
            field: Some("/name".into()),
        });
        assert_eq!((fault.title(), fault.detail()), ("Name taken", "Choose another."));
        assert!(fault.is_about("/name") && !fault.is_about("/source"));
        assert!(!Fault::Unreachable.is_about("/name"));
    }
}
