//! The SQL of the box's settings.

use super::error::StoreError;
use rusqlite::{Connection, OptionalExtension, params};

pub(super) fn get(connection: &mut Connection, name: &str) -> Result<Option<serde_json::Value>, StoreError> {
    let sql = "SELECT value FROM settings WHERE name = ?1";
    let text: Option<String> = connection.query_row(sql, [name], |row| row.get(0)).optional()?;
    let parse = |text: String| serde_json::from_str(&text);
    text.map(parse).transpose().map_err(|error| StoreError::Impossible(format!("setting `{name}`: {error}")))
}

pub(super) fn remove(connection: &mut Connection, name: &str) -> Result<(), StoreError> {
    connection.execute("DELETE FROM settings WHERE name = ?1", [name])?;
    Ok(())
}

pub(super) fn set(
    connection: &mut Connection,
    name: &str,
    value: &serde_json::Value,
) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2";
    connection.execute(sql, params![name, value.to_string()])?;
    Ok(())
}
