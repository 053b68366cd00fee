//! Kernels that stand alone against the kernel of training: the same bits where sums have the same order, a few roundings
//! where they have not.

use pdec::codegen::{Loaded, Options, load};
use pdec::kernel::{BlockDescription, Channels, KernelTapes, Metric, PointSet, Role};
use pdec::linalg::RowTiles;
use pdec::routine::{Kind, Parts, Routine, build, fuse};
use pdec::tape::host_contraction;

use super::close::assert_relative;
use super::problems::{Backend, Problem, along, catalogue, energies, gradient, linearize, residual};

/// The routines of all kinds of a block.
fn routines(problem: &Problem, block: usize) -> Vec<(Kind, Routine)> {
    let mut description = problem.description.clone();
    let role = description.blocks[block].role;
    description.blocks.iter_mut().for_each(|block| block.role = Role::Residual);
    description.metric = Metric::Newton;
    let tapes = KernelTapes::new(&mut description, host_contraction(), &mut |_, roots| roots.to_vec()).expect("tapes");
    let axes: Vec<String> = (0..description.dimension).map(|axis| format!("x{axis}")).collect();
    let parts = Parts { description: &description, tapes: &tapes, block, role, axes: &axes, known: &[], theta: None };
    let build = |kind: Kind| Some((kind, build(parts, kind, kind.name(), &[]).ok()?));
    let found: Vec<(Kind, Routine)> =
        Kind::ALL.into_iter().filter(|kind| *kind != Kind::Predict).filter_map(build).collect();
    for (_, routine) in &found {
        assert_eq!(routine.to_string().parse().as_ref(), Ok(routine));
    }
    found
}

/// The inputs of a routine among arguments by name.
fn inputs_of<'a>(routine: &Routine, given: &[(&str, &'a [f64])]) -> Vec<&'a [f64]> {
    let of_name = |name: &str| given.iter().find(|(other, _)| *other == name).expect("every input is given").1;
    routine.inputs.iter().map(|input| of_name(&input.name)).collect()
}

/// Calls a routine with arguments by name.
fn call(routine: &Routine, loaded: &Loaded, n: usize, given: &[(&str, &[f64])]) -> Vec<Vec<f64>> {
    let inputs = inputs_of(routine, given);
    let mut outputs: Vec<Vec<f64>> = routine.outputs.iter().map(|o| vec![f64::NAN; o.length(n)]).collect();
    let mut slices: Vec<Option<&mut [f64]>> = outputs.iter_mut().map(|o| Some(o.as_mut_slice())).collect();
    loaded.call(n, &inputs, &mut slices);
    // One output alone is what it is among others.
    for wanted in 0..routine.outputs.len() {
        let mut alone = vec![f64::NAN; routine.outputs[wanted].length(n)];
        let mut slices: Vec<Option<&mut [f64]>> = (0..routine.outputs.len()).map(|_| None).collect();
        slices[wanted] = Some(&mut alone);
        loaded.call(n, &inputs, &mut slices);
        assert!(alone.iter().zip(&outputs[wanted]).all(|(a, b)| a.to_bits() == b.to_bits()), "{}", routine.name);
    }
    outputs
}

/// A kernel of one block alone, with weights of 1 on all its formulas.
fn alone(problem: &Problem, block: usize, points: &PointSet) -> pdec::kernel::Kernel {
    let mut one = Problem { description: problem.description.clone(), axes: problem.axes.clone(), ..*problem };
    one.description.blocks = vec![problem.description.blocks[block].clone()];
    one.kernel(std::slice::from_ref(points), Backend::Machine)
}

/// Values of a kernel, formula after formula.
fn by_formula(kernel: &pdec::kernel::Kernel, formulas: usize, values: &[f64]) -> Vec<f64> {
    (0..formulas).flat_map(|f| kernel.rows_of(0, f).flat_map(|rows| values[rows].to_vec())).collect()
}

/// Rows of a Jacobian as [formula][parameter][point].
fn dense(rows: &RowTiles, formulas: usize, parameters: usize) -> Vec<f64> {
    let mut all = vec![Vec::new(); formulas * parameters];
    for (t, tile) in rows.tiles().iter().enumerate() {
        for (p, column) in tile.data().chunks_exact(tile.stride()).enumerate() {
            all[t % formulas * parameters + p].extend_from_slice(&column[..tile.rows()]);
        }
    }
    all.concat()
}

fn assert_bits(what: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    if let Some(i) = (0..found.len()).find(|&i| found[i].to_bits() != expected[i].to_bits()) {
        panic!("{what}: element {i} of {} is {:e}, not {:e}", found.len(), found[i], expected[i]);
    }
}

/// A routine of joined stages says the same but for roundings, has no more stages, and reads back.
fn assert_fused(
    what: &str,
    expected: &[Vec<f64>],
    routine: &Routine,
    fused: (&Routine, &Loaded),
    call: impl Fn((&Routine, &Loaded)) -> Vec<Vec<f64>>,
) {
    assert_eq!(fused.0.to_string().parse().as_ref(), Ok(fused.0), "{what}");
    assert!(fused.0.cost().flops <= routine.cost().flops, "{what}");
    assert_eq!(fuse(fused.0.clone()), *fused.0, "{what}: nothing is left to join");
    for (found, expected) in call(fused).iter().zip(expected) {
        let size = expected.iter().fold(0.0_f64, |size, x| size.max(x.abs()));
        let furthest = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(furthest <= 1e-12 * size, "{what}: {furthest:e} of {size:e}\n{}", fused.0);
    }
}

fn check(problem: &Problem, block: usize, n: usize) {
    let routines = routines(problem, block);
    let all: Vec<&Routine> = routines.iter().map(|(_, routine)| routine).collect();
    let loaded = load(&all, &Options::default()).expect("machine code");
    let fused: Vec<Routine> = all.iter().map(|routine| fuse((*routine).clone())).collect();
    let of_fused = load(&fused.iter().collect::<Vec<_>>(), &Options::default()).expect("machine code");
    let mut points = problem.points(n, 7);
    let weights = points.weights.clone();
    let (theta, v) = (problem.parameters(2), problem.direction(2));
    let formulas = problem.description.blocks[block].formulas.len();
    let weighted = alone(problem, block, &points);
    points.weights.fill(1.0);
    let mut plain = problem.description.clone();
    plain.blocks[block].weights.fill(1.0);
    plain.blocks[block].role = Role::Residual;
    let plain = Problem { description: plain, axes: problem.axes.clone(), ..*problem };
    let kernel = alone(&plain, block, &points);
    let names: Vec<String> =
        (0..points.coordinates.len()).flat_map(|a| [format!("x{a}"), format!("normal_x{a}")]).collect();
    let columns = points.coordinates.iter().zip(&points.normals).flat_map(|(x, n)| [x, n]);
    let mut given: Vec<(&str, &[f64])> = names.iter().map(String::as_str).zip(columns.map(Vec::as_slice)).collect();
    given.extend([("theta", &theta[..]), ("direction", &v[..]), ("weights", &weights[..])]);
    let cotangents: Vec<f64> = (0..formulas * n).map(|i| (i as f64).sin()).collect();
    given.extend([("cotangents", &cotangents[..]), ("roots", &cotangents)]);
    let lambda = &problem.description.blocks[block].weights;
    let of_formulas: Vec<f64> = lambda.iter().flat_map(|lambda| weights.iter().map(move |w| w * lambda)).collect();
    let parameters = theta.len();
    let r = by_formula(&kernel, formulas, &residual(&kernel, &theta));
    let (rows, _, _) = linearize(&kernel, &theta, Metric::GaussNewton);
    let jacobian = dense(&rows, formulas, parameters);
    let (slope, loss) = gradient(&weighted, &theta);
    for (((kind, routine), loaded), fused) in routines.iter().zip(&loaded).zip(fused.iter().zip(&of_fused)) {
        let what = format!("{} block {block}, {n} points: {}", problem.name, kind.name());
        if *kind == Kind::Local {
            continue;
        }
        println!("{what}");
        let own = [("weights", &of_formulas[..])].into_iter().filter(|_| *kind == Kind::Weighted);
        let given: Vec<(&str, &[f64])> = own.chain(given.iter().copied()).collect();
        let found = call(routine, loaded, n, &given);
        assert_fused(&what, &found, routine, fused, |(routine, loaded)| call(routine, loaded, n, &given));
        match kind {
            Kind::Residual => assert_bits(&what, &found[0], &r),
            Kind::Jacobian => {
                // The program with partials may round the formulas in another way than the one without.
                assert_relative(&found[0], &r, 1e-14);
                assert_bits(&what, &found[1], &jacobian);
            }
            Kind::Jvp => {
                let [first, second] = along(&kernel, &theta, &v);
                assert_bits(&what, &found[0], &by_formula(&kernel, formulas, &first));
                assert_bits(&what, &found[1], &by_formula(&kernel, formulas, &second));
            }
            Kind::Loss => assert_relative(&found[0], [loss], 1e-13),
            Kind::Gradient | Kind::Gram | Kind::Hessian => {
                assert_relative(&found[0], [loss], 1e-13);
                assert_relative(&found[1], &slope, 1e-11);
            }
            Kind::Weighted => {
                assert_relative(&found[0], &r, 1e-14);
                assert_relative(&found[1], &slope, 1e-11);
            }
            Kind::Vjp => assert_relative(&found[0], summed(&cotangents, &jacobian, n, |x| x), 1e-11),
            Kind::Moments => {
                let of_energy = problem.description.blocks[block].role == Role::Energy;
                let factor = |(root, r): (&f64, &f64)| root * root * if of_energy { 1.0 } else { *r };
                let factors: Vec<f64> = cotangents.iter().zip(&r).map(factor).collect();
                assert_relative(&found[0], &r, 1e-14);
                assert_relative(&found[1][..parameters], summed(&factors, &jacobian, n, |x| x), 1e-11);
                assert_relative(&found[1][parameters..], summed(&cotangents, &jacobian, n, |x| x * x), 1e-11);
                assert_accumulates(routine, n, &given, &found[1]);
            }
            Kind::Local | Kind::Predict => {}
        }
        if *kind == Kind::Gram {
            assert_gram(problem, block, &found[2], &jacobian, &weights);
        }
    }
}

/// For each parameter the sum over formulas and points of a function of factor times derivative.
fn summed(factors: &[f64], jacobian: &[f64], n: usize, of: fn(f64) -> f64) -> Vec<f64> {
    let parameters = jacobian.len() / factors.len();
    let mut sums = vec![0.0; parameters];
    for (factors, rows) in factors.chunks_exact(n).zip(jacobian.chunks_exact(parameters * n)) {
        for (sum, row) in sums.iter_mut().zip(rows.chunks_exact(n)) {
            *sum += factors.iter().zip(row).map(|(a, b)| of(a * b)).sum::<f64>();
        }
    }
    sums
}

/// A routine that adds its sums to what is there leaves the sum of both.
fn assert_accumulates(routine: &Routine, n: usize, given: &[(&str, &[f64])], expected: &[f64]) {
    let adding = Routine { accumulates: true, ..routine.clone() };
    assert_eq!(adding.to_string().parse().as_ref(), Ok(&adding));
    let loaded = load(&[&adding], &Options::default()).expect("machine code").remove(0);
    let inputs = inputs_of(routine, given);
    let start: Vec<f64> = (0..expected.len()).map(|i| 1.0 + i as f64).collect();
    let (mut machine, mut interpreted) = (start.clone(), start.clone());
    loaded.call(n, &inputs, &mut [None, Some(&mut machine)]);
    let done = adding.interpret(host_contraction(), n, &inputs, &mut [None, Some(&mut interpreted)]);
    done.expect("it holds");
    assert_bits(&routine.name, &machine, &interpreted);
    let sum: Vec<f64> = start.iter().zip(expected).map(|(a, b)| a + b).collect();
    assert_relative(&machine, &sum, 1e-13);
}

/// `Σ w λ J Jᵀ` from the rows.
fn assert_gram(problem: &Problem, block: usize, found: &[f64], jacobian: &[f64], weights: &[f64]) {
    let lambda = &problem.description.blocks[block].weights;
    let (n, parameters) = (weights.len(), (found.len() as f64).sqrt() as usize);
    let mut expected = vec![0.0; found.len()];
    for (f, rows) in jacobian.chunks_exact(n * parameters).enumerate() {
        for p in 0..parameters {
            for q in 0..parameters {
                let pairs = rows[p * n..][..n].iter().zip(&rows[q * n..][..n]).zip(weights);
                expected[p * parameters + q] += lambda[f] * pairs.map(|((a, b), w)| w * a * b).sum::<f64>();
            }
        }
    }
    assert_relative(found, &expected, 1e-12);
}

/// Local derivatives put together by hand: R of the jets is r, their first derivatives times `T v` are `J v`, their second
/// ones `vᵀ H v` of the Hessian in function space.
fn check_local(problem: &Problem, block: usize, n: usize) {
    let mut description = problem.description.clone();
    let role = description.blocks[block].role;
    description.blocks.iter_mut().for_each(|block| block.role = Role::Residual);
    description.metric = Metric::Newton;
    let tapes = KernelTapes::new(&mut description, host_contraction(), &mut |_, roots| roots.to_vec()).expect("tapes");
    let axes: Vec<String> = (0..description.dimension).map(|axis| format!("x{axis}")).collect();
    let parts = Parts { description: &description, tapes: &tapes, block, role, axes: &axes, known: &[], theta: None };
    let jets = parts.jets();
    let place = |jet: &pdec::kernel::Channel| jets.iter().position(|other| other == jet).expect("a jet");
    let mut of_jets = problem.description.clone();
    let formulas = jets.iter().map(|jet| {
        let plan = tapes.blocks[block].plans[jet.network].as_ref().expect("a plan");
        let index = plan.channels()[jet.channel].as_derivative().expect("a single derivative").clone();
        of_jets.graph.jet(problem.description.networks[jet.network].fields[jet.output], index)
    });
    let formulas: Vec<_> = formulas.collect();
    let weights = vec![1.0; jets.len()];
    of_jets.blocks = vec![BlockDescription { formulas, weights, role: Role::Residual, inside: true }];
    of_jets.metric = Metric::GaussNewton;
    let of_jets = Problem { description: of_jets, axes: problem.axes.clone(), ..*problem };
    let mut points = problem.points(n, 9);
    let w = std::mem::replace(&mut points.weights, vec![1.0; n]);
    let kernel = of_jets.kernel(std::slice::from_ref(&points), Backend::Machine);
    let (theta, v) = (problem.parameters(2), problem.direction(2));
    let values = by_formula(&kernel, jets.len(), &residual(&kernel, &theta));
    let tangents = by_formula(&kernel, jets.len(), &along(&kernel, &theta, &v)[0]);
    let routines = routines(problem, block);
    if routines.is_empty() {
        // Its formulas have integrals.
        return;
    }
    let of = |kind: Kind| &routines.iter().find(|(k, _)| *k == kind).expect("a routine").1;
    let wanted = [of(Kind::Local), of(Kind::Hessian), of(Kind::Residual), of(Kind::Jvp)];
    let loaded = load(&wanted, &Options::default()).expect("machine code");
    let names: Vec<String> = (0..axes.len()).flat_map(|a| [format!("x{a}"), format!("normal_x{a}")]).collect();
    let columns = points.coordinates.iter().zip(&points.normals).flat_map(|(x, n)| [x, n]);
    let mut given: Vec<(&str, &[f64])> = names.iter().map(String::as_str).zip(columns.map(Vec::as_slice)).collect();
    given.extend([("theta", &theta[..]), ("direction", &v[..]), ("weights", &w[..]), ("jets", &values[..])]);
    let [local, hessian, r, jvp] = [0, 1, 2, 3].map(|i| call(wanted[i], &loaded[i], n, &given));
    assert_relative(&local[0], &r[0], 1e-13);
    let count = problem.description.blocks[block].formulas.len();
    let lambda = &problem.description.blocks[block].weights;
    let mut slopes = vec![0.0; count * n];
    for (k, (formula, jet)) in tapes.blocks[block].partials.iter().enumerate() {
        for b in 0..n {
            slopes[formula * n + b] += local[1][k * n + b] * tangents[place(jet) * n + b];
        }
    }
    assert_relative(&slopes, &jvp[0], 1e-11);
    let mut curvature = 0.0;
    for (k, (formula, [a, c], _)) in parts.second_derivatives().iter().enumerate() {
        for b in 0..n {
            let twice = if a == c { 1.0 } else { 2.0 };
            let value = if role == Role::Energy { 1.0 } else { local[0][formula * n + b] };
            let product = tangents[place(a) * n + b] * tangents[place(c) * n + b];
            curvature += twice * w[b] * lambda[*formula] * value * local[2][k * n + b] * product;
        }
    }
    if role == Role::Residual {
        curvature += (0..count * n).map(|i| w[i % n] * lambda[i / n] * slopes[i] * slopes[i]).sum::<f64>();
    }
    let form: f64 = hessian[2].chunks_exact(v.len()).zip(&v).map(|(row, vi)| vi * dot(row, &v)).sum();
    println!("{} block {block}", problem.name);
    assert_relative([form], [curvature], 1e-9);
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn local_derivatives_fit_together() {
    for problem in catalogue().into_iter().chain(energies()) {
        let problem = problem.with_channels(Channels::Derivatives);
        (0..problem.description.blocks.len()).for_each(|block| check_local(&problem, block, 70));
    }
}

#[test]
fn kernels_of_their_own_compute_what_training_does() {
    for problem in catalogue() {
        for block in 0..problem.description.blocks.len() {
            for n in [1, 7, 64, 133] {
                check(&problem, block, n);
            }
        }
    }
}

#[test]
fn energies_have_kernels_of_their_own() {
    for problem in energies() {
        for block in 0..problem.description.blocks.len() {
            check(&problem, block, 70);
        }
    }
}
