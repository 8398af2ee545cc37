//! What is printed: columns for people, JSON for scripts, a line for what was done. Pure.

use super::channel::json;

/// Left-aligned columns, two spaces apart; the first row is the heading. Empty cells are a dash.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |row: &Vec<String>, column: usize| match row.get(column).map(String::as_str) {
        None | Some("") => "-".to_owned(),
        Some(text) => text.to_owned(),
    };
    let width = |column| rows.iter().map(|row| cell(row, column).chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = widths.iter().enumerate().map(|(column, width)| format!("{:<width$}", cell(row, column)));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

/// That something is there no more: `id` for scripts, `what` for people.
pub(super) fn removed(as_json: bool, id: &impl serde::Serialize, what: &str) -> String {
    if as_json { json(&serde_json::json!({ "removed": id })) } else { format!("{what} removed\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["SLUG", "STATE"], ["größe", ""], ["a", "live"]];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec());
        insta::assert_snapshot!(table(&rows), @r"
        SLUG   STATE
        größe  -
        a      live
        ");
        assert_eq!(table(&[]), "");
    }
}
