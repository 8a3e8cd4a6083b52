//! Names that every system can write
//! (<https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file>, "Naming Conventions").

use std::{
    collections::HashSet,
    ffi::{OsStr, OsString},
};

/// What takes the place of what cannot be written.
const FILLER: char = '_';
/// Windows takes these for devices, in any letter case and whatever follows a dot.
const DEVICES: [&str; 4] = ["CON", "PRN", "AUX", "NUL"];
const NUMBERED_DEVICES: [&str; 2] = ["COM", "LPT"];
/// What follows the last dot is no kind of file when it is longer.
const LONGEST_KIND: usize = 16;

/// `name` as Windows can write it too.
pub(super) fn portable(name: &str) -> String {
    let forbidden = |letter: char| letter.is_control() || "<>:\"/\\|?*".contains(letter);
    let mut portable: String = name.chars().map(|letter| if forbidden(letter) { FILLER } else { letter }).collect();
    // Windows leaves these out at a name's end.
    if portable.ends_with(['.', ' ']) {
        portable.pop();
        portable.push(FILLER);
    }
    if is_device(&portable) {
        let stem = portable.find('.').unwrap_or(portable.len());
        portable.insert(stem, FILLER);
    }
    portable
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    let numbered = |device: &&str| {
        let number = stem.strip_prefix(*device).unwrap_or_default();
        matches!(number, "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³")
    };
    DEVICES.contains(&stem.as_str()) || NUMBERED_DEVICES.iter().any(numbered)
}

/// The names of a folder that are taken.
#[derive(Default)]
pub(super) struct Taken {
    names: HashSet<OsString>,
    /// Whether names that differ in letter case alone are the same name where the archive is unpacked.
    case_counts: bool,
}

impl Taken {
    pub(super) fn new(case_counts: bool) -> Self {
        Self { names: HashSet::new(), case_counts }
    }

    /// The name, or one like it where it is taken: two names that differ only in what a format or a system cannot write
    /// become the same, and no entry may be written through a link of its own name.
    pub(super) fn free(&mut self, name: OsString) -> OsString {
        let mut free = name.clone();
        let mut number = 2;
        while !self.names.insert(self.folded(&free)) {
            free = numbered(&name, number);
            number += 1;
        }
        free
    }

    fn folded(&self, name: &OsStr) -> OsString {
        match name.to_str() {
            Some(name) if !self.case_counts => name.to_lowercase().into(),
            _ => name.to_owned(),
        }
    }
}

/// With a number before what tells the kind of file.
fn numbered(name: &OsStr, number: u32) -> OsString {
    let kind = name.to_str().and_then(|name| name.rsplit_once('.'));
    if let Some((stem, kind)) = kind.filter(|(stem, kind)| !stem.is_empty() && kind.len() <= LONGEST_KIND) {
        return format!("{stem} ({number}).{kind}").into();
    }
    let mut with_number = name.to_owned();
    with_number.push(format!(" ({number})"));
    with_number
}

#[cfg(test)]
mod tests {
    use super::{Taken, portable};

    #[test]
    fn what_windows_cannot_write_is_replaced() {
        for (name, written) in [
            ("plain.txt", "plain.txt"),
            ("ünïcödé 🦀", "ünïcödé 🦀"),
            ("a<b>c:d\"e\\f|g?h*i", "a_b_c_d_e_f_g_h_i"),
            ("new\nline\t", "new_line_"),
            ("trailing ", "trailing_"),
            ("dots..", "dots._"),
            ("CON", "CON_"),
            ("nul.txt", "nul_.txt"),
            ("Com1.tar.gz", "Com1_.tar.gz"),
            ("LPT²", "LPT²_"),
            ("COM10", "COM10"),
            ("console", "console"),
            (".hidden", ".hidden"),
        ] {
            assert_eq!(portable(name), written);
        }
    }

    #[test]
    fn names_are_kept_apart() {
        let mut taken = Taken::new(false);
        let names = ["Readme.txt", "README.TXT", "readme (2).txt", "ÄB", "äb"].map(|name| taken.free(name.into()));
        assert_eq!(names, ["Readme.txt", "README (2).TXT", "readme (2) (2).txt", "ÄB", "äb (2)"]);
        let mut taken = Taken::new(true);
        assert_eq!(["a", "A", "a"].map(|name| taken.free(name.into())), ["a", "A", "a (2)"]);
    }
}
