//! One connection to a pod: its requests, one after another, until somebody closes it.

use std::cell::Cell;
use std::rc::Rc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::clock::secs;
use crate::pod::{DrainMode, Pod};
use crate::wire;

/// Counts itself for as long as it lives.
struct Counted<'a>(&'a Cell<usize>);

impl<'a> Counted<'a> {
    fn new(cell: &'a Cell<usize>) -> Self {
        cell.set(cell.get() + 1);
        Self(cell)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Serves the connection; `drain` turns when the drain begins.
pub(crate) async fn serve(mut socket: TcpStream, pod: Rc<Pod>, mut drain: watch::Receiver<bool>) {
    let _open = Counted::new(&pod.open);
    let _ = socket.set_nodelay(true);
    // Its place in the window over which connections are closed.
    let jitter = pod.random.borrow_mut().uniform() * pod.parameters.jitter_s;
    let mut unread: Vec<u8> = Vec::with_capacity(2048);
    while let Some(end) = next_request(&mut socket, &mut unread, &pod, &mut drain, jitter).await {
        unread.drain(..end);
        pod.note_request();
        let in_flight = Counted::new(&pod.in_flight);
        let keep = respond(&mut socket, &pod, jitter).await;
        drop(in_flight);
        if !keep {
            return;
        }
    }
}

/// Where the next request in `unread` ends; `None` when the connection is closed, by either side.
async fn next_request(
    socket: &mut TcpStream,
    unread: &mut Vec<u8>,
    pod: &Pod,
    drain: &mut watch::Receiver<bool>,
    jitter: f64,
) -> Option<usize> {
    let idle = Instant::now() + secs(pod.parameters.idle_s);
    loop {
        if let Some(end) = wire::head_end(unread) {
            return Some(end);
        }
        let draining = pod.drain_at.get();
        let mut until = idle;
        match (draining, pod.parameters.drain_mode) {
            (Some(_), DrainMode::AtOnce) => {
                pod.drain_closed_idle.set(pod.drain_closed_idle.get() + 1);
                return None;
            }
            (Some(since), DrainMode::Jitter) => until = idle.min(since + secs(jitter)),
            _ => {}
        }
        tokio::select! {
            biased;
            read = socket.read_buf(unread) => if matches!(read, Ok(0) | Err(_)) { return None },
            _ = drain.changed(), if draining.is_none() => {}
            () = sleep_until(until) => {
                let count = if until < idle { &pod.drain_closed_idle } else { &pod.idle_timeouts };
                count.set(count.get() + 1);
                return None;
            }
        }
    }
}

/// Serves one request; whether the connection lives on.
async fn respond(socket: &mut TcpStream, pod: &Pod, jitter: f64) -> bool {
    let permit = if pod.parameters.conc == 0 {
        None
    } else if let Ok(permit) = pod.workers.try_acquire() {
        Some(permit)
    } else if pod.queued.get() >= pod.parameters.queue {
        pod.rejected.set(pod.rejected.get() + 1);
        let closing = closes(pod, jitter);
        let busy = wire::answer("503 Service Unavailable", "busy", &pod.parameters.name, closing);
        return socket.write_all(busy.as_bytes()).await.is_ok() && !closing;
    } else {
        let _queued = Counted::new(&pod.queued);
        pod.workers.acquire().await.ok()
    };
    let time = pod.parameters.service.draw(&mut pod.random.borrow_mut()) * pod.slowness();
    let keep = if pod.parameters.chunk_s > 0.0 {
        stream(socket, pod, time, jitter).await
    } else {
        sleep(secs(time)).await;
        let closing = closes(pod, jitter);
        let answer = wire::answer("200 OK", "ok", &pod.parameters.name, closing);
        socket.write_all(answer.as_bytes()).await.is_ok() && !closing
    };
    pod.served.set(pod.served.get() + 1);
    drop(permit);
    keep
}

/// An answer that comes in pieces for `time` (s); whether the connection lives on.
async fn stream(socket: &mut TcpStream, pod: &Pod, time: f64, jitter: f64) -> bool {
    let start = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Pod: {}\r\n\r\n", pod.parameters.name);
    let end = Instant::now() + secs(time);
    let mut heard = socket.write_all(&[start.as_bytes(), wire::CHUNK].concat()).await.is_ok();
    while heard {
        let next = Instant::now() + secs(pod.parameters.chunk_s);
        sleep_until(next.min(end)).await;
        if next >= end {
            break;
        }
        heard = socket.write_all(wire::CHUNK).await.is_ok();
    }
    let closing = closes(pod, jitter);
    heard && socket.write_all(wire::LAST_CHUNK).await.is_ok() && !closing
}

/// Whether an answer given now is the connection's last.
fn closes(pod: &Pod, jitter: f64) -> bool {
    pod.drain_at.get().is_some_and(|since| match pod.parameters.drain_mode {
        DrainMode::AtOnce | DrainMode::ConnClose => true,
        DrainMode::Jitter => Instant::now() >= since + secs(jitter),
        DrainMode::Ignore => false,
    })
}
