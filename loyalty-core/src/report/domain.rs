//! What each kind of test lets through: ranges, sets of texts, paths, levels, segments, parts, dates, days.

use super::logic::{Form, Logic, implies};
use crate::money::Quantity;
use crate::program::condition::{
    AttributeTest, BasketTest, Condition, LineCondition, ListTest, NumberTest, PathTest, TenderTest, TextTest,
};

impl Logic for Condition {
    fn form(&self) -> Form<'_, Self> {
        match self {
            Self::All(all) => Form::All(all),
            Self::Any(any) => Form::Any(any),
            Self::Not(inner) => Form::Not(inner),
            _ => Form::Test,
        }
    }

    fn test_implies(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Store(a), Self::Store(b))
            | (Self::Partner(a), Self::Partner(b))
            | (Self::Channel(a), Self::Channel(b)) => text_implies(a, b),
            (Self::Coupons(a), Self::Coupons(b)) => list_implies(a, b),
            (Self::Attribute(a), Self::Attribute(b)) => attribute_implies(a, b),
            (Self::Line(a), Self::Line(b)) => implies(a, b),
            (Self::Basket(a), Self::Basket(b)) => same_lines(a, b) && range(&a.sum).within(range(&b.sum)),
            (Self::Tender(a), Self::Tender(b)) => tender_implies(a, b),
            (Self::Membership(a), Self::Membership(b)) => {
                a.parts().1 == b.parts().1 && range(a.parts().0).within(range(b.parts().0))
            }
            (Self::Tier(a), Self::Tier(b)) => {
                a.track == b.track && a.level.iter().all(|level| b.level.contains(level))
            }
            (Self::Segment(a), Self::Segment(b)) => a.any_of.iter().all(|one| b.any_of.contains(one)),
            (Self::MemberAttribute(a), Self::MemberAttribute(b)) => attribute_implies(a, b),
            (Self::Split(a), Self::Split(b)) => a.id == b.id && b.from <= a.from && a.below <= b.below,
            (Self::Dates(a), Self::Dates(b)) => Range(a.from, a.to).within(Range(b.from, b.to)),
            (Self::Weekday(a), Self::Weekday(b)) => a.iter().all(|day| b.contains(day)),
            _ => false,
        }
    }

    fn test_excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Store(a), Self::Store(b))
            | (Self::Partner(a), Self::Partner(b))
            | (Self::Channel(a), Self::Channel(b)) => text_excludes(a, b),
            (Self::Coupons(a), Self::Coupons(b)) => list_excludes(a, b),
            (Self::Attribute(a), Self::Attribute(b)) => attribute_excludes(a, b),
            (Self::Basket(a), Self::Basket(b)) => same_lines(a, b) && range(&a.sum).apart(range(&b.sum)),
            (Self::Tender(a), Self::Tender(b)) => tender_excludes(a, b),
            (Self::Membership(a), Self::Membership(b)) => {
                a.parts().1 == b.parts().1 && range(a.parts().0).apart(range(b.parts().0))
            }
            (Self::Tier(a), Self::Tier(b)) => {
                a.track == b.track && !a.level.iter().any(|level| b.level.contains(level))
            }
            (Self::MemberAttribute(a), Self::MemberAttribute(b)) => attribute_excludes(a, b),
            (Self::BirthdayMonth(a), Self::BirthdayMonth(b)) => a != b,
            (Self::Split(a), Self::Split(b)) => a.id == b.id && (a.below <= b.from || b.below <= a.from),
            (Self::Dates(a), Self::Dates(b)) => Range(a.from, a.to).apart(Range(b.from, b.to)),
            (Self::Weekday(a), Self::Weekday(b)) => !a.iter().any(|day| b.contains(day)),
            _ => false,
        }
    }
}

impl Logic for LineCondition {
    fn form(&self) -> Form<'_, Self> {
        match self {
            Self::All(all) => Form::All(all),
            Self::Any(any) => Form::Any(any),
            Self::Not(inner) => Form::Not(inner),
            _ => Form::Test,
        }
    }

    fn test_implies(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sku(a), Self::Sku(b))
            | (Self::Brand(a), Self::Brand(b))
            | (Self::Unit(a), Self::Unit(b)) => text_implies(a, b),
            (Self::Category(a), Self::Category(b)) => path_implies(a, b),
            (Self::Tags(a), Self::Tags(b)) => list_implies(a, b),
            (Self::Quantity(a), Self::Quantity(b)) => range(a).within(range(b)),
            (Self::Value(a), Self::Value(b)) => {
                a.basis == b.basis && range(&a.number).within(range(&b.number))
            }
            (Self::Discount(a), Self::Discount(b)) => {
                a.funders == b.funders && both(&a.amount, &b.amount, Range::within)
            }
            (Self::Attribute(a), Self::Attribute(b)) => attribute_implies(a, b),
            _ => false,
        }
    }

    fn test_excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Kind(a), Self::Kind(b)) => a != b,
            (Self::Sku(a), Self::Sku(b))
            | (Self::Brand(a), Self::Brand(b))
            | (Self::Unit(a), Self::Unit(b)) => text_excludes(a, b),
            (Self::Category(a), Self::Category(b)) => path_excludes(a, b),
            (Self::Tags(a), Self::Tags(b)) => list_excludes(a, b),
            (Self::Quantity(a), Self::Quantity(b)) => range(a).apart(range(b)),
            (Self::Value(a), Self::Value(b)) => {
                a.basis == b.basis && range(&a.number).apart(range(&b.number))
            }
            (Self::Discount(a), Self::Discount(b)) => {
                a.funders == b.funders
                    && (both(&a.amount, &b.amount, Range::apart) || contradict(a.known, b.known))
            }
            (Self::Attribute(a), Self::Attribute(b)) => attribute_excludes(a, b),
            _ => false,
        }
    }
}

/// From the first to the second, both included; without an end where there is none.
#[derive(Debug, Clone, Copy)]
struct Range<T>(Option<T>, Option<T>);

impl<T: Ord + Copy> Range<T> {
    fn within(self, wide: Self) -> bool {
        let begins = wide.0.is_none_or(|least| self.0.is_some_and(|low| low >= least));
        begins && wide.1.is_none_or(|most| self.1.is_some_and(|high| high <= most))
    }

    fn apart(self, other: Self) -> bool {
        let ends_before = |a: Self, b: Self| a.1.zip(b.0).is_some_and(|(high, low)| high < low);
        ends_before(self, other) || ends_before(other, self)
    }
}

const fn range(test: &NumberTest) -> Range<Quantity> {
    match test {
        NumberTest::Is(value) => Range(Some(*value), Some(*value)),
        NumberTest::AtLeast(least) => Range(Some(*least), None),
        NumberTest::AtMost(most) => Range(None, Some(*most)),
        NumberTest::Between(low, high) => Range(Some(*low), Some(*high)),
    }
}

/// Whether two numbers are asked for whose ranges relate so.
fn both(
    one: &Option<NumberTest>,
    other: &Option<NumberTest>,
    relate: fn(Range<Quantity>, Range<Quantity>) -> bool,
) -> bool {
    one.as_ref().zip(other.as_ref()).is_some_and(|(one, other)| relate(range(one), range(other)))
}

fn contradict(one: Option<bool>, other: Option<bool>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}

fn same_lines(one: &BasketTest, other: &BasketTest) -> bool {
    (&one.basis, &one.kinds, &one.lines) == (&other.basis, &other.kinds, &other.lines)
}

fn tender_implies(narrow: &TenderTest, wide: &TenderTest) -> bool {
    let is_among = narrow.kinds.iter().all(|kind| wide.kinds.contains(kind));
    narrow.known == Some(true) && wide.known == Some(true) && is_among
        || narrow.kinds == wide.kinds
            && (both(&narrow.amount, &wide.amount, Range::within)
                || both(&narrow.share, &wide.share, Range::within))
}

fn tender_excludes(one: &TenderTest, other: &TenderTest) -> bool {
    one.kinds == other.kinds
        && (both(&one.amount, &other.amount, Range::apart)
            || both(&one.share, &other.share, Range::apart)
            || contradict(one.known, other.known))
}

/// The few texts that a test lets through, where they are few.
fn texts(test: &TextTest) -> Option<&[String]> {
    match test {
        TextTest::Is(one) => Some(std::slice::from_ref(one)),
        TextTest::In(list) => Some(list),
        TextTest::NotIn(_) | TextTest::StartsWith(_) | TextTest::Known(_) => None,
    }
}

/// Whether a text that is given satisfies a test.
fn fits(test: &TextTest, text: &str) -> bool {
    match test {
        TextTest::Is(wanted) => wanted == text,
        TextTest::In(list) => list.iter().any(|one| one == text),
        TextTest::NotIn(list) => list.iter().all(|one| one != text),
        TextTest::StartsWith(starts) => {
            starts.as_slice().iter().any(|start| text.starts_with(start.as_str()))
        }
        TextTest::Known(known) => *known,
    }
}

fn text_implies(narrow: &TextTest, wide: &TextTest) -> bool {
    if let Some(few) = texts(narrow) {
        return few.iter().all(|text| fits(wide, text));
    }
    match (narrow, wide) {
        (TextTest::StartsWith(_), TextTest::Known(true)) | (TextTest::Known(false), TextTest::NotIn(_)) => {
            true
        }
        (TextTest::StartsWith(narrow), TextTest::StartsWith(_)) => {
            narrow.as_slice().iter().all(|start| fits(wide, start))
        }
        (TextTest::NotIn(narrow), TextTest::NotIn(wide)) => wide.iter().all(|text| narrow.contains(text)),
        (TextTest::Known(a), TextTest::Known(b)) => a == b,
        _ => false,
    }
}

fn text_excludes(one: &TextTest, other: &TextTest) -> bool {
    if let Some(few) = texts(one) {
        return !few.iter().any(|text| fits(other, text));
    }
    match (one, other) {
        (TextTest::StartsWith(one), TextTest::StartsWith(other)) => {
            let meet = |a: &String, b: &String| a.starts_with(b.as_str()) || b.starts_with(a.as_str());
            !one.as_slice().iter().any(|a| other.as_slice().iter().any(|b| meet(a, b)))
        }
        (TextTest::StartsWith(_), TextTest::Known(false)) => true,
        (TextTest::Known(a), TextTest::Known(b)) => a != b,
        _ => false,
    }
}

fn list_implies(narrow: &ListTest, wide: &ListTest) -> bool {
    narrow == wide || matches!((narrow, wide), (ListTest::Has(_), ListTest::Known(true)))
}

fn list_excludes(one: &ListTest, other: &ListTest) -> bool {
    match (one, other) {
        (ListTest::Has(_), ListTest::Known(known)) => !known,
        (ListTest::Known(a), ListTest::Known(b)) => a != b,
        _ => false,
    }
}

fn path_implies(narrow: &PathTest, wide: &PathTest) -> bool {
    match (narrow, wide) {
        (PathTest::Under(narrow), PathTest::Under(wide)) => narrow.starts_with(wide),
        (PathTest::Under(narrow), PathTest::Known(true)) => !narrow.is_empty(),
        (PathTest::Known(a), PathTest::Known(b)) => a == b,
        _ => false,
    }
}

fn path_excludes(one: &PathTest, other: &PathTest) -> bool {
    match (one, other) {
        (PathTest::Under(one), PathTest::Under(other)) => !one.starts_with(other) && !other.starts_with(one),
        (PathTest::Under(path), PathTest::Known(false)) => !path.is_empty(),
        (PathTest::Known(a), PathTest::Known(b)) => a != b,
        _ => false,
    }
}

fn attribute_implies(narrow: &AttributeTest, wide: &AttributeTest) -> bool {
    if narrow.id != wide.id {
        return false;
    }
    match (&narrow.text, &wide.text, &narrow.number, &wide.number) {
        (Some(narrow), Some(wide), ..) => text_implies(narrow, wide),
        (.., Some(narrow), Some(wide)) => range(narrow).within(range(wide)),
        _ => needs_it(narrow) && wide.known == Some(true),
    }
}

fn attribute_excludes(one: &AttributeTest, other: &AttributeTest) -> bool {
    if one.id != other.id {
        return false;
    }
    match (&one.text, &other.text, &one.number, &other.number) {
        (Some(one), Some(other), ..) => text_excludes(one, other),
        (.., Some(one), Some(other)) => range(one).apart(range(other)),
        _ if one.flag.is_some() && other.flag.is_some() => one.flag != other.flag,
        _ => needs_it(one) && other.known == Some(false),
    }
}

/// Whether an attribute that is not given fails the test.
fn needs_it(test: &AttributeTest) -> bool {
    match (&test.text, test.known) {
        (Some(text), _) => text_implies(text, &TextTest::Known(true)),
        (None, Some(known)) => known,
        (None, None) => true,
    }
}
