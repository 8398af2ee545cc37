//! What the page knows: the channels, the box, and whether that is still true. Shared by all components.
//!
//! Only `feed` and the answers to the operator's own actions write it.

use crate::clock;
use leptos::prelude::*;
use wire::{Alarm, Audience, BoxStatus, Channel, ChannelAudience, ChannelList, ChannelState, UpdateStatus};

/// How the page stands with the box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// Asked, not answered yet.
    Connecting,
    /// What is shown is what is.
    Live,
    /// What is shown is what was.
    Lost,
}

/// An answer, and when it came by the browser's clock.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Heard<T> {
    /// The answer.
    pub(crate) said: T,
    /// Milliseconds since the epoch.
    pub(crate) at_ms: i64,
}

impl<T> Heard<T> {
    fn now(said: T) -> Self {
        Self { said, at_ms: clock::now_ms() }
    }

    /// Milliseconds from the answer to `now_ms`; never less than none, whatever the browser's clock does.
    pub(crate) fn age_ms(&self, now_ms: i64) -> i64 {
        (now_ms - self.at_ms).max(0)
    }

    /// Whole seconds of the same.
    pub(crate) fn age_secs(&self, now_ms: i64) -> u64 {
        self.age_ms(now_ms).unsigned_abs() / 1000
    }
}

/// What the page knows.
#[derive(Clone, Copy)]
pub(crate) struct Board {
    /// The channels; `None` until the box has answered once.
    pub(crate) channels: RwSignal<Option<Heard<Vec<Channel>>>>,
    /// What needs the operator.
    pub(crate) alarms: RwSignal<Vec<Alarm>>,
    /// The box itself; `None` likewise.
    pub(crate) box_status: RwSignal<Option<Heard<BoxStatus>>>,
    /// Who watches; empty until the box has told.
    pub(crate) audience: RwSignal<Audience>,
    /// How an update stands; `None` where none come by the browser.
    pub(crate) update: RwSignal<Option<UpdateStatus>>,
    /// Whether all of it is still true.
    pub(crate) link: RwSignal<Link>,
    /// The browser's time, renewed each second.
    pub(crate) now_ms: ReadSignal<i64>,
}

impl Board {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self {
            channels: RwSignal::new(None),
            alarms: RwSignal::new(Vec::new()),
            box_status: RwSignal::new(None),
            audience: RwSignal::new(Audience::default()),
            update: RwSignal::new(None),
            link: RwSignal::new(Link::Connecting),
            now_ms: clock::ticking_ms(),
        }
    }

    /// The one that the app has made for its components.
    pub(crate) fn here() -> Self {
        use_context().expect("App provides the board before it renders anything")
    }

    /// The box told all its channels.
    pub(crate) fn hear_channels(self, list: ChannelList) {
        self.channels.set(Some(Heard::now(list.channels)));
        if self.alarms.with_untracked(|alarms| *alarms != list.alarms) {
            self.alarms.set(list.alarms);
        }
    }

    /// The box told how it is.
    pub(crate) fn hear_box(self, status: BoxStatus) {
        self.box_status.set(Some(Heard::now(status)));
    }

    /// The box told one channel, in answer to an action; the event that follows says the same.
    pub(crate) fn hear_channel(self, channel: Channel) {
        self.channels.update(|heard| {
            if let Some(heard) = heard {
                put(&mut heard.said, channel);
            }
        });
    }

    /// The box said that it has removed one.
    pub(crate) fn hear_removed(self, slug: &str) {
        self.channels.update(|heard| {
            if let Some(heard) = heard {
                heard.said.retain(|channel| channel.slug != slug);
            }
        });
    }

    /// The names of all channels in addresses, in order.
    pub(crate) fn slugs(self) -> Memo<Vec<String>> {
        Memo::new(move |_| self.map(|channel| channel.slug.clone()))
    }

    /// A channel's name for people.
    pub(crate) fn name_of(self, slug: &str) -> String {
        let known = |heard: &Option<Heard<Vec<Channel>>>| Some(find(heard.as_ref()?, slug)?.said.name);
        self.channels.with_untracked(known).unwrap_or_else(|| slug.to_owned())
    }

    /// How many watch a channel.
    pub(crate) fn viewers_of(self, slug: &str) -> u32 {
        self.audience.with(|audience| of(audience, slug).map_or(0, |of| of.viewers))
    }

    /// How late its viewers are, and how late their players aim to be, in milliseconds; nothing while none tells.
    pub(crate) fn latency_of(self, slug: &str) -> Option<(u32, Option<u32>)> {
        self.audience.with(|audience| of(audience, slug).and_then(|of| Some((of.latency_ms?, of.target_ms))))
    }

    /// What all channels are doing.
    pub(crate) fn states(self) -> Memo<Vec<ChannelState>> {
        Memo::new(move |_| self.map(|channel| channel.state))
    }

    fn map<T>(self, of: impl Fn(&Channel) -> T) -> Vec<T> {
        self.channels
            .with(|heard| heard.as_ref().map(|heard| heard.said.iter().map(of).collect()))
            .unwrap_or_default()
    }

    /// One channel, as last heard of: the last word stays while its card is being taken away.
    pub(crate) fn channel(self, slug: String) -> Memo<Option<Heard<Channel>>> {
        Memo::new(move |last: Option<&Option<Heard<Channel>>>| {
            self.channels
                .with(|heard| heard.as_ref().and_then(|heard| find(heard, &slug)))
                .or_else(|| last.cloned()?)
        })
    }
}

fn of<'a>(audience: &'a Audience, slug: &str) -> Option<&'a ChannelAudience> {
    audience.channels.iter().find(|of| of.channel == slug)
}

fn find(heard: &Heard<Vec<Channel>>, slug: &str) -> Option<Heard<Channel>> {
    let channel = heard.said.iter().find(|channel| channel.slug == slug)?;
    Some(Heard { said: channel.clone(), at_ms: heard.at_ms })
}

/// Replaces the channel of that slug, or adds it; in the order of the box, which is by name.
fn put(channels: &mut Vec<Channel>, channel: Channel) {
    let key = |channel: &Channel| (channel.name.to_ascii_lowercase(), channel.slug.clone());
    channels.retain(|known| known.slug != channel.slug);
    let at = channels.partition_point(|known| key(known) < key(&channel));
    channels.insert(at, channel);
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn channel(slug: &str, restarts: u32) -> Channel {
        Channel {
            pass_through: false,
            encoder: "auto".into(),
            encoding: None,
            slug: slug.into(),
            name: slug.into(),
            source: wire::Source::Rtmp,
            latency: wire::Latency::Standard,
            dvr_secs: 0,
            dvr: None,
            sources: Vec::new(),
            failover: wire::Failover::default(),
            slate: wire::Slate::default(),
            slate_picture: None,
            ladder: Vec::new(),
            state: ChannelState::Live,
            stages: Vec::new(),
            detail: String::new(),
            publish_urls: Vec::new(),
            watch_url: format!("/watch/{slug}"),
            picture: None,
            restarts,
            uptime_secs: Some(1),
        }
    }

    #[test]
    fn a_told_channel_replaces_its_older_self_and_keeps_the_order() {
        let mut channels = vec![channel("a", 0), channel("c", 0)];
        put(&mut channels, channel("b", 0));
        put(&mut channels, channel("c", 7));
        put(&mut channels, Channel { name: "0".into(), ..channel("b", 0) });
        assert_eq!(channels[0].slug, "b", "another name, and so another place");
        put(&mut channels, channel("b", 0));
        let told: Vec<_> = channels.iter().map(|c| (c.slug.as_str(), c.restarts)).collect();
        assert_eq!(told, [("a", 0), ("b", 0), ("c", 7)]);
    }

    #[test]
    fn an_answer_is_never_from_the_future() {
        let heard = Heard { said: (), at_ms: 10_000 };
        assert_eq!((heard.age_secs(12_999), heard.age_secs(5_000)), (2, 0));
    }
}
