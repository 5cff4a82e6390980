//! EDN, token by token and without recursion: what Clojure's printer writes, read as far as histories need it.

use super::error::Fault;
use super::forms::{Bracket, Forms, Token};

/// Reads the tokens of a piece of text.
pub(super) struct Tokenizer<'a> {
    text: &'a [u8],
    /// No text follows the piece.
    last: bool,
    /// Where the next token begins, or the blanks before it.
    next: usize,
    /// Where the token read last began.
    token: usize,
}

/// A token, or what only says something about the form after it.
enum Piece<'a> {
    Token(Token<'a>),
    /// `#inst`, `#jepsen.history.Op`: the form after it is read as it stands.
    Tag,
    /// `#_`: the form after it is none.
    Discard,
    /// `^`: the form after it describes the one after that.
    Metadata,
}

/// Whether a byte ends a keyword, a symbol or a number.
const ENDS_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let ends = b" ,\t\n\r\x0c\x0b()[]{}\";";
    let mut at = 0;
    while at < ends.len() {
        table[ends[at] as usize] = true;
        at += 1;
    }
    table
};

/// Integers of fewer digits fit into 64 bits whatever they are.
const SAFE_DIGITS: usize = 18;

impl<'a> Tokenizer<'a> {
    /// Reads `text`, which is all there is where it is the `last` of it.
    pub fn new(text: &'a [u8], last: bool) -> Self {
        Self { text, last, next: 0, token: 0 }
    }

    /// The next token, or none at the end of all text.
    pub fn token_or_end(&mut self) -> Result<Option<Token<'a>>, Box<Fault>> {
        if let Some(token) = self.plain_token() {
            return Ok(Some(token));
        }
        let mut tagged = false;
        loop {
            match self.piece()? {
                None if tagged => return Err(Fault::incomplete(self.text.len())),
                None => return Ok(None),
                Some(Piece::Token(token)) => return Ok(Some(token)),
                Some(Piece::Tag) => tagged = true,
                Some(Piece::Discard | Piece::Metadata) => self.skip()?,
            }
        }
    }

    /// The next token if it is one of those that histories mostly consist of, and its end is at hand.
    #[inline]
    fn plain_token(&mut self) -> Option<Token<'a>> {
        while matches!(self.text.get(self.next), Some(b' ' | b',')) {
            self.next += 1;
        }
        let start = self.next;
        let token = match *self.text.get(start)? {
            b'0'..=b'9' => return self.plain_integer(start),
            b':' => return self.plain_keyword(start),
            b'[' => Token::Open(Bracket::Vector),
            b']' => Token::Close(Bracket::Vector),
            b'{' => Token::Open(Bracket::Map),
            b'}' => Token::Close(Bracket::Map),
            _ => return None,
        };
        (self.token, self.next) = (start, start + 1);
        Some(token)
    }

    #[inline]
    fn plain_integer(&mut self, start: usize) -> Option<Token<'a>> {
        let (mut value, mut end) = (0, start);
        loop {
            let byte = *self.text.get(end)?;
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                if !ENDS_WORD[byte as usize] || end - start > SAFE_DIGITS {
                    return None;
                }
                (self.token, self.next) = (start, end);
                return Some(Token::Integer(value));
            }
            // Of too many digits, nothing is kept.
            value = value.wrapping_mul(10).wrapping_add(i64::from(digit));
            end += 1;
        }
    }

    #[inline]
    fn plain_keyword(&mut self, start: usize) -> Option<Token<'a>> {
        let rest = &self.text[start..];
        let length = rest.iter().position(|&byte| ENDS_WORD[byte as usize]).filter(|&length| length > 1)?;
        (self.token, self.next) = (start, start + length);
        Some(Token::Keyword(&rest[..length]))
    }

    fn any_token(&mut self) -> Result<Token<'a>, Box<Fault>> {
        self.token_or_end()?.ok_or_else(|| Fault::incomplete(self.text.len()))
    }

    /// Where the next token begins, or the blanks before it.
    pub fn offset(&self) -> usize {
        self.next
    }

    fn piece(&mut self) -> Result<Option<Piece<'a>>, Box<Fault>> {
        let Some(first) = self.first_byte()? else { return Ok(None) };
        self.token = self.next;
        let token = match first {
            b'{' => self.bracket(Token::Open(Bracket::Map)),
            b'[' => self.bracket(Token::Open(Bracket::Vector)),
            b'(' => self.bracket(Token::Open(Bracket::List)),
            b'}' => self.bracket(Token::Close(Bracket::Map)),
            b']' => self.bracket(Token::Close(Bracket::Vector)),
            b')' => self.bracket(Token::Close(Bracket::List)),
            b':' => self.keyword()?,
            b'0'..=b'9' | b'-' | b'+' => self.number()?,
            b'"' => self.string()?,
            b'\\' => self.character()?,
            b'#' => return self.dispatch().map(Some),
            b'^' => {
                self.next += 1;
                return Ok(Some(Piece::Metadata));
            }
            _ => self.symbol()?,
        };
        Ok(Some(Piece::Token(token)))
    }

    /// The first byte after blanks and comments.
    #[inline]
    fn first_byte(&mut self) -> Result<Option<u8>, Box<Fault>> {
        while let Some(&byte) = self.text.get(self.next) {
            match byte {
                b' ' | b',' | b'\n' | b'\t' | b'\r' | b'\x0b' | b'\x0c' => self.next += 1,
                b';' => self.comment(),
                _ => return Ok(Some(byte)),
            }
        }
        if self.last { Ok(None) } else { Err(Fault::incomplete(self.next)) }
    }

    fn comment(&mut self) {
        let rest = &self.text[self.next..];
        self.next += rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
    }

    fn bracket(&mut self, token: Token<'a>) -> Token<'a> {
        self.next += 1;
        token
    }

    /// Everything from the token's beginning to the next delimiter at or after `from`.
    #[inline]
    fn word(&mut self, from: usize) -> Result<&'a [u8], Box<Fault>> {
        let mut end = from;
        while let Some(&byte) = self.text.get(end) {
            if ENDS_WORD[byte as usize] {
                break;
            }
            end += 1;
        }
        if end >= self.text.len() && !self.last {
            return Err(Fault::incomplete(end));
        }
        let end = end.min(self.text.len());
        self.next = end;
        Ok(&self.text[self.token..end])
    }

    fn keyword(&mut self) -> Result<Token<'a>, Box<Fault>> {
        let word = self.word(self.next)?;
        if word.len() == 1 {
            return Err(self.wrong("a keyword needs a name".into(), "write it as in `:type`"));
        }
        Ok(Token::Keyword(word))
    }

    fn symbol(&mut self) -> Result<Token<'a>, Box<Fault>> {
        let word = self.word(self.next)?;
        Ok(if word == b"nil" { Token::Nil } else { Token::Other(word) })
    }

    fn number(&mut self) -> Result<Token<'a>, Box<Fault>> {
        let word = self.word(self.next)?;
        let (negative, digits) = match word[0] {
            b'-' => (true, &word[1..]),
            b'+' => (false, &word[1..]),
            _ => (false, word),
        };
        if digits.len() <= SAFE_DIGITS && !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) {
            let value = digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
            return Ok(Token::Integer(if negative { -value } else { value }));
        }
        self.unusual_number(word, digits)
    }

    /// Long integers, `12N`, `1.5M`, `1e9`, `1/3`, and the `0x1f` of Java's objects; and the symbols that begin like a number: `-`, `+x`.
    fn unusual_number(&self, word: &'a [u8], digits: &[u8]) -> Result<Token<'a>, Box<Fault>> {
        if !digits.first().is_some_and(u8::is_ascii_digit) {
            return Ok(Token::Other(word));
        }
        let plain = word.strip_suffix(b"N").or_else(|| word.strip_suffix(b"M")).unwrap_or(word);
        let plain = plain.strip_prefix(b"+").unwrap_or(plain);
        if let Some(value) = std::str::from_utf8(plain).ok().and_then(|text| text.parse().ok()) {
            return Ok(Token::Integer(value));
        }
        let is_decimal = plain.iter().all(|byte| byte.is_ascii_digit() || b"+-.eE/".contains(byte));
        let is_hexadecimal =
            plain.strip_prefix(b"0x").is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        if !is_decimal && !is_hexadecimal {
            let said = Token::Other(word).describe();
            return Err(
                self.wrong(format!("{said} is no number"), "a word that begins with a digit is a number")
            );
        }
        Ok(Token::Other(plain))
    }

    fn string(&mut self) -> Result<Token<'a>, Box<Fault>> {
        let mut end = self.next + 1;
        loop {
            match self.text.get(end) {
                None => return Err(Fault::incomplete(self.text.len())),
                Some(b'"') => break,
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
            }
        }
        self.next = end + 1;
        Ok(Token::Text(&self.text[self.token..=end]))
    }

    /// `\a`, `\newline`, `\u0041`, and `\(`, whose second byte ends nothing.
    fn character(&mut self) -> Result<Token<'a>, Box<Fault>> {
        if self.next + 1 >= self.text.len() {
            return Err(Fault::incomplete(self.text.len()));
        }
        Ok(Token::Other(self.word(self.next + 2)?))
    }

    /// What begins with `#`.
    fn dispatch(&mut self) -> Result<Piece<'a>, Box<Fault>> {
        let Some(second) = self.text.get(self.next + 1) else {
            return Err(Fault::incomplete(self.text.len()));
        };
        match second {
            b'{' => {
                self.next += 2;
                Ok(Piece::Token(Token::Open(Bracket::Set)))
            }
            b'_' => {
                self.next += 2;
                Ok(Piece::Discard)
            }
            // A regular expression, as Clojure prints it: a string to us.
            b'"' => {
                self.next += 1;
                self.token = self.next;
                self.string().map(Piece::Token)
            }
            b'#' => Ok(Piece::Token(Token::Other(self.word(self.next + 2)?))),
            b':' | b'a'..=b'z' | b'A'..=b'Z' => {
                self.word(self.next + 1)?;
                Ok(Piece::Tag)
            }
            _ => Err(self
                .wrong("`#` begins nothing known here".into(), "tags begin with a letter, sets with `#{`")),
        }
    }

    /// A bracket of a form that is passed over.
    fn pass_close(&self, open: Option<Bracket>, closed: Bracket) -> Result<(), Box<Fault>> {
        let said = match open {
            Some(open) if open.closer() == closed.closer() => return Ok(()),
            Some(open) => format!("expected `{}`, found `{}`", open.closer(), closed.closer()),
            None => format!("`{}` closes nothing", closed.closer()),
        };
        Err(self.wrong(said, "brackets come in pairs"))
    }
}

impl<'a> Forms<'a> for Tokenizer<'a> {
    #[inline]
    fn token(&mut self) -> Result<Token<'a>, Box<Fault>> {
        match self.plain_token() {
            Some(token) => Ok(token),
            None => self.any_token(),
        }
    }

    fn skip(&mut self) -> Result<(), Box<Fault>> {
        let mut open = Vec::new();
        // Forms still to pass over outside of all brackets: `#_` and `^` add one each.
        let mut forms = 1;
        while forms > 0 {
            let piece = self.piece()?.ok_or_else(|| Fault::incomplete(self.text.len()))?;
            match piece {
                Piece::Token(Token::Open(bracket)) => open.push(bracket),
                Piece::Token(Token::Close(closed)) => {
                    self.pass_close(open.pop(), closed)?;
                    forms -= usize::from(open.is_empty());
                }
                Piece::Token(_) => forms -= usize::from(open.is_empty()),
                Piece::Discard | Piece::Metadata => forms += usize::from(open.is_empty()),
                Piece::Tag => {}
            }
        }
        Ok(())
    }

    fn place(&self) -> usize {
        self.next
    }

    fn return_to(&mut self, place: usize) {
        self.next = place;
    }

    fn token_offset(&self) -> usize {
        self.token
    }
}
