//! The programs of the lab: `lab pod|client|relay PARAMETERS`, the parameters as JSON. Each is one thread that sleeps in the
//! place of work, says what happens as a line of JSON on stdout, and ends when it is told to.

mod client;
mod clock;
mod exchange;
mod pod;
mod pod_connection;
mod random;
mod relay;
mod wire;

use std::process::ExitCode;

use serde::de::DeserializeOwned;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [role, parameters] = &arguments[..] else {
        eprintln!("usage: lab pod|client|relay PARAMETERS");
        return ExitCode::from(2);
    };
    match run(role, parameters) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lab {role}: {error}");
            ExitCode::FAILURE
        }
    }
}

type Failure = Box<dyn std::error::Error>;

fn run(role: &str, parameters: &str) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tasks = tokio::task::LocalSet::new();
    match role {
        "pod" => tasks.block_on(&runtime, pod::run(read(parameters)?)),
        "client" => tasks.block_on(&runtime, client::run(read(parameters)?)),
        "relay" => tasks.block_on(&runtime, relay::run(read(parameters)?)),
        _ => Err("there is no such program".into()),
    }
}

fn read<T: DeserializeOwned>(parameters: &str) -> Result<T, Failure> {
    Ok(serde_json::from_str(parameters)?)
}
