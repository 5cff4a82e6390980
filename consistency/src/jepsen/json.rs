//! JSON, an object at a time: checked and decoded by serde, then read like EDN, token by token.

use std::fmt;
use std::io::Write;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::error::Fault;
use super::forms::{Bracket, Forms, Token};
use super::frame::Frame;

/// What stands between two objects, or around them.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Between {
    /// An object at this offset.
    Object(usize),
    /// A bracket; go on behind it in this frame.
    Bracket(usize, Frame),
    /// The end of the history.
    End,
}

const WHOLE: &str = "a history is one object a line, or one array of objects";

/// Goes to the next object.
pub(super) fn between(text: &[u8], last: bool, frame: Frame) -> Result<Between, Box<Fault>> {
    let offset = blanks(text, 0);
    let Some(&byte) = text.get(offset) else { return end(text, last, frame) };
    match (byte, frame) {
        (b'{', Frame::Start | Frame::Loose | Frame::Inside { after: false, .. }) => {
            Ok(Between::Object(offset))
        }
        (b'[', Frame::Start) => {
            Ok(Between::Bracket(offset + 1, Frame::Inside { bracket: Bracket::Vector, after: false }))
        }
        (b']', Frame::Inside { .. }) => Ok(Between::Bracket(offset + 1, Frame::Closed)),
        (b',', Frame::Inside { bracket, after: true }) => {
            comma(text, last, offset, Frame::Inside { bracket, after: false })
        }
        (_, Frame::Closed) => Err(Fault::new(offset, "the array of operations has ended before this", WHOLE)),
        (_, Frame::Inside { after: true, .. }) => Err(Fault::new(offset, "expected `,` or `]`", WHOLE)),
        _ => Err(Fault::new(offset, "expected an object", WHOLE)),
    }
}

/// An object must follow a comma.
fn comma(text: &[u8], last: bool, offset: usize, frame: Frame) -> Result<Between, Box<Fault>> {
    let next = blanks(text, offset + 1);
    match text.get(next) {
        Some(b'{') => Ok(Between::Bracket(next, frame)),
        None if !last => Err(Fault::incomplete(next)),
        _ => Err(Fault::new(next, "expected an object after `,`", WHOLE)),
    }
}

fn blanks(text: &[u8], from: usize) -> usize {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\t' | b'\r');
    from + text[from..].iter().take_while(|byte| is_blank(byte)).count()
}

fn end(text: &[u8], last: bool, frame: Frame) -> Result<Between, Box<Fault>> {
    match frame {
        Frame::Start | Frame::Loose | Frame::Closed if last => Ok(Between::End),
        _ => Err(Fault::incomplete(text.len())),
    }
}

/// The tokens of one object.
#[derive(Debug, Default)]
pub(super) struct Tape {
    tokens: Vec<Piece>,
    /// What the words of the tokens consist of, written as in EDN.
    words: Vec<u8>,
}

#[derive(Clone, Debug)]
enum Piece {
    Open(Bracket),
    Close(Bracket),
    Nil,
    Integer(i64),
    /// A string that begins with a colon: that is how keywords are written in JSON.
    Keyword(Range<usize>),
    Text(Range<usize>),
    Other(Range<usize>),
}

impl Tape {
    /// Takes in the object that the text begins with, and says where it ends.
    pub fn load(&mut self, text: &[u8]) -> Result<usize, Box<Fault>> {
        let mut objects = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
        let whole = objects.next();
        let end = objects.byte_offset();
        match whole {
            Some(Ok(_)) => {}
            Some(Err(error)) if !error.is_eof() => return Err(malformed(text, &error)),
            _ => return Err(Fault::incomplete(text.len())),
        }
        self.tokens.clear();
        self.words.clear();
        let mut reader = serde_json::Deserializer::from_slice(&text[..end]);
        Recorder(self).deserialize(&mut reader).map_err(|error| malformed(text, &error))?;
        Ok(end)
    }

    fn push_text(&mut self, text: &str) {
        let start = self.words.len();
        let keyword = text.starts_with(':') && text.len() > 1;
        if keyword {
            self.words.extend_from_slice(text.as_bytes());
        } else if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
            self.words.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
        } else {
            self.words.push(b'"');
            self.words.extend_from_slice(text.as_bytes());
            self.words.push(b'"');
        }
        let word = start..self.words.len();
        self.tokens.push(if keyword { Piece::Keyword(word) } else { Piece::Text(word) });
    }

    fn push_other(&mut self, word: impl fmt::Display) {
        let start = self.words.len();
        write!(self.words, "{word}").expect("a vector takes all that is written to it");
        self.tokens.push(Piece::Other(start..self.words.len()));
    }
}

/// Whole numbers from 2^53 on share their 64-bit floating-point number with others (IEEE 754).
const EXACT_INTEGERS: f64 = 9_007_199_254_740_992.0;

/// Where serde stopped, as an offset of the text.
fn malformed(text: &[u8], error: &serde_json::Error) -> Box<Fault> {
    let line_starts = text.split_inclusive(|&byte| byte == b'\n').take(error.line().saturating_sub(1));
    let offset = line_starts.map(<[u8]>::len).sum::<usize>() + error.column().saturating_sub(1);
    let message = error.to_string();
    let message =
        message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message).to_owned();
    Fault::new(offset, message, "the object is no JSON; see the place named")
}

/// Writes down what serde reads.
struct Recorder<'t>(&'t mut Tape);

impl<'de> DeserializeSeed<'de> for Recorder<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Recorder<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.tokens.push(Piece::Nil);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.0.push_other(value);
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.0.tokens.push(Piece::Integer(value));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        match i64::try_from(value) {
            Ok(value) => self.0.tokens.push(Piece::Integer(value)),
            Err(_) => self.0.push_other(value),
        }
        Ok(())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        if value.abs() >= EXACT_INTEGERS {
            return Err(E::custom(format!(
                "`{value:?}` cannot be told from its neighbours: write it as a string"
            )));
        }
        self.0.push_other(format_args!("{value:?}"));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.push_text(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        self.0.tokens.push(Piece::Open(Bracket::Vector));
        while elements.next_element_seed(Recorder(self.0))?.is_some() {}
        self.0.tokens.push(Piece::Close(Bracket::Vector));
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.0.tokens.push(Piece::Open(Bracket::Map));
        while entries.next_key_seed(Recorder(self.0))?.is_some() {
            entries.next_value_seed(Recorder(self.0))?;
        }
        self.0.tokens.push(Piece::Close(Bracket::Map));
        Ok(())
    }
}

/// Reads a tape.
pub(super) struct TapeReader<'a> {
    tape: &'a Tape,
    next: usize,
    /// Where the object begins, for errors: a tape does not know where its tokens stood.
    object: usize,
}

impl<'a> TapeReader<'a> {
    /// Reads a tape behind the bracket of its object, which begins at that offset.
    pub fn after_bracket(tape: &'a Tape, object: usize) -> Self {
        Self { tape, next: 1, object }
    }
}

impl<'a> Forms<'a> for TapeReader<'a> {
    #[inline]
    fn token(&mut self) -> Result<Token<'a>, Box<Fault>> {
        // Brackets on a tape are balanced, and nobody reads behind the one that closes the object.
        let piece = &self.tape.tokens[self.next];
        self.next += 1;
        Ok(match piece {
            Piece::Open(bracket) => Token::Open(*bracket),
            Piece::Close(bracket) => Token::Close(*bracket),
            Piece::Nil => Token::Nil,
            Piece::Integer(value) => Token::Integer(*value),
            Piece::Keyword(word) => Token::Keyword(&self.tape.words[word.clone()]),
            Piece::Text(word) => Token::Text(&self.tape.words[word.clone()]),
            Piece::Other(word) => Token::Other(&self.tape.words[word.clone()]),
        })
    }

    fn skip(&mut self) -> Result<(), Box<Fault>> {
        let mut depth = 0_usize;
        loop {
            match self.token()? {
                Token::Open(_) => depth += 1,
                Token::Close(_) => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn place(&self) -> usize {
        self.next
    }

    fn return_to(&mut self, place: usize) {
        self.next = place;
    }

    fn token_offset(&self) -> usize {
        self.object
    }
}
