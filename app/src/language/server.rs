//! The catalogs on the server, and which one a request needs.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{LazyLock, Once},
};

use axum::http::header::{ACCEPT_LANGUAGE, COOKIE};
use leptos::prelude::{provide_context, use_context};
use model::language::Language;
use polib::message::MessageView;
use sha2::{Digest, Sha256};

use super::{Catalog, Interpreter, key};
use crate::api::server::joined;

/// What is said in the browser as well, and what the server alone says.
const CZECH: [&str; 2] = [include_str!("../../languages/cs/app.po"), include_str!("../../languages/cs/model.po")];
const CZECH_OF_SERVER: [&str; 2] =
    [include_str!("../../languages/cs/engine.po"), include_str!("../../languages/cs/services.po")];

/// Lets every crate speak the language of the request that it answers.
///
/// Once in a process: `tr` has a lock that is read within a read, which does not go with somebody who waits to write.
pub fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        services::set_translator(Interpreter);
        tr::set_translator!(Interpreter);
    });
}

/// Finds the request's language, for all that is drawn and said to answer it.
pub fn provide() {
    provide_context(Language::of_request(&joined(&COOKIE, ";"), &joined(&ACCEPT_LANGUAGE, ",")));
}

/// The language of the request that is answered.
pub fn of_request() -> Language {
    use_context().unwrap_or_default()
}

pub(super) fn current() -> Option<(Language, &'static Catalog)> {
    match of_request() {
        Language::English => None,
        Language::Czech => {
            static CATALOG: LazyLock<Catalog> =
                LazyLock::new(|| Catalog(CZECH.into_iter().chain(CZECH_OF_SERVER).flat_map(messages).collect()));
            Some((Language::Czech, &CATALOG))
        }
    }
}

/// A catalog as browsers fetch it.
pub struct Download {
    /// Changes with its content.
    pub name: String,
    /// JSON.
    pub content: Vec<u8>,
}

/// None for English, which the program itself holds.
pub fn download(language: Language) -> Option<&'static Download> {
    static CZECH_DOWNLOAD: LazyLock<Download> = LazyLock::new(|| packed(Language::Czech, &CZECH));
    match language {
        Language::English => None,
        Language::Czech => Some(&CZECH_DOWNLOAD),
    }
}

/// Where a browser finds the catalog of `language`.
pub fn catalog_address(language: Language) -> Option<String> {
    download(language).map(|download| format!("/languages/{}", download.name))
}

fn packed(language: Language, sources: &[&str]) -> Download {
    let catalog: Catalog = Catalog(sources.iter().flat_map(|source| messages(source)).collect());
    let content = serde_json::to_vec(&catalog.0.iter().collect::<BTreeMap<_, _>>()).unwrap_or_default();
    let hash = Sha256::digest(&content);
    let name = format!("{}.{:02x}{:02x}{:02x}{:02x}.json", language.as_str(), hash[0], hash[1], hash[2], hash[3]);
    Download { name, content }
}

/// The translated messages of a catalog in the gettext format. Those that are built in are well-formed, which a test
/// says.
fn messages(source: &str) -> HashMap<String, Vec<String>> {
    let Ok(catalog) = polib::po_file::parse_from_reader(source.as_bytes()) else { return HashMap::new() };
    let translated = catalog.messages().filter(|message| message.is_translated() && !message.is_fuzzy());
    let forms = |message: &dyn MessageView| match message.msgstr_plural() {
        Ok(forms) => forms.clone(),
        Err(_) => message.msgstr().map(|text| vec![text.to_owned()]).unwrap_or_default(),
    };
    translated.map(|message| (key(message.msgid(), message.msgctxt()), forms(message))).collect()
}
