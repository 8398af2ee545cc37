//! How the roles stand to each other: pure. What each may is in the API's [table of calls](crate::api::calls).
//!
//! | | viewer | operator | administrator |
//! |---|---|---|---|
//! | see channels, alarms, history | yes | yes | yes |
//! | see stream keys; change channels; drills; dismiss alarms | | yes | yes |
//! | certificates, users, notifications, settings, configuration, audit log | | | yes |

use wire::{Role, Scope};

/// Whether somebody of this role may what that one may.
#[must_use]
pub const fn reaches(role: Role, least: Role) -> bool {
    rank(role) >= rank(least)
}

/// The lower of two.
#[must_use]
pub const fn lower(one: Role, other: Role) -> Role {
    if reaches(one, other) { other } else { one }
}

/// What a token of this scope may, as a role.
#[must_use]
pub const fn of_scope(scope: Scope) -> Role {
    match scope {
        Scope::Read => Role::Viewer,
        Scope::Operate => Role::Operator,
        Scope::Administer => Role::Administrator,
    }
}

const fn rank(role: Role) -> u8 {
    match role {
        Role::Viewer => 0,
        Role::Operator => 1,
        Role::Administrator => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_what_the_lower_ones_may() {
        use Role::{Administrator, Operator, Viewer};
        assert!(reaches(Administrator, Operator) && reaches(Operator, Viewer) && reaches(Viewer, Viewer));
        assert!(!reaches(Operator, Administrator) && !reaches(Viewer, Operator));
        assert_eq!((lower(Viewer, Operator), lower(Administrator, Operator)), (Viewer, Operator));
    }
}
