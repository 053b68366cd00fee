//! Colours: maps for values, and a palette for things.

use kuva::plot::ColorMap;

/// Red, green and blue.
pub(super) type Colour = (u8, u8, u8);

pub(super) const BLACK: Colour = (0, 0, 0);
pub(super) const GREY: Colour = (150, 150, 150);
pub(super) const PALE: Colour = (225, 225, 225);

/// From numbers to colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ColourMap {
    /// Dark blue to yellow, perceptually uniform: for solutions.
    #[default]
    Viridis,
    /// Black to pale yellow, perceptually uniform: for sizes of errors.
    Inferno,
    /// Blue over white to red, centred at zero: for signed errors.
    Diverging,
}

impl ColourMap {
    /// The colour of a value between 0 and 1; grey if it is not a number.
    pub(super) fn at(self, value: f64) -> Colour {
        if value.is_nan() {
            return GREY;
        }
        let value = value.clamp(0.0, 1.0);
        let (map, value) = match self {
            ColourMap::Viridis => (ColorMap::Viridis, value),
            ColourMap::Inferno => (ColorMap::Inferno, value),
            ColourMap::Diverging => (ColorMap::RedBlue, 1.0 - value),
        };
        map.map_rgb(value).unwrap_or(GREY)
    }
}

/// The palette of Okabe and Ito, told apart with any kind of colour vision; repeats after seven.
pub(super) fn palette(index: usize) -> Colour {
    const COLOURS: [Colour; 7] =
        [(213, 94, 0), (0, 114, 178), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233), (110, 80, 50)];
    COLOURS[index % COLOURS.len()]
}
