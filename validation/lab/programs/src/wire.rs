//! The little of HTTP/1.1 that the lab's programs speak.

/// What ends the head of a message.
pub(crate) const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// What ends a chunked body.
pub(crate) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// One chunk of a streamed answer.
pub(crate) const CHUNK: &[u8] = b"2\r\nx\n\r\n";

/// Where the head in `bytes` ends, if all of it is there.
pub(crate) fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(END_OF_HEAD.len()).position(|w| w == END_OF_HEAD).map(|at| at + END_OF_HEAD.len())
}

/// A whole answer.
pub(crate) fn answer(status: &str, body: &str, pod: &str, closing: bool) -> String {
    let close = if closing { "Connection: close\r\n" } else { "" };
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nX-Pod: {pod}\r\n{close}\r\n{body}", body.len())
}

/// What the head of an answer says.
pub(crate) struct Head {
    pub(crate) status: String,
    pub(crate) pod: String,
    pub(crate) keep_alive: bool,
    pub(crate) body: Body,
}

/// How the body of an answer is delimited.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    Length(usize),
    Chunked,
    UntilClose,
}

impl Head {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.split("\r\n");
        let first = lines.next().unwrap_or_default();
        let mut head = Self {
            status: first.split(' ').nth(1).unwrap_or("0").to_owned(),
            pod: String::new(),
            keep_alive: !first.starts_with("HTTP/1.0"),
            body: Body::UntilClose,
        };
        for line in lines {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "x-pod" => value.clone_into(&mut head.pod),
                "connection" if value.eq_ignore_ascii_case("close") => head.keep_alive = false,
                "transfer-encoding" => head.body = Body::Chunked,
                "content-length" => head.body = value.parse().map_or(head.body, Body::Length),
                _ => {}
            }
        }
        head
    }
}
