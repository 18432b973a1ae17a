//! Limits against fraud: every activity of the past is looked at again.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use loyalty_core::activity::{Activity, AttributeValue, LineKind};
use loyalty_core::id::AuthorId;
use loyalty_core::program::document::{
    Basis, Currency, Interval, Limit, LimitAnswer, LimitedActivities, LimitedAmount, Measure, Sharing, Usual,
};
use loyalty_core::time::{Rolling, Window};

use crate::Refused;
use crate::basis::basis_of;
use crate::calendar::{Moment, covers, later};
use crate::condition::Facts;
use crate::history::{Past, to_4_decimals};
use crate::number::{BigInt, Exact, exact, minor_units, whole};
use crate::rating::Rated;

/// The most activities that are measured to the instant.
const MOST_TO_THE_INSTANT: u32 = 64;

/// An activity that is held against the limits of its program.
pub struct Holding<'a> {
    /// What happened, to whom.
    pub facts: &'a Facts<'a>,
    /// Whether it is the member's first.
    pub enrols: bool,
}

/// What limits make of an activity that they do not refuse.
#[derive(Debug, Default)]
pub struct Held {
    /// What each limit counts.
    pub measured: BTreeMap<String, Exact>,
    /// Whether points were lowered.
    pub clipped: bool,
    /// Whether somebody has to look at it.
    pub review: bool,
}

/// Points of the activity, by currency and terms.
type Points<'p, 'd> = &'p mut Vec<(&'d Currency, Vec<Rated>)>;

impl Holding<'_> {
    /// Lowers the points, or refuses.
    pub fn hold(&self, points: Points<'_, '_>) -> Result<Held, Refused> {
        let mut held = Held::default();
        let activity = self.facts.activity;
        if !matches!(activity, Activity::Purchase(_) | Activity::Event(_)) {
            return Ok(held);
        }
        for limit in &self.facts.before.document.limits {
            if !limit.when.as_ref().is_none_or(|when| self.facts.hold(when)) {
                continue;
            }
            let Some((value, exceeded)) = self.read(limit, points) else { continue };
            let mut counts = value;
            match limit.then {
                LimitAnswer::Block if exceeded => return Err(Refused::Limit),
                LimitAnswer::Clip if exceeded => {
                    counts = self.clip(limit, points);
                    held.clipped = true;
                }
                LimitAnswer::Review if exceeded => held.review = true,
                _ => {}
            }
            held.measured.insert(limit.id.to_string(), counts);
        }
        Ok(held)
    }

    /// What a limit counts of the activity, and whether that is above it; nothing where it is not measured.
    fn read(&self, limit: &Limit, points: Points<'_, '_>) -> Option<(Exact, bool)> {
        let one = whole(1);
        let now = self.now();
        Some(match &limit.measures {
            Measure::Activities(limited) => {
                let others = match to_the_instant(limited) {
                    Some(length) => self.most_within(limit, length),
                    None => self.most_in(limit, limited.window),
                };
                (one.clone(), others + one > whole(limited.at_most))
            }
            Measure::Spend(limited) => {
                let value = self.worth(&limited.basis)?;
                let sum = self.most_in(limit, limited.window) + &value;
                (value, sum > exact(limited.at_most))
            }
            Measure::Points(limited) => {
                let (currency, rated) = points.iter().find(|one| one.0.id == limited.currency)?;
                let earned: BigInt = rated.iter().map(|rated| &rated.award.points).sum();
                let value = Some(whole(earned)).filter(|value| *value > whole(0))?;
                let sum = self.most_in(limit, limited.window) + &value;
                (value, sum > minor_units(limited.at_most, currency.scale))
            }
            Measure::Amount(limited) => {
                let value = self.worth(&limited.basis)?;
                let exceeded = self
                    .usual(limit, limited)
                    .is_some_and(|usual| value > usual * exact(limited.at_most_times));
                (value, exceeded)
            }
            Measure::Interval(interval) => {
                let apart = |(other, _): (Moment, Exact)| (other.at - now.at).abs();
                let nearest = self.others(limit).into_iter().map(apart).min();
                (one, nearest.is_some_and(|nearest| nearest < length_of(*interval)))
            }
            Measure::SinceEnrolment(_) if self.enrols => return None,
            Measure::SinceEnrolment(span) => (whole(0), now.date < later(now.enrolled, *span)),
            Measure::Shared(limited) => {
                let text = text_of(&limited.by, self.facts.activity)?;
                let same = |past: &&Past| {
                    let measured = past.measured.contains_key(limit.id.as_str());
                    measured && text_of(&limited.by, &past.activity) == Some(text)
                };
                let past = self.facts.before.past.iter().filter(same);
                let others = match limited.counts {
                    // There is one member only.
                    Sharing::Members => 0,
                    Sharing::Activities => {
                        past.filter(|past| covers(limited.window, now, past.moment)).count()
                    }
                };
                (one.clone(), whole(others) + one > whole(limited.at_most))
            }
        })
    }

    /// Leaves what fits, and gives it.
    fn clip(&self, limit: &Limit, points: Points<'_, '_>) -> Exact {
        let Measure::Points(limited) = &limit.measures else {
            unreachable!("the checker lets points only be clipped")
        };
        let used = self.most_in(limit, limited.window);
        let found = points.iter_mut().find(|one| one.0.id == limited.currency);
        let (currency, rated) = found.expect("what was measured");
        let room = (minor_units(limited.at_most, currency.scale) - used).max(whole(0));
        // What is given first is kept first.
        let mut left = room.to_integer();
        for one in rated {
            let kept = left.clone().min(one.award.points.clone());
            left -= &kept;
            one.clip(kept, self.facts.lines());
        }
        room
    }

    fn now(&self) -> Moment {
        self.facts.before.now
    }

    /// What a limit measured before, and when.
    fn others(&self, limit: &Limit) -> Vec<(Moment, Exact)> {
        let measured = self.facts.before.past.iter();
        measured
            .filter_map(|past| Some((past.moment, past.measured.get(limit.id.as_str())?.clone())))
            .collect()
    }

    /// The most that any window has which the activity joins, without it.
    fn most_in(&self, limit: &Limit, window: Window) -> Exact {
        let (others, now) = (self.others(limit), self.now());
        let reads = others.iter().map(|it| it.0).chain([now]).filter(|read| covers(window, *read, now));
        let sum = |read| others.iter().filter(|it| covers(window, read, it.0)).map(|it| &it.1).sum();
        reads.map(sum).max().expect("one is read now")
    }

    /// The same of any stretch of time, to the instant.
    fn most_within(&self, limit: &Limit, length: TimeDelta) -> Exact {
        let (others, now) = (self.others(limit), self.now().at);
        let holds = |end, at| end - length < at && at <= end;
        let ends = others.iter().map(|it| it.0.at).chain([now]).filter(|end| holds(*end, now));
        let count = |end| others.iter().filter(|it| holds(end, it.0.at)).count();
        whole(ends.map(count).max().expect("one ends now"))
    }

    /// What is usual for the member, once enough is known.
    fn usual(&self, limit: &Limit, limited: &LimitedAmount) -> Option<Exact> {
        let days = Window::Rolling(Rolling { days: Some(90), ..Rolling::default() });
        let others = self.others(limit).into_iter();
        let amounts: Vec<Exact> = others.filter(|it| covers(days, self.now(), it.0)).map(|it| it.1).collect();
        if amounts.len() < usize::from(limited.after) {
            return None;
        }
        Some(match limited.of {
            Usual::Mean => amounts.iter().sum::<Exact>() / whole(amounts.len()),
            Usual::Maximum => amounts.into_iter().max()?,
        })
    }

    /// What the item lines add up to; nothing where that is 0 or less.
    fn worth(&self, basis: &Basis) -> Option<Exact> {
        let items = self.facts.lines().iter().filter(|line| line.kind == LineKind::Item);
        let sum = to_4_decimals(&items.filter_map(|line| basis_of(line, basis)).sum());
        Some(sum).filter(|sum| *sum > whole(0))
    }
}

/// The text of an attribute.
fn text_of<'a>(name: &AuthorId, activity: &'a Activity) -> Option<&'a str> {
    let attributes = match activity {
        Activity::Purchase(purchase) => &purchase.attributes,
        Activity::Event(event) => &event.attributes,
        _ => return None,
    };
    attributes.iter().find(|it| it.name == name.as_str()).and_then(|it| match &it.value {
        AttributeValue::Text(text) => Some(text.as_str()),
        AttributeValue::Flag(_) => None,
    })
}

fn to_the_instant(limited: &LimitedActivities) -> Option<TimeDelta> {
    let Window::Rolling(rolling) = limited.window else { return None };
    let minutes = rolling.minutes.map(|minutes| TimeDelta::minutes(minutes.into()));
    let length = minutes.or(rolling.hours.map(|hours| TimeDelta::hours(hours.into())));
    length.filter(|_| limited.at_most <= MOST_TO_THE_INSTANT)
}

fn length_of(interval: Interval) -> TimeDelta {
    match interval {
        Interval::Seconds(seconds) => TimeDelta::seconds(seconds.into()),
        Interval::Minutes(minutes) => TimeDelta::minutes(minutes.into()),
        Interval::Hours(hours) => TimeDelta::hours(hours.into()),
    }
}
