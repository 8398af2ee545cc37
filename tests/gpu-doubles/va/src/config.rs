//! What the device says it can do: H.264 in 8 bits, up to 4096x4096, CBR, VBR and CQP.

use crate::sys::*;
use crate::{OK, driver};
use std::ffi::c_int;

const PROFILES: [VAProfile; 3] = [VAProfileH264ConstrainedBaseline, VAProfileH264Main, VAProfileH264High];
const SIDE_PIXELS_MAX: u32 = 4096;

pub(crate) fn enter(table: &mut VADriverVTable) {
    table.vaQueryConfigProfiles = Some(profiles);
    table.vaQueryConfigEntrypoints = Some(entrypoints);
    table.vaGetConfigAttributes = Some(attributes);
    table.vaQueryConfigAttributes = Some(query);
    table.vaCreateConfig = Some(create);
    table.vaDestroyConfig = Some(destroy);
    table.vaQuerySurfaceAttributes = Some(surface_attributes);
}

unsafe extern "C" fn profiles(_: VADriverContextP, list: *mut VAProfile, count: *mut c_int) -> VAStatus {
    list.copy_from_nonoverlapping(PROFILES.as_ptr(), PROFILES.len());
    *count = PROFILES.len() as c_int;
    OK
}

unsafe extern "C" fn entrypoints(
    _: VADriverContextP,
    profile: VAProfile,
    list: *mut VAEntrypoint,
    count: *mut c_int,
) -> VAStatus {
    if !PROFILES.contains(&profile) {
        return VA_STATUS_ERROR_UNSUPPORTED_PROFILE as VAStatus;
    }
    (*list, *count) = (VAEntrypointEncSlice, 1);
    OK
}

fn value(of: VAConfigAttribType) -> u32 {
    match of {
        VAConfigAttribRTFormat => VA_RT_FORMAT_YUV420,
        VAConfigAttribRateControl => VA_RC_CBR | VA_RC_VBR | VA_RC_CQP,
        VAConfigAttribEncMaxRefFrames | VAConfigAttribEncMaxSlices => 1,
        VAConfigAttribMaxPictureWidth | VAConfigAttribMaxPictureHeight => SIDE_PIXELS_MAX,
        // No packed headers among them: x264 writes its own.
        _ => VA_ATTRIB_NOT_SUPPORTED,
    }
}

unsafe extern "C" fn attributes(
    _: VADriverContextP,
    _: VAProfile,
    _: VAEntrypoint,
    list: *mut VAConfigAttrib,
    count: c_int,
) -> VAStatus {
    for attribute in std::slice::from_raw_parts_mut(list, count as usize) {
        attribute.value = value(attribute.type_);
    }
    OK
}

unsafe extern "C" fn query(
    context: VADriverContextP,
    id: VAConfigID,
    profile: *mut VAProfile,
    entrypoint: *mut VAEntrypoint,
    list: *mut VAConfigAttrib,
    count: *mut c_int,
) -> VAStatus {
    let driver = driver(context);
    let Some(config) = driver.configs.get(&id) else { return VA_STATUS_ERROR_INVALID_CONFIG as VAStatus };
    (*profile, *entrypoint) = *config;
    *list = VAConfigAttrib { type_: VAConfigAttribRTFormat, value: VA_RT_FORMAT_YUV420 };
    *count = 1;
    OK
}

unsafe extern "C" fn create(
    context: VADriverContextP,
    profile: VAProfile,
    entrypoint: VAEntrypoint,
    _: *mut VAConfigAttrib,
    _: c_int,
    id: *mut VAConfigID,
) -> VAStatus {
    if !PROFILES.contains(&profile) {
        return VA_STATUS_ERROR_UNSUPPORTED_PROFILE as VAStatus;
    }
    if entrypoint != VAEntrypointEncSlice {
        return VA_STATUS_ERROR_UNSUPPORTED_ENTRYPOINT as VAStatus;
    }
    let mut driver = driver(context);
    *id = driver.new_id();
    driver.configs.insert(*id, (profile, entrypoint));
    OK
}

unsafe extern "C" fn destroy(context: VADriverContextP, id: VAConfigID) -> VAStatus {
    driver(context).configs.remove(&id);
    OK
}

unsafe extern "C" fn surface_attributes(
    _: VADriverContextP,
    _: VAConfigID,
    list: *mut VASurfaceAttrib,
    count: *mut u32,
) -> VAStatus {
    let all = [
        (VASurfaceAttribPixelFormat, VA_FOURCC_NV12),
        (VASurfaceAttribMinWidth, 16),
        (VASurfaceAttribMinHeight, 16),
        (VASurfaceAttribMaxWidth, SIDE_PIXELS_MAX),
        (VASurfaceAttribMaxHeight, SIDE_PIXELS_MAX),
    ];
    *count = all.len() as u32;
    // libva asks for the count alone first.
    if !list.is_null() {
        for (index, (kind, value)) in all.into_iter().enumerate() {
            let attribute = &mut *list.add(index);
            attribute.type_ = kind;
            attribute.flags = VA_SURFACE_ATTRIB_GETTABLE | VA_SURFACE_ATTRIB_SETTABLE;
            attribute.value.type_ = VAGenericValueTypeInteger;
            attribute.value.value.i = value as c_int;
        }
    }
    OK
}
