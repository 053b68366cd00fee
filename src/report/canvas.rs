//! A drawing surface: text, lines, dots and pixel images, written as SVG or PNG.

use kuva::RasterBackend;
use kuva::backend::svg::SvgBackend;
use kuva::render::color::Color;
use kuva::render::render::{Primitive, Scene, TextAnchor};

use super::colour::Colour;

/// Pixels of a PNG for one unit of the canvas (1/96 inch): 288 dots an inch.
const PNG_SCALE: f32 = 3.0;

/// A rectangle; y grows downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Area {
    pub fn right(self) -> f64 {
        self.x + self.width
    }

    pub fn bottom(self) -> f64 {
        self.y + self.height
    }
}

/// Which point of a text its coordinates mean.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pen {
    pub colour: Colour,
    pub width: f64,
    pub dashed: bool,
}

impl Pen {
    pub fn solid(colour: Colour, width: f64) -> Self {
        Self { colour, width, dashed: false }
    }
}

struct Image {
    area: Area,
    columns: usize,
    pixels: Vec<Colour>,
}

/// Collects what is drawn; images lie below everything else.
pub(super) struct Canvas {
    scene: Scene,
    images: Vec<Image>,
}

impl Canvas {
    pub fn new(width: f64, height: f64) -> Self {
        let mut scene = Scene::new(width, height);
        scene.font_family = Some("DejaVu Sans, Verdana, Arial, sans-serif".into());
        Self { scene, images: Vec::new() }
    }

    pub fn text(&mut self, x: f64, y: f64, content: &str, size: u32, anchor: Anchor) {
        self.add_text(x, y, content, size, anchor, None, false);
    }

    pub fn bold_text(&mut self, x: f64, y: f64, content: &str, size: u32, anchor: Anchor) {
        self.add_text(x, y, content, size, anchor, None, true);
    }

    /// Text that reads upwards, centred.
    pub fn upward_text(&mut self, x: f64, y: f64, content: &str, size: u32) {
        self.add_text(x, y, content, size, Anchor::Middle, Some(-90.0), false);
    }

    #[allow(clippy::too_many_arguments)] // one place that lists what the library wants
    fn add_text(&mut self, x: f64, y: f64, text: &str, size: u32, anchor: Anchor, rotate: Option<f64>, bold: bool) {
        let anchor = match anchor {
            Anchor::Start => TextAnchor::Start,
            Anchor::Middle => TextAnchor::Middle,
            Anchor::End => TextAnchor::End,
        };
        // The library reads mathematics between dollar signs.
        let content = text.replace('$', "\\$");
        self.scene.add(Primitive::Text { x, y, content, size, anchor, rotate, bold, color: None });
    }

    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), pen: Pen) {
        self.polyline(vec![from, to], pen);
    }

    /// Dashes are cut here: the library begins each segment of a curve with a new dash, which hides them on fine curves.
    pub fn polyline(&mut self, points: Vec<(f64, f64)>, pen: Pen) {
        let pieces = if pen.dashed { dashes(&points, 6.0, 4.0 + pen.width) } else { vec![points] };
        for points in pieces {
            let (stroke, stroke_width) = (colour(pen.colour), pen.width);
            self.scene.add(Primitive::PolyLine { points, stroke, stroke_width, stroke_dasharray: None });
        }
    }

    pub fn frame(&mut self, area: Area, pen: Pen) {
        self.scene.add(Primitive::Rect {
            x: area.x,
            y: area.y,
            width: area.width,
            height: area.height,
            fill: Color::None,
            stroke: Some(colour(pen.colour)),
            stroke_width: Some(pen.width),
            opacity: None,
        });
    }

    pub fn dots(&mut self, points: &[(f64, f64)], radius: f64, fill: Colour) {
        let (cx, cy) = points.iter().copied().unzip();
        let fill = colour(fill);
        self.scene.add(Primitive::CircleBatch {
            cx,
            cy,
            r: radius,
            fill,
            fill_opacity: None,
            stroke: None,
            stroke_width: None,
        });
    }

    /// An image of `columns` pixels a row, the top row first, stretched over the area.
    pub fn image(&mut self, area: Area, columns: usize, pixels: Vec<Colour>) {
        self.images.push(Image { area, columns, pixels });
    }

    /// Images are embedded as PNG: as rectangles they would take megabytes.
    pub fn into_svg(self) -> Result<String, String> {
        let svg = SvgBackend::new().render_scene(&self.scene);
        let mut images = String::new();
        for image in &self.images {
            images.push_str(&image.svg_element()?);
        }
        // The first rectangle is the background; what follows it lies on it.
        let background = svg.find("<rect").and_then(|start| svg[start..].find("/>").map(|length| start + length + 2));
        let at = background.ok_or("the picture has no background")?;
        Ok(format!("{}{images}{}", &svg[..at], &svg[at..]))
    }

    pub fn into_png(self) -> Result<Vec<u8>, String> {
        let Self { mut scene, images } = self;
        let cells = images.iter().map(|image| image.cells(image.area));
        scene.elements.splice(0..0, cells.collect::<Vec<_>>());
        RasterBackend::new().with_scale(PNG_SCALE).render_scene(&scene)
    }
}

impl Image {
    fn rows(&self) -> usize {
        self.pixels.len() / self.columns.max(1)
    }

    /// One rectangle a pixel.
    fn cells(&self, area: Area) -> Primitive {
        let (width, height) = (area.width / self.columns as f64, area.height / self.rows() as f64);
        let count = self.pixels.len();
        Primitive::RectBatch {
            x: (0..count).map(|i| area.x + (i % self.columns) as f64 * width).collect(),
            y: (0..count).map(|i| area.y + (i / self.columns) as f64 * height).collect(),
            w: vec![width; count],
            h: vec![height; count],
            fills: self.pixels.iter().map(|&pixel| colour(pixel)).collect(),
        }
    }

    fn svg_element(&self) -> Result<String, String> {
        let (width, height) = (self.columns as f64, self.rows() as f64);
        let mut scene = Scene::new(width, height);
        scene.add(self.cells(Area { x: 0.0, y: 0.0, width, height }));
        let png = RasterBackend::new().with_scale(1.0).render_scene(&scene)?;
        let Area { x, y, width, height } = self.area;
        Ok(format!(
            "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\" \
             href=\"data:image/png;base64,{}\"/>",
            base64(&png)
        ))
    }
}

/// Cuts a polyline into dashes of a length with gaps between them.
fn dashes(points: &[(f64, f64)], dash: f64, gap: f64) -> Vec<Vec<(f64, f64)>> {
    let mut pieces = Vec::new();
    let Some(&first) = points.first() else { return pieces };
    let (mut piece, mut left, mut drawing, mut at) = (vec![first], dash, true, first);
    for &to in &points[1..] {
        let mut length = (to.0 - at.0).hypot(to.1 - at.1);
        while length > left {
            let part = left / length;
            at = (at.0 + part * (to.0 - at.0), at.1 + part * (to.1 - at.1));
            length -= left;
            piece.push(at);
            let ended = std::mem::replace(&mut piece, vec![at]);
            if drawing {
                pieces.push(ended);
            }
            drawing = !drawing;
            left = if drawing { dash } else { gap };
        }
        left -= length;
        at = to;
        piece.push(to);
    }
    if drawing && piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

fn colour(colour: Colour) -> Color {
    Color::Rgb(colour.0, colour.1, colour.2)
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0u32, |bits, i| bits << 8 | u32::from(*chunk.get(i).unwrap_or(&0)));
        for i in 0..4 {
            let symbol = ALPHABET[(bits >> (18 - 6 * i) & 63) as usize];
            text.push(if i <= chunk.len() { char::from(symbol) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_run_on_over_corners() {
        let points: Vec<(f64, f64)> = (0..=20).map(|i| (f64::from(i), 0.0)).collect();
        let pieces = dashes(&points, 5.5, 2.0);
        let ends: Vec<(f64, f64)> = pieces.iter().map(|p| (p[0].0, p[p.len() - 1].0)).collect();
        assert_eq!(ends, [(0.0, 5.5), (7.5, 13.0), (15.0, 20.0)]);
        assert!(dashes(&[], 1.0, 1.0).is_empty());
    }

    #[test]
    fn base64_of_the_rfc() {
        let told =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        for (text, coded) in told {
            assert_eq!(base64(text.as_bytes()), coded);
        }
    }
}
