//! Conditions on the member, beside levels and history: segments, the month of the birthday, splits.

use super::condition::{attribute_holds, told};
use super::subject::Subject;
use crate::explain::Trace;
use crate::facts;
use crate::id::AuthorId;
use crate::program::condition::{Condition, SegmentTest, SplitTest};

/// Whether a condition on the member holds; no other does.
pub fn holds<T: Trace>(condition: &Condition, subject: &Subject<'_>, trace: &mut T) -> bool {
    match condition {
        Condition::Segment(test) => segment_holds(test, subject, trace),
        Condition::MemberAttribute(test) => attribute_holds(test, &subject.who.facts.attributes, trace),
        Condition::BirthdayMonth(wanted) => birthday_month_holds(*wanted, subject, trace),
        Condition::Split(test) => split_holds(test, subject, trace),
        _ => false,
    }
}

/// Whether the member is in one of the segments.
fn segment_holds<T: Trace>(test: &SegmentTest, subject: &Subject<'_>, trace: &mut T) -> bool {
    let found = &subject.who.facts.segments;
    let held = test.any_of.iter().any(|segment| found.contains(segment));
    told(trace, held, || {
        let list = |ids: &[AuthorId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
        let found = if found.is_empty() { "none".to_owned() } else { list(found).join(", ") };
        ("segments".into(), found, list(&test.any_of).join(" or "))
    })
}

/// Whether the activity's date lies in the month of the birthday, or in another; neither where none is known.
fn birthday_month_holds<T: Trace>(wanted: bool, subject: &Subject<'_>, trace: &mut T) -> bool {
    let month = subject.date.month();
    let birthday = subject.who.facts.birthday;
    let held = birthday.is_some_and(|birthday| (birthday.month() == month) == wanted);
    told(trace, held, || {
        let found = birthday.map_or_else(|| "not known".to_owned(), |it| format!("{:02}", it.month()));
        let wanted = if wanted { format!("{month:02}") } else { format!("another than {month:02}") };
        ("month of the birthday".into(), found, wanted)
    })
}

/// Whether the member falls into these parts of a split.
fn split_holds<T: Trace>(test: &SplitTest, subject: &Subject<'_>, trace: &mut T) -> bool {
    let part = facts::part(&test.id, subject.who.member);
    let held = (test.from..test.below).contains(&part);
    told(trace, held, || {
        (
            format!("split `{}`: part", test.id),
            part.to_string(),
            format!("{} to below {}", test.from, test.below),
        )
    })
}
