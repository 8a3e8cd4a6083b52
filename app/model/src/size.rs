//! Sizes and durations in words.

/// A size in binary units, such as `1.5 MiB`.
#[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
pub fn bytes(size: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if size < 1024 {
        return format!("{size} B");
    }
    let mut value = size as f64 / 1024.0;
    let mut unit = 0;
    // 1023.95 would be shown as 1024.0.
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let (number, unit) = (if value < 100.0 { format!("{value:.1}") } else { format!("{value:.0}") }, UNITS[unit]);
    match number.split_once('.') {
        Some((whole, tenths)) => tr!("{whole}.{tenths} {unit}", whole, tenths, unit),
        None => format!("{number} {unit}"),
    }
}

/// The bytes of a size such as `500 MiB`, `2G` or `1048576`, in binary units whether they are written with an `i` or not;
/// `None` for anything else, and for what is beyond 16 EiB.
pub fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..end].parse().ok()?;
    let unit = text[end..].trim().to_ascii_lowercase();
    let power = match unit.trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        _ => return None,
    };
    number.checked_mul(1024_u64.pow(power))
}

/// Bytes as they are typed: [`parse`] reads the same number from it.
pub fn typed(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let power = (0..units.len()).rev().find(|power| bytes.is_multiple_of(1 << (10 * power))).unwrap_or_default();
    format!("{} {}", bytes >> (10 * power), units[power])
}

/// A duration of whole seconds, such as `1 h 5 min` or `42 s`.
pub fn duration(seconds: u64) -> String {
    match seconds {
        0 => tr!("under 1 s"),
        1..60 => format!("{seconds} s"),
        60..3600 => two_units((seconds / 60, "min"), (seconds % 60, "s")),
        3600..86_400 => two_units((seconds / 3600, "h"), (seconds % 3600 / 60, "min")),
        _ => two_units((seconds / 86_400, "d"), (seconds % 86_400 / 3600, "h")),
    }
}

fn two_units((large, large_unit): (u64, &str), (small, small_unit): (u64, &str)) -> String {
    if small == 0 { format!("{large} {large_unit}") } else { format!("{large} {large_unit} {small} {small_unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_they_are_typed() {
        for (text, bytes) in [
            ("0", Some(0)),
            ("1048576", Some(1 << 20)),
            ("500 MiB", Some(500 << 20)),
            ("2G", Some(2 << 30)),
            (" 3 tb ", Some(3 << 40)),
            ("7 B", Some(7)),
            ("", None),
            ("MiB", None),
            ("1.5 GiB", None),
            ("-1", None),
            ("5 elephants", None),
            ("99999999 PiB", None),
        ] {
            assert_eq!(parse(text), bytes, "{text}");
        }
        for bytes in [1, 1023, 1024, 1025, 500 << 20, (2 << 30) + 1, 3 << 40] {
            assert_eq!(parse(&typed(bytes)), Some(bytes));
        }
    }

    #[test]
    fn sizes_are_in_binary_units() {
        for (size, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (1_048_575, "1.0 MiB"),
            (150 * 1024 * 1024, "150 MiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(bytes(size), text);
        }
    }

    #[test]
    fn durations_have_two_units_at_most() {
        assert_eq!(duration(0), "under 1 s");
        assert_eq!(duration(61), "1 min 1 s");
        assert_eq!(duration(7 * 86_400), "7 d");
        assert_eq!(duration(90_000), "1 d 1 h");
    }
}
