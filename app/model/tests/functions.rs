//! The browser calls what it may: every server function is called by a page, or it is gone.

use std::{
    fs,
    path::{Path, PathBuf},
};

#[test]
fn every_server_function_is_called_from_a_page() {
    let app = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src");
    let functions: Vec<String> = sources(&app.join("api")).iter().flat_map(|file| functions(&read(file))).collect();
    assert!(functions.len() > 50, "{functions:?}");
    let pages: String =
        ["pages", "components"].iter().flat_map(|part| sources(&app.join(part))).map(|file| read(&file)).collect();
    let uncalled: Vec<_> = functions.iter().filter(|name| !calls(&pages, name)).collect();
    assert!(uncalled.is_empty(), "no page calls {uncalled:?}");
}

/// The names of the server functions in a file.
fn functions(source: &str) -> Vec<String> {
    let parts = source.split("#[server(").skip(1);
    let name = |part: &str| Some(part.split_once("pub async fn ")?.1.split_once('(')?.0.to_owned());
    parts.map(|part| name(part).expect("a server function has a name")).collect()
}

/// A page calls a function by its name, and a form by its type's.
fn calls(pages: &str, name: &str) -> bool {
    let words: String = name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
    let is_word = |at: usize, found: &str| {
        let outside = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        outside(pages[..at].chars().next_back()) && outside(pages[at + found.len()..].chars().next())
    };
    // An import alone is no call, but the compiler refuses those that nothing uses.
    [name, &words].iter().any(|wanted| pages.match_indices(*wanted).any(|(at, found)| is_word(at, found)))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap()
}
