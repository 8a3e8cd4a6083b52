//! Why croner does not understand an expression, in words that can be translated.

use crate::language::msgid;

/// What we refuse, and croner does not.
pub(super) const EMPTY_ITEM: &str = msgid("an item of a list is empty");

/// What croner says in the same words each time.
const REASONS: [&str; 18] = [
    EMPTY_ITEM,
    msgid("Component error: Number out of bounds."),
    msgid("Component error: Invalid number."),
    msgid("Component error: Range out of bounds."),
    msgid("Component error: Invalid range syntax."),
    msgid("Component error: Invalid start of range."),
    msgid("Component error: Invalid end of range."),
    msgid("Component error: Invalid stepped range syntax."),
    msgid("Component error: Invalid range syntax in stepping."),
    msgid("Component error: Invalid step."),
    msgid("Component error: Step cannot be zero."),
    msgid("Component error: Range is out of bounds in stepping."),
    msgid("Component error: Nth specifier # not allowed in the current field."),
    msgid("Component error: Nth specifier out of bounds."),
    msgid("Component error: Invalid nth specifier."),
    msgid("Component error: L not allowed in the current field."),
    msgid("Component error: Invalid day for closest weekday."),
    msgid("Component error: Day for closest weekday out of bounds."),
];

/// What croner says; in English where it is not among what is known.
pub(crate) fn translated(reason: &str) -> String {
    if let Some(known) = REASONS.iter().find(|known| **known == reason) {
        return tr!(known);
    }
    match illegal_character(reason) {
        Some((character, part)) => tr!(
            "Pattern contains illegal characters: CronPattern contains illegal character '{character}' in part '{part}'",
            character,
            part
        ),
        None => reason.to_owned(),
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
            assert!(REASONS.contains(&known), "{known}");
        }
    }

    #[test]
    fn the_character_and_its_part_are_found() {
        let Err(RuleError::CronSyntax { reason }) = CronPeriod::stored("0 2x * * *") else { panic!() };
        assert_eq!(illegal_character(&reason.to_lowercase()), None);
        let (character, part) = illegal_character(&reason).unwrap();
        assert_eq!((character.to_lowercase(), part.to_lowercase()), ("x".to_owned(), "2x".to_owned()));
        assert_eq!(translated(&reason), reason);
    }
}
