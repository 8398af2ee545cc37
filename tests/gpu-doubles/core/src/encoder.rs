//! x264 as the silicon: one access unit out for each picture in.

use crate::sys::*;
use std::ptr;

/// What the driver's client has asked for so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Pixels across.
    pub width: i32,
    /// Pixels down.
    pub height: i32,
    /// Over any second.
    pub bitrate_kbps: i32,
    /// Pictures by seconds.
    pub rate: (u32, u32),
    /// level_idc; 0 for whatever fits.
    pub level: i32,
    /// Parameter sets before each IDR picture.
    pub repeat_sets: bool,
}

/// A picture in NV12.
#[derive(Clone, Copy, Debug)]
pub struct Picture {
    /// The first line of luma.
    pub luma: *mut u8,
    /// The first line of both kinds of chroma.
    pub chroma: *mut u8,
    /// Bytes from one line to the next.
    pub pitch: usize,
}

/// An open encoder.
#[derive(Debug)]
pub struct Encoder {
    raw: *mut x264_t,
    pictures: i64,
}

// SAFETY: x264 ties an encoder to no thread; `&mut self` lets one at a time use it.
unsafe impl Send for Encoder {}

impl Encoder {
    /// None where x264 refuses.
    #[must_use]
    pub fn open(wanted: Wanted) -> Option<Self> {
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
            (parameters.b_repeat_headers, parameters.b_annexb) = (wanted.repeat_sets.into(), 1);
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

    /// Sequence and picture parameter sets in annex B.
    #[must_use]
    pub fn parameter_sets(&self) -> Vec<u8> {
        let (mut nals, mut count) = (ptr::null_mut(), 0);
        // SAFETY: the units are x264's until the next call, and copied before.
        unsafe {
            if x264_encoder_headers(self.raw, &raw mut nals, &raw mut count) < 0 {
                return Vec::new();
            }
            let nals = std::slice::from_raw_parts(nals, count as usize);
            let sets = nals.iter().filter(|nal| [NAL_SPS as i32, NAL_PPS as i32].contains(&nal.i_type));
            sets.flat_map(|nal| std::slice::from_raw_parts(nal.p_payload, nal.i_payload as usize))
                .copied()
                .collect()
        }
    }

    /// In annex B.
    ///
    /// # Safety
    /// The picture is of the size that was asked for.
    pub unsafe fn encode(&mut self, of: Picture, is_idr: bool) -> Option<Vec<u8>> {
        let pitch = of.pitch as i32;
        // SAFETY: the planes are as large as the caller says; x264's output is copied before the next call.
        unsafe {
            let mut picture = std::mem::zeroed::<x264_picture_t>();
            x264_picture_init(&raw mut picture);
            picture.i_type = if is_idr { X264_TYPE_IDR } else { X264_TYPE_P } as i32;
            picture.i_pts = self.pictures;
            (picture.img.i_csp, picture.img.i_plane) = (X264_CSP_NV12 as i32, 2);
            picture.img.plane[..2].copy_from_slice(&[of.luma, of.chroma]);
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
