//! `lictor-bench`: the programs beside Envoy in `cargo xtask bench`, which starts them.
//!
//! Simple on purpose: a thread a connection and blocking reads cost a third of what Envoy spends on a call, so that
//! one processor holds them all and Envoy stays the slowest part.

mod attack;
mod http;
mod load;
mod server;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "lictor-bench")]
struct Arguments {
    #[command(subcommand)]
    role: Role,
}

#[derive(Subcommand)]
enum Role {
    /// Answers calls as an Odoo would that needs no time.
    Upstream {
        /// On 127.0.0.1.
        port: u16,
    },
    /// Answers what Envoy's ext_authz filter asks: yes to everything that has a body.
    Authorizer {
        /// On 127.0.0.1.
        port: u16,
    },
    /// Calls as fast as answers come, checks every answer, and prints what it measured as JSON.
    Load(load::Options),
    /// Sends what is refused as fast as it is answered, and prints how often.
    Attack(attack::Options),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().role {
        Role::Upstream { port } => server::serve(port, server::upstream),
        Role::Authorizer { port } => server::serve(port, server::authorizer),
        Role::Load(options) => {
            println!("{}", load::run(&options)?);
            Ok(())
        }
        Role::Attack(options) => {
            println!("{}", attack::run(&options)?);
            Ok(())
        }
    }
}
