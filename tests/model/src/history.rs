//! All that a member did, and the sums over it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use chrono::NaiveDate;
use loyalty_core::activity::{Activity, Line, LineKind};
use loyalty_core::id::AuthorId;
use loyalty_core::money::Rounding;
use loyalty_core::program::document::{Counted, Counter, Currency, Document, Sum, SumOf};
use loyalty_core::time::Window;

use crate::Model;
use crate::basis::{basis_of, net_paid, numeric, returnable_units};
use crate::calendar::Instant;
use crate::calendar::{Calendar, Moment, covers, first_slot, slot};
use crate::condition::{Facts, line_fits};
use crate::number::{BigInt, Exact, power_of_ten, round, whole};
use crate::rerate::Taken;
use crate::share::Share;
use crate::vesting::{Fate, Given};

/// One purchase or event of the past, with what has come back of it since.
#[derive(Debug, Clone)]
pub struct Past {
    /// What happened.
    pub activity: Activity,
    /// When.
    pub moment: Moment,
    /// The awards, one for each currency and terms.
    pub awards: Vec<Given>,
    /// The counters in which it counts.
    pub counted: BTreeSet<String>,
    /// What each of them came to with it.
    pub reached: BTreeMap<String, Exact>,
    /// What each limit against fraud measured of it.
    pub measured: BTreeMap<String, Exact>,
    /// Whether a limit had what it earned reviewed; not where it earned nothing.
    pub reviewed: bool,
    /// Every part that has come back: the line, from 0, and its units.
    pub returned: Vec<(usize, Exact)>,
    /// The money given back without goods.
    pub refunded: Exact,
    /// What returns took and did not give again.
    pub taken: Taken,
    /// What grants gave it, by the places in all that they gave.
    pub gifts: Vec<usize>,
    /// The referrals that it made qualify, and whether it does still.
    pub referrals: Vec<(String, bool)>,
    /// What grants credited by it: the counter, how much in its unit, and whether that is kept.
    pub credits: Vec<(String, Exact, bool)>,
    /// The budgets of which it was told what is left, by a moment of their windows.
    pub read: Vec<(AuthorId, Moment)>,
    /// Whether what it earned was refused.
    pub refused: bool,
    /// The member just before it.
    pub before: Rc<Model>,
}

impl Past {
    /// What happens at a moment to a member, before it is rated.
    pub fn new((activity, moment): (&Activity, Moment), counted: BTreeSet<String>, before: &Model) -> Self {
        Self {
            activity: activity.clone(),
            moment,
            awards: Vec::new(),
            counted,
            reached: BTreeMap::new(),
            measured: BTreeMap::new(),
            reviewed: false,
            returned: Vec::new(),
            refunded: crate::number::whole(0),
            taken: Taken::default(),
            gifts: Vec::new(),
            referrals: Vec::new(),
            credits: Vec::new(),
            read: Vec::new(),
            refused: false,
            before: Rc::new(before.clone()),
        }
    }

    /// The lines of a purchase; none of anything else.
    pub fn lines(&self) -> &[Line] {
        match &self.activity {
            Activity::Purchase(purchase) => &purchase.lines,
            _ => &[],
        }
    }

    /// How many units of each line there were. Without lines, the whole is one unit.
    pub fn units(&self) -> Vec<Exact> {
        if self.lines().is_empty() {
            return vec![whole(1)];
        }
        self.lines().iter().map(returnable_units).collect()
    }

    /// How many of these have come back.
    pub fn back(&self) -> Vec<Exact> {
        let of_line = |at: usize| self.returned.iter().filter(|r| r.0 == at).map(|r| &r.1).sum();
        (0..self.units().len()).map(of_line).collect()
    }

    /// How many of them have not come back.
    pub fn left(&self) -> Vec<Exact> {
        self.units().into_iter().zip(self.back()).map(|(units, back)| units - back).collect()
    }

    /// As if nothing had come back.
    pub fn before_returns(&self) -> Self {
        let given_whole = |share: &Share| Share { rerated: None, ..share.clone() };
        let given = |given: &Given| Given {
            share: given_whole(&given.share),
            caps: given.caps.iter().map(|(id, share)| (id.clone(), given_whole(share))).collect(),
            ..given.clone()
        };
        let awards = self.awards.iter().map(given).collect();
        // What was refused never was.
        let credits = self
            .credits
            .iter()
            .map(|(id, amount, kept)| (id.clone(), amount.clone(), *kept || !self.refused));
        let credits = credits.collect();
        Self { returned: Vec::new(), refunded: crate::number::whole(0), awards, credits, ..self.clone() }
    }

    /// What was paid for what has not come back.
    pub fn paid(&self) -> Exact {
        let lines = self.lines().iter().zip(self.left());
        lines.map(|(line, left)| to_4_decimals(&(net_paid(line) * left / returnable_units(line)))).sum()
    }

    /// The part of the price of what is kept that was not given back.
    pub fn unrefunded(&self) -> Exact {
        match self.refunded > whole(0) {
            true => (whole(1) - &self.refunded / self.paid().max(self.refunded.clone())).max(whole(0)),
            false => whole(1),
        }
    }

    /// The part of each line that is kept, from 0 to 1.
    pub fn parts_kept(&self) -> Vec<Exact> {
        let units = self.left().into_iter().zip(self.units());
        units.map(|(left, units)| left / units * self.unrefunded()).collect()
    }

    /// Whether nothing is kept.
    pub fn is_all_back(&self) -> bool {
        self.parts_kept().iter().all(|part| *part == whole(0))
    }

    /// What is kept of a share on each line, in minor units.
    pub fn kept(&self, share: &Share) -> Vec<BigInt> {
        share.kept(&self.parts_kept().into_iter().map(|part| whole(1) - part).collect::<Vec<_>>())
    }

    /// What is kept of a share of an award and was not cancelled.
    fn counting(&self, given: &Given, share: &Share) -> BigInt {
        let lines = self.kept(share).into_iter().zip(&given.fates);
        lines.filter(|(_, fate)| **fate != Fate::Cancelled).map(|(points, _)| points).sum()
    }

    /// What it adds to a counter, after all that has come back; nothing where it does not count.
    fn counts(&self, counter: &Counter, currencies: &[Currency]) -> Option<Exact> {
        if !self.counted.contains(counter.id.as_str()) {
            return None;
        }
        let is_kept = || !self.is_all_back();
        let kept = |id: &AuthorId| {
            let own = self.awards.iter().filter(|given| given.currency == id.as_str());
            whole(own.map(|given| self.counting(given, &given.share)).sum::<BigInt>())
        };
        Some(match &counter.counts {
            Counted::Earned(currency) => kept(currency),
            Counted::EarnedOfKind(kind) => {
                let of_kind = currencies.iter().filter(|currency| currency.kind == *kind);
                of_kind.map(|currency| kept(&currency.id) / power_of_ten(currency.scale.into())).sum()
            }
            Counted::Spend(basis) => self.sum(counter, |line| basis_of(line, basis)),
            Counted::Sum(Sum { attribute, of: SumOf::Lines }) => {
                self.sum(counter, |line| numeric(&line.attributes, attribute.as_str()))
            }
            Counted::Sum(Sum { attribute, of: SumOf::Purchase }) if is_kept() => self.attribute(attribute),
            Counted::Sum(Sum { attribute, of: SumOf::Event(_) }) => self.attribute(attribute),
            Counted::Sum(_) => whole(0),
            Counted::Purchases | Counted::Days => whole(i32::from(is_kept())),
            Counted::Events(_) => whole(1),
        })
    }

    /// Whether it opens a window of the counter, however much of it comes back later.
    pub fn opens(&self, counter: &Counter, currencies: &[Currency]) -> bool {
        let any = |id: &AuthorId| {
            let own = |it: &&Given| it.currency == id.as_str() && it.share.points != BigInt::ZERO;
            self.awards.iter().any(|it| own(&it))
        };
        let counts = match &counter.counts {
            Counted::Earned(currency) => any(currency),
            Counted::EarnedOfKind(kind) => currencies.iter().any(|it| it.kind == *kind && any(&it.id)),
            Counted::Sum(Sum { attribute, of: SumOf::Purchase | SumOf::Event(_) }) => {
                self.attribute(attribute) != whole(0)
            }
            _ => true,
        };
        counts && self.counted.contains(counter.id.as_str())
            || self.credits.iter().any(|it| it.0 == counter.id.as_str())
    }

    /// What grants credited to a counter by it.
    fn credited(&self, counter: &Counter) -> Exact {
        let own = self.credits.iter().filter(|it| it.0 == counter.id.as_str() && it.2);
        own.map(|it| it.1.clone()).sum()
    }

    fn attribute(&self, id: &AuthorId) -> Exact {
        let attributes = match &self.activity {
            Activity::Purchase(purchase) => &purchase.attributes,
            Activity::Event(event) => &event.attributes,
            _ => return whole(0),
        };
        numeric(attributes, id.as_str()).map_or(whole(0), |value| to_4_decimals(&value))
    }

    /// The sum of what the counter looks at, as far as it is kept.
    fn sum(&self, counter: &Counter, value: impl Fn(&Line) -> Option<Exact>) -> Exact {
        let items = self.lines().iter().zip(self.left()).filter(|(line, _)| line.kind == LineKind::Item);
        let looked_at = items.filter(|(line, _)| counter.lines.as_ref().is_none_or(|it| line_fits(it, line)));
        let kept = looked_at.filter_map(|(line, left)| Some(value(line)? * left / returnable_units(line)));
        to_4_decimals(&(to_4_decimals(&kept.sum()) * self.unrefunded()))
    }
}

/// Rounded once to what money keeps.
pub fn to_4_decimals(value: &Exact) -> Exact {
    whole(round(&(value * power_of_ten(4)), Rounding::HalfEven)) / power_of_ten(4)
}

/// Whether an activity is of those that a counter looks at, its condition apart.
pub fn looks_at(counter: &Counter, activity: &Activity) -> bool {
    match (&counter.counts, activity) {
        (Counted::Earned(_) | Counted::EarnedOfKind(_), _) => true,
        (
            Counted::Events(name) | Counted::Sum(Sum { of: SumOf::Event(name), .. }),
            Activity::Event(event),
        ) => event.name == *name,
        (Counted::Events(_) | Counted::Sum(Sum { of: SumOf::Event(_), .. }), _) => false,
        (_, activity) => matches!(activity, Activity::Purchase(_)),
    }
}

/// The value of a counter, read at a moment: points in minor units, whole points of a kind, money or another sum,
/// or occasions.
pub fn counter(past: &[Past], counter: &Counter, currencies: &[Currency], read: Moment) -> Exact {
    let credited: Exact = in_window(past, counter, read).map(|past| past.credited(counter)).sum();
    let inside = in_window(past, counter, read);
    let counting = inside.filter_map(|past| Some((past.moment.date, past.counts(counter, currencies)?)));
    if counter.counts == Counted::Days {
        let days: BTreeSet<NaiveDate> = counting.filter(|it| it.1 > whole(0)).map(|it| it.0).collect();
        return whole(days.len());
    }
    counting.map(|it| it.1).sum::<Exact>() + credited
}

/// A counter's pasts in its window; days are whole ones.
fn in_window<'a>(past: &'a [Past], counter: &Counter, read: Moment) -> impl Iterator<Item = &'a Past> {
    let window = counter.window;
    past.iter().filter(move |past| covers(window, read, past.moment))
}

/// What conditions on the past look at: everything before an activity.
pub struct Before<'a> {
    /// The program.
    pub document: &'a Document,
    /// Its calendar.
    pub calendar: &'a Calendar,
    /// What the member did.
    pub past: &'a [Past],
    /// When the activity happens.
    pub now: Moment,
}

impl<'a> Before<'a> {
    /// The counter of an id.
    pub fn named(&self, id: &AuthorId) -> &'a Counter {
        let found = self.document.counters.iter().find(|counter| counter.id == *id);
        found.expect("a checked program names its own counters")
    }

    /// What a counter holds: whole points, money or another sum, or occasions.
    pub fn counter(&self, id: &AuthorId) -> Exact {
        let counted = self.named(id);
        let scale = match &counted.counts {
            Counted::Earned(currency) => self.document.currencies.iter().find(|it| it.id == *currency),
            _ => None,
        };
        let value = counter(self.past, counted, &self.document.currencies, self.now);
        value / scale.map_or(whole(1), |currency| power_of_ten(currency.scale.into()))
    }

    /// The number that an activity has among the occasions of a counter; none where it is no new one.
    pub fn number_of(&self, counted: &Counter, facts: &Facts<'_>) -> Option<Exact> {
        let counts =
            looks_at(counted, facts.activity) && counted.when.as_ref().is_none_or(|it| facts.hold(it));
        let kept_today = self.past.iter().any(|past| {
            past.moment.date == self.now.date
                && past.counts(counted, &self.document.currencies).is_some_and(|count| count > whole(0))
        });
        let is_new = counted.counts != Counted::Days || !kept_today;
        (counts && is_new).then(|| self.counter(&counted.id) + whole(1))
    }

    /// The most that a counter ever came to with something in its present window.
    pub fn reached(&self, counted: &Counter) -> Option<Exact> {
        let inside = in_window(self.past, counted, self.now);
        inside.filter_map(|past| past.reached.get(counted.id.as_str()).cloned()).max()
    }

    /// When a counter last counted.
    pub fn last(&self, id: &AuthorId) -> Option<Instant> {
        let counting = self.past.iter().filter(|past| past.counted.contains(id.as_str()));
        counting.map(|past| past.moment.at).max()
    }
}

/// The most that a cap has counted in any window that holds `now`, in minor units: of what activities earned, and
/// of what levels gave. Where people carry their own dates, something may have happened on a later date already.
pub fn cap_used(
    (past, of_levels): (&[Past], &[(Moment, BigInt)]),
    id: &str,
    window: Window,
    now: Moment,
) -> Exact {
    let of_activity = |past: &Past| {
        let all = past.awards.iter().flat_map(|given| given.caps.iter().map(move |cap| (given, cap)));
        let own = all.filter(|(_, cap)| cap.0 == id).map(|(given, cap)| past.counting(given, &cap.1));
        (past.moment, own.sum::<BigInt>())
    };
    let of_activities = past.iter().map(of_activity);
    let all: Vec<_> = of_activities.chain(of_levels.iter().cloned()).collect();
    let reads = all.iter().map(|it| it.0).chain([now]).filter(|read| covers(window, *read, now));
    let used = |read| {
        let inside = all.iter().filter(|it| covers(window, read, it.0));
        inside.map(|it| whole(it.1.clone())).sum()
    };
    reads.map(used).max().expect("one is read now")
}

/// Whether so much happened since that the engine no longer keeps all of a counter's window as it is read.
pub fn is_forgotten(past: &[Past], counter: &Counter, document: &Document, read: Moment) -> bool {
    let within = document.returns.within.map_or(0, |span| span.most_days()).max(2);
    let spare = |days: usize| (within.div_ceil(days) + 1).clamp(3, 64);
    let by_day = counter.counts == Counted::Days;
    let kept = match (counter.window.fewest_days(), counter.window.most_days()) {
        (_, Some(most)) if by_day => most + spare(1),
        (fewest, _) => counter.window.most_slots() + fewest.map_or(3, spare),
    };
    let kept = kept + windows_before(document, counter);
    let opened = past.iter().filter(|past| past.opens(counter, &document.currencies));
    let slots: BTreeSet<_> = opened.map(|past| slot(counter.window, by_day, past.moment)).collect();
    if slots.len() < kept {
        return false;
    }
    let first = first_slot(counter.window, by_day, read);
    slots.iter().filter(|slot| **slot > first).count() >= kept
}

/// How many windows before the one read streaks look at.
fn windows_before(document: &Document, counter: &Counter) -> usize {
    let mut most = 0;
    for level in document.tiers.iter().flat_map(|track| &track.levels) {
        for asked in [&level.reach, &level.keep, &level.lifetime].into_iter().flatten() {
            asked.streaks(&mut |streak| {
                if streak.counter == counter.id {
                    most = most.max(usize::from(streak.windows) - 1);
                }
            });
        }
    }
    most
}
