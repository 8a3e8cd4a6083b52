//! Choices that a browser keeps in cookies.

/// The values that a header `Cookie` has under `name`, in its order.
pub fn values<'a>(header: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let value = move |pair: &'a str| pair.trim().strip_prefix(name)?.strip_prefix('=');
    header.split(';').filter_map(value)
}
