//! A shell's script as words and operators, quotes and comments taken out.

use std::iter::Peekable;
use std::str::Chars;

/// A word, or what stands between commands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A word without its quotes; brackets around commands are words too.
    Word(String),
    /// `;` (which a line's end is too), `&`, `&&`, `||` or `|`.
    Operator(&'static str),
}

impl Token {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Word(word) => word,
            Self::Operator(operator) => operator,
        }
    }
}

/// The tokens of a script without its redirections; `None` where it cannot be told apart.
pub(super) fn tokens(script: &str) -> Option<Vec<Token>> {
    let mut reader = Reader { rest: script.chars().peekable(), tokens: Vec::new(), word: None, target: false };
    while let Some(c) = reader.rest.next() {
        reader.take(c)?;
    }
    reader.end();
    Some(reader.tokens)
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    tokens: Vec<Token>,
    /// The word that is under way, which quotes can make an empty one.
    word: Option<String>,
    /// Whether that word, or the next, is what something is redirected to.
    target: bool,
}

impl Reader<'_> {
    fn take(&mut self, c: char) -> Option<()> {
        match c {
            '\n' | ';' => self.operator(";"),
            '|' => {
                let double = self.follows('|');
                // `|&` is a pipe, too.
                let _ = !double && self.follows('&');
                self.operator(if double { "||" } else { "|" });
            }
            '&' if self.follows('&') => self.operator("&&"),
            '&' if self.rest.peek() == Some(&'>') => self.end(),
            '&' => self.operator("&"),
            '>' | '<' => self.redirect(c)?,
            '(' | ')' => {
                self.end();
                self.tokens.push(Token::Word(c.to_string()));
            }
            '#' if self.word.is_none() => while self.rest.next_if(|c| *c != '\n').is_some() {},
            c if c.is_whitespace() => self.end(),
            c => self.letter(c)?,
        }
        Some(())
    }

    /// Whether `next` comes next, which is then taken.
    fn follows(&mut self, next: char) -> bool {
        self.rest.next_if_eq(&next).is_some()
    }

    fn operator(&mut self, operator: &'static str) {
        self.end();
        self.target = false;
        self.tokens.push(Token::Operator(operator));
    }

    fn end(&mut self) {
        let Some(word) = self.word.take() else { return };
        if !std::mem::take(&mut self.target) {
            self.tokens.push(Token::Word(word));
        }
    }

    /// `>`, `2>>`, `>&2`, and where to.
    fn redirect(&mut self, c: char) -> Option<()> {
        // Digits before it are a descriptor.
        if self.word.as_ref().is_some_and(|word| word.bytes().all(|b| b.is_ascii_digit())) {
            self.word = None;
        }
        self.end();
        if self.follows(c) && c == '<' {
            // What follows are not commands, but a text.
            return None;
        }
        let _ = self.follows('|') || self.follows('&');
        self.target = true;
        Some(())
    }

    /// A letter of a word, and with it what its quotes or brackets hold.
    fn letter(&mut self, c: char) -> Option<()> {
        let mut text = String::new();
        match c {
            '\\' => match self.rest.next()? {
                '\n' => return Some(()),
                next => text.push(next),
            },
            '\'' => text = self.until('\'', false)?,
            '"' => text = self.until('"', true)?,
            '`' => text = format!("`{}`", self.until('`', true)?),
            '$' if self.follows('(') => text = format!("$({})", self.brackets()?),
            c => text.push(c),
        }
        self.word.get_or_insert_default().push_str(&text);
        Some(())
    }

    /// All before the next such quote.
    fn until(&mut self, quote: char, escapes: bool) -> Option<String> {
        let mut text = String::new();
        loop {
            match self.rest.next()? {
                c if c == quote => return Some(text),
                '\\' if escapes => text.push(self.rest.next()?),
                c => text.push(c),
            }
        }
    }

    /// All before the bracket that closes an open one.
    fn brackets(&mut self) -> Option<String> {
        let (mut text, mut depth) = (String::new(), 1_u32);
        loop {
            let c = self.rest.next()?;
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(text);
            }
            text.push(c);
        }
    }
}
