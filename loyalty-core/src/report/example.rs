//! Examples: activities of a member, and what the engine decides on them.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::Study;
use crate::activity::Activity;
use crate::conversion::Owner;
use crate::decision::{Command, Context, decide_unused};
use crate::explain::NoTrace;
use crate::facts::{Facts, Who};
use crate::id::{AuthorId, MemberId};
use crate::ledger::operation::Operation;
use crate::member::MemberState;
use crate::points::Points;
use crate::program::Programs;
use crate::program::condition::Condition;
use crate::returns::Past;
use crate::settle::settle;
use crate::tier::TierState;
use crate::time::Timestamp;

/// The member of examples whose id makes no difference.
const SOMEBODY: &str = "example";

/// Activities of a member who has done nothing before, and what comes of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Example {
    /// The member's id, where the program splits members by it; else anybody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<MemberId>,
    /// What the member store says of the member, where the program asks.
    #[serde(skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
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
    /// Whose they are, where that makes a difference.
    pub member: Option<MemberId>,
    /// What is known of the member.
    pub facts: Facts,
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
        let member = self.member.clone().or_else(|| MemberId::new(SOMEBODY).ok())?;
        let begins = self.activities.first()?.occurred_at().at;
        let mut state = Some(self.levels.iter()).filter(|levels| levels.len() > 0).map(|levels| {
            let held = levels.map(|(track, level)| TierState::holding(track.clone(), level.clone(), begins));
            MemberState { tiers: held.collect(), ..MemberState::enrolled(begins) }
        });
        let (mut last, past) = (None, Past::default());
        for activity in &self.activities {
            let who = Who { member: &member, facts: &self.facts };
            let context = Context::new(activity.occurred_at().at, programs, &past, who);
            let command = Command::Record(Arc::new(activity.clone()));
            let decision = decide_unused(&context, state.as_ref(), &command, &mut NoTrace).ok()?;
            state = Some(decision.state);
            last = Some(decision.operation);
        }
        Some(Played { operation: last?, state: state? })
    }
}

impl Study<'_> {
    /// Whose the scene is, where the program splits members: then its outcome may hang on the id.
    fn shown(&self, scene: &Scene) -> Option<MemberId> {
        let mut splits = false;
        for condition in self.program.document().conditions() {
            condition.walk(&mut |one| splits |= matches!(one, Condition::Split(_)));
        }
        let member = scene.member.clone().or_else(|| MemberId::new(SOMEBODY).ok());
        member.filter(|_| splits)
    }

    /// What the last activity of a scene earns.
    pub fn earned(&self, scene: Scene) -> Option<Example> {
        let Played { operation, state } = scene.play(&self.programs)?;
        let mut points = BTreeMap::new();
        for award in operation.awards {
            let sum = points.entry(award.currency).or_insert(Points::ZERO);
            *sum = sum.plus(award.points).ok()?;
        }
        let (tiers, member) = (tiers(&state), self.shown(&scene));
        let Scene { facts, levels, activities, .. } = scene;
        Some(Example { member, facts, levels, activities, read_at: None, points, tiers })
    }

    /// What a member has at an instant after a scene.
    pub fn read(&self, scene: Scene, at: Timestamp) -> Option<Example> {
        let Played { mut state, .. } = scene.play(&self.programs)?;
        let member = scene.member.clone().or_else(|| MemberId::new(SOMEBODY).ok())?;
        settle(&self.programs, Owner::unkept(&member), &mut state, at).ok()?;
        let balances = state.balances.iter();
        let points =
            balances.map(|it| Some((it.currency.clone(), it.available().ok()?))).collect::<Option<_>>()?;
        let member = self.shown(&scene);
        let Scene { facts, levels, activities, .. } = scene;
        Some(Example { member, facts, levels, activities, read_at: Some(at), points, tiers: tiers(&state) })
    }
}

fn tiers(state: &MemberState) -> BTreeMap<AuthorId, AuthorId> {
    state.tiers.iter().map(|held| (held.track.clone(), held.level().clone())).collect()
}
