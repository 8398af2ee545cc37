//! What the machine tells of itself.

use serde::{Deserialize, Serialize};

/// What a GPU tells of itself. Whatever its driver does not tell is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct GpuFigures {
    /// How busy each engine is.
    pub engines: Vec<EngineLoad>,
    /// Bytes of its own memory that are taken.
    pub memory_used: Option<u64>,
    /// Bytes of its own memory.
    pub memory_total: Option<u64>,
    /// Degrees Celsius.
    pub temperature: Option<f64>,
    /// Watts.
    pub power: Option<f64>,
    /// Of its cores.
    pub clock_mhz: Option<u32>,
    /// Why it is slower than it could be, each in a few words.
    pub throttling: Vec<String>,
    /// Errors that it has counted, each in a few words.
    pub errors: Vec<String>,
    /// Of the kernel's driver.
    pub driver_version: Option<String>,
}

/// How busy an engine is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct EngineLoad {
    /// Such as `graphics`, `encode`, `decode`.
    pub name: String,
    /// Of the time.
    pub percent: f64,
}
