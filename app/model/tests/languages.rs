//! Every message in the source has its translation, and no catalog says what nobody asks for.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use model::language::Language;
use polib::{catalog::Catalog, message::MessageView};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Each crate that speaks to people, with its source.
const CRATES: [(&str, &str); 4] = [
    ("app", "app/src"),
    ("engine", "server/engine/src"),
    ("model", "app/model/src"),
    ("services", "server/services/src"),
];

/// The catalogs beside the English source.
const TRANSLATED: [Language; 1] = [Language::Czech];

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Message {
    context: Option<String>,
    text: String,
    plural: Option<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn catalog(language: Language, name: &str) -> Catalog {
    let path = root().join("app/languages").join(language.as_str()).join(format!("{name}.po"));
    polib::po_file::parse(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of = |path: PathBuf| if path.is_dir() { sources(&path) } else { vec![path] };
    entries.flat_map(of).filter(|path| path.extension().is_some_and(|ending| ending == "rs")).collect()
}

/// The messages of a crate, each with a file that says it.
fn said(source: &str) -> BTreeMap<Message, PathBuf> {
    let mut messages = BTreeMap::new();
    for path in sources(&root().join(source)) {
        let tokens: TokenStream = fs::read_to_string(&path).unwrap().parse().unwrap();
        collect(tokens, &mut |message| {
            messages.insert(message, path.clone());
        });
    }
    messages
}

/// Finds `tr!("…")`, with a context or a plural where there is one, and `msgid("…")`.
fn collect(tokens: TokenStream, found: &mut impl FnMut(Message)) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        let before = |back: usize| at.checked_sub(back).map(|at| tokens[at].to_string()).unwrap_or_default();
        if before(1) == "msgid" && group.delimiter() == Delimiter::Parenthesis {
            let inside: Vec<TokenTree> = group.stream().into_iter().collect();
            if let Some(text) = inside.first().and_then(literal) {
                found(Message { context: None, text, plural: None });
            }
        }
        if before(2) == "tr" && before(1) == "!" {
            let inside: Vec<TokenTree> = group.stream().into_iter().collect();
            if let Some(message) = message(&inside) {
                found(message);
            }
        }
        collect(group.stream(), found);
    }
}

/// The first argument of `tr!`; none where it is a name, for a text that `msgid` marks elsewhere.
fn message(tokens: &[TokenTree]) -> Option<Message> {
    let first = literal(tokens.first()?)?;
    let sign = |at: usize, sign: &str| tokens.get(at).is_some_and(|token| token.to_string() == sign);
    let (context, at) = if sign(1, "=") && sign(2, ">") { (Some(first.clone()), 3) } else { (None, 0) };
    let text = literal(tokens.get(at)?)?;
    let plural = if sign(at + 1, "|") { literal(tokens.get(at + 2)?) } else { None };
    Some(Message { context, text, plural })
}

fn literal(token: &TokenTree) -> Option<String> {
    syn::parse_str::<syn::LitStr>(&token.to_string()).ok().map(|literal| literal.value())
}

fn written(catalog: &Catalog) -> BTreeMap<Message, Vec<String>> {
    let of = |message: &dyn MessageView| {
        let context = message.msgctxt().map(str::to_owned);
        let plural = message.msgid_plural().ok().map(str::to_owned);
        let forms = message.msgstr_plural().cloned();
        let forms = forms.unwrap_or_else(|_| vec![message.msgstr().unwrap_or_default().to_owned()]);
        (Message { context, text: message.msgid().to_owned(), plural }, forms)
    };
    catalog.messages().map(of).collect()
}

/// What is put in, such as `{}` and `{n}`.
fn gaps(text: &str) -> BTreeSet<&str> {
    text.match_indices('{').filter_map(|(at, _)| text[at..].find('}').map(|end| &text[at..=at + end])).collect()
}

#[test]
fn every_message_is_translated_and_nothing_else_is() {
    let mut wrong = Vec::new();
    for language in TRANSLATED {
        for (name, source) in CRATES {
            let (said, written) = (said(source), written(&catalog(language, name)));
            for (message, path) in said.iter().filter(|(message, _)| !written.contains_key(message)) {
                let context =
                    message.context.as_ref().map(|context| format!("msgctxt {context:?}\n")).unwrap_or_default();
                let forms = message.plural.as_ref().map_or_else(
                    || "msgstr \"\"\n".to_owned(),
                    |plural| format!("msgid_plural {plural:?}\nmsgstr[0] \"\"\nmsgstr[1] \"\"\nmsgstr[2] \"\"\n"),
                );
                let file = path.strip_prefix(root()).unwrap_or(path).display();
                wrong.push(format!("missing in {name}.po, {file}:\n{context}msgid {:?}\n{forms}", message.text));
            }
            for message in written.keys().filter(|message| !said.contains_key(message)) {
                wrong.push(format!("nobody says in {source}: {:?}", message.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{} messages:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn translations_have_all_forms_and_put_in_the_same() {
    for language in TRANSLATED {
        for (name, _) in CRATES {
            for (message, forms) in written(&catalog(language, name)) {
                let expected =
                    if message.plural.is_some() { 1 + (0..10).map(|n| language.form(n)).max().unwrap() } else { 1 };
                assert_eq!(forms.len(), expected, "{name}: {message:?}");
                let plural = message.plural.as_ref().unwrap_or(&message.text);
                for form in &forms {
                    assert!(!form.trim().is_empty(), "{name}: {message:?} has an empty form");
                    // Words may say the number in place of `{n}`.
                    let (inside, allowed) = (gaps(form), &gaps(&message.text) | &gaps(plural));
                    let needed = &gaps(&message.text) & &gaps(plural);
                    assert!(inside.is_subset(&allowed) && inside.is_superset(&needed), "{name}: {message:?}: {form}");
                    let end = |text: &str| text.chars().last().filter(|last| ".…:?".contains(*last));
                    assert_eq!(end(form), end(&message.text), "{name}: {message:?} ends otherwise: {form}");
                }
            }
        }
    }
}

#[test]
fn the_same_words_are_translated_the_same() {
    for language in TRANSLATED {
        let mut known = BTreeMap::new();
        for (name, _) in CRATES {
            for (message, forms) in written(&catalog(language, name)) {
                let key = (message.context, message.text);
                let earlier = known.insert(key.clone(), forms.clone());
                assert!(earlier.is_none_or(|earlier| earlier == forms), "{name}: {key:?}");
            }
        }
    }
}

#[test]
fn messages_are_found_in_the_source() {
    let source = r#"
        view! { <p title=tr!("A title")>{tr!("{n} file" | "{n} files" % count, name)}</p> {tr!(label)} }
        const WORD: &str = msgid("Later");
        tr!("Menu" => "Open \"it\"");
    "#;
    let mut found = Vec::new();
    collect(source.parse().unwrap(), &mut |message| found.push(message));
    let of = |context: Option<&str>, text: &str, plural: Option<&str>| Message {
        context: context.map(str::to_owned),
        text: text.to_owned(),
        plural: plural.map(str::to_owned),
    };
    let expected = [
        of(None, "A title", None),
        of(None, "{n} file", Some("{n} files")),
        of(None, "Later", None),
        of(Some("Menu"), "Open \"it\"", None),
    ];
    assert_eq!(found, expected);
}
