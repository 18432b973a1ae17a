//! Limits against fraud: how much one member does in a time, measured from the member's own state.
//!
//! The state is the one that the activity is decided on and rides in the same append, so a limit is exact however
//! many tills write at once. What is refused is never counted; what comes back later was done all the same and
//! gives nothing back. Limits on what members [share](shared) are counted beside the ledger, and are not exact.

mod measure;
pub mod shared;

use minicbor::{Decode, Encode};

use self::measure::{Reading, Seen};
pub use self::shared::Noted;
use crate::accrual::{Earned, Subject, condition};
use crate::counter::{self, CounterState, Recent, Slots};
use crate::explain::{Step, StepKind, Trace};
use crate::id::AuthorId;
use crate::member::MemberState;
use crate::points::{OutOfRange, Points};
use crate::problem::Problem;
use crate::program::Program;
use crate::program::document::{Interval, Limit, LimitAnswer, LimitedActivities, Measure, Usual};
use crate::time::{Rolling, When, Window};

/// The days on which a member's own purchases tell what is usual.
const USUAL: Window =
    Window::Rolling(Rolling { minutes: None, hours: None, days: Some(90), months: None, step: None });
/// Instants kept of what must lie apart: the last, and room for what comes late.
const KEPT_APART: usize = 8;

/// What is known of a member for the program's limits.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct LimitsState {
    /// What each limit measured, by its id.
    #[n(0)]
    pub measured: Vec<CounterState>,
    /// How many purchases those of amounts measured, by the same slots.
    #[n(1)]
    pub purchases: Vec<CounterState>,
}

impl LimitsState {
    /// Nothing measured yet.
    pub const EMPTY: Self = Self { measured: Vec::new(), purchases: Vec::new() };

    /// Whether nothing was measured yet.
    pub const fn is_empty(&self) -> bool {
        self.measured.is_empty() && self.purchases.is_empty()
    }
}

/// What an activity adds to a limit.
#[derive(Debug, Clone, Copy)]
pub struct Counting<'a> {
    limit: &'a Limit,
    amount: i128,
}

/// What limits make of an activity that they do not refuse.
#[derive(Debug, Default)]
pub struct Held<'a> {
    /// What is to be counted once it is decided.
    pub counting: Vec<Counting<'a>>,
    /// The limits for which somebody has to look at what it earned; none where it earned nothing.
    pub for_review: Vec<AuthorId>,
    /// What it was told of shared counters.
    pub noted: Vec<Noted>,
}

/// Holds an activity against every limit, in their order: clips what it earned, or refuses it.
///
/// `enrols` says whether it is the member's first, before which there is nothing to cool down from; `noted` what shared
/// counters say.
pub fn hold<'a, T: Trace>(
    program: &'a Program,
    subject: &Subject<'_>,
    (enrols, noted): (bool, &[Noted]),
    earned: &mut [Earned<'_>],
    trace: &mut T,
) -> Result<Held<'a>, Problem> {
    let mut held = Held::default();
    // What a member does is measured, not what the calendar brings.
    if subject.activity.is_occasion() {
        return Ok(held);
    }
    for limit in &program.document().limits {
        if let Some(when) = &limit.when
            && !condition::holds(when, subject, trace)?
        {
            continue;
        }
        let noted = noted.iter().find(|noted| noted.limit == limit.id);
        let seen = Seen { enrols, noted, earned };
        let Some(reading) = measure::read(limit, subject, &seen)? else { continue };
        trace.step(|| Step::new(StepKind::Limit, &limit.id, reading.told(limit)));
        if let Measure::Shared(_) = &limit.measures {
            let unread = Noted { limit: limit.id.clone(), others: None };
            held.noted.push(noted.cloned().unwrap_or(unread));
        }
        let mut amount = reading.adds;
        match reading.then(limit) {
            LimitAnswer::Block if reading.exceeded => return Err(blocked(limit, &reading)),
            LimitAnswer::Clip if reading.exceeded => {
                amount = reading.room;
                clip(limit, reading.room, program, earned, trace)?;
            }
            LimitAnswer::Review if reading.exceeded => held.for_review.push(limit.id.clone()),
            _ => {}
        }
        if amount > 0 {
            held.counting.push(Counting { limit, amount });
        }
    }
    if earned.iter().all(Earned::is_nothing) {
        held.for_review.clear();
    }
    for limit in &held.for_review {
        trace.step(|| {
            Step::new(StepKind::Limit, limit, format!("what it earns waits for a review: `{limit}`"))
        });
    }
    Ok(held)
}

fn blocked(limit: &Limit, reading: &Reading) -> Problem {
    let message = format!("the limit `{}` refuses it: {}", limit.id, reading.shown(limit));
    let help = "what was not recorded is not counted: it may be sent again when the limit allows it";
    Problem::new("limit_exceeded", "", message, help)
}

/// Leaves the points that fit, those given first before others; caps of the whole activity have given no more than that.
fn clip<T: Trace>(
    limit: &Limit,
    room: i128,
    program: &Program,
    earned: &mut [Earned<'_>],
    trace: &mut T,
) -> Result<(), OutOfRange> {
    let Measure::Points(points) = &limit.measures else { return Ok(()) };
    let (mut left, mut given) = (room, Points::ZERO);
    for one in earned.iter_mut().filter(|one| one.currency == points.currency) {
        let kept = i128::from(one.points.minor()).min(left);
        left = left.checked_sub(kept).ok_or(OutOfRange)?;
        one.points = Points::from_wide(kept)?;
        given = given.plus(one.points)?;
        for used in &mut one.used {
            if program.limited_by(&used.of).is_some_and(|cap| cap.rules.is_empty()) {
                used.amount = kept;
            }
        }
        one.used.retain(|used| used.amount != 0);
    }
    trace.step(|| {
        let (shown, scale) = program.currency(&points.currency).map_or(("", 0), |it| (it.shown(), it.scale));
        let text = format!("{} {shown} earned under `{}`", given.in_whole_points(scale), limit.id);
        Step::new(StepKind::Awarded, &points.currency, text).with(given)
    });
    Ok(())
}

/// Counts what was measured, once the activity is decided.
pub fn count(
    counting: &[Counting<'_>],
    program: &Program,
    when: &When<'_>,
    state: &mut MemberState,
) -> Result<(), OutOfRange> {
    let LimitsState { measured, purchases } = &mut state.limits;
    for Counting { limit, amount } in counting {
        let add = |to: &mut Vec<CounterState>, window: Window, amount: i128| {
            Slots::of(program, window).add(to, &limit.id, window.slot(when), amount)
        };
        match (&limit.measures, kept(&limit.measures)) {
            (_, Some(kept)) => counter::entry(measured, &limit.id).recent.note(when.at, kept),
            (Measure::Activities(LimitedActivities { window, .. }), _) => add(measured, *window, *amount)?,
            (Measure::Spend(spend), _) => add(measured, spend.window, *amount)?,
            (Measure::Points(points), _) => add(measured, points.window, *amount)?,
            (Measure::Amount(usual), _) => {
                let more = match usual.of {
                    Usual::Mean => *amount,
                    Usual::Maximum => amount.saturating_sub(of_today(measured, &limit.id, when)).max(0),
                };
                add(measured, USUAL, more)?;
                add(purchases, USUAL, 1)?;
            }
            (Measure::Interval(_) | Measure::SinceEnrolment(_) | Measure::Shared(_), _) => {}
        }
    }
    Ok(())
}

/// What a limit measured on the present day.
fn of_today(measured: &[CounterState], id: &AuthorId, when: &When<'_>) -> i128 {
    let today = USUAL.slot(when);
    let slots = counter::find(measured, id).into_iter().flat_map(|known| &known.slots);
    slots.filter(|slot| slot.number == today).map(|slot| slot.amount).sum()
}

/// How many instants are kept, where a limit looks at instants.
pub fn kept(measure: &Measure) -> Option<usize> {
    match measure {
        Measure::Activities(activities) => to_the_instant(activities).map(|_| Recent::MOST),
        Measure::Interval(_) => Some(KEPT_APART),
        _ => None,
    }
}

/// The windows of which slots are kept: of what is measured, and of how many purchases there were.
pub const fn windows(measure: &Measure) -> [Option<Window>; 2] {
    match measure {
        Measure::Activities(activities) if to_the_instant(activities).is_none() => {
            [Some(activities.window), None]
        }
        Measure::Spend(spend) => [Some(spend.window), None],
        Measure::Points(points) => [Some(points.window), None],
        Measure::Amount(_) => [Some(USUAL), Some(USUAL)],
        _ => [None, None],
    }
}

/// The length of a window whose activities are measured to the instant: few of them, in minutes or hours.
const fn to_the_instant(limited: &LimitedActivities) -> Option<Interval> {
    let Window::Rolling(rolling) = limited.window else { return None };
    match rolling {
        _ if limited.at_most as usize > Recent::MOST => None,
        Rolling { minutes: Some(minutes), .. } => Some(Interval::Minutes(minutes as u32)),
        Rolling { hours: Some(hours), .. } => Some(Interval::Hours(hours as u32)),
        _ => None,
    }
}
