//! Ways of training: whatever a file asks for, a run that is resumed has the bits of one that was never interrupted, and
//! the number of threads does not matter.

use std::time::Duration;

use pdec::diagnostic::Source;
use pdec::kernel::{Kernel, LeastSquares, Metric, Objective, PointSet};
use pdec::linalg::RowTiles;
use pdec::model::{Method, Overrides};
use pdec::optim::{Met, Outcome};
use pdec::pipeline::{self, Backend, Times};
use pdec::simplify::Effort;
use pdec::train::{
    Alignment, Control, Limits, Observer, Session, Silent, StepEvent, Stop, newest_checkpoint, score, write_checkpoint,
};

/// A heat problem with a place for what is tried.
fn heat(more: &str) -> String {
    format!(
        "time t in [0, 1]\ndomain x in [0, 1]\nunknown u\neq u_t = 0.1*u_xx\nic u = sin(pi*x)\n\
         bc u = 0 on boundary\nexact u = exp(-0.1*pi^2*t)*sin(pi*x)\nnetwork mlp(6)\n{more}\n"
    )
}

fn session(text: &str) -> Session {
    let source = Source::new("test", text);
    let (model, found) = pipeline::check(&source, &Overrides::default(), &mut Times::default());
    let model = model.unwrap_or_else(|| panic!("{text}: {found:?}"));
    let lowered = pipeline::lower(model, Effort::default(), &mut Times::default()).expect("it has programs");
    let compiled = pipeline::assemble(lowered, 5, Backend::default(), &mut Times::default()).expect("it has points");
    Session::new(compiled, 5).expect("it has a stage")
}

fn run(session: &mut Session, steps: Option<usize>) -> Stop {
    session.run(Limits { steps, ..Limits::default() }, &mut Silent).expect("it runs")
}

fn bits(session: &Session) -> Vec<u64> {
    session.theta().iter().map(|value| value.to_bits()).collect()
}

const ADAM: &str = "train adam(steps=24, lr=1e-2)";
const BATCHES: &str = "train adam(steps=24, lr=1e-2, batch=20)";
const SINGLE: &str = "set precision = f32\n";
const ENGD: &str = "train engd(steps=24)";

/// Methods of first order beside Adam, some with what they share.
const OF_GRADIENTS: [&str; 7] = [
    "adam(steps=24, schedule=cosine, warmup=4, clip=0.5, weight_decay=0.1)",
    "soap(steps=24, frequency=4, batch=20)",
    "soap(steps=24, schedule_free=on, precondition_1d=on)",
    "shampoo(steps=24, frequency=4, batch=20)",
    "muon(steps=24, batch=20)",
    "psgd(steps=24, frequency=2)",
    "pdeaware(steps=24, variant=paper, batch=20)",
];

fn problems() -> Vec<String> {
    let rad = "sample interior: sobol(64) with adapt=rad, resample=5";
    let rar = "sample interior: uniform(64) with adapt=rar, resample=5";
    let causal = "set causal = 1 with chunks=4";
    let margin = "sample boundary: uniform(20) with margin=0.1, resample=3";
    [
        format!("{rad}\n{ADAM}"),
        format!("{rad}\n{ENGD}"),
        format!("{rad}\n{BATCHES}"),
        format!("{rar}\n{ENGD}"),
        format!("{rar}\n{BATCHES}"),
        format!("{causal}\n{ADAM}"),
        format!("{causal}\n{ENGD}"),
        format!("{causal}\n{BATCHES}"),
        format!("{causal}\n{rad}\n{margin}\n{ADAM}\ntrain engd(steps=8)"),
        format!("{rad}\ntrain engdw(steps=24, solver=nystrom, rank=20)"),
        "train engdw(steps=24, solver=sketch, rank=20, line_search=off)".to_owned(),
        format!("{causal}\ntrain spring(steps=24, batch=40)"),
        format!("{rad}\ntrain dsgnar(steps=24, sketch=20)"),
        "train adam(steps=24, lr=1e-2, weights=ntk(every=4))\ntrain engd(steps=4)".to_owned(),
        format!("{rad}\ntrain adam(steps=24, lr=1e-2, batch=20, weights=gradients(every=5))"),
        format!("{causal}\ntrain ssbroyden(steps=20, weights=gradients(every=3))"),
        "train engd(steps=24, weights=adaptive)".to_owned(),
        format!("{rar}\ntrain soap(steps=24, weights=adaptive(per=terms, lr=0.1))"),
        "train kfac(steps=16, rule=grid)\ntrain kfac(steps=8, batch=40)".to_owned(),
        format!("{SINGLE}{rad}\n{ENGD}"),
        format!("{SINGLE}{causal}\n{rar}\n{BATCHES}\ntrain soap(steps=4)"),
        format!("{SINGLE}train engdw(steps=10)\ntrain pdeaware(steps=10)\ntrain lm(steps=4)"),
        format!("{SINGLE}train adam(steps=24, lr=1e-2, weights=ntk(every=4))"),
    ]
    .into_iter()
    .chain(OF_GRADIENTS.map(|method| format!("{rad}\ntrain {method}")))
    .map(|more| heat(&more))
    .chain([
        STAGES.to_owned(),
        windows(3, "train adam(steps=6, lr=1e-2) with WINDOWS\ntrain engd(steps=4) with WINDOWS"),
        format!(
            "{}{REST}",
            heat("sample interior: sobol(64) with adapt=rad, resample=5\nset causal = 1 with chunks=4")
        ),
        windows(2, "train engd(steps=6) with WINDOWS\ntrain engd(steps=6) with WINDOWS, stage=mlp(5)"),
        FITTED.replace("STEPS", "8"),
        OVERFLOW.replace("METHOD", "adam(steps=24, lr=6)"),
        windows(2, "train adam(steps=12, lr=1e-2, weights=ntk(every=4)) with WINDOWS"),
        windows(2, "set precision = f32\ntrain adam(steps=8, lr=1e-2) with WINDOWS\ntrain engd(steps=4) with WINDOWS"),
        heat("train lm(steps=20)"),
        heat("train hngd(steps=20)"),
        heat("train nncg(steps=14, frequency=4, cg_steps=5)"),
        heat("sample interior: sobol(64) with resample=4\ntrain ssbroyden(steps=20)"),
        heat("train engd(paper, steps=20)"),
    ])
    .collect()
}

/// Where a long step gives a residual that is no number.
const OVERFLOW: &str = "domain x in [0, 1]\nunknown u\neq u_x = exp(2*u^2)\nbc u = 0 on x = 0\nnetwork mlp(6)\n\
                        train METHOD\n";

/// The number π² follows from a condition too many; a second network goes on with it.
const FITTED: &str = "domain x in [0, 1]\nunknown u\nfit k = 3 in [1, 100]\neq u_xx = -k*sin(pi*x)\nbc u = 0 on boundary\n\
                      bc u_x = pi on x = 0\nexact u = sin(pi*x)\nnetwork mlp(5)\nsample interior: gauss(20)\n\
                      train engd(steps=STEPS)\ntrain engd(steps=STEPS) with stage=mlp(8)\n";

/// Two networks on what is left, the first of them trained by two methods.
const REST: &str = "train engd(steps=8)\ntrain adam(steps=4, lr=1e-2, batch=20) with stage=mlp(5)\ntrain engd(steps=4)\n\
                    train bfgs(steps=5) with stage\n";

/// Continuation: the first stages have another diffusivity.
const STAGES: &str = "time t in [0, 1]\nparam a = 0.1\ndomain x in [0, 1]\nunknown u\neq u_t = a*u_xx\nic u = sin(pi*x)\n\
                      bc u = 0 on boundary\nexact u = exp(-a*pi^2*t)*sin(pi*x)\nnetwork mlp(6)\n\
                      sample interior: sobol(64) with adapt=rad, resample=5\n\
                      train adam(steps=10, lr=1e-2) with a=0.5\ntrain engd(steps=8) with a=0.2\ntrain engd(steps=12)\n";

#[test]
fn a_resumed_run_has_the_bits_of_a_whole_one() {
    for text in problems() {
        let mut whole = session(&text);
        run(&mut whole, None);
        // At the very step of a drawing, and between two.
        for steps in [10, 13] {
            let folder = tempfile::tempdir().expect("a folder");
            let mut part = session(&text);
            run(&mut part, Some(steps));
            write_checkpoint(folder.path(), &part.checkpoint(), 1).expect("it can be written");
            let (checkpoint, damaged) = newest_checkpoint(folder.path());
            assert!(damaged.is_empty(), "{damaged:?}");
            let mut resumed = session(&text);
            resumed.restore(&checkpoint.expect("it was written")).expect("it fits");
            run(&mut resumed, None);
            assert_eq!(bits(&whole), bits(&resumed), "{text} resumed at step {steps}");
            assert_eq!(whole.total_steps(), resumed.total_steps());
        }
    }
}

#[test]
fn threads_do_not_matter() {
    for text in problems() {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| {
                let mut session = session(&text);
                run(&mut session, None);
                bits(&session)
            })
        };
        assert_eq!(with(1), with(3), "{text}");
    }
}

#[test]
fn adaption_changes_the_run_and_the_loss_stays_plain() {
    let mut plain = session(&heat(&format!("sample interior: sobol(64) with resample=5\n{ENGD}")));
    let mut adapted = session(&heat(&format!("sample interior: sobol(64) with adapt=rad, resample=5\n{ENGD}")));
    run(&mut plain, Some(5));
    run(&mut adapted, Some(5));
    assert_eq!(bits(&plain), bits(&adapted), "nothing was drawn anew yet");
    run(&mut plain, None);
    run(&mut adapted, None);
    assert_ne!(bits(&plain), bits(&adapted));
    for session in [&mut plain, &mut adapted] {
        let errors = session.errors();
        assert!(errors[0].relative_l2 < 1e-2, "{errors:?}");
    }
}

#[test]
fn causal_weights_reach_the_solution() {
    let text = "time t in [0, 1]\ndomain x in [0, 1] periodic\nunknown u\neq u_t + u_x = 0\nic u = sin(2*pi*x)\n\
                exact u = sin(2*pi*(x - t))\nnetwork mlp(16)\nset causal = 1\ntrain engd(steps=200)\n";
    let mut session = session(text);
    run(&mut session, None);
    let errors = session.errors();
    assert!(errors[0].relative_l2 < 1e-2, "{errors:?}");
}

#[test]
fn a_stage_has_parameters_of_its_own() {
    let value = |text: &str| {
        let mut session = session(text);
        run(&mut session, None);
        let a = |model: &pdec::model::Model| model.graph.constant_value(model.parameters[0].value).expect("a number");
        (a(session.model()), session.errors()[0].relative_l2)
    };
    let (a, error) = value(STAGES);
    assert_eq!(a, 0.1, "the problem is that of the last stage");
    assert!(error < 0.1, "{error}");
    let (a, own) = value(&STAGES.replace("train engd(steps=12)\n", "train engd(steps=12) with a=0.3\n"));
    assert_eq!(a, 0.3);
    assert!(own < 0.1, "{own}");
    let mut first = session(STAGES);
    run(&mut first, Some(10));
    let mut alone = session(&STAGES.replace("a = 0.1", "a = 0.5").replace(" with a=0.5", ""));
    run(&mut alone, Some(10));
    assert_eq!(bits(&first), bits(&alone), "the first stage solves the problem with its value");
}

/// All windows are trained, although the time is over before the steps of the first.
#[test]
fn windows_share_the_time() {
    let mut session = session(&windows(2, "train adam(steps=100000000) with WINDOWS"));
    let limits = Limits { time: Some(Duration::from_secs(1)), ..Limits::default() };
    assert_eq!(session.run(limits, &mut Silent).expect("points stay"), Stop::Time);
    assert_eq!(session.thetas().len(), 2);
}

/// Transport over one period, cut into windows.
fn windows(windows: usize, stages: &str) -> String {
    let stages = stages.replace("WINDOWS", &format!("windows={windows}"));
    format!(
        "time t in [0, 1]\ndomain x in [0, 1] periodic\nunknown u\neq u_t + u_x = 0\nic u = sin(2*pi*x)\n\
         exact u = sin(2*pi*(x - t))\nnetwork mlp(16)\nsample interior: gauss(8, 16)\n{stages}\n"
    )
}

#[test]
fn windows_hand_over_and_join_to_one_solution() {
    let mut whole = session(&windows(4, "train engd(steps=40) with WINDOWS"));
    run(&mut whole, None);
    assert_eq!(whole.thetas().len(), 4);
    let errors = whole.errors();
    assert!(errors[0].relative_l2 < 1e-3, "{errors:?}");
    // Second order in time: value and slope are handed over.
    let wave = "time t in [0, 1]\ndomain x in [0, 1]\nunknown u\neq u_tt = u_xx\nic u = sin(pi*x), u_t = 0\n\
                bc u = 0 on boundary\nexact u = sin(pi*x)*cos(pi*t)\nnetwork mlp(8)\n\
                train engd(steps=40) with windows=2\n";
    let mut wave = session(wave);
    run(&mut wave, None);
    let errors = wave.errors();
    assert!(errors[0].relative_l2 < 1e-2, "{errors:?}");
}

#[test]
fn a_later_window_begins_with_the_end_of_the_one_before() {
    let mut session = session(&windows(2, "train engd(steps=40) with WINDOWS"));
    run(&mut session, Some(41));
    let model = session.compiled().lowered.model.clone();
    assert_eq!((model.axes[0].lower, model.axes[0].upper), (0.5, 1.0));
    let initial = model.terms.iter().find(|term| term.kind == pdec::model::TermKind::Initial).expect("it has one");
    assert_eq!(initial.place[0].ranges[0], [0.5, 0.5]);
    // The right side is a number beside the point now, and no formula of the point.
    assert!(model.graph.symbols(&[initial.right]).iter().all(|s| matches!(s, pdec::expr::Symbol::Jet(_))));
    run(&mut session, None);
    let losses = session.term_losses();
    let loss = losses.iter().find(|(label, _)| label == "ic_u").expect("it is a term").1;
    assert!(loss < 1e-3, "{losses:?}");
}

/// What is left after a network is learnt by another one, of any method and any number of them.
#[test]
fn a_stage_learns_what_is_left() {
    let first = "sample interior: gauss(12)\ntrain engd(steps=120)\n";
    let mut plain = session(&heat(first));
    run(&mut plain, None);
    let text =
        heat(&format!("{first}train engd(steps=120) with stage=mlp(12)\ntrain lbfgs(steps=40) with stage=mlp(5)"));
    let mut staged = session(&text);
    run(&mut staged, Some(120));
    let count = plain.theta().len();
    let after_first = bits(&staged);
    assert_eq!(after_first[..count], bits(&plain), "the first stage knows nothing of the others");
    assert!(staged.theta()[count..].iter().all(|value| *value == 0.0));
    let (before, losses) = (staged.errors()[0].relative_l2, staged.term_losses());
    assert_eq!(before, plain.errors()[0].relative_l2);
    run(&mut staged, Some(121));
    let sum = |losses: &[(String, f64)]| losses.iter().map(|(_, loss)| loss).sum::<f64>();
    assert!(sum(&staged.term_losses()) < sum(&losses), "it begins with what the first network has reached");
    run(&mut staged, None);
    assert_eq!(bits(&staged)[..count], after_first[..count], "the first network is frozen");
    let after = staged.errors()[0].relative_l2;
    assert!(after < 0.1 * before, "{before:e} to {after:e}");
    assert_eq!(staged.model().levels(), 3);
    // The whole problem, with all networks, has the losses that the stages report.
    let lowered = pipeline::lower(staged.model().clone(), Effort::default(), &mut Times::default()).expect("programs");
    let compiled = pipeline::assemble(lowered, 5, Backend::default(), &mut Times::default()).expect("points");
    let whole = pdec::kernel::Objective::loss(&compiled.kernel, staged.theta());
    let reported = sum(&staged.term_losses());
    assert!((whole - reported).abs() < 1e-3 * reported, "{whole:e} and {reported:e}");
}

/// An energy, equations that share their points, and conditions.
const TERMS: [&str; 2] = [
    "time t in [0, 1]\ndomain x in [0, 1]\nunknown u, v\neq u_t = v_x + u*v\neq v_t = u_x\nic u = sin(pi*x), v = x\n\
     bc u = 0 on boundary\nnetwork mlp(5)\nset causal = 1 with chunks=4\nsample interior: sobol(90)\n\
     train engd(steps=3)\n",
    "domain x in [0, 1]\nunknown u\nminimize integral(1/2*u_x^2 + u^4 - x*u)\nbc u = 1 on x = 0 with weight=3\n\
     constraint integral(u) = 1\nnetwork mlp(5)\ntrain engd(steps=3)\n",
];

#[test]
fn gradients_of_terms_are_those_of_differences_and_sum_to_that_of_the_loss() {
    for text in TERMS {
        let mut session = session(text);
        run(&mut session, Some(3));
        let gradients = session.term_gradients();
        let at = session.checkpoint();
        let mut losses = |parameter: usize, by: f64| {
            let mut moved = at.clone();
            moved.theta[parameter] += by;
            session.restore(&moved).expect("it fits");
            session.term_losses()
        };
        let step = 1e-4;
        for parameter in 0..at.theta.len() {
            let around = [-2.0, -1.0, 1.0, 2.0].map(|times| losses(parameter, times * step));
            for (t, (label, gradient)) in gradients.iter().enumerate() {
                assert!(around.iter().all(|losses| losses[t].0 == *label));
                let [a, b, c, d] = [0, 1, 2, 3].map(|place| around[place][t].1);
                // Of fourth order: the losses of penalties bend a lot.
                let slope = (a - 8.0 * b + 8.0 * c - d) / (12.0 * step);
                let largest = gradient.iter().fold(0.0, |a: f64, g| a.max(g.abs()));
                let miss = (slope - gradient[parameter]).abs();
                assert!(miss < 1e-7 * largest + 1e-9, "{label}, {parameter}: {slope}, {}", gradient[parameter]);
            }
        }
        session.restore(&at).expect("it fits");
        session.term_losses();
        let mut whole = vec![0.0; at.theta.len()];
        session.compiled().kernel.gradient(session.theta(), &mut whole);
        let largest = whole.iter().fold(0.0, |a: f64, g| a.max(g.abs()));
        for (p, whole) in whole.iter().enumerate() {
            let sum: f64 = gradients.iter().map(|(_, gradient)| gradient[p]).sum();
            assert!((sum - whole).abs() < 1e-10 * largest, "{p}: {sum}, {whole}");
        }
    }
}

/// Keeps the alignment of each step.
#[derive(Default)]
struct Aligned(Vec<(usize, Alignment)>);

impl Observer for Aligned {
    fn wants_errors(&self, _: usize) -> bool {
        true
    }

    fn wants_alignment(&self) -> bool {
        true
    }

    fn step(&mut self, event: &StepEvent<'_>, _: &Session) -> Control {
        self.0.extend(event.alignment.map(|alignment| (event.total_steps, alignment)));
        Control::Continue
    }
}

/// Each score is that of the gradients behind its step, of whatever method, and looking does not change the run.
#[test]
fn alignment_is_that_of_the_gradients() {
    for method in ["engd(steps=6)", "adam(steps=6, batch=10)", "ssbroyden(steps=6)", "gd(steps=6)"] {
        let text = heat(&format!("train {method}"));
        let (mut seen, mut aligned, mut plain) = (session(&text), Aligned::default(), session(&text));
        seen.run(Limits::default(), &mut aligned).expect("it runs");
        run(&mut plain, Some(0));
        let mut before = plain.theta().to_vec();
        assert_eq!(aligned.0.len(), 6);
        for (step, alignment) in &aligned.0 {
            run(&mut plain, Some(*step));
            let terms: Vec<Vec<f64>> = plain.term_gradients().into_iter().map(|(_, gradient)| gradient).collect();
            assert_eq!(terms.len(), 3);
            assert_eq!(alignment.intra, score(&terms), "{method}");
            let gradient = |theta: &[f64]| {
                let mut gradient = vec![0.0; theta.len()];
                plain.compiled().kernel.gradient(theta, &mut gradient);
                gradient
            };
            let (a, b) = (gradient(&before), gradient(plain.theta()));
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let cosine = dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt();
            assert!(
                (alignment.inter.expect("two gradients") - cosine).abs() < 1e-12,
                "{method}: {alignment:?}, {cosine}"
            );
            before = plain.theta().to_vec();
        }
        assert_eq!(bits(&seen), bits(&plain), "{method}");
    }
    // Networks of several stages: the gradients are those of the one that is trained.
    let text = heat("train engd(steps=5)\ntrain gd(steps=5) with stage=mlp(4)");
    let (mut seen, mut aligned, mut plain) = (session(&text), Aligned::default(), session(&text));
    seen.run(Limits::default(), &mut aligned).expect("it runs");
    run(&mut plain, None);
    assert!(aligned.0.len() == 10 && aligned.0.iter().all(|(_, a)| a.intra.is_some() && a.inter.is_some()));
    assert_eq!(bits(&seen), bits(&plain));
}

/// The weights of all terms behind each of some steps, and what the terms said before it: norms of gradients, traces and
/// losses.
fn weights_of(text: &str, steps: usize) -> Vec<(Vec<f64>, [Vec<f64>; 3])> {
    let mut session = session(text);
    run(&mut session, Some(0));
    let step = |step: usize| {
        let norm = |g: &[f64]| g.iter().map(|x| x * x).sum::<f64>().sqrt();
        let norms = session.term_gradients().iter().map(|(_, gradient)| norm(gradient)).collect();
        let losses = session.term_losses().into_iter().map(|(_, loss)| loss).collect();
        let traces = traces(&session);
        run(&mut session, Some(step));
        (session.term_weights().into_iter().map(|(_, weight)| weight).collect(), [norms, traces, losses])
    };
    (1..=steps).map(step).collect()
}

/// The sums of squares of the rows of J of each term, with the weights of the file.
fn traces(session: &Session) -> Vec<f64> {
    let lowered = &session.compiled().lowered;
    let points = lowered.draw_all(5).expect("points");
    let kernel = same_kernel(session, &points);
    let mut rows = RowTiles::new(&kernel.row_tiles(Metric::GaussNewton), kernel.parameters());
    kernel.linearize(session.theta(), Metric::GaussNewton, &mut rows, &mut vec![0.0; kernel.parameters()]);
    let squares: Vec<f64> = (rows.tiles().iter())
        .flat_map(|tile| {
            (0..tile.rows()).map(|row| tile.data().iter().skip(row).step_by(tile.stride()).map(|x| x * x).sum())
        })
        .collect();
    let all = kernel.rows_by_formula();
    let of_terms = lowered.blocks.iter().flat_map(|block| &block.terms).zip(all);
    let mut traces: Vec<(usize, f64)> =
        of_terms.map(|(&term, ranges)| (term, ranges.into_iter().flat_map(|range| &squares[range]).sum())).collect();
    traces.sort_by_key(|(term, _)| *term);
    traces.into_iter().map(|(_, trace)| trace).collect()
}

/// A kernel of the same problem, with the weights of the file.
fn same_kernel(session: &Session, points: &[PointSet]) -> Kernel {
    let model = session.compiled().lowered.model.clone();
    let lowered = pipeline::lower(model, Effort::default(), &mut Times::default()).expect("programs");
    pipeline::assemble_on(lowered, points, Backend::default(), &mut Times::default()).expect("a kernel").kernel
}

#[test]
fn weights_follow_gradients_and_traces() {
    for (rule, of) in [("gradients", 0), ("ntk", 1)] {
        let mut expected = [1.0; 3];
        let text = heat(&format!("train adam(steps=9, lr=1e-2, weights={rule}(every=4, decay=0.75))"));
        for (step, (weights, said)) in weights_of(&text, 9).into_iter().enumerate() {
            let (sizes, mean) = (&said[of], said[of].iter().sum::<f64>() / 3.0);
            if step % 4 == 0 {
                let target = sizes.iter().map(|size| mean / (size + 1e-5 * mean));
                expected.iter_mut().zip(target).for_each(|(old, new)| *old = 0.75 * *old + 0.25 * new);
            }
            close(&weights, &expected, 1e-9);
        }
        assert!(expected.iter().all(|weight| (weight - 1.0).abs() > 1e-2), "{rule}: {expected:?}");
    }
    // Without memory, gradients are of one length where they were weighted, but for the floor under short ones.
    let (weights, [norms, ..]) =
        weights_of(&heat("train engd(steps=1, weights=gradients(decay=0))"), 1).pop().expect("a step");
    let weighted: Vec<f64> = weights.iter().zip(&norms).map(|(weight, norm)| weight * norm).collect();
    close(&weighted, &[weighted[0]; 3], 1e-2);
}

fn close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= tolerance * expected.abs(), "{found} for {expected}");
    }
}

/// Adam's ascent of λ in `λ^power L`, beside whatever trains θ.
struct Ascent {
    lambda: Vec<f64>,
    moments: Vec<[f64; 2]>,
}

impl Ascent {
    fn step(&mut self, losses: &[f64], (rate, power): (f64, f64), step: i32) {
        for ((lambda, [m, v]), loss) in self.lambda.iter_mut().zip(&mut self.moments).zip(losses) {
            let slope = power * lambda.powf(power - 1.0) * loss;
            (*m, *v) = (0.9 * *m + 0.1 * slope, 0.999 * *v + 0.001 * slope * slope);
            let unbiased = [*m / (1.0 - 0.9_f64.powi(step)), *v / (1.0 - 0.999_f64.powi(step))];
            *lambda += rate * unbiased[0] / (unbiased[1].sqrt() + 1e-8);
        }
    }
}

#[test]
fn adaptive_weights_ascend() {
    let mut ascent = Ascent { lambda: vec![1.0; 3], moments: vec![[0.0; 2]; 3] };
    let text = heat("train engd(steps=8, weights=adaptive(per=terms, lr=0.1, power=3))");
    for (step, (weights, [_, _, losses])) in weights_of(&text, 8).into_iter().enumerate() {
        ascent.step(&losses, (0.1, 3.0), step as i32 + 1);
        close(&weights, &ascent.lambda.iter().map(|l| l.powi(3)).collect::<Vec<_>>(), 1e-9);
    }
    // Each point by its own residual; what is told of a term is the mean over its points.
    let mut session = session(&heat("train adam(steps=6, lr=1e-2, weights=adaptive(lr=0.1))"));
    let points = session.compiled().lowered.draw_all(5).expect("points");
    let (count, kernel) = (points.iter().map(PointSet::len).sum::<usize>(), same_kernel(&session, &points));
    let mut ascent = Ascent { lambda: vec![1.0; count], moments: vec![[0.0; 2]; count] };
    for step in 1..=6 {
        let mut values = vec![0.0; LeastSquares::rows(&kernel)];
        kernel.values(session.theta(), &mut values);
        let of_block = |(b, set): (usize, &PointSet)| {
            let pairs = kernel.squares_of(b, &values).into_iter().zip(&set.weights);
            pairs.map(|(square, weight)| 0.5 * square / weight).collect::<Vec<f64>>()
        };
        let losses: Vec<f64> = points.iter().enumerate().flat_map(of_block).collect();
        ascent.step(&losses, (0.1, 2.0), step);
        run(&mut session, Some(step as usize));
        let mut start = 0;
        let mut means: Vec<(usize, f64)> = Vec::new();
        for (block, set) in session.compiled().lowered.blocks.iter().zip(&points) {
            let own = &ascent.lambda[start..start + set.len()];
            start += set.len();
            means.push((block.terms[0], own.iter().map(|l| l * l).sum::<f64>() / own.len() as f64));
        }
        means.sort_by_key(|(term, _)| *term);
        let found: Vec<f64> = session.term_weights().into_iter().map(|(_, weight)| weight).collect();
        close(&found, &means.iter().map(|(_, mean)| *mean).collect::<Vec<_>>(), 1e-9);
    }
}

/// Whatever the method, weights change its way, and the losses of terms are told without them.
#[test]
fn every_method_takes_weights() {
    for method in Method::ALL {
        let balance = if method == Method::Dsgnar { ", balance=0" } else { "" };
        let text = |weights: &str| heat(&format!("train {}(steps=6{balance}{weights})", method.name()));
        let (mut plain, mut weighted) = (session(&text("")), session(&text(", weights=ntk(every=2)")));
        run(&mut plain, None);
        assert_eq!(run(&mut weighted, None), Stop::Steps, "{method:?}");
        assert_ne!(bits(&plain), bits(&weighted), "{method:?}");
        let told: f64 = weighted.term_losses().iter().map(|(_, loss)| loss).sum();
        let points = weighted.compiled().lowered.draw_all(5).expect("points");
        let loss = same_kernel(&weighted, &points).loss(weighted.theta());
        assert!((told - loss).abs() < 1e-12 * loss, "{method:?}: {told}, {loss}");
    }
}

/// Keeps where training went back, and the learning rate of each step.
#[derive(Default)]
struct Setbacks {
    at: Vec<usize>,
    rates: Vec<f64>,
}

impl Observer for Setbacks {
    fn wants_errors(&self, _: usize) -> bool {
        false
    }

    fn step(&mut self, event: &StepEvent<'_>, session: &Session) -> Control {
        if event.report.met == Some(Met::WentBack) {
            assert_eq!(event.report.outcome, Outcome::NotFinite);
            assert!(session.theta().iter().all(|value| value.is_finite()));
            self.at.push(event.total_steps);
        } else {
            self.rates.push(event.report.rate);
        }
        Control::Continue
    }
}

#[test]
fn training_goes_back_where_the_loss_is_no_number() {
    let seen = |method: &str| {
        let (mut session, mut seen) = (session(&OVERFLOW.replace("METHOD", method)), Setbacks::default());
        run(&mut session, Some(0));
        let start = (bits(&session), session.term_losses().iter().map(|(_, loss)| loss).sum::<f64>());
        let stop = session.run(Limits::default(), &mut seen).expect("it runs");
        (session, seen, stop, start)
    };
    // Long steps give no number, half or a quarter of them do; the run then has all its steps.
    let (mut session, setbacks, stop, _) = seen("adam(steps=200, lr=6)");
    assert_eq!((stop, session.total_steps(), setbacks.rates.len()), (Stop::Steps, 200, 200));
    assert!(!setbacks.at.is_empty() && setbacks.at[0] == 1, "{:?}", setbacks.at);
    let halved = setbacks.rates.last().copied();
    assert_eq!(halved, Some(6.0 * 0.5_f64.powi(setbacks.at.len() as i32)));
    assert!(session.term_losses().iter().all(|(_, loss)| loss.is_finite()));
    // Where no care helps the run ends with the best that it had, and says where the residual was no number.
    let (session, setbacks, stop, (start, _)) = seen("adam(steps=200, lr=1e5)");
    assert_eq!((stop, setbacks.at.len()), (Stop::NotFinite, 4));
    assert_eq!(bits(&session), start);
    assert_eq!(session.not_finite().map(|(label, _)| label).as_deref(), Some("eq"));
    // The last step is nobody's first.
    let (session, setbacks, stop, (start, _)) = seen("adam(steps=1, lr=1e5)");
    assert_eq!((stop, &setbacks.at[..]), (Stop::Steps, &[1][..]));
    assert_eq!(bits(&session), start);
}

/// The space of each unknown by itself; where all are the same it is that of `metric=h1`.
#[test]
fn hilbert_metrics_are_chosen_by_unknown() {
    let text = |metric: &str| {
        format!(
            "domain x in [0, 1], y in [0, 1]\nunknown u, p\neq u_x + p_y = 1\neq u_y - p_x = x\nbc u = 0 on x = 0\n\
             bc p = 1 on y = 0\nnetwork mlp(5)\nsample interior: gauss(6)\ntrain hngd(steps=4, metric={metric})\n"
        )
    };
    let of = |metric: &str| {
        let mut session = session(&text(metric));
        let before: f64 = session.term_losses().iter().map(|(_, loss)| loss).sum();
        let formulas = session.compiled().lowered.description.norms[0].block.formulas.len();
        run(&mut session, None);
        let after: f64 = session.term_losses().iter().map(|(_, loss)| loss).sum();
        assert!(after < before, "{metric}: {before} to {after}");
        (formulas, bits(&session))
    };
    assert_eq!(of("h1"), of("map(u=h1, p=h1)"));
    // u, p; and u_x, u_y; and p_x, p_y of what the equations take.
    let [mixed, rest, l2] = ["map(u=h1, p=l2)", "map(u=l2)", "l2"].map(of);
    assert_eq!([mixed.0, rest.0, l2.0], [4, 4, 2]);
    assert_ne!(mixed.1, rest.1);
}

#[test]
fn a_second_network_goes_on_with_the_number() {
    let mut fitted = session(&FITTED.replace("STEPS", "60"));
    let miss = |session: &mut Session| (session.numbers()[0].value - std::f64::consts::PI.powi(2)).abs();
    run(&mut fitted, Some(60));
    let (number, error) = (miss(&mut fitted), fitted.errors()[0].relative_l2);
    assert!(number < 1e-2, "{number:e}");
    run(&mut fitted, Some(61));
    assert!(miss(&mut fitted) < 1e-2, "it does not begin anew");
    run(&mut fitted, None);
    let (better, less) = (miss(&mut fitted), fitted.errors()[0].relative_l2);
    assert!(better < 0.1 * number && less < 0.3 * error, "{number:e} to {better:e}, {error:e} to {less:e}");
}
