//! Random referrals.

use loyalty_core::program::document::{Document, Expiry, GrantLimit, Referral, RuleExpiry};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::condition::{Known, condition};
use super::words::{id, points, span, window};

/// The same program with one or two referrals.
pub fn with_referrals(document: Document) -> BoxedStrategy<Document> {
    let known =
        Known { tracks: &document.tiers, counters: &document.counters, challenges: &document.challenges };
    let currencies: Vec<_> = document.currencies.iter().map(|it| (it.id.clone(), it.scale)).collect();
    let expiry = span().prop_map(|after| RuleExpiry::By(Expiry { after, to_end_of: None }));
    let terms = (option::weighted(0.3, expiry), option::weighted(0.3, span()));
    let limit = (1_u16..=2, window()).prop_map(|(times, window)| GrantLimit { times, window });
    let amounts = select(currencies).prop_flat_map(|(currency, scale)| {
        (Just(currency), points(50, scale), option::weighted(0.7, points(50, scale)))
    });
    let when = option::weighted(0.5, condition(&known, true));
    let one = (when, amounts, terms, option::weighted(0.5, limit));
    vec(one, 1..=2)
        .prop_map(move |all| {
            let referral = |(n, (when, (currency, referrer, referee), (expiry, within), at_most))| Referral {
                id: id(&format!("referral-{n}")),
                when,
                within,
                currency,
                referrer,
                referee,
                expiry,
                funded_by: None,
                at_most,
            };
            let referrals = all.into_iter().enumerate().map(referral).collect();
            Document { referrals, ..document.clone() }
        })
        .boxed()
}
