//! Listening to `tr!`: while somebody does, it answers with marks around what it was asked to say.

use std::{borrow::Cow, cell::RefCell, collections::BTreeSet, fmt::Write as _};

use tr::Translator;

use super::{Counted, Message, Piece, template};

// Of the noncharacters, which no text is meant to hold (Unicode 16, section 23.7).
const BEGIN: char = '\u{fdd0}';
const HOLDS: char = '\u{fdd1}';
const NAMED: char = '\u{fdd2}';
const END: char = '\u{fdd3}';

thread_local! {
    /// What has been said since somebody began to listen.
    static SAID: RefCell<Option<Vec<Message>>> = const { RefCell::new(None) };
}

/// Takes what `say` says with `tr!` apart into messages and what stands around them.
pub fn listen(say: impl Fn() -> String) -> Vec<Piece> {
    let before = SAID.replace(Some(Vec::new()));
    let text = say();
    let said = SAID.replace(before).unwrap_or_default();
    let mut reader = Reader { rest: &text, said: &said };
    let pieces = reader.pieces();
    if reader.rest.is_empty() {
        return pieces;
    }
    // What the text holds has marks of its own, as a file's name may.
    vec![Piece::Plain(say().replace([BEGIN, HOLDS, NAMED, END], ""))]
}

/// A translator that can be listened to.
#[derive(Clone)]
pub struct Recordable<T>(pub T);

impl<T: Translator> Translator for Recordable<T> {
    fn translate<'a>(&'a self, text: &'a str, context: Option<&'a str>) -> Cow<'a, str> {
        marked(text, context, None).map_or_else(|| self.0.translate(text, context), Cow::Owned)
    }

    fn ntranslate<'a>(
        &'a self,
        count: u64,
        singular: &'a str,
        plural: &'a str,
        context: Option<&'a str>,
    ) -> Cow<'a, str> {
        let marked = marked(singular, context, Some((plural, count)));
        marked.map_or_else(|| self.0.ntranslate(count, singular, plural, context), Cow::Owned)
    }
}

/// Which message it is, and its places, for `tr!` to fill; `None` where nobody listens.
fn marked(text: &str, context: Option<&str>, counted: Option<(&str, u64)>) -> Option<String> {
    SAID.with_borrow_mut(|said| {
        let said = said.as_mut()?;
        let plural = counted.map_or("", |(plural, _)| plural);
        let places: BTreeSet<_> = template::places(text).chain(template::places(plural)).collect();
        let mut marked = format!("{BEGIN}{}{HOLDS}", said.len());
        for name in places {
            // Writing to a string does not fail.
            let _ = write!(marked, "{name}{NAMED}{{{name}}}{HOLDS}");
        }
        marked.push(END);
        let counted = counted.map(|(plural, count)| Counted { plural: plural.to_owned(), count });
        said.push(Message { text: text.to_owned(), context: context.map(str::to_owned), counted });
        Some(marked)
    })
}

/// Reads what `tr!` has made of marks and places.
struct Reader<'a> {
    rest: &'a str,
    said: &'a [Message],
}

impl Reader<'_> {
    /// Up to a mark that ends them.
    fn pieces(&mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        loop {
            let at = self.rest.find([BEGIN, HOLDS, NAMED, END]).unwrap_or(self.rest.len());
            if at > 0 {
                pieces.push(Piece::Plain(self.rest[..at].to_owned()));
                self.rest = &self.rest[at..];
            }
            if !self.rest.starts_with(BEGIN) {
                return pieces;
            }
            match self.message() {
                Some(message) => pieces.push(message),
                None => return pieces,
            }
        }
    }

    /// `None` where it is not as [`marked`] and `tr!` make it; then something is left.
    fn message(&mut self) -> Option<Piece> {
        let start = self.rest;
        let read = self.well_formed();
        if read.is_none() {
            self.rest = start;
        }
        read
    }

    fn well_formed(&mut self) -> Option<Piece> {
        let (number, rest) = self.rest.strip_prefix(BEGIN)?.split_once(HOLDS)?;
        self.rest = rest;
        let say = self.said.get(number.parse::<usize>().ok()?)?.clone();
        let mut with = Vec::new();
        loop {
            if let Some(rest) = self.rest.strip_prefix(END) {
                self.rest = rest;
                return Some(Piece::Message { say, with });
            }
            let (name, rest) = self.rest.split_once(NAMED)?;
            self.rest = rest;
            let held = self.pieces();
            self.rest = self.rest.strip_prefix(HOLDS)?;
            with.push((name.to_owned(), held));
        }
    }
}
