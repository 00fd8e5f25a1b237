//! Argo's `successCondition` and `failureCondition`: comparisons of a measurement with numbers.

/// A condition on one measurement, which may have found no data.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// One of them holds; those after it are not looked at.
    Any(Vec<Self>),
    /// All of them hold; those after one that does not are not looked at.
    All(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// A comparison.
    Compare(Term, Comparison, f64),
    /// Whether there is no number.
    IsNan,
    /// Whether it holds for all (or, for some) of what was found, which is one number or none.
    Each(Box<Self>, bool),
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Term {
    /// The number that was measured.
    Result,
    /// The same, or this where there was no data.
    Or(f64),
    /// How many numbers there are: one, or none.
    Length,
}

/// How it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
    /// `!=`
    Unequal,
}

/// A condition asks for a number where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoData;

impl Condition {
    /// Reads a condition; `None` where it is more than is understood here: arithmetic, fields of a result, other functions.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parser = Parser { rest: text };
        let condition = parser.any()?;
        parser.skip();
        parser.rest.is_empty().then_some(condition)
    }

    /// Whether it holds for this measurement.
    ///
    /// # Errors
    /// It asks for a number, and no data was found.
    pub fn holds(&self, result: Option<f64>) -> Result<bool, NoData> {
        match self {
            Self::Any(of) => of.iter().try_fold(false, |held, c| if held { Ok(true) } else { c.holds(result) }),
            Self::All(of) => of.iter().try_fold(true, |held, c| if held { c.holds(result) } else { Ok(false) }),
            Self::Not(of) => of.holds(result).map(|held| !held),
            Self::IsNan => Ok(result.is_none()),
            Self::Each(of, all) => {
                if result.is_some() {
                    of.holds(result)
                } else {
                    Ok(*all)
                }
            }
            Self::Compare(term, comparison, limit) => {
                let value = match term {
                    Term::Result => result.ok_or(NoData)?,
                    Term::Or(default) => result.unwrap_or(*default),
                    Term::Length => f64::from(u8::from(result.is_some())),
                };
                Ok(comparison.holds(value, *limit))
            }
        }
    }
}

impl Comparison {
    /// In the order in which they have to be looked for.
    const WORDS: [(&'static str, Self); 6] = [
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("==", Self::Equal),
        ("!=", Self::Unequal),
        ("<", Self::Below),
        (">", Self::Above),
    ];

    fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Below => value < limit,
            Self::AtMost => value <= limit,
            Self::Above => value > limit,
            Self::AtLeast => value >= limit,
            Self::Equal => value == limit,
            Self::Unequal => value != limit,
        }
    }

    /// The same with its sides exchanged.
    const fn mirrored(self) -> Self {
        match self {
            Self::Below => Self::Above,
            Self::AtMost => Self::AtLeast,
            Self::Above => Self::Below,
            Self::AtLeast => Self::AtMost,
            same => same,
        }
    }
}

/// What is left to read.
struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes `token`, if it comes next.
    fn take(&mut self, token: &str) -> bool {
        self.skip();
        let Some(rest) = self.rest.strip_prefix(token) else { return false };
        let word = token.ends_with(|c: char| c.is_ascii_alphabetic());
        if word && rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
            return false;
        }
        self.rest = rest;
        true
    }

    fn any(&mut self) -> Option<Condition> {
        let mut of = vec![self.all()?];
        while self.take("||") || self.take("or") {
            of.push(self.all()?);
        }
        Some(if of.len() == 1 { of.remove(0) } else { Condition::Any(of) })
    }

    fn all(&mut self) -> Option<Condition> {
        let mut of = vec![self.one()?];
        while self.take("&&") || self.take("and") {
            of.push(self.one()?);
        }
        Some(if of.len() == 1 { of.remove(0) } else { Condition::All(of) })
    }

    fn one(&mut self) -> Option<Condition> {
        if self.take("!") || self.take("not") {
            return Some(Condition::Not(Box::new(self.one()?)));
        }
        if self.take("(") {
            let inner = self.any()?;
            return self.take(")").then_some(inner);
        }
        if self.take("isNaN") {
            self.take("(").then_some(())?;
            matches!(self.term()?, Term::Result).then_some(())?;
            return self.take(")").then_some(Condition::IsNan);
        }
        for (name, all) in [("all", true), ("any", false)] {
            if self.take(name) {
                return self.each(all);
            }
        }
        self.comparison()
    }

    /// `all(result, # < 1)`, its condition with or without braces.
    fn each(&mut self, all: bool) -> Option<Condition> {
        (self.take("(") && self.take("result") && self.take(",")).then_some(())?;
        let braces = self.take("{");
        let inner = self.any()?;
        ((!braces || self.take("}")) && self.take(")")).then_some(())?;
        Some(Condition::Each(Box::new(inner), all))
    }

    fn comparison(&mut self) -> Option<Condition> {
        if let Some(limit) = self.number() {
            let comparison = self.operator()?;
            return Some(Condition::Compare(self.term()?, comparison.mirrored(), limit));
        }
        let term = self.term()?;
        let comparison = self.operator()?;
        Some(Condition::Compare(term, comparison, self.number()?))
    }

    fn operator(&mut self) -> Option<Comparison> {
        Comparison::WORDS.into_iter().find(|(word, _)| self.take(word)).map(|(_, comparison)| comparison)
    }

    fn term(&mut self) -> Option<Term> {
        if self.take("#") {
            return Some(Term::Result);
        }
        if self.take("result") {
            let indexed = self.take("[");
            return (!indexed || self.take("0") && self.take("]")).then_some(Term::Result);
        }
        let function = ["asFloat", "float", "asInt", "default", "len"].into_iter().find(|f| self.take(f))?;
        self.take("(").then_some(())?;
        let inner = self.term()?;
        let term = match function {
            "len" => matches!(inner, Term::Result).then_some(Term::Length)?,
            "default" => {
                self.take(",").then_some(())?;
                Term::Or(self.number()?)
            }
            _ => inner,
        };
        self.take(")").then_some(term)
    }

    fn number(&mut self) -> Option<f64> {
        self.skip();
        let digits = self.rest.strip_prefix('-').unwrap_or(self.rest);
        let end = digits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(digits.len());
        let (text, rest) = self.rest.split_at(self.rest.len() - digits.len() + end);
        let number = crate::scenario::units::number(text)?;
        self.rest = rest;
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str, result: Option<f64>) -> Result<bool, NoData> {
        Condition::parse(text).unwrap_or_else(|| panic!("{text}")).holds(result)
    }

    #[test]
    fn the_documentations_conditions() {
        assert_eq!(holds("result[0] >= 0.95", Some(0.95)), Ok(true));
        assert_eq!(holds("result >= 0.95", Some(0.949)), Ok(false));
        assert_eq!(holds("asFloat(result) < 500", Some(20.0)), Ok(true));
        assert_eq!(holds("result[0] < 0.05 && result[0] >= 0", Some(0.01)), Ok(true));
    }

    #[test]
    fn without_data_a_comparison_is_an_error_unless_it_is_guarded() {
        assert_eq!(holds("result[0] >= 0.95", None), Err(NoData));
        assert_eq!(holds("len(result) == 0 || result[0] >= 0.95", None), Ok(true));
        assert_eq!(holds("len(result) == 0 || result[0] >= 0.95", Some(0.9)), Ok(false));
        assert_eq!(holds("len(result) > 0 && result[0] > 1", None), Ok(false));
        assert_eq!(holds("isNaN(result[0]) || result[0] > 1", None), Ok(true));
        assert_eq!(holds("default(result, 0) < 0.05", None), Ok(true));
        assert_eq!((holds("all(result, # < 1)", None), holds("any(result, {# < 1})", None)), (Ok(true), Ok(false)));
    }

    #[test]
    fn sides_parentheses_and_negation() {
        assert_eq!(holds("0.95 <= result[0]", Some(0.96)), Ok(true));
        assert_eq!(holds("!(result > 1 or result < -1)", Some(0.0)), Ok(true));
        assert_eq!(holds("not (result > 1) and result != 0.5", Some(0.5)), Ok(false));
    }

    #[test]
    fn what_is_more_than_that_is_not_understood() {
        for text in ["result[0] * 100 > 95", "result.errors < 3", "result[1] > 0", "abs(result) > 1", "result >", ""] {
            assert_eq!(Condition::parse(text), None, "{text}");
        }
    }
}
