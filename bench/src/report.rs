//! The tables: Markdown for people, JSON for comparing runs.

use std::fmt::Write as _;

use serde::Serialize;

use crate::figures::Measured;

/// An operation under load, beside its limit.
#[derive(Debug, Serialize)]
pub(crate) struct Operation {
    /// What is done.
    pub(crate) name: String,
    /// How many connections do it at once.
    pub(crate) connections: usize,
    /// Hearth's figures.
    pub(crate) hearth: Measured,
    /// What the limit is.
    pub(crate) limit_name: String,
    /// The limit's figures, or why there are none.
    pub(crate) limit: Result<Measured, String>,
    /// The most that CPU of Hearth and PostgreSQL together may be, as a multiple of the limit's.
    pub(crate) target: Option<f64>,
}

impl Operation {
    /// CPU of Hearth and PostgreSQL together as a multiple of the limit's.
    fn ratio(&self) -> Option<f64> {
        let limit = self.limit.as_ref().ok()?.cpu_total();
        (limit > 0.0).then(|| self.hearth.cpu_total() / limit)
    }
}

/// A single figure, beside its limit.
#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    /// What it is.
    pub(crate) name: String,
    /// Its unit.
    pub(crate) unit: &'static str,
    /// Hearth's.
    pub(crate) hearth: f64,
    /// What the limit is.
    pub(crate) limit_name: String,
    /// The limit's.
    pub(crate) limit: Option<f64>,
    /// The bound.
    pub(crate) target: Option<Bound>,
}

/// What a figure may be at most.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) enum Bound {
    /// In the figure's own unit.
    AtMost(f64),
    /// As a multiple of the limit.
    Times(f64),
}

/// Everything that one call measured.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// When.
    pub(crate) date: String,
    /// Cores, memory, kernel, PostgreSQL.
    pub(crate) machine: String,
    /// Runs of which each figure is the median.
    pub(crate) runs: usize,
    /// Operations under load.
    pub(crate) operations: Vec<Operation>,
    /// Single figures.
    pub(crate) figures: Vec<Figure>,
    /// What could not be measured, by name.
    pub(crate) absent: Vec<String>,
}

impl Report {
    /// The tables in Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut out = format!(
            "{} · {} · medians of {} runs · CPU in µs per operation\n\n",
            self.date, self.machine, self.runs
        );
        self.operations_table(&mut out);
        out.push('\n');
        self.figures_table(&mut out);
        for absent in &self.absent {
            let _ = write!(out, "\nNot measured: {absent}\n");
        }
        out
    }

    fn operations_table(&self, out: &mut String) {
        out.push_str(
            "| operation | conn. | per s | p50 µs | p99 µs | CPU Hearth | CPU PostgreSQL \
             | limit | its per s | its p50 | its p99 | its CPU | ratio of CPU | target |\n\
             | --- | --: | --: | --: | --: | --: | --: | --- | --: | --: | --: | --: | --: | --- |\n",
        );
        for operation in &self.operations {
            let h = &operation.hearth;
            let limit = match &operation.limit {
                Ok(l) => format!(
                    "{} | {} | {} | {} | {}",
                    operation.limit_name,
                    number(l.per_second),
                    number(l.p50_us),
                    number(l.p99_us),
                    number(l.cpu_total()),
                ),
                Err(why) => format!("{}: {why} | | | | ", operation.limit_name),
            };
            let verdict = operation.target.map_or(String::new(), |most| {
                let met = operation.ratio().map(|ratio| ratio <= most);
                format!("≤ {most:.1}×{}", mark(met))
            });
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} | {} | {limit} | {} | {verdict} |",
                operation.name,
                operation.connections,
                number(h.per_second),
                number(h.p50_us),
                number(h.p99_us),
                number(h.cpu_us),
                number(h.postgres_cpu_us),
                operation
                    .ratio()
                    .map_or(String::new(), |r| format!("{r:.2}×")),
            );
        }
    }

    fn figures_table(&self, out: &mut String) {
        out.push_str(
            "| figure | Hearth | limit | its figure | ratio | target |\n\
             | --- | --: | --- | --: | --: | --- |\n",
        );
        for figure in &self.figures {
            let ratio = figure.limit.filter(|l| *l > 0.0).map(|l| figure.hearth / l);
            let verdict = match figure.target {
                None => String::new(),
                Some(Bound::AtMost(most)) => {
                    format!(
                        "≤ {} {}{}",
                        number(most),
                        figure.unit,
                        mark(Some(figure.hearth <= most))
                    )
                }
                Some(Bound::Times(most)) => {
                    format!("≤ {most:.1}×{}", mark(ratio.map(|ratio| ratio <= most)))
                }
            };
            let with_unit = |n: f64| format!("{} {}", number(n), figure.unit);
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} | {verdict} |",
                figure.name,
                with_unit(figure.hearth),
                figure.limit_name,
                figure.limit.map_or(String::new(), with_unit),
                ratio.map_or(String::new(), |r| format!("{r:.2}×")),
            );
        }
    }
}

fn mark(met: Option<bool>) -> &'static str {
    match met {
        Some(true) => " ✓",
        Some(false) => " ✗",
        None => "",
    }
}

/// Three digits that count, thousands parted.
fn number(value: f64) -> String {
    if value.abs() < 10.0 {
        return format!("{value:.2}");
    }
    if value.abs() < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        let shown: Vec<_> = [0.0, 1.234, 56.78, 999.6, 1_234_567.0].map(number).into();
        assert_eq!(shown, ["0.00", "1.23", "56.8", "1,000", "1,234,567"]);
    }
}
