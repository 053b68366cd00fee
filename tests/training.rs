//! Ways of training: whatever a file asks for, a run that is resumed has the bits of one that was never interrupted, and
//! the number of threads does not matter.

use pdec::diagnostic::Source;
use pdec::kernel::Objective;
use pdec::model::Overrides;
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
        "train kfac(steps=16, rule=grid)\ntrain kfac(steps=8, batch=40)".to_owned(),
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
        heat("train lm(steps=20)"),
        heat("train hngd(steps=20)"),
        heat("train nncg(steps=14, frequency=4, cg_steps=5)"),
        heat("sample interior: sobol(64) with resample=4\ntrain ssbroyden(steps=20)"),
        heat("train engd(paper, steps=20)"),
    ])
    .collect()
}

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
