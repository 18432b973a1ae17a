//! Random budgets of a program that has everything else.

use loyalty_core::id::AuthorId;
use loyalty_core::money::Quantity;
use loyalty_core::program::document::{Budget, Document, Group, GroupMember, Over};
use loyalty_core::time::Window;
use proptest::prelude::*;
use proptest::sample::select;

use super::earning::{group_is_whole, rule_is_whole};

/// What is picked for a currency: whether it has a budget, how much, for how long, what happens above it, and where.
pub type Pick = Option<(u32, Window, Over, u8)>;

/// A pick for each of so many currencies.
pub fn picks(currencies: usize) -> impl Strategy<Value = Vec<Pick>> {
    let window = select(vec![Window::Lifetime, Window::Day, Window::Week, Window::Month, Window::Year]);
    let over = select(vec![Over::Clip, Over::Clip, Over::Reject]);
    let pick = (0..800_u32, window, over, any::<u8>());
    proptest::collection::vec(proptest::option::weighted(0.3, pick), currencies)
}

/// Gives currencies their budgets: on all that is earned, on a top group or on a rule in it, as the pick says and as
/// far as it gives whole points.
pub fn give(document: &mut Document, picks: Vec<Pick>) {
    for (place, pick) in picks.into_iter().enumerate() {
        let Some((amount, window, over, at)) = pick else { continue };
        let id = AuthorId::new(&format!("budget-{place}")).expect("an id");
        let currency = document.currencies[place].id.clone();
        let Some(earning) = document.earning.iter_mut().find(|it| it.currency == currency) else { continue };
        let group = earning.groups.first_mut();
        match (at % 3, group) {
            (1, Some(group)) if group_is_whole(group) => group.budget = Some(id.clone()),
            (2, Some(Group { members, .. })) => match members.first_mut() {
                Some(GroupMember::Rule(rule)) if rule_is_whole(rule) => rule.budget = Some(id.clone()),
                _ => earning.budget = Some(id.clone()),
            },
            _ => earning.budget = Some(id.clone()),
        }
        let amount = Quantity::parse(&amount.to_string()).expect("an amount");
        document.budgets.push(Budget { id, currency, amount, window, over });
    }
}
