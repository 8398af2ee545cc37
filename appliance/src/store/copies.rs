//! Copies of the database on the same disk, and what is done with them when it is damaged.
//!
//! ```text
//! copies/00000012-20261126T220900Z-v4.db    a whole database: made at start, after changes, before each migration
//! damaged/00000003-20261126T221500Z/        what could not be used, as it was found
//! ```
//!
//! Names begin with a number, not with the time: a box whose clock is wrong must not take an old copy for the newest.

use super::error::StoreError;
use super::open::{FILE_MODE, SCHEMA, make_folder, schema, verdict};
use crate::limits::{COPIES_DAYS, COPIES_NEWEST, COPIES_SCHEMAS, DAMAGED_KEPT, REHEARSAL_BYTES_MAX};
use media::date::Utc;
use media::time::Ticks;
use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(super) const COPIES: &str = "copies";
const DAMAGED: &str = "damaged";
/// A copy that is being made.
const PART: &str = "copy.part";

/// The settings that were found could not be used; those of a copy are used instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What was wrong.
    pub why: String,
    /// When the copy was made, such as `2026-11-26 22:09:00 UTC`.
    pub made_at: String,
    /// Where the damaged files are now.
    pub set_aside: PathBuf,
}

/// The name of a copy. Later ones are larger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    number: u32,
    made_at: String,
    schema: u32,
}

impl Name {
    fn parse(file: &str) -> Option<Self> {
        let mut fields = file.strip_suffix(".db")?.split('-');
        let (number, made_at, schema) = (fields.next()?, fields.next()?, fields.next()?.strip_prefix('v')?);
        let name =
            Self { number: number.parse().ok()?, made_at: made_at.into(), schema: schema.parse().ok()? };
        fields.next().is_none().then_some(name)
    }

    fn file(&self) -> String {
        format!("{:08}-{}-v{}.db", self.number, self.made_at, self.schema)
    }

    /// The time for people, where it is one.
    fn made_at(&self) -> String {
        let digits = self.made_at.replace(['T', 'Z'], "");
        match (0..7).map(|at| digits.get(at * 2..at * 2 + 2)).collect::<Option<Vec<_>>>().as_deref() {
            Some([century, year, month, day, hour, minute, second]) => {
                format!("{century}{year}-{month}-{day} {hour}:{minute}:{second} UTC")
            }
            _ => self.made_at.clone(),
        }
    }

    fn day(&self) -> &str {
        self.made_at.get(..8).unwrap_or_default()
    }
}

/// `20261126T220900Z`.
fn stamp(now: Ticks) -> String {
    let text = Utc(now).to_string();
    text.split('.').next().unwrap_or_default().replace(['-', ':'], "") + "Z"
}

/// Whether there is any copy.
pub(super) fn exist(data_dir: &Path) -> bool {
    !names(&data_dir.join(COPIES)).is_empty()
}

/// Makes a copy of the database as it is now, and takes older ones away of which there are enough.
pub(super) fn make(connection: &Connection, data_dir: &Path, now: Ticks) -> Result<(), StoreError> {
    let folder = data_dir.join(COPIES);
    make_folder(&folder)?;
    let part = folder.join(PART);
    remove_if_there(&part)?;
    let schema = write_part(connection, &part).inspect_err(|_| {
        // A disk that is full has no room for half a copy. Should it stay, the next copy takes it away.
        let _stays = fs::remove_file(&part);
    })?;
    let known = names(&folder);
    let number = known.last().map_or(1, |newest| newest.number.saturating_add(1));
    let name = Name { number, made_at: stamp(now), schema };
    fs::rename(&part, folder.join(name.file()))?;
    File::open(&folder)?.sync_all()?;
    let all: Vec<_> = known.into_iter().chain([name]).collect();
    for name in surplus(&all) {
        remove_if_there(&folder.join(name.file()))?;
    }
    Ok(())
}

/// The copy, on the disk and read back; says its schema.
fn write_part(connection: &Connection, part: &Path) -> Result<u32, StoreError> {
    // SQLite writes into a file that is there if it is empty; this one is for the daemon alone.
    OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(part)?;
    connection.execute("VACUUM INTO ?1", [part.to_string_lossy()])?;
    let schema = check(part)?;
    File::open(part)?.sync_all()?;
    Ok(schema)
}

/// Puts the newest copy that is whole in the place of the database; that goes to a folder of its own. Nothing is done
/// when there is none.
pub(super) fn put_back(
    data_dir: &Path,
    database: &Path,
    why: &str,
    now: Ticks,
) -> io::Result<Option<Restored>> {
    let copies = data_dir.join(COPIES);
    let whole = |name: &Name| match check(&copies.join(name.file())) {
        Ok(schema) => (1..=SCHEMA).contains(&schema),
        Err(error) => {
            tracing::warn!(copy = name.file(), %error, "a copy of the settings is damaged");
            false
        }
    };
    let Some(name) = names(&copies).into_iter().rev().find(whole) else { return Ok(None) };
    let part = data_dir.join(PART);
    fs::copy(copies.join(name.file()), &part)?;
    File::open(&part)?.sync_all()?;
    let set_aside = set_aside(data_dir, database, now)?;
    // Should the power fail before this, there is no database but a copy: it is put back at the next start.
    fs::rename(&part, database)?;
    File::open(data_dir)?.sync_all()?;
    Ok(Some(Restored { why: why.to_owned(), made_at: name.made_at(), set_aside }))
}

fn set_aside(data_dir: &Path, database: &Path, now: Ticks) -> io::Result<PathBuf> {
    let damaged = data_dir.join(DAMAGED);
    make_folder(&damaged)?;
    let mut known: Vec<_> = entries(&damaged).filter(|name| name.split('-').count() == 2).collect();
    known.sort_unstable();
    let newest = known.last().and_then(|name| name.split('-').next()?.parse::<u32>().ok()).unwrap_or(0);
    let folder = damaged.join(format!("{:08}-{}", newest.saturating_add(1), stamp(now)));
    make_folder(&folder)?;
    for suffix in ["", "-wal", "-shm"] {
        let mut from = database.as_os_str().to_owned();
        from.push(suffix);
        let from = PathBuf::from(from);
        if let (true, Some(name)) = (from.exists(), from.file_name()) {
            fs::rename(&from, folder.join(name))?;
        }
    }
    let surplus = known.len().saturating_sub(DAMAGED_KEPT - 1);
    for name in &known[..surplus] {
        fs::remove_dir_all(damaged.join(name))?;
    }
    Ok(folder)
}

/// The schema of a copy that is whole.
fn check(copy: &Path) -> Result<u32, StoreError> {
    let connection = Connection::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let verdict = verdict(&connection)?;
    if verdict != "ok" {
        return Err(StoreError::Impossible(verdict));
    }
    Ok(schema(&connection)?)
}

/// What may go: neither one of the newest, nor the last of one of the newest days, nor the last of a schema.
fn surplus(names: &[Name]) -> Vec<&Name> {
    let (mut days, mut schemas) = (BTreeSet::new(), BTreeSet::new());
    let mut kept = 0;
    let mut surplus = Vec::new();
    for name in names.iter().rev() {
        let last_of_day = days.insert(name.day()) && days.len() <= COPIES_DAYS;
        let last_of_schema = schemas.insert(name.schema) && schemas.len() <= COPIES_SCHEMAS;
        kept += 1;
        if kept > COPIES_NEWEST && !last_of_day && !last_of_schema {
            surplus.push(name);
        }
    }
    surplus
}

/// Oldest first; what else lies there is not ours.
fn names(folder: &Path) -> Vec<Name> {
    let mut names: Vec<_> = entries(folder).filter_map(|file| Name::parse(&file)).collect();
    names.sort_unstable();
    names
}

fn entries(folder: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok())
}

fn remove_if_there(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// A copy that ends with its connection.
pub(super) fn in_memory(connection: &Connection) -> Result<Connection, StoreError> {
    let size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    if connection.query_row(size, (), |row| row.get::<_, i64>(0))? > REHEARSAL_BYTES_MAX {
        return Err(StoreError::TooLargeToTry);
    }
    let mut copy = Connection::open_in_memory()?;
    Backup::new(connection, &mut copy)?.run_to_completion(i32::MAX, Duration::ZERO, None)?;
    copy.pragma_update(None, "foreign_keys", true)?;
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(number: u32, day: u32, schema: u32) -> Name {
        Name { number, made_at: format!("202611{day:02}T101500Z"), schema }
    }

    #[test]
    fn names_say_what_they_are() {
        let name = name(12, 26, 4);
        assert_eq!(name.file(), "00000012-20261126T101500Z-v4.db");
        assert_eq!(name.made_at(), "2026-11-26 10:15:00 UTC");
        assert_eq!(Name::parse(&name.file()), Some(name));
        for other in ["copy.part", "forebay.db", "1-2-v3.db-wal", "1-2-v3-4.db", "x-2-v3.db"] {
            assert_eq!(Name::parse(other), None, "{other}");
        }
        assert_eq!(stamp(Ticks::from_millis(1_795_358_340_512)), "20261122T143900Z");
    }

    #[test]
    fn the_newest_stay_and_one_of_each_day_and_schema() {
        // Two schemas ago, then twenty days of ten copies each.
        let mut names = vec![name(0, 1, 2), name(1, 1, 3)];
        let days = (1..=20).flat_map(|day| [day; 10]);
        names.extend(days.zip(2..).map(|(day, number)| name(number, day, 4)));
        let gone: BTreeSet<_> = surplus(&names).into_iter().map(|name| name.number).collect();
        let kept: Vec<_> = names.iter().filter(|name| !gone.contains(&name.number)).collect();
        assert_eq!(kept[..2], [&names[0], &names[1]], "a way back before each migration");
        assert_eq!(
            kept[kept.len() - COPIES_NEWEST..],
            names[names.len() - COPIES_NEWEST..].iter().collect::<Vec<_>>()
        );
        assert_eq!(kept.iter().map(|name| name.day()).collect::<BTreeSet<_>>().len(), COPIES_DAYS + 1);
        assert_eq!(kept.len(), 2 + COPIES_DAYS - 1 + COPIES_NEWEST);
    }
}
