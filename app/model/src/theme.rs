//! Light or dark.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{cookies, language::msgid, rule::RuleError};

/// The cookie in which a browser keeps the choice.
pub const THEME_COOKIE: &str = "holdfast-theme";

/// What the pages look like in one browser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Theme {
    /// As the person's system is set.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::Light, Self::Dark, Self::System];

    /// As the form and the cookie write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The attribute `data-theme` of the document; none where the system decides.
    pub const fn attribute(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            chosen => Some(chosen.as_str()),
        }
    }

    /// The schemes that the browser's own controls follow.
    pub const fn color_scheme(self) -> &'static str {
        match self {
            Self::System => "light dark",
            chosen => chosen.as_str(),
        }
    }

    /// What a request's header `Cookie` says; anything else means the system's.
    pub fn from_cookies(header: &str) -> Self {
        cookies::values(header, THEME_COOKIE).find_map(|value| value.parse().ok()).unwrap_or_default()
    }
}

impl FromStr for Theme {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|theme| theme.as_str() == text);
        found.ok_or(RuleError::Unlisted { field: msgid("Theme") })
    }
}

#[cfg(test)]
mod tests {
    use super::Theme;

    #[test]
    fn the_cookie_decides_where_it_names_a_theme() {
        for (header, theme) in [
            ("holdfast=x; holdfast-theme=dark", Theme::Dark),
            ("holdfast-theme=light", Theme::Light),
            ("holdfast-theme=\"><script>", Theme::System),
            ("other-holdfast-theme=dark", Theme::System),
            ("", Theme::System),
        ] {
            assert_eq!(Theme::from_cookies(header), theme, "{header}");
        }
    }
}
