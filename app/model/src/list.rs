//! Lists: which part of them is asked for, and what comes back.

use serde::{Deserialize, Serialize};

use crate::ids::OrganizationId;

/// A view of a list, as it stands in the page's address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    /// Part of any searched field; letter case is ignored.
    pub search: String,
    /// Name of a column; an unknown one means the list's own order.
    pub sort: String,
    pub descending: bool,
    /// Counted from 1.
    pub page: u64,
    /// One of [`PAGE_SIZES`]; anything else means the first of them.
    pub per_page: u64,
    /// A Partner's choice of one organization.
    pub organization: Option<OrganizationId>,
    /// In which state the rows are; what that means is the list's own. Empty, or not understood: any.
    pub state: String,
}

pub const PAGE_SIZES: [u64; 3] = [25, 50, 100];

/// The longest search that is looked for; the rest is cut.
pub const SEARCH_LENGTH: usize = 200;

impl ListQuery {
    pub fn page(&self) -> u64 {
        self.page.clamp(1, 1_000_000)
    }

    pub fn per_page(&self) -> u64 {
        if PAGE_SIZES.contains(&self.per_page) { self.per_page } else { PAGE_SIZES[0] }
    }

    /// Rows before the page.
    pub fn offset(&self) -> u64 {
        (self.page() - 1) * self.per_page()
    }

    pub fn search(&self) -> String {
        // No text holds a control character, and PostgreSQL refuses to look for NUL.
        let plain = self.search.trim().chars().filter(|c| !c.is_control());
        plain.take(SEARCH_LENGTH).collect::<String>().to_lowercase()
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// Rows on all pages, after search and filter.
    pub total: u64,
    /// Counted from 1.
    pub page: u64,
    pub per_page: u64,
}

impl<T> Page<T> {
    pub fn new(query: &ListQuery, rows: Vec<T>, total: u64) -> Self {
        Self { rows, total, page: query.page(), per_page: query.per_page() }
    }

    /// Number of pages, at least 1.
    pub fn pages(&self) -> u64 {
        self.total.div_ceil(self.per_page).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_in_the_address_means_the_first_page_of_25() {
        let query = ListQuery { page: 0, per_page: 7, ..ListQuery::default() };
        assert_eq!((query.page(), query.per_page(), query.offset()), (1, 25, 0));
    }

    #[test]
    fn the_last_page_may_be_short() {
        let query = ListQuery { per_page: 25, ..ListQuery::default() };
        assert_eq!(Page::<u8>::new(&query, vec![], 51).pages(), 3);
        assert_eq!(Page::<u8>::new(&query, vec![], 0).pages(), 1);
    }
}
