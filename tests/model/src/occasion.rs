//! Joining, birthdays and anniversaries.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use loyalty_core::activity::{Activity, Enrolment, YearlyDay};

use crate::award::{Award, Goal};
use crate::calendar::Moment;
use crate::history::Past;
use crate::idle::note_gift;
use crate::rating::Occasion;
use crate::{Model, Outcome, Refused, vesting};

impl Model {
    /// Why an occasion is not there on a date.
    pub(crate) fn is_no_occasion(&self, activity: &Activity, today: NaiveDate) -> Option<Refused> {
        match (activity, self.enrolled_on()) {
            (Activity::Enrol(_), Some(_)) => Some(Refused::AlreadyEnrolled),
            (Activity::Birthday(_) | Activity::Anniversary(_), None) => Some(Refused::UnknownMember),
            (Activity::Birthday(day), Some(enrolled)) => {
                let Some(birthday) = self.who.told.birthday else { return Some(Refused::BirthdayUnknown) };
                let text = birthday.to_string();
                let (month, date) = (&text[text.len() - 5..text.len() - 3], &text[text.len() - 2..]);
                let number = |text: &str| text.parse::<u32>().expect("digits");
                is_not_there(day, (number(month), number(date)), today, |falls| falls >= enrolled)
            }
            (Activity::Anniversary(day), Some(enrolled)) => {
                is_not_there(day, (enrolled.month(), enrolled.day()), today, |falls| falls > enrolled)
            }
            _ => None,
        }
    }

    /// Gives what there is for joining, with nothing of the past to look at.
    pub(crate) fn welcome(
        &mut self,
        activity: &Activity,
        moment: Moment,
        levels: &BTreeMap<String, String>,
        outcome: &mut Outcome,
    ) {
        let mut model = self.clone();
        // Nobody asks about the member for a return.
        if matches!(activity, Activity::Return(_)) {
            model.told(loyalty_core::facts::Facts::NONE);
        }
        let before = model.before(&[], moment);
        let facts = model.facts(activity, moment, levels, &before);
        let mut all_caps = BTreeMap::new();
        for currency in &model.document.currencies {
            for rated in self.rate_in(currency, &facts, Occasion::Joining).into_iter().flatten() {
                let lapse = vesting::lapse(&rated.terms.expiry, currency, moment, &model.calendar);
                let id = currency.id.to_string();
                note_gift(&mut self.gave, &id, (lapse, &rated.award.points));
                let lots = self.lots.entry(id.clone()).or_default();
                lots.put(&rated.award.points, (lapse, rated.terms.partner));
                *outcome.welcome.entry(id).or_default() += rated.award.points;
                for (cap, share) in rated.caps {
                    *all_caps.entry(cap).or_default() += share.points;
                }
            }
        }
        let grants = model.matching(&facts, Occasion::Joining);
        let (points, gifts) = (Vec::new(), self.give_gifts(&grants, moment));
        // What joining credits happens with it.
        let joining =
            Activity::Enrol(Enrolment { occurred_at: activity.occurred_at(), attributes: Vec::new() });
        let past = Past { gifts: gifts.clone(), ..Past::new((&joining, moment), BTreeSet::new(), self) };
        self.past.push(past);
        self.note_credits(self.past.len() - 1);
        self.given.keep_for_good(Award {
            goal: Goal::Joining,
            moment,
            points,
            caps: all_caps,
            taken: None,
            gifts,
        });
    }
}

/// The day of a year counts from the first that the member may have, and until the same day of the next year.
fn is_not_there(
    day: &YearlyDay,
    (month, date): (u32, u32),
    today: NaiveDate,
    may_have: impl Fn(NaiveDate) -> bool,
) -> Option<Refused> {
    let of_year = |year: i32| {
        let last = (1..=date).rev().find_map(|date| NaiveDate::from_ymd_opt(year, month, date));
        last.expect("a month has days")
    };
    let falls = of_year(i32::from(day.year));
    if !may_have(falls) {
        Some(Refused::BeforeEnrolment)
    } else if falls > today {
        Some(Refused::NotDueYet)
    } else if of_year(i32::from(day.year) + 1) <= today {
        Some(Refused::AlreadyOver)
    } else {
        None
    }
}
