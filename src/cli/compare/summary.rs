//! Runs that differ in their seeds alone, as one row.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Serialize;

use super::record::Record;
use crate::cli::train::scientific;
use crate::report::{Align, AxisScale, Curve, Figure, LinePlot, Panel, TextTable};

/// The errors whose times are told.
const BOUNDS: [(&str, f64); 3] = [("1e-3", 1e-3), ("1e-5", 1e-5), ("1e-7", 1e-7)];

/// What the runs of one problem with one method and the same settings have in common. Numbers are medians over them.
#[derive(Debug, Serialize)]
pub struct Summary {
    problem: String,
    method: String,
    /// What tells the row from others of the same problem and method.
    settings: BTreeMap<String, String>,
    seeds: Vec<u64>,
    runs: Vec<PathBuf>,
    /// How many ended with an error that is no number.
    failed: usize,
    steps: f64,
    seconds: f64,
    /// None where no solution is known.
    l2_median: Option<f64>,
    l2_worst: Option<f64>,
    /// Until the error was below a bound; none if it never was in half of the runs.
    seconds_to: BTreeMap<&'static str, Option<f64>>,
    /// In how many runs the error was below a bound.
    reached: BTreeMap<&'static str, usize>,
    seconds_per_step: Option<f64>,
    peak_bytes: Option<f64>,
    /// The alignment scores, where they were logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    intra: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inter: Option<f64>,
    /// Seconds, and the median of the errors there.
    #[serde(skip)]
    curve: Vec<(f64, f64)>,
}

/// One row for all runs that differ in their seeds alone, in the order of the first of each.
pub fn summaries(records: &[Record]) -> Vec<Summary> {
    let mut groups: Vec<Vec<&Record>> = Vec::new();
    for record in records {
        let alike = |group: &&mut Vec<&Record>| is_alike(group[0], record) && group[0].settings == record.settings;
        match groups.iter_mut().find(alike) {
            Some(group) => group.push(record),
            None => groups.push(vec![record]),
        }
    }
    let firsts: Vec<&Record> = groups.iter().map(|group| group[0]).collect();
    groups.iter().map(|group| Summary::of(group, &firsts)).collect()
}

fn is_alike(a: &Record, b: &Record) -> bool {
    a.problem == b.problem && a.method == b.method
}

impl Summary {
    fn of(group: &[&Record], others: &[&Record]) -> Self {
        let first = group[0];
        let differs = |(name, value): &(&String, &String)| {
            let alike = others.iter().filter(|other| is_alike(first, other));
            alike.into_iter().any(|other| other.settings.get(*name) != Some(value))
        };
        let settings = first.settings.iter().filter(differs).map(|(name, value)| (name.clone(), value.clone()));
        let over = |of: &dyn Fn(&Record) -> Option<f64>| -> Vec<f64> { group.iter().filter_map(|r| of(r)).collect() };
        let errors = over(&|record| record.error());
        let to = |bound: f64| median(over(&|record| Some(record.seconds_to(bound)))).filter(|time| time.is_finite());
        let reached = |bound: f64| group.iter().filter(|record| record.seconds_to(bound).is_finite()).count();
        let mut seeds: Vec<u64> = group.iter().map(|record| record.seed).collect();
        seeds.sort_unstable();
        Self {
            problem: first.problem.clone(),
            method: first.method.clone(),
            settings: settings.collect(),
            seeds,
            runs: group.iter().map(|record| record.run.clone()).collect(),
            failed: errors.iter().filter(|error| !error.is_finite()).count(),
            steps: median(over(&|record| Some(record.steps as f64))).unwrap_or(0.0),
            seconds: median(over(&|record| Some(record.seconds))).unwrap_or(0.0),
            l2_worst: errors.iter().copied().reduce(f64::max),
            l2_median: median(errors),
            seconds_to: BOUNDS.into_iter().map(|(name, bound)| (name, to(bound))).collect(),
            reached: BOUNDS.into_iter().map(|(name, bound)| (name, reached(bound))).collect(),
            seconds_per_step: median(over(&|r| (r.steps > 0).then(|| r.seconds / r.steps as f64))),
            peak_bytes: median(over(&|record| record.peak_bytes.map(|bytes| bytes as f64))),
            intra: median(over(&|record| record.alignment.intra)),
            inter: median(over(&|record| record.alignment.inter)),
            curve: median_curve(group),
        }
    }

    fn is_aligned(&self) -> bool {
        self.intra.or(self.inter).is_some()
    }

    fn cells(&self, with_settings: bool, with_alignment: bool) -> Vec<String> {
        let error = |error: Option<f64>| match error {
            None => "-".to_owned(),
            Some(error) if error.is_finite() => scientific(error, 1),
            Some(_) => "failed".to_owned(),
        };
        let mut cells = vec![self.problem.clone(), self.method.clone()];
        cells.extend(with_settings.then(|| self.told_settings()));
        cells.extend([seed_ranges(&self.seeds), format!("{:.0}", self.steps), seconds(Some(self.seconds))]);
        cells.extend([error(self.l2_median), error(self.l2_worst)]);
        cells.extend(BOUNDS.map(|(name, _)| self.time_to(name)));
        cells.push(self.seconds_per_step.map_or("-".to_owned(), |time| format!("{:.3} ms", 1e3 * time)));
        cells.push(self.peak_bytes.map_or("-".to_owned(), |bytes| format!("{:.0} MB", 1e-6 * bytes)));
        if with_alignment {
            let score = |score: Option<f64>| score.map_or("-".to_owned(), |score| format!("{score:.2}"));
            cells.extend([score(self.intra), score(self.inter)]);
        }
        cells
    }

    /// The time to an error, and how many came there where not all or none did.
    fn time_to(&self, bound: &str) -> String {
        let (time, reached) = (seconds(self.seconds_to[bound]), self.reached[bound]);
        if reached == 0 || reached == self.runs.len() {
            time
        } else {
            format!("{time} ({reached} of {})", self.runs.len())
        }
    }

    fn told_settings(&self) -> String {
        let told: Vec<String> = self.settings.iter().map(|(name, value)| format!("{name} {value}")).collect();
        told.join(", ")
    }
}

/// The rows as a table.
pub fn table(summaries: &[Summary]) -> TextTable {
    let with_settings = summaries.iter().any(|summary| !summary.settings.is_empty());
    let with_alignment = summaries.iter().any(Summary::is_aligned);
    let words = ["problem", "method"].into_iter().chain(with_settings.then_some("settings"));
    let numbers = ["seeds", "steps", "time", "median L2", "worst L2", "to 1e-3", "to 1e-5", "to 1e-7"];
    let scores: &[&str] = if with_alignment { &["intra", "inter"] } else { &[] };
    let numbers = numbers.into_iter().chain(["a step", "memory"]).chain(scores.iter().copied());
    let numbers = numbers.map(|name| (name, Align::Right));
    let mut table = TextTable::new(words.map(|name| (name, Align::Left)).chain(numbers));
    for summary in summaries {
        table.row(summary.cells(with_settings, with_alignment));
    }
    table
}

/// The median error against time: a panel for each problem, a curve for each row. None where no solution is known.
pub fn figure(summaries: &[Summary]) -> Option<Figure> {
    let problems: BTreeSet<&str> = summaries.iter().map(|summary| summary.problem.as_str()).collect();
    let panel = |problem: &str| -> Option<Panel> {
        let own = summaries.iter().filter(|s| s.problem == problem && !s.curve.is_empty());
        let curves: Vec<Curve> = own.map(curve_of).collect();
        let plot = LinePlot {
            title: problem.to_owned(),
            x_label: "time (s)".to_owned(),
            y_label: "relative L2 error".to_owned(),
            curves,
            x_scale: AxisScale::Logarithmic,
            y_scale: AxisScale::Logarithmic,
        };
        (!plot.curves.is_empty()).then(|| plot.into())
    };
    let panels: Vec<Panel> = problems.into_iter().filter_map(panel).collect();
    (!panels.is_empty()).then(|| Figure { title: String::new(), panels, columns: 2 })
}

fn curve_of(summary: &Summary) -> Curve {
    let (x, y) = summary.curve.iter().copied().unzip();
    let name = [summary.method.clone(), summary.told_settings()].into_iter().filter(|part| !part.is_empty());
    Curve { name: name.collect::<Vec<_>>().join(", "), x, y, ..Curve::default() }
}

/// The median over the runs of the error that was last known at a time. A run without one yet counts as infinite.
fn median_curve(group: &[&Record]) -> Vec<(f64, f64)> {
    let mut times: Vec<f64> = group.iter().flat_map(|record| record.curve.iter().map(|(time, _)| *time)).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let at = |time: f64| {
        let known = |record: &&Record| match record.curve.partition_point(|(t, _)| *t <= time) {
            0 => f64::INFINITY,
            count => record.curve[count - 1].1,
        };
        median(group.iter().map(known).collect())
    };
    times.into_iter().filter_map(|time| Some((time, at(time)?))).collect()
}

/// A NaN comes last.
pub fn ascending(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(|a, b| a.is_nan().cmp(&b.is_nan()).then(a.total_cmp(b)));
    values
}

/// The middle value, or the mean of the two in the middle; infinite values are the largest but for NaN.
pub fn median(values: Vec<f64>) -> Option<f64> {
    let values = ascending(values);
    let (below, above) = (values.get(values.len().checked_sub(1)? / 2)?, values.get(values.len() / 2)?);
    Some(0.5 * (below + above))
}

/// `0..9`, or `0, 2, 5` where some are left out.
fn seed_ranges(seeds: &[u64]) -> String {
    let is_range = seeds.len() > 2 && seeds.windows(2).all(|pair| pair[0].checked_add(1) == Some(pair[1]));
    match seeds {
        [first, .., last] if is_range => format!("{first}..{last}"),
        _ => seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// `0.12 s`, `12.3 s`
fn seconds(time: Option<f64>) -> String {
    match time {
        None => "-".to_owned(),
        Some(time) if time < 10.0 => format!("{time:.2} s"),
        Some(time) => format!("{time:.1} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Alignment;

    #[test]
    fn the_middle_of_values() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
        assert_eq!(median(vec![f64::INFINITY, 1.0]), Some(f64::INFINITY));
        assert_eq!(median(vec![f64::INFINITY, 1.0, 2.0]), Some(2.0));
        assert!(ascending(vec![f64::NAN, -f64::NAN, 1.0])[1].is_nan());
        assert_eq!(median(vec![-f64::NAN, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(Vec::new()), None);
    }

    #[test]
    fn seeds_in_a_row_are_a_range() {
        assert_eq!(seed_ranges(&[0, 1, 2]), "0..2");
        assert_eq!(seed_ranges(&[0, 1]), "0, 1");
        assert_eq!(seed_ranges(&[0, 2, 3]), "0, 2, 3");
        assert_eq!(seed_ranges(&[u64::MAX]), u64::MAX.to_string());
    }

    #[test]
    fn a_median_curve_holds_what_was_last_known() {
        let record = |seed, curve: &[(f64, f64)]| Record {
            run: PathBuf::new(),
            problem: String::new(),
            method: String::new(),
            seed,
            settings: BTreeMap::new(),
            stop: None,
            steps: 1,
            seconds: 1.0,
            curve: curve.to_vec(),
            peak_bytes: None,
            alignment: Alignment::default(),
        };
        let records = [record(0, &[(1.0, 1.0), (3.0, 0.1)]), record(1, &[(2.0, 0.5)]), record(2, &[(2.0, 0.3)])];
        let curve = median_curve(&records.iter().collect::<Vec<_>>());
        assert_eq!(curve, [(1.0, f64::INFINITY), (2.0, 0.5), (3.0, 0.3)]);
    }
}
