//! Backup, restore, and starting over. Each asks whoever has signed in for the password again: a page that was left open must
//! neither take the keys away nor wipe the box.

use super::guard::{Asked, Caller};
use super::problem::{self, ApiError, Kind, stopping};
use super::turns::Work;
use super::upload::{Target, receive};
use super::{ApiState, BOX_NAME, audit};
use crate::backup::stage::{self, Note, Reset};
use crate::backup::{self, BackupError, Label};
use crate::limits::{BACKUP_BYTES_MAX, UPLOAD_BLOCK_BYTES};
use actix_web::body::SizedStream;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::{Bytes, Data, Json, Payload};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream;
use media::date::Utc;
use media::time::Ticks;
use std::fs::File;
use std::io::{self, Read, Seek};
use wire::{
    BackupContents, Confirmation, FactoryReset, NewBackupFile, OpenBackup, Restarting, Restore, UploadedFile,
};

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = |path, methods| web::resource(path).default_service(problem::only(methods));
    config
        .service(resource("/backup", "POST").route(web::post().to(make)))
        .service(resource("/restore/file", "PUT").route(web::put().to(bring)))
        .service(resource("/restore/contents", "POST").route(web::post().to(contents)))
        .service(resource("/restore/undo", "POST").route(web::post().to(undo)))
        .service(resource("/restore", "POST").route(web::post().to(restore)))
        .service(resource("/factory-reset", "POST").route(web::post().to(reset)));
}

/// Has whoever has signed in prove it again. The console is the box itself, and so is this machine before the claim.
pub(super) async fn prove(state: &ApiState, asked: &Asked, password: Option<&str>) -> Result<(), ApiError> {
    match &asked.caller {
        Caller::Console | Caller::Local => Ok(()),
        Caller::User(session) => {
            asked.secure()?;
            let missing = || ApiError::new(Kind::Invalid, "give your password once more").at("/password");
            let password = password.ok_or_else(missing)?;
            Ok(state.accounts.prove(&session.user.name, password, asked.address).await?)
        }
        Caller::Token(_) | Caller::Nobody => {
            Err(ApiError::new(Kind::Forbidden, "this is for whoever has signed in"))
        }
    }
}

fn may_restart(state: &ApiState) -> Result<(), ApiError> {
    state.store.thawed()?;
    state.restart.possible().map_err(|why| ApiError::new(Kind::Conflict, why))
}

impl From<BackupError> for ApiError {
    fn from(error: BackupError) -> Self {
        let told = error.to_string();
        match error {
            BackupError::Weak | BackupError::Passphrase => Self::new(Kind::Invalid, told).at("/passphrase"),
            BackupError::NoFile | BackupError::NoBefore => Self::new(Kind::Conflict, told),
            BackupError::Store(error) => error.into(),
            BackupError::Disk(error) => super::upload::unwritten(error),
            BackupError::NotOurs(_)
            | BackupError::Broken
            | BackupError::Newer(_)
            | BackupError::State(_)
            | BackupError::TooLarge => Self::new(Kind::Invalid, told),
        }
    }
}

async fn make(
    state: Data<ApiState>,
    asked: Asked,
    Json(wanted): Json<NewBackupFile>,
) -> Result<HttpResponse, ApiError> {
    backup::check_passphrase(&wanted.passphrase)?;
    state.store.thawed()?;
    prove(&state, &asked, wanted.password.as_deref()).await?;
    let _turn = state.turns.take(Work::Backup)?;
    let name = state.store.setting(BOX_NAME).await?.and_then(|name| name.as_str().map(str::to_owned));
    let made_at = state.house.now();
    let label = Label { box_name: name, made_at_ms: made_at.millis() };
    let file = backup::make(&state.store, state.board.history(), label, wanted.passphrase).await?;
    tracing::info!(by = audit::who(&asked.caller), "a backup was made");
    answer(file, &format!("forebay-{}.age", stamp(made_at)))
}

/// `20261126T220900Z`.
pub(super) fn stamp(at: Ticks) -> String {
    let text = Utc(at).to_string();
    text.split('.').next().unwrap_or_default().replace(['-', ':'], "") + "Z"
}

/// A file, piece by piece.
pub(super) fn answer(mut file: File, name: &str) -> Result<HttpResponse, ApiError> {
    let length = file.metadata().and_then(|it| file.rewind().map(|()| it.len()));
    let length = length.map_err(super::upload::unwritten)?;
    let pieces = stream::unfold(Some(file), |file| async {
        let mut file = file?;
        let read = move || {
            let mut piece = Vec::new();
            let done = Read::by_ref(&mut file).take(UPLOAD_BLOCK_BYTES as u64).read_to_end(&mut piece);
            done.map(|_| (Bytes::from(piece), file))
        };
        match web::block(read).await {
            Ok(Ok((piece, _))) if piece.is_empty() => None,
            Ok(Ok((piece, file))) => Some((Ok(piece), Some(file))),
            Ok(Err(error)) => Some((Err(error), None)),
            Err(error) => Some((Err(io::Error::other(error)), None)),
        }
    });
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")));
    Ok(response.content_type("application/octet-stream").body(SizedStream::new(length, pieces)))
}

async fn bring(
    request: HttpRequest,
    state: Data<ApiState>,
    body: Payload,
) -> Result<Json<UploadedFile>, ApiError> {
    may_restart(&state)?;
    let _turn = state.turns.take(Work::Bring)?;
    let path = backup::upload_path(state.store.folder()).map_err(super::upload::unwritten)?;
    let target = Target { part: path.with_extension("part"), path, most: BACKUP_BYTES_MAX, came: &|_| () };
    Ok(Json(receive(&request, body, target).await?))
}

async fn contents(
    state: Data<ApiState>,
    Json(wanted): Json<OpenBackup>,
) -> Result<Json<BackupContents>, ApiError> {
    let _turn = state.turns.take(Work::Look)?;
    let (folder, now) = (state.store.folder().to_owned(), state.house.now());
    let seen = web::block(move || stage::look(&folder, &wanted.passphrase, now)).await;
    Ok(Json(seen.map_err(|_| stopping())??))
}

fn note(asked: &Asked, call: &str, what: String) -> Note {
    let address = asked.address.map(|address| address.to_string()).unwrap_or_default();
    Note { who: audit::who(&asked.caller), address, call: call.into(), what }
}

async fn restore(
    state: Data<ApiState>,
    asked: Asked,
    Json(wanted): Json<Restore>,
) -> Result<HttpResponse, ApiError> {
    may_restart(&state)?;
    prove(&state, &asked, wanted.password.as_deref()).await?;
    let _turn = state.turns.take(Work::FreshStart)?;
    let (folder, now) = (state.store.folder().to_owned(), state.house.now());
    let by = asked.clone();
    let work = move || {
        stage::stage(&folder, &wanted.passphrase, now, |contents| note(&by, "POST /restore", told(contents)))
    };
    let contents = web::block(work).await.map_err(|_| stopping())??;
    tracing::warn!(by = audit::who(&asked.caller), "a backup is restored: the box starts anew");
    Ok(restarting(&state, format!("the box is {}", told(&contents))))
}

/// Which state it is.
fn told(contents: &BackupContents) -> String {
    let made_at = Utc(Ticks::from_millis(contents.made_at_ms)).to_string();
    let of = contents.box_name.as_deref().unwrap_or("a box without a name");
    format!("as {of} was at {made_at}, by a backup of Forebay {}", contents.version)
}

async fn undo(
    state: Data<ApiState>,
    asked: Asked,
    Json(wanted): Json<Confirmation>,
) -> Result<HttpResponse, ApiError> {
    may_restart(&state)?;
    prove(&state, &asked, wanted.password.as_deref()).await?;
    let _turn = state.turns.take(Work::FreshStart)?;
    let folder = state.store.folder().to_owned();
    let note = note(&asked, "POST /restore/undo", "as it was before the last restore".into());
    web::block(move || stage::stage_before(&folder, &note)).await.map_err(|_| stopping())??;
    tracing::warn!(by = audit::who(&asked.caller), "a restore is taken back: the box starts anew");
    Ok(restarting(&state, "the box is as it was before the last restore".into()))
}

async fn reset(
    state: Data<ApiState>,
    asked: Asked,
    Json(wanted): Json<FactoryReset>,
) -> Result<HttpResponse, ApiError> {
    may_restart(&state)?;
    prove(&state, &asked, wanted.password.as_deref()).await?;
    let _turn = state.turns.take(Work::FreshStart)?;
    if wanted.whole_machine {
        let update = state.update.clone();
        let asked_for = web::block(move || update.ask(wire::UpdateStep::FactoryReset)).await;
        asked_for.map_err(|_| stopping())?.map_err(|error| ApiError::from(error).at("/whole_machine"))?;
        tracing::warn!(by = audit::who(&asked.caller), "everything is forgotten: the machine starts anew");
        let then =
            "the machine starts anew, is as it was installed, and shows a new code by which it is claimed";
        return Ok(HttpResponse::Accepted().json(Restarting { then: then.into() }));
    }
    let (folder, reset) = (state.store.folder().to_owned(), Reset { recordings: wanted.recordings });
    let staged = web::block(move || stage::stage_reset(&folder, reset)).await.map_err(|_| stopping())?;
    staged.map_err(super::upload::unwritten)?;
    tracing::warn!(by = audit::who(&asked.caller), "everything is forgotten: the box starts anew");
    Ok(restarting(&state, "the box is as new, and shows a new code by which it is claimed".into()))
}

fn restarting(state: &ApiState, then: String) -> HttpResponse {
    state.restart.ask();
    HttpResponse::Accepted().json(Restarting { then })
}
