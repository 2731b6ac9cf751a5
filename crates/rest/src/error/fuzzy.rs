//! "Perhaps you meant …": the most similar of some names, by the n-grams they share. The measure
//! is the one of the `fuzzyset` algorithm, with cosine similarity refined by edit distance.

use std::collections::{HashMap, HashSet};

const GRAM_LOWER: usize = 2;
const GRAM_UPPER: usize = 3;

fn normalized(name: &str) -> String {
    name.to_lowercase()
}

fn grams(name: &str, size: usize) -> HashMap<String, f64> {
    let kept: String = name
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == ' ' || *c == ',')
        .collect();
    let framed: Vec<char> = format!("-{kept}-").chars().collect();
    let mut counts = HashMap::new();
    let padded: Vec<char> = if framed.len() < size {
        framed
            .iter()
            .copied()
            .chain(std::iter::repeat_n('-', size - framed.len()))
            .collect()
    } else {
        framed
    };
    for window in padded.windows(size) {
        *counts
            .entry(window.iter().collect::<String>())
            .or_insert(0.0) += 1.0;
    }
    counts
}

fn magnitude(grams: &HashMap<String, f64>) -> f64 {
    grams.values().map(|n| n * n).sum::<f64>().sqrt()
}

fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let cost = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

fn likeness(a: &str, b: &str) -> f64 {
    let longest = a.chars().count().max(b.chars().count());
    if longest == 0 {
        return 1.0;
    }
    1.0 - edit_distance(a, b) as f64 / longest as f64
}

/// Names similar to `wanted` with their similarity, best first.
pub fn similar<'a>(
    names: impl Iterator<Item = &'a str>,
    wanted: &str,
    least: f64,
) -> Vec<(f64, &'a str)> {
    // Longer than any name: nothing can be meant by it.
    if wanted.len() > 1024 {
        return Vec::new();
    }
    let candidates = ranked(names);
    let key = normalized(wanted);
    if let Some((name, _)) = candidates.iter().find(|(_, norm)| *norm == key) {
        return vec![(1.0, name)];
    }
    for size in (GRAM_LOWER..=GRAM_UPPER).rev() {
        let asked = grams(&key, size);
        let asked_magnitude = magnitude(&asked);
        let mut scored: Vec<(f64, &str, &str)> = candidates
            .iter()
            .filter_map(|(name, norm)| {
                let own = grams(norm, size);
                let shared: f64 = asked
                    .iter()
                    .filter_map(|(gram, n)| own.get(gram).map(|m| n * m))
                    .sum();
                let cosine = shared / (magnitude(&own) * asked_magnitude);
                (shared > 0.0).then_some((cosine, *name, norm.as_str()))
            })
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        scored.truncate(50);
        let mut found: Vec<(f64, &str)> = scored
            .into_iter()
            .map(|(_, name, norm)| (likeness(norm, &key), name))
            .filter(|(score, _)| *score >= least)
            .collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// The names with their normal forms, in the order in which the first of equally similar ones wins:
/// upstream puts them into a trie by their number from the end, whose branches are five bits each.
fn ranked<'a>(names: impl Iterator<Item = &'a str>) -> Vec<(&'a str, String)> {
    let mut names: Vec<&str> = names.collect();
    names.reverse();
    let mut known = HashSet::new();
    let mut candidates: Vec<(&str, String)> = names
        .into_iter()
        .map(|name| (name, normalized(name)))
        .filter(|(_, norm)| known.insert(norm.clone()))
        .collect();
    let mut places: Vec<usize> = (0..candidates.len()).collect();
    places.sort_by_key(|place| [place % 32, place / 32 % 32, place / 1024]);
    places
        .into_iter()
        .map(|place| std::mem::take(&mut candidates[place]))
        .collect()
}

/// The most similar of names without an order, if one reaches `least`: of equally similar ones the
/// same one each time.
pub fn best<'a>(names: impl Iterator<Item = &'a str>, wanted: &str, least: f64) -> Option<&'a str> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    let found = similar(names.into_iter(), wanted, least);
    found.first().map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_found_and_far_ones_are_not() {
        let films = ["directors", "roles", "actors"];
        assert_eq!(best(films.into_iter(), "role", 0.33), Some("roles"));
        assert_eq!(best(films.into_iter(), "noclosealternative", 0.33), None);
        assert_eq!(
            best(["test", "another"].into_iter(), "testt", 0.75),
            Some("test")
        );
        assert_eq!(best(["test", "another"].into_iter(), "other", 0.75), None);
    }
}
