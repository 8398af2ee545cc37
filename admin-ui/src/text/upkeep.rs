//! Backup, updates, support and starting over.

use wire::{BackupContents, UpdateOutcome, UpdateStatus};

pub(crate) const SETTINGS_BACKUP: &str = "Backup and restore";
pub(crate) const SETTINGS_UPDATE: &str = "Update";
pub(crate) const SETTINGS_SUPPORT: &str = "Support and factory reset";

pub(crate) const BACKUP_HINT: &str = "Everything on this box as one encrypted file: channels and their keys, users, certificates, notifications, history and audit log; not recordings.";
pub(crate) const BACKUP_MAKE: &str = "Make a backup";
pub(crate) const PASSPHRASE: &str = "Passphrase";
pub(crate) const PASSPHRASE_AGAIN: &str = "Passphrase once more";
pub(crate) const PASSPHRASES_DIFFER: &str = "The two are not the same.";
pub(crate) const PASSPHRASE_HINT: &str = "12 characters at least; several words that do not belong together are best. The box does not keep it, and nobody can open the file without it.";
pub(crate) const PASSWORD_AGAIN: &str = "Your password";
pub(crate) const BACKUP_DOWNLOAD: &str = "Download the backup";
pub(crate) const BACKUP_BUSY: &str = "The backup is being made …";
pub(crate) const BACKUP_MADE: &str = "The backup is in your downloads.";
pub(crate) const BACKUP_FILE: &str = "Backup";
pub(crate) const BACKUP_OF: &str = "Box";
pub(crate) const BACKUP_NAMELESS: &str = "Without a name";
pub(crate) const BACKUP_MADE_AT: &str = "Made";
pub(crate) const BACKUP_REST: &str = "Besides";
pub(crate) const BACKUP_CHANNELS: &str = "Channels";
pub(crate) const BACKUP_USERS: &str = "Users";
pub(crate) const NONE: &str = "None";
pub(crate) const RESTORE: &str = "Restore a backup";
pub(crate) const RESTORE_LOOK: &str = "Show what is in it";
pub(crate) const RESTORE_BUSY: &str = "The backup is being opened …";
pub(crate) const RESTORE_WARNING: &str = "Everything on this box gives way to this, and the box starts anew: viewers wait for some seconds. Everybody signs in again.";
pub(crate) const RESTORE_DO: &str = "Restore it";
pub(crate) const RESTORE_UNDO: &str = "Take the last restore back";
pub(crate) const RESTORE_UNDO_HINT: &str = "The box goes back to what was on it before the last restore. What was changed since then is kept in its place.";
pub(crate) const RESTORE_UNDO_DO: &str = "Go back";
pub(crate) const LOAD_AGAIN: &str = "Load the page again";

pub(crate) const SUPPORT_HINT: &str = "What somebody far away needs to see what is wrong: logs, settings, versions, playlists, devices, alarms. Without keys and passwords; addresses are numbers in it.";
pub(crate) const SUPPORT_DOWNLOAD: &str = "Download the support bundle";
pub(crate) const RESET: &str = "Factory reset";
pub(crate) const RESET_HINT: &str = "The box forgets everything, starts anew, and shows a new code by which it is claimed. Only a backup brings it back.";
pub(crate) const RESET_RECORDINGS: &str = "Recordings too";
pub(crate) const RESET_MACHINE: &str = "The machine's own settings too: network, time servers, journal, recordings (only where it was installed from the image)";
pub(crate) const RESET_TYPE: &str = "Type: forget everything";
pub(crate) const RESET_WORD: &str = "forget everything";
pub(crate) const RESET_DO: &str = "Forget everything";

pub(crate) const UPDATE_BY_PACKAGE: &str =
    "This machine was not installed from the image: it is updated by its package, not from here.";
pub(crate) const UPDATE_RUNNING: &str = "Running";
pub(crate) const UPDATE_STATE: &str = "Update";
pub(crate) const UPDATE_LAST: &str = "The last one";
pub(crate) const UPDATE_FILE: &str = "Update file";
pub(crate) const UPDATE_UPLOAD: &str = "Upload";
pub(crate) const UPDATE_DIGEST: &str = "Uploaded. SHA-256:";
pub(crate) const UPDATE_APPLY: &str = "Install it beside what runs";
pub(crate) const UPDATE_RESTART: &str = "Restart into it";
pub(crate) const UPDATE_CANCEL: &str = "Throw it away";
pub(crate) const UPDATE_HINT: &str =
    "Channels stay on air until the restart. A version that does not serve in time is undone by itself.";

/// When a backup was made, and by what.
pub(crate) fn made_by(at_ms: i64, version: &str) -> String {
    format!("{}, by Forebay {version}", crate::format::date_and_time(at_ms))
}

/// What is in a backup besides channels and users.
pub(crate) fn backup_rest(contents: &BackupContents) -> String {
    let certificate = if contents.own_certificate { ", a certificate of your own" } else { "" };
    format!(
        "{} pictures of slates, {} destinations of alarms, {} events, {} entries of the audit log{certificate}",
        contents.slate_pictures, contents.destinations, contents.events, contents.audit_entries
    )
}

/// That the box starts anew.
pub(crate) fn starts_anew(then: &str) -> String {
    format!("The box starts anew; then {then}.")
}

/// The version that runs.
pub(crate) fn running(status: &UpdateStatus) -> String {
    let proved = if status.kept { "" } else { ", still proving itself" };
    format!("{}, in slot {}{proved}", status.running, status.slot)
}

/// How an update stands.
pub(crate) fn update_state(status: &UpdateStatus) -> String {
    if let Some(progress) = &status.uploading {
        return format!("Uploading: {} of {} MB", progress.bytes / 1_000_000, progress.of / 1_000_000);
    }
    let offered = status.offered.as_deref().unwrap_or("The update");
    let why = status.reason.as_deref().unwrap_or("no reason was given");
    match status.state.as_str() {
        _ if status.waiting => "The box is about to look at it".into(),
        "idle" => "None is under way".into(),
        "checking" => "The box looks at it".into(),
        "accepted" => format!("{offered} may be installed"),
        "writing" => format!("{offered} is written: {} %", status.progress_percent.unwrap_or(0)),
        "written" => format!("{offered} is in place, and starts with the next restart"),
        "restarting" => format!("The box restarts into {offered}"),
        "refused" => format!("Refused: {why}"),
        "failed" => format!("Failed: {why}"),
        other => format!("{other}: {why}"),
    }
}

/// How the last one ended.
pub(crate) fn update_last(last: Option<&UpdateOutcome>) -> String {
    let Some(UpdateOutcome { outcome, from, to, reason, .. }) = last else { return "None yet".into() };
    let version = |it: &Option<String>| it.clone().unwrap_or_else(|| "another version".into());
    match outcome.as_str() {
        "updated" => format!("{} to {}", version(from), version(to)),
        _ => format!(
            "{} did not serve, and {} came back{}",
            version(to),
            version(from),
            reason.as_ref().map_or_else(String::new, |why| format!(": {why}"))
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_is_told_in_words() {
        let status = UpdateStatus {
            state: "writing".into(),
            offered: Some("0.2.0".into()),
            progress_percent: Some(40),
            ..UpdateStatus::default()
        };
        assert_eq!(update_state(&status), "0.2.0 is written: 40 %");
        let refused = UpdateStatus {
            state: "refused".into(),
            reason: Some("it is older".into()),
            ..UpdateStatus::default()
        };
        assert_eq!(update_state(&refused), "Refused: it is older");
        let last = UpdateOutcome {
            outcome: "went-back".into(),
            from: Some("0.1.0".into()),
            to: Some("0.2.0".into()),
            reason: None,
            at_unix_s: 0,
        };
        assert_eq!(update_last(Some(&last)), "0.2.0 did not serve, and 0.1.0 came back");
        assert_eq!(update_last(None), "None yet");
    }
}
