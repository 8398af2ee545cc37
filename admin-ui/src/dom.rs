//! The few things that the page asks of the document and the browser itself.

use leptos::prelude::{document, window};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlDocument, HtmlElement, HtmlTextAreaElement};

/// The line which the document shows until the page is there.
const BOOT_LINE: &str = "boot";

/// Takes the line away that said that the page is loading.
pub(crate) fn remove_boot_line() {
    if let Some(line) = document().get_element_by_id(BOOT_LINE) {
        line.remove();
    }
}

/// Moves the keyboard's focus to the element of that id; nowhere when there is none.
pub(crate) fn focus(id: &str) {
    if let Some(element) = document().get_element_by_id(id).and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
        // A browser refuses only for an element that cannot have the focus: then it stays where it is.
        let _ = element.focus();
    }
}

/// Moves the focus to the field of that id, and selects what is in it.
pub(crate) fn select(id: &str) {
    focus(id);
    let field =
        document().get_element_by_id(id).and_then(|it| it.dyn_into::<web_sys::HtmlInputElement>().ok());
    if let Some(field) = field {
        field.select();
    }
}

/// Where the bare player of a channel is, pinned to a tier unless that is empty.
pub(crate) fn embed_path(slug: &str, tier: &str, token: &str) -> String {
    let asked = [("tier", tier), ("token", token)];
    let asked = asked.iter().filter(|(_, value)| !value.is_empty());
    let asked: Vec<_> = asked.map(|(name, value)| format!("{name}={value}")).collect();
    format!("/embed/{slug}?{}", asked.join("&"))
}

/// Puts text on the clipboard. False when the browser does not let us.
///
/// A page served without TLS has no `navigator.clipboard` (secure contexts only), and many boxes are reached by plain
/// HTTP on the premises: then by the older command, which copies what is selected.
pub(crate) async fn copy(text: &str) -> bool {
    let clipboard = js_sys::Reflect::get(&window().navigator(), &JsValue::from_str("clipboard"));
    match clipboard.ok().and_then(|it| it.dyn_into::<web_sys::Clipboard>().ok()) {
        Some(clipboard) => JsFuture::from(clipboard.write_text(text)).await.is_ok() || copy_selected(text),
        None => copy_selected(text),
    }
}

fn copy_selected(text: &str) -> bool {
    select_and_copy(text).unwrap_or(false)
}

fn select_and_copy(text: &str) -> Result<bool, JsValue> {
    let document: HtmlDocument = document().unchecked_into();
    let body = document.body().ok_or(JsValue::NULL)?;
    let area: HtmlTextAreaElement = document.create_element("textarea")?.unchecked_into();
    area.set_value(text);
    area.set_class_name("off-screen");
    body.append_child(&area)?;
    area.select();
    let copied = document.exec_command("copy");
    area.remove();
    copied
}

/// Has the browser save bytes as a file. False when it does not let us.
pub(crate) fn save(name: &str, bytes: &[u8]) -> bool {
    offer(name, bytes).is_ok()
}

fn offer(name: &str, bytes: &[u8]) -> Result<(), JsValue> {
    let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(bytes));
    let address =
        web_sys::Url::create_object_url_with_blob(&web_sys::Blob::new_with_u8_array_sequence(&parts)?)?;
    let link: web_sys::HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    link.set_href(&address);
    link.set_download(name);
    link.click();
    web_sys::Url::revoke_object_url(&address)
}

/// Begins the page anew.
pub(crate) fn reload() {
    // It fails only for a page that is being left.
    let _ = window().location().reload();
}

/// This page by an encrypted connection to that port.
pub(crate) fn https_address(port: u16) -> String {
    let host = window().location().hostname().unwrap_or_default();
    format!("https://{host}:{port}{}", path())
}

/// The address's path.
pub(crate) fn path() -> String {
    window().location().pathname().unwrap_or_default()
}

/// Shows another address, without loading it.
pub(crate) fn move_to(path: &str) {
    if let Ok(history) = window().history() {
        // A browser refuses only after hundreds of moves within a second; the page is shown all the same.
        let _ = history.push_state_with_url(&JsValue::NULL, "", Some(path));
    }
}

/// Has `then` called whenever the operator goes back or forward.
pub(crate) fn on_moved(then: impl Fn() + 'static) {
    let told = Closure::<dyn Fn()>::new(then);
    // It fails for no window.
    let _ = window().add_event_listener_with_callback("popstate", told.as_ref().unchecked_ref());
    // As long as the page.
    told.forget();
}

/// Goes to the top of the page, with the keyboard's focus at the element of that id.
pub(crate) fn begin_at(id: &str) {
    window().scroll_to_with_x_and_y(0.0, 0.0);
    focus(id);
}

/// What this browser was told to remember under that name, if it may remember anything.
pub(crate) fn recall(name: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(name).ok()?
}

/// Has this browser remember something; no matter if it may not.
pub(crate) fn remember(name: &str, value: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(name, value);
    }
}

/// Whether the page is in sight: one that is not need not be kept fresh.
pub(crate) fn is_in_sight() -> bool {
    !document().hidden()
}

/// The path of the link within this box that was clicked, if one was.
pub(crate) fn link_followed(clicked: &web_sys::MouseEvent) -> Option<String> {
    let element = clicked.target()?.dyn_into::<web_sys::Element>().ok()?;
    let address = element.closest("a").ok()??.get_attribute("href")?;
    address.starts_with('/').then_some(address)
}
