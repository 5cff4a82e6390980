//! The pieces of a text, whichever of the two formats it has.

use std::borrow::Cow;

use super::error::Fault;
use crate::recorded::{Names, ValueId};

/// A kind of brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bracket {
    Map,
    Vector,
    List,
    Set,
}

impl Bracket {
    /// What closes it.
    pub fn closer(self) -> char {
        match self {
            Self::Map | Self::Set => '}',
            Self::Vector => ']',
            Self::List => ')',
        }
    }
}

/// One token. Words keep the bytes they were written with: a keyword its colon, a string its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Open(Bracket),
    /// `}` closes maps and sets: it is always [`Bracket::Map`] here.
    Close(Bracket),
    Nil,
    Integer(i64),
    Keyword(&'a [u8]),
    Text(&'a [u8]),
    /// Symbols, booleans, characters, and numbers that are no 64-bit integers.
    Other(&'a [u8]),
}

impl<'a> Token<'a> {
    /// A keyword, string or symbol without colon or quotes; empty for all else.
    #[inline]
    pub fn name(self) -> &'a [u8] {
        match self {
            Self::Keyword(raw) => &raw[1..],
            Self::Text(raw) => &raw[1..raw.len() - 1],
            Self::Other(raw) => raw,
            _ => &[],
        }
    }

    /// Whether it begins a vector or a list.
    pub fn opens_sequence(self) -> Option<Bracket> {
        match self {
            Self::Open(bracket @ (Bracket::Vector | Bracket::List)) => Some(bracket),
            _ => None,
        }
    }

    /// How it is called in an error.
    pub fn describe(self) -> String {
        match self {
            Self::Open(Bracket::Map) => "a map".into(),
            Self::Open(Bracket::Set) => "a set".into(),
            Self::Open(Bracket::Vector) => "a vector".into(),
            Self::Open(Bracket::List) => "a list".into(),
            Self::Close(bracket) => format!("`{}`", bracket.closer()),
            Self::Nil => "nil".into(),
            Self::Integer(value) => format!("`{value}`"),
            Self::Keyword(raw) | Self::Text(raw) | Self::Other(raw) => {
                format!("`{}`", clipped(&String::from_utf8_lossy(raw)))
            }
        }
    }
}

/// Errors quote no more than this many characters of a word.
const LONGEST_QUOTE: usize = 60;

fn clipped(text: &str) -> String {
    match text.char_indices().nth(LONGEST_QUOTE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}

/// A text as a sequence of tokens that can be gone back in.
pub(super) trait Forms<'a> {
    /// The next token; tags, metadata, comments and discarded forms are passed over.
    fn token(&mut self) -> Result<Token<'a>, Box<Fault>>;
    /// Passes over the next form, whatever it is. Its brackets must match.
    fn skip(&mut self) -> Result<(), Box<Fault>>;
    /// The place of the next token, to come back to.
    fn place(&self) -> usize;
    /// Goes back to a place.
    fn return_to(&mut self, place: usize);
    /// Where the token that was read last begins in the text, or at least its operation.
    fn token_offset(&self) -> usize;

    /// Something is wrong with the token that was read last.
    fn wrong(&self, message: String, help: &str) -> Box<Fault> {
        Fault::new(self.token_offset(), message, help)
    }

    /// The next token must begin a vector or a list.
    fn open_sequence(&mut self, what: &str, help: &str) -> Result<Bracket, Box<Fault>> {
        let token = self.token()?;
        token
            .opens_sequence()
            .ok_or_else(|| self.wrong(format!("expected {what}, found {}", token.describe()), help))
    }

    /// The next token must close what was opened.
    fn close(&mut self, bracket: Bracket, help: &str) -> Result<(), Box<Fault>> {
        match self.token()? {
            Token::Close(closed) if closed == bracket => Ok(()),
            token => {
                Err(self.wrong(format!("expected `{}`, found {}", bracket.closer(), token.describe()), help))
            }
        }
    }

    /// The number of the scalar just read, in a table of names.
    fn named(&self, names: &mut Names, token: Token<'a>) -> Result<u32, Box<Fault>> {
        match token {
            Token::Integer(value) => Ok(names.integer(value)),
            Token::Keyword(raw) | Token::Text(raw) | Token::Other(raw) => Ok(names.word(&self.word(raw)?)),
            _ => Err(self.wrong(
                format!("expected a number, a keyword or a string, found {}", token.describe()),
                "keys and values are scalars",
            )),
        }
    }

    /// The value just read; `nil` is a value too.
    fn value(&self, values: &mut Names, token: Token<'a>) -> Result<ValueId, Box<Fault>> {
        match token {
            Token::Nil => Ok(ValueId::NIL),
            token => self.named(values, token).map(ValueId),
        }
    }

    /// A word as it is called: strings that can be written in more than one way, in one of them.
    fn word(&self, raw: &'a [u8]) -> Result<Cow<'a, str>, Box<Fault>> {
        let text = std::str::from_utf8(raw)
            .map_err(|_| self.wrong("this is no UTF-8".into(), "histories are written in UTF-8"))?;
        if !(text.starts_with('"') && text.contains('\\')) {
            return Ok(Cow::Borrowed(text));
        }
        let decoded: Result<String, _> = serde_json::from_str(text);
        Ok(decoded
            .map_or(Cow::Borrowed(text), |decoded| Cow::Owned(serde_json::Value::from(decoded).to_string())))
    }
}
