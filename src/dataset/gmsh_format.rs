//! Meshes in the Gmsh format 4.1, as text: nodes, lines, triangles and tetrahedra, physical groups.
//!
//! What other kinds of elements there are is left out: points, and elements of higher order are refused because their
//! curved sides would be lost.

use std::collections::BTreeMap;

/// A mesh as it stands in a file. Nodes count from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GmshMesh {
    /// 2 for triangles in the plane, 3 for tetrahedra, 1 for lines along x.
    pub dimension: usize,
    /// The coordinates, `dimension` of them each.
    pub nodes: Vec<Vec<f64>>,
    /// The elements of the highest dimension: nodes and number of the group.
    pub cells: Vec<(Vec<usize>, Option<usize>)>,
    /// The elements of one dimension less.
    pub facets: Vec<(Vec<usize>, Option<usize>)>,
    /// Names of the physical groups.
    pub groups: Vec<String>,
}

/// Why bytes are no mesh. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GmshError {
    /// Not text.
    #[error("binary meshes are not read; save it as text (`Mesh.Binary = 0`)")]
    Binary,
    /// Another format or version.
    #[error("not a mesh of version 4.1 (found `{found}`); save it with `Mesh.MshFileVersion = 4.1`")]
    Version {
        /// What stands where the version should.
        found: String,
    },
    /// A section that must be there is not.
    #[error("there is no section `${name}`")]
    Missing {
        /// Its name.
        name: &'static str,
    },
    /// A line that does not say what it should.
    #[error("line {line}: {what} expected, found `{found}`")]
    Unexpected {
        /// Which line.
        line: usize,
        /// What should stand there.
        what: &'static str,
        /// What does.
        found: String,
    },
    /// The file ends too early.
    #[error("the file ends where {what} is expected")]
    Ends {
        /// What should follow.
        what: &'static str,
    },
    /// An element that refers to a node that does not exist.
    #[error("line {line}: there is no node {node}")]
    NoNode {
        /// Which line.
        line: usize,
        /// Its tag.
        node: u64,
    },
    /// Elements with curved sides.
    #[error("line {line}: elements of kind {kind} are not read; lines, triangles and tetrahedra of first order are")]
    Kind {
        /// Which line.
        line: usize,
        /// The number of the kind in Gmsh.
        kind: u64,
    },
    /// An entity in several groups, of which an element has one.
    #[error("{kind} {entity} is in the physical groups `{first}` and `{second}`; give each {kind} one of its own")]
    Groups {
        /// `curve`, `surface` or `volume`.
        kind: &'static str,
        /// Its tag.
        entity: i64,
        /// The name of one of its groups.
        first: String,
        /// The name of another.
        second: String,
    },
    /// A plane mesh that does not lie in the plane.
    #[error("the triangles do not lie in the plane z = 0")]
    NotPlane,
}

/// Reads a mesh.
///
/// # Errors
/// [`GmshError`]: whatever the bytes are, reading ends in a mesh or in an error.
pub fn read_gmsh(bytes: &[u8]) -> Result<GmshMesh, GmshError> {
    let text = std::str::from_utf8(bytes).map_err(|_| GmshError::Binary)?;
    let mut reader = Reader { lines: text.lines().enumerate(), line: 0 };
    reader.format()?;
    let mut groups = Vec::new();
    let mut entities = BTreeMap::new();
    let (mut nodes, mut elements) = (None, None);
    while let Some(section) = reader.section() {
        match section.as_str() {
            "PhysicalNames" => groups = reader.names()?,
            "Entities" => entities = reader.entities()?,
            "Nodes" => nodes = Some(reader.nodes()?),
            "Elements" => elements = Some(reader.elements()?),
            _ => {}
        }
    }
    let nodes = nodes.ok_or(GmshError::Missing { name: "Nodes" })?;
    let elements = elements.ok_or(GmshError::Missing { name: "Elements" })?;
    assemble(&groups, &entities, &nodes, &elements)
}

/// A physical group: its dimension, tag, and name.
type Group = (usize, i64, String);
/// The physical tags of an entity by dimension and tag.
type Entities = BTreeMap<(usize, i64), Vec<i64>>;

/// An element: its line, the dimension and tag of its entity, and the tags of its nodes.
struct Element {
    line: usize,
    dimension: usize,
    entity: i64,
    nodes: Vec<u64>,
}

fn assemble(
    groups: &[Group],
    entities: &Entities,
    nodes: &[(u64, [f64; 3])],
    elements: &[Element],
) -> Result<GmshMesh, GmshError> {
    let dimension = elements.iter().map(|e| e.dimension).max().unwrap_or(0).max(1);
    if dimension < 3 && nodes.iter().any(|(_, p)| p[dimension..].iter().any(|x| *x != 0.0)) {
        return Err(GmshError::NotPlane);
    }
    let place: BTreeMap<u64, usize> = nodes.iter().enumerate().map(|(i, (tag, _))| (*tag, i)).collect();
    let mut mesh = GmshMesh { dimension, ..GmshMesh::default() };
    mesh.nodes = nodes.iter().map(|(_, p)| p[..dimension].to_vec()).collect();
    mesh.groups = groups.iter().map(|(_, _, name)| name.clone()).collect();
    for element in elements.iter().filter(|e| e.dimension + 1 >= dimension) {
        let group = group_of(groups, entities, element)?;
        let at = |tag: &u64| place.get(tag).copied().ok_or(GmshError::NoNode { line: element.line, node: *tag });
        let nodes = element.nodes.iter().map(at).collect::<Result<Vec<_>, _>>()?;
        if element.dimension == dimension { &mut mesh.cells } else { &mut mesh.facets }.push((nodes, group));
    }
    Ok(mesh)
}

/// The number of the named group that an element is in.
fn group_of(groups: &[Group], entities: &Entities, element: &Element) -> Result<Option<usize>, GmshError> {
    let physical = entities.get(&(element.dimension, element.entity)).map_or(&[][..], Vec::as_slice);
    let holds = |(dimension, number, _): &Group| *dimension == element.dimension && physical.contains(number);
    let mut found = (0..groups.len()).filter(|&group| holds(&groups[group]));
    let (first, second) = (found.next(), found.next());
    if let (Some(first), Some(second)) = (first, second) {
        let name = |group: usize| groups[group].2.clone();
        let kind = ["point", "curve", "surface", "volume"][element.dimension.min(3)];
        return Err(GmshError::Groups { kind, entity: element.entity, first: name(first), second: name(second) });
    }
    Ok(first)
}

struct Reader<'t> {
    lines: std::iter::Enumerate<std::str::Lines<'t>>,
    line: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self, what: &'static str) -> Result<&'t str, GmshError> {
        let (number, text) = self.lines.next().ok_or(GmshError::Ends { what })?;
        self.line = number + 1;
        Ok(text.trim())
    }

    fn unexpected(&self, what: &'static str, found: &str) -> GmshError {
        GmshError::Unexpected { line: self.line, what, found: found.chars().take(40).collect() }
    }

    /// The name of the next section; sections that are not read are passed over.
    fn section(&mut self) -> Option<String> {
        loop {
            let text = self.next("a section").ok()?;
            if let Some(name) = text.strip_prefix('$').filter(|name| !name.starts_with("End")) {
                return Some(name.to_owned());
            }
        }
    }

    fn format(&mut self) -> Result<(), GmshError> {
        let first = self.next("`$MeshFormat`")?;
        if first != "$MeshFormat" {
            return Err(GmshError::Version { found: first.chars().take(40).collect() });
        }
        let text = self.next("a version")?;
        let mut words = text.split_whitespace();
        if words.next() != Some("4.1") {
            return Err(GmshError::Version { found: text.chars().take(40).collect() });
        }
        if words.next() == Some("0") { Ok(()) } else { Err(GmshError::Binary) }
    }

    fn numbers<T: std::str::FromStr>(&mut self, what: &'static str) -> Result<Vec<T>, GmshError> {
        let text = self.next(what)?;
        let number = |word: &str| word.parse().map_err(|_| self.unexpected(what, word));
        text.split_whitespace().map(number).collect()
    }

    fn whole<const N: usize>(&mut self, what: &'static str) -> Result<[i64; N], GmshError> {
        let numbers: Vec<i64> = self.numbers(what)?;
        let found = numbers.len();
        numbers
            .get(..N)
            .and_then(|n| n.try_into().ok())
            .ok_or_else(|| self.unexpected(what, &format!("{found} numbers")))
    }

    fn names(&mut self) -> Result<Vec<Group>, GmshError> {
        let [count] = self.whole("the number of names")?;
        let mut groups = Vec::new();
        for _ in 0..count {
            let what = "a dimension, a number and a name in quotes";
            let text = self.next(what)?;
            let group = text.split_once('"').and_then(|(numbers, name)| {
                let mut numbers = numbers.split_whitespace();
                let dimension = numbers.next()?.parse().ok()?;
                Some((dimension, numbers.next()?.parse().ok()?, name.trim_end_matches('"').to_owned()))
            });
            groups.push(group.ok_or_else(|| self.unexpected(what, text))?);
        }
        Ok(groups)
    }

    /// Points have 3 coordinates before their physical tags, the others a box of 6.
    fn entities(&mut self) -> Result<Entities, GmshError> {
        let counts: [i64; 4] = self.whole("the numbers of entities")?;
        let mut found = BTreeMap::new();
        for (dimension, count) in counts.into_iter().enumerate() {
            for _ in 0..count {
                let what = "an entity";
                let numbers: Vec<f64> = self.numbers(what)?;
                let at = if dimension == 0 { 4 } else { 7 };
                let (Some(tag), Some(many)) = (numbers.first(), numbers.get(at)) else {
                    return Err(self.unexpected(what, "too few numbers"));
                };
                let physical = numbers.get(at + 1..).unwrap_or_default().iter().take(many.max(0.0) as usize);
                // The sign is an orientation.
                found.insert((dimension, *tag as i64), physical.map(|tag| tag.abs() as i64).collect());
            }
        }
        Ok(found)
    }

    fn nodes(&mut self) -> Result<Vec<(u64, [f64; 3])>, GmshError> {
        let [blocks, ..]: [i64; 4] = self.whole("the numbers of blocks and nodes")?;
        let mut found = Vec::new();
        for _ in 0..blocks {
            let [_, _, _, count]: [i64; 4] = self.whole("a block of nodes")?;
            let mut tags = Vec::new();
            for _ in 0..count {
                let [tag] = self.whole("the tag of a node")?;
                tags.push(tag as u64);
            }
            for tag in tags {
                let numbers: Vec<f64> = self.numbers("three coordinates")?;
                let point = numbers.get(..3).and_then(|n| n.try_into().ok());
                let point: Option<[f64; 3]> = point.filter(|p: &[f64; 3]| p.iter().all(|x| x.is_finite()));
                found.push((tag, point.ok_or_else(|| self.unexpected("three coordinates", "others"))?));
            }
        }
        Ok(found)
    }

    fn elements(&mut self) -> Result<Vec<Element>, GmshError> {
        let [blocks, ..]: [i64; 4] = self.whole("the numbers of blocks and elements")?;
        let mut found = Vec::new();
        for _ in 0..blocks {
            let [dimension, entity, kind, count]: [i64; 4] = self.whole("a block of elements")?;
            let line = self.line;
            // Kinds of first order: 1 lines, 2 triangles, 4 tetrahedra, 15 points.
            let nodes = match kind {
                1 => 2,
                2 => 3,
                4 => 4,
                15 => 1,
                _ => return Err(GmshError::Kind { line, kind: kind as u64 }),
            };
            for _ in 0..count {
                let numbers: Vec<u64> = self.numbers("an element")?;
                let Some(tags) = numbers.get(1..=nodes) else {
                    return Err(self.unexpected("an element", "too few nodes"));
                };
                let dimension = dimension.clamp(0, 3) as usize;
                if nodes == dimension + 1 {
                    found.push(Element { line: self.line, dimension, entity, nodes: tags.to_vec() });
                }
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: &str = "$MeshFormat\n4.1 0 8\n$EndMeshFormat\n$PhysicalNames\n2\n1 1 \"floor\"\n2 5 \"fluid\"\n\
        $EndPhysicalNames\n$Entities\n0 1 1 0\n1 0 0 0 1 0 0 1 1 2 1 -2\n1 0 0 0 1 1 0 1 5 1 1\n$EndEntities\n\
        $Nodes\n1 4 1 4\n2 1 0 4\n1\n2\n3\n4\n0 0 0\n1 0 0\n1 1 0\n0 1 0\n$EndNodes\n\
        $Elements\n2 3 1 3\n1 1 1 1\n1 1 2\n2 1 2 2\n2 1 2 3\n3 1 3 4\n$EndElements\n";

    #[test]
    fn a_square_with_a_named_floor() {
        let mesh = read_gmsh(SQUARE.as_bytes()).unwrap();
        assert_eq!((mesh.dimension, mesh.nodes.len()), (2, 4));
        assert_eq!(mesh.cells, [(vec![0, 1, 2], Some(1)), (vec![0, 2, 3], Some(1))]);
        assert_eq!(mesh.facets, [(vec![0, 1], Some(0))]);
        assert_eq!(mesh.groups, ["floor", "fluid"]);
    }

    #[test]
    fn an_entity_is_in_one_named_group() {
        let twice = SQUARE.replacen("0 0 1 1 2 1 -2", "0 0 2 1 7 2 1 -2", 1);
        assert_eq!(read_gmsh(twice.as_bytes()).unwrap().facets, [(vec![0, 1], Some(0))]);
        let named = twice.replacen("2\n1 1 \"floor\"", "3\n1 1 \"floor\"\n1 7 \"all\"", 1);
        let told = read_gmsh(named.as_bytes()).unwrap_err().to_string();
        assert_eq!(told, "curve 1 is in the physical groups `floor` and `all`; give each curve one of its own");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let told = |from: &str, to: &str| read_gmsh(SQUARE.replacen(from, to, 1).as_bytes()).unwrap_err().to_string();
        assert!(told("4.1 0 8", "2.2 0 8").starts_with("not a mesh of version 4.1 (found `2.2 0 8`)"));
        assert!(told("4.1 0 8", "4.1 1 8").starts_with("binary meshes"));
        assert_eq!(told("1 1 0\n0 1 0", "1 x 0\n0 1 0"), "line 23: three coordinates expected, found `x`");
        assert_eq!(told("3 1 3 4", "3 1 3 9"), "line 32: there is no node 9");
        assert!(told("2 1 2 2\n", "2 1 9 2\n").starts_with("line 30: elements of kind 9 are not read"));
        assert_eq!(told("$Nodes", "$Other"), "there is no section `$Nodes`");
        assert_eq!(told("0 1 0\n$EndNodes", "0 1 4\n$EndNodes"), "the triangles do not lie in the plane z = 0");
        assert_eq!(read_gmsh(b"hello").unwrap_err(), GmshError::Version { found: "hello".into() });
        for end in 0..SQUARE.len() {
            let _ = read_gmsh(&SQUARE.as_bytes()[..end]);
        }
    }
}
