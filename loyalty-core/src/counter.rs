//! Counters: what is counted for each member over windows, as short ascending lists of slots.
//!
//! A calendar window is one slot, a rolling window a run of them up to the present one ([`Window`]). Beside the
//! slots of the present window a few older ones stay, for activities that come late and for returns; what is
//! older is let go, so that a member's state stays small. Nothing is ever moved when time passes: a window is
//! read as the slots that it covers then.

pub mod counting;
mod recent;

pub use self::recent::Recent;

use minicbor::{Decode, Encode};

use self::counting::Added;
use crate::id::AuthorId;
use crate::member::MemberState;
use crate::points::OutOfRange;
use crate::program::Program;
use crate::program::document::{Counted, Counter, Currency};
use crate::time::{Timestamp, When, Window};

/// Slots kept at least beside those of the present window.
const LEAST_SPARE: usize = 3;
/// Slots kept at most beside those of the present window.
const MOST_SPARE: usize = 64;
/// Days by which activities may come late anywhere.
const LATE_DAYS: usize = 2;

/// Instants kept of a counter whose last one the program asks for: the same room for what comes late.
const KEPT_INSTANTS: usize = 1 + LEAST_SPARE;

/// What a counter's slots sum up to less than, which is 10^23 of money: a decimal shows it exactly.
const MOST_COUNTED: u128 = 10_u128.pow(27);

/// What is known of one counter or cap.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CounterState {
    /// The counter's or cap's id.
    #[n(0)]
    pub id: AuthorId,
    /// The newest slots in which anything was counted, ascending.
    #[n(1)]
    pub slots: Vec<Slot>,
    /// When it last counted, where the program asks how long ago that is.
    #[cbor(n(2), skip_if = "Recent::is_empty")]
    pub recent: Recent,
}

/// What was counted in one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Slot {
    /// The slot's number in its window.
    #[n(0)]
    pub number: i64,
    /// Minor units of points, or 1/10,000 of money and other sums, or occasions.
    #[cbor(n(1), with = "crate::money::wide")]
    pub amount: i128,
    /// The most that the window had come to with what was counted here, where the program asks for the nth.
    #[n(2)]
    pub reached: Option<u64>,
}

/// How something that counts over a window is kept.
#[derive(Debug, Clone, Copy)]
pub struct Slots {
    window: Window,
    /// How many slots are kept; enough for the present window, whatever happens in order.
    kept: usize,
    /// Whether the slots are days, of which those with something in them are counted.
    by_day: bool,
}

impl Slots {
    /// The slots of a window under a program, whose returns tell how far back a calendar window is reached.
    pub fn of(program: &Program, window: Window) -> Self {
        let spare = window.fewest_days().map_or(LEAST_SPARE, |days| spare(program, days));
        Self { window, kept: window.most_slots().saturating_add(spare), by_day: false }
    }

    /// The slots of a counter of a program.
    pub fn of_counter(program: &Program, counter: &Counter) -> Self {
        let Self { window, kept, .. } = Self::of(program, counter.window);
        let kept = kept.saturating_add(usize::from(program.noted_of(&counter.id).windows_before));
        match window.most_days().filter(|_| counter.counts == Counted::Days) {
            Some(days) => Self { window, kept: days.saturating_add(spare(program, 1)), by_day: true },
            None => Self { window, kept, by_day: false },
        }
    }

    /// How many slots are kept at most.
    pub const fn kept(&self) -> usize {
        self.kept
    }

    /// The slot in which something is counted.
    pub fn slot(&self, when: &When<'_>) -> i64 {
        if self.by_day { i64::from(when.date.days()) } else { self.window.slot(when) }
    }

    /// What the window holds: 0 where nothing was counted, `None` where not all of it is kept.
    pub fn value(&self, of: Option<&CounterState>, when: &When<'_>) -> Option<i128> {
        let covered = self.covered(of, self.reach(when))?;
        if self.by_day {
            return i128::try_from(covered.filter(|slot| slot.amount > 0).count()).ok();
        }
        covered.map(|slot| slot.amount).try_fold(0, i128::checked_add)
    }

    /// What one slot of a calendar window holds: 0 where nothing was counted, `None` where it is not kept.
    pub fn held(&self, of: Option<&CounterState>, slot: i64) -> Option<i128> {
        self.covered(of, (slot, slot))?.map(|slot| slot.amount).try_fold(0, i128::checked_add)
    }

    /// Whether an occasion now would be one more: of days, only the first of a day is.
    pub fn is_one_more(&self, of: Option<&CounterState>, when: &When<'_>) -> bool {
        let slot = self.slot(when);
        let known = of.and_then(|of| of.slots.iter().find(|known| known.number == slot));
        !self.by_day || known.is_none_or(|today| today.amount <= 0)
    }

    /// The largest of the window's slots, 0 where there is none; `None` where not all of it is kept.
    pub fn largest(&self, of: Option<&CounterState>, when: &When<'_>) -> Option<i128> {
        let covered = self.covered(of, self.reach(when))?;
        Some(covered.map(|slot| slot.amount).max().unwrap_or(0))
    }

    /// The most that the window ever came to, as far as that is noted.
    pub fn reached(&self, of: Option<&CounterState>, when: &When<'_>) -> u64 {
        let covered = self.covered(of, self.reach(when));
        covered.into_iter().flatten().filter_map(|slot| slot.reached).max().unwrap_or(0)
    }

    /// The first and the last slot of the window that `when` lies in.
    fn reach(&self, when: &When<'_>) -> (i64, i64) {
        if self.by_day
            && let Some((first, last)) = self.window.dates(when)
        {
            return (i64::from(first.days()), i64::from(last.days()));
        }
        self.up_to(self.window.slot(when))
    }

    /// The first and the last slot of the window whose present slot is `last`.
    fn up_to(&self, last: i64) -> (i64, i64) {
        (self.window.first_slot(last), last)
    }

    /// The most that any window holds which an amount counted now would join.
    ///
    /// In order that is the present window; what comes late joins windows that have gone on since.
    pub fn fullest(&self, of: Option<&CounterState>, when: &When<'_>) -> Option<i128> {
        let present = self.window.slot(when);
        let later = of.into_iter().flat_map(|of| &of.slots).map(|slot| slot.number);
        let later = later.filter(|last| *last > present && self.window.first_slot(*last) <= present);
        let mut most = 0;
        for last in later.chain([present]) {
            let covered = self.covered(of, self.up_to(last))?;
            most = covered.map(|slot| slot.amount).try_fold(0, i128::checked_add)?.max(most);
        }
        Some(most)
    }

    /// The slots from the first to the last of a window; `None` where not all of them are kept.
    fn covered<'c>(
        &self,
        of: Option<&'c CounterState>,
        (first, last): (i64, i64),
    ) -> Option<impl Iterator<Item = &'c Slot> + use<'c>> {
        let slots = of.map_or(&[][..], |of| &of.slots);
        if slots.len() >= self.kept && slots.first().is_some_and(|oldest| first < oldest.number) {
            return None;
        }
        let from = slots.partition_point(|slot| slot.number < first);
        Some(slots.iter().skip(from).take_while(move |slot| slot.number <= last))
    }

    /// Adds to a slot; the oldest beyond those kept is let go, and one that was let go changes nothing.
    pub fn add(
        &self,
        counters: &mut Vec<CounterState>,
        id: &AuthorId,
        number: i64,
        amount: i128,
    ) -> Result<(), OutOfRange> {
        let counter = entry(counters, id);
        match counter.slots.binary_search_by_key(&number, |slot| slot.number) {
            Ok(at) => counter.change(at, amount)?,
            Err(0) if counter.slots.len() >= self.kept => {}
            Err(at) => {
                counter.slots.insert(at, Slot { number, amount: 0, reached: None });
                counter.change(at, amount)?;
                let gone = counter.slots.len().saturating_sub(self.kept);
                counter.slots.drain(..gone);
            }
        }
        Ok(())
    }
}

impl CounterState {
    fn change(&mut self, at: usize, by: i128) -> Result<(), OutOfRange> {
        if let Some(slot) = self.slots.get_mut(at) {
            slot.amount = slot.amount.checked_add(by).ok_or(OutOfRange)?;
        }
        let sum =
            self.slots.iter().try_fold(0, |sum: u128, slot| sum.checked_add(slot.amount.unsigned_abs()));
        sum.filter(|sum| *sum < MOST_COUNTED).map(|_| ()).ok_or(OutOfRange)
    }
}

/// The counter of an id, made where there is none.
pub(crate) fn entry<'c>(counters: &'c mut Vec<CounterState>, id: &AuthorId) -> &'c mut CounterState {
    let index = counters.iter().position(|counter| counter.id == *id).unwrap_or_else(|| {
        counters.push(CounterState { id: id.clone(), slots: Vec::new(), recent: Recent::default() });
        counters.len().saturating_sub(1)
    });
    // INVARIANT: the index was found in, or just pushed to, the list.
    #[allow(clippy::indexing_slicing)]
    &mut counters[index]
}

/// The counter of an id, if anything was counted.
pub fn find<'c>(counters: &'c [CounterState], id: &AuthorId) -> Option<&'c CounterState> {
    counters.iter().find(|counter| counter.id == *id)
}

/// Changes the slot in which something was counted by what comes back, below 0; one that was let go stays so.
pub fn give_back(
    counters: &mut [CounterState],
    id: &AuthorId,
    number: i64,
    amount: i128,
) -> Result<(), OutOfRange> {
    let counter = counters.iter_mut().find(|counter| counter.id == *id);
    let Some(counter) = counter else { return Ok(()) };
    match counter.slots.binary_search_by_key(&number, |slot| slot.number) {
        Ok(at) => counter.change(at, amount),
        Err(_) => Ok(()),
    }
}

/// What a counter of the program holds at `when`, in its own unit: 0 where nothing was counted, `None` where not
/// all of the window is kept or the program has no such counter.
pub fn value(program: &Program, state: &MemberState, id: &AuthorId, when: &When<'_>) -> Option<i128> {
    let counter = program.counter(id)?;
    Slots::of_counter(program, counter).value(find(&state.counters, id), when)
}

/// Adds to a counter what an activity counts there, and notes what conditions on its history ask for.
pub fn count(
    program: &Program,
    state: &mut MemberState,
    added: &Added<'_>,
    when: &When<'_>,
) -> Result<(), OutOfRange> {
    let Added { counter, slot, amount, .. } = *added;
    let slots = Slots::of_counter(program, counter);
    slots.add(&mut state.counters, &counter.id, slot, amount)?;
    let noted = program.noted_of(&counter.id);
    if noted.nth {
        let now = slots.value(find(&state.counters, &counter.id), when);
        let now = now.and_then(|now| u64::try_from(now).ok());
        let counted = entry(&mut state.counters, &counter.id);
        if let Some(slot) = counted.slots.iter_mut().find(|known| known.number == slot) {
            slot.reached = slot.reached.max(now);
        }
    }
    if noted.since_last {
        entry(&mut state.counters, &counter.id).recent.note(when.at, KEPT_INSTANTS);
    }
    Ok(())
}

/// When a counter last counted before an activity, if it ever did; `None` where that is not kept any more.
pub fn last(state: &MemberState, id: &AuthorId, at: Timestamp) -> Option<Option<Timestamp>> {
    find(&state.counters, id).map_or(Some(None), |counter| counter.recent.last(at, KEPT_INSTANTS))
}

/// Days of slots, or windows of so many days, that late activities and returns may reach.
fn spare(program: &Program, days: usize) -> usize {
    let within = program.document().returns.within.map_or(0, |span| span.most_days());
    let windows = within.max(LATE_DAYS).div_ceil(days.max(1));
    windows.saturating_add(1).clamp(LEAST_SPARE, MOST_SPARE)
}

/// How many 1/10,000 of a whole point, of money, of another sum or of an occasion one unit of a counter is.
pub fn unit(program: &Program, counter: &Counter) -> i128 {
    match &counter.counts {
        Counted::Earned(currency) => program.currency(currency).map_or(10_000, minor_unit),
        Counted::EarnedOfKind(_) | Counted::Spend(_) | Counted::Sum(_) => 1,
        Counted::Purchases | Counted::Days | Counted::Events(_) => 10_000,
    }
}

/// How many 1/10,000 of a whole point one minor unit is.
const fn minor_unit(currency: &Currency) -> i128 {
    match currency.scale {
        0 => 10_000,
        1 => 1_000,
        2 => 100,
        3 => 10,
        _ => 1,
    }
}

impl Program {
    /// A moment of a member, as this program's windows see it.
    pub const fn when(&self, state: &MemberState, at: Timestamp, date: crate::time::Date) -> When<'_> {
        When { at, date, enrolled_at: state.enrolled_at, zone: self.zone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Date;
    use crate::zone::Zone;

    fn id(text: &str) -> AuthorId {
        AuthorId::new(text).unwrap()
    }

    /// A program whose unlinked returns reach back so many days.
    fn program(within: u32) -> Program {
        let json = format!(
            r#"{{"format": 1, "name": "a", "money": "EUR", "zone": {{"name": "UTC"}}, "currencies": [{{"id": "p"}}],
                "returns": {{"unlinked": "most_recent", "within": {{"days": {within}}}}}}}"#
        );
        Program::check(json.as_bytes()).unwrap()
    }

    fn on(zone: &Zone, days: i32) -> When<'_> {
        When {
            at: Timestamp::from_seconds(i64::from(days) * 86_400),
            date: Date::from_days(days),
            enrolled_at: Timestamp::default(),
            zone,
        }
    }

    fn window(json: &str) -> Window {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_calendar_window_keeps_what_returns_may_reach() {
        let zone = Zone::utc();
        for (within, json, kept) in [
            (1, r#""day""#, 4),
            (7, r#""day""#, 9),
            (8, r#""week""#, 4),
            (30, r#""week""#, 7),
            (366, r#""day""#, 65),
            (30, r#""year""#, 4),
        ] {
            let slots = Slots::of(&program(within), window(json));
            let mut counters = Vec::new();
            for day in 0..3_000 {
                let when = on(&zone, day);
                slots.add(&mut counters, &id("c"), slots.slot(&when), 1).unwrap();
                assert!(
                    slots.value(counters.first(), &when) >= Some(1),
                    "the present window is always known"
                );
            }
            assert_eq!(counters.first().unwrap().slots.len(), kept, "{json} within {within}");
        }
    }

    #[test]
    fn what_was_let_go_is_unknown_and_stays_so() {
        let zone = Zone::utc();
        let slots = Slots::of(&program(1), Window::Day);
        let mut counters = Vec::new();
        for day in 1..=5 {
            slots.add(&mut counters, &id("c"), i64::from(day), i128::from(day)).unwrap();
        }
        let value = |counters: &[CounterState], day| slots.value(find(counters, &id("c")), &on(&zone, day));
        assert_eq!([1, 2, 5, 9].map(|day| value(&counters, day)), [None, Some(2), Some(5), Some(0)]);
        slots.add(&mut counters, &id("c"), 1, 7).unwrap();
        give_back(&mut counters, &id("c"), 1, -1).unwrap();
        give_back(&mut counters, &id("c"), 5, -2).unwrap();
        give_back(&mut counters, &id("other"), 5, -2).unwrap();
        assert_eq!([1, 2, 5].map(|day| value(&counters, day)), [None, Some(2), Some(3)]);
        assert_eq!(slots.value(None, &on(&zone, 1)), Some(0), "never counted");
    }

    #[test]
    fn a_rolling_window_sums_its_slots_and_keeps_three_more() {
        let zone = Zone::utc();
        let slots = Slots::of(&program(1), window(r#"{"rolling": {"days": 7}}"#));
        let mut counters = Vec::new();
        for day in 0..20 {
            slots.add(&mut counters, &id("c"), i64::from(day), 1).unwrap();
        }
        let value = |day| slots.value(counters.first(), &on(&zone, day));
        assert_eq!(counters.first().unwrap().slots.len(), 10, "days 10 to 19");
        assert_eq!([19, 16, 15, 22, 26].map(value), [Some(7), Some(7), None, Some(4), Some(0)]);
        let fullest = |day| slots.fullest(counters.first(), &on(&zone, day));
        assert_eq!([19, 16, 22].map(fullest), [Some(7), Some(7), Some(4)]);
    }

    #[test]
    fn the_fullest_window_is_any_that_the_day_lies_in() {
        let zone = Zone::utc();
        let slots = Slots::of(&program(1), window(r#"{"rolling": {"days": 3}}"#));
        let mut counters = Vec::new();
        for (day, amount) in [(1, 5), (5, 8), (6, 9)] {
            slots.add(&mut counters, &id("c"), day, amount).unwrap();
        }
        let fullest = |day| slots.fullest(counters.first(), &on(&zone, day));
        // Day 3 lies in the windows up to day 5, holding 8, but not in that up to day 6; day 4 in both.
        assert_eq!([3, 4, 7].map(fullest), [Some(8), Some(17), Some(17)]);
    }

    #[test]
    fn counters_stay_below_what_a_decimal_shows() {
        let slots = Slots::of(&program(1), window(r#"{"rolling": {"days": 2}}"#));
        let mut counters = Vec::new();
        let most = 10_i128.pow(27) - 1;
        slots.add(&mut counters, &id("c"), 1, most).unwrap();
        assert_eq!(slots.add(&mut counters.clone(), &id("c"), 1, 1), Err(OutOfRange));
        assert_eq!(slots.add(&mut counters.clone(), &id("c"), 2, 1), Err(OutOfRange), "their sum");
        let read: Vec<CounterState> = minicbor::decode(&minicbor::to_vec(&counters).unwrap()).unwrap();
        assert_eq!(read, counters, "wider than CBOR's integers");
        assert_eq!(crate::money::Money::from_units(most).to_string(), "99999999999999999999999.9999");
    }
}
