//! Which channels exist for whoever calls: pure. For those who are limited the others do not: they are neither listed
//! nor refused, they are not there.

use std::collections::BTreeSet;

/// What somebody sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Every channel.
    All,
    /// These alone, by slug.
    Only(BTreeSet<String>),
}

impl Sight {
    /// Whether this channel exists.
    #[must_use]
    pub fn sees(&self, slug: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(slugs) => slugs.contains(slug),
        }
    }

    /// Whether something exists that is about this channel, or about the box as a whole.
    #[must_use]
    pub fn sees_of(&self, channel: Option<&str>) -> bool {
        channel.is_none_or(|slug| self.sees(slug))
    }

    /// What both see.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, other) | (other, Self::All) => other,
            (Self::Only(one), Self::Only(other)) => Self::Only(&one & &other),
        }
    }

    /// The slugs, where there is a limit.
    #[must_use]
    pub fn slugs(&self) -> Option<Vec<String>> {
        match self {
            Self::All => None,
            Self::Only(slugs) => Some(slugs.iter().cloned().collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_limits_are_the_narrower_one() {
        let only = |slugs: &[&str]| Sight::Only(slugs.iter().map(|&slug| slug.to_owned()).collect());
        assert_eq!(Sight::All.and(only(&["a"])), only(&["a"]));
        assert_eq!(only(&["a", "b"]).and(only(&["b", "c"])), only(&["b"]));
        assert_eq!(Sight::All.and(Sight::All), Sight::All);
        let a = only(&["a"]);
        assert!(a.sees("a") && !a.sees("b") && a.sees_of(None) && !a.sees_of(Some("b")));
        assert!(!only(&[]).sees("a"), "who has lost the last channel does not see all");
    }
}
