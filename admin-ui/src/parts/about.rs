//! What box this is, and what it is made of.

use crate::board::Board;
use crate::{format, text};
use leptos::prelude::*;

/// The section.
#[component]
pub(crate) fn About() -> impl IntoView {
    let board = Board::here();
    let said = move || board.box_status.with(|heard| heard.as_ref().map(|heard| heard.said.clone()));
    let version = move || said().map(|said| said.version);
    let ports = move || said().map(|said| text::ports(said.ports));
    let up = move || said().map(|said| format::duration(said.uptime_secs));
    view! {
        <dl class="pairs">
            <dt>{text::VERSION}</dt><dd>{version}</dd>
            <dt>{text::UP}</dt><dd>{up}</dd>
            <dt>{text::PORTS}</dt><dd>{ports}</dd>
            <dt>{text::LICENCE}</dt><dd>{text::LICENCE_HINT}</dd>
        </dl>
        <p class="hint">{text::PRIVACY}</p>
    }
}
