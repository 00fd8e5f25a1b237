//! One figure by itself, for a document: an SVG that needs nothing but itself, light or dark as its reader is, or a PNG.
//!
//! A figure is what the page has of that name, in the same bytes; around it stand its title, what there is to see, and its legend.

use std::fmt::Write as _;
use std::io;

use super::PATTERNS;
use super::panel::{Key, Panel};
use super::svg::{Plotted, WIDTH, escape, n};
use crate::report::text::wrap;

const PALETTE: &str = include_str!("assets/palette.css");
const PLOT: &str = include_str!("assets/plot.css");
/// What only a picture has; the same families as a page, by their plain names.
const OWN: &str = "svg{font-family:system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,sans-serif}\
    .back{fill:var(--bg)}text.head{fill:var(--fg);font-size:19px;font-weight:650}text.said{fill:var(--fg);font-size:13.5px}\
    text.key,text.unit{fill:var(--muted);font-size:13px}";

/// Room beside a plot.
const LEFT: f64 = 84.0;
const RIGHT: f64 = 22.0;
/// Characters of a line of words, and the width of one (px): no reader's font is known.
const LETTERS: usize = 140;
const LETTER: f64 = 7.2;

/// How a picture is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// As SVG, light or dark by the reader's setting.
    Svg,
    /// As PNG, light, at twice the size in which it is meant to be seen.
    Png,
}

impl Kept {
    /// What the ending of a file's name asks for.
    pub fn by_ending(ending: &str) -> Option<Self> {
        [("svg", Self::Svg), ("png", Self::Png)].into_iter().find(|e| e.0.eq_ignore_ascii_case(ending)).map(|e| e.1)
    }
}

/// A figure with everything that stands around it.
pub(super) struct Picture {
    title: String,
    unit: String,
    legend: Vec<Key>,
    /// One plot, or that of each policy, with what there is to see.
    plots: Vec<(String, Plotted)>,
}

impl Picture {
    /// A figure by itself; `of` is what it is of, a scenario's name.
    pub(super) fn of(panel: Panel, of: &str) -> Self {
        let Panel { title, unit, whose, finding, svg, legend, .. } = panel;
        Self {
            title: format!("{title} – {of}"),
            unit: format!("{unit} ({whose})"),
            legend,
            plots: vec![(finding, svg)],
        }
    }

    /// The same figure of several policies.
    pub(super) fn beside(title: String, unit: String, legend: Vec<Key>, plots: Vec<(String, Plotted)>) -> Self {
        Self { title, unit, legend, plots }
    }

    /// Writes it.
    ///
    /// # Errors
    /// Whatever `out` says.
    pub(super) fn write(&self, kept: Kept, out: &mut dyn io::Write) -> io::Result<()> {
        match kept {
            Kept::Svg => writeln!(out, "{}", self.markup(&style(true))),
            #[cfg(feature = "png")]
            Kept::Png => out.write_all(&super::raster::png(&self.markup(&style(false)))?),
            #[cfg(not(feature = "png"))]
            Kept::Png => Err(io::Error::other("this program was built without PNG; SVG is always there")),
        }
    }

    fn markup(&self, style: &str) -> String {
        let mut body = String::new();
        let mut y = 32.0;
        let mut words = |class: &str, text: &str, y: f64| {
            let _ = write!(body, r#"<text class="{class}" x="16" y="{}">{}</text>"#, n(y), escape(text));
        };
        words("head", &self.title, y);
        for line in wrap(&self.unit, LETTERS) {
            y += 20.0;
            words("unit", &line, y);
        }
        y += 10.0;
        let mut x = 16.0;
        for key in self.legend.iter().filter(|k| !k.swatch.is_empty()) {
            let wide = 30.0 + key.label.chars().count() as f64 * LETTER + 16.0;
            if x + wide > LEFT + WIDTH {
                (x, y) = (16.0, y + 20.0);
            }
            let swatch = key.swatch.replacen("<svg ", &format!(r#"<svg x="{}" y="{}" "#, n(x), n(y + 4.0)), 1);
            let _ = write!(
                body,
                r#"{swatch}<text class="key" x="{}" y="{}">{}</text>"#,
                n(x + 28.0),
                n(y + 15.0),
                escape(&key.label)
            );
            x += wide;
        }
        y += 26.0;
        for (finding, plot) in &self.plots {
            for line in wrap(finding, LETTERS) {
                y += 18.0;
                let _ = write!(body, r#"<text class="said" x="16" y="{}">{}</text>"#, n(y), escape(&line));
            }
            y += 14.0;
            let (at, wide, high) = (n(y), n(WIDTH), n(plot.height));
            let _ = write!(
                body,
                r#"<svg x="{LEFT}" y="{at}" width="{wide}" height="{high}" overflow="visible">{}</svg>"#,
                plot.markup
            );
            y += plot.height + 12.0;
        }
        let (wide, high) = (n(LEFT + WIDTH + RIGHT), n(y));
        let title = escape(&self.title);
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}"><title>{title}</title><style>{style}</style><defs>{PATTERNS}</defs><path class="back" d="M0 0H{wide}V{high}H0z"/>{body}</svg>"#
        )
    }
}

/// The style with its colours written out, since not every reader of a picture knows variables; where `both`, those of a dark
/// surface follow for who has one.
fn style(both: bool) -> String {
    let rules = format!("{OWN}\n{PLOT}.plot{{overflow:visible}}");
    let mut sets = PALETTE.split('}').filter_map(|rule| rule.rsplit_once('{').map(|r| r.1));
    let (light, dark) = (sets.next().unwrap_or_default(), sets.next().unwrap_or_default());
    let mut style = coloured(&rules, &[light]);
    if both {
        let _ = write!(style, "@media (prefers-color-scheme:dark){{{}}}", coloured(&rules, &[dark, light]));
    }
    // One line, and nothing that would end the element it stands in.
    style.replace('\n', "").replace(['<', '>'], "")
}

/// Rules with each `var(--name)` replaced by the first set's colour that has it.
fn coloured(rules: &str, sets: &[&str]) -> String {
    let colour = |name: &str| {
        let of = |set: &&str| set.split(';').find_map(|d| d.strip_prefix(name)?.strip_prefix(':').map(str::to_owned));
        sets.iter().find_map(of).unwrap_or_else(|| "currentColor".to_owned())
    };
    let mut parts = rules.split("var(");
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(')').unwrap_or((part, ""));
        written.push_str(&colour(name));
        written.push_str(rest);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_has_every_colour_written_out() {
        let style = style(true);
        assert!(!style.contains("var(") && !style.contains("currentColor"), "{style}");
        assert!(style.contains(".line.blue{stroke:#0072b2}") && style.contains(".line.blue{stroke:#4aa8e0}"));
    }

    #[test]
    fn text_never_turns_into_markup() {
        let evil = "</text><script>";
        let panel =
            Panel { title: evil.to_owned(), unit: evil.to_owned(), finding: evil.to_owned(), ..Panel::default() };
        let markup = Picture::of(panel, evil).markup("");
        assert!(!markup.contains("<script>") && markup.contains("&lt;script&gt;"));
    }
}
