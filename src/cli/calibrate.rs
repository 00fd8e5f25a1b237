//! `dryroll calibrate`: what logs say of a service, as a part of a scenario.

use super::args::Calibrate;
use super::output::{Output, Staged};
use super::ui::Ui;
use super::{Failure, ending, exit, loading, table};
use crate::calibrate::fit::FAMILIES;
use crate::calibrate::fragment::{self, Wanted};
use crate::calibrate::{self, Calibration, Options};
use crate::report::text::{quoted, quoted_file};
use crate::scenario::diag::printable;

pub(super) fn run(args: &Calibrate, ui: Ui) -> Result<u8, Failure> {
    let path = args.output.as_deref();
    ending::check_only(path, ending::YAML)?;
    let output = Output::open(path).map_err(|e| table::cannot_write(path, &e))?;
    let unit = args.unit.as_deref().map(|unit| match unit {
        "ms" => 1e-3,
        "us" => 1e-6,
        "ns" => 1e-9,
        _ => 1.0,
    });
    let options = Options { unit, metric: args.metric.as_deref(), trace: args.trace };
    let found = calibrate::read(&args.logs, &options).map_err(|diag| loading::told(&[diag], ui))?;
    tell(&found, ui);
    let family = FAMILIES.into_iter().find(|f| f.name() == args.fit);
    let wanted = match (family, args.fit.as_str()) {
        (Some(family), _) => Wanted::Family(family),
        (None, "empirical") => Wanted::Empirical,
        (None, _) => Wanted::Auto,
    };
    // Beside a device there is no place for a second file.
    let place = path.filter(|_| output.is_plain_file());
    if args.trace && place.is_none() {
        return Err(Failure::Usage("--trace writes a file beside the scenario: it needs -o FILE".to_owned()));
    }
    if args.trace && found.arrivals.is_empty() {
        return Err(Failure::Usage(
            "there is no request whose moment is known: nothing to replay one by one".to_owned(),
        ));
    }
    let fragment = fragment::write(&found, wanted, place);
    let mut staged = Vec::new();
    for (path, text) in &fragment.beside {
        let file = Staged::new(path, text.as_bytes()).map_err(|e| table::cannot_write(Some(path), &e))?;
        staged.push((file, path));
    }
    let text = header(args) + &fragment.text;
    table::finish(text.as_bytes(), output, path, ui)?;
    for (file, path) in staged {
        file.keep().map_err(|e| table::cannot_write(Some(path), &e))?;
    }
    Ok(exit::OK)
}

/// What became of each file.
fn tell(found: &Calibration, ui: Ui) {
    for reading in &found.readings {
        let (file, format) = (printable(&reading.file), reading.format.name());
        ui.remark(&format!("{file}: {format}, {} of {} lines read", reading.read, reading.lines));
        if let Some((number, text)) = &reading.unreadable {
            let passed = reading.passed();
            ui.warning(&format!("{file}:{number}: {passed} could not be read, this the first: {}", printable(text)));
        }
    }
}

/// What was typed.
fn header(args: &Calibrate) -> String {
    let mut words = vec!["dryroll calibrate".to_owned()];
    words.extend(args.logs.iter().map(|log| quoted_file(log)));
    if args.fit != "auto" {
        words.push(format!("--fit {}", args.fit));
    }
    words.extend(args.unit.iter().map(|unit| format!("--unit {unit}")));
    words.extend(args.metric.iter().map(|metric| format!("--metric {}", quoted(metric))));
    words.extend(args.trace.then(|| "--trace".to_owned()));
    format!("# {}\n", printable(&words.join(" ")).replace('\n', "\\n"))
}
