//! What every store must do: ordinary async functions, one a sentence of a port's contract.
//!
//! They panic where a store breaks its contract, which is their purpose; they belong into tests. Each wants
//! a store that has not seen it before, and uses tenants of its own. [`conformance!`](crate::conformance!)
//! makes a `#[test]` of each, on an executor of the caller's choice:
//!
//! ```
//! # fn block_on<F: Future>(future: F) -> F::Output {
//! #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
//! #     match std::pin::pin!(future).poll(&mut context) {
//! #         std::task::Poll::Ready(output) => output,
//! #         std::task::Poll::Pending => panic!("memory never waits"),
//! #     }
//! # }
//! use loyalty_core::conformance;
//! use loyalty_core::memory::{MemoryCounters, MemoryStore};
//!
//! // All of them:
//! conformance!(ledger_store, block_on, MemoryStore::default());
//! conformance!(feed, block_on, MemoryStore::default());
//! conformance!(program_store, block_on, MemoryStore::default());
//! conformance!(shared_counters, block_on, MemoryCounters::default());
//!
//! # fn main() {
//! // Or one by one:
//! block_on(conformance::ledger_store::a_gap_is_refused(&MemoryStore::default()));
//! # }
//! ```

// Test code for users: it panics where a store is wrong.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

pub mod feed;
pub mod fixture;
pub mod ledger_store;
pub mod program_store;
pub mod shared_counters;

/// Makes a `#[test]` of every function of the suite of one port: `ledger_store`, `feed`, `program_store` or
/// `shared_counters`.
///
/// Takes the port, something that runs a future to its end, such as a runtime's `block_on`, and an
/// expression that makes a fresh store.
#[macro_export]
macro_rules! conformance {
    (ledger_store, $block_on:expr, $store:expr) => {
        $crate::conformance!(@each ledger_store, $block_on, $store, [
            tenants_and_currencies_are_kept_apart,
            a_sequence_is_taken_once,
            a_gap_is_refused,
            a_key_is_taken_once,
            keys_belong_to_one_member_of_one_tenant,
            names_may_hold_anything,
            keys_may_hold_anything,
            returns_are_found_by_their_purchase,
            ranges_go_back_in_pages,
            an_instant_has_its_commit,
            what_is_done_is_seen,
            members_do_not_wait_for_each_other,
            one_of_many_takes_a_sequence,
            one_of_many_takes_a_key,
        ]);
    };
    (feed, $block_on:expr, $store:expr) => {
        $crate::conformance!(@each feed, $block_on, $store, [
            every_commit_comes_once_and_chains_ascend,
            positions_stay,
            what_is_appended_stands_behind_the_newest,
            heads_ascend_in_the_order_of_members,
            heads_are_of_one_tenant,
            members_under_review_are_found,
            what_is_refused_opens_no_review,
        ]);
    };
    (program_store, $block_on:expr, $store:expr) => {
        $crate::conformance!(@each program_store, $block_on, $store, [
            versions_come_back_in_their_order,
            a_number_is_taken_once,
            one_of_many_publishes,
        ]);
    };
    (shared_counters, $block_on:expr, $store:expr) => {
        $crate::conformance!(@each shared_counters, $block_on, $store, [
            others_are_counted_in_their_window,
            an_operation_is_noted_once,
            counters_are_apart,
            many_note_at_once,
        ]);
    };
    (@each $port:ident, $block_on:expr, $store:expr, [$($case:ident),* $(,)?]) => {
        mod $port {
            use super::*;
            $(
                #[test]
                fn $case() {
                    let store = $store;
                    ($block_on)($crate::conformance::$port::$case(&store));
                }
            )*
        }
    };
}

#[cfg(test)]
mod tests {
    /// A function that the macro does not name would never run.
    #[test]
    fn the_macro_names_every_function() {
        let named = include_str!("conformance.rs");
        let suites = [
            include_str!("conformance/ledger_store.rs"),
            include_str!("conformance/feed.rs"),
            include_str!("conformance/program_store.rs"),
            include_str!("conformance/shared_counters.rs"),
        ];
        let functions: Vec<_> =
            suites.iter().flat_map(|suite| suite.split("\npub async fn ").skip(1)).collect();
        assert!(functions.len() > 15, "the suites moved");
        for function in functions {
            let name = function.split('<').next().unwrap();
            assert!(named.contains(&format!("            {name},\n")), "`{name}` is not named");
        }
    }
}
