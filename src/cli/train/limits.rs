//! When a run is to stop.

use std::str::FromStr;
use std::time::Duration;

use crate::model::Settings;
use crate::train::Limits;

/// `--until 'l2<1e-6'`: the error that is to be reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target(pub f64);

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let example = "write a bound of the relative L2 error, such as `l2<1e-6`";
        let (quantity, bound) = text.split_once('<').ok_or(example)?;
        let bound = bound.trim_start_matches('=').trim();
        match bound.parse::<f64>() {
            Ok(bound) if quantity.trim() == "l2" && bound > 0.0 && bound.is_finite() => Ok(Self(bound)),
            _ => Err(example.to_owned()),
        }
    }
}

/// What ends a run: what the command line says comes before what the file says.
pub fn of(time: Option<Duration>, settings: &Settings) -> Limits {
    let budget = settings.budget.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    Limits { time: time.or(budget), steps: None, target: settings.target }
}

/// `90`, `90s`, `10m`, `1.5h`, `200ms`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let split = text.find(|c: char| c.is_ascii_alphabetic() && c != 'e' && c != 'E').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit {
        "" | "s" => 1.0,
        "ms" => 1e-3,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(format!("`{unit}` is no unit of time; there are ms, s, m and h")),
    };
    let seconds = number.trim().parse::<f64>().map_err(|_| "write a time, such as `90s` or `10m`".to_owned())?;
    match Duration::try_from_secs_f64(seconds * factor) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err("a time is greater than 0".to_owned()),
    }
}

/// `--name TAG`: a part of the name of a folder.
pub fn tag(text: &str) -> Result<String, String> {
    let sound = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '=');
    if text.is_empty() || text.len() > 64 || !text.chars().all(sound) {
        return Err("a name has letters, digits, `_`, `-`, `.` and `=`, at most 64".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (text, seconds) in [("90", 90.0), ("1.5h", 5400.0), ("10m", 600.0), (" 200 ms", 0.2), ("1e2s", 100.0)] {
            assert_eq!(duration(text), Ok(Duration::from_secs_f64(seconds)), "{text}");
        }
        for wrong in ["", "m", "-1s", "0", "10 days", "nan", "inf", "1e300h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn targets_are_bounds_of_the_error() {
        assert_eq!("l2<1e-6".parse(), Ok(Target(1e-6)));
        assert_eq!(" l2 <= 0.5 ".parse(), Ok(Target(0.5)));
        for wrong in ["", "1e-6", "loss<1e-6", "l2<0", "l2<-1", "l2<x", "l2>1", "l2<nan"] {
            assert!(wrong.parse::<Target>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn tags_stay_inside_of_their_folder() {
        assert_eq!(tag("lr=1e-3").as_deref(), Ok("lr=1e-3"));
        for wrong in ["", "a/b", "a b", "\u{1b}[31m"] {
            assert!(tag(wrong).is_err(), "{wrong}");
        }
    }
}
