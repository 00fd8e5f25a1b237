//! The clients: a population with a connection each, which sends at random or at regular times whatever becomes of the earlier
//! requests, one at a time on a connection. Told on stdin: `members A,B,…` (a new list to pick from) and `stop`.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::Failure;
use crate::clock::{epoch, secs, watch_for_stalls};
use crate::exchange::{Connection, Ended};
use crate::random::Random;

/// Late wake-ups above this are written down (s).
const STALL: f64 = 0.010;
/// After a refused reconnect an eager client tries again (s).
const RECONNECT_AGAIN: f64 = 0.1;

/// The names are the format's; times in seconds.
#[derive(Deserialize)]
pub(crate) struct Parameters {
    clients: usize,
    rate: f64,
    arrivals: Arrivals,
    timeout_s: f64,
    reconnect: Reconnect,
    reconnect_delay_s: f64,
    retry_reused: u32,
    preconnect: u8,
    seed: u64,
    /// Connections are opened, evenly spread, in so long before the first arrival.
    spread_s: f64,
    /// What runs when told to stop may go on for so long.
    linger_s: f64,
    pick: Pick,
    members: Vec<SocketAddr>,
    /// Where to write what happened.
    out: PathBuf,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Arrivals {
    Poisson,
    Constant,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Reconnect {
    Lazy,
    Eager,
}

/// Whom a new connection goes to.
#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Pick {
    /// Always the same member.
    Fixed,
    /// Any, as the list is then.
    Random,
}

/// How far the end has come.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Phase {
    Sending,
    /// Nothing new is sent.
    Stopped,
    /// What still runs is cut.
    Cut,
}

struct Population {
    parameters: Parameters,
    members: RefCell<Vec<SocketAddr>>,
    lines: RefCell<Vec<String>>,
    stopped: Cell<bool>,
    start: Instant,
    start_epoch: f64,
}

impl Population {
    fn write(&self, line: String) {
        self.lines.borrow_mut().push(line);
    }

    /// Between two requests of one client.
    fn gap(&self, random: &mut Random) -> f64 {
        let mean = self.parameters.clients as f64 / self.parameters.rate;
        if self.parameters.arrivals == Arrivals::Constant { mean } else { random.exponential(mean) }
    }
}

struct Client {
    of: Rc<Population>,
    number: usize,
    random: Random,
    connection: Option<Connection>,
    /// When a lost connection is to come back; not before the first request where it is only opened with that.
    reconnect_at: Option<Instant>,
    phase: watch::Receiver<Phase>,
}

impl Client {
    async fn connect(&mut self) -> Result<Connection, &'static str> {
        let target = {
            let members = self.of.members.borrow();
            let n = members.len();
            if n == 0 {
                return Err("no_member");
            }
            let random = self.of.parameters.pick == Pick::Random;
            members[if random { (self.random.uniform() * n as f64) as usize } else { self.number } % n]
        };
        Connection::open(target).await
    }

    fn close(&mut self, why: &str) {
        if let Some(c) = self.connection.take() {
            let (opened, now) = (c.opened, epoch());
            self.of.write(format!("C,{},{opened:.4},{now:.4},{},{why},{}", self.number, c.target, c.requests));
            let wait = self.of.parameters.reconnect_delay_s * self.random.uniform();
            self.reconnect_at = Some(Instant::now() + secs(wait));
        }
    }

    async fn run(mut self) {
        let of = self.of.clone();
        let Parameters { clients, spread_s, preconnect, rate, .. } = of.parameters;
        let place = self.number as f64 / clients as f64;
        sleep_until(of.start + secs(spread_s * place)).await;
        if preconnect > 0 {
            self.connection = self.connect().await.ok();
        } else {
            self.reconnect_at = None;
        }
        let mut next = spread_s
            + match of.parameters.arrivals {
                Arrivals::Constant => (self.number as f64 + 0.5) / rate,
                Arrivals::Poisson => self.of.gap(&mut self.random),
            };
        while !of.stopped.get() {
            let at = of.start + secs(next);
            if Instant::now() < at {
                self.idle_until(at).await;
            } else {
                self.request(of.start_epoch + next).await;
                next += self.of.gap(&mut self.random);
            }
        }
        self.close("end");
    }

    /// Waits for the next request, for the connection's end, or to connect again, whatever comes first.
    async fn idle_until(&mut self, at: Instant) {
        if let Some(connection) = self.connection.as_mut() {
            let closed = tokio::select! {
                biased;
                () = connection.closed() => true,
                () = sleep_until(at) => false,
                _ = self.phase.changed() => false,
            };
            if closed {
                self.close("idle_close");
            }
            return;
        }
        let eager = self.of.parameters.reconnect == Reconnect::Eager;
        let Some(again) = self.reconnect_at.filter(|&again| eager && again < at) else {
            tokio::select! { () = sleep_until(at) => {}, _ = self.phase.changed() => {} }
            return;
        };
        sleep_until(again).await;
        match self.connect().await {
            Ok(connection) => self.connection = Some(connection),
            Err(why) => {
                self.of.write(format!("X,{},{:.4},{why}", self.number, epoch()));
                self.reconnect_at = Some(Instant::now() + secs(RECONNECT_AGAIN));
            }
        }
    }

    /// One request, which was due at `due` (epoch), with its retry where there is one.
    async fn request(&mut self, due: f64) {
        // What has noticed that its connection is gone opens a new one, as any real client does.
        if self.connection.as_ref().is_some_and(Connection::is_closed) {
            self.close("idle_close");
        }
        let start = epoch();
        let (mut retried, mut reused, mut target) = (0, 0, String::new());
        let ended = loop {
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => match self.connect().await {
                    Ok(connection) => connection,
                    Err(why) => break Ended::cut(why, "err"),
                },
            };
            reused = connection.requests;
            target = connection.target.to_string();
            let ended = self.exchange(&mut connection).await;
            self.connection = Some(connection);
            if !ended.keep_alive {
                self.close(ended.why);
            }
            let lost = matches!(ended.outcome.as_str(), "eof" | "reset");
            if !lost || reused == 0 || retried == self.of.parameters.retry_reused {
                break ended;
            }
            retried += 1;
        };
        let (number, end) = (self.number, epoch());
        let Ended { outcome, pod, .. } = ended;
        self.of.write(format!("R,{number},{due:.4},{start:.4},{end:.4},{outcome},{pod},{target},{reused},{retried}"));
    }

    async fn exchange(&mut self, connection: &mut Connection) -> Ended {
        let timeout = secs(self.of.parameters.timeout_s);
        tokio::select! {
            ended = tokio::time::timeout(timeout, connection.exchange()) => {
                ended.unwrap_or_else(|_| Ended::cut("timeout", "err"))
            }
            _ = self.phase.wait_for(|&phase| phase >= Phase::Cut) => Ended::cut("open", "end"),
        }
    }
}

pub(crate) async fn run(parameters: Parameters) -> Result<(), Failure> {
    let of = Rc::new(Population {
        members: RefCell::new(parameters.members.clone()),
        lines: RefCell::default(),
        stopped: Cell::default(),
        start: Instant::now(),
        start_epoch: epoch(),
        parameters,
    });
    println!("{}", json!({"ev": "client_start", "t": of.start_epoch}));
    let (tell, phase) = watch::channel(Phase::Sending);
    let mut running = Vec::new();
    for number in 0..of.parameters.clients {
        let random = Random::new(of.parameters.seed * 1_000_003 + number as u64);
        let client = Client {
            of: of.clone(),
            number,
            random,
            connection: None,
            reconnect_at: Some(of.start),
            phase: phase.clone(),
        };
        running.push(tokio::task::spawn_local(client.run()));
    }
    let noted = of.clone();
    tokio::task::spawn_local(watch_for_stalls(STALL, move |s| noted.write(format!("S,{:.4},{s:.4}", epoch()))));
    obey(&of).await?;
    of.stopped.set(true);
    let _ = tell.send(Phase::Stopped);
    let hard = Instant::now() + secs(of.parameters.linger_s);
    for mut client in running {
        tokio::select! {
            _ = &mut client => continue,
            () = sleep_until(hard) => { let _ = tell.send(Phase::Cut); }
        }
        client.await?;
    }
    sleep(Duration::from_millis(100)).await;
    std::fs::write(&of.parameters.out, of.lines.borrow().join("\n") + "\n")?;
    // Stdin is read by a thread that nothing else ends.
    std::process::exit(0);
}

/// Does what stdin says until it says `stop`, or nothing any more.
async fn obey(of: &Population) -> Result<(), Failure> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        if line == "stop" {
            break;
        }
        if let Some(members) = line.strip_prefix("members ") {
            let each = members.split(',').filter(|m| !m.is_empty());
            *of.members.borrow_mut() = each.map(str::parse).collect::<Result<_, _>>()?;
        }
    }
    Ok(())
}
