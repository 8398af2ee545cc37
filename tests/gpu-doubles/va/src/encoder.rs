//! x264 as the silicon: one access unit out for each picture in.

use crate::memory::Surface;
use crate::sys::*;
use std::ptr;

/// What libva's client has asked for so far.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) width: i32,
    pub(crate) height: i32,
    pub(crate) bitrate_kbps: i32,
    pub(crate) rate: (u32, u32),
    /// level_idc; 0 for whatever fits.
    pub(crate) level: i32,
}

/// An open encoder.
pub(crate) struct Encoder {
    raw: *mut x264_t,
    pictures: i64,
}

// SAFETY: x264 ties an encoder to no thread; the driver's lock lets one at a time use it.
unsafe impl Send for Encoder {}

impl Encoder {
    pub(crate) fn open(wanted: Wanted) -> Option<Self> {
        // SAFETY: x264 fills the parameters whole before they are read, and copies them.
        let raw = unsafe {
            let mut parameters = std::mem::zeroed::<x264_param_t>();
            x264_param_default_preset(&raw mut parameters, c"superfast".as_ptr(), c"zerolatency".as_ptr());
            (parameters.i_width, parameters.i_height) = (wanted.width, wanted.height);
            parameters.i_csp = X264_CSP_NV12 as i32;
            (parameters.i_fps_num, parameters.i_fps_den) = wanted.rate;
            (parameters.i_threads, parameters.i_bframe, parameters.b_vfr_input) = (1, 0, 0);
            parameters.i_scenecut_threshold = 0;
            parameters.i_keyint_max = X264_KEYINT_MAX_INFINITE as i32;
            (parameters.b_repeat_headers, parameters.b_annexb) = (1, 1);
            parameters.rc.i_rc_method = X264_RC_ABR as i32;
            parameters.rc.i_bitrate = wanted.bitrate_kbps;
            parameters.rc.i_vbv_max_bitrate = wanted.bitrate_kbps;
            parameters.rc.i_vbv_buffer_size = wanted.bitrate_kbps;
            if wanted.level > 0 {
                parameters.i_level_idc = wanted.level;
            }
            parameters.i_log_level = X264_LOG_NONE;
            x264_param_apply_profile(&raw mut parameters, c"high".as_ptr());
            x264_encoder_open(&raw mut parameters)
        };
        (!raw.is_null()).then_some(Self { raw, pictures: 0 })
    }

    /// In annex B, parameter sets before each IDR picture.
    pub(crate) fn encode(&mut self, surface: &mut Surface, is_idr: bool) -> Option<Vec<u8>> {
        let chroma = surface.chroma_offset();
        let pitch = surface.pitch as i32;
        // SAFETY: the planes lie within the surface, which outlives the call; x264's output is copied before the next.
        unsafe {
            let mut picture = std::mem::zeroed::<x264_picture_t>();
            x264_picture_init(&raw mut picture);
            picture.i_type = if is_idr { X264_TYPE_IDR } else { X264_TYPE_P } as i32;
            picture.i_pts = self.pictures;
            (picture.img.i_csp, picture.img.i_plane) = (X264_CSP_NV12 as i32, 2);
            let base = surface.data.as_mut_ptr();
            picture.img.plane[..2].copy_from_slice(&[base, base.add(chroma)]);
            picture.img.i_stride[..2].copy_from_slice(&[pitch, pitch]);
            let (mut nals, mut count) = (ptr::null_mut(), 0);
            let mut coded = std::mem::zeroed::<x264_picture_t>();
            let size = x264_encoder_encode(
                self.raw,
                &raw mut nals,
                &raw mut count,
                &raw mut picture,
                &raw mut coded,
            );
            self.pictures += 1;
            (size > 0).then(|| std::slice::from_raw_parts((*nals).p_payload, size as usize).to_vec())
        }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: opened above; closed once.
        unsafe { x264_encoder_close(self.raw) }
    }
}
