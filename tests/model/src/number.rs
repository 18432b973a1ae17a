//! Exact numbers of any size, and the one function that rounds them.

use std::fmt::Display;

use loyalty_core::money::Rounding;
pub use num_bigint::BigInt;
use num_rational::BigRational;

/// An exact quotient.
pub type Exact = BigRational;

/// The whole number `n`.
pub fn whole(n: impl Into<BigInt>) -> Exact {
    Exact::from_integer(n.into())
}

/// Ten to the power `n`.
pub fn power_of_ten(n: usize) -> Exact {
    whole(BigInt::from(10).pow(u32::try_from(n).expect("a few digits")))
}

/// A number of points in minor units of a currency with `scale` decimals.
pub fn minor_units(points: impl Display, scale: u8) -> Exact {
    exact(points) * power_of_ten(usize::from(scale))
}

/// What a decimal of a program or an activity shows, such as `-12.34`.
pub fn exact(decimal: impl Display) -> Exact {
    parse(&decimal.to_string()).expect("a decimal shows as one")
}

/// Reads `-12.34`.
pub fn parse(text: &str) -> Option<Exact> {
    let (left, right) = text.split_once('.').unwrap_or((text, ""));
    let digits: BigInt = format!("{left}{right}").parse().ok()?;
    Some(whole(digits) / power_of_ten(right.len()))
}

/// The whole number that `mode` makes of `value`.
pub fn round(value: &Exact, mode: Rounding) -> BigInt {
    let half = whole(1) / whole(2);
    let rounded = match mode {
        Rounding::Floor => value.floor(),
        Rounding::Ceil => value.ceil(),
        Rounding::HalfUp if *value >= whole(0) => (value + half).floor(),
        Rounding::HalfUp => (value - half).ceil(),
        Rounding::HalfEven => {
            let nearest = (value + &half).floor();
            let is_half = &nearest - value == half;
            let is_odd = !(&nearest / whole(2)).is_integer();
            if is_half && is_odd { nearest - whole(1) } else { nearest }
        }
    };
    rounded.to_integer()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_at_halves_and_beside_them() {
        use Rounding::{Ceil, Floor, HalfEven, HalfUp};
        let table = [
            ("2.5", [2, 3, 3, 2]),
            ("-2.5", [-3, -2, -3, -2]),
            ("3.5", [3, 4, 4, 4]),
            ("-3.5", [-4, -3, -4, -4]),
            ("0.49", [0, 1, 0, 0]),
            ("-0.51", [-1, 0, -1, -1]),
            ("7", [7, 7, 7, 7]),
        ];
        for (value, want) in table {
            let got = [Floor, Ceil, HalfUp, HalfEven].map(|mode| round(&exact(value), mode));
            assert_eq!(got, want.map(BigInt::from), "{value}");
        }
    }

    #[test]
    fn decimals_are_read_as_they_stand() {
        assert_eq!(parse("-0.05"), Some(whole(-1) / whole(20)));
        assert_eq!(parse("12"), Some(whole(12)));
        assert_eq!(parse("twelve"), None);
        assert_eq!(minor_units("1.5", 3), whole(1500));
    }
}
