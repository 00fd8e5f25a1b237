//! A client's connection, and one request on it.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::clock::{epoch, secs};
use crate::wire::{self, Body, Head};

/// The lab's clients wait so long for a connect to be answered (s).
const CONNECT_TIMEOUT: f64 = 2.0;
const REQUEST: &[u8] = b"GET /w HTTP/1.1\r\nHost: lab\r\n\r\n";
/// What a streamed answer may hold unread; beyond it only its end is kept.
const UNREAD_MAX: usize = 8192;

pub(crate) struct Connection {
    socket: TcpStream,
    pub(crate) opened: f64,
    pub(crate) target: SocketAddr,
    pub(crate) requests: u32,
}

/// How an exchange ended, in the format's words.
pub(crate) struct Ended {
    pub(crate) outcome: String,
    pub(crate) pod: String,
    pub(crate) keep_alive: bool,
    /// Why the connection is closed where it is.
    pub(crate) why: &'static str,
}

impl Ended {
    pub(crate) fn cut(outcome: &str, why: &'static str) -> Self {
        Self { outcome: outcome.to_owned(), pod: String::new(), keep_alive: false, why }
    }

    fn failed(outcome: &str) -> Self {
        Self::cut(outcome, "err")
    }
}

impl Connection {
    pub(crate) async fn open(target: SocketAddr) -> Result<Self, &'static str> {
        match tokio::time::timeout(secs(CONNECT_TIMEOUT), TcpStream::connect(target)).await {
            Err(_) => Err("conn_timeout"),
            Ok(Err(e)) if e.kind() == ErrorKind::ConnectionRefused => Err("refused"),
            Ok(Err(e)) if e.kind() == ErrorKind::ConnectionReset => Err("reset_connect"),
            Ok(Err(_)) => Err("conn_other"),
            Ok(Ok(socket)) => {
                let _ = socket.set_nodelay(true);
                Ok(Self { socket, opened: epoch(), target, requests: 0 })
            }
        }
    }

    /// Returns when the other side has closed it, between requests.
    pub(crate) async fn closed(&mut self) {
        let _ = self.socket.read(&mut [0; 64]).await;
    }

    /// Whether the other side has closed it already.
    pub(crate) fn is_closed(&self) -> bool {
        !matches!(self.socket.try_read(&mut [0; 64]), Err(e) if e.kind() == ErrorKind::WouldBlock)
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn exchange(&mut self) -> Ended {
        if let Err(e) = self.socket.write_all(REQUEST).await {
            let reset = matches!(e.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe);
            return Ended::failed(if reset { "reset" } else { "werr" });
        }
        self.requests += 1;
        let mut unread: Vec<u8> = Vec::with_capacity(1024);
        let mut head: Option<(Head, usize)> = None;
        loop {
            if head.is_none() {
                head = wire::head_end(&unread).map(|end| (Head::parse(&unread[..end]), end));
            }
            if let Some((head, _)) = head.as_ref().filter(|(head, end)| is_whole(&unread, head.body, *end)) {
                return head.ended(head.keep_alive);
            }
            if let Some((Head { body: Body::Chunked, .. }, end)) = &head
                && unread.len() > UNREAD_MAX
            {
                let last = unread.split_off(unread.len() - wire::LAST_CHUNK.len());
                unread.truncate(*end);
                unread.extend(last);
            }
            let read = self.socket.read_buf(&mut unread).await;
            match (read, &head) {
                (Ok(1..), _) => {}
                (Ok(_), Some((head @ Head { body: Body::UntilClose, .. }, _))) => return head.ended(false),
                (_, Some((head, _))) => return Ended { pod: head.pod.clone(), ..Ended::failed("trunc") },
                (_, None) if !unread.is_empty() => return Ended::failed("trunc"),
                (Ok(_), None) => return Ended::failed("eof"),
                (Err(_), None) => return Ended::failed("reset"),
            }
        }
    }
}

impl Head {
    fn ended(&self, keep_alive: bool) -> Ended {
        Ended { outcome: self.status.clone(), pod: self.pod.clone(), keep_alive, why: "close_hdr" }
    }
}

/// Whether all of the body behind the head, which ends at `head`, is there.
fn is_whole(bytes: &[u8], body: Body, head: usize) -> bool {
    match body {
        Body::Length(n) => bytes.len() >= head + n,
        Body::Chunked => bytes.len() > head && bytes.ends_with(wire::LAST_CHUNK),
        Body::UntilClose => false,
    }
}
