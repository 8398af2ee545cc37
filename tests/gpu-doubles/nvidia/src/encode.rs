//! libnvidia-encode: sessions, pictures, coded bytes.

use crate::cards::Card;
use crate::codecs;
use crate::cuda::Context;
use crate::sys::*;
use gpu_double::encoder::{Encoder, Picture, Wanted};
use gpu_double::fault::{self, Fate};
use std::collections::BTreeMap;
use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::{Mutex, PoisonError};

const OK: NVENCSTATUS = NV_ENC_SUCCESS;
/// 11.1, as the headers: clients of newer ones are refused.
const NEWEST: u32 = (11 << 4) | 1;

/// Open sessions by device, of this process.
static SESSIONS: Mutex<BTreeMap<&str, usize>> = Mutex::new(BTreeMap::new());

/// One encoder as the client sees it.
struct Session {
    card: &'static Card,
    height: usize,
    encoder: Option<Encoder>,
}

/// Where a picture lies: in the device's memory, or in a buffer made here.
struct Input {
    picture: Picture,
    own: Vec<u8>,
}

#[derive(Default)]
struct Output {
    data: Vec<u8>,
    pts: u64,
    is_idr: bool,
}

#[unsafe(no_mangle)]
unsafe extern "C" fn NvEncodeAPIGetMaxSupportedVersion(version: *mut u32) -> NVENCSTATUS {
    *version = NEWEST;
    OK
}

#[unsafe(no_mangle)]
unsafe extern "C" fn NvEncodeAPICreateInstance(list: *mut NV_ENCODE_API_FUNCTION_LIST) -> NVENCSTATUS {
    let list = &mut *list;
    if list.version >> 28 != 7 {
        return NV_ENC_ERR_INVALID_VERSION;
    }
    codecs::enter(list);
    list.nvEncOpenEncodeSessionEx = Some(open);
    list.nvEncDestroyEncoder = Some(close);
    list.nvEncInitializeEncoder = Some(initialize);
    list.nvEncGetSequenceParams = Some(parameter_sets);
    list.nvEncRegisterResource = Some(register);
    list.nvEncUnregisterResource = Some(forget_input);
    list.nvEncMapInputResource = Some(map);
    list.nvEncUnmapInputResource = Some(unmap);
    list.nvEncCreateInputBuffer = Some(make_input);
    list.nvEncDestroyInputBuffer = Some(forget_input);
    list.nvEncLockInputBuffer = Some(lock_input);
    list.nvEncUnlockInputBuffer = Some(unmap);
    list.nvEncCreateBitstreamBuffer = Some(make_output);
    list.nvEncDestroyBitstreamBuffer = Some(forget_output);
    list.nvEncLockBitstream = Some(lock_output);
    list.nvEncUnlockBitstream = Some(unmap);
    list.nvEncEncodePicture = Some(encode);
    list.nvEncGetLastErrorString = Some(last_error);
    list.nvEncSetIOCudaStreams = Some(set_streams);
    OK
}

unsafe extern "C" fn open(
    asked: *mut NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS,
    session: *mut *mut c_void,
) -> NVENCSTATUS {
    let asked = &*asked;
    if asked.version >> 28 != 7 || ((asked.apiVersion & 0xff) << 4 | asked.apiVersion >> 24) > NEWEST {
        return NV_ENC_ERR_INVALID_VERSION;
    }
    let Some(context) = asked.device.cast::<Context>().as_ref() else { return NV_ENC_ERR_INVALID_DEVICE };
    let (card, mut sessions) = (context.card, SESSIONS.lock().unwrap_or_else(PoisonError::into_inner));
    let open = sessions.entry(&card.place).or_default();
    if *open >= fault::sessions_max(&card.place) {
        return NV_ENC_ERR_OUT_OF_MEMORY;
    }
    *open += 1;
    *session = Box::into_raw(Box::new(Session { card, height: 0, encoder: None })).cast();
    OK
}

unsafe extern "C" fn close(session: *mut c_void) -> NVENCSTATUS {
    let session = Box::from_raw(session.cast::<Session>());
    let mut sessions = SESSIONS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(open) = sessions.get_mut(session.card.place.as_str()) {
        *open -= 1;
    }
    OK
}

unsafe fn session<'a>(session: *mut c_void) -> &'a mut Session {
    &mut *session.cast::<Session>()
}

unsafe extern "C" fn initialize(of: *mut c_void, asked: *mut NV_ENC_INITIALIZE_PARAMS) -> NVENCSTATUS {
    let (session, asked) = (session(of), &*asked);
    let Some(config) = asked.encodeConfig.as_ref() else { return NV_ENC_ERR_INVALID_PARAM };
    // Who asks for anything else than live channels do is to notice.
    if config.frameIntervalP != 1 || config.rcParams.rateControlMode != NV_ENC_PARAMS_RC_CBR {
        return NV_ENC_ERR_UNSUPPORTED_PARAM;
    }
    let h264 = &config.encodeCodecConfig.h264Config;
    session.height = asked.encodeHeight as usize;
    session.encoder = Encoder::open(Wanted {
        width: asked.encodeWidth as i32,
        height: asked.encodeHeight as i32,
        bitrate_kbps: (config.rcParams.averageBitRate / 1000) as i32,
        rate: (asked.frameRateNum, asked.frameRateDen.max(1)),
        level: h264.level as i32,
        repeat_sets: h264.repeatSPSPPS() != 0,
    });
    if session.encoder.is_some() { OK } else { NV_ENC_ERR_INVALID_PARAM }
}

unsafe extern "C" fn parameter_sets(of: *mut c_void, to: *mut NV_ENC_SEQUENCE_PARAM_PAYLOAD) -> NVENCSTATUS {
    let (session, to) = (session(of), &mut *to);
    let Some(encoder) = &session.encoder else { return NV_ENC_ERR_ENCODER_NOT_INITIALIZED };
    let sets = encoder.parameter_sets();
    if sets.len() > to.inBufferSize as usize {
        return NV_ENC_ERR_NOT_ENOUGH_BUFFER;
    }
    ptr::copy_nonoverlapping(sets.as_ptr(), to.spsppsBuffer.cast(), sets.len());
    *to.outSPSPPSPayloadSize = sets.len() as u32;
    OK
}

fn picture(luma: *mut u8, pitch: usize, height: usize) -> Picture {
    Picture { luma, chroma: luma.wrapping_add(pitch * height), pitch }
}

unsafe extern "C" fn register(of: *mut c_void, asked: *mut NV_ENC_REGISTER_RESOURCE) -> NVENCSTATUS {
    let asked = &mut *asked;
    if asked.bufferFormat != NV_ENC_BUFFER_FORMAT_NV12 {
        return NV_ENC_ERR_UNSUPPORTED_PARAM;
    }
    let picture = picture(asked.resourceToRegister.cast(), asked.pitch as usize, session(of).height);
    asked.registeredResource = Box::into_raw(Box::new(Input { picture, own: Vec::new() })).cast();
    OK
}

unsafe extern "C" fn map(_: *mut c_void, asked: *mut NV_ENC_MAP_INPUT_RESOURCE) -> NVENCSTATUS {
    let asked = &mut *asked;
    asked.mappedResource = asked.registeredResource;
    asked.mappedBufferFmt = NV_ENC_BUFFER_FORMAT_NV12;
    OK
}

unsafe extern "C" fn unmap(_: *mut c_void, _: *mut c_void) -> NVENCSTATUS {
    OK
}

unsafe extern "C" fn make_input(_: *mut c_void, asked: *mut NV_ENC_CREATE_INPUT_BUFFER) -> NVENCSTATUS {
    let asked = &mut *asked;
    let (pitch, height) = ((asked.width as usize).next_multiple_of(64), asked.height as usize);
    let mut own = vec![0; pitch * height * 3 / 2];
    let picture = picture(own.as_mut_ptr(), pitch, height);
    asked.inputBuffer = Box::into_raw(Box::new(Input { picture, own })).cast();
    OK
}

unsafe extern "C" fn lock_input(_: *mut c_void, asked: *mut NV_ENC_LOCK_INPUT_BUFFER) -> NVENCSTATUS {
    let asked = &mut *asked;
    let input = &mut *asked.inputBuffer.cast::<Input>();
    asked.bufferDataPtr = input.own.as_mut_ptr().cast();
    asked.pitch = input.picture.pitch as u32;
    OK
}

unsafe extern "C" fn forget_input(_: *mut c_void, input: *mut c_void) -> NVENCSTATUS {
    drop(Box::from_raw(input.cast::<Input>()));
    OK
}

unsafe extern "C" fn make_output(_: *mut c_void, asked: *mut NV_ENC_CREATE_BITSTREAM_BUFFER) -> NVENCSTATUS {
    (*asked).bitstreamBuffer = Box::into_raw(Box::<Output>::default()).cast();
    OK
}

unsafe extern "C" fn forget_output(_: *mut c_void, output: *mut c_void) -> NVENCSTATUS {
    drop(Box::from_raw(output.cast::<Output>()));
    OK
}

unsafe extern "C" fn encode(of: *mut c_void, asked: *mut NV_ENC_PIC_PARAMS) -> NVENCSTATUS {
    let (session, asked) = (session(of), &*asked);
    if asked.encodePicFlags & NV_ENC_PIC_FLAG_EOS != 0 {
        return OK;
    }
    let fate = fault::of_next_picture(&session.card.place);
    let Some(encoder) = &mut session.encoder else { return NV_ENC_ERR_ENCODER_NOT_INITIALIZED };
    let (Some(input), Some(output)) =
        (asked.inputBuffer.cast::<Input>().as_ref(), asked.outputBitstream.cast::<Output>().as_mut())
    else {
        return NV_ENC_ERR_INVALID_PTR;
    };
    let is_idr = asked.encodePicFlags & NV_ENC_PIC_FLAG_FORCEIDR != 0;
    let data = match fate {
        Fate::Refused if fault::has_vanished(&session.card.place) => return NV_ENC_ERR_DEVICE_NOT_EXIST,
        Fate::Refused => return NV_ENC_ERR_GENERIC,
        Fate::Garbage => Some(vec![0xa5; 1000]),
        Fate::Encoded => encoder.encode(input.picture, is_idr),
    };
    let Some(data) = data else { return NV_ENC_ERR_GENERIC };
    *output = Output { data, pts: asked.inputTimeStamp, is_idr };
    OK
}

unsafe extern "C" fn lock_output(_: *mut c_void, asked: *mut NV_ENC_LOCK_BITSTREAM) -> NVENCSTATUS {
    let asked = &mut *asked;
    let output = &mut *asked.outputBitstream.cast::<Output>();
    asked.bitstreamBufferPtr = output.data.as_mut_ptr().cast();
    asked.bitstreamSizeInBytes = output.data.len() as u32;
    asked.outputTimeStamp = output.pts;
    asked.pictureType = if output.is_idr { NV_ENC_PIC_TYPE_IDR } else { NV_ENC_PIC_TYPE_P };
    asked.frameAvgQP = 25;
    OK
}

unsafe extern "C" fn last_error(_: *mut c_void) -> *const c_char {
    c"the double was told to fail".as_ptr()
}

unsafe extern "C" fn set_streams(_: *mut c_void, _: *mut c_void, _: *mut c_void) -> NVENCSTATUS {
    OK
}

/// Sessions of this process on a device.
pub(crate) fn sessions(place: &str) -> usize {
    SESSIONS.lock().unwrap_or_else(PoisonError::into_inner).get(place).copied().unwrap_or(0)
}
