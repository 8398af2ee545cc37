//! NVIDIA's devices: which there are and how they are (NVML), and what each encodes (the encode API). Runs in processes of
//! their own, since drivers crash and hang.

use super::ffi_nvidia::{Guid, Session};
use super::{Ability, Probed, Work};
use anyhow::Context as _;
use media::link::DeviceKind;
use nvml_wrapper::Device;
use nvml_wrapper::Nvml;
use nvml_wrapper::bitmasks::device::ThrottleReasons;
use nvml_wrapper::enum_wrappers::device::{
    Clock, EccCounter, MemoryError, TemperatureSensor, TemperatureThreshold,
};
use nvml_wrapper::error::NvmlError;
use serde::{Deserialize, Serialize};

/// By what nvEncodeAPI.h calls them; AV1 since its version 12.
const CODECS: [(Guid, &str, Option<&str>); 3] = [
    ((0x6bc8_2762, 0x4e63, 0x4ca4, [0xaa, 0x85, 0x1e, 0x50, 0xf3, 0x21, 0xf6, 0xbf]), "H.264 High", None),
    (
        (0x790c_dc88, 0x4522, 0x4d7b, [0x94, 0x25, 0xbd, 0xa9, 0x97, 0x5f, 0x76, 0x03]),
        "HEVC Main",
        Some("HEVC Main 10"),
    ),
    ((0x0a35_2289, 0x0aa7, 0x4759, [0x86, 0x2d, 0x5d, 0x15, 0xcd, 0x16, 0xd2, 0x54]), "AV1 0", Some("AV1 0")),
];
/// `NV_ENC_CAPS`.
const RATE_CONTROLS: u32 = 1;
const WIDTH_MAX: u32 = 16;
const HEIGHT_MAX: u32 = 17;
const TEN_BIT: u32 = 39;
const ENGINES: u32 = 49;
/// Bits of `NV_ENC_PARAMS_RC_MODE`.
const MODES: [(u32, &str); 2] = [(2, "CBR"), (1, "VBR")];

/// A device as NVML knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// On the bus, as the kernel writes it: `0000:41:00.0`.
    pub place: String,
    /// Of the kernel's driver.
    pub driver: String,
    /// Such as `Tesla T4`; or why it does not say.
    pub model: Result<String, String>,
    /// How it is.
    pub reading: Reading,
}

/// How a device is now; absent what it does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reading {
    /// Of the encode engines' time.
    pub encode_percent: Option<u32>,
    /// Of the decode engines' time.
    pub decode_percent: Option<u32>,
    /// Of the cores' time.
    pub graphics_percent: Option<u32>,
    /// Open encode sessions of all programs.
    pub sessions: Option<u32>,
    /// Bytes of its memory that are taken.
    pub memory_used: Option<u64>,
    /// Bytes of its memory.
    pub memory_total: Option<u64>,
    /// Degrees Celsius.
    pub temperature: Option<u32>,
    /// At which it makes itself slower.
    pub temperature_max: Option<u32>,
    /// Thousandths of a watt.
    pub power_mw: Option<u32>,
    /// The most that it may take, thousandths of a watt.
    pub power_max_mw: Option<u32>,
    /// Of its cores.
    pub clock_mhz: Option<u32>,
    /// Of its video engines.
    pub video_clock_mhz: Option<u32>,
    /// Why it is slower than it could be.
    pub throttling: Vec<String>,
    /// It has made itself slower for its heat.
    pub is_overheated: bool,
    /// Errors of memory that could not be corrected, since the driver was loaded.
    pub ecc_uncorrected: Option<u64>,
}

/// All devices; none where there is no such driver.
///
/// # Errors
/// When the driver is there and does not work.
pub fn cards() -> anyhow::Result<Option<Vec<Card>>> {
    let nvml = match Nvml::init() {
        Ok(nvml) => nvml,
        Err(NvmlError::LibloadingError(_) | NvmlError::LibraryNotFound) => return Ok(None),
        Err(error) => return Err(error).context("NVIDIA's driver does not start"),
    };
    let driver = nvml.sys_driver_version().context("NVIDIA's driver does not tell its version")?;
    let count = nvml.device_count().context("NVIDIA's driver does not count its devices")?;
    let known = (0..count).filter_map(|number| {
        let device = nvml.device_by_index(number).ok()?;
        let place = place(&device.pci_info().ok()?.bus_id);
        let model = device.name().map_err(|error| wrong(&error));
        Some(Card { place, driver: driver.clone(), model, reading: reading(&device) })
    });
    Ok(Some(known.collect()))
}

/// NVML writes eight digits of the domain, the kernel four.
fn place(bus_id: &str) -> String {
    let bus_id = bus_id.to_ascii_lowercase();
    match bus_id.split_once(':') {
        Some((domain, rest)) if domain.len() > 4 => format!("{}:{rest}", &domain[domain.len() - 4..]),
        _ => bus_id,
    }
}

fn wrong(error: &NvmlError) -> String {
    match error {
        NvmlError::GpuLost => {
            "it has been lost: it fell off the bus, or is no longer there; look at the kernel's log for \
                               Xid, and restart the machine"
                .into()
        }
        error => {
            format!("its driver does not answer: {error}; look at the kernel's log, and restart the machine")
        }
    }
}

fn reading(device: &Device<'_>) -> Reading {
    let memory = device.memory_info().ok();
    let slower = device.current_throttle_reasons().unwrap_or(ThrottleReasons::empty());
    let temperature = device.temperature(TemperatureSensor::Gpu).ok();
    let temperature_max = device.temperature_threshold(TemperatureThreshold::Slowdown).ok();
    let too_hot = temperature.zip(temperature_max).is_some_and(|(now, most)| now >= most);
    Reading {
        encode_percent: device.encoder_utilization().ok().map(|used| used.utilization),
        decode_percent: device.decoder_utilization().ok().map(|used| used.utilization),
        graphics_percent: device.utilization_rates().ok().map(|used| used.gpu),
        sessions: device.encoder_stats().ok().map(|stats| stats.session_count),
        memory_used: memory.as_ref().map(|memory| memory.used),
        memory_total: memory.map(|memory| memory.total),
        temperature,
        temperature_max,
        power_mw: device.power_usage().ok(),
        power_max_mw: device.enforced_power_limit().ok(),
        clock_mhz: device.clock_info(Clock::Graphics).ok(),
        video_clock_mhz: device.clock_info(Clock::Video).ok(),
        throttling: throttling(slower),
        is_overheated: too_hot || slower.contains(ThrottleReasons::HW_THERMAL_SLOWDOWN),
        ecc_uncorrected: device.total_ecc_errors(MemoryError::Uncorrected, EccCounter::Volatile).ok(),
    }
}

/// An idle device is slow for no reason of interest.
fn throttling(reasons: ThrottleReasons) -> Vec<String> {
    const NAMES: [(ThrottleReasons, &str); 5] = [
        (ThrottleReasons::HW_THERMAL_SLOWDOWN, "much too hot"),
        (ThrottleReasons::SW_THERMAL_SLOWDOWN, "hot"),
        (ThrottleReasons::HW_POWER_BRAKE_SLOWDOWN, "the power supply asks for less"),
        (ThrottleReasons::SW_POWER_CAP, "at its power limit"),
        (ThrottleReasons::HW_SLOWDOWN, "the hardware slows down"),
    ];
    let told = NAMES.iter().filter(|(reason, _)| reasons.contains(*reason));
    told.map(|(_, name)| (*name).to_owned()).collect()
}

/// What the device of a place on the bus encodes. Takes one of its sessions for a moment.
///
/// # Errors
/// When a part of the driver is missing, or it refuses.
pub fn probe(place: &str) -> anyhow::Result<Probed> {
    let session = Session::open(place)?;
    let (mut abilities, mut engines) = (Vec::new(), None);
    for codec in session.codecs()? {
        let Some((_, name, ten_bit)) = CODECS.iter().find(|(guid, ..)| *guid == codec) else { continue };
        let modes = session.capability(codec, RATE_CONTROLS).unwrap_or(0);
        let modes = MODES.iter().filter(|(bit, _)| modes & bit != 0).map(|(_, name)| (*name).into());
        let has_ten = session.capability(codec, TEN_BIT) == Some(1);
        let profile = ten_bit.filter(|_| has_ten).unwrap_or(name);
        abilities.push(Ability {
            profile: profile.into(),
            work: Work::Encode,
            width_max: session.capability(codec, WIDTH_MAX),
            height_max: session.capability(codec, HEIGHT_MAX),
            rate_controls: modes.collect(),
            ten_bit: ten_bit.is_some() && has_ten,
        });
        engines = engines.max(session.capability(codec, ENGINES));
    }
    Ok(Probed {
        kind: DeviceKind::Nvenc,
        driver: String::new(),
        model: None,
        engines: engines.unwrap_or(1).max(1),
        abilities,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_as_the_kernel_does() {
        assert_eq!(place("00000000:41:00.0"), "0000:41:00.0");
        assert_eq!(place("0000:C1:00.0"), "0000:c1:00.0");
    }

    #[test]
    fn only_reasons_of_interest_are_told() {
        let reasons = ThrottleReasons::GPU_IDLE | ThrottleReasons::SW_POWER_CAP;
        assert_eq!(throttling(reasons), ["at its power limit"]);
        assert!(wrong(&NvmlError::GpuLost).contains("Xid"));
    }
}
