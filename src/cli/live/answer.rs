//! Who is let in, and what they are given.

use std::io::Cursor;

use serde::Serialize;
use tiny_http::{Header, Method, Request, Response, StatusCode};

use super::session::{Forecast, Session};

type Whole = Response<Cursor<Vec<u8>>>;

/// The way in: this machine, this port, this token.
pub(super) struct Door {
    port: u16,
    token: String,
}

impl Door {
    pub(super) const fn new(port: u16, token: String) -> Self {
        Self { port, token }
    }

    /// Where the page is.
    pub(super) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/{}/", self.port, self.token)
    }

    /// Answers one request. Whoever hangs up meanwhile has lost interest.
    pub(super) fn answer(&self, request: Request, session: &mut Session) {
        let response = self.response(&request, session);
        let _ = request.respond(response);
    }

    fn response(&self, request: &Request, session: &mut Session) -> Whole {
        if !self.is_ours(request) {
            return refused(403, "this page is for the browser on this machine");
        }
        let (path, query) = request.url().split_once('?').unwrap_or((request.url(), ""));
        let Some(wish) = path.strip_prefix('/').and_then(|p| p.strip_prefix(self.token.as_str())) else {
            return refused(403, "the address is not the one that was printed");
        };
        if *request.method() != Method::Get {
            return refused(405, "there is nothing to send here");
        }
        let query = Query::read(query);
        match wish {
            "/" => page(session),
            "/forecast" => json(&session.forecast(&query.set, query.n)),
            "/scenario.yaml" => match session.export(&query.set) {
                Ok(text) => with(text.into_bytes(), "application/yaml; charset=utf-8")
                    .with_header(header("Content-Disposition", "attachment; filename=\"scenario.yaml\"")),
                Err(why) => refused(422, &why),
            },
            _ => refused(404, "there is no such page"),
        }
    }

    /// Whether the browser means this server: another site's name that leads here (DNS rebinding) is not let in, nor is a request
    /// that another site's page makes.
    fn is_ours(&self, request: &Request) -> bool {
        let of = |name: &'static str| {
            request.headers().iter().find(|h| h.field.equiv(name)).map(|h| h.value.as_str().to_owned())
        };
        let host = of("Host").is_some_and(|host| {
            [format!("127.0.0.1:{}", self.port), format!("localhost:{}", self.port)].contains(&host)
        });
        let site = of("Sec-Fetch-Site").is_none_or(|site| ["same-origin", "none"].contains(&site.as_str()));
        host && site
    }
}

/// What a request asks for.
struct Query {
    set: Vec<String>,
    n: u32,
}

impl Query {
    fn read(text: &str) -> Self {
        let mut query = Self { set: Vec::new(), n: 1 };
        for (key, value) in form_urlencoded::parse(text.as_bytes()) {
            match key.as_ref() {
                "set" => query.set.push(value.into_owned()),
                "n" => query.n = value.parse().unwrap_or(1),
                _ => {}
            }
        }
        query
    }
}

fn page(session: &Session) -> Whole {
    match session.page() {
        Ok(bytes) => with(bytes, "text/html; charset=utf-8"),
        Err(e) => refused(500, &e.to_string()),
    }
}

fn json(forecast: &Result<Forecast, String>) -> Whole {
    #[derive(Serialize)]
    struct Wrong<'a> {
        error: &'a str,
    }
    let bytes = match forecast {
        Ok(forecast) => serde_json::to_vec(forecast),
        Err(error) => serde_json::to_vec(&Wrong { error }),
    };
    bytes.map_or_else(|e| refused(500, &e.to_string()), |b| with(b, "application/json"))
}

fn refused(status: u16, why: &str) -> Whole {
    with(format!("{why}\n").into_bytes(), "text/plain; charset=utf-8").with_status_code(StatusCode(status))
}

/// Nothing is kept by the browser, guessed, or lent to another site.
fn with(bytes: Vec<u8>, kind: &str) -> Whole {
    let response = Response::from_data(bytes).with_header(header("Content-Type", kind));
    [
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("X-Frame-Options", "DENY"),
    ]
    .into_iter()
    .fold(response, |response, (name, value)| response.with_header(header(name, value)))
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name.as_bytes(), value.as_bytes()).expect("both are ours, and plain ASCII")
}
