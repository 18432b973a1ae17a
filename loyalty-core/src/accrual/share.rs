//! The part of an award that each line of its purchase carries: returns take it back by line.
//!
//! Nothing of it is stored: it follows from the award, the rules that took part and the purchase.

use super::basis::{self, Measured};
use super::measure;
use crate::activity::{Line, Purchase};
use crate::ledger::operation::Award;
use crate::money::{OutOfRange, Ratio, Rounding, gcd};
use crate::points::Points;
use crate::program::Program;
use crate::program::document::Rule;

/// Decimals at which a line's net is exact: 4 of a unit price and 6 of a quantity.
const NET_PLACES: Ratio = Ratio::whole(10_i128.pow(10));

/// Splits an award over the lines of its purchase; the parts add up to it. Without lines it is one part.
///
/// Lines that earned whole points by themselves keep them, if nothing changed the sum afterwards. Otherwise
/// the award is split by net value, the largest remainders up, ties to the earlier line.
pub fn by_line(award: &Award, purchase: &Purchase, program: &Program) -> Result<Vec<Points>, OutOfRange> {
    if purchase.lines.is_empty() {
        return Ok(vec![award.points]);
    }
    let rules = program.rules_of(&award.currency, &award.rules);
    let unit = program.currency(&award.currency).map_or(Ratio::ONE, |currency| currency.unit());
    match own_points(award.points, &rules, purchase, unit)? {
        Some(own) => Ok(own),
        None => split(award.points, &weights(&rules, purchase)?),
    }
}

/// What each line earned by itself, if that is the whole award.
fn own_points(
    points: Points,
    rules: &[&Rule],
    purchase: &Purchase,
    unit: Ratio,
) -> Result<Option<Vec<Points>>, OutOfRange> {
    if !rules.iter().all(|rule| measure::is_whole_at_line(rule)) {
        return Ok(None);
    }
    let mut own = vec![0_i128; purchase.lines.len()];
    for rule in rules {
        basis::for_each_counted(rule, purchase, None, |Measured { line, value }| {
            let given = measure::at_line(rule, value, unit)?;
            if let Some(sum) = own.get_mut(line) {
                *sum = sum.checked_add(given).ok_or(OutOfRange)?;
            }
            Ok::<(), OutOfRange>(())
        })?;
    }
    let sum = own.iter().try_fold(0_i128, |sum, value| sum.checked_add(*value)).ok_or(OutOfRange)?;
    if sum != i128::from(points.minor()) || own.iter().any(|value| value.is_negative()) {
        return Ok(None);
    }
    own.into_iter().map(Points::from_wide).collect::<Result<_, _>>().map(Some)
}

/// By what the lines share: the net of the lines that rules counted, else of all items, else alike.
fn weights(rules: &[&Rule], purchase: &Purchase) -> Result<Vec<i128>, OutOfRange> {
    let lines = &purchase.lines;
    let mut counted = vec![false; lines.len()];
    for rule in rules.iter().filter(|rule| rule.fixed.is_none()) {
        basis::for_each_counted(rule, purchase, None, |measured| {
            if let Some(mark) = counted.get_mut(measured.line) {
                *mark = true;
            }
            Ok::<(), OutOfRange>(())
        })?;
    }
    let items: Vec<bool> = lines.iter().map(|line| line.kind.is_item()).collect();
    for wanted in [&counted, &items] {
        let weights = net_of(lines, wanted)?;
        if weights.iter().any(|weight| *weight > 0) {
            return Ok(weights);
        }
    }
    let any_item = items.contains(&true);
    Ok(items.into_iter().map(|item| i128::from(item || !any_item)).collect())
}

/// The net of the wanted lines in 10^-10 of money, at least 0.
fn net_of(lines: &[Line], wanted: &[bool]) -> Result<Vec<i128>, OutOfRange> {
    let each = lines.iter().zip(wanted).map(|(line, wanted)| {
        if !wanted {
            return Ok(0);
        }
        Ok(line.net_paid()?.times(NET_PLACES)?.round(Rounding::Floor).max(0))
    });
    each.collect()
}

/// Splits by largest remainder, ties to the earlier; of weights that are all nothing none takes anything.
pub fn split(points: Points, weights: &[i128]) -> Result<Vec<Points>, OutOfRange> {
    let shared = weights.iter().fold(0, |shared, weight| gcd(shared, weight.unsigned_abs())).max(1);
    let shared = i128::try_from(shared).map_err(|_| OutOfRange)?;
    let weights: Vec<i128> = weights.iter().filter_map(|weight| weight.checked_div(shared)).collect();
    let total = weights.iter().try_fold(0_i128, |sum, weight| sum.checked_add(*weight)).ok_or(OutOfRange)?;
    if total == 0 {
        return Ok(vec![Points::ZERO; weights.len()]);
    }
    let mut left = points;
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    for (index, weight) in weights.iter().enumerate() {
        let (part, remainder) = part_of(points, *weight, total)?;
        left = left.minus(part)?;
        parts.push(part);
        remainders.push((remainder, index));
    }
    remainders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let one = Points::new(1)?;
    for (_, index) in remainders {
        if let Some(part) = parts.get_mut(index).filter(|_| left.is_positive()) {
            *part = part.plus(one)?;
            left = left.minus(one)?;
        }
    }
    Ok(parts)
}

/// `points` × `weight` ÷ `total` in whole points, and what is left over. Neither points nor weight are below 0.
fn part_of(points: Points, weight: i128, total: i128) -> Result<(Points, i128), OutOfRange> {
    if let Some(product) = i128::from(points.minor()).checked_mul(weight) {
        let part = Points::from_wide(product.checked_div(total).ok_or(OutOfRange)?)?;
        return Ok((part, product.checked_rem(total).ok_or(OutOfRange)?));
    }
    // A product that no number holds is divided as it grows, bit by bit.
    let (mut part, mut left) = (0_i128, 0_i128);
    for bit in (0..i64::BITS).rev() {
        part = part.checked_mul(2).ok_or(OutOfRange)?;
        left = left.checked_mul(2).ok_or(OutOfRange)?;
        if points.minor() >> bit & 1 == 1 {
            left = left.checked_add(weight).ok_or(OutOfRange)?;
        }
        part = part.checked_add(left.checked_div(total).ok_or(OutOfRange)?).ok_or(OutOfRange)?;
        left = left.checked_rem(total).ok_or(OutOfRange)?;
    }
    Ok((Points::from_wide(part)?, left))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The most points over weights of 3 : 1 of 10^35: 3/4 and 1/4 of 2^53 − 1, which leave ¼ and ¾ over.
    #[test]
    fn products_beyond_every_number_are_divided() {
        let unit = 10_i128.pow(35);
        let (part, left) = part_of(Points::MAX, 3 * unit, 4 * unit).unwrap();
        assert_eq!((part.minor(), left), (((1 << 53) - 4) / 4 * 3 + 2, unit));
        let (part, left) = part_of(Points::MAX, unit, 4 * unit).unwrap();
        assert_eq!((part.minor(), left), (((1 << 53) - 4) / 4, 3 * unit));
    }

    /// 10 over 1 : 1 : 1 is 3⅓ each: the first takes the one left over. 7 over 2 : 1 is 4⅔ and 2⅓.
    #[test]
    fn largest_remainders_go_up_earlier_lines_first() {
        let split = |points, weights: &[i128]| -> Vec<i64> {
            let parts = super::split(Points::new(points).unwrap(), weights).unwrap();
            parts.into_iter().map(Points::minor).collect()
        };
        assert_eq!(split(10, &[1, 1, 1]), [4, 3, 3]);
        assert_eq!(split(7, &[2, 1]), [5, 2]);
        assert_eq!(split(5, &[0, 3, 0]), [0, 5, 0]);
    }
}
