//! Examples: activities of a member, and what the engine decides on them.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::Study;
use crate::activity::Activity;
use crate::decision::{Command, Context, decide};
use crate::explain::NoTrace;
use crate::id::AuthorId;
use crate::ledger::operation::Operation;
use crate::member::MemberState;
use crate::points::Points;
use crate::program::Programs;
use crate::returns::Past;
use crate::settle::settle;
use crate::tier::TierState;
use crate::time::Timestamp;

/// Activities of a member who has done nothing before, and what comes of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Example {
    /// Levels that the member holds before, by track; the lowest where none is named.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub levels: BTreeMap<AuthorId, AuthorId>,
    /// What happens.
    pub activities: Vec<Activity>,
    /// When the member is read after it; absent where what the last activity earns is the point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
    /// By currency, in minor units: what the last activity earns, or what may be spent when the member is read.
    pub points: BTreeMap<AuthorId, Points>,
    /// The level held on each track afterwards.
    pub tiers: BTreeMap<AuthorId, AuthorId>,
}

/// What happens in an example.
#[derive(Debug, Clone, Default)]
pub struct Scene {
    /// Levels held before, by track.
    pub levels: BTreeMap<AuthorId, AuthorId>,
    /// What happens.
    pub activities: Vec<Activity>,
}

/// A scene played to its end.
pub struct Played {
    /// The last operation.
    pub operation: Operation,
    /// The member after it.
    pub state: MemberState,
}

impl Scene {
    /// Has the engine decide on all of it; `None` where it refuses something.
    pub fn play(&self, programs: &Programs) -> Option<Played> {
        let begins = self.activities.first()?.occurred_at().at;
        let mut state = Some(self.levels.iter()).filter(|levels| levels.len() > 0).map(|levels| {
            let held = levels.map(|(track, level)| TierState::holding(track.clone(), level.clone(), begins));
            MemberState { tiers: held.collect(), ..MemberState::enrolled(begins) }
        });
        let mut last = None;
        for activity in &self.activities {
            let context = Context { now: activity.occurred_at().at, programs, past: &Past::default() };
            let command = Command::Record(Arc::new(activity.clone()));
            let decision = decide(&context, state.as_ref(), &command, &mut NoTrace).ok()?;
            state = Some(decision.state);
            last = Some(decision.operation);
        }
        Some(Played { operation: last?, state: state? })
    }
}

impl Study<'_> {
    /// What the last activity of a scene earns.
    pub fn earned(&self, scene: Scene) -> Option<Example> {
        let Played { operation, state } = scene.play(&self.programs)?;
        let mut points = BTreeMap::new();
        for award in operation.awards {
            let sum = points.entry(award.currency).or_insert(Points::ZERO);
            *sum = sum.plus(award.points).ok()?;
        }
        let Scene { levels, activities } = scene;
        Some(Example { levels, activities, read_at: None, points, tiers: tiers(&state) })
    }

    /// What a member has at an instant after a scene.
    pub fn read(&self, scene: Scene, at: Timestamp) -> Option<Example> {
        let Played { mut state, .. } = scene.play(&self.programs)?;
        settle(&self.programs, &mut state, at).ok()?;
        let balances = state.balances.iter();
        let points =
            balances.map(|it| Some((it.currency.clone(), it.available().ok()?))).collect::<Option<_>>()?;
        let Scene { levels, activities } = scene;
        Some(Example { levels, activities, read_at: Some(at), points, tiers: tiers(&state) })
    }
}

fn tiers(state: &MemberState) -> BTreeMap<AuthorId, AuthorId> {
    state.tiers.iter().map(|held| (held.track.clone(), held.level().clone())).collect()
}
