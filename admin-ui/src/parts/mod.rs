//! One file per component of a page.

pub(crate) mod alarms;
pub(crate) mod audit;
pub(crate) mod channel_actions;
pub(crate) mod channel_card;
pub(crate) mod configuration;
pub(crate) mod copy_button;
pub(crate) mod failover;
pub(crate) mod fault_line;
pub(crate) mod grants;
pub(crate) mod history;
pub(crate) mod new_channel;
pub(crate) mod notifications;
pub(crate) mod publish;
pub(crate) mod remove_dialog;
pub(crate) mod saving;
pub(crate) mod signal_path;
pub(crate) mod slate;
pub(crate) mod sources;
pub(crate) mod template_field;
pub(crate) mod tokens;
pub(crate) mod users;
