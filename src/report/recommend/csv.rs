//! A recommendation as tidy rows: what stands, what is recommended, and the front.

use std::io;

use super::RecommendPage;
use crate::report::Format;
use crate::study::result::price::Cost;
use crate::study::result::recommendation::Policy;

/// `--format csv`.
pub(super) const FORMAT: Format<RecommendPage> = Format { name: "csv", endings: &["csv"], write };

fn write(page: &RecommendPage, out: &mut dyn io::Write) -> io::Result<()> {
    let r = &page.recommendation;
    let mut writer = csv::Writer::from_writer(out);
    let costs = Cost::ALL.iter().flat_map(|c| ["", "_lo", "_hi"].map(|end| format!("{}{end}", c.figure())));
    let head = std::iter::once("policy".to_owned()).chain(r.settings.iter().cloned()).chain(costs);
    let tail = ["price", "verdict", "deploys", "met", "seed"].map(str::to_owned);
    writer.write_record(head.chain(tail))?;
    let front = r.front.iter().map(|p| ("front", p));
    for (name, policy) in [("now", &r.now), ("recommended", &r.recommended)].into_iter().chain(front) {
        writer.write_record(row(name, policy, r.seed))?;
    }
    writer.flush()
}

fn row(name: &str, p: &Policy, seed: u64) -> Vec<String> {
    let number = |x: Option<f64>| x.map_or_else(String::new, |x| x.to_string());
    let mut row = vec![name.to_owned()];
    row.extend(p.settings.iter().cloned());
    for figure in &p.costs {
        let ends = figure.and_then(|f| f.ci95);
        row.extend([figure.map(|f| f.mean), ends.map(|e| e[0]), ends.map(|e| e[1])].map(number));
    }
    let verdict = p.verdict.name().to_owned();
    row.extend([p.price.to_string(), verdict, p.deploys.to_string(), p.met.to_string(), seed.to_string()]);
    row
}
