//! NumPy and JAX: the same bits as machine code in this process.

use std::process::{Command, Output};

use pdec::codegen::Machine;
use pdec::emit::Library;
use pdec::routine::Argument;

use super::bits::difference;
use super::library::{POINTS, emit, expected, has, library, run};

/// The interpreter of tests: `PDEC_TEST_PYTHON`, or else `python3`; none if it lacks a module.
fn python(module: &str) -> Option<String> {
    let python = std::env::var("PDEC_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python).args(["-c", &format!("import {module}")]).output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    println!("SKIPPED: `{python}` has no module `{module}`");
    None
}

/// Numbers that a script printed in hexadecimal bits.
fn printed(output: &Output) -> Vec<f64> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.split_whitespace().map(|word| f64::from_bits(u64::from_str_radix(word, 16).expect("bits"))).collect()
}

/// A script that calls every kernel of a module with the inputs of the tests, and prints the bits of all outputs.
fn script(library: &Library, head: &str, call: &str) -> String {
    let mut text = format!("import struct, sys\n{head}\n");
    text += "def at(i, salt): return ((i * 7 + salt * 13 + 1) * 0.618) % 1.0\n";
    text += "def numbers(name, shape, salt):\n    count = 1\n    for axis in shape: count *= axis\n    ";
    text += "values = [at(i, salt) - 0.5 if name == 'theta' else 0.1 + 0.8 * at(i, salt) for i in range(count)]\n    ";
    text += "return numpy.array(values).reshape(shape)\n";
    text += "def show(found):\n    for array in found if isinstance(found, tuple) else (found,):\n        ";
    text += "for x in numpy.asarray(array).ravel(): print(struct.pack('>d', x).hex())\n";
    for kernel in &library.kernels {
        let name = kernel.routine.name.strip_prefix(&format!("{}_", library.problem)).expect("the prefix");
        let argument = |(salt, input): (usize, &Argument)| {
            let points = input.batched.then_some(POINTS);
            let shape: String = input.shape.iter().copied().chain(points).map(|axis| format!("{axis},")).collect();
            format!("numbers('{}', ({shape}), {salt})", input.name)
        };
        let arguments: Vec<String> = kernel.routine.inputs.iter().enumerate().map(argument).collect();
        text += &format!("show({}({}))\n", call.replace("NAME", name), arguments.join(", "));
    }
    text
}

#[test]
fn numpy_computes_the_bits_of_this_process() {
    let Some(python) = python("numpy").filter(|_| has("cc")) else { return };
    for name in ["burgers", "kovasznay"] {
        let folder = tempfile::tempdir().expect("a folder");
        emit(&[
            &format!("pdes/{name}.pde"),
            "-o",
            &folder.path().display().to_string(),
            "--prefix",
            name,
            "--emit",
            "python",
        ]);
        let mut library = library(name, Machine::Native);
        library.problem = name.to_owned();
        let head = format!("import numpy\nsys.path.insert(0, {:?})\nimport {name} as library", folder.path());
        let output = run(&python, &["-c", &script(&library, &head, "library.NAME")]);
        let (found, expected) = (printed(&output), expected(&library));
        assert_eq!(found.len(), expected.len());
        assert_eq!(difference(&found, &expected), None, "{name}");
    }
}

/// What is wrong with a call is said in words.
#[test]
fn wrong_calls_from_python_are_refused() {
    let Some(python) = python("numpy").filter(|_| has("cc")) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    emit(&[
        "pdes/heat.pde",
        "-o",
        &folder.path().display().to_string(),
        "--emit",
        "python",
        "--kernel",
        "residual,gradient",
    ]);
    let text = format!(
        "import sys\nsys.path.insert(0, {:?})\nimport numpy, heat\nt = x = numpy.linspace(0, 1, 5)\n\
         theta = numpy.zeros(heat.PARAMETERS)\n\
         for call in (lambda: heat.residual_eq(t, x), lambda: heat.residual_eq(t, x, theta[1:]),\n             \
         lambda: heat.residual_eq(t, x[1:], theta), lambda: heat.residual_eq(t, x, theta, want='nothing'),\n             \
         lambda: heat.gradient_eq(t, x, t, theta, theta)):\n    try: call()\n    \
         except (TypeError, ValueError) as error: print(error)\n\
         print(heat.gradient_eq(t, x, weights=t, theta=theta, want='loss'))\n",
        folder.path()
    );
    let output = run(&python, &["-c", &text]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        said.lines().collect::<Vec<_>>(),
        [
            "heat_residual_eq needs theta",
            "heat_residual_eq: `theta` has the shape (500,), not (501,)",
            "heat_residual_eq: `x` has the shape (4,), not (5,)",
            "heat_residual_eq has no output nothing",
            "heat_gradient_eq takes 4 arrays, not 5",
            "0.0",
        ]
    );
}

/// Under `jit`, to the last bit; gradients by the rule of `vjp`; errors in words.
#[test]
fn jax_computes_the_bits_of_this_process() {
    let Some(python) = python("jax").filter(|_| has("cc")) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    emit(&["pdes/burgers.pde", "-o", &folder.path().display().to_string(), "--emit", "jax"]);
    let library = library("burgers", Machine::Native);
    let head = format!(
        "import jax, numpy\njax.config.update('jax_enable_x64', True)\nsys.path.insert(0, {:?})\n\
         import burgers_jax as library",
        folder.path()
    );
    let output = run(&python, &["-c", &script(&library, &head, "jax.jit(library.NAME)")]);
    let (found, expected) = (printed(&output), expected(&library));
    assert_eq!(found.len(), expected.len());
    assert_eq!(difference(&found, &expected), None);
    let text = format!(
        "import sys\n{head}\nimport jax.numpy as jnp\nt, x = jnp.linspace(0.1, 0.9, 9), jnp.linspace(-0.9, 0.8, 9)\n\
         theta = jnp.sin(jnp.arange(library.PARAMETERS)) / 3\n\
         loss = lambda theta: (library.residual_eq(t, x, theta) ** 2).sum() / 2\n\
         gradient = jax.jit(jax.grad(loss))(theta)\n\
         expected = library.gradient_eq(t, x, jnp.ones(9), theta)[1]\n\
         assert jnp.abs(gradient - expected).max() <= 1e-12 * jnp.abs(expected).max(), (gradient, expected)\n\
         try: library.residual_eq(t, x, theta[1:])\nexcept Exception as error: print(error)\n"
    );
    let output = run(&python, &["-c", &text]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let expected = format!("burgers_residual_eq: `theta` must be float64 of shape ({},)", library.parameter_count);
    assert!(said.contains(&expected), "{said}");
}
