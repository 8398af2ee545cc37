//! libcuda: contexts, memory, copies. What libavutil looks for and nobody calls answers that it is not supported.

use crate::cards::{self, Card};
use gpu_double::fault;
use std::ffi::{c_char, c_int, c_uint, c_void};
use std::ptr;

type Status = c_int;
type Address = usize;

const OK: Status = 0;
const INVALID_VALUE: Status = 1;
const OUT_OF_MEMORY: Status = 2;
const NO_DEVICE: Status = 100;
const INVALID_DEVICE: Status = 101;
const NOT_SUPPORTED: Status = 801;
const UNKNOWN: Status = 999;

/// A context is the number of its device, so that the encode API can tell whose it is.
pub(crate) struct Context {
    pub(crate) card: &'static Card,
    number: c_int,
}

/// In front of each allocation, and as aligned as device memory is.
const HEAD: usize = 256;

#[unsafe(no_mangle)]
unsafe extern "C" fn cuInit(_: c_uint) -> Status {
    if cards::all().is_empty() { NO_DEVICE } else { OK }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetCount(count: *mut c_int) -> Status {
    *count = cards::all().len() as c_int;
    OK
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGet(device: *mut c_int, number: c_int) -> Status {
    *device = number;
    if cards::of_cuda(number).is_some() { OK } else { INVALID_DEVICE }
}

unsafe fn give(text: &str, to: *mut c_char, room: c_int) -> Status {
    if (text.len() as c_int) >= room {
        return INVALID_VALUE;
    }
    ptr::copy_nonoverlapping(text.as_ptr().cast(), to, text.len());
    *to.add(text.len()) = 0;
    OK
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetName(to: *mut c_char, room: c_int, device: c_int) -> Status {
    cards::of_cuda(device).map_or(INVALID_DEVICE, |card| give(&card.name, to, room))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetPCIBusId(to: *mut c_char, room: c_int, device: c_int) -> Status {
    cards::of_cuda(device).map_or(INVALID_DEVICE, |card| give(&card.place, to, room))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetAttribute(value: *mut c_int, attribute: c_int, _: c_int) -> Status {
    // Alignment of textures; compute capability 7.5.
    *value = match attribute {
        14 => 256,
        75 => 7,
        76 => 5,
        _ => 1,
    };
    OK
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceComputeCapability(major: *mut c_int, minor: *mut c_int, _: c_int) -> Status {
    (*major, *minor) = (7, 5);
    OK
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuCtxCreate_v2(context: *mut *mut c_void, _: c_uint, number: c_int) -> Status {
    match cards::of_cuda(number) {
        Some(card) if !fault::has_vanished(&card.place) => {
            *context = Box::into_raw(Box::new(Context { card, number })).cast();
            OK
        }
        Some(_) => UNKNOWN,
        None => INVALID_DEVICE,
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuCtxDestroy_v2(context: *mut c_void) -> Status {
    drop(Box::from_raw(context.cast::<Context>()));
    OK
}

thread_local! {
    static CURRENT: std::cell::RefCell<Vec<*mut c_void>> = const { std::cell::RefCell::new(Vec::new()) };
}

fn current() -> Option<&'static Context> {
    let context = CURRENT.with_borrow(|stack| stack.last().copied())?;
    // SAFETY: whoever pushed a context keeps it until it is popped.
    unsafe { context.cast::<Context>().as_ref() }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuCtxPushCurrent_v2(context: *mut c_void) -> Status {
    CURRENT.with_borrow_mut(|stack| stack.push(context));
    OK
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuCtxPopCurrent_v2(context: *mut *mut c_void) -> Status {
    let popped = CURRENT.with_borrow_mut(Vec::pop).unwrap_or(ptr::null_mut());
    if let Some(context) = context.as_mut() {
        *context = popped;
    }
    OK
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuCtxGetDevice(device: *mut c_int) -> Status {
    *device = current().map_or(0, |context| context.number);
    OK
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuCtxSetLimit(_: c_int, _: usize) -> Status {
    OK
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemAlloc_v2(address: *mut Address, size: usize) -> Status {
    let layout = std::alloc::Layout::from_size_align(size + HEAD, HEAD);
    let Ok(layout) = layout else { return OUT_OF_MEMORY };
    let whole = std::alloc::alloc(layout);
    if whole.is_null() {
        return OUT_OF_MEMORY;
    }
    whole.cast::<usize>().write(size);
    *address = whole.add(HEAD) as Address;
    OK
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemAllocPitch_v2(
    address: *mut Address,
    pitch: *mut usize,
    width: usize,
    lines: usize,
    _: c_uint,
) -> Status {
    *pitch = width.next_multiple_of(HEAD);
    cuMemAlloc_v2(address, *pitch * lines)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemAllocManaged(address: *mut Address, size: usize, _: c_uint) -> Status {
    cuMemAlloc_v2(address, size)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemFree_v2(address: Address) -> Status {
    let whole = (address as *mut u8).sub(HEAD);
    let size = whole.cast::<usize>().read();
    match std::alloc::Layout::from_size_align(size + HEAD, HEAD) {
        Ok(layout) => std::alloc::dealloc(whole, layout),
        Err(_) => return INVALID_VALUE,
    }
    OK
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemsetD8Async(address: Address, value: u8, count: usize, _: *mut c_void) -> Status {
    ptr::write_bytes(address as *mut u8, value, count);
    OK
}

/// `CUDA_MEMCPY2D`.
#[repr(C)]
struct Copy2D {
    from: Side,
    to: Side,
    width: usize,
    height: usize,
}

#[repr(C)]
struct Side {
    x: usize,
    y: usize,
    /// 1 on the host, 2 on the device.
    kind: c_int,
    host: *mut u8,
    device: Address,
    array: *mut c_void,
    pitch: usize,
}

impl Side {
    fn line(&self, number: usize) -> *mut u8 {
        let base = if self.kind == 1 { self.host } else { self.device as *mut u8 };
        base.wrapping_add((self.y + number) * self.pitch + self.x)
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemcpy2D_v2(copy: *const Copy2D) -> Status {
    if current().is_some_and(|context| fault::has_vanished(&context.card.place)) {
        return UNKNOWN;
    }
    let copy = &*copy;
    for number in 0..copy.height {
        ptr::copy(copy.from.line(number), copy.to.line(number), copy.width);
    }
    OK
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemcpy2DAsync_v2(copy: *const Copy2D, _: *mut c_void) -> Status {
    cuMemcpy2D_v2(copy)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuGetErrorName(status: Status, name: *mut *const c_char) -> Status {
    *name = match status {
        NO_DEVICE => c"CUDA_ERROR_NO_DEVICE",
        INVALID_DEVICE => c"CUDA_ERROR_INVALID_DEVICE",
        NOT_SUPPORTED => c"CUDA_ERROR_NOT_SUPPORTED",
        _ => c"CUDA_ERROR_UNKNOWN",
    }
    .as_ptr();
    OK
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuGetErrorString(status: Status, text: *mut *const c_char) -> Status {
    cuGetErrorName(status, text)
}

/// Streams and events: all is done when the call returns.
macro_rules! done {
    ($($name:ident)*) => { $(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name() -> Status {
            OK
        }
    )* };
}
done! { cuStreamQuery cuStreamSynchronize cuStreamDestroy_v2 cuEventDestroy_v2 cuEventSynchronize cuEventQuery cuEventRecord }

macro_rules! absent {
    ($($name:ident)*) => { $(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name() -> Status {
            NOT_SUPPORTED
        }
    )* };
}
absent! {
    cuMemcpy cuMemcpyAsync cuMemcpyHtoD_v2 cuMemcpyHtoDAsync_v2 cuMemcpyDtoH_v2 cuMemcpyDtoHAsync_v2 cuMemcpyDtoD_v2
    cuMemcpyDtoDAsync_v2 cuDevicePrimaryCtxRetain cuDevicePrimaryCtxRelease cuDevicePrimaryCtxSetFlags
    cuDevicePrimaryCtxGetState cuDevicePrimaryCtxReset cuStreamCreate cuStreamAddCallback cuEventCreate cuLaunchKernel
    cuLinkCreate cuLinkAddData cuLinkComplete cuLinkDestroy cuModuleLoadData cuModuleUnload cuModuleGetFunction
    cuModuleGetGlobal cuTexObjectCreate cuTexObjectDestroy cuGLGetDevices_v2 cuGraphicsGLRegisterImage
    cuGraphicsUnregisterResource cuGraphicsMapResources cuGraphicsUnmapResources cuGraphicsSubResourceGetMappedArray
    cuGraphicsResourceGetMappedPointer_v2 cuArray3DCreate_v2 cuArrayDestroy
}
