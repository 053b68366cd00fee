//! `model.safetensors`: trained networks with the problem they solve, enough to evaluate them anywhere.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::tensors::{self, Tensor};
use crate::dataset::KeptFile;
use crate::kernel::Description;
use crate::report::files::{WriteError, write_atomic};

/// How a problem was read: its text and everything that the command line said about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// Name of the file, without its folder and extension.
    pub name: String,
    /// The text of the file.
    pub text: String,
    /// `name=value` for each replaced parameter or setting.
    pub set: Vec<String>,
    /// The method that replaced the stages of the file.
    pub optimizer: Option<String>,
    /// The seed of all random numbers.
    pub seed: u64,
    /// The files that it names, those that it imports among them; their bytes are stored beside the arrays.
    #[serde(skip)]
    pub files: Vec<KeptFile>,
}

/// Trained networks and what they were trained on.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFile {
    /// The problem.
    pub recipe: Recipe,
    /// Steps of training.
    pub steps: usize,
    tensors: Vec<Tensor<'static>>,
}

/// Why a model file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelFileError {
    /// It can't be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is none, or it is damaged.
    #[error("`{}` is not a sound model file: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Its arrays are not those of the problem in it.
    #[error("the model does not fit its problem: {0}")]
    Misfit(String),
}

#[derive(Serialize, Deserialize)]
struct Metadata {
    schema: u32,
    version: String,
    steps: usize,
    problem: Recipe,
    /// The paths of the files of the problem, in the order of their bytes.
    #[serde(default)]
    files: Vec<String>,
    /// Of the arrays and the problem: a safetensors file has no checksum of its own.
    blake3: String,
}

impl ModelFile {
    /// The parameters θ of the networks of a problem, one vector for each window of time that was begun.
    pub fn new(recipe: Recipe, steps: usize, description: &Description, thetas: &[&[f64]]) -> Self {
        let mut tensors = Vec::new();
        for (window, theta) in thetas.iter().enumerate() {
            for (name, shape, range) in arrays(description) {
                tensors.push(Tensor { name: prefixed(window, &name), shape, values: theta[range].to_vec().into() });
            }
        }
        Self { recipe, steps, tensors }
    }

    /// θ of each window that was begun, in the order of the problem.
    ///
    /// # Errors
    /// [`ModelFileError::Misfit`] if an array is missing or has another shape.
    pub fn thetas(&self, description: &Description) -> Result<Vec<Vec<f64>>, ModelFileError> {
        let begun = |window: &usize| {
            let prefix = prefixed(*window, "");
            self.tensors.iter().any(|t| t.name.starts_with(&prefix))
        };
        let windows = 1 + (1..).take_while(begun).count();
        (0..windows).map(|window| self.theta(description, window)).collect()
    }

    fn theta(&self, description: &Description, window: usize) -> Result<Vec<f64>, ModelFileError> {
        let mut theta = vec![0.0; description.parameters()];
        for (name, shape, range) in arrays(description) {
            let name = prefixed(window, &name);
            let Some(tensor) = self.tensors.iter().find(|t| t.name == name) else {
                return Err(ModelFileError::Misfit(format!("there is no `{name}`")));
            };
            if tensor.shape != shape {
                let reason = format!("`{name}` has the shape {:?}, not {shape:?}", tensor.shape);
                return Err(ModelFileError::Misfit(reason));
            }
            theta[range].copy_from_slice(&tensor.values);
        }
        Ok(theta)
    }

    /// Writes the file.
    ///
    /// # Errors
    /// [`WriteError`]; a file that was there is then untouched.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        let problem = self.recipe.clone();
        let (version, blake3) = (env!("CARGO_PKG_VERSION").to_owned(), digest(&self.tensors, &problem));
        let files = problem.files.iter().map(|file| file.path.clone()).collect();
        let metadata = Metadata { schema: 1, version, steps: self.steps, problem, files, blake3 };
        let bytes = serde_json::to_string(&metadata)
            .map_err(|error| error.to_string())
            .and_then(|text| tensors::write(&self.tensors, &self.recipe.files, text))
            .map_err(|reason| WriteError::of(path, io::Error::other(reason)))?;
        write_atomic(path, &bytes)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`ModelFileError`] if it can't be read or is no model file.
    pub fn read(path: &Path) -> Result<Self, ModelFileError> {
        let damaged = |reason| ModelFileError::Damaged { path: path.to_owned(), reason };
        let bytes = fs::read(path).map_err(|source| ModelFileError::Read { path: path.to_owned(), source })?;
        let (tensors, files, text) = tensors::read(&bytes).map_err(damaged)?;
        let mut metadata: Metadata = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        if metadata.schema != 1 {
            return Err(damaged(format!("it was written by a newer pdec ({})", metadata.version)));
        }
        if files.len() != metadata.files.len() {
            return Err(damaged("files of its problem are missing".to_owned()));
        }
        let kept = metadata.files.iter().zip(files).map(|(path, bytes)| KeptFile { path: path.clone(), bytes });
        metadata.problem.files = kept.collect();
        if digest(&tensors, &metadata.problem) != metadata.blake3 {
            return Err(damaged("its content does not match its checksum".to_owned()));
        }
        Ok(Self { recipe: metadata.problem, steps: metadata.steps, tensors })
    }
}

/// The name of an array in a window: the first one has plain names, as a run without windows.
fn prefixed(window: usize, name: &str) -> String {
    if window == 0 { name.to_owned() } else { format!("window.{window}.{name}") }
}

/// BLAKE3 over the arrays, by name, and the problem.
fn digest(tensors: &[Tensor<'_>], problem: &Recipe) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut sorted: Vec<&Tensor<'_>> = tensors.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    for tensor in sorted {
        hasher.update(format!("{} {:?}\n", tensor.name, tensor.shape).as_bytes());
        tensor.values.iter().for_each(|value| {
            hasher.update(&value.to_le_bytes());
        });
    }
    for KeptFile { path, bytes } in &problem.files {
        hasher.update(format!("{path:?} {}\n", bytes.len()).as_bytes());
        hasher.update(bytes);
    }
    let Recipe { name, text, set, optimizer, seed, files: _ } = problem;
    hasher.update(format!("{:?}", (name, text, set, optimizer, seed)).as_bytes());
    hasher.finalize().to_hex().to_string()
}

/// Name, shape and place in θ of each array: weights as rows of outputs, as other tools have them.
fn arrays(description: &Description) -> Vec<(String, Vec<usize>, std::ops::Range<usize>)> {
    let mut arrays = Vec::new();
    for (n, network) in description.networks.iter().enumerate() {
        for (l, layer) in network.layout.layers.iter().enumerate() {
            let name = format!("network.{n}.layer.{l}");
            arrays.push((format!("{name}.weight"), vec![layer.outputs, layer.inputs], layer.weights()));
            arrays.push((format!("{name}.bias"), vec![layer.outputs], layer.biases()));
            arrays.extend(layer.scales().map(|scales| (format!("{name}.scale"), vec![layer.outputs], scales)));
        }
    }
    arrays
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::expr::Graph;
    use crate::kernel::{Channels, Metric, NetworkDescription};
    use crate::network::{Activation, Architecture, Features, Layout};

    fn description(width: usize) -> Description {
        let layout = Layout::new(&Architecture::mlp(vec![width], Activation::Tanh), &[1, 1], 1, 0);
        let features = Features { formulas: Vec::new(), groups: vec![1, 1] };
        let network = NetworkDescription { features, layout, fields: vec![0] };
        Description {
            graph: Graph::new(),
            dimension: 2,
            networks: vec![network],
            known: BTreeMap::new(),
            blocks: Vec::new(),
            integrals: Vec::new(),
            inner: Vec::new(),
            norms: Vec::new(),
            metric: Metric::default(),
            channels: Channels::default(),
        }
    }

    #[test]
    fn a_model_comes_back_or_says_why_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let theta: Vec<f64> = (0..description(4).parameters()).map(|i| (i as f64).sin()).collect();
        let kept = |path: &str, bytes: &[u8]| KeptFile { path: path.into(), bytes: bytes.into() };
        let files = vec![kept("b/\"c\".npz", &[0, 255, 7]), kept("empty.pde", b"")];
        let recipe = Recipe { name: "a".into(), text: "eq \"u\"\n".into(), seed: u64::MAX, files, ..Recipe::default() };
        let second: Vec<f64> = theta.iter().map(|value| value + 1.0).collect();
        let model = ModelFile::new(recipe, 12, &description(4), &[&theta, &second]);
        model.write(&path).unwrap();
        let back = ModelFile::read(&path).unwrap();
        assert_eq!((&back.recipe, back.steps), (&model.recipe, 12));
        assert_eq!(back.thetas(&description(4)).unwrap(), [theta, second]);
        assert!(matches!(back.thetas(&description(5)), Err(ModelFileError::Misfit(_))));
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(matches!(ModelFile::read(&path), Err(ModelFileError::Damaged { .. })), "one bit of one weight");
        fs::write(&path, b"noise").unwrap();
        assert!(matches!(ModelFile::read(&path), Err(ModelFileError::Damaged { .. })));
        assert!(matches!(ModelFile::read(&folder.path().join("none")), Err(ModelFileError::Read { .. })));
    }
}
