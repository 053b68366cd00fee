//! Figures as a run makes them, drawn in both formats. The files stay in `target/tmp/` to be looked at.

use std::f64::consts::PI;
use std::fs;
use std::path::{Path, PathBuf};

use pdec::report::{
    ColourMap, ConditionPiece, ConditionsPlot, Curve, FieldPlot, Figure, LinePlot, LineStyle, LossPlot, Panel,
    PlotError,
};

fn even(lower: f64, upper: f64, count: usize) -> Vec<f64> {
    (0..count).map(|i| lower + (upper - lower) * i as f64 / (count - 1) as f64).collect()
}

fn field(title: &str, count: usize, f: impl Fn(f64, f64) -> f64) -> FieldPlot {
    let (x, y) = (even(0.0, 1.0, count), even(-1.0, 1.0, count));
    let values = x.iter().flat_map(|&a| y.iter().map(move |&b| (a, b))).map(|(a, b)| f(a, b)).collect();
    let labels = ("t".to_owned(), "x".to_owned());
    FieldPlot { title: title.into(), x_label: labels.0, y_label: labels.1, x, y, values, ..FieldPlot::default() }
}

fn solution_exact_error(count: usize) -> Figure {
    let exact = |t: f64, x: f64| -(PI * x).sin() * (-0.3 * t).exp() * (1.0 + 3.0 * t * (-(8.0 * x).powi(2)).exp());
    let error = |t: f64, x: f64| 3e-9 * (7.0 * x + t).sin() * (9.0 * t).cos() + 1e-9 * x;
    let mut solution = field("network", count, move |t, x| exact(t, x) + error(t, x));
    let mut truth = field("exact", count, exact);
    let range = Some(truth.data_range());
    (solution.range, truth.range) = (range, range);
    let mut difference = field("error", count, error);
    difference.colours = ColourMap::Diverging;
    Figure { title: "burgers: u".into(), ..Figure::row(vec![solution.into(), truth.into(), difference.into()]) }
}

fn loss() -> Figure {
    let x = even(0.0, 200.0, 201);
    let decay =
        |rate: f64, size: f64| x.iter().map(|k| size * 10f64.powf(-rate * k / 20.0) + 1e-21).collect::<Vec<_>>();
    let plot = LossPlot {
        title: "heat1d, seed 0".into(),
        x_label: "step".into(),
        x: x.clone(),
        loss: decay(2.0, 5.0),
        terms: vec![
            ("eq".into(), decay(2.02, 3.0)),
            ("ic".into(), decay(1.9, 0.3)),
            ("bc on boundary".into(), decay(2.1, 1.0)),
        ],
        errors: vec![("L2 of u".into(), decay(1.0, 0.7))],
    };
    Figure::row(vec![plot.into()])
}

fn lines() -> Figure {
    let x = even(0.0, 1.0, 201);
    let curve = |name: &str, f: &dyn Fn(f64) -> f64, style| Curve {
        name: name.into(),
        x: x.clone(),
        y: x.iter().map(|&x| f(x)).collect(),
        style,
    };
    let solution = LinePlot {
        title: "u".into(),
        x_label: "x".into(),
        y_label: "u".into(),
        curves: vec![
            curve("network", &|x| (PI * x).sin(), LineStyle::Solid),
            curve("exact", &|x| (PI * x).sin(), LineStyle::Dashed),
        ],
        ..LinePlot::default()
    };
    let error = LinePlot {
        title: "error".into(),
        x_label: "x".into(),
        y_label: "u \u{2212} exact".into(),
        curves: vec![curve("u", &|x| 2.3e-8 * (20.0 * x).sin() * x, LineStyle::Solid)],
        ..LinePlot::default()
    };
    Figure::row(vec![solution.into(), error.into()])
}

fn conditions() -> Figure {
    let piece = |name: &str, segments: Vec<[(f64, f64); 2]>| {
        let along = |[a, b]: [(f64, f64); 2]| {
            even(0.0, 1.0, 10).into_iter().map(move |s| (a.0 + s * (b.0 - a.0), a.1 + s * (b.1 - a.1)))
        };
        ConditionPiece { name: name.into(), points: segments.iter().copied().flat_map(along).collect(), segments }
    };
    let interior = even(0.05, 0.95, 12).into_iter().flat_map(|t| even(-0.9, 0.9, 12).into_iter().map(move |x| (t, x)));
    let plot = ConditionsPlot {
        title: "conditions of wave".into(),
        x_label: "t".into(),
        y_label: "x".into(),
        x_range: (0.0, 1.0),
        y_range: (-1.0, 1.0),
        pieces: vec![
            piece("bc u = 0", vec![[(0.0, -1.0), (1.0, -1.0)], [(0.0, 1.0), (1.0, 1.0)]]),
            piece("ic u = sin(pi*x)", vec![[(0.0, -1.0), (0.0, 1.0)]]),
        ],
        interior: interior.collect(),
        ..ConditionsPlot::default()
    };
    Figure::row(vec![plot.into()])
}

fn saved(figure: &Figure, name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    figure.save(&path).unwrap();
    path
}

/// Width and height from the header of a PNG file.
fn png_size(bytes: &[u8]) -> (u32, u32) {
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    let word = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (word(16), word(20))
}

#[test]
fn figures_are_drawn_in_both_formats() {
    let all = [
        ("fields", solution_exact_error(101), 3),
        ("loss", loss(), 1),
        ("lines", lines(), 2),
        ("conditions", conditions(), 1),
    ];
    for (name, figure, panels) in all {
        let png = fs::read(saved(&figure, &format!("{name}.png"))).unwrap();
        assert_eq!(png_size(&png).1, if figure.title.is_empty() { 1110 } else { 1212 }, "{name}");
        assert!(png_size(&png).0 >= panels * 1380, "{name}");
        let svg = fs::read_to_string(saved(&figure, &format!("{name}.svg"))).unwrap();
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"), "{name}");
        // The same figure gives the same bytes.
        assert_eq!(svg, figure.svg().unwrap());
        assert_eq!(png, figure.png().unwrap());
    }
}

#[test]
fn svgs_of_large_fields_stay_small() {
    let svg = solution_exact_error(400).svg().unwrap();
    assert!(svg.len() < 1 << 20, "{} bytes", svg.len());
    assert_eq!(svg.matches("data:image/png;base64,").count(), 6, "three fields, three colour bars");
}

#[test]
fn labels_are_escaped() {
    let mut plot = field("a < b & c", 3, |t, x| t * x);
    plot.x_label = "costs $5 and $6".into();
    let svg = Figure::row(vec![plot.into()]).svg().unwrap();
    assert!(svg.contains("a &lt; b &amp; c") && svg.contains("costs $5 and $6"), "{svg}");
}

#[test]
fn odd_data_still_makes_a_figure() {
    let constant = field("constant", 3, |_, _| 0.0);
    let broken = field("broken", 3, |t, _| if t > 0.4 { f64::NAN } else { f64::INFINITY });
    let huge = field("huge", 3, |t, x| 1e300 * t + x);
    let empty = LinePlot::default();
    let negative = LossPlot { x: vec![0.0, 1.0], loss: vec![0.0, -1.0], ..LossPlot::default() };
    let tiny = LossPlot { x: vec![0.0, 1.0], loss: vec![1e-320, f64::INFINITY], ..LossPlot::default() };
    let panels = vec![constant.into(), broken.into(), huge.into(), Panel::from(empty), negative.into(), tiny.into()];
    let figure = Figure { columns: 3, ..Figure::row(panels) };
    figure.svg().unwrap();
    saved(&figure, "odd.png");
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let message = |figure: &Figure, name: &str| figure.save(Path::new(name)).unwrap_err().to_string();
    assert_eq!(message(&loss(), "loss.pdf"), "figures are written as png or svg, not as `pdf`");
    assert_eq!(message(&loss(), "loss"), "figures are written as png or svg, not as ``");
    assert_eq!(message(&Figure::default(), "a.png"), "the figure has no panels");
    assert!(matches!(loss().save(Path::new("/no/such/folder/a.svg")), Err(PlotError::Io(_))));
}
