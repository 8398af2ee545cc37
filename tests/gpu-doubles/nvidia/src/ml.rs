//! libnvidia-ml: names and figures. A handle is a device's number, beginning with 1.

use crate::cards::{self, Card};
use crate::encode;
use gpu_double::fault;
use std::ffi::{c_char, c_int, c_uint, c_ulonglong, c_void};
use std::ptr;

type Status = c_int;
type Handle = *mut c_void;

const OK: Status = 0;
const INVALID: Status = 2;
const NOT_SUPPORTED: Status = 3;
const LOST: Status = 15;
const DRIVER: &str = "550.54.14";
/// Degrees.
const COOL: u64 = 41;
const SLOWDOWN: u64 = 93;
const HW_THERMAL_SLOWDOWN: c_ulonglong = 0x40;

fn card(handle: Handle) -> Result<&'static Card, Status> {
    let card = (handle as usize).checked_sub(1).and_then(|number| cards::all().get(number));
    let card = card.ok_or(INVALID)?;
    if fault::has_vanished(&card.place) { Err(LOST) } else { Ok(card) }
}

fn told(card: &Card, word: &str, otherwise: u64) -> u64 {
    fault::number_after(&card.place, word).unwrap_or(otherwise)
}

unsafe fn give(text: &str, to: *mut c_char, room: usize) -> Status {
    if text.len() >= room {
        return INVALID;
    }
    ptr::copy_nonoverlapping(text.as_ptr().cast(), to, text.len());
    *to.add(text.len()) = 0;
    OK
}

/// Writes what `of` makes of the device.
unsafe fn tell<T>(handle: Handle, to: *mut T, of: impl FnOnce(&Card) -> T) -> Status {
    match card(handle) {
        Ok(card) => {
            to.write(of(card));
            OK
        }
        Err(status) => status,
    }
}

/// NVML counts those of all processes; the double is told of others, and knows its own.
fn sessions(place: &str) -> u32 {
    fault::number_after(place, "others=").unwrap_or(0) as u32 + encode::sessions(place) as u32
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlInit_v2() -> Status {
    OK
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlShutdown() -> Status {
    OK
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlErrorString(_: Status) -> *const c_char {
    c"as the double was told".as_ptr()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlSystemGetDriverVersion(to: *mut c_char, room: c_uint) -> Status {
    give(DRIVER, to, room as usize)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetCount_v2(count: *mut c_uint) -> Status {
    *count = cards::all().len() as c_uint;
    OK
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetHandleByIndex_v2(number: c_uint, handle: *mut Handle) -> Status {
    *handle = (number as usize + 1) as Handle;
    if (number as usize) < cards::all().len() { OK } else { INVALID }
}

/// `nvmlPciInfo_t`.
#[repr(C)]
struct PciInfo {
    legacy: [c_char; 16],
    domain: c_uint,
    bus: c_uint,
    device: c_uint,
    id: c_uint,
    subsystem: c_uint,
    bus_id: [c_char; 32],
}

/// Known of a device that has fallen off the bus as well.
#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetPciInfo_v3(handle: Handle, to: *mut PciInfo) -> Status {
    let Some(card) = (handle as usize).checked_sub(1).and_then(|number| cards::all().get(number)) else {
        return INVALID;
    };
    let number = |at: std::ops::Range<usize>| {
        card.place.get(at).and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or(0)
    };
    let mut info = std::mem::zeroed::<PciInfo>();
    (info.domain, info.bus, info.device) = (number(0..4), number(5..7), number(8..10));
    (info.id, info.subsystem) = (0x1eb8_10de, 0x12a2_10de);
    // Eight digits of the domain, where the kernel writes four.
    let done = give(&format!("0000{}", card.place), info.bus_id.as_mut_ptr(), info.bus_id.len());
    to.write(info);
    done
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetName(handle: Handle, to: *mut c_char, room: c_uint) -> Status {
    card(handle).map_or_else(|status| status, |card| give(&card.name, to, room as usize))
}

/// `nvmlMemory_v2_t`.
#[repr(C)]
struct Memory {
    version: c_uint,
    total: c_ulonglong,
    reserved: c_ulonglong,
    free: c_ulonglong,
    used: c_ulonglong,
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetMemoryInfo_v2(handle: Handle, to: *mut Memory) -> Status {
    let version = (*to).version;
    tell(handle, to, |card| {
        let total = card.memory_mib << 20;
        let used = (told(card, "memory=", 512) << 20).min(total);
        Memory { version, total, reserved: 0, free: total - used, used }
    })
}

/// `nvmlUtilization_t`.
#[repr(C)]
struct Utilization {
    gpu: c_uint,
    memory: c_uint,
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetUtilizationRates(handle: Handle, to: *mut Utilization) -> Status {
    tell(handle, to, |_| Utilization { gpu: 7, memory: 3 })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetEncoderUtilization(
    handle: Handle,
    percent: *mut c_uint,
    period_us: *mut c_uint,
) -> Status {
    *period_us = 167_000;
    tell(handle, percent, |card| told(card, "busy=", 0) as c_uint)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetDecoderUtilization(
    handle: Handle,
    percent: *mut c_uint,
    period_us: *mut c_uint,
) -> Status {
    *period_us = 167_000;
    tell(handle, percent, |_| 9)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetEncoderStats(
    handle: Handle,
    count: *mut c_uint,
    rate: *mut c_uint,
    latency_us: *mut c_uint,
) -> Status {
    (*rate, *latency_us) = (30, 2100);
    tell(handle, count, |card| sessions(&card.place))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetTemperature(handle: Handle, _: c_int, degrees: *mut c_uint) -> Status {
    tell(handle, degrees, |card| told(card, "hot=", COOL) as c_uint)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetTemperatureThreshold(
    handle: Handle,
    kind: c_int,
    degrees: *mut c_uint,
) -> Status {
    // NVML_TEMPERATURE_THRESHOLD_SLOWDOWN.
    if kind == 1 { tell(handle, degrees, |_| SLOWDOWN as c_uint) } else { NOT_SUPPORTED }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetCurrentClocksThrottleReasons(
    handle: Handle,
    reasons: *mut c_ulonglong,
) -> Status {
    tell(handle, reasons, |card| if told(card, "hot=", COOL) >= SLOWDOWN { HW_THERMAL_SLOWDOWN } else { 0 })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetPowerUsage(handle: Handle, milliwatts: *mut c_uint) -> Status {
    tell(handle, milliwatts, |_| 31_500)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetEnforcedPowerLimit(handle: Handle, milliwatts: *mut c_uint) -> Status {
    tell(handle, milliwatts, |_| 70_000)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetClockInfo(handle: Handle, kind: c_int, mhz: *mut c_uint) -> Status {
    // NVML_CLOCK_VIDEO, and the others.
    tell(handle, mhz, |_| if kind == 3 { 1440 } else { 1590 })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetTotalEccErrors(
    handle: Handle,
    _: c_int,
    _: c_int,
    count: *mut c_ulonglong,
) -> Status {
    tell(handle, count, |card| told(card, "ecc=", 0))
}
