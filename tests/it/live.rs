//! `dryroll ui` over HTTP, as a browser talks to it. What its page does is for `tests/browser/run`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

const SMALL: &str = "tests/data/cli/small.yaml";

/// The program at work, ended with the test.
struct Served {
    child: Child,
    /// `127.0.0.1:PORT`, and `/TOKEN/`.
    host: String,
    path: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    fn start(args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dryroll"))
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("it says where it is");
        let address = line.trim().strip_prefix("http://").expect("an address");
        let (host, path) = address.split_once('/').expect("a path");
        let (host, path) = (host.to_owned(), format!("/{path}"));
        Self { child, host, path }
    }

    fn ask(&self, method: &str, path: &str, headers: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.host).expect("it listens");
        // Of HTTP/1.0, in which no body comes in pieces.
        write!(stream, "{method} {path} HTTP/1.0\r\n{headers}\r\n").expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
        (status, head.to_owned(), body.to_owned())
    }

    fn get(&self, rest: &str) -> (u16, String, String) {
        self.ask("GET", &format!("{}{rest}", self.path), &format!("Host: {}\r\n", self.host))
    }
}

fn dryroll(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_dryroll")).args(args).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn a_forecast_is_the_one_of_run_whatever_was_asked_before() {
    let served = Served::start(&["ui", SMALL, "--set", "proxies=3", "--replications", "4"]);
    assert!(served.host.starts_with("127.0.0.1:"), "{}", served.host);
    let mut quoted = 0;
    for (query, n, sets) in [
        ("n=1", "1", &[][..]),
        ("n=4&set=preStop%3D1s", "4", &["--set", "preStop=1s"]),
        ("n=1&set=preStop%3D2s&set=replicas%3D7", "1", &["--set", "preStop=2s", "--set", "replicas=7"]),
        ("n=3&set=preStop%3D2s&set=replicas%3D7", "3", &["--set", "preStop=2s", "--set", "replicas=7"]),
        ("n=2", "2", &[]),
    ] {
        let (status, _, body) = served.get(&format!("forecast?{query}"));
        assert_eq!(status, 200, "{body}");
        let told: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        let run = [&["run", SMALL, "--set", "proxies=3", "--quiet", "--replications", n][..], sets].concat();
        let result: serde_json::Value =
            serde_json::from_str(&dryroll(&[&run[..], &["--format", "json"]].concat())).expect("JSON");
        assert_eq!(told["digest"], result["digest"], "{query}");
        assert_eq!(told["replications"].to_string(), n);
        // The page of the same run has the same body, letter by letter, the requests that it quotes among it.
        let page = dryroll(&[&run[..], &["--format", "html"]].concat());
        // But for how many it comes to when nobody moves a slider any more.
        let page = page.replace(&format!("--replications {n}"), "--replications 4");
        let body = told["body"].as_str().expect("text");
        assert!(page.contains(body), "{query}");
        quoted += body.matches("<p class=\"example\">").count();
        let command = told["command"].as_str().expect("text");
        let typed: Vec<&str> = command.split(' ').skip(1).chain(["--format", "json", "--quiet"]).collect();
        assert!(
            sets.iter().all(|s| command.contains(s)) && dryroll(&typed).contains("\"replications\":4"),
            "{command}"
        );
    }
    assert!(quoted > 0, "no request is quoted");
}

#[test]
fn only_who_was_told_the_address_is_answered() {
    let served = Served::start(&["ui", SMALL]);
    let host = format!("Host: {}\r\n", served.host);
    let (status, head, page) = served.get("");
    assert_eq!(status, 200);
    for header in ["no-store", "nosniff", "no-referrer", "same-origin", "DENY"] {
        assert!(head.contains(header), "{header}: {head}");
    }
    assert!(!head.to_lowercase().contains("access-control"), "{head}");
    assert!(page.contains("default-src 'none'") && page.contains("connect-src 'self'\""));
    for reference in ["src=\"", "href=\"http", "url(http", "@import"] {
        assert!(!page.contains(reference), "{reference}");
    }
    // Another name that leads here, another site's page, another address, another verb.
    let own = served.path.as_str();
    assert_eq!(served.ask("GET", own, "Host: evil.example\r\n").0, 403);
    assert_eq!(served.ask("GET", own, "").0, 403);
    assert_eq!(served.ask("GET", own, &format!("{host}Sec-Fetch-Site: cross-site\r\n")).0, 403);
    assert_eq!(served.ask("GET", own, &format!("{host}Sec-Fetch-Site: same-origin\r\n")).0, 200);
    assert_eq!(served.ask("GET", "/", &host).0, 403);
    assert_eq!(served.ask("GET", "/00000000000000000000000000000000/forecast", &host).0, 403);
    assert_eq!(served.ask("POST", own, &format!("{host}Content-Length: 0\r\n")).0, 405);
    assert_eq!(served.get("no-such-page").0, 404);
    let other = Served::start(&["ui", SMALL]);
    assert_ne!(own, other.path, "a token for each");
}

#[test]
fn what_cannot_be_simulated_is_told_and_the_next_one_is() {
    let served = Served::start(&["ui", SMALL, "--replications", "1"]);
    let (status, _, body) = served.get("forecast?set=maxSurge%3D0&set=maxUnavailable%3D0");
    assert!(status == 200 && body.contains("can never make progress") && body.contains("\"error\""), "{body}");
    assert!(served.get("forecast?set=nonsense").2.contains("\"error\""));
    assert!(served.get("forecast?n=999999").2.contains("\"replications\":1,"), "no more than was allowed");
}

#[test]
fn what_one_has_arrived_at_is_a_scenario_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("scenario.yaml");
    let name = file.to_str().expect("UTF-8");
    for (source, sets) in [
        (SMALL, &["preStop=2s", "maxSurge=50%"][..]),
        ("scenarios/reconnect-wrong.yaml", &["closeJitter=5s"]),
        ("scenarios/analysis-wrong.yaml", &["preStop=1s"]),
        ("tests/data/manifests/checkout.yaml", &["preStop=1s"]),
    ] {
        let served = Served::start(&["ui", source, "--replications", "1"]);
        let query: Vec<String> =
            sets.iter().map(|s| format!("set={}", s.replace('=', "%3D").replace('%', "%25"))).collect();
        let query = query.join("&").replace("%253D", "%3D");
        let (status, head, body) = served.get(&format!("scenario.yaml?{query}"));
        assert_eq!(status, 200, "{source}: {body}");
        assert!(head.contains("attachment"), "{head}");
        std::fs::write(&file, &body).expect("it is written");
        let json = ["--replications", "1", "--format", "json", "--quiet"];
        let digest = |args: &[&str]| {
            let result: serde_json::Value = serde_json::from_str(&dryroll(args)).expect("JSON");
            result["digest"].clone()
        };
        let typed: Vec<&str> = sets.iter().flat_map(|s| ["--set", s]).collect();
        assert_eq!(
            digest(&[&["run", name][..], &json].concat()),
            digest(&[&["run", source][..], &typed, &json].concat())
        );
    }
}

#[test]
fn the_standard_input_cannot_be_read_twice() {
    let output = Command::new(env!("CARGO_BIN_EXE_dryroll")).args(["ui", "-"]).output().expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("read only once"));
}
