//! The part of an award that each line carries, fixed when it is given: returns take it back by line.

use super::Subject;
use super::stacking::{Contribution, Contributions};
use crate::money::{OutOfRange, Ratio, Rounding};
use crate::points::Points;

/// Decimals at which a line's net is exact: 4 of a unit price and 6 of a quantity.
const NET_PLACES: i128 = 10_i128.pow(10);

/// Splits an award over the lines of its purchase; the parts add up to it.
///
/// Lines that earned whole points by themselves keep them, if nothing changed the sum afterwards. Otherwise
/// the award is split by net value, the largest remainders up, ties to the earlier line.
pub fn by_line(
    points: Points,
    given: &Contributions<'_>,
    subject: &Subject<'_>,
) -> Result<Vec<Points>, OutOfRange> {
    let count = subject.lines().len();
    if count == 0 || points.is_zero() {
        return Ok(vec![Points::ZERO; count]);
    }
    match own_points(points, given, count)? {
        Some(own) => Ok(own),
        None => split(points, &weights(given, subject)?),
    }
}

/// What each line earned by itself, if that is the whole award.
fn own_points(
    points: Points,
    given: &Contributions<'_>,
    count: usize,
) -> Result<Option<Vec<Points>>, OutOfRange> {
    let mut own = vec![0_i128; count];
    for one in given.iter() {
        match one {
            Contribution::Line(line, Some(value)) => {
                if let Some(sum) = own.get_mut(*line) {
                    *sum = sum.checked_add(*value).ok_or(OutOfRange)?;
                }
            }
            Contribution::Line(_, None) | Contribution::Fixed => return Ok(None),
            Contribution::Rule(..) | Contribution::Cap(_) => {}
        }
    }
    let sum = own.iter().try_fold(0_i128, |sum, value| sum.checked_add(*value)).ok_or(OutOfRange)?;
    if sum != i128::from(points.minor()) || own.iter().any(|value| value.is_negative()) {
        return Ok(None);
    }
    own.into_iter().map(Points::from_wide).collect::<Result<_, _>>().map(Some)
}

/// By what the lines share: the net of the lines that rules counted, else of all items, else alike.
fn weights(given: &Contributions<'_>, subject: &Subject<'_>) -> Result<Vec<i128>, OutOfRange> {
    let lines = subject.lines();
    let mut counted = vec![false; lines.len()];
    for one in given.iter() {
        if let Contribution::Line(line, _) = one
            && let Some(mark) = counted.get_mut(*line)
        {
            *mark = true;
        }
    }
    let net = |wanted: &dyn Fn(usize) -> bool| -> Result<Vec<i128>, OutOfRange> {
        let each = lines.iter().enumerate().map(|(index, line)| {
            if !wanted(index) {
                return Ok(0);
            }
            Ok(line.net_paid()?.times(Ratio::whole(NET_PLACES))?.round(Rounding::Floor).max(0))
        });
        each.collect()
    };
    let is_item = |index: usize| lines.get(index).is_some_and(|line| line.kind.is_item());
    let mut weights = net(&|index| counted.get(index).copied().unwrap_or(false))?;
    if weights.iter().all(|weight| *weight == 0) {
        weights = net(&is_item)?;
    }
    if weights.iter().all(|weight| *weight == 0) {
        weights = (0..lines.len()).map(|index| i128::from(is_item(index))).collect();
    }
    if weights.iter().all(|weight| *weight == 0) {
        weights = vec![1; lines.len()];
    }
    Ok(weights)
}

/// Splits by largest remainder.
fn split(points: Points, weights: &[i128]) -> Result<Vec<Points>, OutOfRange> {
    let total = weights.iter().try_fold(0_i128, |sum, weight| sum.checked_add(*weight)).ok_or(OutOfRange)?;
    let mut parts = Vec::with_capacity(weights.len());
    let mut left = points;
    for (index, weight) in weights.iter().enumerate() {
        let product = Ratio::whole(i128::from(points.minor())).times(Ratio::whole(*weight))?;
        let part = product.times(Ratio::new(1, total)?)?;
        let whole = Points::from_wide(part.round(Rounding::Floor))?;
        left = left.minus(whole)?;
        parts.push((index, whole, part.minus(Ratio::whole(i128::from(whole.minor())))?));
    }
    // All remainders have the same denominator, so comparing them cannot overflow.
    parts.sort_by(|a, b| b.2.compare(a.2).unwrap_or(std::cmp::Ordering::Equal).then(a.0.cmp(&b.0)));
    let one = Points::new(1)?;
    for (_, part, _) in &mut parts {
        if left.is_positive() {
            *part = part.plus(one)?;
            left = left.minus(one)?;
        }
    }
    parts.sort_by_key(|part| part.0);
    Ok(parts.into_iter().map(|part| part.1).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

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
