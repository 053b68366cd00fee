//! Images for ParaView and other readers of VTK files: fields on regular grids, as XML.

use std::io::{self, Write};

/// One axis of a grid: where it begins, the distance of its points, how many there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImageAxis {
    /// The first coordinate.
    pub origin: f64,
    /// The distance between points.
    pub spacing: f64,
    /// The number of points.
    pub count: usize,
}

/// Writes an image of up to three axes (`.vti`). The values of each field have the last axis fastest; a file has the first
/// one fastest.
///
/// # Errors
/// What the system says.
pub fn write_image(axes: &[ImageAxis], fields: &[(&str, &[f64])], out: &mut dyn Write) -> io::Result<()> {
    let flat = ImageAxis { origin: 0.0, spacing: 1.0, count: 1 };
    let axis = |i: usize| axes.get(i).copied().unwrap_or(flat);
    let [x, y, z] = [axis(0), axis(1), axis(2)];
    let extent = format!("0 {} 0 {} 0 {}", x.count - 1, y.count - 1, z.count - 1);
    writeln!(out, "<?xml version=\"1.0\"?>")?;
    writeln!(out, "<VTKFile type=\"ImageData\" version=\"0.1\" byte_order=\"LittleEndian\">")?;
    let origin = format!("{:?} {:?} {:?}", x.origin, y.origin, z.origin);
    let spacing = format!("{:?} {:?} {:?}", x.spacing, y.spacing, z.spacing);
    writeln!(out, "<ImageData WholeExtent=\"{extent}\" Origin=\"{origin}\" Spacing=\"{spacing}\">")?;
    writeln!(out, "<Piece Extent=\"{extent}\">\n<PointData>")?;
    for (name, values) in fields {
        let name = escaped(name);
        writeln!(out, "<DataArray type=\"Float64\" Name=\"{name}\" NumberOfComponents=\"1\" format=\"ascii\">")?;
        for k in 0..z.count {
            for j in 0..y.count {
                let row = (0..x.count).map(|i| values[(i * y.count + j) * z.count + k]);
                let row: Vec<String> = row.map(|value| format!("{value:?}")).collect();
                writeln!(out, "{}", row.join(" "))?;
            }
        }
        writeln!(out, "</DataArray>")?;
    }
    writeln!(out, "</PointData>\n</Piece>\n</ImageData>\n</VTKFile>")
}

/// Writes the list of a series in time (`.pvd`): for each time the name of a file beside it.
///
/// # Errors
/// What the system says.
pub fn write_series(steps: &[(f64, String)], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\"?>")?;
    writeln!(out, "<VTKFile type=\"Collection\" version=\"0.1\" byte_order=\"LittleEndian\">\n<Collection>")?;
    for (time, file) in steps {
        writeln!(out, "<DataSet timestep=\"{time:?}\" part=\"0\" file=\"{}\"/>", escaped(file))?;
    }
    writeln!(out, "</Collection>\n</VTKFile>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_axis_is_fastest_in_a_file() {
        let axes =
            [ImageAxis { origin: -1.0, spacing: 0.5, count: 2 }, ImageAxis { origin: 0.0, spacing: 1.0, count: 3 }];
        let mut bytes = Vec::new();
        let values = [0.0, 1.0, 2.0, 10.0, 11.0, f64::NAN];
        write_image(&axes, &[("u<1 & \"v\"", &values)], &mut bytes).expect("memory is writable");
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert!(text.contains("WholeExtent=\"0 1 0 2 0 0\" Origin=\"-1.0 0.0 0.0\" Spacing=\"0.5 1.0 1.0\""), "{text}");
        assert!(text.contains("Name=\"u&lt;1 &amp; &quot;v&quot;\""), "{text}");
        assert!(text.contains("\n0.0 10.0\n1.0 11.0\n2.0 NaN\n"), "{text}");
    }

    #[test]
    fn a_series_lists_its_times() {
        let mut bytes = Vec::new();
        write_series(&[(0.0, "fields_0000.vti".into()), (0.5, "fields_0001.vti".into())], &mut bytes).expect("memory");
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert!(text.contains("<DataSet timestep=\"0.5\" part=\"0\" file=\"fields_0001.vti\"/>"), "{text}");
    }
}
