//! Random terms on which points may be given, and gifts.

use loyalty_core::program::document::{
    CurrencyKind, Document, Recipients, TransferCap, Transferable, Transfers,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::words::{id, points, window};

/// Something that a member gives to another, after so many activities of all.
#[derive(Debug, Clone)]
pub struct Gift {
    /// Who, by number.
    pub from: usize,
    /// To whom.
    pub to: usize,
    /// After how many activities of all members.
    pub after: usize,
    /// How much later, in hours.
    pub hours: i64,
    /// Which currency.
    pub currency: Index,
    /// Whole points that the giver gets by hand before.
    pub before: Option<i64>,
    /// Of what may be spent, in hundredths.
    pub part: i64,
}

/// Gifts among so many members, who do so much in all; some go to who is none of them.
pub fn gifts(members: usize, activities: usize) -> impl Strategy<Value = Vec<Gift>> {
    let part = prop_oneof![8 => 1_i64..=100, 1 => 101_i64..200, 1 => Just(0_i64)];
    let hours = prop_oneof![4 => 0_i64..3, 1 => 0_i64..900];
    let before = option::weighted(0.6, 1_i64..90);
    // Later on there are members who have something.
    let after = activities / 3..activities;
    let gift = (0..members, 0..=members, after, hours, any::<Index>(), (before, part));
    let gift = gift.prop_map(|(from, to, after, hours, currency, (before, part))| Gift {
        from,
        to,
        after,
        hours,
        currency,
        before,
        part,
    });
    vec(gift, 4..20)
}

/// The same program, which says what may be given, or does not.
pub fn with_transfers(document: Document) -> BoxedStrategy<Document> {
    let redeemable = document.currencies.iter().filter(|it| it.kind == CurrencyKind::Redeemable);
    let each: Vec<_> = redeemable.map(|it| transferable(it.id.as_str(), it.scale)).collect();
    let to = select(vec![Recipients::Anybody, Recipients::Members]);
    let transfers = (each, to).prop_map(|(of, to)| {
        let of = of.into_iter().flatten().enumerate();
        let of = of.map(|(n, mut it): (usize, Transferable)| {
            it.caps.iter_mut().enumerate().for_each(|(m, cap)| cap.id = id(&format!("gifts-{n}-{m}")));
            it
        });
        Transfers { of: of.collect(), to }
    });
    option::of(transfers).prop_map(move |transfers| Document { transfers, ..document.clone() }).boxed()
}

fn transferable(currency: &str, scale: u8) -> BoxedStrategy<Option<Transferable>> {
    let currency = id(currency);
    let cap = (points(300, scale), window());
    let cap = cap.prop_map(|(at_most, window)| TransferCap { id: id("cap"), window, at_most });
    let least = option::weighted(0.3, points(5, scale));
    let most = option::weighted(0.3, points(200, scale));
    let one = (least, most, vec(cap, 0..=2)).prop_map(move |(at_least, at_most, caps)| {
        let at_most = at_most.filter(|most| at_least.is_none_or(|least| least <= *most));
        let fits = |cap: &TransferCap| at_least.is_none_or(|least| least <= cap.at_most);
        let caps = caps.into_iter().filter(fits).collect();
        Transferable { currency: currency.clone(), at_least, at_most, caps }
    });
    option::weighted(0.85, one).boxed()
}
