//! What is kept of a purchase, rated anew where the purchase stood; and what returns took of it.

use loyalty_core::activity::{Activity, Attribute, AttributeValue, Discount, Line};
use loyalty_core::money::{Money, Quantity, Rounding};
use loyalty_core::program::document::{AttributeKind, Document, Grant, Referral};

use crate::Model;
use crate::basis::{numeric, returnable_units, units};
use crate::condition::Facts;
use crate::history::Past;
use crate::lots::{Goal, Lots, Place, Reach, Taking};
use crate::number::{BigInt, Exact, exact, power_of_ten, round, whole};
use crate::rating::{Occasion, Rated, budget_key};
use crate::share::{Contribution, Share};
use crate::vesting::{Fate, Given};

impl Past {
    /// Works out what every award, and what every cap counts of it, keeps.
    pub fn rerate(&mut self) {
        let mut model = Model::clone(&self.before);
        model.forget_all_but(&self.read, self.moment);
        let levels = model.levels();
        let kept = self.kept_purchase(&model.document);
        let rated = |currency: &str, given: &Given| -> Option<Rated> {
            let (activity, _) = kept.as_ref()?;
            let currency = model.document.currencies.iter().find(|it| it.id.as_str() == currency)?;
            let before = model.before(&model.past, self.moment);
            let facts = model.facts(activity, self.moment, &levels, &before);
            let rated = model.rate_in(currency, &facts, Occasion::Itself)?;
            rated.into_iter().find(|rated| rated.terms == given.terms)
        };
        let lines = kept.as_ref().map(|(_, lines)| &lines[..]).unwrap_or_default();
        let mut awards = self.awards.clone();
        for given in &mut awards {
            let rated = rated(&given.currency, given);
            let of_award = rated.as_ref().map(|rated| (&rated.award, &rated.from[..]));
            if is_of_budget(given, &model.document) {
                continue;
            }
            self.keep(&mut given.share, of_award, lines);
            for (id, share) in &mut given.caps {
                let of_cap = rated.as_ref().and_then(|rated| {
                    let at = rated.caps.iter().position(|cap| cap.0 == *id)?;
                    Some((&rated.caps[at].1, &rated.under[at][..]))
                });
                self.keep(share, of_cap, lines);
            }
        }
        self.awards = awards;
    }

    /// The grants that what is kept would be given, where it stood.
    pub fn granted_for_what_is_kept(&self) -> Vec<Grant> {
        self.asked_for_what_is_kept(|model, facts| model.matching(facts, Occasion::Itself))
    }

    /// The referrals that what is kept would make qualify, where it stood.
    pub fn referring_for_what_is_kept(&self) -> Vec<Referral> {
        self.asked_for_what_is_kept(|model, facts| model.referring(facts))
    }

    fn asked_for_what_is_kept<T>(&self, ask: impl Fn(&Model, &Facts<'_>) -> Vec<T>) -> Vec<T> {
        let model = self.before.clone();
        let Some((activity, _)) = self.kept_purchase(&model.document) else { return Vec::new() };
        let levels = model.levels();
        let before = model.before(&model.past, self.moment);
        let facts = model.facts(&activity, self.moment, &levels, &before);
        ask(&model, &facts)
    }

    /// What a budget got back may have gone to others: an award that it pays for comes back in proportion, and no
    /// line of it keeps more than before.
    pub fn fall_with_budgets(&mut self, before: &Self) {
        let document = self.before.document.clone();
        let now = self.clone();
        let fall = |share: &mut Share, was: &Share| {
            let kept = now.kept(&Share { rerated: None, ..was.clone() }).into_iter().zip(before.kept(was));
            share.rerated = Some(kept.map(|(now, before)| now.min(before)).collect());
        };
        for (given, was) in self.awards.iter_mut().zip(&before.awards) {
            if is_of_budget(given, &document) {
                fall(&mut given.share, &was.share);
                given.caps.iter_mut().zip(&was.caps).for_each(|(cap, was)| fall(&mut cap.1, &was.1));
            }
        }
    }

    /// Notes the less of what was given and what `rated` would have been, on the lines that are kept.
    fn keep(&self, share: &mut Share, rated: Option<(&Share, &[Contribution])>, lines: &[(usize, Line)]) {
        let mut kept = vec![BigInt::ZERO; share.lines.len()];
        if let Some((rated, from)) = rated {
            let points = rated.points.clone().min(share.points.clone());
            let own: Vec<Line> = lines.iter().map(|line| line.1.clone()).collect();
            let places =
                if self.lines().is_empty() { vec![0] } else { lines.iter().map(|it| it.0).collect() };
            for (place, points) in places.into_iter().zip(Share::new(points, from, &own).lines) {
                kept[place] = points;
            }
        }
        share.rerated = Some(kept);
    }

    /// The purchase of what is kept, and the places of its lines; none where nothing is.
    fn kept_purchase(&self, document: &Document) -> Option<(Activity, Vec<(usize, Line)>)> {
        let Activity::Purchase(purchase) = &self.activity else { return None };
        if self.is_all_back() {
            return None;
        }
        let unrefunded = self.unrefunded();
        let lines = purchase.lines.iter().zip(self.left()).enumerate();
        let kept = lines.filter(|(_, (_, left))| *left > whole(0));
        let kept = kept.map(|(at, (line, left))| (at, kept_line(line, &left, &unrefunded, document)));
        let kept: Vec<(usize, Line)> = kept.collect();
        let lines = kept.iter().map(|line| line.1.clone()).collect();
        Some((Activity::Purchase(loyalty_core::activity::Purchase { lines, ..purchase.clone() }), kept))
    }
}

/// Whether a budget counts some of an award.
fn is_of_budget(given: &Given, document: &Document) -> bool {
    given.caps.iter().any(|cap| document.budgets.iter().any(|it| budget_key(&it.id) == cap.0))
}

/// A line of which `left` units are kept and this part of their price was not given back.
fn kept_line(line: &Line, left: &Exact, unrefunded: &Exact, document: &Document) -> Line {
    let part = left / returnable_units(line);
    let price = |amount: Exact| money(&(amount * &part * unrefunded));
    let number = |attribute: &Attribute| {
        let declared = document.attributes.iter().find(|it| it.id.as_str() == attribute.name);
        let is_number = declared.is_some_and(|it| it.values == AttributeKind::Number);
        let value = numeric(std::slice::from_ref(attribute), &attribute.name).filter(|_| is_number);
        let value = value
            .filter(|_| part != whole(1))
            .map(|value| AttributeValue::Text(quantity(&(value * &part)).to_string()));
        Attribute { name: attribute.name.clone(), value: value.unwrap_or(attribute.value.clone()) }
    };
    let by_unit = line.unit_price.filter(|_| *unrefunded == whole(1));
    let whole_line =
        line.unit_price.filter(|_| by_unit.is_none()).map(|each| price(exact(each) * units(line)));
    Line {
        quantity: if part == whole(1) { line.quantity } else { Some(quantity(left)) },
        gross: line.gross.map(|gross| price(exact(gross))).or(whole_line),
        unit_price: by_unit,
        net_of_store: line.net_of_store.map(|net| price(exact(net))),
        discounts: line
            .discounts
            .iter()
            .map(|it| Discount { amount: price(exact(it.amount)), ..*it })
            .collect(),
        attributes: line.attributes.iter().map(number).collect(),
        ..line.clone()
    }
}

fn money(value: &Exact) -> Money {
    Money::from_units(units_of(value, 4))
}

fn quantity(value: &Exact) -> Quantity {
    Quantity::from_units(units_of(value, 6))
}

fn units_of(value: &Exact, decimals: usize) -> i128 {
    let units = round(&(value * power_of_ten(decimals)), Rounding::HalfEven);
    i128::try_from(units).expect("less than there was")
}

/// What returns took of a purchase and did not give again.
#[derive(Debug, Clone, Default)]
pub struct Taken {
    /// Where it was found, in this order.
    from: Vec<Found>,
    /// What was not found, by currency.
    forgiven: Vec<(String, BigInt)>,
}

#[derive(Debug, Clone)]
struct Found {
    currency: String,
    /// The award, and the place that its points went to.
    of: (usize, Goal),
    at: Place,
    points: BigInt,
}

impl Taken {
    /// Takes what is due of each line of an award, or gives it again where it is below 0. Gives what was taken and
    /// what was missing.
    pub fn settle(
        &mut self,
        (award, given): (usize, &Given),
        due: &[BigInt],
        (lots, reach): (&mut Lots, &Reach),
    ) -> [BigInt; 2] {
        let mut sums = [BigInt::ZERO, BigInt::ZERO];
        let mut places: Vec<(Goal, BigInt)> = Vec::new();
        for (points, fate) in due.iter().zip(&given.fates) {
            match fate {
                Fate::Cancelled => {}
                Fate::Pending => {
                    lots.totals.clawed_back += points;
                    sums[0] += points;
                }
                Fate::Available(lapse) => {
                    let place = (*lapse, given.terms.partner.clone());
                    match places.iter_mut().find(|it| it.0 == place) {
                        Some((_, sum)) => *sum += points,
                        None => places.push((place, points.clone())),
                    }
                }
            }
        }
        for (place, points) in places {
            if points >= BigInt::ZERO {
                let taking = lots.take_back(&points, place.clone(), reach);
                sums[0] += taking.sum();
                sums[1] += &taking.forgiven;
                let Taking { found, forgiven, .. } = taking;
                self.forgiven.push((given.currency.clone(), forgiven));
                let (currency, of) = (given.currency.clone(), (award, place));
                let found = found.into_iter().map(|(at, points)| Found {
                    currency: currency.clone(),
                    of: of.clone(),
                    at,
                    points,
                });
                self.from.extend(found);
            } else {
                let [again, remembered] = self.give_again((award, place), -points, &given.currency, lots);
                sums[0] -= again;
                sums[1] -= remembered;
            }
        }
        sums
    }

    /// First what was missing is missed no more; then less is owed; then places get back what was taken, the last first and those that
    /// gave for the same award before others. What was taken while it waited goes where it would be by now.
    fn give_again(
        &mut self,
        of: (usize, Goal),
        points: BigInt,
        currency: &str,
        lots: &mut Lots,
    ) -> [BigInt; 2] {
        let mut left = points.clone();
        let mut remembered = BigInt::ZERO;
        for (_, missing) in self.forgiven.iter_mut().filter(|it| it.0 == currency) {
            let part = left.clone().min(missing.clone());
            *missing -= &part;
            left -= &part;
            remembered += part;
        }
        lots.totals.forgiven -= &remembered;
        left = lots.owe_less(&left);
        let again = left.clone();
        for own in [true, false] {
            let found =
                self.from.iter_mut().rev().filter(|it| it.currency == currency && (it.of == of) == own);
            for found in found {
                let part = left.clone().min(found.points.clone());
                found.points -= &part;
                left -= &part;
                lots.give_again(&part, found.at.clone());
            }
        }
        lots.give_anew(&left, of.1);
        [again, remembered]
    }
}
