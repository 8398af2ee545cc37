//! Surfaces, buffers and images: all of them memory, all pictures NV12.

use crate::sys::*;
use crate::{OK, driver};
use gpu_double::encoder::Picture;
use std::ffi::{c_int, c_void};
use std::ptr;

const BAD_SURFACE: VAStatus = VA_STATUS_ERROR_INVALID_SURFACE as VAStatus;
const BAD_BUFFER: VAStatus = VA_STATUS_ERROR_INVALID_BUFFER as VAStatus;
const BAD_IMAGE: VAStatus = VA_STATUS_ERROR_INVALID_IMAGE as VAStatus;

/// A picture.
pub(crate) struct Surface {
    width: usize,
    height: usize,
    pitch: usize,
    pub(crate) data: Vec<u8>,
}

impl Surface {
    fn new(width: usize, height: usize) -> Self {
        let (pitch, lines) = (width.next_multiple_of(64), height.next_multiple_of(16));
        Self { width, height, pitch, data: vec![0; pitch * lines * 3 / 2] }
    }

    /// Where the interleaved chroma begins.
    fn chroma_offset(&self) -> usize {
        self.pitch * self.height.next_multiple_of(16)
    }

    /// For the encoder.
    pub(crate) fn picture(&mut self) -> Picture {
        let (chroma, pitch) = (self.chroma_offset(), self.pitch);
        let luma = self.data.as_mut_ptr();
        Picture { luma, chroma: luma.wrapping_add(chroma), pitch }
    }

    fn image(&self, id: VAImageID, buffer: VABufferID) -> VAImage {
        let pitch = self.pitch as u32;
        VAImage {
            image_id: id,
            format: nv12(),
            buf: buffer,
            width: self.width as u16,
            height: self.height as u16,
            data_size: self.data.len() as u32,
            num_planes: 2,
            pitches: [pitch, pitch, 0],
            offsets: [0, self.chroma_offset() as u32, 0],
            // SAFETY: plain integers.
            ..unsafe { std::mem::zeroed() }
        }
    }
}

/// Parameters, coded bytes, or an image's picture.
pub(crate) struct Buffer {
    pub(crate) kind: VABufferType,
    pub(crate) data: Vec<u8>,
    /// Its bytes are this surface's.
    surface: Option<VASurfaceID>,
    /// What a mapped coded buffer shows.
    segment: Box<VACodedBufferSegment>,
}

// SAFETY: the segment's pointer is read by libva's client alone, while the buffer is mapped.
unsafe impl Send for Buffer {}

impl Buffer {
    fn new(kind: VABufferType, data: Vec<u8>, surface: Option<VASurfaceID>) -> Self {
        // SAFETY: plain integers and null pointers.
        Self { kind, data, surface, segment: Box::new(unsafe { std::mem::zeroed() }) }
    }
}

fn nv12() -> VAImageFormat {
    // SAFETY: plain integers.
    let zeros = unsafe { std::mem::zeroed() };
    VAImageFormat { fourcc: VA_FOURCC_NV12, byte_order: VA_LSB_FIRST, bits_per_pixel: 12, ..zeros }
}

pub(crate) fn enter(table: &mut VADriverVTable) {
    table.vaCreateSurfaces = Some(create_surfaces_1);
    table.vaCreateSurfaces2 = Some(create_surfaces);
    table.vaDestroySurfaces = Some(destroy_surfaces);
    table.vaSyncSurface = Some(sync);
    table.vaQuerySurfaceStatus = Some(status);
    table.vaCreateBuffer = Some(create_buffer);
    table.vaBufferSetNumElements = Some(set_count);
    table.vaMapBuffer = Some(map);
    table.vaUnmapBuffer = Some(unmap);
    table.vaDestroyBuffer = Some(destroy_buffer);
    table.vaQueryImageFormats = Some(image_formats);
    table.vaCreateImage = Some(create_image);
    table.vaDeriveImage = Some(derive_image);
    table.vaDestroyImage = Some(destroy_image);
    table.vaGetImage = Some(get_image);
    table.vaPutImage = Some(put_image);
}

unsafe extern "C" fn create_surfaces(
    context: VADriverContextP,
    _: u32,
    width: u32,
    height: u32,
    ids: *mut VASurfaceID,
    count: u32,
    _: *mut VASurfaceAttrib,
    _: u32,
) -> VAStatus {
    let mut driver = driver(context);
    for id in std::slice::from_raw_parts_mut(ids, count as usize) {
        *id = driver.new_id();
        driver.surfaces.insert(*id, Surface::new(width as usize, height as usize));
    }
    OK
}

unsafe extern "C" fn create_surfaces_1(
    context: VADriverContextP,
    width: c_int,
    height: c_int,
    format: c_int,
    count: c_int,
    ids: *mut VASurfaceID,
) -> VAStatus {
    let [width, height, format, count] = [width, height, format, count].map(|number| number as u32);
    create_surfaces(context, format, width, height, ids, count, ptr::null_mut(), 0)
}

unsafe extern "C" fn destroy_surfaces(
    context: VADriverContextP,
    ids: *mut VASurfaceID,
    count: c_int,
) -> VAStatus {
    let mut driver = driver(context);
    for id in std::slice::from_raw_parts(ids, count as usize) {
        driver.surfaces.remove(id);
    }
    OK
}

unsafe extern "C" fn sync(context: VADriverContextP, id: VASurfaceID) -> VAStatus {
    if driver(context).surfaces.contains_key(&id) { OK } else { BAD_SURFACE }
}

unsafe extern "C" fn status(_: VADriverContextP, _: VASurfaceID, status: *mut VASurfaceStatus) -> VAStatus {
    *status = VASurfaceReady;
    OK
}

unsafe extern "C" fn create_buffer(
    context: VADriverContextP,
    _: VAContextID,
    kind: VABufferType,
    size: u32,
    count: u32,
    content: *mut c_void,
    id: *mut VABufferID,
) -> VAStatus {
    let len = if kind == VAEncCodedBufferType { 0 } else { size as usize * count as usize };
    let mut data = vec![0; len];
    if !content.is_null() {
        data.copy_from_slice(std::slice::from_raw_parts(content.cast::<u8>(), len));
    }
    let mut driver = driver(context);
    *id = driver.new_id();
    driver.buffers.insert(*id, Buffer::new(kind, data, None));
    OK
}

unsafe extern "C" fn set_count(_: VADriverContextP, _: VABufferID, _: u32) -> VAStatus {
    OK
}

unsafe extern "C" fn map(context: VADriverContextP, id: VABufferID, at: *mut *mut c_void) -> VAStatus {
    let mut driver = driver(context);
    let driver = &mut *driver;
    let Some(buffer) = driver.buffers.get_mut(&id) else { return BAD_BUFFER };
    if let Some(surface) = buffer.surface {
        let Some(surface) = driver.surfaces.get_mut(&surface) else { return BAD_SURFACE };
        *at = surface.data.as_mut_ptr().cast();
    } else if buffer.kind == VAEncCodedBufferType {
        buffer.segment.size = buffer.data.len() as u32;
        buffer.segment.buf = buffer.data.as_mut_ptr().cast();
        *at = (&raw mut *buffer.segment).cast();
    } else {
        *at = buffer.data.as_mut_ptr().cast();
    }
    OK
}

unsafe extern "C" fn unmap(_: VADriverContextP, _: VABufferID) -> VAStatus {
    OK
}

unsafe extern "C" fn destroy_buffer(context: VADriverContextP, id: VABufferID) -> VAStatus {
    driver(context).buffers.remove(&id);
    OK
}

unsafe extern "C" fn image_formats(
    _: VADriverContextP,
    list: *mut VAImageFormat,
    count: *mut c_int,
) -> VAStatus {
    (*list, *count) = (nv12(), 1);
    OK
}

unsafe extern "C" fn create_image(
    context: VADriverContextP,
    _: *mut VAImageFormat,
    width: c_int,
    height: c_int,
    image: *mut VAImage,
) -> VAStatus {
    let mut driver = driver(context);
    let (id, buffer) = (driver.new_id(), driver.new_id());
    let picture = Surface::new(width as usize, height as usize);
    *image = picture.image(id, buffer);
    driver.buffers.insert(buffer, Buffer::new(VAImageBufferType, picture.data, None));
    driver.images.insert(id, *image);
    OK
}

unsafe extern "C" fn derive_image(
    context: VADriverContextP,
    surface: VASurfaceID,
    image: *mut VAImage,
) -> VAStatus {
    let mut driver = driver(context);
    let (id, buffer) = (driver.new_id(), driver.new_id());
    let Some(picture) = driver.surfaces.get(&surface) else { return BAD_SURFACE };
    *image = picture.image(id, buffer);
    driver.buffers.insert(buffer, Buffer::new(VAImageBufferType, Vec::new(), Some(surface)));
    driver.images.insert(id, *image);
    OK
}

unsafe extern "C" fn destroy_image(context: VADriverContextP, id: VAImageID) -> VAStatus {
    let mut driver = driver(context);
    if let Some(image) = driver.images.remove(&id) {
        driver.buffers.remove(&image.buf);
    }
    OK
}

/// Copies between a surface and an image of the same size, whole.
unsafe fn copy(
    context: VADriverContextP,
    surface: VASurfaceID,
    image: VAImageID,
    between: impl FnOnce(&mut [u8], &mut [u8]),
) -> VAStatus {
    let mut driver = driver(context);
    let driver = &mut *driver;
    let Some(image) = driver.images.get(&image) else { return BAD_IMAGE };
    let Some(surface) = driver.surfaces.get_mut(&surface) else { return BAD_SURFACE };
    let Some(buffer) = driver.buffers.get_mut(&image.buf) else { return BAD_BUFFER };
    let len = surface.data.len().min(buffer.data.len());
    between(&mut surface.data[..len], &mut buffer.data[..len]);
    OK
}

unsafe extern "C" fn get_image(
    context: VADriverContextP,
    surface: VASurfaceID,
    _: c_int,
    _: c_int,
    _: u32,
    _: u32,
    image: VAImageID,
) -> VAStatus {
    copy(context, surface, image, |surface, image| image.copy_from_slice(surface))
}

unsafe extern "C" fn put_image(
    context: VADriverContextP,
    surface: VASurfaceID,
    image: VAImageID,
    _: c_int,
    _: c_int,
    _: u32,
    _: u32,
    _: c_int,
    _: c_int,
    _: u32,
    _: u32,
) -> VAStatus {
    copy(context, surface, image, |surface, image| surface.copy_from_slice(image))
}
