//! How long a command sleeps, as far as its words tell: a `sleep`, or a shell's script with some in it.
//!
//! Of a script only its skeleton is read: lists, pipelines, what is put in the background. Whether a branch is taken and how often
//! a loop goes round nobody can tell from the text, so a sleep in one makes the whole unknown. A script that stops the server
//! is read up to there: what comes then serves nobody.

mod stop;
mod token;

use stop::stops;
use token::{Token, tokens};

/// What could be told of a command.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Slept {
    /// How long it sleeps (s); `None` where that cannot be told.
    pub(super) seconds: Option<f64>,
    /// Whether it runs other programs, of which nothing is known.
    pub(super) others: bool,
    /// Whether it puts a sleep in the background, where it holds nothing up.
    pub(super) background: bool,
    /// Whether it stops the server then, and may go on without it.
    pub(super) stops: bool,
}

/// What one command does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Took {
    /// It takes so long (s), and succeeds.
    Known(f64),
    /// It stops the server after so long (s).
    Stops(f64),
    /// A program of which nothing is known, taken as instant.
    Other,
    /// A condition: what follows by `&&` or `||` may run or not.
    Test,
    /// It sleeps, or waits, for nobody knows how long.
    Unknown,
}

/// Reads the words of a command.
pub(super) fn slept(words: &[&str]) -> Slept {
    match words.split_first() {
        None => Slept::default(),
        Some((program, rest)) if is_shell(program) => {
            let flag = rest.iter().position(|w| w.starts_with('-') && !w.starts_with("--") && w.contains('c'));
            flag.and_then(|n| rest.get(n + 1)).map_or_else(Slept::default, |script| Script::default().read(script))
        }
        Some(_) => match command(words).0 {
            Took::Known(seconds) => Slept { seconds: Some(seconds), ..Slept::default() },
            Took::Stops(seconds) => Slept { seconds: Some(seconds), stops: true, ..Slept::default() },
            _ => Slept::default(),
        },
    }
}

/// A script that has been read so far.
#[derive(Default)]
struct Script {
    seconds: f64,
    others: bool,
    background: bool,
    unknown: bool,
    stops: bool,
    /// Whether it has stopped the server in a branch that may not be taken.
    may_stop: bool,
    /// How many loops and branches are open.
    depth: usize,
}

impl Script {
    fn read(mut self, script: &str) -> Slept {
        let Some(tokens) = tokens(script) else { return Slept::default() };
        let ends = |t: &Token| matches!(t, Token::Operator(";" | "&"));
        for list in tokens.split_inclusive(ends) {
            let ended = match list.split_last() {
                Some((Token::Operator("&"), list)) => self.in_background(list),
                Some((Token::Operator(";"), list)) => self.list(list),
                _ => self.list(list),
            };
            if ended || self.unknown || self.stops {
                break;
            }
        }
        let told = !self.unknown && (self.seconds > 0.0 || self.background || !self.others);
        let Self { seconds, others, background, stops, .. } = self;
        Slept { seconds: told.then_some(seconds), others, background, stops }
    }

    /// What is put in the background holds nothing up; a `wait` for it makes the whole unknown.
    fn in_background(&mut self, list: &[Token]) -> bool {
        let mut aside = Self { depth: self.depth, ..Self::default() };
        aside.list(list);
        let sleeps = aside.unknown || aside.seconds > 0.0;
        self.unknown |= sleeps && (self.depth > 0 || aside.stops || aside.may_stop);
        self.stops |= aside.stops && !sleeps;
        self.may_stop |= aside.may_stop;
        self.background |= sleeps;
        self.depth = aside.depth;
        false
    }

    /// Pipelines with `&&` and `||` between them; whether the script ends here.
    fn list(&mut self, list: &[Token]) -> bool {
        let (mut before, mut by) = (Took::Known(0.0), "&&");
        for pipeline in list.split_inclusive(|t| matches!(t, Token::Operator("&&" | "||"))) {
            let (pipeline, next) = match pipeline.split_last() {
                Some((Token::Operator(operator @ ("&&" | "||")), rest)) => (rest, *operator),
                _ => (pipeline, "&&"),
            };
            let open = self.depth > 0;
            let (took, ends) = self.pipeline(pipeline);
            // Behind a `||` stands what runs if the rest has failed, which a sleep does not.
            if by == "&&" || !matches!(before, Took::Known(_)) {
                let maybe = open || by == "||" || before == Took::Test;
                let certain = self.add(took, maybe);
                if certain && (ends || self.stops) {
                    return true;
                }
                before = took;
            }
            by = next;
        }
        false
    }

    /// Counts a command that runs, or that `maybe` does; whether it is certain.
    fn add(&mut self, took: Took, maybe: bool) -> bool {
        match took {
            Took::Known(seconds) if seconds > 0.0 && (maybe || self.may_stop) => self.unknown = true,
            Took::Known(seconds) => self.seconds += seconds,
            Took::Stops(seconds) if maybe => {
                self.unknown |= seconds > 0.0;
                self.may_stop = true;
                self.others = true;
            }
            Took::Stops(seconds) => {
                self.seconds += seconds;
                self.stops = true;
            }
            Took::Other | Took::Test => self.others = true,
            Took::Unknown => self.unknown = true,
        }
        !maybe
    }

    /// Commands side by side: the longest counts.
    fn pipeline(&mut self, pipeline: &[Token]) -> (Took, bool) {
        let (mut all, mut last) = (Took::Known(0.0), false);
        for one in pipeline.split(|t| matches!(t, Token::Operator("|"))) {
            let words: Vec<&str> = one.iter().map(Token::text).collect();
            let (took, ends) = self.compound(&words);
            last = ends;
            all = match (all, took) {
                (Took::Known(a), Took::Known(b)) => Took::Known(a.max(b)),
                (Took::Stops(s), Took::Known(0.0) | Took::Other | Took::Test)
                | (Took::Known(0.0) | Took::Other | Took::Test, Took::Stops(s)) => Took::Stops(s),
                (Took::Unknown | Took::Stops(_), _) | (_, Took::Unknown | Took::Stops(_)) => Took::Unknown,
                // How long a program reads from a sleep is as unknown as the rest of it.
                (Took::Known(s), other) | (other, Took::Known(s)) if s == 0.0 => other,
                (Took::Known(_), _) | (_, Took::Known(_)) => Took::Unknown,
                (other, _) => other,
            };
        }
        (all, last)
    }

    /// A command behind the words that open and close loops and branches.
    fn compound(&mut self, words: &[&str]) -> (Took, bool) {
        let (mut rest, mut negated) = (words, false);
        while let Some((word, after)) = rest.split_first() {
            match *word {
                // How often it goes round nobody knows, whatever is in it.
                "while" | "until" => return (Took::Unknown, false),
                "for" | "case" | "select" => {
                    self.depth += 1;
                    let sleeps = after.iter().any(|w| is_sleep(w));
                    return (if sleeps { Took::Unknown } else { Took::Other }, false);
                }
                "if" | "{" | "(" => self.depth += 1,
                "fi" | "done" | "esac" | "}" | ")" => self.depth = self.depth.saturating_sub(1),
                "then" | "else" | "elif" | "do" => {}
                "!" => negated = true,
                _ => break,
            }
            rest = after;
        }
        if rest.get(1) == Some(&"(") {
            // A function, which is called somewhere.
            return (Took::Unknown, false);
        }
        let closing = rest.iter().rev().take_while(|w| **w == ")").count();
        let (took, ends) = command(&rest[..rest.len() - closing]);
        let took = match took {
            Took::Known(seconds) | Took::Stops(seconds) if self.depth > 0 && seconds > 0.0 => Took::Unknown,
            Took::Other | Took::Known(_) if negated => Took::Test,
            took => took,
        };
        self.depth = self.depth.saturating_sub(closing);
        (took, ends)
    }
}

/// Programs that run the one that follows, in their own place.
const WRAPPERS: [&str; 6] = ["exec", "env", "busybox", "toybox", "nohup", "command"];

/// Commands that take no time.
const INSTANT: [&str; 8] = ["true", ":", "echo", "printf", "set", "export", "date", "logger"];

/// A command without anything around it, and whether nothing runs after it.
fn command(words: &[&str]) -> (Took, bool) {
    let mut rest = words;
    let mut ends = false;
    let mut behind = "";
    while let Some((word, after)) = rest.split_first() {
        let flag = behind == "env" && word.starts_with('-');
        if !is_assignment(word) && !flag && !WRAPPERS.contains(&base(word)) {
            break;
        }
        if WRAPPERS.contains(&base(word)) {
            behind = base(word);
            ends |= behind == "exec" && !after.is_empty();
        }
        rest = after;
    }
    let Some((program, arguments)) = rest.split_first() else { return (Took::Known(0.0), false) };
    let took = match base(program) {
        "sleep" => sleep(arguments).map_or(Took::Unknown, Took::Known),
        "exit" | "return" => return (Took::Known(0.0), true),
        "wait" => Took::Unknown,
        "[" | "[[" | "test" => Took::Test,
        instant if INSTANT.contains(&instant) => Took::Known(0.0),
        _ if is_shell(program) => match slept(rest) {
            Slept { seconds: Some(seconds), stops: true, .. } => Took::Stops(seconds),
            Slept { seconds: Some(seconds), others: false, .. } => Took::Known(seconds),
            Slept { seconds: Some(0.0) | None, .. } if !arguments.iter().any(|w| is_sleep(w)) => Took::Other,
            _ => Took::Unknown,
        },
        _ if arguments.iter().any(|w| is_sleep(w)) => Took::Unknown,
        _ if stops(rest) => Took::Stops(0.0),
        _ => Took::Other,
    };
    (took, ends)
}

/// Whether an argument is a sleep that another program runs.
fn is_sleep(word: &str) -> bool {
    word.split(|c: char| c.is_whitespace() || ";&|()`".contains(c)).any(|part| base(part) == "sleep")
}

fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map_or("", |(name, _)| name);
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(letter) && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn is_shell(program: &str) -> bool {
    matches!(base(program), "sh" | "bash" | "ash" | "dash" | "zsh" | "ksh")
}

/// A program's name without its folder.
fn base(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// The seconds of `15`, `0.5`, `2m`, added up as coreutils does.
fn sleep(times: &[&str]) -> Option<f64> {
    if times.is_empty() {
        return None;
    }
    times.iter().map(|t| one_time(t)).sum()
}

fn one_time(text: &str) -> Option<f64> {
    let (digits, unit) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(digits) => (digits, &text[digits.len()..]),
        None => (text, "s"),
    };
    let factor = match unit {
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => 1.0,
    };
    let value: f64 = digits.parse().ok()?;
    (digits.starts_with(|c: char| c.is_ascii_digit()) && value < 1e6).then_some(value * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(text: &str) -> Slept {
        slept(&["/bin/sh", "-c", text])
    }

    #[test]
    fn a_sleep_is_one_in_whatever_it_is_wrapped() {
        for words in [
            &["/bin/busybox", "sleep", "10"][..],
            &["/usr/bin/env", "-i", "A=1", "sleep", "10"],
            &["busybox", "sh", "-c", "sleep 10"],
            &["bash", "-o", "pipefail", "-ec", "sleep 10"],
            &["sh", "-c", "exec sleep 10"],
            &["sh", "-c", "# wait\nsleep 10 # for the proxies"],
            &["sh", "-c", "set -e; A=1 sleep 10 >/dev/null 2>&1; exit 0; sleep 5"],
            &["sh", "-c", "sleep \\\n  10 || true"],
            &["sh", "-c", "echo 'sleep 5; & done' && sleep '10'"],
            &["sh", "-c", "true || sleep 5; sleep 10"],
        ] {
            let expected = Slept { seconds: Some(10.0), ..Slept::default() };
            assert_eq!(slept(words), expected, "{words:?}");
        }
    }

    #[test]
    fn what_a_script_does_besides_is_told_and_takes_no_time() {
        for text in [
            "sleep 10; /app/drain",
            "/app/drain && sleep 10",
            "nginx -s reload; sleep 10",
            "if [ -f /x ]; then /app/drain; fi; sleep 10",
            "for f in *.conf; do touch $f; done\nsleep 10",
            "test -x /drain || exit 0; sleep 10",
            "[ -x /drain ] && /drain; sleep 10",
        ] {
            let expected = Slept { seconds: Some(10.0), others: true, ..Slept::default() };
            assert_eq!(script(text), expected, "{text}");
        }
    }

    #[test]
    fn only_what_comes_before_the_server_is_stopped_counts() {
        for (text, secs) in [
            ("nginx -s quit; sleep 10", 0.0),
            ("kill -TERM 1 && sleep 10", 0.0),
            ("sleep 20; kill -QUIT 1; sleep 5", 20.0),
            ("sleep 10; kill -QUIT 1", 10.0),
            ("nginx -s quit; while killall -0 nginx; do sleep 1; done", 0.0),
            ("kill $(cat /run/app.pid) || true; sleep 10", 0.0),
            ("pidof app | xargs kill; sleep 10", 0.0),
            ("kill 1 & sleep 10", 0.0),
            ("bash -c 'sleep 5; kill 1; sleep 5'; sleep 10", 5.0),
        ] {
            let told = script(text);
            assert_eq!((told.seconds, told.stops), (Some(secs), true), "{text}");
        }
        assert_eq!(slept(&["/usr/sbin/nginx", "-s", "quit"]).seconds, Some(0.0));
        // Whether it is stopped, or when, the text does not tell.
        for text in [
            "if [ -f /x ]; then kill 1; fi; sleep 10",
            "for f in *.pid; do kill $(cat $f); done\nsleep 10",
            "test -f /x && nginx -s quit; sleep 10",
            "/app/drain; kill 1",
            "(sleep 5; kill 1) & sleep 10",
        ] {
            assert_eq!(script(text).seconds, None, "{text}");
        }
    }

    #[test]
    fn what_is_put_in_the_background_holds_nothing_up() {
        let told = |text: &str| {
            let Slept { seconds, background, .. } = script(text);
            (seconds, background)
        };
        assert_eq!(told("sleep 30 & echo hi"), (Some(0.0), true));
        assert_eq!(told("nohup sleep 30 >/dev/null 2>&1 & nginx -s quit"), (Some(0.0), true));
        assert_eq!(told("(sleep 30; kill 1) & sleep 5").0, None);
        assert_eq!(told("/drain & sleep 5"), (Some(5.0), false));
        assert_eq!(told("sleep 30 & wait").0, None);
    }

    #[test]
    fn a_sleep_in_a_loop_or_a_branch_is_unknown() {
        for text in [
            "for i in 1 2 3\ndo\n sleep 5\ndone",
            "for i in 1 2 3; do sleep 5; done; sleep 10",
            "while nc -z localhost 80; do sleep 1; done; sleep 10",
            "until false\ndo :; done",
            "if [ -f /x ]; then sleep 5; else sleep 10; fi",
            "test -f /x || sleep 20",
            "[ -f /x ] && sleep 20",
            "! pgrep app && sleep 20",
            "case $A in a) sleep 5;; esac",
            "wait_for() { sleep 5; }; wait_for",
            "sleep $DELAY; sleep 5",
            "sleep ${DELAY:-15}",
            "timeout 5 sleep 30",
            "su app -c 'sleep 5'",
            "cat <<EOF\nsleep 5\nEOF",
            "/app/drain",
            "sleep",
            "sleep 'unclosed",
        ] {
            assert_eq!(script(text).seconds, None, "{text}");
        }
        assert_eq!(slept(&["sleep", "infinity"]).seconds, None);
        assert_eq!(slept(&["sh", "/drain.sh"]).seconds, None);
    }
}
