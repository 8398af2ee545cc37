//! What libva wants a driver to have, and this device has not.

use crate::OK;
use crate::sys::*;
use std::ffi::c_int;

const NOT_THERE: VAStatus = VA_STATUS_ERROR_UNIMPLEMENTED as VAStatus;

pub(crate) fn enter(table: &mut VADriverVTable) {
    table.vaSetImagePalette = Some(set_palette);
    table.vaQuerySubpictureFormats = Some(no_subpictures);
    table.vaCreateSubpicture = Some(create_subpicture);
    table.vaDestroySubpicture = Some(destroy_subpicture);
    table.vaSetSubpictureImage = Some(set_subpicture_image);
    table.vaSetSubpictureChromakey = Some(set_chromakey);
    table.vaSetSubpictureGlobalAlpha = Some(set_alpha);
    table.vaAssociateSubpicture = Some(associate);
    table.vaDeassociateSubpicture = Some(deassociate);
    table.vaQueryDisplayAttributes = Some(no_attributes);
    table.vaGetDisplayAttributes = Some(attributes);
    table.vaSetDisplayAttributes = Some(attributes);
}

unsafe extern "C" fn no_subpictures(
    _: VADriverContextP,
    _: *mut VAImageFormat,
    _: *mut u32,
    count: *mut u32,
) -> VAStatus {
    *count = 0;
    OK
}

unsafe extern "C" fn no_attributes(
    _: VADriverContextP,
    _: *mut VADisplayAttribute,
    count: *mut c_int,
) -> VAStatus {
    *count = 0;
    OK
}

unsafe extern "C" fn attributes(_: VADriverContextP, _: *mut VADisplayAttribute, _: c_int) -> VAStatus {
    OK
}

unsafe extern "C" fn set_palette(_: VADriverContextP, _: VAImageID, _: *mut u8) -> VAStatus {
    NOT_THERE
}

unsafe extern "C" fn create_subpicture(
    _: VADriverContextP,
    _: VAImageID,
    _: *mut VASubpictureID,
) -> VAStatus {
    NOT_THERE
}

unsafe extern "C" fn destroy_subpicture(_: VADriverContextP, _: VASubpictureID) -> VAStatus {
    NOT_THERE
}

unsafe extern "C" fn set_subpicture_image(_: VADriverContextP, _: VASubpictureID, _: VAImageID) -> VAStatus {
    NOT_THERE
}

unsafe extern "C" fn set_chromakey(
    _: VADriverContextP,
    _: VASubpictureID,
    _: u32,
    _: u32,
    _: u32,
) -> VAStatus {
    NOT_THERE
}

unsafe extern "C" fn set_alpha(_: VADriverContextP, _: VASubpictureID, _: f32) -> VAStatus {
    NOT_THERE
}

unsafe extern "C" fn associate(
    _: VADriverContextP,
    _: VASubpictureID,
    _: *mut VASurfaceID,
    _: c_int,
    _: i16,
    _: i16,
    _: u16,
    _: u16,
    _: i16,
    _: i16,
    _: u16,
    _: u16,
    _: u32,
) -> VAStatus {
    NOT_THERE
}

unsafe extern "C" fn deassociate(
    _: VADriverContextP,
    _: VASubpictureID,
    _: *mut VASurfaceID,
    _: c_int,
) -> VAStatus {
    NOT_THERE
}
