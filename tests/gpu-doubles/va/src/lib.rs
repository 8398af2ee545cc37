//! The driver's side of VA-API without a GPU: surfaces are memory, and x264 compresses what they hold. For tests.
//!
//! | module | what it is |
//! |---|---|
//! | `config` | what the device says it can do |
//! | `memory` | surfaces, buffers, images |
//! | `picture` | begin, render, end: one picture encoded |
//! | `node` | whose driver it is |
//!
//! Not here: x264 and faults (crate `gpu-double`); decoding, scaling on the device, subpictures.
#![expect(unsafe_code, reason = "a driver is C")]
#![expect(non_upper_case_globals, reason = "constants have libva's names")]
#![expect(
    unsafe_op_in_unsafe_fn,
    reason = "libva alone calls these, with pointers that are good for the call"
)]

mod absent;
mod config;
mod memory;
mod node;
mod picture;

#[allow(
    warnings,
    clippy::all,
    clippy::allow_attributes,
    reason = "made by bindgen: what it sets off differs by version"
)]
mod sys {
    include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
}

use std::collections::HashMap;
use std::ffi::{CStr, c_void};
use std::sync::{Mutex, MutexGuard, PoisonError};
use sys::{VADriverContextP, VAEntrypoint, VAImage, VAProfile, VAStatus};

const OK: VAStatus = sys::VA_STATUS_SUCCESS as VAStatus;
const FAILED: VAStatus = sys::VA_STATUS_ERROR_OPERATION_FAILED as VAStatus;
const VENDOR: &CStr = c"Forebay test double, x264 without a GPU";

/// All that the driver holds for one display.
#[derive(Default)]
struct Driver {
    newest_id: u32,
    configs: HashMap<u32, (VAProfile, VAEntrypoint)>,
    surfaces: HashMap<u32, memory::Surface>,
    contexts: HashMap<u32, picture::Context>,
    buffers: HashMap<u32, memory::Buffer>,
    images: HashMap<u32, VAImage>,
}

impl Driver {
    fn new_id(&mut self) -> u32 {
        self.newest_id += 1;
        self.newest_id
    }
}

/// The driver behind a call, locked.
unsafe fn driver<'a>(context: VADriverContextP) -> MutexGuard<'a, Driver> {
    let driver = &*(*context).pDriverData.cast::<Mutex<Driver>>();
    driver.lock().unwrap_or_else(PoisonError::into_inner)
}

unsafe extern "C" fn terminate(context: VADriverContextP) -> VAStatus {
    drop(Box::from_raw((*context).pDriverData.cast::<Mutex<Driver>>()));
    (*context).pDriverData = std::ptr::null_mut();
    OK
}

/// Found by libva under this name.
///
/// # Safety
/// libva's to call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __vaDriverInit_1_0(context: VADriverContextP) -> VAStatus {
    node::remember(context);
    let raw = &mut *context;
    (raw.version_major, raw.version_minor) = (1, 0);
    (raw.max_profiles, raw.max_entrypoints, raw.max_attributes) = (8, 4, 16);
    (raw.max_image_formats, raw.max_subpic_formats, raw.max_display_attributes) = (2, 1, 1);
    raw.str_vendor = VENDOR.as_ptr();
    raw.pDriverData = Box::into_raw(Box::<Mutex<Driver>>::default()).cast::<c_void>();
    let table = &mut *raw.vtable;
    table.vaTerminate = Some(terminate);
    config::enter(table);
    memory::enter(table);
    picture::enter(table);
    absent::enter(table);
    OK
}
