//! `lictor-bench`: measures, and is each of the programs that are needed for that beside Envoy. `cargo xtask bench` builds
//! and starts it.

mod measure;
mod programs;

use clap::{Parser, Subcommand};

use crate::programs::{attack, authorizer, decider, load, policy, processor, server};

#[derive(Parser)]
#[command(name = "lictor-bench")]
struct Arguments {
    #[command(subcommand)]
    role: Role,
}

#[derive(Subcommand)]
enum Role {
    /// Measures what the filter costs a call, beside what the alternatives cost.
    Measure(measure::Options),
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
    /// The same, with a gate's decision and its record of each call.
    SameWorkAuthorizer(decider::Options),
    /// Answers what Envoy's ext_proc filter asks: with a gate's decision, its record of each call, and the call written anew.
    SameWorkProcessor(decider::Options),
    /// Gives gates one policy, and takes their records, as a control plane would.
    Policy(policy::Options),
    /// Calls as fast as answers come, or at a pace, checks every answer, and prints what it measured as JSON.
    Load(load::Options),
    /// Sends what is refused as fast as it is answered, and prints how often.
    Attack(attack::Options),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().role {
        Role::Measure(options) => measure::measure(&options),
        Role::Upstream { port } => server::serve(port, || Ok(server::upstream())),
        Role::Authorizer { port } => server::serve(port, || Ok(server::authorizer())),
        Role::SameWorkAuthorizer(options) => authorizer::serve(options.port(), options.decider()?),
        Role::SameWorkProcessor(options) => processor::serve(options.port(), options.decider()?),
        Role::Policy(options) => policy::serve(&options),
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
