//! `lictor`: the program of the control plane.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    lictor_control_plane::cli::args::run().await
}
