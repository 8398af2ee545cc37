//! `/api/v1`: what the admin pages and the command line speak. The types are in the crate `wire`.
//!
//! | module | what it is |
//! |---|---|
//! | [`guard`] | who asks, and whether they may |
//! | [`calls`] | pure: every call, and what it needs |
//! | `edits` | edits that do not overwrite each other, and edits that are only tried |
//! | [`problem`] | errors as RFC 9457 has them, and the one table from errors to statuses |
//! | `accounts` | claim, sign in and out, users |
//! | `removed` | what was removed of late, and is put back |
//! | `second_step` | codes besides the password |
//! | `tokens` | tokens for scripts |
//! | `channels` | the calls about channels |
//! | `playback` | the calls about who may watch |
//! | `notify` | where alarms are sent on to |
//! | `slate` | what a channel shows without a source |
//! | `sources` | back-ups, which source is on air, and when one takes over |
//! | `alarms` | what needs the operator |
//! | `audit` | who changed what: written down by the guard |
//! | `configuration` | all that an operator sets as one document, and the box's settings |
//! | `devices` | the GPUs, and how the machine is |
//! | `drill` | faults that are tried out |
//! | `history` | what happened |
//! | `ladder` | another ladder, or another encoder, for a channel |
//! | `judge` | what the conformance judge has found |
//! | `templates` | what a new channel may be made of |
//! | `tls` | the calls about the certificate of HTTPS |
//! | `events` | the feed of changes, as Server-Sent Events |
//! | `openapi` | the API described, by its own tables and types |
//! | `health` | `/healthz` and `/readyz` |
//! | `support` | the support bundle |
//! | `update` | updates by the browser |
//! | `turns` | pure: which upkeep stands in the way of which |
//! | `upkeep` | backup, restore, starting over |
//! | `upload` | a file on its way to the disk |
//! | `view` | pure: what was asked for and what is reported, joined |
//! | `address` | pure: the addresses shown to publishers and viewers |
//! | [`socket`] | the Unix socket of the command line |
//!
//! Nothing here decides what a channel does: a change goes to the store, [`ApiState::changed`] rises, and whoever
//! owns the channels makes it so.

#[cfg(test)]
mod access_tests;
mod accounts;
mod address;
mod alarms;
mod audit;
pub mod calls;
mod channels;
mod configuration;
mod devices;
mod drill;
#[cfg(test)]
mod edit_tests;
mod edits;
mod events;
pub mod guard;
mod health;
mod history;
mod judge;
mod ladder;
mod notify;
mod openapi;
mod playback;
pub mod problem;
mod removed;
mod second_step;
#[cfg(test)]
mod second_step_tests;
mod slate;
pub mod socket;
mod sources;
mod support;
mod templates;
#[cfg(test)]
mod tests;
mod tls;
mod tokens;
mod turns;
mod update;
mod upkeep;
mod upload;
mod view;

pub use guard::on_connect;
pub(crate) use playback::is_origin;
pub use problem::ApiError;

use crate::accounts::Accounts;
use crate::board::Board;
use crate::clock::House;
use crate::devices::Devices;
use crate::drill::Drills;
use crate::hardware::Hardware;
use crate::ingest::Doors;
use crate::judge::Bench;
use crate::judge::verdicts::Verdicts;
use crate::limits::EVENT_FEEDS_MAX;
use crate::notify::Notify;
use crate::restart::Restart;
use crate::settings::BOX_DIR;
use crate::store::{Store, StoreError};
use crate::update::Update;
use actix_web::web;
use edits::Edits;
use media::time::Ticks;
use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use tokio::sync::{Semaphore, watch};
use turns::Turns;

/// The setting that is the box's name, for people.
pub const BOX_NAME: &str = "box.name";

/// What the calls need; clones share it. To be given to the application as `web::Data`.
#[derive(Clone, Debug)]
pub struct ApiState {
    /// What was asked for.
    pub store: Store,
    /// What is reported.
    pub board: Board,
    /// What may encode channels.
    pub devices: Devices,
    /// How the machine is.
    pub hardware: Hardware,
    /// By which channels are reached.
    pub doors: Doors,
    /// By which faults are tried out.
    pub drills: Drills,
    /// The time.
    pub house: House,
    /// Rises with each change that the API has made to the store.
    pub changed: watch::Sender<u64>,
    /// Who may manage the box.
    pub accounts: Accounts,
    /// The listening ports; set once they are known, and again should they change.
    pub ports: watch::Sender<wire::Ports>,
    /// By which alarms are sent on.
    pub notify: Notify,
    /// What the conformance judge finds.
    pub verdicts: Verdicts,
    /// Whether the whole tree is up.
    pub ready: Arc<AtomicBool>,
    /// Set to true to end all event feeds, so that the server can stop.
    pub closing: watch::Sender<bool>,
    /// By which the daemon starts anew.
    pub restart: Restart,
    /// By which updates come, where the box was installed from the image.
    pub update: Update,
    /// By which a channel's files are fetched as viewers do; set once it listens.
    pub bench: Arc<OnceLock<Bench>>,
    bind: IpAddr,
    started_at: Ticks,
    turns: Turns,
    updates: events::Updates,
    edits: Edits,
    feeds: Arc<Semaphore>,
    hub: events::Hub,
}

impl ApiState {
    /// Not ready, without ports; `bind` is the address of the listeners.
    #[must_use]
    pub fn new(
        store: Store,
        (board, devices): (Board, Devices),
        doors: Doors,
        drills: Drills,
        house: House,
        bind: IpAddr,
    ) -> Self {
        let accounts = Accounts::new(store.clone(), house);
        let notify = Notify::new(store.clone(), board.clone(), house);
        let update = Update::new(Path::new(BOX_DIR), store.folder());
        Self {
            store,
            accounts,
            notify,
            board,
            devices,
            hardware: Hardware::default(),
            doors,
            drills,
            house,
            changed: watch::Sender::new(0),
            ports: watch::Sender::default(),
            verdicts: Verdicts::default(),
            ready: Arc::default(),
            closing: watch::Sender::new(false),
            restart: Restart::default(),
            update,
            bench: Arc::default(),
            turns: Turns::default(),
            updates: events::Updates::default(),
            bind,
            started_at: house.now(),
            edits: Edits::default(),
            feeds: Arc::new(Semaphore::new(EVENT_FEEDS_MAX)),
            hub: events::Hub::default(),
        }
    }

    /// The same on a copy of the settings: nothing comes of what is done with it.
    async fn rehearsal(&self) -> Result<Self, StoreError> {
        let store = self.store.rehearsal().await?;
        let accounts = self.accounts.on(store.clone());
        Ok(Self { store, accounts, changed: watch::Sender::new(0), ..self.clone() })
    }

    /// Tells the owner of the channels, and the feeds, that the store has changed.
    pub fn bump(&self) {
        self.changed.send_modify(|version| *version += 1);
    }
}

/// Mounts `/api`, `/healthz` and `/readyz`. The application must have `web::Data<ApiState>`, and the server
/// [`on_connect`], without which the Unix socket is not recognised and is refused.
pub fn configure(config: &mut web::ServiceConfig) {
    let nothing = || web::to(problem::no_such_call);
    let v1 = web::scope("/v1")
        .configure(accounts::configure)
        .configure(second_step::configure)
        .configure(removed::configure)
        .configure(tokens::configure)
        .configure(channels::configure)
        .configure(playback::configure)
        .configure(slate::configure)
        .configure(sources::configure)
        .configure(history::configure)
        .configure(crate::audience::routes::operators)
        .configure(ladder::configure)
        .configure(audit::configure)
        .configure(devices::configure)
        .configure(drill::configure)
        .configure(tls::configure)
        .configure(judge::configure)
        .configure(alarms::configure)
        .configure(notify::configure)
        .configure(configuration::configure)
        .configure(upkeep::configure)
        .configure(support::configure)
        .configure(update::configure)
        .configure(templates::configure)
        .configure(events::configure)
        .configure(openapi::configure)
        .default_service(nothing());
    let api = web::scope("/api")
        .app_data(problem::json_config())
        .app_data(problem::path_config())
        .app_data(problem::query_config())
        .service(v1)
        .default_service(nothing())
        .wrap(actix_web::middleware::from_fn(guard::guard));
    config.service(api).configure(health::configure);
}
