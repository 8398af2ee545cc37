//! Who works with the page, and what they may do: the box refuses the rest anyway, so it is not offered.

use leptos::prelude::{GetValue, StoredValue, use_context};
use wire::{Role, SessionState, User};

/// Whoever works with the page: as signed in, none where nobody has to.
#[derive(Clone, Copy)]
pub(crate) struct Me {
    user: StoredValue<Option<User>>,
    role: Role,
}

impl Me {
    /// As the box says.
    pub(crate) fn of(state: &SessionState) -> Self {
        let role = state.user.as_ref().map_or(Role::Administrator, |user| user.role);
        Self { user: StoredValue::new(state.user.clone()), role }
    }

    /// As the app has found out.
    pub(crate) fn here() -> Self {
        use_context().expect("App says who it is before it renders a page")
    }

    /// Name and role.
    pub(crate) fn user(self) -> Option<User> {
        self.user.get_value()
    }

    /// Channels may be changed.
    pub(crate) fn may_change(self) -> bool {
        self.role != Role::Viewer
    }

    /// The box itself may be changed, and what others did may be seen.
    pub(crate) fn may_manage(self) -> bool {
        self.role == Role::Administrator
    }
}
