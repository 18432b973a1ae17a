//! Random valid programs and random histories that fit them, for property tests.
//!
//! All names come from small alphabets, so that conditions really hold and returns really find their sale.

mod budgets;
mod cases;
mod condition;
mod conversions;
mod earning;
mod grants;
mod history;
mod idle;
mod limits;
mod member;
mod program;
mod referrals;
mod returns;
mod rewards;
mod terms;
mod transfers;
mod words;
pub mod zone;

use loyalty_core::activity::Activity;
use loyalty_core::program::document::{Document, Measure};
use proptest::prelude::*;

pub use self::cases::cases;
pub use self::history::history;
pub use self::member::facts;
pub use self::program::{program, with_rules};
pub use self::referrals::with_referrals;
pub use self::rewards::{Spend, SpendStep, spends};
pub use self::transfers::{Gift, gifts, with_transfers};

/// A program for several members. Limits on what they share are left out: the second implementation counts these for one
/// member alone, and the engine's counters forget what the newest window does not reach, so that no plain sum says what
/// they remember of members who come out of order.
pub fn program_of_many() -> impl Strategy<Value = Document> {
    program().prop_map(|mut document| {
        document.limits.retain(|limit| !matches!(limit.measures, Measure::Shared(_)));
        document
    })
}

/// A program, and what one member of it did: 1 to `most` activities in order, of which some returns are
/// refused.
pub fn case(most: usize) -> impl Strategy<Value = (Document, Vec<Activity>)> {
    program().prop_flat_map(move |document| {
        let history = history(&document, most);
        (Just(document), history)
    })
}
