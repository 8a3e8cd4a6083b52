//! The places of a message, as `tr!` fills them: `{}` in turn, `{0}` by number, `{name}` by name.

/// A part of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Part<'a> {
    Text(&'a str),
    Place {
        /// Its number for `{}` and `{0}`.
        name: String,
        /// With its braces.
        source: &'a str,
    },
}

/// Takes a message apart. `{{` and `}}` stand for a brace; what is no place is text.
pub fn parts(mut rest: &str) -> Vec<Part<'_>> {
    let (mut parts, mut turn) = (Vec::new(), 0);
    while let Some(at) = rest.find(['{', '}']) {
        let brace = &rest[at..];
        if brace.starts_with("{{") || brace.starts_with("}}") {
            parts.push(Part::Text(&rest[..=at]));
            rest = &rest[at + 2..];
            continue;
        }
        let end = brace.find('}').filter(|end| *end > 0);
        let Some(end) = end else {
            parts.push(Part::Text(&rest[..=at]));
            rest = &rest[at + 1..];
            continue;
        };
        parts.push(Part::Text(&rest[..at]));
        let mut name = brace[1..end].trim().to_owned();
        if name.is_empty() {
            name = turn.to_string();
            turn += 1;
        }
        parts.push(Part::Place { name, source: &brace[..=end] });
        rest = &brace[end + 1..];
    }
    parts.push(Part::Text(rest));
    parts.retain(|part| *part != Part::Text(""));
    parts
}

/// The names of a message's places.
pub fn places(message: &str) -> impl Iterator<Item = String> {
    parts(message).into_iter().filter_map(|part| match part {
        Part::Place { name, .. } => Some(name),
        Part::Text(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_apart() {
        let shown = |message| {
            let part = |part| match part {
                Part::Text(text) => text.to_owned(),
                Part::Place { name, .. } => format!("<{name}>"),
            };
            parts(message).into_iter().map(part).collect::<Vec<_>>().join("|")
        };
        for (message, apart) in [
            ("", ""),
            ("as it is", "as it is"),
            ("{} and {}", "<0>| and |<1>"),
            ("{1} after {0}", "<1>| after |<0>"),
            ("{n} files", "<n>| files"),
            ("{{}} {}", "{|}| |<0>"),
            ("{ and }", "<and>"),
            ("a } b {", "a }| b {"),
        ] {
            assert_eq!(shown(message), apart, "{message:?}");
        }
    }
}
