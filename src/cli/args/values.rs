//! The words that options take.

use crate::engine::Dur;
use crate::metrics::summary::Summary;
use crate::report::html::figure;
use crate::study::result::effort::Precise;
use crate::study::result::price::Cost;

/// `PATH=VALUE`, both sides there.
pub(super) fn assignment(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((path, value)) if !path.trim().is_empty() && !value.trim().is_empty() => Ok(text.to_owned()),
        _ => Err("expected PATH=VALUE, for instance maxSurge=1".to_owned()),
    }
}

/// `30m`, as scenarios write it.
pub(super) fn duration(text: &str) -> Result<Dur, String> {
    crate::scenario::duration(text).ok_or_else(|| "expected a duration such as 90s, 30m or 2h".to_owned())
}

/// `5%`, as a share of 1; 0 % is allowed.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let number = text.trim().strip_suffix('%').and_then(|n| n.trim().parse::<f64>().ok());
    let share = number.filter(|p| (0.0..100.0).contains(p)).map(|p| p / 100.0);
    share.ok_or_else(|| "expected a share from 0% up and below 100%, as in 5%".to_owned())
}

/// `surge=1`, a cost and what one of it is worth.
pub(super) fn price(text: &str) -> Result<(Cost, f64), String> {
    let names = || Cost::ALL.map(Cost::name).join(", ");
    let Some((name, price)) = text.split_once('=') else {
        return Err(format!("expected COST=PRICE, for instance duration=10; costs are {}", names()));
    };
    let cost = Cost::ALL.into_iter().find(|c| c.name() == name.trim());
    let cost = cost.ok_or_else(|| format!("no cost is called `{}`: there is {}", name.trim(), names()))?;
    let price = price.trim().parse::<f64>().ok().filter(|p| p.is_finite() && *p >= 0.0);
    price.map(|price| (cost, price)).ok_or_else(|| "expected a price from 0 up, in minutes of a pod".to_owned())
}

/// `5%`, `p99_during=1%`.
pub(super) fn precision(text: &str) -> Result<Precise, String> {
    let (figure, share) = text.split_once('=').unwrap_or(("dropped", text));
    let number = share.trim().strip_suffix('%').and_then(|n| n.trim().parse::<f64>().ok());
    match number {
        Some(percent) if percent > 0.0 && percent < 100.0 => {
            Ok(Precise { figure: column(figure.trim())?, share: percent / 100.0 })
        }
        _ => Err("expected a share above 0 % and below 100 %, as in 5% or p99_during=2%".to_owned()),
    }
}

/// A figure by which rows can be sorted, with `-` before it for most first.
pub(super) fn sorting(text: &str) -> Result<String, String> {
    column(text.strip_prefix('-').unwrap_or(text)).map(|_| text.to_owned())
}

/// A column of figures.
pub(super) fn column(name: &str) -> Result<String, String> {
    let names = Summary::column_names();
    if names.iter().any(|n| n == name) {
        return Ok(name.to_owned());
    }
    let near = crate::scenario::diag::nearest(name, names.iter().map(String::as_str));
    let hint =
        near.map_or_else(|| "the columns of `--format csv` are figures".to_owned(), |n| format!("did you mean `{n}`?"));
    Err(format!("no figure is called `{name}`: {hint}"))
}

/// What is compared, or drawn of a comparison.
pub(super) fn compared(name: &str) -> Result<String, String> {
    if figure::of_compare().contains(&name) { Ok(name.to_owned()) } else { column(name) }
}

/// The code of a rule.
pub(super) fn rule(code: &str) -> Result<String, String> {
    if crate::lint::rule(code).is_some() {
        return Ok(code.to_owned());
    }
    let near = crate::scenario::diag::nearest(code, crate::lint::RULES.map(|r| r.code));
    let hint = near.map_or_else(|| "`dryroll lint --rules` lists them".to_owned(), |n| format!("did you mean `{n}`?"));
    Err(format!("no rule has the code `{code}`: {hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_needs_both_sides() {
        assert!(assignment("maxSurge=25%").is_ok());
        assert!(["maxSurge", "=1", "maxSurge=", ""].iter().all(|t| assignment(t).is_err()));
    }
}
