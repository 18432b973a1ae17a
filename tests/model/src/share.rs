//! Points spread over the lines of a purchase, so that a part that comes back takes its part of them.

use loyalty_core::activity::{Line, LineKind};

use crate::basis::net_paid;
use crate::number::{BigInt, Exact, whole};

/// What is needed of a rule that contributed to know which lines its points belong to.
#[derive(Debug, Clone, Default)]
pub struct Contribution {
    /// Its value line by line, where it is nothing but a sum of such values.
    pub by_line: Option<Vec<Exact>>,
    /// The lines that a rate or full steps counted.
    pub counted: Vec<usize>,
}

/// Points and where they lie.
#[derive(Debug, Clone, Default)]
pub struct Share {
    /// All of them.
    pub points: BigInt,
    /// Those of each line; all of them together where there is no line.
    pub lines: Vec<BigInt>,
    /// What each line keeps, where what is kept was rated anew.
    pub rerated: Option<Vec<BigInt>>,
}

impl Share {
    /// Spreads `points` over `lines`.
    pub fn new(points: BigInt, contributions: &[Contribution], lines: &[Line]) -> Self {
        if lines.is_empty() {
            return Self { lines: vec![points.clone()], points, rerated: None };
        }
        let spread = as_earned(&points, contributions, lines)
            .unwrap_or_else(|| largest_remainder(&points, &weights(contributions, lines)));
        Self { points, lines: spread, rerated: None }
    }

    /// What each line keeps of which these parts, from 0 to 1, have come back.
    pub fn kept(&self, back: &[Exact]) -> Vec<BigInt> {
        if let Some(kept) = &self.rerated {
            return kept.clone();
        }
        let kept_of =
            |(points, back): (&BigInt, &Exact)| points - (whole(points.clone()) * back).floor().to_integer();
        self.lines.iter().zip(back).map(kept_of).collect()
    }
}

/// The points of each line as its rules gave them, if they are whole and nothing changed them later.
fn as_earned(points: &BigInt, contributions: &[Contribution], lines: &[Line]) -> Option<Vec<BigInt>> {
    let mut sums = vec![whole(0); lines.len()];
    for contribution in contributions {
        for (sum, value) in sums.iter_mut().zip(contribution.by_line.as_ref()?) {
            if !value.is_integer() {
                return None;
            }
            *sum += value;
        }
    }
    let unchanged = sums.iter().sum::<Exact>() == whole(points.clone());
    let given = sums.iter().all(|sum| *sum >= whole(0));
    (unchanged && given).then(|| sums.iter().map(Exact::to_integer).collect())
}

fn weights(contributions: &[Contribution], lines: &[Line]) -> Vec<Exact> {
    let where_it = |fits: &dyn Fn(usize) -> bool, weight: &dyn Fn(&Line) -> Exact| -> Vec<Exact> {
        let each = lines.iter().enumerate();
        each.map(|(at, line)| if fits(at) { weight(line) } else { whole(0) }).collect()
    };
    let counted = |at| contributions.iter().any(|contribution| contribution.counted.contains(&at));
    let item = |at: usize| lines[at].kind == LineKind::Item;
    let paid = |line: &Line| net_paid(line).max(whole(0));
    let choices = [
        where_it(&counted, &paid),
        where_it(&item, &paid),
        where_it(&item, &|_| whole(1)),
        where_it(&|_| true, &|_| whole(1)),
    ];
    choices.into_iter().find(|weights| weights.iter().any(|w| *w > whole(0))).unwrap_or_default()
}

/// Splits `points` in proportion to `weights`; of equal remainders the earlier comes first.
pub fn largest_remainder(points: &BigInt, weights: &[Exact]) -> Vec<BigInt> {
    let all: Exact = weights.iter().sum();
    if all == whole(0) {
        return (0..weights.len()).map(|at| if at == 0 { points.clone() } else { BigInt::ZERO }).collect();
    }
    let ideal: Vec<Exact> = weights.iter().map(|weight| whole(points.clone()) * weight / &all).collect();
    let mut parts: Vec<BigInt> = ideal.iter().map(|part| part.floor().to_integer()).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(ideal[*at].clone() - ideal[*at].floor()));
    for at in order {
        if parts.iter().sum::<BigInt>() < *points {
            parts[at] += 1;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 10 over 1 : 1 : 1 is 3 1/3 each; the odd one goes to the first. 7 over 1 : 2 : 0 is 2 1/3 and 4 2/3.
    #[test]
    fn remainders_go_to_the_largest_and_then_to_the_first() {
        let split = |points: i32, weights: &[i32]| {
            let weights: Vec<Exact> = weights.iter().map(|w| whole(*w)).collect();
            largest_remainder(&points.into(), &weights)
        };
        assert_eq!(split(10, &[1, 1, 1]), [4, 3, 3].map(BigInt::from));
        assert_eq!(split(7, &[1, 2, 0]), [2, 5, 0].map(BigInt::from));
        assert_eq!(split(0, &[1, 2]), [0, 0].map(BigInt::from));
    }
}
