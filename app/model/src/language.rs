//! The languages that pages are written in. English stands in the source, the others in `app/languages`.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use crate::translation::msgid;
use crate::{cookies, rule::RuleError};

/// The cookie in which a browser keeps the choice.
pub const LANGUAGE_COOKIE: &str = "holdfast-language";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    #[default]
    English,
    Czech,
}

impl Language {
    pub const ALL: [Self; 2] = [Self::English, Self::Czech];

    /// Its code in ISO 639-1, as the attribute `lang`, the form and the cookie write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Czech => "cs",
        }
    }

    /// What it calls itself.
    pub const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Czech => "Čeština",
        }
    }

    /// Which of a message's forms goes with `count` things; the rule of the catalog's header `Plural-Forms`.
    pub const fn form(self, count: u64) -> usize {
        match (self, count) {
            (_, 1) => 0,
            (Self::English, _) | (Self::Czech, 2..=4) => 1,
            (Self::Czech, _) => 2,
        }
    }

    /// What a request's headers `Cookie` and `Accept-Language` say: the choice, or else what the browser likes best.
    pub fn of_request(cookies: &str, accepted: &str) -> Self {
        let chosen = cookies::values(cookies, LANGUAGE_COOKIE).find_map(|value| value.parse().ok());
        chosen.unwrap_or_else(|| Self::of_accepted(accepted))
    }

    /// RFC 9110, section 12.5.4. A range such as `cs-CZ` stands for its language; of those liked as well the first.
    fn of_accepted(header: &str) -> Self {
        let mut best = (0.0, Self::default());
        for range in header.split(',') {
            let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
            let code = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
            let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok()).unwrap_or(0.0);
            if let Ok(language) = code.parse()
                && weight > best.0
            {
                best = (weight, language);
            }
        }
        best.1
    }
}

impl FromStr for Language {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|language| language.as_str() == text);
        found.ok_or(RuleError::Unlisted { field: msgid("Language") })
    }
}

/// Sets who translates the messages of this crate; until then they are English.
pub fn set_translator(translator: impl tr::Translator + 'static) {
    tr::set_translator!(translator);
}

#[cfg(test)]
mod tests {
    use super::Language::{self, Czech, English};

    #[test]
    fn the_choice_counts_before_what_the_browser_likes() {
        for (cookies, accepted, language) in [
            ("", "", English),
            ("", "cs", Czech),
            ("", "cs-CZ,cs;q=0.9,en;q=0.8", Czech),
            ("", "de, en;q=0.5, cs;q=0.4", English),
            ("", "en;q=0.3, cs;q=0.7", Czech),
            ("", "cs;q=0, en", English),
            ("", "fr", English),
            ("", "cs;q=many;;,,-", English),
            ("holdfast=x; holdfast-language=en", "cs", English),
            ("holdfast-language=cs", "en", Czech),
            ("holdfast-language=\"><script>", "cs", Czech),
        ] {
            assert_eq!(Language::of_request(cookies, accepted), language, "{cookies} / {accepted}");
        }
    }

    #[test]
    fn czech_counts_in_three_forms() {
        let forms = [0, 1, 2, 4, 5, 21, 22, 100].map(|count| Czech.form(count));
        assert_eq!(forms, [2, 0, 1, 1, 2, 2, 2, 2]);
        assert_eq!([0, 1, 2].map(|count| English.form(count)), [1, 0, 1]);
    }
}
