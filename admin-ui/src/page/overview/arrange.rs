//! Which channels are shown, and in which order: pure.

use wire::{Channel, ChannelState};

/// By what channels are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sort {
    /// Their names.
    #[default]
    Name,
    /// What they do, what needs the operator first.
    State,
    /// How many watch, most first.
    Viewers,
}

impl Sort {
    /// As they are offered.
    pub(super) const ALL: [Self; 3] = [Self::Name, Self::State, Self::Viewers];

    /// Its name in the form.
    pub(super) const fn value(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::State => "state",
            Self::Viewers => "viewers",
        }
    }
}

/// The slugs of those that are found, in order.
pub(super) fn arrange(
    channels: &[Channel],
    viewers: impl Fn(&str) -> u32,
    search: &str,
    sort: Sort,
) -> Vec<String> {
    let wanted = search.trim().to_lowercase();
    let is_wanted = |channel: &&Channel| {
        wanted.is_empty() || channel.name.to_lowercase().contains(&wanted) || channel.slug.contains(&wanted)
    };
    let mut found: Vec<&Channel> = channels.iter().filter(is_wanted).collect();
    // Stable: among equals the box's order stays, which is by name.
    match sort {
        Sort::Name => {}
        Sort::State => found.sort_by_key(|channel| urgency(channel.state)),
        Sort::Viewers => found.sort_by_key(|channel| std::cmp::Reverse(viewers(&channel.slug))),
    }
    found.into_iter().map(|channel| channel.slug.clone()).collect()
}

const fn urgency(state: ChannelState) -> u8 {
    match state {
        ChannelState::Parked => 0,
        ChannelState::Waiting => 1,
        ChannelState::Starting => 2,
        ChannelState::Live => 3,
        ChannelState::Stopped => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::tests::channel;

    #[test]
    fn channels_are_found_by_name_and_slug_and_sorted_by_what_matters() {
        let mut channels = ["arena", "hall", "yard"].map(|slug| channel(slug, 0));
        channels[0].name = "Große Arena".into();
        channels[2].state = ChannelState::Parked;
        let viewers = |slug: &str| if slug == "hall" { 7 } else { 0 };
        let found = |search, sort| arrange(&channels, viewers, search, sort).join(" ");
        assert_eq!(found("", Sort::Name), "arena hall yard");
        assert_eq!(found(" GROSSE", Sort::Name), "", "ß is not ss");
        assert_eq!(found("große", Sort::Name), "arena");
        assert_eq!(found("ar", Sort::State), "yard arena");
        assert_eq!(found("", Sort::Viewers), "hall arena yard");
    }
}
