//! Which page is shown: the address in words, and the way from one to another without loading the page anew.
//!
//! The daemon answers every address below `/admin/` with this page, so each can be kept, sent and reloaded.

use crate::dom;
use leptos::ev::MouseEvent;
use leptos::prelude::*;

/// The pages' heading; it gets the focus when a page is opened, so that the keyboard goes on there.
pub(crate) const HEADING_ID: &str = "page-title";

const BASE: &str = "/admin/";

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// All channels.
    Overview,
    /// The channel of that slug.
    Channel(String),
    /// Who watches by what.
    Players,
    /// How the machine is.
    Devices,
    /// What needs the operator, and what did.
    Alarms,
    /// Who changed what.
    Audit,
    /// Users, certificates, about.
    Settings,
    /// The manual, open at the chapter of that name.
    Help(Option<String>),
    /// None of ours.
    Unknown,
}

impl Route {
    /// What an address asks for.
    pub(crate) fn of_path(path: &str) -> Self {
        let rest = path.strip_prefix(BASE).unwrap_or_default().trim_end_matches('/');
        let (first, second) =
            rest.split_once('/').map_or((rest, None), |(first, second)| (first, Some(second)));
        match (first, second) {
            ("", None) => Self::Overview,
            ("channels", Some(slug)) => Self::Channel(slug.to_owned()),
            ("players", None) => Self::Players,
            ("devices", None) => Self::Devices,
            ("alarms", None) => Self::Alarms,
            ("audit", None) => Self::Audit,
            ("settings", None) => Self::Settings,
            ("help", chapter) => Self::Help(chapter.map(str::to_owned)),
            _ => Self::Unknown,
        }
    }

    /// Its address.
    pub(crate) fn path(&self) -> String {
        let rest = match self {
            Self::Overview | Self::Unknown => String::new(),
            Self::Channel(slug) => format!("channels/{slug}"),
            Self::Players => "players".into(),
            Self::Devices => "devices".into(),
            Self::Alarms => "alarms".into(),
            Self::Audit => "audit".into(),
            Self::Settings => "settings".into(),
            Self::Help(None) => "help".into(),
            Self::Help(Some(chapter)) => format!("help/{chapter}"),
        };
        format!("{BASE}{rest}")
    }

    /// Whether the entry `entry` of the navigation is the one for this page.
    pub(crate) fn is_below(&self, entry: &Self) -> bool {
        match (self, entry) {
            (Self::Help(_), Self::Help(_)) | (Self::Channel(_), Self::Overview) => true,
            _ => self == entry,
        }
    }
}

/// Where we are, and the way elsewhere.
#[derive(Clone, Copy)]
pub(crate) struct Router {
    /// The page that is shown.
    pub(crate) at: RwSignal<Route>,
}

impl Router {
    /// One that follows the address, from now on.
    pub(crate) fn new() -> Self {
        let at = RwSignal::new(Route::of_path(&dom::path()));
        dom::on_moved(move || at.set(Route::of_path(&dom::path())));
        Self { at }
    }

    /// The one that the app has made.
    pub(crate) fn here() -> Self {
        use_context().expect("App provides the router before it renders anything")
    }

    /// Opens a page.
    pub(crate) fn go(self, to: Route) {
        dom::move_to(&to.path());
        self.at.set(to);
        // Once the new page is there.
        request_animation_frame(|| dom::begin_at(HEADING_ID));
    }
}

/// A link to a page.
#[component]
pub(crate) fn Go(to: Route, #[prop(optional)] class: &'static str, children: Children) -> impl IntoView {
    let router = Router::here();
    let address = to.path();
    let follow = move |event: MouseEvent| {
        // The others open tabs and windows.
        let plain = event.button() == 0
            && !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
        if plain {
            event.prevent_default();
            router.go(to.clone());
        }
    };
    view! { <a class=class href=address on:click=follow>{children()}</a> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_has_an_address_of_its_own() {
        let pages = [
            (Route::Overview, "/admin/"),
            (Route::Channel("main-hall".into()), "/admin/channels/main-hall"),
            (Route::Players, "/admin/players"),
            (Route::Devices, "/admin/devices"),
            (Route::Alarms, "/admin/alarms"),
            (Route::Audit, "/admin/audit"),
            (Route::Settings, "/admin/settings"),
            (Route::Help(None), "/admin/help"),
            (Route::Help(Some("tls".into())), "/admin/help/tls"),
        ];
        for (route, path) in pages {
            assert_eq!(route.path(), path);
            assert_eq!(Route::of_path(path), route);
        }
        assert_eq!(Route::of_path("/admin/alarms/"), Route::Alarms);
        assert_eq!(Route::of_path("/admin/nonsense"), Route::Unknown);
        assert_eq!(Route::of_path("/admin"), Route::Overview);
    }

    #[test]
    fn a_channel_is_below_the_overview() {
        assert!(Route::Channel("a".into()).is_below(&Route::Overview));
        assert!(Route::Help(Some("tls".into())).is_below(&Route::Help(None)));
        assert!(!Route::Alarms.is_below(&Route::Overview));
    }
}
