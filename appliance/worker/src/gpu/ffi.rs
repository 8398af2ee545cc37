//! libva, fenced in: a display on a render node, and what may be asked of it. Constants are those of `va.h` 1.
#![expect(unsafe_code, reason = "libva is C")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::ptr::NonNull;

#[repr(C)]
struct ConfigAttribute {
    kind: c_int,
    value: u32,
}

type MessageCallback = extern "C" fn(*mut c_void, *const c_char);

// Linked by build.rs, through pkg-config.
unsafe extern "C" {
    fn vaGetDisplayDRM(descriptor: c_int) -> *mut c_void;
    fn vaSetErrorCallback(
        display: *mut c_void,
        to: Option<MessageCallback>,
        opaque: *mut c_void,
    ) -> *mut c_void;
    fn vaSetInfoCallback(
        display: *mut c_void,
        to: Option<MessageCallback>,
        opaque: *mut c_void,
    ) -> *mut c_void;
    fn vaInitialize(display: *mut c_void, major: *mut c_int, minor: *mut c_int) -> c_int;
    fn vaTerminate(display: *mut c_void) -> c_int;
    fn vaErrorStr(status: c_int) -> *const c_char;
    fn vaQueryVendorString(display: *mut c_void) -> *const c_char;
    fn vaMaxNumProfiles(display: *mut c_void) -> c_int;
    fn vaMaxNumEntrypoints(display: *mut c_void) -> c_int;
    fn vaQueryConfigProfiles(display: *mut c_void, list: *mut c_int, count: *mut c_int) -> c_int;
    fn vaQueryConfigEntrypoints(
        display: *mut c_void,
        profile: c_int,
        list: *mut c_int,
        count: *mut c_int,
    ) -> c_int;
    fn vaGetConfigAttributes(
        display: *mut c_void,
        profile: c_int,
        entrypoint: c_int,
        list: *mut ConfigAttribute,
        count: c_int,
    ) -> c_int;
}

const VA_STATUS_SUCCESS: c_int = 0;
const VA_ATTRIB_NOT_SUPPORTED: u32 = 0x8000_0000;

/// What libva said.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The file is no render node.
    #[error("libva takes it for no render node")]
    NoDisplay,
    /// A call failed.
    #[error("{doing}: {}", describe(*status))]
    Call {
        /// What was being done.
        doing: &'static str,
        /// As returned.
        status: c_int,
    },
}

fn check(doing: &'static str, status: c_int) -> Result<(), Error> {
    if status == VA_STATUS_SUCCESS { Ok(()) } else { Err(Error::Call { doing, status }) }
}

fn describe(status: c_int) -> String {
    // SAFETY: a static string for whatever number.
    unsafe { CStr::from_ptr(vaErrorStr(status)) }.to_string_lossy().into_owned()
}

/// An open driver.
pub(super) struct Display {
    raw: NonNull<c_void>,
    /// libva's as long as the display is.
    _node: File,
}

impl Display {
    /// Loads the driver of a render node. A driver may end the process, or never return.
    pub(super) fn open(node: File) -> Result<Self, Error> {
        // SAFETY: the descriptor is open for as long as the display; without a callback libva says nothing.
        let raw = unsafe {
            let raw = NonNull::new(vaGetDisplayDRM(node.as_raw_fd())).ok_or(Error::NoDisplay)?;
            vaSetErrorCallback(raw.as_ptr(), None, std::ptr::null_mut());
            vaSetInfoCallback(raw.as_ptr(), None, std::ptr::null_mut());
            raw
        };
        let display = Self { raw, _node: node };
        let (mut major, mut minor) = (0, 0);
        // SAFETY: the display is valid; both numbers are written before they are read.
        check("no driver could be loaded", unsafe {
            vaInitialize(display.raw.as_ptr(), &raw mut major, &raw mut minor)
        })?;
        Ok(display)
    }

    /// As the driver calls itself.
    pub(super) fn vendor(&self) -> String {
        // SAFETY: the display is initialised; the string is copied, and null is dealt with.
        unsafe {
            let vendor = vaQueryVendorString(self.raw.as_ptr());
            if vendor.is_null() {
                String::new()
            } else {
                CStr::from_ptr(vendor).to_string_lossy().into_owned()
            }
        }
    }

    /// Numbers of all profiles.
    pub(super) fn profiles(&self) -> Result<Vec<c_int>, Error> {
        // SAFETY: the list has room for as many as the driver announces.
        unsafe {
            let room = vaMaxNumProfiles(self.raw.as_ptr());
            list("list the profiles", room, |list, count| {
                vaQueryConfigProfiles(self.raw.as_ptr(), list, count)
            })
        }
    }

    /// Numbers of a profile's entry points.
    pub(super) fn entrypoints(&self, profile: c_int) -> Result<Vec<c_int>, Error> {
        // SAFETY: the list has room for as many as the driver announces.
        unsafe {
            let room = vaMaxNumEntrypoints(self.raw.as_ptr());
            list("list the entry points", room, |list, count| {
                vaQueryConfigEntrypoints(self.raw.as_ptr(), profile, list, count)
            })
        }
    }

    /// The values of these attributes; none for one that the driver does not know.
    pub(super) fn attributes<const N: usize>(
        &self,
        profile: c_int,
        entrypoint: c_int,
        kinds: [c_int; N],
    ) -> Result<[Option<u32>; N], Error> {
        let mut list = kinds.map(|kind| ConfigAttribute { kind, value: VA_ATTRIB_NOT_SUPPORTED });
        // SAFETY: the list is as long as said.
        check("ask for limits", unsafe {
            vaGetConfigAttributes(self.raw.as_ptr(), profile, entrypoint, list.as_mut_ptr(), N as c_int)
        })?;
        Ok(list.map(|each| Some(each.value).filter(|value| *value != VA_ATTRIB_NOT_SUPPORTED)))
    }
}

fn list(
    doing: &'static str,
    room: c_int,
    fill: impl FnOnce(*mut c_int, *mut c_int) -> c_int,
) -> Result<Vec<c_int>, Error> {
    let room = usize::try_from(room).unwrap_or(0);
    let (mut list, mut count) = (vec![0; room], 0);
    check(doing, fill(list.as_mut_ptr(), &raw mut count))?;
    list.truncate(usize::try_from(count).unwrap_or(0));
    Ok(list)
}

impl Drop for Display {
    fn drop(&mut self) {
        // SAFETY: made by vaGetDisplayDRM; ended once. Its answer changes nothing.
        unsafe { vaTerminate(self.raw.as_ptr()) };
    }
}
