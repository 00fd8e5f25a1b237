//! Forecasts beside measurements as tidy rows: one a case and quantity.

use std::io;

use crate::metrics::validation::Validation;

const COLUMNS: [&str; 9] =
    ["case", "kind", "quantity", "measured", "forecast", "interval_lo", "interval_hi", "inside", "decides"];

pub(super) fn write(validation: &Validation, out: &mut dyn io::Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(COLUMNS)?;
    let cell = |x: Option<f64>| x.map(|x| x.to_string()).unwrap_or_default();
    for case in &validation.cases {
        for row in &case.rows {
            writer.write_record([
                case.case.clone(),
                case.kind.to_string(),
                row.quantity.clone(),
                row.measured.to_string(),
                cell(row.forecast),
                cell(row.interval.map(|i| i[0])),
                cell(row.interval.map(|i| i[1])),
                row.inside.to_string(),
                row.decides.to_string(),
            ])?;
        }
    }
    writer.flush()
}
