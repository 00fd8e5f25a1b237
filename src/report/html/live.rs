//! A page whose forecast changes under one's hand: sliders, and the body of a forecast's page beside them.

use std::io;

use serde::Serialize;

use super::{Script, Story, framed, json, page, render};

/// The script of a page on a time axis, and that of the sliders.
const SCRIPT: Script = Script {
    text: concat!(include_str!("assets/legend.js"), include_str!("assets/page.js"), include_str!("assets/live.js")),
    hash: "f5S5tHzx+DZwMnLxPMMagulFMsnDrsJ9LWIRmuWRf2U=",
};

/// A setting with a slider.
#[derive(Clone, Debug, Serialize)]
pub struct Knob {
    /// What `--set` calls it.
    pub name: String,
    /// What it is, in a few words.
    pub what: String,
    /// Where the slider stops, as `--set` takes it.
    pub values: Vec<String>,
    /// The one that the file has.
    pub at: usize,
}

/// What a page begins with.
#[derive(Clone, Debug, Serialize)]
pub struct Setup {
    /// The scenario's name.
    pub scenario: String,
    /// Its sliders.
    pub knobs: Vec<Knob>,
}

/// Writes the page, which asks for its first forecast itself.
///
/// # Errors
/// Whatever `out` says.
pub fn page(setup: &Setup, out: &mut dyn io::Write) -> io::Result<()> {
    let body = render("live.html", setup)?;
    framed(&setup.scenario, body, json(setup)?, &SCRIPT, "; connect-src 'self'", out)
}

/// The body of a forecast's page, and what its script reads.
///
/// # Errors
/// Where it cannot be rendered, which would be a mistake of ours.
pub fn forecast(story: &Story<'_>) -> io::Result<(String, String)> {
    Ok((render("run.html", &page::view(story))?, page::data(story)?))
}
