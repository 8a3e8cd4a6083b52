//! The head of an answer that the browser saves as a file.

use axum::http::{HeaderMap, HeaderValue, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What RFC 5987, section 3.2.1, lets stand as it is (`attr-char`).
const NOT_ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// Headers that make a browser save the answer under `name` and never show it as a page of ours.
///
/// The name is given twice, as RFC 6266, appendix D, advises: in ASCII for old clients, and as it is.
pub fn headers(name: &str, content_type: &'static str) -> HeaderMap {
    let name = safe(name);
    let ascii: String = name.chars().map(|c| if c.is_ascii() && !"\"\\%".contains(c) { c } else { '_' }).collect();
    let disposition =
        format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{}", utf8_percent_encode(&name, NOT_ATTR_CHAR));
    let disposition = HeaderValue::from_str(&disposition).unwrap_or_else(|_| HeaderValue::from_static("attachment"));
    HeaderMap::from_iter([
        (header::CONTENT_DISPOSITION, disposition),
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ])
}

/// Characters that turn the direction in which text is read (Unicode Standard Annex 9, table 4). With them the name of a
/// program can end like that of a picture.
const DIRECTIONS: [char; 12] = [
    '\u{061c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}',
    '\u{2067}', '\u{2068}', '\u{2069}',
];

/// A name that stays in the folder it is saved to, on any system, and ends as it reads.
fn safe(name: &str) -> String {
    let shown = name.chars().filter(|c| !DIRECTIONS.contains(c));
    let plain: String = shown.map(|c| if c.is_control() || "/\\".contains(c) { '_' } else { c }).collect();
    match plain.trim() {
        "" | "." | ".." => "download".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disposition(name: &str) -> String {
        headers(name, "text/plain")[header::CONTENT_DISPOSITION].to_str().unwrap().to_owned()
    }

    #[test]
    fn plain_names_stay() {
        assert_eq!(
            disposition("report 1.txt"),
            "attachment; filename=\"report 1.txt\"; filename*=UTF-8''report%201.txt"
        );
    }

    #[test]
    fn odd_names_are_written_twice() {
        assert_eq!(
            disposition("naïve \"x\".txt"),
            "attachment; filename=\"na_ve _x_.txt\"; filename*=UTF-8''na%C3%AFve%20%22x%22.txt"
        );
    }

    #[test]
    fn a_name_ends_as_it_reads() {
        assert_eq!(
            disposition("invoice\u{202e}gpj.exe\u{2069}"),
            "attachment; filename=\"invoicegpj.exe\"; filename*=UTF-8\'\'invoicegpj.exe"
        );
        assert!(disposition("\u{202e}..\u{200f}").contains("\"download\""));
    }

    #[test]
    fn no_name_leaves_its_folder_or_adds_a_header() {
        assert!(disposition("../../etc/passwd").contains("filename=\".._.._etc_passwd\""));
        assert!(disposition("a\r\nSet-Cookie: x").contains("filename=\"a__Set-Cookie: x\""));
        assert!(disposition("..").contains("\"download\""));
    }
}
