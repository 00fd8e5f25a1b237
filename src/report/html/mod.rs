//! Pages for a browser: one file, nothing fetched, complete without script, readable on a phone, in print, light and dark.
//!
//! What is shown (`page`, `levels`, `failures`, `lanes`, `latency`) is apart from how (`assets/`: templates, style, script).
//! Bytes depend on the result alone.

mod apart;
mod beside;
mod compare;
mod course;
mod diagnosis;
mod failures;
pub mod figure;
mod figures;
mod forest;
mod lanes;
mod latency;
mod levels;
pub mod live;
mod map;
mod page;
mod panel;
mod parallel;
mod pareto;
pub mod picture;
#[cfg(feature = "png")]
mod raster;
mod recommend;
mod several;
mod svg;
mod sweep;
mod window;

use std::io;

use minijinja::value::Serde;
use minijinja::{Environment, Value};

use super::{Page, Report, Settings};
use crate::explain::Explanation;
use crate::metrics::Results;
use crate::metrics::scene::Scene;

/// A script of a page, with its SHA-256 in base64: the one script that the page's policy lets run. A test says what it must be.
struct Script {
    text: &'static str,
    hash: &'static str,
}

/// The script of everything on a time axis.
const SCRIPT: Script = Script {
    text: concat!(include_str!("assets/legend.js"), include_str!("assets/page.js")),
    hash: "zpwyPl/Ytra24stUeRpeMjpHwp8E3LE4C5at4IjY3Ks=",
};
/// That of the maps of a sweep, and of a page that has legends alone.
const SWEEP_SCRIPT: Script = Script {
    text: concat!(include_str!("assets/legend.js"), include_str!("assets/sweep.js")),
    hash: "WbyZd0rLj1laJVgkwc1JqBI9Npq0xy8RqhBjUP9A5eM=",
};
/// Pages and parts of them.
const TEMPLATES: [(&str, &str); 10] = [
    ("frame.html", include_str!("assets/frame.html")),
    ("run.html", include_str!("assets/run.html")),
    ("live.html", include_str!("assets/live.html")),
    ("sweep.html", include_str!("assets/sweep.html")),
    ("recommend.html", include_str!("assets/recommend.html")),
    ("compare.html", include_str!("assets/compare.html")),
    ("several.html", include_str!("assets/several.html")),
    ("alone.html", include_str!("assets/alone.html")),
    ("beside.html", include_str!("assets/beside.html")),
    ("moment.html", include_str!("assets/moment.html")),
];
/// The palette, what is drawn, which stands by itself in a picture too, and the rest of a page.
const STYLE: &str =
    concat!(include_str!("assets/palette.css"), include_str!("assets/plot.css"), include_str!("assets/style.css"));
/// The hatches that surfaces are filled with.
const PATTERNS: &str = include_str!("assets/patterns.svg");

/// `--format html`: the page of one forecast.
pub struct Html;

impl Report for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["html", "htm"]
    }

    fn draws(&self) -> bool {
        true
    }

    fn write(&self, page: &Page<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let Page { results, settings, scene, explanation, .. } = *page;
        run(&Story { results, settings: Some(settings), scene, explanation }, out)
    }
}

pub(super) use compare::write as compare;
pub(super) use recommend::write as recommend;
pub use several::{Several, several};
pub(super) use sweep::write as sweep;

/// What a page tells.
#[derive(Clone, Copy, Debug)]
pub struct Story<'a> {
    /// What was measured.
    pub results: &'a Results,
    /// What the scenario said; `None` where only the result was kept.
    pub settings: Option<&'a Settings>,
    /// The first replication, watched closely; `None` where nobody did.
    pub scene: Option<&'a Scene>,
    /// Why its requests were dropped, one by one; `None` where nobody listened.
    pub explanation: Option<&'a Explanation>,
}

/// Writes the page of one forecast.
///
/// # Errors
/// Whatever `out` says.
pub fn run(story: &Story<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let view = page::view(story);
    let body = render("run.html", &view)?;
    frame(&story.results.scenario, body, page::data(story)?, &SCRIPT, out)
}

/// Writes a whole page: the body in its frame.
fn frame(title: &str, body: String, data: String, script: &Script, out: &mut dyn io::Write) -> io::Result<()> {
    framed(title, body, data, script, "", out)
}

/// The same, where the page may do more than others: `allowed` goes on with the policy.
fn framed(
    title: &str,
    body: String,
    data: String,
    script: &Script,
    allowed: &'static str,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let frame = Frame {
        title: format!("{title} – dryroll"),
        body,
        data,
        style: STYLE,
        patterns: PATTERNS,
        script: script.text,
        script_hash: script.hash,
        allowed,
    };
    out.write_all(render("frame.html", &frame)?.as_bytes())
}

/// What every page has: the policy that forbids the network, the style, the script and its data.
#[derive(serde::Serialize)]
struct Frame {
    title: String,
    /// Rendered, its text escaped.
    body: String,
    /// JSON in which no tag can begin.
    data: String,
    style: &'static str,
    patterns: &'static str,
    script: &'static str,
    script_hash: &'static str,
    /// More of the policy.
    allowed: &'static str,
}

/// A template filled in. Its name ends in `.html`, by which everything in it is escaped that is not declared safe.
fn render<T: serde::Serialize>(name: &str, view: &T) -> io::Result<String> {
    let mut environment = Environment::new();
    environment.add_filter("breakable", breakable);
    for (name, template) in TEMPLATES {
        environment.add_template(name, template).map_err(io::Error::other)?;
    }
    environment.get_template(name).and_then(|t| t.render(Serde(view))).map_err(io::Error::other)
}

/// A path that may be broken after its dots and commas, where a column is too narrow for it, and nowhere inside a word.
fn breakable(text: &str) -> Value {
    Value::from_safe_string(svg::escape(text).replace('.', ".<wbr>").replace(',', ",<wbr>"))
}

/// JSON for a `script` element, in which `<` would be the only way out.
fn json<T: serde::Serialize>(value: &T) -> io::Result<String> {
    Ok(serde_json::to_string(value)?.replace('<', "\\u003c"))
}

#[cfg(test)]
mod tests;
