//! The view of a list: out of a page's address, and out of what the browser's half sends.

#![no_main]

#[path = "../../../app/src/address.rs"]
#[allow(dead_code, reason = "pages ask it more")]
mod address;

use address::{Address, encode};
use libfuzzer_sys::fuzz_target;
use model::{
    audit::AuditQuery,
    list::{ListQuery, PAGE_SIZES, Page, SEARCH_LENGTH},
};

fuzz_target!(|input: (&str, u64)| {
    let (text, total) = input;
    let address = Address::new("/projects", text);
    check(&address.list_query(), total);
    let again = address.href();
    let (_, search) = again.split_once('?').unwrap_or((&again, ""));
    assert_eq!(Address::new("/projects", search), address, "an address reads back what it writes");
    assert_eq!(Address::new("/x", &format!("q={}", encode(text))).get("q"), Some(text));

    if let Ok(query) = serde_json::from_str::<ListQuery>(text) {
        check(&query, total);
    }
    if let Ok(query) = serde_json::from_str::<AuditQuery>(text) {
        let _ = (query.begins(), query.ends());
        check(&query.list, total);
    }
});

fn check(query: &ListQuery, total: u64) {
    assert!(PAGE_SIZES.contains(&query.per_page()) && query.page() >= 1);
    assert!(query.search().chars().count() <= SEARCH_LENGTH * 3, "a letter's small form has three at most");
    let _ = query.offset();
    let _ = Page::<()>::new(query, Vec::new(), total).pages();
}
