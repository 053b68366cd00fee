use std::sync::Arc;
use super::*;
use crate::expr::*;
use crate::network::*;
use crate::tape::*;
pub struct B;
impl Assemble for B {
    fn assemble(&self, tapes: &[&Tape]) -> Result<Vec<Arc<dyn PointProgram>>, AssembleError> {
        Ok(tapes.iter().map(|&t| Arc::new(Interpreter::new(t)) as Arc<dyn PointProgram>).collect())
    }
}
pub fn poisson(widths: &[usize], n: usize, bw: f64) -> (Description, Vec<PointSet>) {
    let mut g = Graph::new();
    let (zero, one) = (Graph::ZERO, Graph::ONE);
    let scales: Vec<AxisScale> = (0..2).map(|axis| AxisScale { axis, ends: [zero, one], periodic: false }).collect();
    let features = Features::new(&mut g, &scales);
    let layout = Layout::new(&Mlp { widths: widths.to_vec(), activation: Activation::Tanh }, 2, 1, 0);
    let uxx = g.jet(0, MultiIndex::new(&[2]));
    let uyy = g.jet(0, MultiIndex::new(&[0, 2]));
    let u = g.jet(0, MultiIndex::zero());
    let (x, y) = (g.coordinate(0), g.coordinate(1));
    let pi = g.pi();
    let px = g.mul(pi, x);
    let py = g.mul(pi, y);
    let sx = g.call(Function::Sin, &[px]);
    let sy = g.call(Function::Sin, &[py]);
    let p2 = g.powi(pi, 2);
    let f = g.mul(sx, sy);
    let f = g.mul(p2, f);
    let f = g.scale(Rational::from_integer(2.into()), f);
    let lap = g.add(uxx, uyy);
    let r = g.add(lap, f);
    let q = crate::geometry::gauss_legendre(std::num::NonZeroUsize::new(n).unwrap(), 0.0, 1.0);
    let mut inner = PointSet { coordinates: vec![vec![]; 2], normals: vec![vec![]; 2], weights: vec![] };
    let mut outer = inner.clone();
    let mut push = |s: &mut PointSet, x: f64, y: f64, w: f64| {
        s.coordinates[0].push(x);
        s.coordinates[1].push(y);
        s.normals[0].push(0.0);
        s.normals[1].push(0.0);
        s.weights.push(w);
    };
    for i in 0..n {
        for j in 0..n {
            push(&mut inner, q.positions[i], q.positions[j], q.weights[i] * q.weights[j]);
        }
        for (a, b) in [(q.positions[i], 0.0), (q.positions[i], 1.0), (0.0, q.positions[i]), (1.0, q.positions[i])] {
            push(&mut outer, a, b, q.weights[i]);
        }
    }
    let d = Description {
        graph: g,
        dimension: 2,
        networks: vec![NetworkDescription { features, layout, fields: vec![0] }],
        blocks: vec![
            BlockDescription { residuals: vec![r], weights: vec![1.0] },
            BlockDescription { residuals: vec![u], weights: vec![bw] },
        ],
    };
    (d, vec![inner, outer])
}

#[test]
fn train_poisson() {
    let (mut d, points) = poisson(&[32], 30, 100.0);
    let tapes = KernelTapes::new(&mut d, host_contraction(), &mut |_, r| r.to_vec()).unwrap();
    let k = Kernel::new(&d, &tapes, &points, &B).unwrap();
    println!("{}", tapes.blocks[0].linear.tape);
    for seed in 0..3u64 {
        let mut s = crate::geometry::Stream::new(seed, 0, 0);
        let mut s2 = crate::geometry::Stream::new(seed, 1, 0);
        let mut theta = vec![0.0; k.parameters()];
        initial_parameters(&d.networks[0].layout, &mut theta, 1.0, || s.normal(), || 2.0 * s2.uniform() - 1.0);
        let mut o = crate::optim::Engd::new(Default::default(), &k);
        let t = std::time::Instant::now();
        let mut g = d.graph.clone();
        let u = g.jet(0, MultiIndex::zero());
        let mut dd = d.clone();
        dd.graph = g;
        let mut p = Predictor::new(&dd, &[u], host_contraction(), &B).unwrap();
        for i in 0..400 {
            let r = crate::optim::Optimizer::step(&mut o, &k, &mut theta);
            if i % 50 == 49 || i == 19 {
                let h = points[0].coordinates.clone();
                let v = p.evaluate(&theta, &h);
                let (mut a, mut b) = (0.0, 0.0);
                for i in 0..v[0].len() {
                    let e = (std::f64::consts::PI * h[0][i]).sin() * (std::f64::consts::PI * h[1][i]).sin();
                    a += (v[0][i] - e).powi(2);
                    b += e * e;
                }
                println!("{seed} {i} {:?} err {:e} time {:?}", (r.loss, r.rate, r.trials), (a / b).sqrt(), t.elapsed());
            }
        }
    }
}
