//! The words of a page, in the language of who looks at it.
//!
//! The source has them in English, in `tr!`; catalogs in the gettext format have the others. The server reads those
//! once, and finds a request's language in the context. A browser fetches the catalog of its page's language before it
//! hydrates the page, and nothing where that is English.

use std::{borrow::Cow, collections::HashMap};

use model::language::Language;
use serde::{Deserialize, Serialize};

#[cfg(not(feature = "ssr"))]
mod browser;
#[cfg(feature = "ssr")]
mod server;

#[cfg(not(feature = "ssr"))]
use browser::current;
#[cfg(not(feature = "ssr"))]
pub use browser::{catalog_address, learn};
#[cfg(feature = "ssr")]
use server::current;
#[cfg(feature = "ssr")]
pub use server::{Download, catalog_address, download, install, of_request, provide};

/// The element with the address of the page's catalog.
pub(crate) const CATALOG_ELEMENT: &str = "catalog";

/// Messages by their English, each with its forms.
#[derive(Default, Serialize, Deserialize)]
struct Catalog(HashMap<String, Vec<String>>);

impl Catalog {
    fn find(&self, text: &str, context: Option<&str>, form: usize) -> Option<&str> {
        let forms = match context {
            Some(context) => self.0.get(&key(text, Some(context))),
            None => self.0.get(text),
        };
        forms?.get(form).map(String::as_str)
    }
}

/// As gettext keeps a message that is told apart by its context.
fn key(text: &str, context: Option<&str>) -> String {
    context.map_or_else(|| text.to_owned(), |context| format!("{context}\u{4}{text}"))
}

/// Looks messages up in the language of the moment. One that is missing stays English.
#[derive(Clone, Copy)]
struct Interpreter;

impl tr::Translator for Interpreter {
    fn translate<'a>(&'a self, text: &'a str, context: Option<&'a str>) -> Cow<'a, str> {
        let found = current().and_then(|(_, catalog)| catalog.find(text, context, 0));
        Cow::Borrowed(found.unwrap_or(text))
    }

    fn ntranslate<'a>(
        &'a self,
        count: u64,
        singular: &'a str,
        plural: &'a str,
        context: Option<&'a str>,
    ) -> Cow<'a, str> {
        let found = current().and_then(|(language, catalog)| catalog.find(singular, context, language.form(count)));
        Cow::Borrowed(found.unwrap_or(if Language::English.form(count) == 0 { singular } else { plural }))
    }
}
