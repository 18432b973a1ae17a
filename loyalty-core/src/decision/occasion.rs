//! Whether an occasion is there: joining once, and days that come round every year.

use crate::activity::{Activity, YearlyDay};
use crate::facts::Facts;
use crate::member::MemberState;
use crate::problem::Problem;
use crate::program::Program;
use crate::time::Date;

/// Refuses an occasion that is not there on a date; the path of the refusal leads from the occasion on.
pub fn check(
    activity: &Activity,
    state: Option<&MemberState>,
    (program, facts): (&Program, &Facts),
    today: Date,
) -> Result<(), Problem> {
    let enrolled = state.map(|state| program.zone().date_at(state.enrolled_at));
    match (activity, enrolled) {
        (Activity::Enrol(_), Some(enrolled)) => {
            let message = format!("the member has joined on {enrolled}");
            Err(Problem::new(
                "already_enrolled",
                "",
                message,
                "nothing is to be done: the first activity enrols",
            ))
        }
        (Activity::Birthday(_) | Activity::Anniversary(_), None) => {
            let message = "the member has not joined yet";
            Err(Problem::new("unknown_member", "", message, "send `enrol` first, or correct the id"))
        }
        (Activity::Birthday(day), Some(enrolled)) => {
            let birthday = facts.birthday.ok_or_else(|| {
                let message = "the member store knows no birthday";
                Problem::new("birthday_unknown", "", message, "keep it in the member's facts first")
            })?;
            is_there(day, |year| birthday.in_year(year), (enrolled, today))
        }
        (Activity::Anniversary(day), Some(enrolled)) => {
            // The day of the enrolment itself is no anniversary.
            is_there(day, |year| enrolled.in_year(year), (enrolled.plus_days(1), today))
        }
        _ => Ok(()),
    }
}

/// A day counts from when the member has joined, and until the next of its kind.
fn is_there(
    day: &YearlyDay,
    of_year: impl Fn(u16) -> Date,
    (from, today): (Date, Date),
) -> Result<(), Problem> {
    let falls = of_year(day.year);
    let refused = |code, message, help| Err(Problem::new(code, "/year", message, help));
    if falls < from {
        let message = format!("{falls} was before the member could have that day");
        return refused("before_enrolment", message, "give the first one after the member has joined");
    }
    if today < falls {
        let message = format!("it is {today}, and that day is {falls}");
        return refused("not_due_yet", message, "send it on that day or later");
    }
    if of_year(day.year.saturating_add(1)) <= today {
        let message = format!("{falls} was followed by another already");
        return refused("already_over", message, "give the one of the latest year");
    }
    Ok(())
}
