//! Looks at the machine for as long as the box runs.

use super::judge::Judge;
use super::kernel::Root;
use super::read::{self, Places, Reading};
use super::{Hardware, figures, metrics};
use crate::board::Board;
use crate::clock::{House, monotonic};
use crate::devices::Devices;
use crate::limits::{HARDWARE_INTERVAL, HARDWARE_READ_MAX};
use std::path::{Path, PathBuf};
use tokio::time::timeout;
use wire::GpuFigures;

/// What it is given.
#[derive(Clone, Debug)]
pub struct Watch {
    /// What is known of it.
    pub hardware: Hardware,
    /// Where the kernel's files are: `/`, or a folder of the host's.
    pub host_root: PathBuf,
    /// Where the box keeps its files.
    pub data_dir: PathBuf,
    /// Alarms, and what was.
    pub board: Board,
    /// The GPUs.
    pub devices: Devices,
    /// The time.
    pub house: House,
}

impl Watch {
    /// Looks, for as long as the box runs.
    ///
    /// # Errors
    /// When the threads for it are gone.
    pub async fn run(self) -> anyhow::Result<()> {
        let (mut before, mut judge) = (None::<Reading>, Judge::default());
        loop {
            let places = self.places();
            let mut reading = tokio::task::spawn_blocking(move || read::all(&places, monotonic()));
            let reading = match timeout(HARDWARE_READ_MAX, &mut reading).await {
                Ok(reading) => reading?,
                Err(_) => {
                    tracing::warn!(
                        "the kernel does not answer about the machine's health; a driver may hang"
                    );
                    reading.await?
                }
            };
            self.take(&reading, before.as_ref(), &mut judge);
            before = Some(reading);
            tokio::time::sleep(HARDWARE_INTERVAL).await;
        }
    }

    fn places(&self) -> Places {
        let data = std::path::absolute(&self.data_dir).unwrap_or_else(|_| self.data_dir.clone());
        let folders = vec![
            ("data", data.clone()),
            ("recordings", data.join("dvr")),
            ("system", Path::new(&self.host_root).to_owned()),
        ];
        Places { root: Root::new(self.host_root.clone()), folders, nodes: self.devices.nodes() }
    }

    fn take(&self, reading: &Reading, before: Option<&Reading>, judge: &mut Judge) {
        let now = self.house.now();
        let telling = reading.gpus.iter().filter(|(_, figures)| **figures != GpuFigures::default());
        for (name, figures) in telling {
            self.devices.measure(name, figures.clone());
        }
        let mut health = figures::of(reading, before, now.millis());
        let measured = metrics::of(&health, reading, &self.devices.figures());
        health.metrics = measured.iter().map(|(metric, _)| metric.clone()).collect();
        for (kind, is_so, words) in judge.judge(&health, now) {
            self.board.settle(kind, is_so, || words);
        }
        let ended = {
            let mut state = self.hardware.state();
            let ended = state.past.take(&measured, now.millis().div_euclid(1000));
            state.now = health;
            state.looked_for.clone_from(&reading.looked_for);
            ended
        };
        if let Some((at_secs, minute)) = ended {
            self.board.history().measure(at_secs, minute);
        }
    }
}
