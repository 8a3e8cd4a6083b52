//! Sentences that are kept in the database, such as why a run failed, and that each reader finds in their own language.
//!
//! Runs end while nobody looks. What is kept of a sentence is therefore its message and what it holds, not its words: the
//! same `tr!` that would say it at once writes it down while [`Sentence::new`] listens.

use std::{borrow::Cow, fmt, sync::OnceLock};

use model::language::msgid;
use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};
use tr::Translator;

mod record;
mod template;

pub(crate) use self::record::Recordable;
use self::template::Part;

static TRANSLATOR: OnceLock<Box<dyn Translator>> = OnceLock::new();

/// Sets who words sentences for their readers; until then they are English.
pub(crate) fn set_translator(translator: impl Translator + 'static) {
    // The first one stays: it is set once in a process.
    let _ = TRANSLATOR.set(Box::new(translator));
}

/// A sentence for people.
///
/// As text it is JSON, or plain where it holds no message: as those are that were kept before there was this type.
#[derive(Clone, Debug, PartialEq, Eq, DeriveValueType)]
pub struct Sentence(String);

/// A piece of a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Piece {
    Plain(String),
    Message { say: Message, with: Vec<(String, Vec<Piece>)> },
}

/// What `tr!` was asked to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Message {
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    context: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    counted: Option<Counted>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Counted {
    plural: String,
    count: u64,
}

impl Sentence {
    /// Keeps what `say` says with `tr!`. It may be asked twice.
    pub fn new(say: impl Fn() -> String) -> Self {
        let pieces = record::listen(say);
        let is_plain = pieces.iter().all(|piece| matches!(piece, Piece::Plain(_)));
        let json = if is_plain { None } else { serde_json::to_string(&pieces).ok() };
        Self(json.unwrap_or_else(|| worded(&pieces, &English)))
    }

    /// Keeps a message that holds nothing.
    pub fn said(text: &'static str) -> Self {
        Self::new(|| tr!(text))
    }

    /// As messages to channels and the log have it.
    pub fn in_english(&self) -> String {
        self.worded_by(&English)
    }

    /// Bytes that it takes in the database.
    pub const fn stored_length(&self) -> usize {
        self.0.len()
    }

    fn worded_by(&self, translator: &dyn Translator) -> String {
        match serde_json::from_str::<Vec<Piece>>(&self.0) {
            Ok(pieces) => worded(&pieces, translator),
            Err(_) => self.0.clone(),
        }
    }
}

/// In the language of the request that is answered.
impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match TRANSLATOR.get() {
            Some(translator) => f.write_str(&self.worded_by(&**translator)),
            None => f.write_str(&self.in_english()),
        }
    }
}

// What several kinds of runs say.
pub const BACKUP_DISABLED: &str = msgid("Cancelled because backup was disabled for the project");
pub const CANCELLED: &str = msgid("Cancelled");
pub const CANCELLED_BY_A_PERSON: &str = msgid("Cancelled by a person");
pub const INTERRUPTED: &str = msgid("Interrupted. It goes on by itself later");
pub const CANCELLED_WHILE_STOPPED: &str = msgid("Cancelled while the server was stopped");

/// Leaves messages as they stand in the source.
struct English;

impl Translator for English {
    fn translate<'a>(&'a self, text: &'a str, _: Option<&'a str>) -> Cow<'a, str> {
        text.into()
    }

    fn ntranslate<'a>(&'a self, count: u64, singular: &'a str, plural: &'a str, _: Option<&'a str>) -> Cow<'a, str> {
        if count == 1 { singular.into() } else { plural.into() }
    }
}

fn worded(pieces: &[Piece], translator: &dyn Translator) -> String {
    pieces.iter().map(|piece| piece.worded(translator)).collect()
}

impl Piece {
    fn worded(&self, translator: &dyn Translator) -> String {
        let (Message { text, context, counted }, with) = match self {
            Self::Plain(text) => return text.clone(),
            Self::Message { say, with } => (say, with),
        };
        let context = context.as_deref();
        let template = match counted {
            Some(Counted { plural, count }) => translator.ntranslate(*count, text, plural, context),
            None => translator.translate(text, context),
        };
        let held = |name: &str| with.iter().find(|(held, _)| held == name).map(|(_, held)| worded(held, translator));
        let part = |part| match part {
            Part::Text(text) => text.to_owned(),
            Part::Place { name, source } => held(&name).unwrap_or_else(|| source.to_owned()),
        };
        template::parts(&template).into_iter().map(part).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says everything in capitals, and turns two things around.
    #[derive(Clone)]
    struct Loud;

    impl Translator for Loud {
        fn translate<'a>(&'a self, text: &'a str, _: Option<&'a str>) -> Cow<'a, str> {
            if text == "{} was left out: {}" { "{1} LEFT OUT {0}".into() } else { text.to_uppercase().into() }
        }

        fn ntranslate<'a>(
            &'a self,
            count: u64,
            singular: &'a str,
            plural: &'a str,
            context: Option<&'a str>,
        ) -> Cow<'a, str> {
            let text = if count == 1 { singular } else { plural };
            self.translate(text, context).replace("{N}", "{n}").into()
        }
    }

    fn kept(say: impl Fn() -> String) -> Sentence {
        tr::set_translator!(Recordable(English));
        Sentence::new(say)
    }

    fn unreadable(files: usize) -> String {
        tr!("{n} file could not be read" | "{n} files could not be read" % files)
    }

    fn no_files() -> String {
        tr!("It has no files")
    }

    #[test]
    fn a_sentence_is_worded_for_its_reader() {
        for (sentence, english, loud) in [
            (kept(no_files), "It has no files", "IT HAS NO FILES"),
            (kept(|| tr!("Sound. {} of {} read", 7, 9)), "Sound. 7 of 9 read", "SOUND. 7 OF 9 READ"),
            (kept(|| tr!("{} was left out: {}", "a {} b", "c")), "a {} b was left out: c", "c LEFT OUT a {} b"),
            (kept(|| unreadable(1)), "1 file could not be read", "1 FILE COULD NOT BE READ"),
            (kept(|| unreadable(3)), "3 files could not be read", "3 FILES COULD NOT BE READ"),
            (
                kept(|| tr!("{} was left out: {}", unreadable(3), no_files())),
                "3 files could not be read was left out: It has no files",
                "IT HAS NO FILES LEFT OUT 3 FILES COULD NOT BE READ",
            ),
            (kept(|| format!("web: {}", no_files())), "web: It has no files", "web: IT HAS NO FILES"),
            (kept(|| "No such file".to_owned()), "No such file", "No such file"),
            (Sentence::said("It has no files"), "It has no files", "IT HAS NO FILES"),
            (Sentence("of an earlier version".to_owned()), "of an earlier version", "of an earlier version"),
            (Sentence("[1, 2".to_owned()), "[1, 2", "[1, 2"),
        ] {
            assert_eq!((sentence.in_english().as_str(), sentence.worded_by(&Loud).as_str()), (english, loud));
        }
    }

    #[test]
    fn what_is_said_while_nobody_listens_is_words() {
        kept(no_files);
        assert_eq!(unreadable(2), "2 files could not be read");
    }

    /// A file's name may hold anything.
    #[test]
    fn marks_in_what_a_sentence_holds_forge_nothing() {
        for name in [
            "\u{fdd0}",
            "\u{fdd0}0\u{fdd1}",
            "\u{fdd0}7\u{fdd1}x\u{fdd3}",
            "\u{fdd2}\u{fdd3}\u{fdd1}",
            "\u{fdd0}0\u{fdd1}\u{fdd3}",
        ] {
            let told = kept(|| tr!("{} was left out: {}", name, "c")).in_english();
            assert!(told.ends_with(" was left out: c") && !told.contains('\u{fdd0}'), "{name:?}: {told:?}");
        }
    }
}
