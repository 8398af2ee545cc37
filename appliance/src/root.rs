//! Root: opens everything that listens, puts the tree together, and takes it down in order.
//!
//! ```text
//! root            one_for_one
//! ├─ store        a thread; its handle is shared
//! ├─ rtmp, srt    listeners
//! ├─ web          viewers; admin
//! ├─ judge        fetches each channel like a client
//! ├─ notify       sends alarms on
//! ├─ tls          keeps the box's own certificate valid
//! ├─ devices      which GPUs there are
//! ├─ hardware     how the machine is
//! ├─ watchdog     systemd's
//! ├─ copies, disk, descriptors, alarms, clock  what the box looks at of itself
//! └─ channels     one_for_one
//! ```

use crate::api::{self, ApiState};
use crate::backup::begin::{self, Begun};
use crate::board::Board;
use crate::channel::channels;
use crate::channel::wiring::Services;
use crate::clock::House;
use crate::devices::{self, Devices};
use crate::drill::Drills;
use crate::dvr::Shelf;
use crate::hardware;
use crate::health;
use crate::ingest::Doors;
use crate::judge::{self, Bench};
use crate::limits;
use crate::listeners::gatekeeper::Gatekeeper;
use crate::listeners::rtmp;
use crate::listeners::srt::SrtPort;
use crate::metrics::Metrics;
use crate::notify;
use crate::place::{Place, runtime_folder};
use crate::serve::Serving;
use crate::serve::access::AccessRules;
use crate::serve::admission;
use crate::serve::live::Catalogue;
use crate::settings::Settings;
use crate::store::{Deed, Draft, Happened, History, Store};
use crate::supervise::{Handle, Strategy, Supervisor, Task};
use crate::tls::{self, Tls};
use crate::update::Update;
use crate::web::{self, Web};
use actix_web::dev::ServerHandle;
use anyhow::Context;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::atomic::Ordering;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};
use wire::{Latency, NewChannel, Source};

/// What the daemon is run for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// What the store says.
    Appliance,
    /// One test-pattern channel named `demo`.
    Demo,
}

/// Why the appliance runs no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was told to stop.
    Stopped,
    /// It is to start anew.
    ToStartAnew,
}

/// Runs the appliance until it is told to stop, or to start anew.
///
/// # Errors
/// When something that it needs from the start cannot be had: a port, the data folder, a healthy database.
pub async fn run(settings: Settings, purpose: Purpose) -> anyhow::Result<Ended> {
    let house = House::anchor();
    web::raise_descriptor_limit();
    let place = Place::find(&settings.data_dir, runtime_folder().as_deref())
        .context("the data folder cannot be written, and nothing can stand in for it")?;
    let (store, begun) = open(&place, house)?;
    let commands = api::socket::listen(&place.folder)?;
    let sockets = Sockets::open(&settings)?;
    let tls = Tls::open(&place.folder, house)?;
    if purpose == Purpose::Demo {
        add_demo(&store).await?;
    }
    let services = services(&settings, &place, house)?;
    let (board, doors, drills) = (services.board.clone(), services.doors.clone(), services.drills.clone());
    let seen = (board, services.devices.clone());
    let mut state = ApiState::new(store.clone(), seen, doors, drills, house, settings.bind);
    state.update = Update::new(&settings.box_dir, &place.folder);
    tell_of_this_start(&state, &place, purpose, begun).await?;
    show_in_metrics(&services.metrics, &state);
    let serving = serving(&services, house, &settings);
    let web = Web { serving, api: actix_web::web::Data::new(state.clone()), tls: tls.clone() };
    let gatekeeper = Gatekeeper { store: store.clone(), doors: services.doors.clone() };
    let srt = SrtPort::new(settings.bind, settings.srt_port, gatekeeper.clone(), house);

    let mut ports = sockets.ports()?;
    let bench = Bench {
        port: reachable(sockets.http.local_addr()?),
        catalogue: services.catalogue.clone(),
        access: services.access.clone(),
        house,
        verdicts: state.verdicts.clone(),
    };
    let _first = state.bench.set(bench.clone());
    let viewers = web.clone().viewers(sockets.http, sockets.https, sockets.admin.is_none())?;
    let admin = web.admin(commands, sockets.admin)?;
    let servers = [viewers.handle(), admin.handle()];
    let serving_viewers = actix_rt::spawn(viewers);
    actix_rt::spawn(admin);

    let tree = tree(sockets.rtmp, gatekeeper, &srt, services, &state, &settings)
        .child(Task::new("tls", move |_| tls::keep_fresh(tls.clone())))
        .child(Task::new("judge", move |_| judge::sit(bench.clone())));
    let (notices, news) = (state.notify.clone(), state.changed.clone());
    let tree = tree.child(Task::new("notify", move |_| notify::run(notices.clone(), news.subscribe())));
    let handle = tree.handle();
    let running = actix_rt::spawn(tree.run());

    let mut bound = srt.bound();
    tokio::select! {
        port = bound.wait_for(Option::is_some) => ports.srt = port?.unwrap_or_default(),
        () = tokio::time::sleep(limits::SRT_START_MAX) => warn!("SRT is not listening yet; it is tried again"),
    }
    announce(&settings, &place, ports, purpose)?;
    offer_claim(&state, ports, purpose).await?;
    state.ports.send_replace(ports);
    state.ready.store(true, Ordering::Release);
    notify(sd_notify::NotifyState::Ready);
    let end = tokio::select! {
        end = told_to_end(&state) => end,
        ended = running => ended.context("the root's task was lost")?.map(|()| Ended::Stopped)?,
        ended = serving_viewers => {
            ended.context("the web server's task was lost")?.map(|()| Ended::Stopped)?
        }
    };
    stop(end, &state, &handle, servers).await;
    Ok(end)
}

/// What viewers are served from.
fn serving(services: &Services, house: House, settings: &Settings) -> Serving {
    Serving {
        catalogue: services.catalogue.clone(),
        house,
        access: services.access.clone(),
        metrics: services.metrics.clone(),
        limits: admission::Limits::of_box(settings.viewer_requests_max),
    }
}

/// Opens the settings, after whatever was left for this start to do with them. Should a state that was taken over not open
/// after all, the one before is put back.
fn open(place: &Place, house: House) -> anyhow::Result<(Store, Begun)> {
    let folder = &place.folder;
    let begun = match place.stands_in {
        Some(_) => Begun::AsItWas,
        None => begin::begin(folder)
            .context("what was to be done at this start cannot be done; free the disk, or see its journal")?,
    };
    match (Store::open(folder, house), &begun) {
        (Err(error), Begun::Restored(_)) => {
            tracing::error!("what was restored cannot be used, and what was before is put back: {error}");
            begin::go_back(folder).context("what was before the restore cannot be put back")?;
            Ok((Store::open(folder, house)?, Begun::AsItWas))
        }
        (opened, _) => Ok((opened?, begun)),
    }
}

/// What this start has found, for whoever manages the box.
async fn tell_of_this_start(
    state: &ApiState,
    place: &Place,
    purpose: Purpose,
    begun: Begun,
) -> anyhow::Result<()> {
    state.update.tidy();
    if purpose == Purpose::Demo {
        state.restart.forbid(
            "a demo keeps nothing, so there is nothing to restore or to forget: end it and start another",
        );
    }
    tell_of(begun, state).await?;
    // Once somebody hears of it who sends it on.
    health::copies::tell_of_restoration(&state.store, &state.board).await?;
    if let Some(why) = &place.stands_in {
        warn!("{why}; {} stands in for it", place.folder.display());
        state.store.freeze(why).await?;
    }
    Ok(())
}

/// Has the log and the history of what is now on the box say how it came there.
async fn tell_of(begun: Begun, state: &ApiState) -> anyhow::Result<()> {
    match begun {
        Begun::AsItWas => {}
        Begun::Reset => warn!("everything has been forgotten: this box is as new"),
        Begun::Restored(note) => {
            info!(by = note.who, what = note.what, "restored");
            let after = serde_json::json!({ "restored": note.what }).to_string();
            let deed = Deed {
                who: note.who,
                address: note.address,
                call: note.call,
                status: 202,
                before: None,
                after: Some(after),
            };
            state.store.note_deed(deed).await?;
            state.board.history().note(None, Happened::Restored, note.what);
        }
    }
    Ok(())
}

/// What all channels share.
fn services(settings: &Settings, place: &Place, house: House) -> anyhow::Result<Services> {
    let history = History::open(&place.folder, house)?;
    let board = Board::new(house, history.clone());
    let drills = Drills::new(house, board.clone());
    let shelf = Shelf::open(&settings.data_dir, drills.clone());
    // Without one, what is recorded shortens to what memory holds: no reason to stay off the air.
    let shelf = shelf.or_else(|error| match &place.stands_in {
        Some(_) => Ok(Shelf::unusable(&settings.data_dir, drills.clone())),
        None => Err(error),
    });
    Ok(Services {
        house,
        catalogue: Catalogue::default(),
        access: AccessRules::default(),
        doors: Doors::default(),
        devices: Devices::new(board.clone()),
        board,
        metrics: Metrics::new(),
        shelf: shelf.context("the folder of the past cannot be used")?,
        history,
        drills,
    })
}

/// What is known elsewhere, and not counted.
fn show_in_metrics(metrics: &Metrics, state: &ApiState) {
    metrics.register(|registry| {
        registry.register_collector(Box::new(state.verdicts.clone()));
        registry.register_collector(Box::new(state.board.clone()));
    });
}

/// Sockets that must be there from the start, opened before anything else runs.
struct Sockets {
    http: TcpListener,
    https: TcpListener,
    admin: Option<TcpListener>,
    rtmp: TcpListener,
}

impl Sockets {
    fn open(settings: &Settings) -> anyhow::Result<Self> {
        let bind = settings.bind;
        let admin = settings.admin_port.map(|port| web::listen("The admin side", "--admin-port", bind, port));
        let rtmp = web::listen("RTMP", "--rtmp-port", bind, settings.rtmp_port)?;
        rtmp.set_nonblocking(true)?;
        Ok(Self {
            http: web::listen("HTTP", "--http-port", bind, settings.http_port)?,
            https: web::listen("HTTPS", "--https-port", bind, settings.https_port)?,
            admin: admin.transpose()?,
            rtmp,
        })
    }

    fn ports(&self) -> anyhow::Result<wire::Ports> {
        let admin = self.admin.as_ref().map(|socket| socket.local_addr().map(|address| address.port()));
        Ok(wire::Ports {
            http: self.http.local_addr()?.port(),
            https: self.https.local_addr()?.port(),
            rtmp: self.rtmp.local_addr()?.port(),
            srt: 0,
            admin: admin.transpose()?,
        })
    }
}

/// An address of this machine for a listener that may be bound to all.
fn reachable(bound: SocketAddr) -> SocketAddr {
    let loopback = match bound.ip() {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    SocketAddr::new(loopback, bound.port())
}

fn tree(
    rtmp_socket: TcpListener,
    gatekeeper: Gatekeeper,
    srt: &SrtPort,
    services: Services,
    state: &ApiState,
    settings: &Settings,
) -> Supervisor {
    let (house, srt, changed) = (services.house, srt.clone(), state.changed.clone());
    let (store, board, data_dir) = (state.store.clone(), state.board.clone(), settings.data_dir.clone());
    let drills = services.drills.clone();
    let (counted, held) = (services.board.clone(), services.board.clone());
    let (looked_for, remembered, swept) = (services.devices.clone(), store.clone(), store.clone());
    let (kept, cared_for, changes, timed) = (store.clone(), board.clone(), changed.clone(), board.clone());
    Supervisor::new("root", Strategy::OneForOne)
        .child(Task::new("rtmp", move |_| {
            let (socket, gatekeeper) = (rtmp_socket.try_clone(), gatekeeper.clone());
            async move { rtmp::listen(tokio::net::TcpListener::from_std(socket?)?, gatekeeper, house).await }
        }))
        .child(Task::new("srt", move |_| {
            let srt = srt.clone();
            async move { srt.run_once().await }
        }))
        .child(Task::new("watchdog", |_| feed_watchdog()))
        .child(Task::new("copies", move |_| {
            health::copies::keep(kept.clone(), cared_for.clone(), changes.subscribe())
        }))
        .child(Task::new("disk", move |_| {
            health::disk::watch(data_dir.clone(), board.clone(), drills.clone())
        }))
        .child(Task::new("removed", move |_| health::removed::sweep(swept.clone())))
        .child(Task::new("descriptors", move |_| health::descriptors::watch(counted.clone())))
        .child(Task::new("alarms", move |_| health::alarms::settle(held.clone())))
        .child(Task::new("clock", move |_| health::clock::follow(house, timed.clone())))
        .child(machine(settings, state))
        .child(Task::new("devices", move |_| devices::watch::watch(looked_for.clone(), remembered.clone())))
        .child(Task::new("channels", move |_| {
            let (devices, store) = (services.devices.clone(), store.clone());
            let (services, changed) = (services.clone(), changed.subscribe());
            async move {
                // So that none goes on air in software for want of a moment's patience; nor stays off the air for a driver.
                if tokio::time::timeout(limits::DEVICES_KNOWN_WITHIN, devices.known()).await.is_err() {
                    warn!("a GPU's driver does not answer: channels start in software");
                }
                channels::run(store, services, changed).await
            }
        }))
}

/// Looks at the machine.
fn machine(settings: &Settings, state: &ApiState) -> Task {
    let watch = hardware::watch::Watch {
        hardware: state.hardware.clone(),
        host_root: settings.host_root.clone(),
        data_dir: settings.data_dir.clone(),
        board: state.board.clone(),
        devices: state.devices.clone(),
        house: state.house,
    };
    Task::new("hardware", move |_| watch.clone().run())
}

/// As long as the tree's own thread runs its tasks, systemd hears of it; when it hangs, systemd replaces the daemon.
async fn feed_watchdog() -> anyhow::Result<()> {
    let Some(patience) = sd_notify::watchdog_enabled() else { return std::future::pending().await };
    loop {
        notify(sd_notify::NotifyState::Watchdog);
        tokio::time::sleep(patience / limits::WATCHDOG_BEATS).await;
    }
}

async fn add_demo(store: &Store) -> anyhow::Result<()> {
    if store.channels().await?.is_empty() {
        let (name, source, latency) = ("demo".into(), Source::TestPattern, Latency::Standard);
        let demo = NewChannel {
            name,
            source,
            ladder: None,
            latency,
            dvr_secs: 0,
            pass_through: false,
            encoder: None,
            start: true,
            template: None,
        };
        store.add(Draft::try_from(demo)?).await?;
    }
    Ok(())
}

/// Writes `ports.json`, and tells the person at the terminal where to look.
fn announce(settings: &Settings, place: &Place, ports: wire::Ports, purpose: Purpose) -> anyhow::Result<()> {
    write_ports(&place.folder, ports)?;
    let host =
        if settings.bind.is_unspecified() { "localhost".to_owned() } else { settings.bind.to_string() };
    info!(http = ports.http, https = ports.https, rtmp = ports.rtmp, srt = ports.srt, "listening");
    let (scheme, admin) = ports.admin.map_or(("http", ports.http), |port| ("https", port));
    println!("Forebay {} is running.", env!("CARGO_PKG_VERSION"));
    if purpose == Purpose::Demo {
        println!("  watch   http://{host}:{}/watch/demo", ports.http);
    }
    println!("  admin   {scheme}://{host}:{admin}/admin/");
    println!("  trust   http://{host}:{}/trust, for HTTPS on port {}", ports.http, ports.https);
    println!("  RTMP    rtmp://{host}:{}/live/STREAM_KEY", ports.rtmp);
    println!("  SRT     srt://{host}:{}?streamid=STREAM_KEY", ports.srt);
    println!("  state   {}", place.folder.display());
    println!("Stop it with Ctrl-C.");
    Ok(())
}

/// Shows the code by which the first administrator is made. A demo listens on this machine alone, which is trusted.
async fn offer_claim(state: &ApiState, ports: wire::Ports, purpose: Purpose) -> anyhow::Result<()> {
    let nobody_can = state.accounts.is_claimed().await? || state.store.thawed().is_err();
    if purpose == Purpose::Demo || nobody_can {
        return Ok(());
    }
    let wire::ClaimCode { code, expires_in_secs } = state.accounts.new_code().await?;
    let port = ports.admin.unwrap_or(ports.https);
    println!("Nobody manages this box yet: claim it on https://HOST:{port}/admin/");
    println!("  code    {code}, for {} minutes; `forebay claim` makes another", expires_in_secs / 60);
    Ok(())
}

/// Whole or not at all: whoever waits for the file never reads half of it.
fn write_ports(folder: &Path, ports: wire::Ports) -> anyhow::Result<()> {
    let (whole, part) = (folder.join("ports.json"), folder.join("ports.json.part"));
    std::fs::write(&part, serde_json::to_vec(&ports)?)
        .and_then(|()| std::fs::rename(&part, &whole))
        .with_context(|| format!("{} cannot be written", whole.display()))
}

/// Waits for whoever ends it.
async fn told_to_end(state: &ApiState) -> Ended {
    tokio::select! {
        () = told_to_stop() => {
            info!("told to stop");
            Ended::Stopped
        }
        () = state.restart.asked() => {
            info!("told to start anew");
            Ended::ToStartAnew
        }
    }
}

async fn told_to_stop() {
    let (mut terminate, mut interrupt) =
        match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
            (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
            (Err(error), _) | (_, Err(error)) => {
                warn!(%error, "signals cannot be received; only SIGKILL will stop the daemon");
                return std::future::pending().await;
            }
        };
    tokio::select! {
        _ = terminate.recv() => (),
        _ = interrupt.recv() => (),
    }
}

/// Viewers first: what they wait for is answered before its makers go.
async fn stop(end: Ended, state: &ApiState, tree: &Handle, servers: [ServerHandle; 2]) {
    // To systemd a process that becomes another one goes on.
    if end == Ended::Stopped {
        notify(sd_notify::NotifyState::Stopping);
    }
    state.ready.store(false, Ordering::Release);
    state.closing.send_replace(true);
    let [viewers, admin] = servers;
    tokio::join!(viewers.stop(true), admin.stop(true));
    tree.shutdown().await;
}

/// Tells systemd, when it is there to listen.
fn notify(state: sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        warn!(%error, "systemd could not be told");
    }
}
