//! libnvidia-encode: what a device says it can do.

use crate::sys::*;
use std::ffi::{c_int, c_void};

const OK: NVENCSTATUS = NV_ENC_SUCCESS;

/// nvEncodeAPI.h.
pub(crate) const H264: GUID = GUID {
    Data1: 0x6bc8_2762,
    Data2: 0x4e63,
    Data3: 0x4ca4,
    Data4: [0xaa, 0x85, 0x1e, 0x50, 0xf3, 0x21, 0xf6, 0xbf],
};
const HIGH: GUID = GUID {
    Data1: 0xe7cb_c309,
    Data2: 0x4f7a,
    Data3: 0x4b89,
    Data4: [0xaf, 0x2a, 0xd5, 0x37, 0xc9, 0x2b, 0xe3, 0x10],
};

/// Bits of `NV_ENC_PARAMS_RC_MODE`: VBR and CBR.
const RATE_CONTROLS: c_int = 3;
const SIDE_MAX: c_int = 4096;

pub(crate) fn enter(list: &mut NV_ENCODE_API_FUNCTION_LIST) {
    list.nvEncGetEncodeGUIDCount = Some(count);
    list.nvEncGetEncodeGUIDs = Some(codecs);
    list.nvEncGetEncodeCaps = Some(capability);
    list.nvEncGetEncodePresetCount = Some(preset_count);
    list.nvEncGetEncodePresetGUIDs = Some(presets);
    list.nvEncGetEncodePresetConfig = Some(preset_of_old);
    list.nvEncGetEncodePresetConfigEx = Some(preset);
}

unsafe extern "C" fn count(_: *mut c_void, count: *mut u32) -> NVENCSTATUS {
    *count = 1;
    OK
}

unsafe extern "C" fn codecs(_: *mut c_void, list: *mut GUID, room: u32, count: *mut u32) -> NVENCSTATUS {
    if room < 1 {
        return NV_ENC_ERR_INVALID_PARAM;
    }
    (*list, *count) = (H264, 1);
    OK
}

unsafe extern "C" fn capability(
    _: *mut c_void,
    _: GUID,
    asked: *mut NV_ENC_CAPS_PARAM,
    value: *mut c_int,
) -> NVENCSTATUS {
    *value = match (*asked).capsToQuery {
        NV_ENC_CAPS_SUPPORTED_RATECONTROL_MODES => RATE_CONTROLS,
        NV_ENC_CAPS_WIDTH_MAX | NV_ENC_CAPS_HEIGHT_MAX => SIDE_MAX,
        NV_ENC_CAPS_NUM_MAX_BFRAMES
        | NV_ENC_CAPS_SUPPORT_FIELD_ENCODING
        | NV_ENC_CAPS_SUPPORT_10BIT_ENCODE
        | NV_ENC_CAPS_SUPPORT_LOOKAHEAD => 0,
        _ => 1,
    };
    OK
}

unsafe extern "C" fn preset_count(_: *mut c_void, _: GUID, count: *mut u32) -> NVENCSTATUS {
    *count = 0;
    OK
}

unsafe extern "C" fn presets(_: *mut c_void, _: GUID, _: *mut GUID, _: u32, count: *mut u32) -> NVENCSTATUS {
    *count = 0;
    OK
}

unsafe extern "C" fn preset_of_old(
    session: *mut c_void,
    codec: GUID,
    preset_guid: GUID,
    config: *mut NV_ENC_PRESET_CONFIG,
) -> NVENCSTATUS {
    preset(session, codec, preset_guid, 0, config)
}

/// Two megabits, a second, no B-frames, whatever the preset.
unsafe extern "C" fn preset(
    _: *mut c_void,
    _: GUID,
    _: GUID,
    _: NV_ENC_TUNING_INFO,
    config: *mut NV_ENC_PRESET_CONFIG,
) -> NVENCSTATUS {
    let config = &mut (*config).presetCfg;
    (config.gopLength, config.frameIntervalP, config.profileGUID) = (30, 1, HIGH);
    config.rcParams.averageBitRate = 2_000_000;
    OK
}
