//! Begin, render, end: one picture encoded.

use crate::sys::*;
use crate::{FAILED, OK, driver, node};
use gpu_double::encoder::{Encoder, Wanted};
use gpu_double::fault::{self, Fate};
use std::ffi::c_int;

/// One encoder as libva's client sees it.
pub(crate) struct Context {
    /// Of the coded pictures, in whole macroblocks.
    size: (c_int, c_int),
    wanted: Wanted,
    surface: VASurfaceID,
    coded: VABufferID,
    is_idr: bool,
    encoder: Option<(Wanted, Encoder)>,
}

pub(crate) fn enter(table: &mut VADriverVTable) {
    table.vaCreateContext = Some(create);
    table.vaDestroyContext = Some(destroy);
    table.vaBeginPicture = Some(begin);
    table.vaRenderPicture = Some(render);
    table.vaEndPicture = Some(end);
}

unsafe extern "C" fn create(
    context: VADriverContextP,
    config: VAConfigID,
    width: c_int,
    height: c_int,
    _: c_int,
    _: *mut VASurfaceID,
    _: c_int,
    id: *mut VAContextID,
) -> VAStatus {
    let mut driver = driver(context);
    if !driver.configs.contains_key(&config) {
        return VA_STATUS_ERROR_INVALID_CONFIG as VAStatus;
    }
    if driver.contexts.len() >= fault::sessions_max(node::name()) {
        return VA_STATUS_ERROR_ALLOCATION_FAILED as VAStatus;
    }
    *id = driver.new_id();
    let wanted = Wanted { width, height, bitrate_kbps: 2000, rate: (30, 1), level: 0, repeat_sets: true };
    let new = Context { size: (width, height), wanted, surface: 0, coded: 0, is_idr: false, encoder: None };
    driver.contexts.insert(*id, new);
    OK
}

unsafe extern "C" fn destroy(context: VADriverContextP, id: VAContextID) -> VAStatus {
    driver(context).contexts.remove(&id);
    OK
}

unsafe extern "C" fn begin(context: VADriverContextP, id: VAContextID, surface: VASurfaceID) -> VAStatus {
    let mut driver = driver(context);
    let Some(context) = driver.contexts.get_mut(&id) else {
        return VA_STATUS_ERROR_INVALID_CONTEXT as VAStatus;
    };
    context.surface = surface;
    OK
}

unsafe extern "C" fn render(
    context: VADriverContextP,
    id: VAContextID,
    buffers: *mut VABufferID,
    count: c_int,
) -> VAStatus {
    let mut driver = driver(context);
    let driver = &mut *driver;
    let Some(context) = driver.contexts.get_mut(&id) else {
        return VA_STATUS_ERROR_INVALID_CONTEXT as VAStatus;
    };
    for id in std::slice::from_raw_parts(buffers, count as usize) {
        let Some(buffer) = driver.buffers.get(id) else { return VA_STATUS_ERROR_INVALID_BUFFER as VAStatus };
        context.heed(buffer.kind, &buffer.data);
    }
    OK
}

impl Context {
    /// Takes what matters to x264 from a parameter buffer; one too short for its kind is passed over.
    fn heed(&mut self, kind: VABufferType, data: &[u8]) {
        match kind {
            VAEncSequenceParameterBufferType => {
                let Some(sequence) = read::<VAEncSequenceParameterBufferH264>(data) else { return };
                self.ask_bitrate(sequence.bits_per_second);
                self.wanted.level = sequence.level_idc.into();
                if sequence.frame_cropping_flag != 0 {
                    // In units of two pixels, as 4:2:0 has them.
                    let (right, bottom) =
                        (sequence.frame_crop_right_offset, sequence.frame_crop_bottom_offset);
                    self.wanted.width = self.size.0 - 2 * right as i32;
                    self.wanted.height = self.size.1 - 2 * bottom as i32;
                }
            }
            VAEncPictureParameterBufferType => {
                let Some(picture) = read::<VAEncPictureParameterBufferH264>(data) else { return };
                self.coded = picture.coded_buf;
                // SAFETY: each view of the union is plain integers.
                self.is_idr = unsafe { picture.pic_fields.bits.idr_pic_flag() } != 0;
            }
            VAEncMiscParameterBufferType => self.heed_more(data),
            _ => (),
        }
    }

    fn heed_more(&mut self, data: &[u8]) {
        let Some(header) = read::<VAEncMiscParameterBuffer>(data) else { return };
        let data = &data[size_of::<VAEncMiscParameterBuffer>()..];
        match header.type_ {
            VAEncMiscParameterTypeRateControl => {
                let Some(rate) = read::<VAEncMiscParameterRateControl>(data) else { return };
                self.ask_bitrate(rate.bits_per_second);
            }
            VAEncMiscParameterTypeFrameRate => {
                let Some(rate) = read::<VAEncMiscParameterFrameRate>(data) else { return };
                self.wanted.rate = ((rate.framerate & 0xffff).max(1), (rate.framerate >> 16).max(1));
            }
            _ => (),
        }
    }

    fn ask_bitrate(&mut self, bits_per_second: u32) {
        if bits_per_second > 0 {
            self.wanted.bitrate_kbps = (bits_per_second / 1000) as i32;
        }
    }

    /// The encoder for what is asked for now.
    fn encoder(&mut self) -> Option<&mut Encoder> {
        if self.encoder.as_ref().is_none_or(|(open, _)| *open != self.wanted) {
            self.encoder = Encoder::open(self.wanted).map(|encoder| (self.wanted, encoder));
        }
        self.encoder.as_mut().map(|(_, encoder)| encoder)
    }
}

/// A copy of the structure at the front of `data`.
fn read<T>(data: &[u8]) -> Option<T> {
    // SAFETY: long enough, read without regard to alignment; libva's structures are plain integers.
    (data.len() >= size_of::<T>()).then(|| unsafe { data.as_ptr().cast::<T>().read_unaligned() })
}

unsafe extern "C" fn end(context: VADriverContextP, id: VAContextID) -> VAStatus {
    let fate = fault::of_next_picture(node::name());
    let mut driver = driver(context);
    let driver = &mut *driver;
    let Some(context) = driver.contexts.get_mut(&id) else {
        return VA_STATUS_ERROR_INVALID_CONTEXT as VAStatus;
    };
    let Some(surface) = driver.surfaces.get_mut(&context.surface) else {
        return VA_STATUS_ERROR_INVALID_SURFACE as VAStatus;
    };
    let is_idr = context.is_idr;
    let coded = match fate {
        Fate::Refused => None,
        Fate::Garbage => Some(vec![0xa5; 1000]),
        Fate::Encoded => context.encoder().and_then(|encoder| encoder.encode(surface.picture(), is_idr)),
    };
    let (Some(coded), Some(buffer)) = (coded, driver.buffers.get_mut(&context.coded)) else { return FAILED };
    buffer.data = coded;
    OK
}
