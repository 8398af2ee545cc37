//! The command line against a daemon's API on a real Unix socket.

use super::*;
use crate::api::{self, ApiState, socket};
use crate::board::Board;
use crate::clock::House;
use crate::devices::Devices;
use crate::drill::Drills;
use crate::ingest::Doors;
use crate::store::{History, Store};
use actix_web::{App, HttpServer, web};
use clap::{CommandFactory, Parser};
use serde_json::Value;
use std::net::IpAddr;
use std::path::Path;
use tempfile::TempDir;

/// Runs a command line; gives what it prints.
async fn forebay(data_dir: &Path, line: &str) -> Result<String, CliError> {
    let data_dir = data_dir.display().to_string();
    let words = line.split('|').flat_map(|part| match part.strip_prefix('"') {
        Some(quoted) => vec![quoted],
        None => part.split_whitespace().collect(),
    });
    let words = ["forebay", "channel", "--data-dir", &data_dir].into_iter().chain(words);
    let Command::Channel(args) = Cli::try_parse_from(words).unwrap().command else {
        panic!("not a channel command")
    };
    let (text, done) = web::block(move || {
        let mut out = Vec::new();
        let done = channel::run(&args, &mut out);
        (String::from_utf8(out).unwrap(), done)
    })
    .await
    .unwrap();
    done.map(|()| text)
}

/// A daemon's API behind `forebay.sock` in a folder.
fn daemon(folder: &TempDir) -> (ApiState, actix_web::dev::ServerHandle) {
    let house = House::anchor();
    let store = Store::open(folder.path(), house).unwrap();
    let board = Board::new(house, History::open(folder.path(), house).unwrap());
    let drills = Drills::new(house, board.clone());
    let seen = (board.clone(), Devices::new(board));
    let state = ApiState::new(store, seen, Doors::default(), drills, house, IpAddr::from([127, 0, 0, 1]));
    state.ports.send_replace(wire::Ports { http: 8080, https: 0, rtmp: 1935, srt: 9000, admin: None });
    let data = web::Data::new(state.clone());
    let server = HttpServer::new(move || App::new().app_data(data.clone()).configure(api::configure))
        .on_connect(api::on_connect)
        .workers(1)
        .disable_signals()
        .listen_uds(socket::listen(folder.path()).unwrap())
        .unwrap()
        .run();
    let handle = server.handle();
    actix_rt::spawn(server);
    (state, handle)
}

#[test]
fn the_tree_is_sound() {
    Cli::command().debug_assert();
    assert!(Cli::try_parse_from(["forebay", "channel", "add", "--name", "x", "--source", "vhs"]).is_err());
    let Command::Run(run) =
        Cli::try_parse_from(["forebay", "run", "--demo", "--http-port", "0"]).unwrap().command
    else {
        panic!("not run");
    };
    assert!(run.demo && run.flags.listeners.http_port == Some(0));
    let help = Cli::command().render_long_help().to_string();
    assert!(!help.contains("srt-listener") && help.contains("Exit codes"), "{help}");
}

#[actix_rt::test]
async fn without_a_daemon_it_says_so_and_what_to_do() {
    let folder = TempDir::new().unwrap();
    let error = forebay(folder.path(), "list").await.unwrap_err();
    assert_eq!(error.code(), 3);
    let text = error.to_string();
    assert!(text.contains(&folder.path().display().to_string()) && text.contains("forebay run"), "{text}");
    drop(socket::listen(folder.path()).unwrap());
    assert_eq!(forebay(folder.path(), "list").await.unwrap_err().code(), 3, "a dead daemon's socket");
}

#[actix_rt::test]
async fn a_channels_life_on_the_command_line() {
    let folder = TempDir::new().unwrap();
    let (state, server) = daemon(&folder);
    let empty = forebay(folder.path(), "list").await.unwrap();
    assert_eq!(empty, "no channels yet; add one with `forebay channel add`\n");

    let added = forebay(folder.path(), "add --source rtmp --json --name|\"Main Hall").await.unwrap();
    let added: Value = serde_json::from_str(&added).unwrap();
    let key = added["stream_key"].as_str().unwrap().to_owned();
    assert_eq!(added["slug"], "main-hall");
    assert_eq!(added["watch_url"], "http://127.0.0.1:8080/watch/main-hall");
    assert_eq!(added["publish_urls"][0], format!("rtmp://127.0.0.1:1935/live/{key}"));
    assert_eq!(
        state.store.channel_by_key(crate::store::KeyHash::of(&key)).await.unwrap().unwrap().channel.name,
        "Main Hall"
    );

    forebay(folder.path(), "add --name b --source test-pattern --stopped").await.unwrap();
    insta::assert_snapshot!(forebay(folder.path(), "list").await.unwrap(), @r"
    CHANNEL    NAME       SOURCE        STATE     RESTARTS  WATCH
    b          b          test-pattern  stopped   0         http://127.0.0.1:8080/watch/b
    main-hall  Main Hall  rtmp          starting  0         http://127.0.0.1:8080/watch/main-hall
    ");
    insta::assert_snapshot!(forebay(folder.path(), "show main-hall").await.unwrap(), @r"
    channel  main-hall (Main Hall)
    source   rtmp
    latency  standard
    dvr      off
    encoder  auto
    state    starting
    watch    http://127.0.0.1:8080/watch/main-hall
    publish  rtmp://127.0.0.1:1935/live/STREAM_KEY
    ");
    let shown = forebay(folder.path(), "show main-hall --key").await.unwrap();
    assert!(
        shown.contains(&format!("rtmp://127.0.0.1:1935/live/{key}\n"))
            && shown.contains(&format!("key      {key}\n"))
    );

    let stopped: Value =
        serde_json::from_str(&forebay(folder.path(), "stop main-hall --json").await.unwrap()).unwrap();
    assert_eq!(stopped["state"], "stopped");
    assert!(forebay(folder.path(), "start main-hall").await.unwrap().contains("state    starting"));
    assert_eq!(forebay(folder.path(), "remove b").await.unwrap(), "b removed\n");
    let list: wire::ChannelList =
        serde_json::from_str(&forebay(folder.path(), "list --json").await.unwrap()).unwrap();
    assert_eq!(list.channels.len(), 1);

    for (line, text) in [
        ("show nobody", "there is no channel `nobody`"),
        ("show|\"../box", "`../box` is not a channel's short name: 1 to 40 of a-z, 0-9 and inner hyphens"),
        (
            "add --source srt --name|\"MAIN HALL",
            "there is already a channel named `MAIN HALL`, at `main-hall`; choose another name",
        ),
    ] {
        let error = forebay(folder.path(), line).await.unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), (4, text));
    }
    server.stop(false).await;
}

#[actix_rt::test]
async fn backups_on_the_command_line() {
    let folder = TempDir::new().unwrap();
    let (_state, server) = daemon(&folder);
    forebay(folder.path(), "add --source rtmp --name Hall").await.unwrap();
    let added = forebay(folder.path(), "backup add hall --source srt").await.unwrap();
    assert!(added.starts_with("back-up  1\npublish  srt://127.0.0.1:9000?streamid="), "{added}");
    assert_eq!(added, format!("back-up  1\n{}", forebay(folder.path(), "backup key hall 1").await.unwrap()));
    let shown = forebay(folder.path(), "show hall").await.unwrap();
    assert!(shown.contains("source 0") && shown.contains("source 1"), "{shown}");
    insta::assert_snapshot!(
        forebay(folder.path(), "failover hall --black-ms 5000 --disorder-ms never").await.unwrap(),
        @r"
    no picture   after 400 ms
    disorder     never
    black        after 5000 ms
    frozen       never
    silence      never
    return       after 10000 ms
    "
    );
    let taken = forebay(folder.path(), "take hall 1").await.unwrap_err();
    assert_eq!(taken.code(), 4);
    assert_eq!(forebay(folder.path(), "backup remove hall 1").await.unwrap(), "back-up 1 of hall removed\n");
    server.stop(false).await;
}
