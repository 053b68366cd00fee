//! What happens behind each step: the log, checkpoints, progress, and a look at the signals.

use std::time::{Duration, Instant};

use clap::ValueEnum;
use serde::Serialize;

use super::interrupt::Interrupt;
use super::progress::Progress;
use crate::cli::Context;
use crate::diagnostic::to_json;
use crate::optim::Outcome;
use crate::train::{Control, Log, LogEntry, Observer, RunFiles, Session, StepEvent, write_checkpoint};

/// What a log has on request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Extra {
    /// How the gradients of the terms point at a step, and those of the loss from one step to the next
    Alignment,
}

/// How long a run may go on without a checkpoint.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(60);

/// Keeps the records of a run.
pub struct Recorder<'a> {
    context: &'a Context,
    files: RunFiles,
    /// `None` after it could not be written.
    log: Option<Log>,
    progress: Progress<'a>,
    interrupt: &'a Interrupt,
    every: usize,
    keep: usize,
    alignment: bool,
    last_checkpoint: Instant,
    /// The loss, the method and the steps of the last stage, for the summary.
    pub method: &'static str,
}

#[derive(Serialize)]
struct StepLine {
    event: &'static str,
    #[serde(flatten)]
    entry: LogEntry,
}

impl<'a> Recorder<'a> {
    /// For a run in a folder; errors are evaluated every `every` steps, the loss is shown with so
    /// many decimals, `keep` checkpoints are kept; the log has something extra.
    pub fn new(
        context: &'a Context,
        interrupt: &'a Interrupt,
        files: RunFiles,
        log: Log,
        (every, decimals): (usize, usize),
        keep: usize,
        extra: &[Extra],
    ) -> Self {
        let progress = Progress::new(context, (every, decimals));
        let last_checkpoint = Instant::now();
        let (log, alignment) = (Some(log), extra.contains(&Extra::Alignment));
        Self { context, files, log, progress, interrupt, every, keep, alignment, last_checkpoint, method: "" }
    }

    /// Ends log and progress, and writes the last checkpoint.
    pub fn finish(mut self, session: &Session, sound: bool) -> &'static str {
        self.progress.finish();
        if sound {
            self.checkpoint(session);
        }
        if let Some(Err(error)) = self.log.take().map(Log::finish) {
            self.context.say(&format!("warning: {error}"));
        }
        self.method
    }

    /// A run is worth more than its checkpoint: that one can't be written is a warning.
    fn checkpoint(&mut self, session: &Session) {
        self.last_checkpoint = Instant::now();
        if let Err(error) = write_checkpoint(&self.files.checkpoints(), &session.checkpoint(), self.keep) {
            self.progress.say(&format!("warning: no checkpoint at step {}: {error}", session.total_steps()));
        }
    }

    fn log(&mut self, event: &StepEvent<'_>) {
        let Some(log) = &mut self.log else { return };
        if let Err(error) = log.step(event) {
            self.progress.say(&format!("warning: the log ends at step {}: {error}", event.total_steps));
            self.log = None;
        }
    }

    fn stream(&self, event: &StepEvent<'_>) {
        let wanted = event.report.outcome == Outcome::NotFinite || event.total_steps.is_multiple_of(self.every);
        if self.context.json && (wanted || !event.errors.is_empty()) {
            let line = to_json(&StepLine { event: "step", entry: LogEntry::of(event) });
            // A reader who has gone away does not end the training.
            let _ = line.map(|line| self.context.print(&(line + "\n")));
        }
    }
}

impl Observer for Recorder<'_> {
    fn wants_errors(&self, total_steps: usize) -> bool {
        total_steps == 1 || total_steps.is_multiple_of(self.every)
    }

    fn wants_alignment(&self) -> bool {
        self.alignment
    }

    fn is_interrupted(&self) -> bool {
        self.interrupt.asked()
    }

    fn step(&mut self, event: &StepEvent<'_>, session: &Session) -> Control {
        self.method = event.method;
        self.log(event);
        self.progress.step(event);
        self.stream(event);
        if self.last_checkpoint.elapsed() >= CHECKPOINT_EVERY {
            self.checkpoint(session);
        }
        if self.interrupt.asked() { Control::Stop } else { Control::Continue }
    }
}
