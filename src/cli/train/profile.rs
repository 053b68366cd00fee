//! Where the time of a training went: a table of phases beside what the machine can do, and a timeline.

use std::time::Instant;

use tracing_subscriber::layer::SubscriberExt;

use crate::cli::measure::gigaflops_of_all_threads;
use crate::report::files::{WriteError, write_atomic};
use crate::report::{Align, Phase, Profile, TextTable};
use crate::train::RunFiles;

/// A profile that is being taken.
pub struct Profiler {
    profile: Profile,
    begun: Instant,
}

impl Profiler {
    /// Listens to the spans of this process from now on.
    pub fn begin() -> Self {
        let profile = Profile::default();
        let subscriber = tracing_subscriber::registry().with(profile.clone());
        // A process trains once, so that nobody else listens.
        let alone = tracing::subscriber::set_global_default(subscriber);
        debug_assert!(alone.is_ok());
        Self { profile, begun: Instant::now() }
    }

    /// Writes the timeline; gives the table.
    ///
    /// # Errors
    /// [`WriteError`] if the file can't be written.
    pub fn end(self, files: &RunFiles) -> Result<String, WriteError> {
        let seconds = self.begun.elapsed().as_secs_f64();
        let phases = self.profile.phases();
        let (mut text, path) = (Vec::new(), files.timeline());
        self.profile.write_timeline(&mut text).map_err(|error| WriteError::of(&path, error))?;
        write_atomic(&path, &text)?;
        let (peak, threads) = (gigaflops_of_all_threads(), rayon::current_num_threads());
        Ok(format!(
            "{}products of small matrices reach {peak:.0} GF/s on {threads} threads\ntimeline in {}",
            table(&phases, seconds, peak, threads),
            path.display()
        ))
    }
}

/// One line a phase, the longest first; below, what runs on all threads inside of them, in seconds of all threads.
fn table(phases: &[(&str, Phase)], seconds: f64, peak: f64, threads: usize) -> String {
    let columns = ["phase", "calls", "seconds", "share", "GF/s", "of peak", "GB/s"];
    let align = |name| if name == "phase" { Align::Left } else { Align::Right };
    let mut table = TextTable::new(columns.map(|name| (name, align(name))));
    let (mut tiles, mut serial): (Vec<_>, Vec<_>) = phases.iter().copied().partition(|(_, phase)| phase.in_tiles);
    let known: f64 = serial.iter().map(|(_, phase)| phase.time.as_secs_f64()).sum();
    [&mut serial, &mut tiles].into_iter().for_each(|part| part.sort_by_key(|(_, phase)| std::cmp::Reverse(phase.time)));
    for (name, phase) in serial {
        table.row(cells(name, phase, seconds, peak));
    }
    table.row(["between phases".to_owned(), String::new(), decimals(seconds - known), share(seconds - known, seconds)]);
    for (name, phase) in tiles {
        let (all, of_one) = (seconds * threads as f64, peak / threads as f64);
        table.row(cells(&format!("in tiles: {name}"), phase, all, of_one));
    }
    table.to_text()
}

fn cells(name: &str, phase: Phase, all: f64, peak: f64) -> [String; 7] {
    let seconds = phase.time.as_secs_f64();
    let rate = |amount: f64| if amount > 0.0 && seconds > 0.0 { Some(1e-9 * amount / seconds) } else { None };
    let shown = |rate: Option<f64>| rate.map_or_else(String::new, |rate| format!("{rate:.1}"));
    let of_peak = rate(phase.flops).map_or_else(String::new, |rate| share(rate, peak));
    let (flops, bytes) = (shown(rate(phase.flops)), shown(rate(phase.bytes)));
    [name.to_owned(), phase.calls.to_string(), decimals(seconds), share(seconds, all), flops, of_peak, bytes]
}

fn decimals(seconds: f64) -> String {
    format!("{seconds:.3}")
}

fn share(part: f64, whole: f64) -> String {
    format!("{:.0} %", 100.0 * part / whole)
}
