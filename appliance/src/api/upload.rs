//! A file on its way to the disk: bounded, off the threads that serve, and whole or not at all.

use super::problem::{ApiError, Kind, stopping};
use crate::dvr::archive::room;
use crate::limits::{UPLOAD_BLOCK_BYTES, UPLOAD_STALL_MAX};
use crate::store::StoreError;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::Payload;
use actix_web::{HttpRequest, web};
use data_encoding::HEXLOWER;
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use tokio::time::timeout;
use wire::UploadedFile;

/// Where a file goes.
pub(super) struct Target<'a> {
    /// Its path once it is whole.
    pub(super) path: PathBuf,
    /// While it is not.
    pub(super) part: PathBuf,
    /// So many bytes at most.
    pub(super) most: u64,
    /// Is told how much has come.
    pub(super) came: &'a (dyn Fn(u64) + Sync),
}

/// Takes the body of a request as a file.
pub(super) async fn receive(
    request: &HttpRequest,
    body: Payload,
    target: Target<'_>,
) -> Result<UploadedFile, ApiError> {
    let announced = length(request)?;
    if announced > target.most {
        return Err(too_large(target.most));
    }
    let folder = target.path.parent().unwrap_or(Path::new(".")).to_owned();
    if room(&folder).map_err(unwritten)? < announced {
        let told =
            format!("the disk has no room for {announced} bytes; free some, or shorten what is recorded");
        return Err(ApiError::new(Kind::DiskFull, told));
    }
    let done = write(body, &target, announced).await;
    let (path, part) = (target.path.clone(), target.part.clone());
    let finished = web::block(move || match done {
        Ok(uploaded) => fs::rename(&part, &path)
            .and_then(|()| File::open(&folder)?.sync_all())
            .map_err(unwritten)
            .map(|()| uploaded),
        Err(error) => {
            // Should it stay, the next upload takes its place.
            let _stays = fs::remove_file(&part);
            Err(error)
        }
    });
    finished.await.map_err(|_| stopping())?
}

pub(super) fn length(request: &HttpRequest) -> Result<u64, ApiError> {
    let told = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    told.ok_or_else(|| ApiError::new(Kind::BadBody, "say how long the file is, by `Content-Length`"))
}

async fn write(mut body: Payload, target: &Target<'_>, announced: u64) -> Result<UploadedFile, ApiError> {
    let part = target.part.clone();
    let made =
        web::block(move || OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(part));
    let file = made.await.map_err(|_| stopping())?.map_err(unwritten)?;
    let (mut sink, mut block, mut came) = ((file, Sha256::new()), Vec::new(), 0_u64);
    loop {
        let next = timeout(UPLOAD_STALL_MAX, body.next()).await;
        let next = next.map_err(|_| broken("nothing came for half a minute"))?;
        let Some(bytes) = next else { break };
        let bytes = bytes.map_err(|error| broken(&error.to_string()))?;
        came += bytes.len() as u64;
        if came > target.most {
            return Err(too_large(target.most));
        }
        block.extend_from_slice(&bytes);
        if block.len() >= UPLOAD_BLOCK_BYTES {
            sink = put(sink, std::mem::take(&mut block)).await?;
            (target.came)(came);
        }
    }
    if came != announced {
        return Err(broken(&format!("{came} of {announced} bytes came")));
    }
    let (file, digest) = put(sink, block).await?;
    web::block(move || file.sync_all()).await.map_err(|_| stopping())?.map_err(unwritten)?;
    Ok(UploadedFile { bytes: came, sha256: HEXLOWER.encode(&digest.finalize()) })
}

async fn put((mut file, mut digest): (File, Sha256), block: Vec<u8>) -> Result<(File, Sha256), ApiError> {
    let work = move || {
        digest.update(&block);
        file.write_all(&block).map(|()| (file, digest))
    };
    web::block(work).await.map_err(|_| stopping())?.map_err(unwritten)
}

fn too_large(most: u64) -> ApiError {
    ApiError::new(Kind::TooLarge, format!("the file may have {most} bytes at most"))
}

fn broken(why: &str) -> ApiError {
    ApiError::new(Kind::BadBody, format!("the file did not arrive whole: {why}"))
}

pub(super) fn unwritten(error: io::Error) -> ApiError {
    StoreError::from(error).into()
}
