//! NVIDIA's devices: listed and read by NVML, asked what they encode by the encode API.

use super::Found;
use super::ask::{Silence, ask};
use std::ffi::OsStr;
use std::path::PathBuf;
use worker::gpu::Probed;
use worker::gpu::nvidia::Card;

/// NVIDIA's number on the bus, as the kernel writes it.
pub(super) const VENDOR: &str = "0x10de";
/// First byte of the class of displays and of 3D accelerators.
const DISPLAY_CLASS: &str = "0x03";
const BUS: &str = "/sys/bus/pci/devices";

/// All of them, each asked but for those of `known` that gave an answer; and what to tell the operator. Blocks.
pub(super) fn all(known: &[Found]) -> (Vec<Found>, String) {
    let cards = match listed() {
        Ok(Some(cards)) => cards,
        Ok(None) => return (Vec::new(), told_of_none(&on_bus())),
        Err(wrong) => {
            let broken =
                Found { name: "nvidia".into(), node: PathBuf::new(), answer: Err(wrong), reading: None };
            return (vec![broken], "NVENC (NVIDIA): the driver is there, and does not work".into());
        }
    };
    let told = format!("NVENC (NVIDIA): {} by driver {}", cards.len(), version(&cards));
    let found = std::thread::scope(|scope| {
        let asking: Vec<_> = cards.into_iter().map(|card| scope.spawn(move || found(card, known))).collect();
        asking.into_iter().filter_map(|asked| asked.join().ok()).collect()
    });
    (found, told)
}

/// The same devices with new readings, where there are any of NVIDIA's. Blocks.
pub(super) fn read_again(known: &[Found]) -> Option<Vec<Found>> {
    let cards = known.iter().any(|found| found.reading.is_some()).then(listed)?.ok()??;
    let mut read = known.to_vec();
    for found in &mut read {
        let Some(card) = cards.iter().find(|card| name(card) == found.name) else { continue };
        found.reading = Some(card.reading.clone());
        if let Err(wrong) = &card.model {
            found.answer = Err(wrong.clone());
        }
    }
    Some(read)
}

fn listed() -> Result<Option<Vec<Card>>, String> {
    ask::<Option<Vec<Card>>>(&[OsStr::new("--nvidia")]).map_err(|silence| match silence {
        Silence::Refused(error) => format!(
            "{error}; load its kernel module (modprobe nvidia), and restart the machine after an update of the driver"
        ),
        Silence::Broken(words) => words,
    })
}

fn version(cards: &[Card]) -> &str {
    cards.first().map_or("of no card", |card| &card.driver)
}

fn name(card: &Card) -> String {
    format!("pci-{}", card.place)
}

fn found(card: Card, known: &[Found]) -> Found {
    let name = name(&card);
    let old = known.iter().find(|found| found.name == name && found.answer.is_ok());
    let answer = match (&card.model, old) {
        (Err(wrong), _) => Err(wrong.clone()),
        (Ok(_), Some(old)) => old.answer.clone(),
        (Ok(model), None) => encodes(&card, model),
    };
    Found { name, node: card.place.into(), answer, reading: Some(card.reading) }
}

fn encodes(card: &Card, model: &str) -> Result<Probed, String> {
    let asked = ask::<Probed>(&[OsStr::new("--nvidia"), OsStr::new(&card.place)]);
    let told = |probed: Probed| Probed {
        driver: format!("NVIDIA {}", card.driver),
        model: Some(model.to_owned()),
        ..probed
    };
    asked.map(told).map_err(|silence| match silence {
        Silence::Refused(error) => remedy(&error),
        Silence::Broken(words) => words,
    })
}

fn remedy(error: &str) -> String {
    let remedy = if error.contains("libnvidia-encode") {
        "install libnvidia-encode1"
    } else if error.contains("libcuda") {
        "install libcuda1"
    } else if error.contains("CUDA") {
        "start nvidia-persistenced, which makes the device files, and restart the machine after an update of the driver"
    } else if error.contains("no session") {
        "end another program that encodes on it"
    } else {
        "see which cards have an encoder: not all do"
    };
    format!("{error}; {remedy}")
}

/// Places of NVIDIA's cards, whoever drives them.
fn on_bus() -> Vec<String> {
    let says = |path: PathBuf, begin: &str| {
        std::fs::read_to_string(path).is_ok_and(|text| text.trim().starts_with(begin))
    };
    let devices = std::fs::read_dir(BUS).into_iter().flatten().filter_map(Result::ok);
    let theirs = devices.filter(|device| {
        says(device.path().join("vendor"), VENDOR) && says(device.path().join("class"), DISPLAY_CLASS)
    });
    theirs.map(|device| device.file_name().to_string_lossy().into_owned()).collect()
}

fn told_of_none(places: &[String]) -> String {
    if places.is_empty() {
        return "NVENC (NVIDIA): its driver (libnvidia-ml.so.1) is not installed, and there is no card that needs it".into();
    }
    format!(
        "NVENC (NVIDIA): there is a card at {}, and no driver (libnvidia-ml.so.1); install it: nvidia-driver and \
         libnvidia-encode1 in Debian",
        places.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_without_a_driver_is_told_and_what_to_install() {
        assert!(told_of_none(&[]).contains("not installed"));
        let told = told_of_none(&["0000:41:00.0".into()]);
        assert!(told.contains("0000:41:00.0") && told.contains("install it: nvidia-driver"), "{told}");
    }

    #[test]
    fn each_refusal_has_a_remedy() {
        for (error, words) in [
            ("libnvidia-encode.so.1 cannot be loaded: no such file", "install libnvidia-encode1"),
            ("libcuda.so.1 cannot be loaded: no such file", "install libcuda1"),
            ("start CUDA: CUDA error 100", "nvidia-persistenced"),
            ("open an encode session: no session is left, or no memory", "end another program"),
            ("open an encode session: the device does not encode", "not all do"),
        ] {
            assert!(remedy(error).contains(words), "{error}: {}", remedy(error));
        }
    }
}
