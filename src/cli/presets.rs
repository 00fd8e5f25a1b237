//! `dryroll presets`: what a name stands for, value by value.

use std::fmt::Write as _;

use super::args::Presets;
use super::output::Output;
use super::ui::Ui;
use super::{Failure, exit, table};
use crate::scenario::presets::{Applies, Preset, all, did_you_mean, named};

pub(super) fn run(args: &Presets, ui: Ui) -> Result<u8, Failure> {
    let text = match &args.name {
        None => list(&all()),
        Some(name) => {
            let Some(preset) = named(name) else {
                let meant = did_you_mean(name).map_or_else(String::new, |m| format!(": {m}"));
                ui.error(&format!("there is no preset `{name}`{meant}\n\nhint: `dryroll presets` lists them"));
                return Err(Failure::Told);
            };
            one(&preset)
        }
    };
    table::finish(text.as_bytes(), Output::Stdout, None, ui)?;
    Ok(exit::OK)
}

/// Names and titles, by where they are used.
fn list(presets: &[Preset]) -> String {
    let width = presets.iter().map(|p| p.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for (applies, head) in [
        (Applies::LoadBalancer, "loadBalancer: {preset: NAME}, or --preset NAME"),
        (Applies::Pod, "pod: {preset: NAME}"),
        (Applies::Clients, "clients: [{preset: NAME, …}]"),
    ] {
        let _ = writeln!(out, "{head}");
        for p in presets.iter().filter(|p| p.applies == applies) {
            let _ = writeln!(out, "  {:<width$}  {}", p.name, p.title);
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// Every value with how it is known and where it is from.
fn one(preset: &Preset) -> String {
    let mut out = format!("{}: {}\n", preset.name, preset.title);
    for v in &preset.values {
        let _ = write!(out, "\n{}: {}\n    {}: {}\n", v.path, v.value, v.tag, v.source);
    }
    out
}
