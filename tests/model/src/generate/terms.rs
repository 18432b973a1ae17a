//! Random terms on which rules give points.

use loyalty_core::program::document::{
    Combine, Earning, Expiry, Group, GroupMember, Partner, Rule, RuleExpiry, Trigger, Vest, VestingEvent,
};
use loyalty_core::time::{Date, Window};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::words::{EVENTS, PARTNERS, id, span, word};

/// What a rule says of its terms.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    vest: Option<Vest>,
    expiry: Option<RuleExpiry>,
    partner: Option<&'static str>,
}

/// The same way to earn, mostly on plain terms.
pub fn on_terms(earning: Earning) -> impl Strategy<Value = Earning> {
    let some = vec(terms(), 3);
    option::weighted(0.4, some).prop_map(move |some| match some {
        None => earning.clone(),
        Some(some) => {
            let mut earning = earning.clone();
            let mut next = some.iter().cycle();
            for group in &mut earning.groups {
                spread(group, &mut next);
            }
            for rule in &mut earning.after {
                give(rule, next.next().expect("terms without end"));
            }
            earning
        }
    })
}

/// The partners of every program.
pub fn partners() -> Vec<Partner> {
    PARTNERS.iter().map(|name| Partner { id: id(name), name: None }).collect()
}

/// The rules of an `all` group share their terms; members of other groups have their own.
fn spread(group: &mut Group, next: &mut dyn Iterator<Item = &Terms>) {
    if group.combine == Combine::All {
        let mut same = next.next().expect("terms without end").clone();
        if has(group, &|rule| rule.on.is_goal()) {
            same.vest = None;
        }
        if has(group, &|rule| rule.on != Trigger::Purchase) {
            same.vest = same.vest.filter(|vest| !matches!(vest, Vest::Event(_)));
        }
        return give_all(group, &same);
    }
    for member in &mut group.members {
        match member {
            GroupMember::Rule(rule) => give(rule, next.next().expect("terms without end")),
            GroupMember::Group(group) => spread(group, next),
        }
    }
}

fn give_all(group: &mut Group, terms: &Terms) {
    for member in &mut group.members {
        match member {
            GroupMember::Rule(rule) => give(rule, terms),
            GroupMember::Group(group) => give_all(group, terms),
        }
    }
}

/// Points of an event cannot wait for one, those of joining, levels and challenges wait for nothing.
fn give(rule: &mut Rule, terms: &Terms) {
    let of_purchase = rule.on == Trigger::Purchase;
    let at_once = rule.on.is_goal();
    let fits = |vest: &Vest| !at_once && (of_purchase || !matches!(vest, Vest::Event(_)));
    rule.vest = terms.vest.clone().filter(fits);
    rule.expiry = terms.expiry.clone();
    rule.funded_by = terms.partner.map(id);
}

fn has(group: &Group, wanted: &dyn Fn(&Rule) -> bool) -> bool {
    group.members.iter().any(|member| match member {
        GroupMember::Rule(rule) => wanted(rule),
        GroupMember::Group(group) => has(group, wanted),
    })
}

fn terms() -> impl Strategy<Value = Terms> {
    let first = Date::parse("2016-11-01").expect("a date").days();
    let within = prop_oneof![(1_u16..40).prop_map(loyalty_core::time::Span::Days), span()];
    let event = (word(EVENTS), within.clone(), any::<bool>()).prop_map(|(name, within, other)| {
        let others = EVENTS.iter().filter(|it| other && **it != name).map(|it| id(it)).collect();
        Vest::Event(VestingEvent { name: id(&name), within, cancelled_by: others })
    });
    let vest = prop_oneof![
        2 => within.prop_map(Vest::After),
        1 => (0..900).prop_map(move |days| Vest::On(Date::from_days(first + days))),
        4 => event,
    ];
    let own = (span(), option::of(select(vec![Window::Month, Window::Quarter, Window::Year])));
    let expiry = prop_oneof![
        1 => Just(RuleExpiry::Never),
        3 => own.prop_map(|(after, to_end_of)| RuleExpiry::By(Expiry { after, to_end_of })),
    ];
    (option::weighted(0.7, vest), option::weighted(0.4, expiry), option::weighted(0.4, select(PARTNERS)))
        .prop_map(|(vest, expiry, partner)| Terms { vest, expiry, partner })
}
