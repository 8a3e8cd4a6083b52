//! Who may import whom: no crate one above itself, and inside a crate no circle between its top-level modules.
//!
//! Inside a module a child may name its parent and a parent its child, as Rust has it; those paths are not looked at.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The crates, each below those after it, with their folders.
const ORDER: [(&str, &str); 6] = [
    ("model", "app/model"),
    ("engine", "server/engine"),
    ("migration", "migration"),
    ("services", "server/services"),
    ("app", "app"),
    ("server", "server"),
];

/// The crates whose modules form no circle.
const WITHOUT_CIRCLES: [&str; 3] = ["app/model", "server/services", "server"];

/// Which modules a module names, each with a file that does.
type Imports = BTreeMap<String, BTreeMap<String, PathBuf>>;

#[test]
fn no_crate_depends_on_one_above_it() {
    for (at, (name, folder)) in ORDER.iter().enumerate() {
        let manifest = fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
        let above: Vec<_> = ORDER[at + 1..].iter().filter(|(above, _)| depends_on(&manifest, above)).collect();
        assert!(above.is_empty(), "{name} is below {above:?}");
    }
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    for folder in WITHOUT_CIRCLES {
        let imports = imports(&root().join(folder).join("src"));
        assert!(imports.len() > 3, "{folder} has modules");
        if let Some(circle) = circle(&imports) {
            let steps = circle.iter().zip(circle.iter().cycle().skip(1));
            let told: Vec<_> =
                steps.map(|(from, to)| format!("{from} imports {to} in {}", imports[from][to].display())).collect();
            panic!("{folder} has a circle:\n{}", told.join("\n"));
        }
    }
}

#[test]
fn a_circle_is_found_whatever_the_path_looks_like() {
    let names = |text: &str, depth| {
        let mut found = BTreeSet::new();
        named(text.parse().unwrap(), depth, &mut |name| {
            found.insert(name);
        });
        found.into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names("use crate::{a::B, c::{d, e}, f}; fn g() { crate::h::i() }", 1), "a c f h");
    assert_eq!(names("use super::a; use super::super::b::c;", 2), "b", "the parent's own child is not looked at");
    assert_eq!(names("#[cfg(test)] mod tests { use crate::a; } use crate::b;", 1), "b", "tests may name anything");
    let with = |edges: &[(&str, &str)]| {
        let mut imports = Imports::new();
        for (from, to) in edges {
            imports.entry((*from).to_owned()).or_default().insert((*to).to_owned(), PathBuf::new());
        }
        circle(&imports).map(|circle| circle.len())
    };
    assert_eq!(with(&[("a", "b"), ("a", "c"), ("b", "c")]), None);
    assert_eq!(with(&[("a", "b"), ("b", "c"), ("c", "d"), ("d", "b")]), Some(3));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Whether a manifest has a dependency of that name, for whatever purpose.
fn depends_on(manifest: &str, name: &str) -> bool {
    let mut among_dependencies = false;
    manifest.lines().any(|line| {
        if line.starts_with('[') {
            among_dependencies = line.contains("dependencies");
        }
        let key = line.split(['.', '=', ' ']).next();
        among_dependencies && key == Some(name)
    })
}

fn imports(source: &Path) -> Imports {
    let files = files(source);
    let top = |file: &Path| {
        let first = file.strip_prefix(source).unwrap().components().next().unwrap();
        Path::new(&first).with_extension("").display().to_string()
    };
    let modules: BTreeSet<String> = files.iter().map(|file| top(file)).filter(|name| name != "main").collect();
    let mut imports = Imports::new();
    for file in &files {
        let module = top(file);
        // The root of a crate only says what it is made of.
        if module == "lib" || module == "main" {
            continue;
        }
        let depth = file.strip_prefix(source).unwrap().components().count() - usize::from(file.ends_with("mod.rs"));
        let of_module = imports.entry(module.clone()).or_default();
        named(fs::read_to_string(file).unwrap().parse().unwrap(), depth, &mut |name| {
            assert!(
                modules.contains(&name),
                "{} names {name}, which the crate's root exports: name the module that has it",
                file.display()
            );
            if name != module {
                of_module.insert(name, file.clone());
            }
        });
    }
    imports
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries.flat_map(of).filter(|path| path.extension().is_some_and(|ending| ending == "rs")).collect()
}

/// Finds what stands first after `crate::`, or after as many `super::` as lead from `depth` to the crate's root.
fn named(tokens: TokenStream, depth: usize, found: &mut impl FnMut(String)) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is = |at: usize, text: &str| tokens.get(at).is_some_and(|token| token.to_string() == text);
    let steps = |at: usize| is(at, ":") && is(at + 1, ":");
    let mut at = 0;
    while at < tokens.len() {
        if is(at, "#") && is(at + 1, "[cfg (test)]") || is(at, "#") && is(at + 1, "[cfg(test)]") {
            // Up to the end of the module, or whatever it is.
            while at < tokens.len() && !is(at, ";") && !is_block(&tokens[at]) {
                at += 1;
            }
        } else if is(at, "crate") && steps(at + 1) && !(at > 0 && is(at - 1, "$")) {
            first_of(&tokens, at + 3, found);
        } else if is(at, "super") && steps(at + 1) && !(at > 1 && steps(at - 2)) {
            let mut ups = 0;
            while is(at, "super") && steps(at + 1) {
                (ups, at) = (ups + 1, at + 3);
            }
            if ups >= depth {
                first_of(&tokens, at, found);
            }
            continue;
        } else if let TokenTree::Group(group) = &tokens[at] {
            named(group.stream(), depth, found);
        }
        at += 1;
    }
}

fn is_block(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

/// The name that stands there, or the first one of each path in braces.
fn first_of(tokens: &[TokenTree], at: usize, found: &mut impl FnMut(String)) {
    match tokens.get(at) {
        Some(TokenTree::Ident(name)) => found(name.to_string()),
        Some(TokenTree::Group(group)) => {
            let mut begins = true;
            for token in group.stream() {
                if let (true, TokenTree::Ident(name)) = (begins, &token) {
                    found(name.to_string());
                }
                begins = token.to_string() == ",";
            }
        }
        _ => {}
    }
}

/// Modules that lead back to the first of them, in the order of their imports; the shortest way from each.
fn circle(imports: &Imports) -> Option<Vec<String>> {
    let circles = imports.keys().filter_map(|start| {
        let mut ways = vec![vec![start.clone()]];
        let mut seen = BTreeSet::new();
        while let Some(way) = (!ways.is_empty()).then(|| ways.remove(0)) {
            for next in imports.get(way.last()?).into_iter().flat_map(BTreeMap::keys) {
                if next == start {
                    return Some(way);
                }
                if seen.insert(next.clone()) {
                    ways.push(way.iter().chain([next]).cloned().collect());
                }
            }
        }
        None
    });
    circles.min_by_key(Vec::len)
}
