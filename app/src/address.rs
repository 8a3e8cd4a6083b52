//! The page's address. A list's view, an open dialog, a chosen tab: all of it stands there and nowhere else, so that a
//! view can be shared and the back button works.

use std::fmt::Write;

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_matched, use_navigate},
};
use model::{ids::OrganizationId, list::ListQuery};

/// Parameters that belong to an open dialog and go when it closes.
const DIALOG_PARAMETERS: [&str; 3] = ["dialog", "id", "path"];

/// Path and query of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    path: String,
    query: Vec<(String, String)>,
}

impl Address {
    /// `search` is the raw query string without the question mark. The router's own parsed parameters are decoded
    /// twice, which changes names with a percent sign in them.
    pub fn new(path: &str, search: &str) -> Self {
        let pairs = search.split('&').filter(|pair| !pair.is_empty());
        let query = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(k, v)| (decode(k), decode(v)));
        Self { path: path.to_owned(), query: query.collect() }
    }

    pub fn get(&self, key: &str) -> Option<&str> {
        self.query.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// A number in the query.
    pub fn number<T: std::str::FromStr>(&self, key: &str) -> Option<T> {
        self.get(key)?.parse().ok()
    }

    /// The same address with one parameter set, or removed where the value is empty.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl ToString) -> Self {
        let value = value.to_string();
        self.query.retain(|(name, _)| name != key);
        if !value.is_empty() {
            self.query.push((key.to_owned(), value));
        }
        self
    }

    #[must_use]
    pub fn without(mut self, keys: &[&str]) -> Self {
        self.query.retain(|(name, _)| !keys.contains(&name.as_str()));
        self
    }

    /// The address of a dialog of this page.
    pub fn dialog(&self, name: &str) -> String {
        self.clone().closed().with("dialog", name).href()
    }

    /// The address of a dialog about one thing.
    pub fn dialog_for(&self, name: &str, id: impl ToString) -> String {
        self.clone().closed().with("dialog", name).with("id", id).href()
    }

    /// The address of this page without its dialog.
    #[must_use]
    pub fn closed(self) -> Self {
        self.without(&DIALOG_PARAMETERS)
    }

    pub fn shows_dialog(&self, name: &str) -> bool {
        self.get("dialog") == Some(name)
    }

    /// The same query at another path.
    #[must_use]
    pub fn at(self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self }
    }

    /// Where a success that leads to `goto` leads from this page: where `goto` is this page, its view stays as it is and
    /// only its dialog closes. `None` where `goto` is another place.
    pub fn stays_for(&self, goto: &str) -> Option<Self> {
        let (path, search) = goto.split_once('?').unwrap_or((goto, ""));
        let goto = Self::new(path, search);
        let here = self.clone().closed();
        let same = here.path == goto.path && goto.query.iter().all(|(name, value)| here.get(name) == Some(value));
        same.then_some(here)
    }

    pub fn path(&self) -> &str {
        &self.path
    }

    pub fn href(&self) -> String {
        let mut href = self.path.clone();
        for (index, (name, value)) in self.query.iter().enumerate() {
            let separator = if index == 0 { '?' } else { '&' };
            let _ = write!(href, "{separator}{}={}", encode(name), encode(value));
        }
        href
    }

    /// The parameters that a form of this page sends along, as hidden inputs.
    pub fn kept(&self, except: &[&str]) -> Vec<(String, String)> {
        let gone = |name: &str| except.contains(&name) || DIALOG_PARAMETERS.contains(&name);
        self.query.iter().filter(|(name, _)| !gone(name)).cloned().collect()
    }

    pub fn list_query(&self) -> ListQuery {
        ListQuery {
            search: self.get("search").unwrap_or_default().to_owned(),
            sort: self.get("sort").unwrap_or_default().to_owned(),
            descending: self.get("desc") == Some("1"),
            page: self.number("page").unwrap_or_default(),
            per_page: self.number("per_page").unwrap_or_default(),
            organization: self.number("organization").map(OrganizationId),
            state: self.get("state").unwrap_or_default().to_owned(),
        }
    }
}

/// Percent-encodes everything but unreserved characters (RFC 3986, section 2.3).
pub fn encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// Reads what a browser's form or [`encode`] wrote. What cannot be read stays as it is.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = (first == b'%').then(|| after.get(..2)).flatten();
        let byte = escaped.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        rest = if byte.is_some() { &after[2..] } else { after };
        bytes.push(byte.unwrap_or(if first == b'+' { b' ' } else { first }));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The address of the page that calls it, made once by each page and found by its parts.
///
/// It stays what it was while another page is on its way, so that a page that is being left asks for nothing more.
pub fn page_address() -> Memo<Address> {
    let location = use_location();
    let matched = use_matched();
    let address = Memo::new(move |previous: Option<&Address>| {
        let (path, search) = (location.pathname.get(), location.search.get());
        let own = path.trim_end_matches('/') == matched.get().trim_end_matches('/');
        match previous {
            Some(previous) if !own => previous.clone(),
            _ => Address::new(&path, &search),
        }
    });
    provide_context(address);
    address
}

/// The address of the page that is shown. It changes with each step inside the page.
pub fn use_address() -> Memo<Address> {
    expect_context()
}

/// The part of the address that `read` finds, noticed only where it changes.
pub fn use_part<T: Clone + PartialEq + Send + Sync + 'static>(
    read: impl Fn(&Address) -> T + Send + Sync + 'static,
) -> Memo<T> {
    let address = use_address();
    Memo::new(move |_| read(&address.read()))
}

/// Goes to an address without a step in the history and without a jump to the top.
pub fn use_replace_address() -> impl Fn(&str) + Clone + 'static {
    let navigate = use_navigate();
    move |href: &str| navigate(href, NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() })
}

/// The row that an open dialog is about, as the address has it when the dialog opens. What is no number becomes 0, which
/// no row has.
pub fn named_row() -> i64 {
    use_address().read_untracked().number("id").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_what_it_writes() {
        for odd in ["a b+c", "100%", "%20", "č/&=?#", "a\"<>'", "%zz"] {
            let href = Address::new("/x", "").with("search", odd).href();
            assert_eq!(Address::new("/x", href.split_once('?').unwrap().1).get("search"), Some(odd), "{href}");
        }
    }

    #[test]
    fn what_a_form_sends_is_read() {
        assert_eq!(Address::new("/x", "search=a+b%2Bc&page=2").get("search"), Some("a b+c"));
    }

    #[test]
    fn closing_a_dialog_keeps_the_view_of_the_list() {
        let address = Address::new("/x", "search=a&dialog=delete&id=7");
        assert_eq!(address.clone().closed().href(), "/x?search=a");
        assert_eq!(address.dialog("add"), "/x?search=a&dialog=add");
    }

    #[test]
    fn a_success_on_the_same_page_keeps_its_view() {
        let stays = |search, goto| Address::new("/x", search).stays_for(goto).map(|address| address.href());
        assert_eq!(stays("search=a&dialog=delete&id=7", "/x").as_deref(), Some("/x?search=a"));
        assert_eq!(stays("tab=backups&page=2", "/x?tab=backups").as_deref(), Some("/x?tab=backups&page=2"));
        assert_eq!(stays("tab=schedules", "/x?tab=backups"), None);
        assert_eq!(stays("dialog=disable", "/x?dialog=disable"), None);
        assert_eq!(stays("search=a", "/y"), None);
    }

    #[test]
    fn nonsense_in_the_query_is_ignored() {
        let query = Address::new("/x", "page=-1&per_page=x&&organization=&desc").list_query();
        assert_eq!(query, ListQuery::default());
    }
}
