//! Points: whole numbers of a currency's minor units, every sum checked.
//!
//! Source: the arithmetic of points lives here, in `money.rs` and in `time.rs` only.
#![allow(clippy::arithmetic_side_effects)]

use std::fmt;

use minicbor::{Decode, Decoder, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An amount left the range that the engine keeps exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an amount is larger than the engine keeps exact")]
pub struct OutOfRange;

/// An amount of one currency in its minor units, |value| ≤ 2^53 − 1.
///
/// The bound is the largest whole number that every JSON reader keeps exact.
///
/// ```
/// use loyalty_core::points::Points;
/// let sum = Points::new(40)?.plus(Points::new(2)?)?;
/// assert_eq!(sum.minor(), 42);
/// # Ok::<(), loyalty_core::points::OutOfRange>(())
/// ```
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    Encode,
    JsonSchema,
)]
#[serde(try_from = "i64", into = "i64")]
#[cbor(transparent)]
pub struct Points(#[n(0)] i64);

impl Points {
    /// No points.
    pub const ZERO: Self = Self(0);
    /// The largest amount, 2^53 − 1.
    pub const MAX: Self = Self((1 << 53) - 1);

    /// Points from minor units; an error above 2^53 − 1.
    pub fn new(minor: i64) -> Result<Self, OutOfRange> {
        Self::from_wide(i128::from(minor))
    }

    /// Points from a wide intermediate; an error above 2^53 − 1.
    pub fn from_wide(minor: i128) -> Result<Self, OutOfRange> {
        match i64::try_from(minor) {
            Ok(small) if small.unsigned_abs() <= Self::MAX.0.unsigned_abs() => Ok(Self(small)),
            _ => Err(OutOfRange),
        }
    }

    /// The minor units.
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// The sum, checked.
    pub fn plus(self, other: Self) -> Result<Self, OutOfRange> {
        Self::new(self.0 + other.0)
    }

    /// The difference, checked.
    pub fn minus(self, other: Self) -> Result<Self, OutOfRange> {
        Self::new(self.0 - other.0)
    }

    /// What is above `other`, or nothing.
    pub fn above(self, other: Self) -> Self {
        if self > other { Self(self.0 - other.0) } else { Self::ZERO }
    }

    /// Whether there is nothing here.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The same as an encoder asks it.
    pub(crate) const fn is_nothing(&self) -> bool {
        self.is_zero()
    }

    /// Whether this is more than nothing.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Whether this is less than nothing.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// As much below 0 as this is above, or the other way round.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self(self.0.wrapping_neg())
    }

    /// The amount as a decimal of whole points in a currency of `scale` decimals, such as `9.265`.
    pub fn in_whole_points(self, scale: u8) -> String {
        let unit = 10_i64.pow(u32::from(scale.min(4)));
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (self.0.abs() / unit, self.0.abs() % unit);
        if scale == 0 {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{part:0width$}", width = usize::from(scale.min(4)))
        }
    }
}

impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<i64> for Points {
    type Error = OutOfRange;
    fn try_from(minor: i64) -> Result<Self, OutOfRange> {
        Self::new(minor)
    }
}

impl<'b, C> Decode<'b, C> for Points {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::new(d.i64()?).map_err(minicbor::decode::Error::message)
    }
}

impl From<Points> for i64 {
    fn from(points: Points) -> i64 {
        points.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_the_largest_exact_json_integer() {
        assert_eq!(Points::new(9_007_199_254_740_991), Ok(Points::MAX));
        assert_eq!(Points::new(9_007_199_254_740_992), Err(OutOfRange));
        assert_eq!(Points::MAX.plus(Points(1)), Err(OutOfRange));
        assert_eq!(Points(-9_007_199_254_740_991).minus(Points(1)), Err(OutOfRange));
        for beyond in [9_007_199_254_740_992, i64::MAX, i64::MIN] {
            assert_eq!(Points::new(beyond), Err(OutOfRange));
            assert!(minicbor::decode::<Points>(&minicbor::to_vec(beyond).unwrap()).is_err());
        }
    }

    #[test]
    fn shown_in_whole_points() {
        assert_eq!(Points(9265).in_whole_points(3), "9.265");
        assert_eq!(Points(-5).in_whole_points(2), "-0.05");
        assert_eq!(Points(7).in_whole_points(0), "7");
    }
}
