//! What the wallet's callers may do.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use loyalty_core::id::{ActorId, MemberId, TenantId};
use serde::Deserialize;

use super::Shared;
use crate::kit::auth::{May, Right, Role, forbidden};
use crate::kit::problem::Refusal;
use crate::kit::query::Path;

/// To publish and check programs.
#[derive(Debug)]
pub struct Publish;

impl Right for Publish {
    const ROLES: &'static [Role] = &[Role::Author];
}

/// To read programs.
#[derive(Debug)]
pub struct ReadPrograms;

impl Right for ReadPrograms {
    const ROLES: &'static [Role] = &[Role::Author, Role::Till, Role::Support, Role::Auditor, Role::Operator];
}

/// To record what happened.
#[derive(Debug)]
pub struct Record;

impl Right for Record {
    const ROLES: &'static [Role] = &[Role::Till];
}

/// To read what is kept about a member; members themselves read their own.
#[derive(Debug)]
pub struct ReadMember;

impl Right for ReadMember {
    const ROLES: &'static [Role] = &[Role::Till, Role::Support, Role::Auditor, Role::Member];
}

/// To give levels.
#[derive(Debug)]
pub struct GrantTiers;

impl Right for GrantTiers {
    const ROLES: &'static [Role] = &[Role::Support];
}

/// To spend members' points on rewards, and to undo it.
#[derive(Debug)]
pub struct Spend;

impl Right for Spend {
    const ROLES: &'static [Role] = &[Role::Till, Role::Support];
}

/// To give and take points by hand.
#[derive(Debug)]
pub struct AdjustPoints;

impl Right for AdjustPoints {
    const ROLES: &'static [Role] = &[Role::Support];
}

/// To freeze members, to let them take part again, and to close them.
#[derive(Debug)]
pub struct ChangeMembership;

impl Right for ChangeMembership {
    const ROLES: &'static [Role] = &[Role::Support];
}

/// To approve and refuse what activities earned.
#[derive(Debug)]
pub struct Decide;

impl Right for Decide {
    const ROLES: &'static [Role] = &[Role::Support];
}

/// To read what waits for a review.
#[derive(Debug)]
pub struct ReadReviews;

impl Right for ReadReviews {
    const ROLES: &'static [Role] = &[Role::Support, Role::Auditor];
}

/// To say what is known of members, and to have it forgotten.
#[derive(Debug)]
pub struct KeepFacts;

impl Right for KeepFacts {
    const ROLES: &'static [Role] = &[Role::Support];
}

/// To read what is known of a member; members themselves read their own.
#[derive(Debug)]
pub struct ReadFacts;

impl Right for ReadFacts {
    const ROLES: &'static [Role] = &[Role::Support, Role::Member];
}

/// To move the sandbox's clock.
#[derive(Debug)]
pub struct MoveClock;

impl Right for MoveClock {
    const ROLES: &'static [Role] = &[Role::Operator];
}

/// To read what happens to all members.
#[derive(Debug)]
pub struct ReadFeed;

impl Right for ReadFeed {
    const ROLES: &'static [Role] = &[Role::Operator, Role::Auditor];
}

/// To copy the ledger.
#[derive(Debug)]
pub struct BackUp;

impl Right for BackUp {
    const ROLES: &'static [Role] = &[Role::Operator];
}

/// The member that the address names, in the caller's tenant, for a caller who has the right `R` there.
#[derive(Debug)]
pub struct Of<R> {
    /// The caller's tenant.
    pub tenant: TenantId,
    /// Who the address names.
    pub member: MemberId,
    /// Who calls.
    pub caller: String,
    right: PhantomData<R>,
}

impl<R> Of<R> {
    /// Who calls, as an operation names them.
    pub fn actor(&self) -> Result<ActorId, Refusal> {
        ActorId::new(&self.caller).map_err(|error| Refusal::new("invalid_value", error.to_string(), ""))
    }
}

#[derive(Deserialize)]
struct MemberPath {
    member: MemberId,
}

impl<R: Right> FromRequestParts<Shared> for Of<R> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Refusal> {
        let may = May::<R>::from_request_parts(parts, shared).await?;
        let Path(MemberPath { member }) = Path::from_request_parts(parts, shared).await?;
        let caller = may.caller;
        // Who is nothing but a member sees their own; another's is refused before anything is looked up.
        let others = R::ROLES.iter().filter(|role| **role != Role::Member);
        if caller.subject != member.as_str() && !others.clone().any(|role| caller.roles.has(*role)) {
            return Err(forbidden(&others.copied().collect::<Vec<_>>()));
        }
        let tenant = caller.tenant.clone();
        Ok(Self { tenant, member, caller: caller.subject.clone(), right: PhantomData })
    }
}
