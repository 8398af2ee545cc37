//! The file: a tar, compressed, and encrypted with a passphrase as age has it (scrypt, ChaCha20-Poly1305;
//! <https://age-encryption.org/v1>), so that it can be opened without a Forebay too. First in it is what is in it.

use super::{BackupError, FORMAT, PRODUCT, files};
use crate::limits::{
    BACKUP_CONTENTS_BYTES_MAX, BACKUP_UNPACKED_BYTES_MAX, BACKUP_WORK_LOG2, BACKUP_WORK_LOG2_MAX,
};
use crate::store::state::{self, SCHEMA};
use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, EncryptError, Encryptor, scrypt};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use wire::BackupContents;

/// Tests open many files.
const WORK_LOG2: u8 = if cfg!(test) { 10 } else { BACKUP_WORK_LOG2 };

const CONTENTS: &str = "contents.json";

/// What every age file begins with.
const MAGIC: &[u8] = b"age-encryption.org/";

/// Writes what is in a folder.
pub(super) fn seal(
    folder: &Path,
    contents: &BackupContents,
    passphrase: &str,
    to: &File,
) -> Result<(), BackupError> {
    let mut recipient = scrypt::Recipient::new(SecretString::from(passphrase.to_owned()));
    recipient.set_work_factor(WORK_LOG2);
    let encryptor = Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient));
    let sealed = encryptor.map_err(|error| encrypting(&error))?.wrap_output(BufWriter::new(to))?;
    let mut tar = tar::Builder::new(GzEncoder::new(sealed, Compression::default()));
    let told = serde_json::to_vec_pretty(contents).map_err(io::Error::other)?;
    append(&mut tar, CONTENTS, told.len() as u64, contents.made_at_ms, told.as_slice())?;
    for name in files() {
        let path = folder.join(name);
        if path.is_file() {
            let file = File::open(path)?;
            let length = file.metadata()?.len();
            append(&mut tar, name, length, contents.made_at_ms, file)?;
        }
    }
    let mut written = tar.into_inner()?.finish()?.finish()?;
    written.flush()?;
    Ok(to.sync_all()?)
}

fn append(
    tar: &mut tar::Builder<impl Write>,
    name: &str,
    length: u64,
    made_at_ms: i64,
    content: impl Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(length);
    header.set_mode(0o600);
    header.set_mtime(u64::try_from(made_at_ms / 1000).unwrap_or_default());
    tar.append_data(&mut header, name, content)
}

fn encrypting(error: &EncryptError) -> io::Error {
    io::Error::other(error.to_string())
}

/// Writes what is in a file to a folder, and says what that is. The file is read to its end, so that what is cut off there is found.
pub(super) fn unseal(mut from: File, passphrase: &str, to: &Path) -> Result<BackupContents, BackupError> {
    check_magic(&mut from)?;
    let decryptor = Decryptor::new_buffered(BufReader::new(from)).map_err(|error| opening(&error))?;
    if !decryptor.is_scrypt() {
        return Err(BackupError::NotOurs("it is encrypted for a key, not with a passphrase"));
    }
    let mut identity = scrypt::Identity::new(SecretString::from(passphrase.to_owned()));
    identity.set_max_work_factor(BACKUP_WORK_LOG2_MAX);
    let plain = decryptor
        .decrypt(std::iter::once(&identity as &dyn age::Identity))
        .map_err(|error| opening(&error))?;
    let mut archive = tar::Archive::new(GzDecoder::new(plain));
    let contents = unpack(&mut archive, to)?;
    let mut rest = archive.into_inner();
    drain(&mut rest)?;
    drain(rest.get_mut())?;
    Ok(contents)
}

fn check_magic(from: &mut File) -> Result<(), BackupError> {
    let mut begin = Vec::new();
    Read::by_ref(from).take(MAGIC.len() as u64).read_to_end(&mut begin)?;
    from.seek(SeekFrom::Start(0))?;
    match begin.as_slice() {
        MAGIC => Ok(()),
        short if MAGIC.starts_with(short) => Err(BackupError::Broken),
        _ => Err(BackupError::NotOurs("it is another kind of file")),
    }
}

fn opening(error: &DecryptError) -> BackupError {
    match error {
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => BackupError::Passphrase,
        DecryptError::ExcessiveWork { .. } => {
            BackupError::NotOurs("it asks for more work than a backup does to be opened")
        }
        DecryptError::UnknownFormat => BackupError::NotOurs("it is another kind of file"),
        _ => BackupError::Broken,
    }
}

fn unpack(archive: &mut tar::Archive<impl Read>, to: &Path) -> Result<BackupContents, BackupError> {
    let mut entries = archive.entries().map_err(|_| BackupError::Broken)?;
    let first = entries.next().ok_or(BackupError::NotOurs("there is nothing in it"))?;
    let contents = contents(first.map_err(|error| match error.kind() {
        // No gzip, so nothing of ours: what is cut off has another kind.
        io::ErrorKind::InvalidInput => BackupError::NotOurs("what is in it is something else"),
        _ => BackupError::Broken,
    })?)?;
    let mut left = BACKUP_UNPACKED_BYTES_MAX;
    let mut seen = BTreeSet::new();
    for entry in entries {
        let mut entry = entry.map_err(|_| BackupError::Broken)?;
        let path = entry.path().map_err(|_| BackupError::Broken)?.into_owned();
        let name = files().find(|name| path == Path::new(name));
        let name = name.ok_or(BackupError::NotOurs("there is a file in it that no backup has"))?;
        if !seen.insert(name) {
            return Err(BackupError::NotOurs("there is a file in it twice"));
        }
        let path = to.join(name);
        path.parent().map_or(Ok(()), state::private_folder)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        left = left.checked_sub(copy(&mut entry, &mut file, left)?).ok_or(BackupError::TooLarge)?;
        file.sync_all()?;
    }
    let needed = files().take(2).chain(contents.authority_sha256.is_some().then_some("tls/ca.pem"));
    if needed.into_iter().all(|name| seen.contains(name)) { Ok(contents) } else { Err(BackupError::Broken) }
}

/// What is first in it.
fn contents(entry: tar::Entry<'_, impl Read>) -> Result<BackupContents, BackupError> {
    let is_ours = entry.path().is_ok_and(|path| path == Path::new(CONTENTS));
    let mut told = Vec::new();
    entry.take(BACKUP_CONTENTS_BYTES_MAX).read_to_end(&mut told).map_err(|_| BackupError::Broken)?;
    // Of a later form nothing is known but this.
    #[derive(serde::Deserialize)]
    struct Head {
        product: String,
        format: u32,
        version: String,
        schema: u32,
    }
    let head: Option<Head> = serde_json::from_slice(&told).ok();
    let head = head.filter(|head| is_ours && head.product == PRODUCT);
    let head = head.ok_or(BackupError::NotOurs("what is in it is something else"))?;
    if head.format > FORMAT || head.schema > SCHEMA {
        return Err(BackupError::Newer(head.version));
    }
    serde_json::from_slice(&told).map_err(|_| BackupError::Broken)
}

/// Copies at most so many bytes; says how many there were. What cannot be read is the file's fault, what cannot be written the disk's.
fn copy(from: &mut impl Read, to: &mut File, most: u64) -> Result<u64, BackupError> {
    let mut block = vec![0; 64 << 10];
    let mut copied = 0;
    loop {
        let length = from.read(&mut block).map_err(|_| BackupError::Broken)?;
        if length == 0 {
            return Ok(copied);
        }
        copied += length as u64;
        if copied > most {
            return Err(BackupError::TooLarge);
        }
        to.write_all(&block[..length])?;
    }
}

/// What follows is read, so that it is checked.
fn drain(from: &mut impl Read) -> Result<(), BackupError> {
    io::copy(from, &mut io::sink()).map(drop).map_err(|_| BackupError::Broken)
}
