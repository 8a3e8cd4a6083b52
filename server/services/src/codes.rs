//! Codes that people read and type.

/// Letters and digits that are not taken for each other.
const LETTERS: &[u8] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";

/// Letters of a group.
const GROUP: usize = 5;

/// So many groups of five, each letter worth 4.9 bits.
pub fn readable(groups: usize) -> String {
    let letter = |_| char::from(LETTERS[rand::random_range(0..LETTERS.len())]);
    let group = |_| (0..GROUP).map(letter).collect::<String>();
    (0..groups).map(group).collect::<Vec<_>>().join("-")
}
