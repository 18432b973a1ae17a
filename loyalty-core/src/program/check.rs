//! What a document must satisfy beyond its form; all problems at once.

mod budgets;
mod carry;
mod challenges;
mod condition;
mod conversions;
mod counters;
mod earning;
mod facts;
mod grants;
mod limits;
mod referrals;
mod returns;
mod rewards;
mod tiers;
mod transfers;

use std::collections::HashSet;

use super::condition::DateRange;
use super::document::{AttributeKind, Basis, CurrencyExpiry, Document};
use crate::id::AuthorId;
use crate::money::Money;
use crate::problem::Problem;
use crate::time::Span;
use crate::zone::InvalidZone;

/// All problems of a document that has the right form.
pub fn problems(document: &Document) -> Vec<Problem> {
    let mut check = Check { document, found: Vec::new() };
    check.header();
    check.currencies();
    check.unique("/attributes", document.attributes.iter().map(|a| &a.id));
    check.unique("/segments", document.segments.iter().map(|it| &it.id));
    check.unique("/member_attributes", document.member_attributes.iter().map(|it| &it.id));
    check.unique("/partners", document.partners.iter().map(|partner| &partner.id));
    check.holidays();
    check.counters();
    check.tiers();
    check.challenges();
    check.earning();
    check.budgets();
    check.grants();
    check.referrals();
    check.returns();
    check.rewards();
    check.conversions();
    check.transfers();
    check.limits();
    check.found
}

struct Check<'a> {
    document: &'a Document,
    found: Vec<Problem>,
}

impl<'a> Check<'a> {
    fn problem(&mut self, code: &'static str, path: impl Into<String>, message: String, help: &str) {
        self.found.push(Problem::new(code, path, message, help));
    }

    fn header(&mut self) {
        let document = self.document;
        if document.format != 1 {
            let message = format!("format `{}` is not known", document.format);
            self.problem("unknown_format", "/format", message, "write 1");
        }
        if document.name.is_empty() || document.name.len() > 200 {
            self.problem(
                "wrong_length",
                "/name",
                "the name must have 1 to 200 bytes".into(),
                "shorten the name",
            );
        }
        if document.money.len() != 3 || !document.money.bytes().all(|b| b.is_ascii_uppercase()) {
            let message = format!("`{}` is no currency of money", document.money);
            self.problem("unknown_money", "/money", message, "use an ISO 4217 code such as `EUR`");
        }
        match document.zone.check() {
            Ok(()) => {}
            Err(InvalidZone::NotExpanded) => {
                let message = format!("the zone `{}` has no offsets yet", document.zone.name);
                self.problem("zone_not_expanded", "/zone", message, "publish the draft, which fills them in");
            }
            Err(InvalidZone::Offset) => {
                let message = "an offset is a day or more".to_owned();
                self.problem("zone_offset", "/zone", message, "offsets are seconds east of Greenwich");
            }
            Err(InvalidZone::Order) => {
                let message = "the changes do not ascend".to_owned();
                self.problem("zone_order", "/zone/changes", message, "order them by instant");
            }
            Err(InvalidZone::Range) => {
                let message = "a change lies outside the years 1970 to 2100".to_owned();
                self.problem("zone_range", "/zone/changes", message, "drop it: no activity lies there");
            }
        }
    }

    fn currencies(&mut self) {
        let currencies = &self.document.currencies;
        if currencies.is_empty() || currencies.len() > 16 {
            let message = format!("a program has 1 to 16 currencies, not {}", currencies.len());
            self.problem("wrong_length", "/currencies", message, "declare what members earn");
        }
        self.unique("/currencies", currencies.iter().map(|c| &c.id));
        for (index, currency) in currencies.iter().enumerate() {
            if currency.scale > 4 {
                let message = format!("scale {} is more than 4 decimals", currency.scale);
                self.problem("scale_too_fine", format!("/currencies/{index}/scale"), message, "use 0 to 4");
            }
            if currency.worth.is_some_and(|worth| worth < Money::ZERO) {
                let message = format!("a point of `{}` is worth less than nothing", currency.id);
                let path = format!("/currencies/{index}/worth");
                self.problem("worth_negative", path, message, "write such as \"0.01\", or leave it out");
            }
            if let Some(most) = currency.second_person_above {
                let path = format!("/currencies/{index}/second_person_above");
                self.points(most, currency.scale, &path);
            }
            if let Some(within) = currency.reinstate_within {
                self.span(within, &format!("/currencies/{index}/reinstate_within"));
            }
            if let Some(expiry) = &currency.expiry {
                self.currency_expiry(expiry, &format!("/currencies/{index}/expiry"));
            }
        }
    }

    fn currency_expiry(&mut self, expiry: &CurrencyExpiry, path: &str) {
        let CurrencyExpiry { after, to_end_of, by_activity, unless_tier } = expiry;
        match (after, by_activity) {
            (None, None) => {
                let message = "it does not say when points lapse".to_owned();
                self.problem("expiry_missing", path, message, "write `after` or `by_activity`");
            }
            (Some(_), Some(_)) => self.expiry_ambiguous("after", "by_activity", path),
            (Some(_), None) if unless_tier.is_some() => self.expiry_ambiguous("unless_tier", "after", path),
            (None, Some(_)) if to_end_of.is_some() => self.expiry_ambiguous("to_end_of", "by_activity", path),
            _ => {}
        }
        if let Some(after) = after {
            self.span(*after, &format!("{path}/after"));
        }
        if let Some(window) = to_end_of {
            self.window_that_ends(*window, &format!("{path}/to_end_of"));
        }
        if let Some(span) = by_activity {
            self.span(*span, &format!("{path}/by_activity"));
        }
        if let Some(test) = unless_tier {
            self.tier_test(test, &format!("{path}/unless_tier"));
        }
    }

    fn expiry_ambiguous(&mut self, field: &str, beside: &str, path: &str) {
        let message = format!("`{field}` does not go with `{beside}`");
        let help = "points lapse by a date, or by activity and perhaps not at some levels";
        self.problem("expiry_ambiguous", format!("{path}/{field}"), message, help);
    }

    fn holidays(&mut self) {
        self.unique("/holidays", self.document.holidays.iter().map(|list| &list.id));
        for (index, list) in self.document.holidays.iter().enumerate() {
            if list.dates.is_empty() {
                self.empty_list(&format!("/holidays/{index}/dates"));
            }
        }
    }

    fn span(&mut self, span: Span, path: &str) {
        let (length, unit, most) = span.parts();
        if !(1..=most).contains(&length) {
            let message = format!("a span of `{length}` {unit} is outside 1 to {most}");
            let help = "correct the span, or leave it out where nothing is to end";
            self.problem("span_range", format!("{path}/{unit}"), message, help);
        }
    }

    /// Ids are said once in their kind.
    fn unique(&mut self, list: &str, ids: impl Iterator<Item = &'a AuthorId>) {
        let mut seen = HashSet::new();
        for (index, id) in ids.enumerate() {
            if !seen.insert(id) {
                self.duplicate(id, format!("{list}/{index}/id"));
            }
        }
    }

    fn duplicate(&mut self, id: &AuthorId, path: String) {
        self.problem("duplicate_id", path, format!("the id `{id}` is used twice"), "give each its own id");
    }

    fn currency_exists(&mut self, id: &AuthorId, path: &str) {
        if !self.document.currencies.iter().any(|c| c.id == *id) {
            let message = format!("there is no currency `{id}`");
            self.problem(
                "unknown_currency",
                path,
                message,
                "declare it under `currencies` or correct the id",
            );
        }
    }

    fn partner_exists(&mut self, id: &AuthorId, path: &str) {
        if !self.document.partners.iter().any(|partner| partner.id == *id) {
            let message = format!("there is no partner `{id}`");
            self.problem("unknown_partner", path, message, "declare it under `partners` or correct the id");
        }
    }

    fn attribute(&mut self, id: &AuthorId, path: &str) -> Option<AttributeKind> {
        let declared = self.document.attributes.iter().find(|a| a.id == *id).map(|a| a.values);
        if declared.is_none() {
            let message = format!("the attribute `{id}` is not declared");
            self.problem("unknown_attribute", path, message, "declare it under `attributes`");
        }
        declared
    }

    fn basis(&mut self, basis: &Basis, path: &str) {
        if let Basis::Attribute(id) = basis
            && let Some(kind) = self.attribute(id, &format!("{path}/attribute"))
            && kind != AttributeKind::Number
        {
            let message = format!("the attribute `{id}` is not a number");
            self.problem("attribute_kind", path, message, "declare it with `\"values\": \"number\"`");
        }
    }

    fn empty_list(&mut self, path: &str) {
        self.problem(
            "empty_list",
            path,
            "the list is empty, so it can never be met".into(),
            "name at least one",
        );
    }

    fn dates(&mut self, dates: DateRange, path: &str) {
        if dates.from.zip(dates.to).is_some_and(|(from, to)| from > to) {
            self.empty_range(path);
        }
    }

    fn empty_range(&mut self, path: &str) {
        self.problem("empty_range", path, "the range ends before it begins".into(), "swap its ends");
    }
}
