//! The admin UI: one page, rendered in the browser, under `/admin/`.
//!
//! What is here: [`start`], which puts the page into the document, and the modules it is made of:
//!
//! ```text
//! app            header, navigation, connection line, the page
//! ├─ route       which page is shown: its address
//! ├─ page        one file per page
//! ├─ parts       one file per component of a page
//! ├─ board       what the page knows: channels, box, connection; shared by all components
//! ├─ feed        keeps the board true: events, and what happens when they stop
//! ├─ me          who works with the page, and what they may do
//! ├─ api         the calls of `/api/v1`, and their faults in words
//! ├─ text        every sentence and word that the operator reads
//! └─ chart, ladder, format, clock, dom
//! ```
//!
//! What is not: any knowledge of media or of the daemon. The page knows the appliance through the crate `wire` alone,
//! so whatever it can do, a script can do too.
#![forbid(unsafe_code)]
#![expect(
    unreachable_pub,
    reason = "the component macro writes a `pub` struct of properties for each component"
)]

mod api;
mod app;
mod board;
mod chart;
mod clock;
mod dom;
mod feed;
mod format;
mod ladder;
mod me;
mod page;
mod parts;
mod route;
mod text;

/// Puts the page into the document. The browser calls it once the module is loaded.
#[wasm_bindgen::prelude::wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
    dom::remove_boot_line();
    leptos::mount::mount_to_body(app::App);
}
