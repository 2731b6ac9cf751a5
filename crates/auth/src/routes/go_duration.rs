//! Durations as Go writes them, in `ban_duration`.

use chrono::TimeDelta;

/// A duration as Go writes them: `24h`, `1h30m`, `1.5h`, `-300ms`.
pub(super) fn go_duration(text: &str) -> Option<TimeDelta> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(TimeDelta::zero());
    }
    if rest.is_empty() {
        return None;
    }
    let mut nanos = 0.0_f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit_end = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let scale = match &rest[..unit_end] {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        nanos += number * scale;
        rest = &rest[unit_end..];
    }
    if !nanos.is_finite() || nanos > i64::MAX as f64 {
        return None;
    }
    let nanos = nanos as i64;
    Some(TimeDelta::nanoseconds(if negative {
        -nanos
    } else {
        nanos
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_gos() {
        assert_eq!(go_duration("1h30m"), Some(TimeDelta::minutes(90)));
        assert_eq!(go_duration("1.5h"), Some(TimeDelta::minutes(90)));
        assert_eq!(go_duration("-300ms"), Some(TimeDelta::milliseconds(-300)));
        assert_eq!(go_duration("876600h"), Some(TimeDelta::hours(876_600)));
        for bad in ["", "1", "h", "1d", "1h1", "..h", "9999999999h"] {
            assert_eq!(go_duration(bad), None, "{bad}");
        }
    }
}
