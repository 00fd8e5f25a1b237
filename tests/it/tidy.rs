//! Rules of this code base that no compiler and no lint knows: which module may know which, how long a file may be, who
//! may print. Each failure names the file and the line.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Which of our own modules each module may name. A path with `::` allows that part alone.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("engine", &[]),
    ("stats", &[]),
    ("scenario", &["engine"]),
    ("fleet", &["engine", "scenario"]),
    ("metrics", &["engine", "scenario", "fleet::fact", "fleet::Observer", "stats"]),
    ("simulate", &["engine", "scenario", "fleet", "metrics"]),
    ("explain", &["engine", "scenario", "fleet::fact", "fleet::rollout", "fleet::Observer", "metrics"]),
    ("lint", &["engine", "scenario", "fleet::rollout"]),
    ("calibrate", &["engine", "scenario", "stats"]),
    ("study", &["engine", "scenario", "fleet", "metrics", "stats", "simulate"]),
    ("report", &["engine", "metrics", "stats", "study::result", "lint", "explain"]),
    (
        "cli",
        &[
            "engine",
            "stats",
            "scenario",
            "fleet",
            "metrics",
            "simulate",
            "study",
            "explain",
            "lint",
            "calibrate",
            "report",
        ],
    ),
];

/// The modules whose every bit is part of a result.
const SIMULATED: &[&str] = &["engine", "scenario", "fleet", "metrics", "simulate"];

/// Lines that a source file may have before its tests.
const LINES_MAX: usize = 400;

const UNFINISHED: &[&str] = &["todo!", "unimplemented!", "dbg!"];

const PRINTING: &[&str] = &["print!", "println!", "eprint!", "eprintln!"];

/// The one file that prints.
const PRINTER: &str = "cli/ui.rs";

/// A source file without its comments and its tests, lines kept.
struct Source {
    /// Relative to `src/`, with `/` between.
    path: String,
    code: String,
}

impl Source {
    /// The module at the top of the crate that it belongs to: `fleet` for `fleet/pod.rs` and for `fleet.rs`.
    fn module(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    fn place(&self, offset: usize) -> String {
        let line = self.code[..offset].matches('\n').count() + 1;
        format!("src/{}:{line}", self.path)
    }

    /// Every place where one of these macros is called.
    fn calls(&self, macros: &[&'static str]) -> Vec<(usize, &'static str)> {
        let mut found = Vec::new();
        for &name in macros {
            for (offset, _) in self.code.match_indices(name) {
                // `eprintln!` contains `println!`.
                if !self.code[..offset].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
                    found.push((offset, name));
                }
            }
        }
        found
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below `folder` that end in `.extension`, in order of their paths.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        for entry in entries {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<Source> {
    let src = root().join("src");
    let read = |file: &PathBuf| {
        let relative = file.strip_prefix(&src).expect("it was found there");
        let path = relative.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
        let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{path}: {e}"));
        Source { path, code: code_of(&text) }
    };
    files(&src, "rs").iter().map(read).collect()
}

/// The code alone: comments blanked, and nothing from the unit tests on, which end a file.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line == "#[cfg(test)]" && lines.peek().is_some_and(|next| next.starts_with("mod ") && next.ends_with('{')) {
            break;
        }
        // Cuts a string that holds `//` too, which hides nothing that these rules look for.
        code.push_str(line.split("//").next().unwrap_or_default());
        code.push('\n');
    }
    code
}

/// Every path that starts with `crate::`, groups in braces taken apart, with its place.
fn crate_paths(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (offset, start) in code.match_indices("crate::") {
        let before = code[..offset].chars().next_back();
        if !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            expand(&code[offset + start.len()..], "", offset, &mut found);
        }
    }
    found
}

/// Reads one use tree (`a::b`, `a::{b, c::d}`) and returns what is left after it.
fn expand<'a>(mut rest: &'a str, prefix: &str, offset: usize, found: &mut Vec<(usize, String)>) -> &'a str {
    let mut path = prefix.to_owned();
    loop {
        rest = rest.trim_start();
        if let Some(group) = rest.strip_prefix('{') {
            rest = group;
            while !rest.trim_start().starts_with('}') {
                let after = expand(rest, &path, offset, found).trim_start();
                let after = after.strip_prefix(',').unwrap_or(after);
                if after.len() == rest.len() {
                    return rest;
                }
                rest = after;
            }
            return &rest.trim_start()[1..];
        }
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        if !path.is_empty() {
            path.push_str("::");
        }
        path.push_str(&rest[..end]);
        rest = &rest[end..];
        match rest.strip_prefix("::") {
            Some(more) => rest = more,
            None => break,
        }
    }
    found.push((offset, path));
    // `name as other` ends with the comma or the brace of its group.
    let end = rest.strip_prefix(" as ").and_then(|r| r.find([',', '}', ';'])).map_or(0, |n| n + " as ".len());
    &rest[end..]
}

fn assert_none(rule: &str, offences: &[String]) {
    let mut list = String::new();
    for offence in offences {
        let _ = writeln!(list, "  {offence}");
    }
    assert!(offences.is_empty(), "{rule}:\n{list}");
}

#[test]
fn modules_know_only_what_lies_below_them() {
    let mut offences = Vec::new();
    for source in sources() {
        let module = source.module();
        // The two roots name everything.
        if module == "lib" || module == "main" {
            continue;
        }
        let Some((_, allowed)) = MAY_KNOW.iter().find(|(name, _)| *name == module) else {
            offences.push(format!("src/{}: `{module}` has no line in MAY_KNOW", source.path));
            continue;
        };
        for (offset, path) in crate_paths(&source.code) {
            let within = |known: &str| path.strip_prefix(known).is_some_and(|r| r.is_empty() || r.starts_with("::"));
            if !within(module) && !allowed.iter().any(|known| within(known)) {
                offences.push(format!("{}: `{module}` must not know `{path}`", source.place(offset)));
            }
        }
    }
    assert_none("the direction of dependencies", &offences);
}

#[test]
fn a_file_is_short_enough_to_read() {
    let mut offences = Vec::new();
    for source in sources() {
        let lines = source.code.lines().count();
        if lines > LINES_MAX {
            offences.push(format!("src/{}: {lines} lines before its tests, {LINES_MAX} at most", source.path));
        }
    }
    assert_none("files that ask to be split", &offences);
}

#[test]
fn nothing_is_left_unfinished_and_one_file_prints() {
    let mut offences = Vec::new();
    for source in sources() {
        for (offset, name) in source.calls(UNFINISHED) {
            offences.push(format!("{}: `{name}`", source.place(offset)));
        }
        if source.path != PRINTER {
            for (offset, name) in source.calls(PRINTING) {
                offences.push(format!("{}: `{name}`, which belongs into src/{PRINTER}", source.place(offset)));
            }
        }
    }
    assert_none("macros out of place", &offences);
}

#[test]
fn every_scenario_says_what_it_asks() {
    let mut offences = Vec::new();
    let scenarios = files(&root().join("scenarios"), "yaml");
    assert!(!scenarios.is_empty(), "no scenarios");
    for file in scenarios {
        let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let header: Vec<&str> = text.lines().take_while(|line| line.starts_with('#')).collect();
        let header = header.join("\n").to_lowercase();
        for word in ["question", "expect"] {
            if !header.contains(word) {
                offences.push(format!("{}: its header comment has no `{word}`", file.display()));
            }
        }
    }
    assert_none("scenario headers", &offences);
}

/// A lesson is one only if nothing else changed: `x-wrong.yaml` and `x-right.yaml` differ in what their headers name.
#[test]
fn wrong_and_right_scenarios_differ_only_in_what_they_name() {
    let mut offences = Vec::new();
    for wrong in files(&root().join("scenarios"), "yaml") {
        let name = wrong.file_stem().expect("it ends in .yaml").to_string_lossy().into_owned();
        let Some(lesson) = name.strip_suffix("-wrong") else { continue };
        let right = wrong.with_file_name(format!("{lesson}-right.yaml"));
        let [wrong, right] = [wrong, right].map(|f| fs::read_to_string(&f).unwrap_or_else(|e| panic!("{name}: {e}")));
        let header = format!("# Differs from {lesson}-right.yaml in: ");
        let named: Vec<&str> = wrong.lines().find_map(|l| l.strip_prefix(&header)).unwrap_or("").split(", ").collect();
        let settings = |text: &str| -> Vec<String> {
            text.lines().filter(|l| !l.starts_with('#') && !l.starts_with("name:")).map(blank_scalars(&named)).collect()
        };
        if settings(&wrong) != settings(&right) {
            offences.push(format!("{lesson}: the two differ in more than {}", named.join(", ")));
        }
    }
    assert_none("pairs of scenarios", &offences);
}

/// Takes the values of these keys out of a line of YAML, in block or in flow style.
fn blank_scalars<'a>(keys: &'a [&str]) -> impl Fn(&str) -> String + 'a {
    move |line| {
        let mut line = line.to_owned();
        for key in keys {
            let key = format!("{key}: ");
            if let Some(start) = line.find(&key).map(|at| at + key.len()) {
                let end = line[start..].find([',', '}']).map_or(line.len(), |n| start + n);
                line.replace_range(start..end, "");
            }
        }
        line
    }
}

/// Both compute through `num-traits`, whose feature `std` (which `hdrhistogram` turns on in tests and benchmarks, and any
/// dependency may) means the platform's maths library: other bits on other machines. `libm` is the same everywhere.
#[test]
fn what_is_simulated_never_computes_with_platform_maths() {
    let mut offences = Vec::new();
    for source in sources().iter().filter(|s| SIMULATED.contains(&s.module())) {
        for name in ["rand_distr", "statrs"] {
            for (offset, _) in source.code.match_indices(name) {
                offences.push(format!("{}: `{name}`; write the transform on `libm`", source.place(offset)));
            }
        }
    }
    assert_none("bits that differ between machines", &offences);
}

#[test]
fn paths_are_found_in_every_form() {
    let code = "use crate::engine::{Dur, time::{SimTime as T, X}};\nfn f() -> crate::fleet::World { my_crate::a() }\n";
    let paths: Vec<String> = crate_paths(code).into_iter().map(|(_, path)| path).collect();
    assert_eq!(paths, ["engine::Dur", "engine::time::SimTime", "engine::time::X", "fleet::World"]);
    assert_eq!(code_of("a // b\n#[cfg(test)]\nmod tests {\n}\n"), "a \n");
}
