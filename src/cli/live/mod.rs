//! `dryroll ui`: a page on this machine alone where sliders re-run the forecast.

mod answer;
mod knobs;
mod session;

use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tiny_http::{ConfigListenAddr, Server, ServerConfig};

use self::answer::Door;
use self::session::Session;
use super::args::Live;
use super::ui::Ui;
use super::{Failure, exit, interrupt, loading};
use crate::scenario::Draft;

/// How long a wish to end may wait.
const PATIENCE: Duration = Duration::from_millis(100);

pub(super) fn run(args: &Live, ui: Ui) -> Result<u8, Failure> {
    if args.file == Path::new("-") {
        let hint = "save it to a file: every move of a slider reads it again";
        return Err(Failure::Usage(format!("the standard input can be read only once\n\nhint: {hint}")));
    }
    let draft = Draft::open(&loading::request(&args.file, &args.scenario)).map_err(|d| loading::told(&d, ui))?;
    let loaded = draft.read().map_err(|d| loading::told(&d, ui))?;
    loading::warn(&loaded, ui);
    let mut session = Session::new(args, &loaded.scenario);
    let address =
        ConfigListenAddr::from_socket_addrs((Ipv4Addr::LOCALHOST, args.port)).map_err(|e| cannot_serve(&e))?;
    let server = Server::new(ServerConfig { addr: address, ssl: None }).map_err(|e| cannot_serve(e.as_ref()))?;
    let port = server.server_addr().to_ip().map_or(args.port, |a| a.port());
    let door = Door::new(port, token()?);
    let cancel = interrupt::watch();
    // Whoever started it may read this from a pipe.
    let mut stdout = ui.stdout();
    let told = writeln!(stdout, "{}", door.address()).and_then(|()| stdout.flush());
    told.map_err(|e| Failure::Failed(format!("cannot say where the page is: {e}")))?;
    drop(stdout);
    ui.remark("open it in a browser on this machine; Ctrl-C ends it");
    while !cancel.load(Ordering::Relaxed) {
        match server.recv_timeout(PATIENCE) {
            Ok(Some(request)) => door.answer(request, &mut session),
            Ok(None) => {}
            Err(e) => return Err(cannot_serve(&e)),
        }
    }
    Ok(exit::OK)
}

fn cannot_serve(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::Failed(format!("cannot listen on this machine: {error}"))
}

/// What only who was told the address knows: 128 random bits of the system's.
fn token() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    let none = |e| Failure::Failed(format!("the system has no random numbers: {}", io::Error::other(e)));
    getrandom::fill(&mut bytes).map_err(none)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
