//! How many tests passed and failed, read from what the test runners print at their end.

/// The result of one suite.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// Why it could not run or what else is odd about it.
    pub(crate) note: Option<String>,
}

impl Outcome {
    /// A suite that could not run at all: that is a failure of its own.
    pub(crate) fn broken(note: impl Into<String>) -> Self {
        Self {
            passed: 0,
            failed: 1,
            note: Some(note.into()),
        }
    }

    /// Reads `output` of a runner that ended well or not. A bad end without a failed test (nothing
    /// compiled, a crash) counts as one failure, so that it cannot go unseen.
    pub(crate) fn read(output: &str, ended_well: bool) -> Self {
        let plain = without_colours(output);
        let mut outcome = Self::default();
        for line in plain.lines() {
            if let Some((passed, failed)) = counts(line.trim()) {
                outcome.passed += passed;
                outcome.failed += failed;
            }
        }
        if !ended_well && outcome.failed == 0 {
            outcome.failed = 1;
            outcome.note = Some("it ended with an error outside of its tests".to_owned());
        }
        if ended_well && outcome.passed == 0 && outcome.failed == 0 {
            outcome.note = Some("no tests ran".to_owned());
        }
        outcome
    }
}

/// The tests that a closing line reports as passed and failed.
fn counts(line: &str) -> Option<(u64, u64)> {
    // cargo: `test result: ok. 3 passed; 0 failed; 0 ignored; …`
    if let Some(rest) = line.strip_prefix("test result: ") {
        return Some((before(rest, "passed")?, before(rest, "failed")?));
    }
    // node --test: `# pass 3` or `ℹ pass 3`, one line for each kind
    if let Some(rest) = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ ")) {
        let (kind, number) = rest.split_once(' ')?;
        let number = number.parse().ok()?;
        return match kind {
            "pass" => Some((number, 0)),
            "fail" | "cancelled" => Some((0, number)),
            _ => None,
        };
    }
    // vitest: `Tests  1 failed | 3 passed (4)`
    if let Some(rest) = line.strip_prefix("Tests ") {
        let rest = rest.trim_start();
        let known = rest.contains(" passed") || rest.contains(" failed");
        return known.then(|| {
            (
                before(rest, "passed").unwrap_or(0),
                before(rest, "failed").unwrap_or(0),
            )
        });
    }
    // pytest: `==== 1 failed, 3 passed, 1 error in 0.12s ====`; quiet, without the signs
    if line.contains(" in ") && line.trim_matches(['=', ' ']).ends_with('s') {
        let failed = before(line, "failed").unwrap_or(0)
            + before(line, "error")
                .or_else(|| before(line, "errors"))
                .unwrap_or(0);
        let passed = before(line, "passed");
        let first = line.trim_matches(['=', ' ']).split(' ').next()?;
        first.parse::<u64>().ok()?;
        return (passed.is_some() || failed > 0).then(|| (passed.unwrap_or(0), failed));
    }
    None
}

/// The number right before the word.
fn before(line: &str, word: &str) -> Option<u64> {
    let mut last = None;
    for token in line
        .split(|c: char| !c.is_alphanumeric())
        .filter(|token| !token.is_empty())
    {
        if token == word {
            return last;
        }
        last = token.parse().ok();
    }
    None
}

fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        if c == '\u{1b}' {
            // An escape sequence ends with its first letter.
            characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (u64, u64) {
        let outcome = Outcome::read(text, true);
        (outcome.passed, outcome.failed)
    }

    #[test]
    fn every_closing_line_of_cargo_counts() {
        let text = "\
            test a ... ok\n\
            test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out\n\
            test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(read(text), (17, 2));
    }

    #[test]
    fn both_dialects_of_node_count() {
        assert_eq!(
            read("# tests 4\n# pass 3\n# fail 0\n# cancelled 1\n# skipped 2\n"),
            (3, 1)
        );
        assert_eq!(
            read("\u{1b}[34mℹ pass 3\u{1b}[39m\nℹ fail 2\nℹ duration_ms 12\n"),
            (3, 2)
        );
    }

    #[test]
    fn vitest_counts_tests_and_not_files() {
        let text = " Test Files  1 passed (1)\n      Tests  1 failed | 7 passed (8)\n";
        assert_eq!(read(text), (7, 1));
    }

    #[test]
    fn pytest_counts_quiet_or_not() {
        assert_eq!(
            read("=== 1 failed, 3 passed, 2 errors in 0.12s ===\n"),
            (3, 3)
        );
        assert_eq!(read("5 passed in 1.02s\n"), (5, 0));
        assert_eq!(read("the server was ready in 3 s\n"), (0, 0));
    }

    #[test]
    fn a_bad_end_is_never_zero_failures() {
        assert_eq!(Outcome::read("error: could not compile", false).failed, 1);
        assert_eq!(Outcome::read("# pass 3\n# fail 2\n", false).failed, 2);
    }
}
