//! What a problem costs: operations, memory, time.

use num_traits::{One, Signed, ToPrimitive};

use crate::expr::{Jet, MultiIndex, Names, Rational};
use crate::kernel::{BlockTapes, Objective};
use crate::model::describe::Section;
use crate::network::Operator;
use crate::optim;
use crate::pipeline::{Compiled, SIMPLIFIED, Times};

fn section(title: &'static str, columns: &[&'static str], rows: Vec<Vec<String>>) -> Section {
    Section { title, columns: columns.to_vec(), rows }
}

/// Channels, operations, the size of a step, and the time of each stage.
pub fn sections(compiled: &Compiled, times: &Times) -> Vec<Section> {
    let time = |(stage, time): &(&'static str, std::time::Duration)| {
        vec![(*stage).to_owned(), format!("{:.2} ms", time.as_secs_f64() * 1e3)]
    };
    let mut rows: Vec<Vec<String>> = times.0.iter().map(time).collect();
    rows.push(vec!["total".to_owned(), format!("{:.2} ms", times.total().as_secs_f64() * 1e3)]);
    vec![channels(compiled), operations(compiled), step(compiled), section("time", &["stage", "time"], rows)]
}

/// The programs of each block with the labels of its terms, and those of the integrals behind them.
pub(super) fn blocks(compiled: &Compiled) -> Vec<(String, &BlockTapes)> {
    let terms = &compiled.lowered.model.terms;
    let label = |&term: &usize| terms[term].label.as_str();
    let labels = compiled.lowered.blocks.iter().map(|b| b.terms.iter().map(label).collect::<Vec<_>>().join(", "));
    let families = &compiled.lowered.tapes.families;
    let integrals = families.iter().enumerate().map(|(n, (_, tapes))| (format!("integrals {n}"), tapes));
    labels.zip(&compiled.lowered.tapes.blocks).chain(integrals).collect()
}

/// The derivatives that each network carries at the points of a block.
fn channels(compiled: &Compiled) -> Section {
    let names = compiled.lowered.model.names();
    let mut rows = Vec::new();
    for (label, block) in &blocks(compiled) {
        let networks = compiled.lowered.description.networks.iter().zip(&block.plans).zip(&block.turned);
        for ((network, plan), turned) in networks {
            let Some(plan) = plan else { continue };
            let of = |field: usize| {
                plan.channels().iter().map(|channel| channel_name(&names, field, channel)).collect::<Vec<_>>().join(" ")
            };
            let mut listed: Vec<String> = network.fields.iter().map(|&field| of(field)).collect();
            listed.extend(turned.as_ref().map(|t| format!("{} along directions of the first layer", t.plan.len())));
            let (count, alone) = (plan.len().to_string(), plan.derivatives().len().to_string());
            rows.push(vec![label.clone(), count, alone, listed.join(", ")]);
        }
    }
    section("channels", &["terms", "count", "without sums", "derivatives carried"], rows)
}

/// Sums with more terms than this are abbreviated.
const LISTED_TERMS: usize = 4;

/// A channel as the derivatives of a field: `u_x`, or `(u_t - 0.1*u_xx)`.
fn channel_name(names: &Names, field: usize, channel: &Operator) -> String {
    let jet = |index: &MultiIndex| names.jet(&Jet::new(field, index.clone()));
    if let Some(index) = channel.as_derivative() {
        return jet(index);
    }
    let mut text = String::new();
    for (number, (index, coefficient)) in channel.terms().iter().take(LISTED_TERMS).enumerate() {
        let size = coefficient.abs();
        let sign = if coefficient.is_negative() { "-" } else { "+" };
        let joint = match (number, sign) {
            (0, "-") => "-".to_owned(),
            (0, _) => String::new(),
            _ => format!(" {sign} "),
        };
        let factor = if size.is_one() { String::new() } else { format!("{}*", number_name(&size)) };
        text.push_str(&format!("{joint}{factor}{}", jet(index)));
    }
    if channel.terms().len() > LISTED_TERMS {
        text.push_str(&format!(" + ..., {} terms", channel.terms().len()));
    }
    format!("({text})")
}

/// A fraction of small numbers, else four digits.
fn number_name(number: &Rational) -> String {
    let text = number.to_string();
    if text.len() <= 8 { text } else { format!("{:.4}", number.to_f64().unwrap_or(f64::INFINITY)) }
}

/// Operations a point of the formulas (without the networks), and what simplification saved.
fn operations(compiled: &Compiled) -> Section {
    let mut rows = Vec::new();
    for (b, (label, block)) in blocks(compiled).iter().enumerate() {
        let programs = SIMPLIFIED.into_iter().zip([&block.value, &block.linear, &block.second]);
        for (report, (name, program)) in compiled.lowered.simplified.iter().skip(SIMPLIFIED.len() * b).zip(programs) {
            let cost = program.tape.cost();
            rows.push(vec![
                label.clone(),
                name.to_owned(),
                report.before.to_string(),
                report.after.to_string(),
                cost.weighted().to_string(),
                cost.calls.to_string(),
            ]);
        }
    }
    let columns = ["terms", "program", "cost before", "after", "as tape", "math calls"];
    section("operations a point", &columns, rows)
}

/// Sizes of one step of `engd`; flops count a multiply-add as two and leave out the activations.
fn step(compiled: &Compiled) -> Section {
    let of_metric = |stage| compiled.kernel.row_tiles(optim::metric(stage)).iter().sum();
    let rows: usize = compiled.lowered.model.stages.last().map_or(compiled.kernel.rows(), of_metric);
    let (rows, parameters) = (rows as f64, compiled.kernel.parameters() as f64);
    let (mut sweeps, mut points) = (0.0, 0.0);
    for (block, tapes) in compiled.lowered.blocks.iter().zip(&compiled.lowered.tapes.blocks) {
        let count = compiled.lowered.model.point_count(block.terms[0]) as f64;
        points += count;
        let networks = compiled.lowered.description.networks.iter().zip(&tapes.plans).zip(&tapes.turned);
        for ((network, plan), turned) in networks {
            let Some(plan) = turned.as_ref().map(|turned| &turned.plan).or(plan.as_ref()) else { continue };
            let one = 2.0 * plan.len() as f64 * network.layout.parameters().len() as f64;
            // Forward once, and a reverse sweep of twice the work for each residual.
            sweeps += count * one * (1.0 + 2.0 * block.terms.len() as f64);
        }
    }
    let gram = rows * parameters * parameters;
    let solve = parameters.powi(3) / 3.0;
    let flops = |value: f64| format!("{:.1} Mflop", value / 1e6);
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    section(
        "one step",
        &["what", "size"],
        vec![
            row("points", points.to_string()),
            row("rows of the metric", rows.to_string()),
            row("parameters", parameters.to_string()),
            row("Jacobian, estimated", flops(sweeps)),
            row("Gram matrix, estimated", flops(gram)),
            row("Cholesky factor, estimated", flops(solve)),
        ],
    )
}

/// What simplification did with each block.
pub fn simplification(compiled: &Compiled) -> Section {
    let blocks = blocks(compiled);
    let row = |(number, report): (usize, &crate::simplify::SimplifyReport)| {
        let rules: Vec<String> = report.applied.iter().map(|(rule, count)| format!("{rule} {count}")).collect();
        vec![
            blocks.get(number / SIMPLIFIED.len()).map(|(label, _)| label.clone()).unwrap_or_default(),
            SIMPLIFIED[number % SIMPLIFIED.len()].to_owned(),
            report.before.to_string(),
            report.after.to_string(),
            format!("{:?}", report.stop),
            format!("{:?}", report.chosen),
            rules.join(", "),
        ]
    };
    let rows = compiled.lowered.simplified.iter().enumerate().map(row).collect();
    section("simplification", &["terms", "program", "before", "after", "stop", "chosen", "rules applied"], rows)
}
