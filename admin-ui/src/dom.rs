//! The few things that the page asks of the document and the browser itself.

use leptos::prelude::{document, window};
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

/// Begins the page anew.
pub(crate) fn reload() {
    // It fails only for a page that is being left.
    let _ = window().location().reload();
}

/// This page by an encrypted connection to that port.
pub(crate) fn https_address(port: u16) -> String {
    let host = window().location().hostname().unwrap_or_default();
    format!("https://{host}:{port}/admin/")
}

/// Whether the `details` element that was opened or closed is open now.
pub(crate) fn is_open(toggled: &web_sys::Event) -> bool {
    let element = toggled.target().and_then(|it| it.dyn_into::<web_sys::Element>().ok());
    element.is_some_and(|element| element.has_attribute("open"))
}
