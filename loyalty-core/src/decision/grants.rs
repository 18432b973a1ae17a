//! What grants give, and what of it goes back or comes again.

use super::{Context, count_copies, count_returned, give_back, referrals};
use crate::accrual::{Subject, condition};
use crate::counter::{self, Slots};
use crate::expiry;
use crate::explain::{Step, StepKind, Trace};
use crate::grants::{Gift, Granted, GrantedFor, HeldBadge, HeldCredit, HeldTier, HeldVoucher, Regranted};
use crate::id::AuthorId;
use crate::ledger::operation::{CountedBy, CountedIn, Operation};
use crate::member::MemberState;
use crate::points::OutOfRange;
use crate::problem::Problem;
use crate::program::Program;
use crate::program::document::{Expiry, Give, Grant};
use crate::returns::Sale;
use crate::succession;
use crate::tier::{GoalGift, Moment, Turn};

/// What grants gave, and what is counted of those that give only so often.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub gifts: Vec<(AuthorId, Gift)>,
    pub used: Vec<CountedIn>,
}

/// The grants that give something on an occasion, as far as that is known before it is given.
pub(super) fn matching<'p, T: Trace>(
    program: &'p Program,
    subject: &Subject<'_>,
    trace: &mut T,
) -> Result<Vec<&'p Grant>, Problem> {
    let mut matching = Vec::new();
    for grant in program.document().grants.iter().filter(|grant| subject.answers(&grant.on)) {
        let holds = match &grant.when {
            Some(when) => condition::holds(when, subject, trace)?,
            None => true,
        };
        if !holds {
            tell(trace, StepKind::Grant, &grant.id, || format!("grant `{}` does not apply", grant.id));
        } else if is_used_up(grant, subject) {
            tell(trace, StepKind::Grant, &grant.id, || {
                format!("grant `{}` has given in this window as often as it may", grant.id)
            });
        } else {
            matching.push(grant);
        }
    }
    Ok(matching)
}

/// Whether a grant has given as often as it may in a window that the activity joins.
fn is_used_up(grant: &Grant, subject: &Subject<'_>) -> bool {
    grant.at_most.is_some_and(|limit| {
        let times = counter::find(&subject.state.gifts.times, &grant.id);
        let given = Slots::of(subject.program, limit.window).fullest(times, &subject.when());
        given.is_none_or(|given| given >= i128::from(limit.times))
    })
}

/// Whether what a late activity would have to count in is no longer kept.
pub(super) fn is_too_late(subject: &Subject<'_>) -> bool {
    subject.program.document().grants.iter().any(|grant| {
        grant.at_most.is_some_and(|limit| {
            let times = counter::find(&subject.state.gifts.times, &grant.id);
            Slots::of(subject.program, limit.window).fullest(times, &subject.when()).is_none()
        })
    })
}

impl Moment<'_> {
    /// Gives what these grants give.
    pub(super) fn give_grants<T: Trace>(
        &self,
        (grants, by, context): (&[&Grant], &GrantedFor, &Context<'_>),
        state: &mut MemberState,
        operation: &mut Operation,
        trace: &mut T,
    ) -> Result<Given, OutOfRange> {
        let mut given = Given::default();
        for grant in grants {
            let Some(gift) = self.gift(grant, context, operation)? else { continue };
            if !self.put(&gift, state, operation)? {
                tell(trace, StepKind::Grant, &grant.id, || {
                    format!("grant `{}` gives nothing: {} is there already", grant.id, shown(&gift))
                });
                continue;
            }
            tell(trace, StepKind::Grant, &grant.id, || {
                format!("grant `{}` gives {}", grant.id, shown(&gift))
            });
            if let Some(limit) = grant.at_most {
                let slot = limit.window.slot(&self.when);
                Slots::of(self.program, limit.window).add(&mut state.gifts.times, &grant.id, slot, 1)?;
                let of = CountedBy::Grant(grant.id.clone());
                given.used.push(CountedIn { of, slot, amount: 1, award: None });
            }
            let grant = &grant.id;
            operation.granted.push(Granted { grant: grant.clone(), by: by.clone(), gift: gift.clone() });
            given.gifts.push((grant.clone(), gift));
        }
        Ok(given)
    }

    /// What a grant gives to an operation.
    fn gift(
        &self,
        grant: &Grant,
        context: &Context<'_>,
        operation: &Operation,
    ) -> Result<Option<Gift>, OutOfRange> {
        let of = operation.key.clone();
        let ends = |expiry| expiry::end_of(self.program, expiry, &self.when);
        Ok(match &grant.give {
            Give::Voucher(id) => {
                let before = operation.granted.iter().filter(|it| it.grant == grant.id).count();
                let number = u32::try_from(before).unwrap_or(u32::MAX);
                let code = context.codes.code(context.who.member, &of, (&grant.id, number));
                self.voucher(id, code).map(Gift::Voucher)
            }
            Give::Badge(id) => Some(Gift::Badge(HeldBadge { badge: id.clone(), since: self.at, of })),
            Give::Tier(given) => ends(Expiry { after: given.lasts, to_end_of: None }).map(|until| {
                let (track, level) = (given.track.clone(), given.level.clone());
                Gift::Tier(HeldTier { track, level, until })
            }),
            Give::Credit(credit) => match self.program.counter(&credit.counter) {
                Some(counter) => {
                    let unit = counter::unit(self.program, counter);
                    let amount = credit.amount.units().checked_div(unit).ok_or(OutOfRange)?;
                    let slot = Slots::of_counter(self.program, counter).slot(&self.when);
                    Some(Gift::Credit(HeldCredit { counter: counter.id.clone(), slot, amount }))
                }
                None => None,
            },
        })
    }

    /// Gives something; nothing happens where the member has it or better.
    fn put(
        &self,
        gift: &Gift,
        state: &mut MemberState,
        operation: &mut Operation,
    ) -> Result<bool, OutOfRange> {
        match gift {
            // Referrals put theirs themselves.
            Gift::Voucher(_) | Gift::Badge(_) | Gift::Referral(_) => Ok(state.gifts.give(gift)),
            Gift::Tier(tier) => {
                let change = self.give_tier(tier, state);
                let given = change.is_some();
                operation.tier_changes.extend(change);
                Ok(given)
            }
            Gift::Credit(HeldCredit { counter, slot, amount }) => {
                if let Some(counter) = self.program.counter(counter) {
                    let slots = Slots::of_counter(self.program, counter);
                    slots.add(&mut state.counters, &counter.id, *slot, *amount)?;
                }
                Ok(true)
            }
        }
    }

    /// Counts what was credited also in counters that began with a copy since, for an activity that comes late.
    pub(super) fn credit_copies(
        &self,
        context: &Context<'_>,
        state: &mut MemberState,
        operation: &Operation,
    ) -> Result<(), OutOfRange> {
        let credits: Vec<CountedIn> =
            operation.granted.iter().filter_map(|it| credited(&it.gift, 1)).collect();
        if credits.is_empty() {
            return Ok(());
        }
        let times = (operation.occurred_at.at, self.at);
        let copied = succession::counted_by_copies(&credits, self.program, context.programs, times);
        count_copies(&copied, context.programs.at(self.at), state)
    }
}

/// What a credit counts, as often as is said.
fn credited(gift: &Gift, times: i128) -> Option<CountedIn> {
    let Gift::Credit(HeldCredit { counter, slot, amount }) = gift else { return None };
    let amount = amount.checked_mul(times)?;
    Some(CountedIn { of: CountedBy::Counter(counter.clone()), slot: *slot, amount, award: None })
}

/// What an activity was given, on its way back.
pub(super) struct Taking<'t, 'a> {
    pub moment: &'t Moment<'a>,
    pub context: &'t Context<'a>,
    /// The operation that recorded the activity.
    pub recorded: &'t Operation,
    /// The version that decided it.
    pub version: &'t Program,
    /// Whether it never was, rather than comes back.
    pub refused: bool,
}

impl Taking<'_, '_> {
    /// Takes back what a purchase was given and what is kept of it would not be, and gives again what it would.
    pub(super) fn take_back<T: Trace>(
        &self,
        sale: &Sale<'_>,
        state: &mut MemberState,
        operation: &mut Operation,
        trace: &mut T,
    ) -> Result<(), OutOfRange> {
        for (place, granted) in self.own() {
            match (sale.has_lost(granted), sale.keeps_grant(place)?) {
                (false, false) => self.take(granted, state, operation, trace)?,
                (true, true) if !sale.refused => self.give_again(granted, state, operation, trace)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes back all that an activity was given and has not lost.
    pub(super) fn take_all<T: Trace>(
        &self,
        sale: Option<&Sale<'_>>,
        state: &mut MemberState,
        operation: &mut Operation,
        trace: &mut T,
    ) -> Result<(), OutOfRange> {
        for (_, granted) in self.own() {
            if sale.is_none_or(|sale| !sale.has_lost(granted)) {
                self.take(granted, state, operation, trace)?;
            }
        }
        Ok(())
    }

    fn own(&self) -> impl Iterator<Item = (usize, &Granted)> {
        self.recorded.granted.iter().enumerate().filter(|it| it.1.by == GrantedFor::Activity)
    }

    fn take<T: Trace>(
        &self,
        granted: &Granted,
        state: &mut MemberState,
        operation: &mut Operation,
        trace: &mut T,
    ) -> Result<(), OutOfRange> {
        let taken = match &granted.gift {
            Gift::Tier(tier) => {
                let change = self.moment.take_tier(tier, state);
                let taken = change.is_some();
                operation.tier_changes.extend(change);
                taken
            }
            Gift::Referral(_) => self.refer((granted, false), state, operation, trace)?,
            gift => state.gifts.take(gift),
        };
        if !taken {
            return Ok(());
        }
        tell(trace, StepKind::Returned, &granted.grant, || format!("{} goes back", shown(&granted.gift)));
        self.count((granted, -1), state, operation)
    }

    /// What has ended meanwhile, or what something else gave meanwhile, does not come again.
    fn give_again<T: Trace>(
        &self,
        granted: &Granted,
        state: &mut MemberState,
        operation: &mut Operation,
        trace: &mut T,
    ) -> Result<(), OutOfRange> {
        let gift = &granted.gift;
        let given = match gift {
            _ if state.has_ended(gift) => false,
            Gift::Credit(_) => true,
            Gift::Referral(_) => self.refer((granted, true), state, operation, trace)?,
            gift => self.moment.put(gift, state, operation)?,
        };
        if !given {
            return Ok(());
        }
        tell(trace, StepKind::Grant, &granted.grant, || format!("{} comes again", shown(gift)));
        self.count((granted, 1), state, operation)
    }

    /// Turns the referral that a purchase made qualify.
    fn refer<T: Trace>(
        &self,
        (granted, gives): (&Granted, bool),
        state: &mut MemberState,
        operation: &mut Operation,
        trace: &mut T,
    ) -> Result<bool, OutOfRange> {
        let (turning, program) = ((&granted.grant, &self.recorded.key, gives), self.moment.program);
        referrals::turn_of_purchase(turning, program, state, operation, trace)
    }

    /// Notes what went or came, and counts it: in what it credits, and in how often its grant gave.
    fn count(
        &self,
        (granted, times): (&Granted, i128),
        state: &mut MemberState,
        operation: &mut Operation,
    ) -> Result<(), OutOfRange> {
        let Granted { grant, gift, .. } = granted;
        let (grant, gift, of) = (grant.clone(), gift.clone(), Some(self.recorded.key.clone()));
        let is_own = |one: &&CountedIn| matches!(&one.of, CountedBy::Grant(id) if *id == grant);
        let limited = self.recorded.counted.iter().find(is_own);
        let mut counted: Vec<CountedIn> =
            limited.map(|one| CountedIn { amount: times, ..one.clone() }).into_iter().collect();
        if let Some(credit) = credited(&gift, times) {
            let (own, programs) = (vec![credit], self.context.programs);
            let at = (self.recorded.occurred_at.at, state.settled_to);
            counted.extend(succession::counted_by_copies(&own, self.version, programs, at));
            counted.extend(own);
        }
        give_back(&counted, state)?;
        if !self.refused {
            count_returned(&counted, self.moment.program, state)?;
        }
        operation.counted.extend(counted);
        operation.regranted.push(Regranted { grant, gift, taken: times < 0, of });
        Ok(())
    }
}

impl MemberState {
    /// Takes back what was given for a level or challenge, or gives it again; tells the grants of which nothing was.
    pub(super) fn turn_gifts<T: Trace>(
        &mut self,
        gifts: &mut [GoalGift],
        turn: Turn,
        operation: &mut Operation,
        trace: &mut T,
    ) -> Vec<AuthorId> {
        let mut stay = Vec::new();
        for GoalGift { grant, gift, lost } in gifts {
            let turned = match turn {
                Turn::Lost => *lost.insert(self.gifts.take(gift)),
                Turn::Again => lost.take() == Some(true) && !self.has_ended(gift) && self.gifts.give(gift),
            };
            if !turned {
                stay.push(grant.clone());
                continue;
            }
            let taken = turn == Turn::Lost;
            let goes = if taken { "goes back" } else { "comes again" };
            tell(trace, StepKind::Returned, grant, || format!("{} {goes}", shown(gift)));
            let (grant, gift) = (grant.clone(), gift.clone());
            operation.regranted.push(Regranted { grant, gift, taken, of: None });
        }
        stay
    }

    /// Whether what was given is over.
    fn has_ended(&self, gift: &Gift) -> bool {
        matches!(gift, Gift::Voucher(HeldVoucher { expires_at: Some(end), .. }) if *end <= self.settled_to)
    }
}

impl Sale<'_> {
    /// Whether what is kept of the purchase keeps what a grant gave it.
    fn keeps_grant(&self, place: usize) -> Result<bool, OutOfRange> {
        match &self.after.kept {
            Some(kept) => Ok(kept.grants.get(place).copied().unwrap_or(false)),
            None => Ok(!self.is_all(&self.after)?),
        }
    }

    /// Whether something that it was given has gone back.
    fn has_lost(&self, granted: &Granted) -> bool {
        let last =
            self.regranted.iter().rev().find(|it| it.grant == granted.grant && it.gift == granted.gift);
        last.is_some_and(|it| it.taken)
    }
}

fn shown(gift: &Gift) -> String {
    match gift {
        Gift::Voucher(HeldVoucher { voucher, expires_at: Some(end), .. }) => {
            format!("the voucher `{voucher}`, valid until {end}")
        }
        Gift::Voucher(HeldVoucher { voucher, .. }) => format!("the voucher `{voucher}`"),
        Gift::Badge(badge) => format!("the badge `{}`", badge.badge),
        Gift::Tier(HeldTier { level, until, .. }) => format!("the level `{level}` until {until}"),
        Gift::Credit(credit) => format!("a credit in `{}`", credit.counter),
        Gift::Referral(points) => format!("what a referral gives, {} {}", points.referrer, points.currency),
    }
}

pub(super) fn tell<T: Trace>(trace: &mut T, kind: StepKind, grant: &AuthorId, text: impl FnOnce() -> String) {
    trace.step(|| Step::new(kind, grant, text()));
}
