//! Which render node this process has opened: faults are for devices by name.

use crate::sys::VADriverContextP;
use std::ffi::c_int;
use std::sync::OnceLock;

static NODE: OnceLock<String> = OnceLock::new();

/// Finds out which node a display is on.
pub(crate) unsafe fn remember(context: VADriverContextP) {
    // va_drmcommon.h: the state begins with the descriptor.
    let state = (*context).drm_state.cast::<c_int>();
    if !state.is_null() {
        let path = std::fs::read_link(format!("/proc/self/fd/{}", *state));
        let name = path.ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
        NODE.get_or_init(|| name.unwrap_or_default());
    }
}

/// Its file's name.
pub(crate) fn name() -> &'static str {
    NODE.get().map_or("", String::as_str)
}
