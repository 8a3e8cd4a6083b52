//! The manual's pages, from the Markdown files in `app/docs` (`CommonMark` with tables).

use std::sync::LazyLock;

use model::manual::{ManualEntry, ManualPage};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

/// A page by its address below `/help`.
struct Source {
    name: &'static str,
    text: &'static str,
}

macro_rules! sources {
    ($($name:literal),+ $(,)?) => {
        [$(Source { name: $name, text: include_str!(concat!("../../../docs/", $name, ".md")) }),+]
    };
}

/// In the order of the table of contents.
static SOURCES: [Source; 17] = sources![
    "getting-started",
    "projects",
    "restore",
    "restore-without-holdfast",
    "credentials",
    "databases",
    "notifications",
    "repositories",
    "organizations",
    "installation",
    "settings",
    "nodes",
    "security",
    "monitoring",
    "command-line",
    "troubleshooting",
    "architecture",
];

static CONTENTS: LazyLock<Vec<ManualEntry>> = LazyLock::new(|| {
    let entry =
        |source: &Source| ManualEntry { href: format!("/help/{}", source.name), title: source.title().to_owned() };
    SOURCES.iter().map(entry).collect()
});

/// The page of that name, or the first one where it is empty; `None` where there is none.
pub fn page(name: &str) -> Option<ManualPage> {
    let source = match name {
        "" => SOURCES.first(),
        name => SOURCES.iter().find(|source| source.name == name),
    }?;
    Some(ManualPage { title: source.title().to_owned(), html: source.html(), contents: CONTENTS.clone() })
}

impl Source {
    /// What stands in its first line.
    fn title(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches("# ")
    }

    fn events(&self) -> Vec<Event<'static>> {
        let below_title = self.text.split_once('\n').map_or("", |(_, rest)| rest);
        Parser::new_ext(below_title, Options::ENABLE_TABLES).collect()
    }

    /// With an id on each heading, and tables that scroll by themselves where the page is narrow.
    fn html(&self) -> String {
        let mut events = self.events();
        let headings = headings(&events);
        for (place, anchor) in headings {
            if let Some(Event::Start(Tag::Heading { id, .. })) = events.get_mut(place) {
                *id = Some(CowStr::from(anchor));
            }
        }
        let events = events.into_iter().flat_map(|event| match event {
            Event::Start(Tag::Table(_)) => {
                vec![Event::Html("<div class=\"manual-table\" tabindex=\"0\">".into()), event]
            }
            Event::End(TagEnd::Table) => vec![event, Event::Html("</div>".into())],
            event => vec![event],
        });
        let mut text = String::with_capacity(self.text.len() * 3 / 2);
        html::push_html(&mut text, events);
        text
    }
}

/// The places of headings among the events, and their anchors.
fn headings(events: &[Event<'_>]) -> Vec<(usize, String)> {
    let starts = events.iter().enumerate().filter(|(_, event)| matches!(event, Event::Start(Tag::Heading { .. })));
    let anchored = starts.map(|(place, _)| {
        let inside = events[place + 1..].iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
        let words: String = inside
            .filter_map(|event| match event {
                Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
                _ => None,
            })
            .collect();
        (place, anchor(&words))
    });
    anchored.collect()
}

/// As links write it: in lower case, with `-` for spaces, and without other signs.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use super::*;

    #[test]
    fn every_file_is_a_page_with_a_title_and_a_summary() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs");
        let files: BTreeSet<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        let pages: BTreeSet<String> = SOURCES.iter().map(|source| format!("{}.md", source.name)).collect();
        assert_eq!(pages, files);
        for source in &SOURCES {
            assert!(source.text.starts_with("# ") && !source.title().is_empty(), "{}", source.name);
            let page = page(source.name).unwrap();
            assert!(page.html.starts_with("<p>"), "{}: a summary comes first", source.name);
            assert!(!page.html.contains("<h1"), "{}: one title", source.name);
        }
        assert_eq!(page("").unwrap().title, SOURCES[0].title());
        assert!(page("nothing").is_none() && page("../README").is_none());
    }

    #[test]
    fn every_link_leads_somewhere() {
        for source in &SOURCES {
            let events = source.events();
            let links = events.iter().filter_map(|event| match event {
                Event::Start(Tag::Link { dest_url, .. }) => Some(dest_url.as_ref()),
                _ => None,
            });
            for link in links.filter(|link| !link.starts_with("https://")) {
                let (place, wanted) = link.split_once('#').unwrap_or((link, ""));
                let there = match place.strip_prefix("/help/") {
                    Some(name) => SOURCES.iter().find(|other| other.name == name),
                    None if place.is_empty() => Some(source),
                    None => None,
                };
                let there = there.unwrap_or_else(|| panic!("{}: {link}", source.name));
                let anchors = headings(&there.events()).into_iter().map(|(_, anchor)| anchor).collect::<Vec<_>>();
                assert!(wanted.is_empty() || anchors.iter().any(|anchor| anchor == wanted), "{}: {link}", source.name);
            }
        }
    }

    #[test]
    fn every_setting_and_every_sentence_of_a_table_is_drawn() {
        let settings = page("settings").unwrap().html;
        assert!(settings.contains("<table>") && settings.contains("HOLDFAST_S3_OUTAGE_LIMIT"), "{settings}");
        assert!(settings.contains("<h2 id="), "headings can be linked to");
    }
}
