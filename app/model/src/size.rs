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
