//! What came of a command, in the words of a case, and where it is not what the case expects.

use std::collections::BTreeMap;
use std::fmt::Debug;

use loyalty_core::activity::Activity;
use loyalty_core::id::AuthorId;
use loyalty_core::json::answer::MemberStatus;
use loyalty_core::ledger::operation::{Award, Operation, Settlement, Take, TierChange};
use loyalty_core::ledger::posting::{Account, Posting};
use loyalty_core::member::{Balance, MemberState};
use loyalty_core::money::Money;
use loyalty_core::program::Program;
use loyalty_core::tier::Counts;
use loyalty_core::time::{Timestamp, When};

use super::case::{ChallengePoints, Change, Held, LevelPoints, Lot, Missed, Moved, Quoted, Then, Totals};

/// Of levels and of challenges.
type OfGoals = (Vec<LevelPoints>, Vec<ChallengePoints>);

/// The currency, the points, and what was forgiven.
type Moves = (AuthorId, i64, i64);

/// What came of recording or previewing, or what reading shows.
pub struct Found<'a> {
    /// The operation; none for a read.
    pub operation: Option<&'a Operation>,
    /// What fell due, of a read.
    pub settlement: Option<&'a Settlement>,
    pub state: &'a MemberState,
    /// The version in force at the instant of the command.
    pub program: &'a Program,
    /// When counters are read.
    pub when: When<'a>,
    /// Whether the member did nothing before.
    pub is_first: bool,
}

impl Found<'_> {
    /// Everything in which it differs from what is expected, and what the case should say and does not.
    pub fn differences(&self, then: &Then) -> Vec<String> {
        let mut differ = Vec::new();
        let activity = self.operation.and_then(|op| op.activity());
        let takes = matches!(activity, Some(Activity::Return(_)));
        let gives = activity.is_some() && !takes;
        must(&mut differ, "awards", gives, &then.awards, || self.awards());
        let spends = self.operation.is_some_and(|op| op.redeemed.is_some() || op.used.is_some());
        let deducts = self.operation.is_some_and(|op| op.postings.iter().any(deducts));
        must(&mut differ, "taken", takes || spends || deducts, &then.taken, || self.taken().0);
        same(&mut differ, "off", &then.off, &self.operation.and_then(off));
        let due = self
            .operation
            .and_then(|op| op.redeemed.as_ref().or(op.held.as_ref().map(|it| &it.redeemed))?.due);
        same(&mut differ, "due", &then.due, &due);
        same(&mut differ, "quoted", &then.quoted, &self.operation.and_then(quoted));
        same(&mut differ, "pay_back", &then.pay_back, &self.operation.and_then(|op| op.pay_back));
        same(&mut differ, "forgiven", &then.forgiven, &self.taken().1);
        same(&mut differ, "debt", &then.debt, &self.debt());
        same(&mut differ, "unmatched", &then.unmatched, &self.unmatched());
        same(&mut differ, "welcome", &then.welcome, &self.welcome());
        let with_welcome = |awards: &BTreeMap<String, i64>| {
            let mut all = awards.clone();
            then.welcome.iter().for_each(|(id, points)| *all.entry(id.clone()).or_default() += points);
            positive(&all)
        };
        let first_awards = then.awards.as_ref().filter(|_| self.is_first).map(with_welcome);
        let balances = then.balances.clone().or(first_awards);
        must(&mut differ, "balances", true, &balances, || self.balances());
        same(&mut differ, "pending", &then.pending, &self.pending());
        same(&mut differ, "held", &then.held, &self.held());
        let status = MemberStatus::of(self.state.stopped.as_ref()).name();
        same(&mut differ, "status", &then.status.as_deref().unwrap_or("active"), &status);
        may(&mut differ, "holds", &then.holds, || self.holds());
        let has_tiers = !self.program.document().tiers.is_empty();
        must(&mut differ, "tier", has_tiers, &then.tier, || self.tiers());
        may(&mut differ, "until", &then.until, || self.until());
        may(&mut differ, "changes", &then.changes, || self.changes());
        let (levels, challenges) = self.given_for_goals();
        same(&mut differ, "level_awards", &then.level_awards, &levels);
        same(&mut differ, "challenge_awards", &then.challenge_awards, &challenges);
        let (levels, challenges) = self.lost_by_goals();
        same(&mut differ, "level_takes", &then.level_takes, &levels);
        same(&mut differ, "challenge_takes", &then.challenge_takes, &challenges);
        self.of_gifts(&mut differ, then);
        may(&mut differ, "lots", &then.lots.clone().map(by_currency), || by_currency(self.lots()));
        may(&mut differ, "postings", &then.postings, || self.postings());
        may(&mut differ, "totals", &then.totals.clone().map(not_all_zero), || self.totals());
        for (id, expected) in then.counters.iter().flatten() {
            self.counter(&mut differ, id, *expected);
        }
        differ
    }

    fn given_for_goals(&self) -> OfGoals {
        sorted_out(self.operation.iter().flat_map(|op| &op.goal_awards).map(|it| {
            let moves = (it.award.currency.clone(), it.award.points.minor(), 0);
            (it.track.clone(), it.id.clone(), moves)
        }))
    }

    fn lost_by_goals(&self) -> OfGoals {
        sorted_out(self.operation.iter().flat_map(|op| &op.goal_takes).map(|it| {
            let Take { currency, points, forgiven, .. } = &it.take;
            (it.track.clone(), it.id.clone(), (currency.clone(), points.minor(), forgiven.minor()))
        }))
    }

    /// Over all terms.
    fn awards(&self) -> BTreeMap<String, i64> {
        sums(self.operation.iter().flat_map(|op| &op.awards))
    }

    /// What joining gave.
    fn welcome(&self) -> BTreeMap<String, i64> {
        sums(self.operation.iter().flat_map(|op| &op.welcome))
    }

    fn pending(&self) -> BTreeMap<String, i64> {
        let mut pending = BTreeMap::new();
        for one in &self.state.pending {
            *pending.entry(one.currency.to_string()).or_default() += one.points.minor();
        }
        pending
    }

    fn held(&self) -> BTreeMap<String, i64> {
        let mut held = BTreeMap::new();
        for one in self.state.holds.iter().map(|held| &held.redeemed) {
            let points: i64 = one.lots.iter().map(|lot| lot.points.minor()).sum();
            *held.entry(one.currency.to_string()).or_default() += points;
        }
        held
    }

    fn holds(&self) -> Vec<Held> {
        let each = self.state.holds.iter().map(|held| Held {
            hold: held.id.to_string(),
            points: held.redeemed.lots.iter().map(|lot| lot.points.minor()).sum(),
            until: held.until,
            off: held.redeemed.off,
        });
        each.collect()
    }

    /// What fell due first, then the operation's own.
    fn postings(&self) -> Vec<Moved> {
        let due = self.operation.map(|op| &op.settlement).or(self.settlement);
        let due: &[Posting] = due.map_or(&[], |settlement| &settlement.postings);
        let own: &[Posting] = self.operation.map_or(&[], |op| &op.postings);
        due.iter().chain(own).map(Moved::from).collect()
    }

    fn debt(&self) -> BTreeMap<String, i64> {
        let all = self.state.balances.iter().map(|it| (it.currency.to_string(), it.debt.minor()));
        positive(&all.collect())
    }

    /// What was taken, and what was forgiven, over all purchases that something came back of, by a redemption or by
    /// hand.
    fn taken(&self) -> (BTreeMap<String, i64>, BTreeMap<String, i64>) {
        let (mut taken, mut forgiven) = (BTreeMap::new(), BTreeMap::new());
        for take in self.operation.iter().flat_map(|op| &op.returned).flat_map(|r| &r.takes) {
            *taken.entry(take.currency.to_string()).or_default() += take.points.minor();
            if !take.forgiven.is_zero() {
                *forgiven.entry(take.currency.to_string()).or_default() += take.forgiven.minor();
            }
        }
        if let Some(redeemed) = self.operation.and_then(|op| op.redeemed.as_ref()) {
            let points = redeemed.lots.iter().map(|lot| lot.points.minor()).sum();
            taken.insert(redeemed.currency.to_string(), points);
        }
        for it in self.operation.iter().flat_map(|op| &op.postings).filter(|it| deducts(it)) {
            *taken.entry(it.currency.to_string()).or_default() += it.points.minor();
        }
        (taken, forgiven)
    }

    fn unmatched(&self) -> Vec<Missed> {
        self.operation.iter().flat_map(|op| &op.unmatched).map(Missed::from).collect()
    }

    fn balances(&self) -> BTreeMap<String, i64> {
        let sum = |b: &Balance| b.lots.iter().map(|lot| lot.points.minor()).sum();
        positive(&self.state.balances.iter().map(|b| (b.currency.to_string(), sum(b))).collect())
    }

    fn tiers(&self) -> BTreeMap<String, String> {
        self.state.tiers.iter().map(|held| (held.track.to_string(), held.level().to_string())).collect()
    }

    fn until(&self) -> BTreeMap<String, Option<Timestamp>> {
        self.state.tiers.iter().map(|held| (held.track.to_string(), held.until())).collect()
    }

    fn changes(&self) -> Vec<Change> {
        let due = self.operation.map(|op| &op.settlement).or(self.settlement);
        let due: &[TierChange] = due.map_or(&[], |settlement| &settlement.tier_changes);
        let own: &[TierChange] = self.operation.map_or(&[], |op| &op.tier_changes);
        due.iter().chain(own).map(Change::from).collect()
    }

    fn lots(&self) -> Vec<Lot> {
        let of = |b: &Balance| {
            let currency = b.currency.to_string();
            let lot = move |lot: &loyalty_core::member::Lot| Lot {
                currency: currency.clone(),
                points: lot.points.minor(),
                expires_at: b.living.lapses_at(lot),
                funded_by: lot.funded_by.clone(),
            };
            b.lots.iter().map(lot).collect::<Vec<_>>()
        };
        self.state.balances.iter().flat_map(of).collect()
    }

    fn totals(&self) -> BTreeMap<String, Totals> {
        let of = |b: &Balance| Totals {
            earned: b.earned.minor(),
            clawed_back: b.clawed_back.minor(),
            expired: b.expired.minor(),
            forgiven: b.forgiven.minor(),
            cancelled: b.cancelled.minor(),
            redeemed: b.redeemed.minor(),
            adjusted: b.adjusted.minor(),
            given: b.given.minor(),
            received: b.received.minor(),
            forfeited: b.forfeited.minor(),
            accruals: b.accruals,
        };
        not_all_zero(self.state.balances.iter().map(|b| (b.currency.to_string(), of(b))).collect())
    }

    fn counter(&self, differ: &mut Vec<String>, id: &AuthorId, expected: Money) {
        if self.program.counter(id).is_none() {
            differ.push(format!("counters: the program has no counter `{id}`"));
            return;
        }
        let counts = Counts { program: self.program, track: None, state: self.state };
        let have = counts.value(id, &self.when).unwrap_or_default();
        same(differ, &format!("counters/{id}"), &expected, &Money::from_units(have));
    }
}

fn sums<'a>(awards: impl Iterator<Item = &'a Award>) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for award in awards {
        *sums.entry(award.currency.to_string()).or_default() += award.points.minor();
    }
    sums
}

/// What a level, where there is a track, or a challenge has given or lost.
fn sorted_out(goals: impl Iterator<Item = (Option<AuthorId>, AuthorId, Moves)>) -> OfGoals {
    let (mut levels, mut challenges) = (Vec::new(), Vec::new());
    for (track, id, (currency, points, forgiven)) in goals {
        match track {
            Some(track) => levels.push(LevelPoints { track, level: id, currency, points, forgiven }),
            None => challenges.push(ChallengePoints { challenge: id, currency, points, forgiven }),
        }
    }
    (levels, challenges)
}

/// The money off, of what takes points or a voucher.
fn off(operation: &Operation) -> Option<Money> {
    let by_points = operation.redeemed.as_ref().and_then(|it| it.off);
    by_points.or_else(|| operation.used.as_ref()?.off)
}

fn quoted(operation: &Operation) -> Option<Quoted> {
    let quoted = operation.quoted.as_ref()?;
    let points = quoted.points.minor();
    Some(Quoted { points, until: quoted.until, off: quoted.off, due: quoted.due })
}

/// Whether points go by hand, or to another member.
fn deducts(posting: &Posting) -> bool {
    posting.from == Account::Available && matches!(posting.to, Account::Adjusted | Account::InTransit)
}

fn positive(points: &BTreeMap<String, i64>) -> BTreeMap<String, i64> {
    points.iter().filter(|(_, points)| **points != 0).map(|(id, points)| (id.clone(), *points)).collect()
}

fn not_all_zero(totals: BTreeMap<String, Totals>) -> BTreeMap<String, Totals> {
    totals.into_iter().filter(|(_, totals)| *totals != Totals::default()).collect()
}

/// The order of currencies says nothing, that of the lots of one does.
fn by_currency(mut lots: Vec<Lot>) -> Vec<Lot> {
    lots.sort_by(|a, b| a.currency.cmp(&b.currency));
    lots
}

pub fn same<T: PartialEq + Debug>(differ: &mut Vec<String>, what: &str, expected: &T, found: &T) {
    if expected != found {
        differ.push(format!("{what}: expected {expected:?}, found {found:?}"));
    }
}

fn may<T: PartialEq + Debug>(
    differ: &mut Vec<String>,
    what: &str,
    expected: &Option<T>,
    found: impl Fn() -> T,
) {
    if let Some(expected) = expected {
        same(differ, what, expected, &found());
    }
}

/// A field that this kind of case has to give, or must not give.
fn must<T: PartialEq + Debug>(
    differ: &mut Vec<String>,
    what: &str,
    wanted: bool,
    expected: &Option<T>,
    found: impl Fn() -> T,
) {
    match (wanted, expected) {
        (true, None) => differ.push(format!("the case has to say `{what}`")),
        (false, Some(_)) => differ.push(format!("the case cannot say `{what}`")),
        _ => may(differ, what, expected, found),
    }
}
