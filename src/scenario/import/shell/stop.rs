//! Commands by which a hook stops the server itself: from then on its listener is closed, whatever the hook does next.

use super::base;

/// Programs that run the one among their arguments.
const RUNNERS: [&str; 7] = ["sudo", "gosu", "su-exec", "xargs", "timeout", "setsid", "nice"];

/// Programs that steer a server, and stop it when they are told one of [`WORDS`].
const CONTROLS: [&str; 22] = [
    "nginx",
    "openresty",
    "httpd",
    "apache2",
    "apachectl",
    "apache2ctl",
    "caddy",
    "catalina.sh",
    "pumactl",
    "uwsgi",
    "supervisorctl",
    "systemctl",
    "service",
    "rc-service",
    "sv",
    "redis-cli",
    "valkey-cli",
    "rabbitmqctl",
    "pg_ctl",
    "mongod",
    "mysqladmin",
    "varnishadm",
];

/// What such a program is told.
const WORDS: [&str; 7] = ["stop", "quit", "shutdown", "graceful-stop", "stop_app", "--stop", "--shutdown"];

/// Signals that end a process which does nothing special at them.
const SIGNALS: [&str; 8] = ["TERM", "QUIT", "INT", "KILL", "15", "3", "2", "9"];

/// Whether this command stops a server.
pub(super) fn stops(words: &[&str]) -> bool {
    let Some((program, arguments)) = words.split_first() else { return false };
    let told = |words: &[&str]| arguments.iter().any(|a| words.iter().any(|word| a.eq_ignore_ascii_case(word)));
    match base(program) {
        "kill" | "pkill" | "killall" => ends(arguments),
        // Cassandra's takes no more requests from then on.
        "nodetool" => told(&["drain", "stopdaemon"]),
        "curl" | "wget" => arguments.iter().any(|a| is_quit(a)),
        runner if RUNNERS.contains(&runner) => (0..arguments.len()).any(|n| stops(&arguments[n..])),
        control if CONTROLS.contains(&control) => told(&WORDS),
        _ => program.contains("/init.d/") && told(&WORDS),
    }
}

/// Whether a signal that is sent ends whom it is sent to: SIGTERM, where none is named.
fn ends(arguments: &[&str]) -> bool {
    let mut rest = arguments.iter();
    let mut signal = "TERM";
    while let Some(word) = rest.next() {
        match word.strip_prefix('-') {
            Some("s" | "n" | "-signal") => signal = rest.next().copied().unwrap_or(signal),
            Some(flag) if flag.starts_with("-signal=") => signal = &flag["-signal=".len()..],
            // `pkill -f` is no signal; those are in capital letters, or numbers.
            Some(flag) if flag.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit()) => signal = flag,
            Some("l" | "L") => return false,
            _ => {}
        }
    }
    SIGNALS.contains(&signal.strip_prefix("SIG").unwrap_or(signal))
}

/// Whether this address is one by which a process is told to end, as Envoy's and Istio's `/quitquitquit` or Spring's
/// `/actuator/shutdown`.
fn is_quit(address: &str) -> bool {
    let path = address.split('?').next().unwrap_or(address);
    address.contains('/') && matches!(path.trim_end_matches('/').rsplit('/').next(), Some("quitquitquit" | "shutdown"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stops_a_server_is_told_from_what_reloads_or_asks_it() {
        let told = |line: &str| stops(&line.split(' ').collect::<Vec<_>>());
        for line in [
            "kill 1",
            "kill -TERM 1",
            "/bin/kill -s QUIT 1",
            "kill -SIGINT 1",
            "pkill -f gunicorn",
            "pkill --signal=TERM app",
            "killall -9 app",
            "xargs kill -15",
            "/usr/sbin/nginx -s quit",
            "nginx -c /etc/nginx.conf -s stop",
            "apachectl -k graceful-stop",
            "/etc/init.d/app stop",
            "redis-cli -p 6380 SHUTDOWN",
            "nodetool drain",
            "curl -X POST http://localhost:15020/quitquitquit",
        ] {
            assert!(told(line), "{line}");
        }
        for line in [
            "kill -0 1",
            "kill -HUP 1",
            "kill -l",
            "killall -0 nginx",
            "nginx -s reload",
            "apachectl graceful",
            "systemctl reload app",
            "/app/drain --then stop",
            "curl localhost/healthz",
        ] {
            assert!(!told(line), "{line}");
        }
    }
}
