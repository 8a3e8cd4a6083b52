//! Why croner does not understand an expression, in words that can be translated.

use crate::translation::msgid;

/// What we refuse, and croner does not.
pub const EMPTY_ITEM: &str = "an item of a list is empty";

/// What is said in the same words each time, and how it reads in the middle of a sentence.
const REASONS: [(&str, &str); 18] = [
    (EMPTY_ITEM, msgid("an item of a list is empty")),
    ("Component error: Number out of bounds.", msgid("number out of bounds")),
    ("Component error: Invalid number.", msgid("invalid number")),
    ("Component error: Range out of bounds.", msgid("range out of bounds")),
    ("Component error: Invalid range syntax.", msgid("invalid range syntax")),
    ("Component error: Invalid start of range.", msgid("invalid start of range")),
    ("Component error: Invalid end of range.", msgid("invalid end of range")),
    ("Component error: Invalid stepped range syntax.", msgid("invalid stepped range syntax")),
    ("Component error: Invalid range syntax in stepping.", msgid("invalid range syntax in stepping")),
    ("Component error: Invalid step.", msgid("invalid step")),
    ("Component error: Step cannot be zero.", msgid("step cannot be zero")),
    ("Component error: Range is out of bounds in stepping.", msgid("range is out of bounds in stepping")),
    (
        "Component error: Nth specifier # not allowed in the current field.",
        msgid("nth specifier # not allowed in the current field"),
    ),
    ("Component error: Nth specifier out of bounds.", msgid("nth specifier out of bounds")),
    ("Component error: Invalid nth specifier.", msgid("invalid nth specifier")),
    ("Component error: L not allowed in the current field.", msgid("L not allowed in the current field")),
    ("Component error: Invalid day for closest weekday.", msgid("invalid day for closest weekday")),
    ("Component error: Day for closest weekday out of bounds.", msgid("day for closest weekday out of bounds")),
];

/// A reason for people; as croner gives it where it is not among what is known.
pub fn translated(reason: &str) -> String {
    if let Some((_, words)) = REASONS.iter().find(|(known, _)| *known == reason) {
        return tr!(words);
    }
    match illegal_character(reason) {
        Some((character, part)) => tr!("'{character}' in '{part}' does not belong there", character, part),
        None => reason.trim_end_matches('.').to_owned(),
    }
}

fn illegal_character(reason: &str) -> Option<(&str, &str)> {
    let rest = reason.strip_prefix("Pattern contains illegal characters: CronPattern contains illegal character '")?;
    rest.strip_suffix('\'')?.split_once("' in part '")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{rule::RuleError, schedule::CronPeriod};

    #[test]
    fn what_croner_says_is_known() {
        for (expression, known) in [
            ("60 * * * *", "Component error: Number out of bounds."),
            ("1-70 * * * *", "Component error: Range out of bounds."),
            ("5-1 * * * *", "Component error: Range out of bounds."),
            ("1-2-3 * * * *", "Component error: Invalid range syntax."),
            ("-1 * * * *", "Component error: Invalid start of range."),
            ("1- * * * *", "Component error: Invalid end of range."),
            ("*/0 * * * *", "Component error: Step cannot be zero."),
            ("*/ * * * *", "Component error: Invalid step."),
            ("*/1/2 * * * *", "Component error: Invalid stepped range syntax."),
            ("** * * * *", "Component error: Invalid number."),
            ("0 0 32W * *", "Component error: Day for closest weekday out of bounds."),
            ("0 0 W * *", "Component error: Invalid day for closest weekday."),
            ("0 0 * * 5#6", "Component error: Nth specifier out of bounds."),
            ("0 0 * * 5#", "Component error: Invalid nth specifier."),
        ] {
            let Err(RuleError::CronSyntax { reason }) = CronPeriod::stored(expression) else {
                panic!("{expression} is understood")
            };
            assert_eq!(reason, known, "{expression}");
            let words = translated(&reason);
            assert!(words != reason && !words.ends_with('.'), "{words}");
        }
    }

    #[test]
    fn the_character_and_its_part_are_found() {
        let Err(RuleError::CronSyntax { reason }) = CronPeriod::stored("0 2x * * *") else { panic!() };
        assert_eq!(illegal_character(&reason.to_lowercase()), None);
        let (character, part) = illegal_character(&reason).unwrap();
        assert_eq!((character.to_lowercase(), part.to_lowercase()), ("x".to_owned(), "2x".to_owned()));
        assert_eq!(translated(&reason), format!("'{character}' in '{part}' does not belong there"));
    }
}
