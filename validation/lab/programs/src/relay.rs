//! The network: passes connections on, each byte, end and reset as much later in either direction.

use std::net::SocketAddr;
use std::rc::Rc;

use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::task;
use tokio::time::{Instant, sleep_until};

use crate::Failure;
use crate::clock::{epoch, secs};

#[derive(Deserialize)]
pub(crate) struct Parameters {
    /// One way (s).
    delay_s: f64,
    /// Where to listen, and where that leads.
    pairs: Vec<(SocketAddr, SocketAddr)>,
}

enum Item {
    Data(Vec<u8>),
    End,
    Reset,
}

pub(crate) async fn run(parameters: Parameters) -> Result<(), Failure> {
    for (from, to) in parameters.pairs {
        let listener = TcpListener::bind(from).await?;
        task::spawn_local(async move {
            while let Ok((socket, _)) = listener.accept().await {
                task::spawn_local(pass_on(socket, to, parameters.delay_s));
            }
        });
    }
    println!("{}", json!({"ev": "ready", "t": epoch()}));
    std::future::pending().await
}

async fn pass_on(near: TcpStream, to: SocketAddr, delay: f64) {
    let _ = near.set_nodelay(true);
    let Ok(far) = TcpStream::connect(to).await else {
        let _ = near.set_zero_linger();
        return;
    };
    let _ = far.set_nodelay(true);
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    let reset = Rc::new(Notify::new());
    let both = async {
        tokio::join!(pump(near_in, far_out, delay, reset.clone()), pump(far_in, near_out, delay, reset.clone()));
    };
    // A direction that has ended is half closed; a reset ends both.
    tokio::select! { () = both => {}, () = reset.notified() => {} }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: f64, reset: Rc<Notify>) {
    let (put, mut queue) = mpsc::unbounded_channel::<(Instant, Item)>();
    let reader = async move {
        loop {
            let mut bytes = Vec::with_capacity(4096);
            let item = match from.read_buf(&mut bytes).await {
                Ok(0) => Item::End,
                Ok(_) => Item::Data(bytes),
                Err(_) => Item::Reset,
            };
            let last = !matches!(item, Item::Data(_));
            if put.send((Instant::now() + secs(delay), item)).is_err() || last {
                return from;
            }
        }
    };
    let writer = async move {
        while let Some((at, item)) = queue.recv().await {
            sleep_until(at).await;
            match item {
                Item::Data(bytes) if to.write_all(&bytes).await.is_ok() => {}
                Item::Data(_) => break,
                Item::End => {
                    let _ = to.shutdown().await;
                    break;
                }
                Item::Reset => {
                    let _ = to.as_ref().set_zero_linger();
                    reset.notify_one();
                    break;
                }
            }
        }
        to
    };
    // Both halves live until both directions of this one have ended.
    let _halves = tokio::join!(reader, writer);
}
