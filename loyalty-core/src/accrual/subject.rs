//! What is being rated: an activity of a member, on a date, under a program.

use crate::activity::{Activity, Attribute, Line, Tender};
use crate::counter::{self, Slots};
use crate::facts::Who;
use crate::id::AuthorId;
use crate::member::MemberState;
use crate::problem::Problem;
use crate::program::Program;
use crate::program::document::Trigger;
use crate::shared::Reading;
use crate::time::{Date, TimeOfDay, When, Window};

/// An activity with everything that rating it looks at.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The program in force when it happened.
    pub program: &'a Program,
    /// The member before it, settled to its time.
    pub state: &'a MemberState,
    /// The activity, prepared.
    pub activity: &'a Activity,
    /// Whose it is, and what is known of them.
    pub who: Who<'a>,
    /// Its local date, which cuts the windows.
    pub date: Date,
    /// Whether levels are those of its own time, for an activity that came late.
    pub late: bool,
    /// What rules answer to.
    pub occasion: Occasion<'a>,
    /// What budgets have left.
    pub readings: &'a [Reading],
}

/// What rules answer to.
#[derive(Debug, Clone, Copy)]
pub enum Occasion<'a> {
    /// The activity itself.
    Activity,
    /// The enrolment by it.
    Enrolment,
    /// A level that it reaches, or a challenge that it completes.
    Reached {
        /// The track of the level; absent of a challenge.
        track: Option<&'a AuthorId>,
        /// The level or challenge.
        id: &'a AuthorId,
    },
}

impl<'a> Subject<'a> {
    /// Whether rules and grants answer to it that say so.
    pub fn answers(&self, on: &Trigger) -> bool {
        match (self.occasion, on) {
            (Occasion::Reached { track: Some(track), id }, Trigger::TierReached(on)) => {
                on.track == *track && on.level.as_ref().is_none_or(|asked| asked == id)
            }
            (Occasion::Reached { track: None, id }, Trigger::ChallengeCompleted(challenge)) => {
                challenge == id
            }
            (Occasion::Enrolment, Trigger::Enrolment) => true,
            (Occasion::Activity, on) => match (on, self.activity) {
                (Trigger::Purchase, Activity::Purchase(_))
                | (Trigger::Birthday, Activity::Birthday(_))
                | (Trigger::Anniversary, Activity::Anniversary(_)) => true,
                (Trigger::Event(name), Activity::Event(event)) => *name == event.name,
                _ => false,
            },
            _ => false,
        }
    }

    /// The lines of a purchase; none for anything else.
    pub fn lines(&self) -> &'a [Line] {
        match self.activity {
            Activity::Purchase(purchase) => &purchase.lines,
            _ => &[],
        }
    }

    /// How a purchase was paid.
    pub fn tenders(&self) -> &'a [Tender] {
        match self.activity {
            Activity::Purchase(purchase) => &purchase.tenders,
            _ => &[],
        }
    }

    /// The attributes of the activity itself.
    pub fn attributes(&self) -> &'a [Attribute] {
        match self.activity {
            Activity::Purchase(purchase) => &purchase.attributes,
            Activity::Event(event) => &event.attributes,
            Activity::Enrol(enrolment) => &enrolment.attributes,
            Activity::Return(_) | Activity::Birthday(_) | Activity::Anniversary(_) => &[],
        }
    }

    /// The time of day at which it happened, by the clock that cuts the dates.
    pub fn time_of_day(&self) -> TimeOfDay {
        TimeOfDay::of(self.program.on_the_wall(self.activity.occurred_at()))
    }

    /// The date on which the member enrolled.
    pub fn enrolled_on(&self) -> Date {
        self.program.zone().date_at(self.state.enrolled_at)
    }

    /// The level that the member holds on a track.
    pub fn level(&self, track: &AuthorId) -> Option<&'a AuthorId> {
        let Some(held) = self.state.tier(track) else {
            return self.program.track(track).and_then(|t| t.levels.first()).map(|l| &l.id);
        };
        if self.late { Some(held.level_at(self.activity.occurred_at().at)) } else { Some(held.level()) }
    }

    /// When it happened, as windows see it.
    pub const fn when(&self) -> When<'a> {
        self.program.when(self.state, self.activity.occurred_at().at, self.date)
    }

    /// The most that a cap has used in any window that the activity joins; `None` where one is no longer kept.
    pub fn used(&self, cap: &AuthorId, window: Window) -> Option<i128> {
        Slots::of(self.program, window).fullest(counter::find(&self.state.caps, cap), &self.when())
    }

    /// The refusal where what its date counts in is no longer kept.
    pub fn too_late(message: String) -> Problem {
        let help = "import history in its order, before newer activities";
        Problem::new("too_late", "/occurred_at", message, help)
    }
}
