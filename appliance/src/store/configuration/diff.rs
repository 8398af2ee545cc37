//! What a document would change, in words. Pure.

use crate::notify::destination::is_same_place;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use wire::{Change, ChangeKind, ChannelConfiguration, Configuration, ConfigurationDiff};

/// Tells a configuration from others; keys are not looked at.
#[must_use]
pub fn tag(configuration: &Configuration) -> String {
    let text = serde_json::to_vec(&without_keys(configuration)).expect("plain structs always serialise");
    let digest: [u8; 32] = Sha256::digest(text).into();
    format!("\"{}\"", &data_encoding::HEXLOWER.encode(&digest)[..32])
}

fn without_keys(configuration: &Configuration) -> Configuration {
    let mut plain = configuration.clone();
    plain.channels.iter_mut().for_each(|channel| channel.keys.clear());
    plain
}

/// Each thing by how it is called, without keys.
#[must_use]
pub fn things(configuration: &Configuration) -> BTreeMap<String, Value> {
    let Configuration { settings, channels, destinations, users, .. } = without_keys(configuration);
    let mut things = BTreeMap::from([("the box".to_owned(), json!(settings))]);
    things.extend(channels.iter().map(|each| (format!("channel `{}`", each.slug), json!(each))));
    things.extend(destinations.iter().map(|each| (format!("destination `{}`", each.name), json!(each))));
    things.extend(users.iter().map(|each| (format!("user `{}`", each.name), json!(each))));
    things
}

/// What `wanted` would change of what is `now`, which is told with keys.
#[must_use]
pub fn diff(now: &Configuration, wanted: &Configuration) -> ConfigurationDiff {
    let (old, new) = (things(now), things(wanted));
    let mut changes = Vec::new();
    for (subject, before) in &old {
        let change = |kind, words| Change { kind, subject: subject.clone(), words, notes: Vec::new() };
        match new.get(subject) {
            None if subject.starts_with("user") && wanted.users.is_empty() && now.users.is_empty() => (),
            None => changes.push(change(ChangeKind::Removed, Vec::new())),
            Some(after) if after != before => changes.push(change(ChangeKind::Changed, words(before, after))),
            Some(_) => (),
        }
    }
    for (subject, after) in new.iter().filter(|(subject, _)| !old.contains_key(*subject)) {
        let words = words(&Value::Null, after);
        changes.push(Change { kind: ChangeKind::Added, subject: subject.clone(), words, notes: Vec::new() });
    }
    tell_keys(now, wanted, &mut changes);
    changes.iter_mut().for_each(|change| notes(now, wanted, change));
    changes.sort_by(|one, other| one.subject.cmp(&other.subject));
    ConfigurationDiff { tag: tag(now), changes }
}

/// Each value by its path.
fn flat(value: &Value, path: &str, found: &mut BTreeMap<String, String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path} {key}") };
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| flat(value, &below(key), found)),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                flat(item, &below(&format!("{}", at + 1)), found);
            }
        }
        Value::Null => (),
        Value::String(text) => drop(found.insert(path.to_owned(), format!("\"{text}\""))),
        other => drop(found.insert(path.to_owned(), other.to_string())),
    }
}

fn words(before: &Value, after: &Value) -> Vec<String> {
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    flat(before, "", &mut old);
    flat(after, "", &mut new);
    let mut told = Vec::new();
    for (path, value) in &old {
        match new.get(path) {
            None => told.push(format!("{path}: no longer {value}")),
            Some(other) if other != value => told.push(format!("{path}: {value} becomes {other}")),
            Some(_) => (),
        }
    }
    let is_new = |path: &&String| !old.contains_key(*path);
    told.extend(new.keys().filter(is_new).map(|path| format!("{path}: {}", new[path])));
    told
}

fn find<'a>(configuration: &'a Configuration, subject: &str) -> Option<&'a ChannelConfiguration> {
    configuration.channels.iter().find(|each| subject == format!("channel `{}`", each.slug))
}

/// Keys are compared and not told; those of which the document says nothing stay.
fn tell_keys(now: &Configuration, wanted: &Configuration, changes: &mut Vec<Change>) {
    for channel in &wanted.channels {
        let subject = format!("channel `{}`", channel.slug);
        let Some(before) = find(now, &subject) else { continue };
        for key in channel.keys.iter().filter(|key| !before.keys.contains(key)) {
            let told = format!("the stream key of source {} becomes another (both hidden)", key.number);
            match changes.iter_mut().find(|change| change.subject == subject) {
                Some(change) => change.words.push(told),
                None => {
                    let (kind, subject) = (ChangeKind::Changed, subject.clone());
                    changes.push(Change { kind, subject, words: vec![told], notes: Vec::new() });
                }
            }
        }
    }
}

fn notes(now: &Configuration, wanted: &Configuration, change: &mut Change) {
    let mut note = |text: &str| change.notes.push(text.to_owned());
    let (before, after) = (find(now, &change.subject), find(wanted, &change.subject));
    if let Some(before) = before.filter(|before| before.running) {
        match after {
            None => note("it is on air: its viewers see the end"),
            Some(after) if !after.running => note("it is on air: its viewers see the end"),
            Some(after) if is_started_anew(before, after) => {
                note("it is on air: it is started anew, and viewers wait for some seconds");
            }
            Some(_) => (),
        }
    }
    if let Some(after) = after {
        let kept = before.and_then(|before| before.slate_picture.as_ref());
        if after.slate_picture.is_some() && after.slate_picture.as_ref() != kept {
            note(
                "the slate's picture is not in the file: it stays as it is; `forebay channel slate` takes one",
            );
        }
    }
    let is_it = |name: &str| change.subject == format!("destination `{name}`");
    if let Some(after) = wanted.destinations.iter().find(|each| is_it(&each.name)) {
        let before = now.destinations.iter().find(|each| each.name == after.name);
        let keeps = before.is_some_and(|before| before.has_secret && is_same_place(&before.via, &after.via));
        if after.has_secret && !keeps {
            note("its secret is not in the file: give it one by `forebay notify secret`, or nothing arrives");
        }
    }
    if change.subject.starts_with("user `") && change.kind == ChangeKind::Added {
        if now.users.is_empty() {
            change.kind = ChangeKind::LeftAlone;
            change.notes.push("nobody has claimed this box: users are taken over once somebody has".into());
        } else {
            change.notes.push(
                "without a password: nobody signs in with it until `forebay user password` gives it one"
                    .into(),
            );
        }
    }
}

/// As the channels' owner has it, who tells a running channel of all else.
fn is_started_anew(before: &ChannelConfiguration, after: &ChannelConfiguration) -> bool {
    let shape = |each: &ChannelConfiguration| {
        (
            each.source,
            each.latency,
            (each.dvr_secs, each.pass_through, each.encoder.clone()),
            each.audio_bitrate_bps,
            each.canvas.clone(),
            each.ladder.clone(),
        )
    };
    shape(before) != shape(after)
}
