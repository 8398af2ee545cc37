//! libcuda and libnvidia-encode, fenced in: which number CUDA gives a device, and what the encode API says of one. Both
//! come with the driver, so they are looked for at run time. Numbers are those of `cuda.h` and of `nvEncodeAPI.h` 11.1,
//! which drivers from 470 on speak.
#![expect(unsafe_code, reason = "NVIDIA's driver is C")]

use libloading::{Library, Symbol};
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::ptr;

type Call = c_int;

const API_VERSION: u32 = 11 | 1 << 24;
const DEVICE_TYPE_CUDA: c_uint = 1;
/// Places of functions in `NV_ENCODE_API_FUNCTION_LIST`, and how many it has room for.
const GET_CODEC_COUNT: usize = 1;
const GET_CODECS: usize = 4;
const GET_CAPABILITY: usize = 7;
const DESTROY: usize = 27;
const OPEN: usize = 29;
const FUNCTIONS: usize = 318;
/// `NV_ENC_ERR_UNIMPLEMENTED`.
const NOT_IMPLEMENTED: c_int = 24;
/// More codecs than NVIDIA has in all.
const CODECS_MAX: u32 = 16;
/// `domain:bus:device.function`, and room to spare.
const PLACE_BYTES: usize = 32;

/// `NVENCAPI_STRUCT_VERSION`.
const fn version(of: u32) -> u32 {
    API_VERSION | of << 16 | 7 << 28
}

/// What NVIDIA's driver said.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A part of the driver is not there.
    #[error("{0} cannot be loaded: {1}")]
    Missing(&'static str, #[source] libloading::Error),
    /// A call of CUDA's failed.
    #[error("{0}: CUDA error {1}")]
    Cuda(&'static str, c_int),
    /// A call of the encode API's failed.
    #[error("{doing}: {}", encode_error(*status))]
    Encode {
        /// What was being done.
        doing: &'static str,
        /// As returned.
        status: c_int,
    },
    /// There is none at this place.
    #[error("CUDA has no device at {0}")]
    NoDevice(String),
}

/// `NVENCSTATUS`.
fn encode_error(status: c_int) -> String {
    match status {
        2 => "the device does not encode (NV_ENC_ERR_UNSUPPORTED_DEVICE)".into(),
        10 => "no session is left, or no memory (NV_ENC_ERR_OUT_OF_MEMORY)".into(),
        15 => "the driver is older than 470 (NV_ENC_ERR_INVALID_VERSION)".into(),
        21 => "more sessions than the device allows (NV_ENC_ERR_INCOMPATIBLE_CLIENT_KEY)".into(),
        other => format!("NVENC error {other}"),
    }
}

fn cuda(doing: &'static str, status: Call) -> Result<(), Error> {
    if status == 0 { Ok(()) } else { Err(Error::Cuda(doing, status)) }
}

fn encode(doing: &'static str, status: Call) -> Result<(), Error> {
    if status == 0 { Ok(()) } else { Err(Error::Encode { doing, status }) }
}

/// libcuda, initialised.
struct Cuda(Library);

impl Cuda {
    fn load() -> Result<Self, Error> {
        let missing = |error| Error::Missing("libcuda.so.1", error);
        // SAFETY: the driver's own library, whose initialisers are meant for this.
        let cuda = Self(unsafe { Library::new("libcuda.so.1") }.map_err(missing)?);
        // SAFETY: signature as in cuda.h.
        let status = unsafe { cuda.symbol::<unsafe extern "C" fn(c_uint) -> Call>(b"cuInit")?(0) };
        self::cuda("start CUDA", status).map(|()| cuda)
    }

    /// # Safety
    /// `T` is the function's type.
    unsafe fn symbol<T>(&self, name: &[u8]) -> Result<Symbol<'_, T>, Error> {
        // SAFETY: as the caller says.
        unsafe { self.0.get(name) }.map_err(|error| Error::Missing("libcuda.so.1", error))
    }

    fn place(&self, device: c_int) -> Result<String, Error> {
        let mut text = [0 as c_char; PLACE_BYTES];
        // SAFETY: signature as in cuda.h; the text has the room that is told, and is ended with a zero.
        unsafe {
            let ask = self
                .symbol::<unsafe extern "C" fn(*mut c_char, c_int, c_int) -> Call>(b"cuDeviceGetPCIBusId")?;
            cuda("ask where a device is", ask(text.as_mut_ptr(), PLACE_BYTES as c_int, device))?;
            Ok(CStr::from_ptr(text.as_ptr()).to_string_lossy().to_ascii_lowercase())
        }
    }

    /// Number and handle of the device at this place on the bus.
    fn find(&self, place: &str) -> Result<(c_int, c_int), Error> {
        let mut count = 0;
        // SAFETY: signatures as in cuda.h; what is written is read when the call has succeeded.
        let (counted, get) = unsafe {
            let counted =
                self.symbol::<unsafe extern "C" fn(*mut c_int) -> Call>(b"cuDeviceGetCount")?(&raw mut count);
            (counted, self.symbol::<unsafe extern "C" fn(*mut c_int, c_int) -> Call>(b"cuDeviceGet")?)
        };
        cuda("count devices", counted)?;
        for number in 0..count {
            let mut device = 0;
            // SAFETY: as above.
            cuda("open a device", unsafe { get(&raw mut device, number) })?;
            if self.place(device)? == place {
                return Ok((number, device));
            }
        }
        Err(Error::NoDevice(place.into()))
    }
}

/// The number that CUDA gives the device at a place on the bus, such as `0000:41:00.0`. It is not NVML's, and changes.
pub(crate) fn cuda_number(place: &str) -> Result<c_int, Error> {
    Cuda::load()?.find(place).map(|(number, _)| number)
}

/// `GUID`, as it lies in memory.
pub(super) type Guid = (u32, u16, u16, [u8; 8]);

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct RawGuid {
    first: u32,
    second: u16,
    third: u16,
    rest: [u8; 8],
}

#[repr(C)]
struct FunctionList {
    version: u32,
    reserved: u32,
    functions: [*const c_void; FUNCTIONS],
}

/// `NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS`.
#[repr(C)]
struct OpenSession {
    version: u32,
    device_type: c_uint,
    device: *mut c_void,
    reserved: *mut c_void,
    api_version: u32,
    reserved_words: [u32; 253],
    reserved_pointers: [*mut c_void; 64],
}

/// `NV_ENC_CAPS_PARAM`.
#[repr(C)]
struct Capability {
    version: u32,
    asked: c_uint,
    reserved: [u32; 62],
}

/// An encode session, by which the device is asked. It takes one of the device's sessions, and a context of CUDA's.
pub(super) struct Session {
    list: Box<FunctionList>,
    session: *mut c_void,
    context: *mut c_void,
    cuda: Cuda,
    /// Holds the code of the functions.
    _encode: Library,
}

impl Session {
    /// On the device at this place on the bus.
    pub(super) fn open(place: &str) -> Result<Self, Error> {
        let cuda = Cuda::load()?;
        let (_, device) = cuda.find(place)?;
        let missing = |error| Error::Missing("libnvidia-encode.so.1", error);
        // SAFETY: the driver's own library, whose initialisers are meant for this.
        let library = unsafe { Library::new("libnvidia-encode.so.1") }.map_err(missing)?;
        let functions = [ptr::null(); FUNCTIONS];
        let mut list = Box::new(FunctionList { version: version(2), reserved: 0, functions });
        // SAFETY: signature as in nvEncodeAPI.h; the list is as large as there.
        unsafe {
            let make = library
                .get::<unsafe extern "C" fn(*mut FunctionList) -> Call>(b"NvEncodeAPICreateInstance")
                .map_err(missing)?;
            encode("load the encode API", make(&raw mut *list))?;
        }
        let mut context = ptr::null_mut();
        // SAFETY: signature as in cuda.h; written before it is read.
        unsafe {
            let create = cuda
                .symbol::<unsafe extern "C" fn(*mut *mut c_void, c_uint, c_int) -> Call>(b"cuCtxCreate_v2")?;
            self::cuda("make room on the device", create(&raw mut context, 0, device))?;
        }
        let mut opened = Self { list, session: ptr::null_mut(), context, cuda, _encode: library };
        opened.begin().map(|()| opened)
    }

    fn begin(&mut self) -> Result<(), Error> {
        let mut wanted = OpenSession {
            version: version(1),
            device_type: DEVICE_TYPE_CUDA,
            device: self.context,
            reserved: ptr::null_mut(),
            api_version: API_VERSION,
            reserved_words: [0; 253],
            reserved_pointers: [ptr::null_mut(); 64],
        };
        type Open = unsafe extern "C" fn(*mut OpenSession, *mut *mut c_void) -> Call;
        // SAFETY: the function of that place has this signature; the session is written when the call succeeds.
        let status = unsafe { self.function::<Open>(OPEN)?(&raw mut wanted, &raw mut self.session) };
        encode("open an encode session", status)
    }

    /// # Safety
    /// `T` is the type of the function at that place in the list.
    unsafe fn function<T: Copy>(&self, place: usize) -> Result<T, Error> {
        const { assert!(size_of::<T>() == size_of::<*const c_void>(), "a function's address") };
        let address = self.list.functions[place];
        if address.is_null() {
            return Err(Error::Encode { doing: "use the driver", status: NOT_IMPLEMENTED });
        }
        // SAFETY: as the caller says; not null.
        Ok(unsafe { std::mem::transmute_copy(&address) })
    }

    /// All that it encodes.
    pub(super) fn codecs(&self) -> Result<Vec<Guid>, Error> {
        type Count = unsafe extern "C" fn(*mut c_void, *mut u32) -> Call;
        type List = unsafe extern "C" fn(*mut c_void, *mut RawGuid, u32, *mut u32) -> Call;
        let (mut count, mut list) = (0, [RawGuid::default(); CODECS_MAX as usize]);
        // SAFETY: the functions of those places have these signatures; the list has the room that is told.
        unsafe {
            encode("count codecs", self.function::<Count>(GET_CODEC_COUNT)?(self.session, &raw mut count))?;
            let get = self.function::<List>(GET_CODECS)?;
            let room = count.min(CODECS_MAX);
            encode("list codecs", get(self.session, list.as_mut_ptr(), room, &raw mut count))?;
        }
        let codecs = list.iter().take(count as usize);
        Ok(codecs.map(|guid| (guid.first, guid.second, guid.third, guid.rest)).collect())
    }

    /// A limit or a set of bits, by its number in `NV_ENC_CAPS`; none where the driver does not know it.
    pub(super) fn capability(&self, (first, second, third, rest): Guid, asked: c_uint) -> Option<u32> {
        type Get = unsafe extern "C" fn(*mut c_void, RawGuid, *mut Capability, *mut c_int) -> Call;
        let mut wanted = Capability { version: version(1), asked, reserved: [0; 62] };
        let mut value = 0;
        let codec = RawGuid { first, second, third, rest };
        // SAFETY: the function of that place has this signature; what it is given lives as long as the call.
        let status = unsafe {
            self.function::<Get>(GET_CAPABILITY).ok()?(self.session, codec, &raw mut wanted, &raw mut value)
        };
        (status == 0).then(|| u32::try_from(value).ok()).flatten()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        type Destroy = unsafe extern "C" fn(*mut c_void) -> Call;
        // SAFETY: both were made above, and end once; the answers change nothing.
        unsafe {
            if !self.session.is_null()
                && let Ok(destroy) = self.function::<Destroy>(DESTROY)
            {
                destroy(self.session);
            }
            if let Ok(destroy) = self.cuda.symbol::<Destroy>(b"cuCtxDestroy_v2") {
                destroy(self.context);
            }
        }
    }
}
