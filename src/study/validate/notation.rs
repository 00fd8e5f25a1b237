//! How the balancers write what a scenario writes otherwise.

/// A time of HAProxy's: a number alone is of milliseconds.
pub(super) fn haproxy(time: &str) -> String {
    with_unit(time, "ms")
}

/// A time of nginx's: a number alone is of seconds.
pub(super) fn nginx(time: &str) -> String {
    with_unit(time, "s")
}

fn with_unit(time: &str, unit: &str) -> String {
    let bare = time.chars().all(|c| c.is_ascii_digit() || c == '.');
    if bare { format!("{time}{unit}") } else { time.to_owned() }
}

/// The word after `name` in a line of a configuration.
pub(super) fn after<'a>(words: &'a str, name: &str) -> Option<&'a str> {
    let mut words = words.split_whitespace();
    words.find(|word| *word == name).and_then(|_| words.next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_alone_is_what_its_balancer_takes_it_for() {
        assert_eq!([haproxy("300"), haproxy("2s"), nginx("10"), nginx("500ms")], ["300ms", "2s", "10s", "500ms"]);
    }

    #[test]
    fn a_words_argument_is_the_next_one() {
        let line = "inter 300ms fall 3 on-marked-down shutdown-sessions";
        assert_eq!(
            [after(line, "fall"), after(line, "on-marked-down"), after(line, "rise")],
            [Some("3"), Some("shutdown-sessions"), None]
        );
        assert_eq!(after("inter", "inter"), None);
    }
}
