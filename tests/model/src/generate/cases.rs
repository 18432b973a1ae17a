//! How many cases a property draws, and which.

use std::env;
use std::hash::{BuildHasher, RandomState};

use proptest::test_runner::{Config, RngSeed};

/// What every push draws.
const EACH_PUSH: u64 = 1;

/// Cases of a property: `each_push` of them, the same on every push, so that a push is red for what it changes and not
/// by luck; `long` of them in the long run, and new ones. `LOYALTY_SEED` draws those of a seed that a run printed.
///
/// # Panics
///
/// Where `LOYALTY_SEED` is no whole number.
pub fn cases(each_push: u32, long: u32) -> Config {
    let is_long = env::var_os("LOYALTY_LONG").is_some();
    let given = env::var("LOYALTY_SEED").ok();
    let given = given.map(|text| text.parse().expect("LOYALTY_SEED is a whole number"));
    let seed = given.unwrap_or_else(|| if is_long { RandomState::new().hash_one(()) } else { EACH_PUSH });
    eprintln!("LOYALTY_SEED={seed} draws the same cases again");
    let cases = if is_long { long } else { each_push };
    // What a program cannot say is drawn again, in the long run as often as in the short one.
    let rejects = cases.saturating_mul(10).max(100_000);
    Config {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 4_000,
        max_global_rejects: rejects,
        max_local_rejects: rejects,
        ..Config::with_cases(cases)
    }
}
