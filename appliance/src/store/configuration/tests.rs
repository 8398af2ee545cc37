//! A configuration goes round without a change, touches nothing that does not differ, and is applied whole or not at all.

use super::*;
use crate::clock::House;
use crate::store::accounts;
use crate::store::open::open;
use proptest::prelude::*;
use tempfile::TempDir;
use wire::{ChangeKind, Configuration};

fn database() -> (TempDir, Connection) {
    let folder = TempDir::new().unwrap();
    let connection = open(folder.path(), House::anchor().now()).unwrap().0;
    connection.pragma_update(None, "synchronous", "OFF").unwrap();
    (folder, connection)
}

fn put(connection: &mut Connection, document: &Configuration) -> Result<wire::ConfigurationDiff, StoreError> {
    apply(connection, &Wanted::checked(document.clone()).unwrap(), None, 1)
}

fn empty() -> Configuration {
    let settings = wire::BoxSettings::default();
    Configuration { version: VERSION, settings, channels: vec![], destinations: vec![], users: vec![] }
}

prop_compose! {
    fn one_channel()(
        number in 0_u32..5,
        letter in "[A-Z]",
        running in any::<bool>(),
        low in any::<bool>(),
        dvr_secs in prop_oneof![Just(0_u32), 60_u32..=21_600],
        rungs in prop::collection::vec((32_u32..900, 32_u32..900, 50_000_u32..5_000_000), 1..4),
        rate in 0_usize..8,
        text in "[a-zäß][a-zäß ]{0,20}[a-z]",
        protected in any::<bool>(),
        origins in prop::collection::btree_set("https://[a-z]{1,8}\\.example", 0..3),
        backups in prop::collection::btree_set(1_u8..4, 0..3),
        black_ms in prop::option::of(300_u32..600_000),
        keys in any::<[u64; 4]>(),
        has_keys in any::<bool>(),
    ) -> wire::ChannelConfiguration {
        let mut ladder: Vec<_> = rungs.iter().map(|(width, height, bitrate_bps)| wire::Rung { width: width * 2, height: height * 2, bitrate_bps: *bitrate_bps }).collect();
        ladder.sort_by_key(|rung| std::cmp::Reverse(rung.bitrate_bps));
        let backups: Vec<_> = backups.into_iter().map(|number| wire::BackupConfiguration { number, source: wire::Source::Srt }).collect();
        let numbers = std::iter::once(0).chain(backups.iter().map(|backup| backup.number));
        let key = |source: u8| wire::KeyConfiguration { number: source, stream_key: format!("{number:08x}{source:08x}{:016x}", keys[usize::from(source)]) };
        wire::ChannelConfiguration {
            slug: format!("channel-{number}"),
            name: format!("Channel {number} {letter}"),
            running,
            source: wire::Source::Rtmp,
            latency: if low { wire::Latency::Low } else { wire::Latency::Standard },
            dvr_secs,
            pass_through: low && dvr_secs == 0,
            encoder: if low { "auto".into() } else { "renderD128".into() },
            audio_bitrate_bps: 128_000,
            canvas: wire::CanvasConfiguration { width: 640, height: 360, frame_rate: media::time::FrameRate::ALL[rate].to_string() },
            slate: wire::Slate { text, after_ms: 500, back_after_ms: 0, tone: low },
            slate_picture: None,
            failover: wire::Failover { loss_ms: 1000, black_ms, ..wire::Failover::default() },
            playback: wire::PlaybackConfiguration { protected, allowed_origins: origins.into_iter().collect(), tiers: if low { vec![wire::Tier::Ts, wire::Tier::LlHls] } else { vec![] } },
            ladder,
            keys: if has_keys { numbers.map(key).collect() } else { vec![] },
            backups,
        }
    }
}

prop_compose! {
    fn document()(
        channels in prop::collection::vec(one_channel(), 0..5),
        hooks in prop::collection::btree_set("[a-z]{1,6}", 0..4),
        name in prop::option::of("[A-Za-z]{1,12}"),
    ) -> Configuration {
        let channels: std::collections::BTreeMap<_, _> = channels.into_iter().map(|each| (each.slug.clone(), each)).collect();
        let destination = |name: String| wire::DestinationConfiguration {
            via: wire::Via::Webhook { url: format!("https://{name}.example/x"), ca_pem: None },
            channels: (name.len() > 3).then(|| vec!["hall".into()]),
            of_box: name.len() > 2,
            least: if name.len() > 4 { wire::Severity::Critical } else { wire::Severity::Minor },
            has_secret: false,
            name,
        };
        Configuration {
            settings: wire::BoxSettings { name },
            channels: channels.into_values().collect(),
            destinations: hooks.into_iter().map(destination).collect(),
            ..empty()
        }
    }
}

fn without_keys(mut document: Configuration) -> Configuration {
    document.channels.iter_mut().for_each(|channel| channel.keys.clear());
    document
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// From any configuration to any other; as TOML and back; and what was told says all that differed.
    #[test]
    fn a_round_trip_is_the_identity(first in document(), second in document()) {
        let (_folder, mut connection) = database();
        for wanted in [&first, &second, &first] {
            put(&mut connection, wanted).unwrap();
            let told = export(&mut connection, false).unwrap();
            prop_assert_eq!(&told, &without_keys(wanted.clone()));
            let with_keys = export(&mut connection, true).unwrap();
            for (channel, asked) in with_keys.channels.iter().zip(&wanted.channels) {
                prop_assert!(asked.keys.iter().all(|key| channel.keys.contains(key)));
                prop_assert_eq!(channel.keys.len(), 1 + channel.backups.len());
            }
            let text = toml::to_string_pretty(&with_keys).unwrap();
            let read: Configuration = toml::from_str(&text).unwrap();
            prop_assert_eq!(&read, &with_keys);
            let nothing = put(&mut connection, &read).unwrap();
            prop_assert!(nothing.changes.is_empty(), "{:?}", nothing);
            prop_assert_eq!(export(&mut connection, true).unwrap(), with_keys);
        }
    }
}

fn channel(slug: &str, name: &str) -> wire::ChannelConfiguration {
    let text = r#"{"slug": "s", "name": "n", "running": true, "source": "rtmp", "latency": "standard", "dvr_secs": 0,
        "audio_bitrate_bps": 128000, "canvas": {"width": 640, "height": 360, "frame_rate": "30"},
        "slate": {"text": "", "after_ms": 500, "back_after_ms": 0, "tone": false}, "failover": {"loss_ms": 1000},
        "ladder": [{"width": 640, "height": 360, "bitrate_bps": 800000}]}"#;
    let plain: wire::ChannelConfiguration = serde_json::from_str(text).unwrap();
    wire::ChannelConfiguration { slug: slug.into(), name: name.into(), ..plain }
}

#[test]
fn what_changes_is_told_in_words_and_the_rest_is_not_touched() {
    let (_folder, mut connection) = database();
    let first =
        Configuration { channels: vec![channel("attic", "Attic"), channel("hall", "Hall")], ..empty() };
    put(&mut connection, &first).unwrap();
    let keys = export(&mut connection, true).unwrap();
    let mut second = first.clone();
    second.channels[1].ladder[0].bitrate_bps = 900_000;
    second.channels.push(channel("yard", "Yard"));
    let told = put(&mut connection, &second).unwrap();
    assert_eq!(told.changes.len(), 2, "{told:?}");
    let hall = &told.changes[0];
    assert_eq!((hall.kind, hall.subject.as_str()), (ChangeKind::Changed, "channel `hall`"));
    assert_eq!(hall.words, ["ladder 1 bitrate_bps: 800000 becomes 900000"]);
    assert!(hall.notes[0].contains("started anew"), "{hall:?}");
    assert_eq!(told.changes[1].kind, ChangeKind::Added);
    let after = export(&mut connection, true).unwrap();
    assert_eq!(after.channels[0], keys.channels[0], "key and all");
    assert_eq!(after.channels[1].keys, keys.channels[1].keys);
    // Names are swapped, and a channel goes.
    let swapped =
        Configuration { channels: vec![channel("attic", "Hall"), channel("hall", "Attic")], ..empty() };
    let told = put(&mut connection, &swapped).unwrap();
    assert_eq!(told.changes[2].kind, ChangeKind::Removed);
    assert_eq!(export(&mut connection, false).unwrap(), swapped);
}

#[test]
fn it_is_applied_whole_or_not_at_all_and_only_to_what_was_seen() {
    let (_folder, mut connection) = database();
    let seen = tag(&export(&mut connection, false).unwrap());
    accounts::add(
        &mut connection,
        &wire::User { name: "Ada".into(), role: wire::Role::Administrator },
        &"x".repeat(60),
        1,
    )
    .unwrap();
    let late = apply(&mut connection, &Wanted::checked(empty()).unwrap(), Some(&seen), 1);
    assert!(matches!(late, Err(StoreError::Changed)));
    let lockout = Configuration { channels: vec![channel("hall", "Hall")], ..empty() };
    assert!(matches!(put(&mut connection, &lockout), Err(StoreError::LastAdministrator)));
    assert!(export(&mut connection, false).unwrap().channels.is_empty(), "nothing of it was done");
    let users = vec![
        wire::User { name: "Ada".into(), role: wire::Role::Administrator },
        wire::User { name: "Bob".into(), role: wire::Role::Operator },
    ];
    let told = put(&mut connection, &Configuration { users: users.clone(), ..empty() }).unwrap();
    assert!(told.changes[0].notes[0].contains("without a password"), "{told:?}");
    assert_eq!(export(&mut connection, false).unwrap().users, users);
    assert!(accounts::credentials(&mut connection, "Bob").unwrap().unwrap().1.starts_with("$argon2id$"));
}

#[test]
fn faults_name_their_place() {
    let mut two =
        Configuration { channels: vec![channel("hall", "Hall"), channel("hall", "Attic")], ..empty() };
    assert_eq!(Wanted::checked(two.clone()).unwrap_err().field, "/channels/1");
    two.channels[1] = channel("attic", "Attic");
    two.channels[1].canvas.frame_rate = "31".into();
    assert_eq!(Wanted::checked(two.clone()).unwrap_err().field, "/channels/1/canvas/frame_rate");
    two.channels[1].canvas.frame_rate = "30".into();
    two.channels[1].slate.after_ms = 0;
    assert_eq!(Wanted::checked(two).unwrap_err().field, "/channels/1/slate/after_ms");
    assert_eq!(Wanted::checked(Configuration { version: 2, ..empty() }).unwrap_err().field, "/version");
}

#[test]
fn what_means_the_same_is_no_difference() {
    let (_folder, mut connection) = database();
    let mut first = Configuration { channels: vec![channel("hall", "Hall")], ..empty() };
    first.channels[0].playback.allowed_origins = vec!["https://a.example".into(), "https://b.example".into()];
    put(&mut connection, &first).unwrap();
    first.channels[0].name = " Hall ".into();
    first.channels[0].slate.text = "  ".into();
    first.channels[0].playback.allowed_origins.reverse();
    assert_eq!(put(&mut connection, &first).unwrap().changes, []);
}
