//! A device by VA-API or CUDA, and pictures in its memory.

use super::{Error, Frame, check, sys};
use media::link::DeviceKind;
use std::ffi::{CString, c_int};
use std::ptr;
use std::ptr::NonNull;

/// One reference to something of libavutil's that is counted.
struct Reference(NonNull<sys::AVBufferRef>);

// SAFETY: the counters are atomic; what is behind them is used through calls that libavutil guards.
unsafe impl Send for Reference {}

impl Reference {
    fn share(&self) -> *mut sys::AVBufferRef {
        // SAFETY: a valid reference; null only when memory has run out, which whoever takes it reports.
        unsafe { sys::av_buffer_ref(self.0.as_ptr()) }
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        // SAFETY: owned here; given up once.
        unsafe { sys::av_buffer_unref(&mut self.0.as_ptr()) }
    }
}

/// Of pictures that lie there.
pub(super) const fn pixel_format(kind: DeviceKind) -> sys::AVPixelFormat {
    match kind {
        DeviceKind::VaApi => sys::AVPixelFormat::AV_PIX_FMT_VAAPI,
        DeviceKind::Nvenc => sys::AVPixelFormat::AV_PIX_FMT_CUDA,
    }
}

/// An open device. Its driver may end the process, or never return from a call.
pub(crate) struct Device(Reference, DeviceKind);

impl Device {
    /// Opens the device that has this render node, or for NVENC the one that CUDA gives this number.
    pub(crate) fn open(kind: DeviceKind, node: &str) -> Result<Self, Error> {
        let node = CString::new(node).map_err(|_| Error::Misuse("a device's name has no zeros"))?;
        let mut device = ptr::null_mut();
        let raw_kind = match kind {
            DeviceKind::VaApi => sys::AVHWDeviceType::AV_HWDEVICE_TYPE_VAAPI,
            DeviceKind::Nvenc => sys::AVHWDeviceType::AV_HWDEVICE_TYPE_CUDA,
        };
        // SAFETY: the reference is written before it is read, and only when the call succeeds.
        check("open the device", unsafe {
            sys::av_hwdevice_ctx_create(&raw mut device, raw_kind, node.as_ptr(), ptr::null_mut(), 0)
        })?;
        NonNull::new(device)
            .map(|device| Self(Reference(device), kind))
            .ok_or(Error::Misuse("no device was opened"))
    }

    /// By which interface it is used.
    pub(crate) const fn kind(&self) -> DeviceKind {
        self.1
    }

    /// Room on it for NV12 pictures of this size.
    pub(crate) fn pictures(&self, width: u32, height: u32) -> Result<DevicePictures, Error> {
        // SAFETY: the device is valid; null is dealt with.
        let raw = NonNull::new(unsafe { sys::av_hwframe_ctx_alloc(self.0.0.as_ptr()) });
        let pictures = Reference(raw.ok_or(Error::Misuse("no memory for a device's pictures"))?);
        // SAFETY: the data of such a reference is an AVHWFramesContext, which nobody else has yet.
        let context = unsafe { &mut *(*pictures.0.as_ptr()).data.cast::<sys::AVHWFramesContext>() };
        context.format = pixel_format(self.1);
        context.sw_format = sys::AVPixelFormat::AV_PIX_FMT_NV12;
        (context.width, context.height) = (width as c_int, height as c_int);
        // SAFETY: format and size are set.
        check("make room on the device", unsafe { sys::av_hwframe_ctx_init(pictures.0.as_ptr()) })?;
        Ok(DevicePictures(pictures))
    }
}

/// Room for pictures on a device.
pub(crate) struct DevicePictures(Reference);

impl DevicePictures {
    /// Copies an NV12 picture of the same size to the device.
    pub(crate) fn upload(&self, picture: &Frame) -> Result<Frame, Error> {
        let mut there = Frame::empty();
        // SAFETY: all three are valid; the new frame is empty.
        unsafe {
            let got = sys::av_hwframe_get_buffer(self.0.0.as_ptr(), there.as_mut_ptr(), 0);
            check("get a picture on the device", got)?;
            let sent = sys::av_hwframe_transfer_data(there.as_mut_ptr(), picture.as_ptr(), 0);
            check("send a picture to the device", sent)?;
        }
        Ok(there)
    }

    /// For an encoder's context, which gives it up.
    pub(super) fn share(&self) -> *mut sys::AVBufferRef {
        self.0.share()
    }
}
