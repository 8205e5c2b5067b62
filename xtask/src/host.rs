//! The two ways in which Envoy runs the filter, and how it is built for each.

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;

use crate::project::Project;
use crate::{native, wasm};

/// Where the filter runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Host {
    /// In Envoy's sandbox for WebAssembly.
    #[default]
    Wasm,
    /// In Envoy's own process, as a dynamic module.
    Native,
}

impl Host {
    /// Builds the filter, and says where it is.
    pub fn build(self, project: &Project) -> Result<PathBuf> {
        match self {
            Self::Wasm => Ok(wasm::build(project)?.path),
            Self::Native => native::build(project),
        }
    }
}
