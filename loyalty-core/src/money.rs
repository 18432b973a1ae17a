//! Exact decimals and ratios: money, quantities, rates, multipliers, and the one place that rounds.
//!
//! `rust_decimal` reads and shows decimals; its own multiplication rounds silently, so arithmetic is done
//! on integers: every product is an integer ratio and is rounded once, where the program says.
#![allow(clippy::arithmetic_side_effects)]

use std::cmp::Ordering;
use std::fmt;

use minicbor::{Decode, Decoder, Encode, Encoder};
use rust_decimal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

pub use crate::points::OutOfRange;

/// A decimal text that is not exact in its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidDecimal {
    /// Not of the form `-12.34`.
    #[error("must be a decimal such as \"12.34\", without exponent or thousands mark")]
    Form,
    /// More digits than the kind keeps.
    #[error("must have at most 15 digits")]
    Digits,
    /// More decimals than the kind keeps.
    #[error("must have at most {0} decimals")]
    Places(u32),
    /// Outside the range of its kind.
    #[error("must be from 0 to below {0}")]
    Range(u32),
}

/// An exact decimal of at most 15 digits and `PLACES` decimals, kept as an integer of 10^-`PLACES`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Fixed<const PLACES: u32>(i128);

/// An amount of money: at most 15 digits and 4 decimals; may be negative.
pub type Money = Fixed<4>;
/// How many of a line's unit, or a numeric attribute: at most 15 digits and 6 decimals.
pub type Quantity = Fixed<6>;

impl<const PLACES: u32> Fixed<PLACES> {
    /// Zero.
    pub const ZERO: Self = Self(0);
    /// One whole.
    pub const ONE: Self = Self(10_i128.pow(PLACES));

    /// Whether it is nothing.
    pub const fn is_zero(&self) -> bool {
        self.0 == 0
    }

    /// Reads `-12.34`: no exponent, no sign `+`, no thousands marks.
    pub fn parse(text: &str) -> Result<Self, InvalidDecimal> {
        Self::parse_short(text.as_bytes()).map_or_else(|| Self::parse_any(text), Ok)
    }

    /// Reads what has at most 15 digits and `PLACES` decimals as it stands, as nearly every amount does.
    fn parse_short(text: &[u8]) -> Option<Self> {
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        let (mut units, mut point) = (0_i64, None);
        if digits.len() > 15 {
            return None;
        }
        for (place, byte) in digits.iter().enumerate() {
            match (byte, point) {
                (b'0'..=b'9', _) => units = units * 10 + i64::from(byte - b'0'),
                (b'.', None) if place > 0 => point = Some(place),
                _ => return None,
            }
        }
        let decimals = point.map_or(0, |place| digits.len() - place - 1) as u32;
        if digits.is_empty() || (point.is_some() && decimals == 0) || decimals > PLACES {
            return None;
        }
        let units = i128::from(units) * 10_i128.pow(PLACES - decimals);
        Some(Self(if digits.len() < text.len() { -units } else { units }))
    }

    fn parse_any(text: &str) -> Result<Self, InvalidDecimal> {
        let decimals = check_form(text.as_bytes())?;
        let read = Decimal::from_str_exact(text).map_err(|_| InvalidDecimal::Digits)?;
        if decimals > PLACES && read.normalize().scale() > PLACES {
            return Err(InvalidDecimal::Places(PLACES));
        }
        let read = if decimals > PLACES { read.normalize() } else { read };
        if read.mantissa().unsigned_abs() >= 10_u128.pow(15) {
            return Err(InvalidDecimal::Digits);
        }
        Ok(Self(read.mantissa() * 10_i128.pow(PLACES - read.scale())))
    }

    /// From an integer of 10^-`PLACES`.
    pub const fn from_units(units: i128) -> Self {
        Self(units)
    }

    /// The integer of 10^-`PLACES`.
    pub const fn units(self) -> i128 {
        self.0
    }

    /// The value as a ratio.
    pub const fn ratio(self) -> Ratio {
        Ratio { num: self.0, den: 10_i128.pow(PLACES) }
    }

    /// The value with at least so many decimals, as people write amounts of money.
    pub fn shown(self, places: u32) -> String {
        self.ratio().shown(places)
    }

    /// The value as a `Decimal`, for callers that use it.
    pub fn decimal(self) -> Decimal {
        Decimal::try_from_i128_with_scale(self.0, PLACES).unwrap_or(Decimal::MAX).normalize()
    }
}

/// Checks the form and gives the number of decimals.
fn check_form(text: &[u8]) -> Result<u32, InvalidDecimal> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let mut parts = digits.splitn(2, |b| *b == b'.');
    let whole = parts.next().unwrap_or_default();
    let part = parts.next();
    let all_digits = |s: &[u8]| !s.is_empty() && s.iter().all(u8::is_ascii_digit);
    if !all_digits(whole) || !part.is_none_or(all_digits) {
        return Err(InvalidDecimal::Form);
    }
    if digits.len() > 28 {
        return Err(InvalidDecimal::Digits);
    }
    Ok(part.map_or(0, |p| p.len() as u32))
}

impl<const PLACES: u32> fmt::Display for Fixed<PLACES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.decimal().fmt(f)
    }
}

impl<const PLACES: u32> fmt::Debug for Fixed<PLACES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const PLACES: u32> Serialize for Fixed<PLACES> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads a decimal out of a JSON string; a JSON number is refused, since its reader may have rounded it.
struct DecimalText<const PLACES: u32>;

impl<const PLACES: u32> serde::de::Visitor<'_> for DecimalText<PLACES> {
    type Value = Fixed<PLACES>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal as a string, such as \"12.34\"")
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Fixed::parse(text).map_err(E::custom)
    }
}

impl<'de, const PLACES: u32> Deserialize<'de> for Fixed<PLACES> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(DecimalText)
    }
}

fn decimal_schema(places: u32) -> Schema {
    let pattern = format!("^-?[0-9]{{1,15}}(\\.[0-9]{{1,{places}}})?$");
    let says = format!("a decimal in quotes, such as \"1.5\", with at most {places} decimals");
    schemars::json_schema!({ "description": says, "type": "string", "pattern": pattern })
}

impl<const PLACES: u32> JsonSchema for Fixed<PLACES> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Decimal{PLACES}").into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        decimal_schema(PLACES)
    }
}

/// Wide numbers in CBOR: as its integers where those are wide enough, else as 16 bytes.
pub(crate) mod wide {
    use minicbor::data::Type;
    use minicbor::encode::Write;
    use minicbor::{Decoder, Encoder};

    pub(crate) fn encode<C, W: Write>(
        value: &i128,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match i64::try_from(*value) {
            Ok(small) => e.i64(small)?.ok(),
            Err(_) => e.bytes(&value.to_be_bytes())?.ok(),
        }
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<i128, minicbor::decode::Error> {
        if d.datatype()? != Type::Bytes {
            return Ok(i128::from(d.i64()?));
        }
        let bytes = d.bytes()?.try_into();
        bytes
            .map(i128::from_be_bytes)
            .map_err(|_| minicbor::decode::Error::message("a wide number has 16 bytes"))
    }
}

impl<C, const PLACES: u32> Encode<C> for Fixed<PLACES> {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        wide::encode(&self.0, e, &mut ())
    }
}

impl<'b, C, const PLACES: u32> Decode<'b, C> for Fixed<PLACES> {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let units = wide::decode(d, &mut ())?;
        if units.unsigned_abs() >= 10_u128.pow(15 + PLACES) {
            return Err(minicbor::decode::Error::message("a number out of range"));
        }
        Ok(Self(units))
    }
}

macro_rules! bounded {
    ($(#[$doc:meta])* $name:ident, $places:literal, $below:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(Fixed<$places>);

        impl $name {
            /// Reads the decimal; an error outside its range.
            pub fn parse(text: &str) -> Result<Self, InvalidDecimal> {
                Fixed::parse(text).and_then(Self::try_from)
            }

            /// The value as a ratio.
            pub const fn ratio(self) -> Ratio {
                self.0.ratio()
            }
        }

        impl TryFrom<Fixed<$places>> for $name {
            type Error = InvalidDecimal;
            fn try_from(value: Fixed<$places>) -> Result<Self, InvalidDecimal> {
                let limit = $below * 10_i128.pow($places);
                if (0..limit).contains(&value.units()) { Ok(Self(value)) } else { Err(InvalidDecimal::Range($below)) }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::try_from(Fixed::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

bounded!(
    /// Points per unit of a basis: at most 6 decimals, from 0 to below 100,000.
    Rate, 6, 100_000
);
impl Multiplier {
    /// Nothing comes of it.
    pub const NOTHING: Self = Self(Fixed::ZERO);
}

bounded!(
    /// A factor on points: at most 3 decimals, from 0 to below 100.
    Multiplier, 3, 100
);

/// How a ratio becomes a whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// Toward minus infinity.
    Floor,
    /// Toward plus infinity.
    Ceil,
    /// To the nearest, halves away from zero.
    HalfUp,
    /// To the nearest, halves to the even neighbour.
    HalfEven,
}

/// The decimals of a money's smallest coin, as ISO 4217 has them: 2 where it says nothing else.
pub fn coin_places(currency: &str) -> u32 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND"
        | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// An exact quotient of two integers, never rounded until it is told to.
#[derive(Debug, Clone, Copy)]
pub struct Ratio {
    num: i128,
    /// INVARIANT: above 0.
    den: i128,
}

impl Ratio {
    /// Zero.
    pub const ZERO: Self = Self { num: 0, den: 1 };
    /// One.
    pub const ONE: Self = Self { num: 1, den: 1 };

    /// A whole number.
    pub const fn whole(value: i128) -> Self {
        Self { num: value, den: 1 }
    }

    /// `num / den`; an error when `den` is not above 0.
    pub const fn new(num: i128, den: i128) -> Result<Self, OutOfRange> {
        if den > 0 { Ok(Self { num, den }) } else { Err(OutOfRange) }
    }

    /// The sum. Equal denominators, the usual case, cost one addition.
    pub fn plus(self, other: Self) -> Result<Self, OutOfRange> {
        if self.den == other.den {
            return Ok(Self { num: self.num.checked_add(other.num).ok_or(OutOfRange)?, den: self.den });
        }
        self.try_plus(other).or_else(|_| self.reduced().try_plus(other.reduced()))
    }

    /// The difference.
    pub fn minus(self, other: Self) -> Result<Self, OutOfRange> {
        self.plus(Self { num: other.num.checked_neg().ok_or(OutOfRange)?, den: other.den })
    }

    /// The product.
    pub fn times(self, other: Self) -> Result<Self, OutOfRange> {
        self.try_times(other).or_else(|_| self.reduced().try_times(other.reduced()))
    }

    /// The whole number that `mode` makes of it.
    pub fn round(self, mode: Rounding) -> i128 {
        let floor = self.num.div_euclid(self.den);
        let rest = self.num.rem_euclid(self.den);
        let up = match mode {
            Rounding::Floor => false,
            Rounding::Ceil => rest > 0,
            Rounding::HalfUp => match rest.cmp(&(self.den - rest)) {
                Ordering::Equal => self.num > 0,
                order => order == Ordering::Greater,
            },
            Rounding::HalfEven => match rest.cmp(&(self.den - rest)) {
                Ordering::Equal => floor % 2 != 0,
                order => order == Ordering::Greater,
            },
        };
        floor + i128::from(up)
    }

    /// The money in whole coins of so many decimals, 0 to 4, toward minus infinity; an error above 15 digits.
    pub fn down_to_coins(self, places: u32) -> Result<Money, OutOfRange> {
        self.to_coins(places, Rounding::Floor)
    }

    /// Money in whole coins of so many decimals, rounded once.
    pub fn to_coins(self, places: u32, mode: Rounding) -> Result<Money, OutOfRange> {
        let places = places.min(4);
        let coins = self.times(Self::whole(10_i128.pow(places)))?.round(mode);
        let units = coins.checked_mul(10_i128.pow(4 - places)).ok_or(OutOfRange)?;
        if units.unsigned_abs() < 10_u128.pow(19) { Ok(Money::from_units(units)) } else { Err(OutOfRange) }
    }

    /// How many full `step`s are in it, toward minus infinity; an error when `step` is not above 0.
    pub fn full_steps(self, step: Self) -> Result<i128, OutOfRange> {
        Ok(self.over(step)?.round(Rounding::Floor))
    }

    /// The quotient; an error when `by` is not above 0.
    pub fn over(self, by: Self) -> Result<Self, OutOfRange> {
        self.times(Self::new(by.den, by.num)?)
    }

    /// The numerators of values over the denominator that all of them share.
    pub fn numerators(values: &[Self]) -> Result<Vec<i128>, OutOfRange> {
        let reduced = values.iter().map(|value| value.reduced());
        let shared = reduced.clone().try_fold(1_i128, |shared, Self { den, .. }| {
            let divisor = i128::try_from(gcd(shared.unsigned_abs(), den.unsigned_abs())).ok();
            shared.checked_mul(den.checked_div(divisor?)?)
        });
        let shared = shared.ok_or(OutOfRange)?;
        let over = |Self { num, den }: Self| num.checked_mul(shared.checked_div(den)?);
        reduced.map(over).collect::<Option<_>>().ok_or(OutOfRange)
    }

    /// Whether it is a whole number.
    pub const fn is_whole(self) -> bool {
        self.num % self.den == 0
    }

    /// With at least so many decimals where it is a decimal, else as a quotient.
    pub fn shown(self, places: u32) -> String {
        let shown = self.to_string();
        match Decimal::from_str_exact(&shown) {
            Ok(mut decimal) => {
                decimal.rescale(decimal.scale().max(places));
                decimal.to_string()
            }
            Err(_) => shown,
        }
    }

    /// Whether it is nothing.
    pub const fn is_zero(self) -> bool {
        self.num == 0
    }

    /// Whether it is below zero.
    pub const fn is_negative(self) -> bool {
        self.num < 0
    }

    /// The order of two values; an error when they are too large to compare.
    pub fn compare(self, other: Self) -> Result<Ordering, OutOfRange> {
        Ok(self.minus(other)?.num.cmp(&0))
    }

    fn try_plus(self, other: Self) -> Result<Self, OutOfRange> {
        let (low, high) = if self.den <= other.den { (self, other) } else { (other, self) };
        if high.den % low.den == 0 {
            let scaled = low.num.checked_mul(high.den / low.den).ok_or(OutOfRange)?;
            return Ok(Self { num: scaled.checked_add(high.num).ok_or(OutOfRange)?, den: high.den });
        }
        let left = self.num.checked_mul(other.den).ok_or(OutOfRange)?;
        let right = other.num.checked_mul(self.den).ok_or(OutOfRange)?;
        let den = self.den.checked_mul(other.den).ok_or(OutOfRange)?;
        Ok(Self { num: left.checked_add(right).ok_or(OutOfRange)?, den })
    }

    fn try_times(self, other: Self) -> Result<Self, OutOfRange> {
        let num = self.num.checked_mul(other.num).ok_or(OutOfRange)?;
        let den = self.den.checked_mul(other.den).ok_or(OutOfRange)?;
        Ok(Self { num, den })
    }

    /// The same value in its smallest terms, which leave the most room for products.
    #[must_use]
    pub fn reduced(self) -> Self {
        let divisor = gcd(self.num.unsigned_abs(), self.den.unsigned_abs()).max(1);
        match i128::try_from(divisor) {
            Ok(d) => Self { num: self.num / d, den: self.den / d },
            Err(_) => self,
        }
    }
}

impl fmt::Display for Ratio {
    /// As a decimal where it is one, else as a quotient.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let r = self.reduced();
        let exact = Decimal::try_from_i128_with_scale(r.num, 0).ok().zip(i64::try_from(r.den).ok());
        match exact {
            Some((num, den)) if is_decimal_denominator(den) => (num / Decimal::from(den)).normalize().fmt(f),
            _ => write!(f, "{}/{}", r.num, r.den),
        }
    }
}

/// Whether 1/den ends as a decimal: only factors 2 and 5.
fn is_decimal_denominator(mut den: i64) -> bool {
    for factor in [2, 5] {
        while den % factor == 0 {
            den /= factor;
        }
    }
    den == 1
}

/// The greatest number that divides both.
pub(crate) fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_exactly_or_refused() {
        assert_eq!(Money::parse("12.34").unwrap().units(), 123_400);
        assert_eq!(Money::parse("-0.05").unwrap().units(), -500);
        assert_eq!(Money::parse("1.23000").unwrap().units(), 12_300, "trailing zeros say nothing");
        assert_eq!(Money::parse("1.23456"), Err(InvalidDecimal::Places(4)));
        for (text, units) in
            [("7", 70_000), ("007.5", 75_000), ("-0.0001", -1), ("99999999999.999", 999_999_999_999_990)]
        {
            assert_eq!(Money::parse_short(text.as_bytes()).unwrap().units(), units, "{text}");
            assert_eq!(Money::parse_any(text).unwrap().units(), units, "{text}");
        }
        assert_eq!(Money::parse("999999999999999").unwrap().to_string(), "999999999999999");
        assert_eq!(Money::parse("1000000000000000"), Err(InvalidDecimal::Digits));
        for bad in ["", "-", ".5", "5.", "1e3", "+1", "1_000", "1,5", " 1", "0x1"] {
            assert_eq!(Money::parse(bad), Err(InvalidDecimal::Form), "{bad}");
        }
    }

    #[test]
    fn a_json_number_is_not_money() {
        assert!(serde_json::from_str::<Money>("1.5").is_err());
        assert!(serde_json::from_str::<Money>("1").is_err());
        assert_eq!(serde_json::to_string(&Money::parse("1.50").unwrap()).unwrap(), "\"1.5\"");
    }

    #[test]
    fn ranges_of_rates_and_multipliers() {
        assert!(Rate::parse("99999.999999").is_ok());
        assert_eq!(Rate::parse("100000"), Err(InvalidDecimal::Range(100_000)));
        assert_eq!(Multiplier::parse("-1"), Err(InvalidDecimal::Range(100)));
        assert_eq!(Multiplier::parse("1.2345"), Err(InvalidDecimal::Places(3)));
    }

    #[test]
    fn rounding_by_the_table() {
        use Rounding::{Ceil, Floor, HalfEven, HalfUp};
        // Twice the value, and what each mode makes of it: floor, ceil, half_up, half_even.
        for (halves, want) in
            [(5, [2, 3, 3, 2]), (-5, [-3, -2, -3, -2]), (3, [1, 2, 2, 2]), (4, [2, 2, 2, 2])]
        {
            let value = Ratio::new(halves, 2).unwrap();
            assert_eq!([Floor, Ceil, HalfUp, HalfEven].map(|m| value.round(m)), want, "{halves}/2");
        }
    }

    #[test]
    fn ratios_stay_exact() {
        let third = Ratio::new(1, 3).unwrap();
        let one = third.plus(third).unwrap().plus(third).unwrap();
        assert_eq!(one.compare(Ratio::ONE), Ok(Ordering::Equal));
        assert_eq!(Ratio::new(7, 1).unwrap().full_steps(Money::parse("2.00").unwrap().ratio()), Ok(3));
        assert_eq!(Ratio::new(-1, 1).unwrap().full_steps(Ratio::whole(2)), Ok(-1));
        assert_eq!(Ratio::whole(i128::MAX).times(Ratio::whole(2)).err(), Some(OutOfRange));
        assert_eq!(Ratio::new(2467, 100).unwrap().to_string(), "24.67");
        assert_eq!(third.to_string(), "1/3");
    }

    #[test]
    fn cbor_keeps_wide_values() {
        for text in ["0", "-12.34", "999999999999999", "-999999999999999"] {
            let value = Money::parse(text).unwrap();
            let bytes = minicbor::to_vec(value).unwrap();
            assert_eq!(minicbor::decode::<Money>(&bytes).unwrap(), value);
        }
    }
}
