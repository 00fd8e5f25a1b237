//! Numbers and sentences for people.

use crate::metrics::Figure;
use crate::stats::Estimate;

/// How a kind of number is written: the mean and both ends of an interval alike.
pub type Format = fn(f64, scale: f64) -> String;

/// A count or a level: `1,950`, `12.4`, `0.3`. `scale` decides how many decimals, so that an interval's ends match its mean.
pub fn count(x: f64, scale: f64) -> String {
    let decimals =
        if x == libm::round(x) && (scale == libm::round(scale) || scale.abs() >= 100.0) { 0 } else { decimals(scale) };
    thousands(trim(&format!("{x:.decimals$}")))
}

/// A share: `0.87 %`, `26 %`, `99.14 %`: two digits of it, or of what is missing to the whole.
pub fn percent(x: f64, scale: f64) -> String {
    let size = if scale > 0.9 { (1.0 - scale).abs() } else { scale } * 100.0;
    let digits = match size {
        s if s >= 9.95 || s == 0.0 => 0,
        s if s >= 0.995 => 1,
        s if s >= 0.0995 => 2,
        _ => 3,
    };
    let text = format!("{:.digits$}", x * 100.0);
    match trim(&text) {
        "0" if x > 0.0 => "<0.001 %".to_owned(),
        // A difference that is nearly none has no sign.
        "-0" => "0 %".to_owned(),
        text => format!("{text} %"),
    }
}

/// A span of time (s): `250 µs`, `121 ms`, `1.1 s`, `55 s`, `1 m 52 s`, `2 h 5 m`.
pub fn seconds(x: f64, _: f64) -> String {
    let whole = libm::round(x.abs()) as u64;
    let sign = if x < 0.0 { "-" } else { "" };
    let small = |x: f64, unit| format!("{sign}{} {unit}", trim(&format!("{:.*}", decimals(x).min(1), x)));
    match x.abs() {
        0.0 => "0 s".to_owned(),
        s if s < 0.000_999_5 => small(s * 1e6, "µs"),
        s if s < 0.999_5 => small(s * 1e3, "ms"),
        s if s < 59.5 => small(s, "s"),
        _ if whole < 3_600 => format!("{sign}{} m {} s", whole / 60, whole % 60),
        _ => format!("{sign}{} h {} m", thousands(&(whole / 3_600).to_string()), whole % 3_600 / 60),
    }
}

/// Something a second: `0.4/s`, `310/s`.
pub fn rate(x: f64, scale: f64) -> String {
    format!("{}/s", count(x, scale))
}

/// From here on a ratio is one of something to next to nothing, and nobody reads its digits.
const RATIO_MAX: f64 = 10_000.0;

/// A ratio: `4.5 ×`.
pub fn times(x: f64, scale: f64) -> String {
    if x > RATIO_MAX {
        return format!(">{} ×", thousands(&RATIO_MAX.to_string()));
    }
    format!("{} ×", thousands(&format!("{x:.*}", decimals(scale))))
}

/// The mean of a figure, or a dash. One that is only nearly zero, since something was seen after all, has as many decimals as that takes.
pub fn mean(figure: Figure, format: Format) -> String {
    let Some(f) = figure else { return "–".to_owned() };
    let text = format(f.mean, scale(&f));
    if f.mean > 0.0 && f.min >= 0.0 && text == format(0.0, scale(&f)) { seen(f.mean, format) } else { text }
}

/// A number above zero as such: `0.008`, `<0.001`.
fn seen(x: f64, format: Format) -> String {
    let text = format(x, x);
    if text == format(0.0, x) { format!("<{}", format(LEAST, LEAST)) } else { text }
}

/// What decides a figure's decimals: the mean, or half its interval where that is larger, as where nothing was seen.
fn scale(figure: &Estimate) -> f64 {
    let half = figure.ci95.map_or(0.0, |[lo, hi]| (hi - lo) / 2.0);
    if figure.mean == 0.0 { 2.0 * half } else { figure.mean.abs().max(half) }
}

/// The interval of a figure, `[1,880 to 2,020]`; empty where there is none, or where it says no more than the mean.
///
/// A unit that the mean and both ends share is left to the mean, beside which this stands: `124 ms [122 to 126]`.
pub fn interval(figure: Figure, format: Format) -> String {
    let Some((figure, [lo, hi])) = figure.and_then(|f| Some((f, f.ci95?))) else { return String::new() };
    let scale = scale(&figure);
    if format(lo, scale) == format(hi, scale) {
        return String::new();
    }
    let [_, lo, hi] = bare([figure.mean, lo, hi].map(|x| format(x, scale)));
    format!("[{lo} to {hi}]")
}

/// `15 to 20`, `0 to 42/s`; a single number where both ends read the same.
pub fn range(lo: f64, hi: f64, format: Format) -> String {
    let (low, high) = (format(lo, lo), format(hi, hi));
    if low == high {
        return high;
    }
    let [bare_low, _] = bare([low, high.clone()]);
    format!("{bare_low} to {high}")
}

/// The mean, then the interval where there is one.
pub fn estimate(figure: Figure, format: Format) -> String {
    let interval = interval(figure, format);
    let gap = if interval.is_empty() { "" } else { " " };
    format!("{}{gap}{interval}", mean(figure, format))
}

/// A moment after the deploy, `+43 s`, or before it.
pub fn since(t: f64) -> String {
    let sign = if t < 0.0 { "" } else { "+" };
    format!("{sign}{}", seconds(t, t))
}

/// `a`, `a and b`, `a, b and c`.
pub fn listed(names: &[String]) -> String {
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// `n` of a thing, in the singular where it is one.
pub fn plural(n: f64, thing: &str) -> String {
    let number = count(n, n);
    let s = if number == "1" { "" } else { "s" };
    format!("{number} {thing}{s}")
}

/// Breaks `text` at spaces into lines of at most `width` characters; a number stays with its unit, and a longer word
/// gets a line of its own.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    const UNITS: [&str; 7] = ["%", "×", "s", "ms", "µs", "m", "h"];
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match words.last_mut() {
            Some(number) if UNITS.contains(&word.trim_end_matches([')', ',', '.', ':', ']'])) => {
                number.push(' ');
                number.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// What three decimals can show.
const LEAST: f64 = 0.001;

/// Decimals that show two digits of a number of this size, and at most three.
fn decimals(scale: f64) -> usize {
    match scale.abs() {
        s if s >= 9.95 || s == 0.0 => 0,
        s if s >= 0.0995 => 1,
        s if s >= 0.00995 => 2,
        _ => 3,
    }
}

/// Without zeros that only fill up: `12.0` becomes `12`.
fn trim(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

/// `1950.5` becomes `1,950.5`.
fn thousands(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |d| ("-", d));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    if whole == "0" && fraction.is_none_or(|f| f.bytes().all(|b| b == b'0')) {
        return "0".to_owned();
    }
    let mut text = sign.to_owned();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// Numbers without the unit that all of them share, as they were where they share none.
fn bare<const N: usize>(texts: [String; N]) -> [String; N] {
    let shared = unit(&texts[0]).to_owned();
    let alike = texts.iter().all(|t| unit(t) == shared) && !shared.contains(|c: char| c.is_ascii_digit());
    if alike { texts.map(|t| t.strip_suffix(&shared).unwrap_or(&t).to_owned()) } else { texts }
}

/// What follows the first number: ` ms`, `/s`, nothing. That of `1 m 52 s` holds a number.
fn unit(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_ascii_digit() || ",.-".contains(c))
}

/// A word as a POSIX shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=%:,+@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A file as a POSIX shell, and then the program, takes it: what looks like an option is a path all the same.
pub fn quoted_file(file: &std::path::Path) -> String {
    let name = file.to_string_lossy();
    let like_an_option = name.len() > 1 && name.starts_with('-');
    quoted(&if like_an_option { format!("./{name}") } else { name.into_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let own = |f: Format, x| f(x, x);
        for (x, text) in [(0.0, "0"), (1_950.4, "1,950"), (12.4, "12"), (3.44, "3.4"), (0.3, "0.3"), (20.0, "20")] {
            assert_eq!(own(count, x), text);
        }
        assert_eq!(own(count, 1_234_567_890.0), "1,234,567,890");
        assert_eq!(own(count, -39.8), "-40");
        for (x, text) in [
            (0.0087, "0.87 %"),
            (0.258_9, "26 %"),
            (0.991_4, "99.14 %"),
            (1.0, "100 %"),
            (0.000_012, "0.001 %"),
            (0.000_001, "<0.001 %"),
            (0.0, "0 %"),
        ] {
            assert_eq!(own(percent, x), text);
        }
        for (x, text) in [
            (0.0, "0 s"),
            (0.000_25, "250 µs"),
            (0.121_4, "121 ms"),
            (1.14, "1.1 s"),
            (30.0, "30 s"),
            (59.9, "1 m 0 s"),
            (112.0, "1 m 52 s"),
            (7_500.0, "2 h 5 m"),
        ] {
            assert_eq!(own(seconds, x), text);
        }
        assert_eq!(
            (own(rate, 0.4), own(rate, 310.0), own(times, 4.52)),
            ("0.4/s".into(), "310/s".into(), "4.5 ×".into())
        );
        assert_eq!((own(times, 9_999.0), own(times, 2.4e12)), ("9,999 ×".into(), ">10,000 ×".into()));
        assert_eq!((plural(1.0, "deploy"), plural(10.0, "deploy")), ("1 deploy".into(), "10 deploys".into()));
    }

    #[test]
    fn intervals_share_their_unit_and_their_decimals() {
        let figure = |mean, lo, hi| Some(Estimate { mean, ci95: Some([lo, hi]), min: lo, max: hi });
        assert_eq!(estimate(figure(1_950.0, 1_880.0, 2_020.0), count), "1,950 [1,880 to 2,020]");
        assert_eq!(estimate(figure(0.124, 0.122, 0.126), seconds), "124 ms [122 to 126]");
        assert_eq!(estimate(figure(61.0, 59.0, 63.0), seconds), "1 m 1 s [59 s to 1 m 3 s]");
        assert_eq!(estimate(figure(112.0, 112.0, 172.0), seconds), "1 m 52 s [1 m 52 s to 2 m 52 s]");
        assert_eq!(estimate(figure(0.0, 0.0, 0.299_6), count), "0 [0 to 0.3]");
        assert_eq!(estimate(figure(0.9, -3_680.1, 3_681.9), count), "1 [-3,680 to 3,682]");
        assert_eq!(estimate(figure(15.0, 15.0, 15.0), count), "15");
        // 1 in 400 deploys is not none, however wide the interval.
        assert_eq!(estimate(figure(0.002_5, 0.0, 0.05), count), "0.003 [0 to 0.05]");
        assert_eq!(estimate(figure(0.03, 0.0, 0.5), rate), "0.03/s [0 to 0.5]");
        assert_eq!(estimate(figure(0.000_3, 0.0, 0.5), count), "<0.001 [0 to 0.5]");
        let about_none = Some(Estimate { mean: 0.002, ci95: Some([-0.5, 0.5]), min: -1.0, max: 1.0 });
        assert_eq!(estimate(about_none, count), "0 [-0.5 to 0.5]", "a difference may well be none");
        assert_eq!(estimate(None, count), "–");
    }

    #[test]
    fn ranges_name_their_unit_once() {
        assert_eq!((range(0.0, 42.0, rate), range(15.0, 15.0, count)), ("0 to 42/s".into(), "15".into()));
        assert_eq!(range(0.5, 2.0, seconds), "500 ms to 2 s");
    }

    #[test]
    fn text_breaks_at_spaces() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("it took 12 ms, no more", 10), ["it took", "12 ms, no", "more"]);
        assert_eq!(wrap("incomprehensibilities", 5), ["incomprehensibilities"]);
    }

    #[test]
    fn words_are_quoted_where_a_shell_would_split_them() {
        assert_eq!(quoted("k8s/checkout.yaml"), "k8s/checkout.yaml");
        assert_eq!(quoted("my file"), "'my file'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
        let file = |name: &str| quoted_file(std::path::Path::new(name));
        assert_eq!((file("-a.yaml"), file("-"), file("a b")), ("./-a.yaml".into(), "-".into(), "'a b'".into()));
    }
}
