//! The daemon.
//!
//! ```text
//! root
//! ├─ store        SQLite on a thread of its own
//! ├─ listeners    RTMP here, SRT in a child process
//! ├─ web          serve, player, admin_ui, api
//! └─ channels     one_for_one
//!    └─ channel   rest_for_one, started in the reverse order of the data flow
//!       ├─ serve
//!       ├─ package
//!       ├─ encode
//!       └─ ingest
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`accounts`] | who may manage the box |
//! | [`admin_ui`] | the admin page, embedded |
//! | [`alarms`] | what needs the operator |
//! | [`api`] | `/api/v1`: what the admin pages and the command line speak |
//! | [`audit`] | the chain that tells whether the audit log was tampered with |
//! | [`backup`] | the whole state as one encrypted file, and back |
//! | [`board`] | what each channel is doing |
//! | [`channel`] | four stages wired together; the only place that knows all of them |
//! | [`cli`] | the command line, and its client of a running daemon |
//! | [`clock`] | the house clock; the only place that reads time |
//! | [`dvr`] | the past of each channel, on disk |
//! | [`encode`] | the stage that owns the worker process |
//! | [`hardware`] | how the machine is and was, and how many more channels fit |
//! | [`health`] | what the box looks at of itself |
//! | [`ingest`] | the stage that owns the publisher |
//! | [`judge`] | fetches each channel like a client, and holds it against each clause |
//! | [`limits`] | every bound, its unit, its reason |
//! | [`listeners`] | the RTMP and the SRT port |
//! | [`metrics`] | what is counted, for `GET /metrics` |
//! | [`package`] | the stage that owns the timeline |
//! | [`place`] | where the daemon keeps its files: the data folder, or a stand-in |
//! | [`player`] | the watch page |
//! | [`restart`] | the daemon starting anew by itself |
//! | [`rollup`] | many measurements made into one |
//! | [`root`] | opens what listens, puts the tree together, takes it down |
//! | [`serve`] | snapshots out to viewers |
//! | [`settings`] | ports, folders, log level: what is fixed at start |
//! | [`store`] | what the operator has asked for, in SQLite |
//! | [`support`] | the support bundle: what is wrong, told without what is secret |
//! | [`supervise`] | what runs, what happens when it ends; no media knowledge |
//! | [`tls`] | the box's authority and certificate, or an uploaded one |
//! | [`update`] | updates by the browser, where the box was installed from the image |
//! | [`vitals`] | what the stages of a channel say of themselves |
//! | [`web`] | the web servers |
#![forbid(unsafe_code)]

pub mod accounts;
pub mod admin_ui;
pub mod alarms;
pub mod api;
pub mod audience;
pub mod audit;
pub mod backup;
pub mod board;
pub mod channel;
pub mod cli;
pub mod clock;
pub mod devices;
pub mod drill;
pub mod dvr;
pub mod encode;
pub mod hardware;
pub mod health;
pub mod ingest;
pub mod judge;
pub mod limits;
pub mod listeners;
pub mod manual;
pub mod metrics;
pub mod notify;
pub mod package;
pub mod place;
pub mod player;
pub mod restart;
pub mod rollup;
pub mod root;
pub mod serve;
pub mod settings;
pub mod store;
pub mod supervise;
pub mod support;
pub mod tls;
pub mod update;
pub mod vitals;
pub mod web;
