//! In which order people see a folder's entries, so that any page of it is read without sorting again.

use std::{mem::size_of, ops::ControlFlow, sync::Arc};

use moka::sync::Cache;
use rustic_core::TreeId;

use super::super::{Result, nodes::Nodes};

/// Bytes that are taken while names are sorted; two million usual names.
const MOST_WHILE_SORTED: usize = 128 << 20;
/// Entries of all orders that a repository remembers; each takes four bytes.
const REMEMBERED: u64 = 8_000_000;

/// Where the nodes of a folder begin in the text of its list: folders first, then by name whatever its letter case. Where
/// the names would take too much memory, they are in the order of the list itself, which is that of their bytes.
pub(in super::super) struct Order(Box<[u32]>);

impl Order {
    fn of(nodes: &Nodes) -> Result<Self> {
        Self::within(nodes, MOST_WHILE_SORTED)
    }

    fn within(nodes: &Nodes, most: usize) -> Result<Self> {
        let (mut names, mut keys, mut is_sorted) = (String::new(), Vec::new(), true);
        nodes.each_name(|place, named| {
            let is_file = !named.is_folder();
            let begin = names.len();
            if is_sorted {
                names.push_str(&named.shown_name().to_lowercase());
            }
            keys.push(Key { is_file, begin, end: names.len(), place });
            if is_sorted && names.len() + keys.len() * size_of::<Key>() > most {
                is_sorted = false;
                names = String::new();
            }
            ControlFlow::Continue(())
        })?;
        if is_sorted {
            keys.sort_unstable_by_key(|key| (key.is_file, &names[key.begin..key.end], key.place));
        } else {
            keys.sort_unstable_by_key(|key| (key.is_file, key.place));
        }
        Ok(Self(keys.into_iter().map(|key| key.place).collect()))
    }

    pub(super) fn total(&self) -> u64 {
        self.0.len() as u64
    }

    /// At most `take` places after the first `skip`.
    pub(super) fn page(&self, skip: usize, take: usize) -> &[u32] {
        let rest = self.0.get(skip..).unwrap_or_default();
        rest.get(..take).unwrap_or(rest)
    }
}

/// An entry while its folder is sorted.
struct Key {
    is_file: bool,
    /// Where its name stands among all names.
    begin: usize,
    end: usize,
    place: u32,
}

/// The orders of the folders that were looked into last.
pub(in super::super) struct Orders(Cache<TreeId, Arc<Order>>);

impl Default for Orders {
    fn default() -> Self {
        let weight = |_: &TreeId, order: &Arc<Order>| u32::try_from(order.total()).unwrap_or(u32::MAX);
        Self(Cache::builder().weigher(weight).max_capacity(REMEMBERED).build())
    }
}

impl Orders {
    /// The order of the folder `id`, whose list is `nodes`.
    pub(in super::super) fn get(&self, id: &TreeId, nodes: &Nodes) -> Result<Arc<Order>> {
        if let Some(order) = self.0.get(id) {
            return Ok(order);
        }
        let order = Arc::new(Order::of(nodes)?);
        self.0.insert(*id, order.clone());
        Ok(order)
    }
}

#[cfg(test)]
mod tests {
    use rustic_core::repofile::Node;

    use super::{super::super::nodes::Listed, Nodes, Order};

    #[test]
    fn pages_are_in_the_order_of_people_or_in_that_of_the_list() {
        let nodes = Nodes::of_text(
            r#"{"nodes":[{"name":"B","type":"file"},{"name":"Z","type":"dir"},{"name":"a","type":"file"},
            {"name":"c","type":"dir"}]}"#,
        );
        let named = |places: &[u32]| -> Vec<String> {
            let read = places.iter().flat_map(|place| nodes.at::<Listed>([*place]).unwrap());
            read.map(|listed| Node::from(listed).name).collect()
        };
        let order = Order::of(&nodes).unwrap();
        assert_eq!(named(order.page(0, 9)), ["c", "Z", "a", "B"]);
        assert_eq!(named(order.page(1, 2)), ["Z", "a"]);
        assert_eq!((named(order.page(4, 9)).len(), named(order.page(9, 9)).len(), order.total()), (0, 0, 4));
        let order = Order::within(&nodes, 1).unwrap();
        assert_eq!(named(order.page(0, 9)), ["Z", "c", "B", "a"]);
    }
}
