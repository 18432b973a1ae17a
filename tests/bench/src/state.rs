//! `state-size`: what a member's state takes in each of its commits.

use anyhow::Result;

use crate::harness::{Bench, Figure, Goal, Side};
use crate::setup::Setup;

pub const BENCH: Bench = Bench {
    name: "state-size",
    what: "the encoded state of the member in the middle, after all of the grocery set",
    figure: Figure::Bytes,
    goal: Goal::Within(1_024.0),
    real_data: true,
    sides,
};

fn sides(_: &Setup) -> Result<Vec<Side>> {
    // PLUG: `Side::own` that imports `grocery_activities` with `own::import`, opens the embedded store there,
    // encodes the state of every member's head and answers the median length as `units`, 0 seconds.
    Ok(vec![])
}
