//! Where the time of a run goes: spans of `tracing`, summed by phase and kept for a timeline.
//!
//! Phases (spans of level DEBUG) follow one another on the thread that trains; what they call is taken from their time. The
//! sweeps over a tile of points (level TRACE) run on all threads inside of a phase, and are summed by themselves. A span
//! that nobody listens to costs one comparison.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// The most spans of a timeline (some 30 MB); of what comes later, only sums are kept.
const MOST_EVENTS: usize = 1 << 18;

/// All spans of one name.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Phase {
    /// How many there were.
    pub calls: usize,
    /// Their time, without that of phases inside of them.
    pub time: Duration,
    /// Floating-point operations, where the span counts them.
    pub flops: f64,
    /// Bytes read and written once, where the span counts them.
    pub bytes: f64,
    /// Whether they run on all threads.
    pub in_tiles: bool,
}

/// Listens to spans; clones share what they heard.
#[derive(Clone)]
pub struct Profile(Arc<Mutex<Recording>>);

struct Recording {
    begun: Instant,
    phases: IndexMap<&'static str, Phase>,
    events: Vec<Event>,
}

/// A span of the timeline.
struct Event {
    name: &'static str,
    thread: usize,
    start: Duration,
    time: Duration,
}

/// A span that is not over.
struct Running {
    begun: Instant,
    inside: Duration,
    work: Work,
}

#[derive(Clone, Copy, Default)]
struct Work {
    flops: f64,
    bytes: f64,
}

impl Visit for Work {
    fn record_f64(&mut self, field: &Field, value: f64) {
        match field.name() {
            "flops" => self.flops = value,
            "bytes" => self.bytes = value,
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

impl Default for Profile {
    fn default() -> Self {
        let (phases, events) = (IndexMap::new(), Vec::new());
        Self(Arc::new(Mutex::new(Recording { begun: Instant::now(), phases, events })))
    }
}

impl Profile {
    /// The sums so far, in the order in which the phases first ended.
    pub fn phases(&self) -> Vec<(&'static str, Phase)> {
        self.recording().phases.iter().map(|(name, phase)| (*name, *phase)).collect()
    }

    /// The timeline in the trace event format of Chrome, which Perfetto reads, too: one complete event a span, in
    /// microseconds.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_timeline(&self, to: &mut dyn Write) -> io::Result<()> {
        let recording = self.recording();
        let event = |event: &Event| {
            let micros = |time: Duration| time.as_secs_f64() * 1e6;
            let (start, time) = (micros(event.start), micros(event.time));
            json!({"name": event.name, "ph": "X", "pid": 0, "tid": event.thread, "ts": start, "dur": time})
        };
        let events: Vec<_> = recording.events.iter().map(event).collect();
        serde_json::to_writer(to, &json!({ "traceEvents": events, "displayTimeUnit": "ms" })).map_err(io::Error::other)
    }

    fn recording(&self) -> MutexGuard<'_, Recording> {
        // Sums are whole at any time.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Profile {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut work = Work::default();
        attributes.record(&mut work);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Running { begun: Instant::now(), inside: Duration::ZERO, work });
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(Running { begun, inside, work }) = span.extensions_mut().remove() else { return };
        let time = begun.elapsed();
        let in_tiles = *span.metadata().level() == Level::TRACE;
        if !in_tiles
            && let Some(parent) = span.parent()
            && let Some(parent) = parent.extensions_mut().get_mut::<Running>()
        {
            parent.inside += time;
        }
        let mut recording = self.recording();
        let start = begun.saturating_duration_since(recording.begun);
        let phase = recording.phases.entry(span.name()).or_default();
        phase.calls += 1;
        phase.time += time.saturating_sub(inside);
        phase.flops += work.flops;
        phase.bytes += work.bytes;
        phase.in_tiles = in_tiles;
        if recording.events.len() < MOST_EVENTS {
            let thread = rayon::current_thread_index().map_or(0, |thread| thread + 1);
            recording.events.push(Event { name: span.name(), thread, start, time });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::{debug_span, trace_span};
    use tracing_subscriber::layer::SubscriberExt;

    #[test]
    fn time_is_that_of_the_innermost_phase() {
        let profile = Profile::default();
        let subscriber = tracing_subscriber::registry().with(profile.clone());
        let pause = Duration::from_millis(2);
        tracing::subscriber::with_default(subscriber, || {
            let _step = debug_span!("step").entered();
            for _ in 0..3 {
                let _gram = debug_span!("Gram matrix", flops = 8.0, bytes = 2.0).entered();
                let _sweep = trace_span!("jets").entered();
                std::thread::sleep(pause);
            }
        });
        let phases: IndexMap<_, _> = profile.phases().into_iter().collect();
        let [step, gram, jets] = ["step", "Gram matrix", "jets"].map(|name| phases[name]);
        assert_eq!((step.calls, gram.calls, jets.calls), (1, 3, 3));
        assert_eq!((gram.flops, gram.bytes), (24.0, 6.0));
        assert!(jets.in_tiles && !gram.in_tiles);
        assert!(gram.time >= 3 * pause, "sweeps over tiles are a part of their phase");
        assert!(step.time < pause, "phases are none of the step: {step:?}");
        let mut timeline = Vec::new();
        profile.write_timeline(&mut timeline).unwrap();
        let timeline: serde_json::Value = serde_json::from_slice(&timeline).unwrap();
        let events = timeline["traceEvents"].as_array().unwrap();
        assert_eq!(events.len(), 7);
        assert!(events.iter().all(|event| event["ph"] == "X" && event["dur"].as_f64().unwrap() >= 0.0));
    }
}
