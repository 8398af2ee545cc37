//! GPUs as the kernel's own drivers tell of them: what amdgpu and i915 say in `/sys`. What others say is for whoever asks them
//! ([`Devices::measure`](crate::devices::Devices::measure)).

use super::kernel::{Root, names, number, target, text};
use crate::limits::DRIVES_MAX;
use std::path::{Path, PathBuf};
use wire::{EngineLoad, GpuFigures};

/// Of class 03 in PCI's table.
const DISPLAY_CLASS: &str = "0x03";

/// What is told of the device behind a render node.
#[must_use]
pub fn of_node(root: &Root, node: &Path) -> GpuFigures {
    let Some(node) = node.file_name() else { return GpuFigures::default() };
    let at = root.at("sys/class/drm").join(node).join("device");
    let chip = first_in(&at.join("hwmon"), "hwmon");
    let card = first_in(&at.join("drm"), "card");
    let of_chip = |file: &str, scale: f64| Some(number::<f64>(&chip.as_ref()?.join(file))? / scale);
    let engine =
        |name: &str, file: &str| Some(EngineLoad { name: name.into(), percent: number(&at.join(file))? });
    let engines = [engine("graphics", "gpu_busy_percent"), engine("memory", "mem_busy_percent")];
    let by_card = card.as_ref().and_then(|card| number(&card.join("gt_act_freq_mhz")));
    let by_chip = of_chip("freq1_input", 1e6).map(|mhz| mhz as u32);
    GpuFigures {
        engines: engines.into_iter().flatten().collect(),
        memory_used: number(&at.join("mem_info_vram_used")),
        memory_total: number(&at.join("mem_info_vram_total")),
        temperature: of_chip("temp1_input", 1e3),
        power: of_chip("power1_average", 1e6).or_else(|| of_chip("power1_input", 1e6)),
        clock_mhz: by_card.or(by_chip),
        throttling: card.map(|card| throttling(&card)).unwrap_or_default(),
        errors: Vec::new(),
        driver_version: driver(root, &at),
    }
}

/// The first folder of that prefix.
fn first_in(folder: &Path, prefix: &str) -> Option<PathBuf> {
    names(folder).into_iter().find(|name| name.starts_with(prefix)).map(|name| folder.join(name))
}

/// What i915 says.
fn throttling(card: &Path) -> Vec<String> {
    let folder = card.join("gt/gt0");
    let reason = |file: String| {
        let reason = file.strip_prefix("throttle_reason_")?.replace('_', " ");
        let is_so = number::<u32>(&folder.join(&file))? != 0;
        (is_so && reason != "status").then_some(reason)
    };
    names(&folder).into_iter().filter_map(reason).collect()
}

/// Its name and version; that of the kernel for one that comes with it.
fn driver(root: &Root, device: &Path) -> Option<String> {
    let name = target(&device.join("driver"))?;
    let own = text(&device.join("driver/module/version"));
    let version = own
        .or_else(|| text(&root.at("proc/sys/kernel/osrelease")).map(|kernel| format!("of kernel {kernel}")));
    Some(format!("{name} {}", version.unwrap_or_default()).trim_end().to_owned())
}

/// Which display controllers there are, in a sentence: what is looked for besides what a driver answers for.
#[must_use]
pub fn looked_for(root: &Root) -> String {
    let controllers = controllers(root);
    match controllers.as_slice() {
        [] => "Display controllers on the PCI bus: none.".to_owned(),
        found => format!("Display controllers on the PCI bus: {}.", found.join("; ")),
    }
}

fn controllers(root: &Root) -> Vec<String> {
    let folder = root.at("sys/bus/pci/devices");
    let one = |place: String| {
        let at = folder.join(&place);
        text(&at.join("class")).filter(|class| class.starts_with(DISPLAY_CLASS))?;
        let id = |file: &str| text(&at.join(file)).unwrap_or_default().replace("0x", "");
        let driver = target(&at.join("driver")).map_or_else(
            || "no driver: install it, and its firmware".to_owned(),
            |driver| format!("driver {driver}"),
        );
        Some(format!("{place} ({}:{}, {driver})", id("vendor"), id("device")))
    };
    names(&folder).into_iter().filter_map(one).take(DRIVES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::read::fixture;

    #[test]
    fn amdgpu_and_i915_are_read() {
        let amd = "sys/class/drm/renderD128/device";
        let intel = "sys/class/drm/renderD129/device";
        let files = [
            (format!("{amd}/gpu_busy_percent"), "37"),
            (format!("{amd}/mem_info_vram_total"), "8000"),
            (format!("{amd}/mem_info_vram_used"), "2000"),
            (format!("{amd}/hwmon/hwmon4/temp1_input"), "56000"),
            (format!("{amd}/hwmon/hwmon4/power1_average"), "42500000"),
            (format!("{amd}/hwmon/hwmon4/freq1_input"), "1500000000"),
            (format!("{intel}/drm/card1/gt_act_freq_mhz"), "1250"),
            (format!("{intel}/drm/card1/gt/gt0/throttle_reason_thermal"), "1"),
            (format!("{intel}/drm/card1/gt/gt0/throttle_reason_pl1"), "0"),
            (format!("{intel}/drm/card1/gt/gt0/throttle_reason_status"), "1"),
        ];
        let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        let (_folder, root) = fixture(&files);
        let told = of_node(&root, Path::new("/dev/dri/renderD128"));
        assert_eq!(told.engines, [EngineLoad { name: "graphics".into(), percent: 37.0 }]);
        assert_eq!((told.memory_used, told.memory_total), (Some(2000), Some(8000)));
        assert_eq!((told.temperature, told.power, told.clock_mhz), (Some(56.0), Some(42.5), Some(1500)));
        let told = of_node(&root, Path::new("/dev/dri/renderD129"));
        assert_eq!((told.clock_mhz, told.throttling), (Some(1250), vec!["thermal".to_owned()]));
        assert_eq!(of_node(&root, Path::new("/dev/dri/renderD200")), GpuFigures::default());
    }

    #[test]
    fn what_was_looked_for_is_said() {
        let (_folder, root) = fixture(&[
            ("sys/bus/pci/devices/0000:00:02.0/class", "0x030000"),
            ("sys/bus/pci/devices/0000:00:02.0/vendor", "0x8086"),
            ("sys/bus/pci/devices/0000:00:02.0/device", "0x4680"),
            ("sys/bus/pci/devices/0000:00:1f.0/class", "0x060100"),
        ]);
        let told = looked_for(&root);
        assert!(told.contains("0000:00:02.0 (8086:4680, no driver"), "{told:?}");
    }
}
