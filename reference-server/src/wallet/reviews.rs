//! Reviews: the queue of what waits for one, approving and refusing.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use loyalty_core::command::Command;
use loyalty_core::engine::UnderReview;
use loyalty_core::id::{ActivityId, ActorId, AuthorId, MemberId, OperationKey};
use loyalty_core::points::Points;
use loyalty_core::program::Programs;
use loyalty_core::time::{OffsetTime, Timestamp};
use loyalty_core::vesting::Review;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::activities::execute;
use super::members::Limit;
use super::rights::{Decide, Of, ReadReviews};
use crate::kit::auth::May;
use crate::kit::body::Json;
use crate::kit::problem::Refusal;
use crate::kit::query::Query;

/// Members in a page of the queue, where the caller does not say.
const PAGE: usize = 20;

/// What is said of what an activity earned, or of an adjustment; who says it is the caller.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReview {
    /// The caller's id, under which it happens once.
    id: ActivityId,
    /// The key of the activity or adjustment, as in the queue: `purchase/<id>`, `event/<name>/<id>`, `adjust/<key>`.
    of: OperationKey,
    /// Why, in 1 to 500 bytes.
    reason: String,
}

/// A page of what waits for a review, member by member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReviewsView {
    /// What waits; all of a member stands on one page.
    reviews: Vec<ReviewView>,
    /// What to send to read on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// An activity of which something waits for a review, or an adjustment that waits for a second person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReviewView {
    /// Whose.
    member: MemberId,
    /// The key of the activity.
    of: OperationKey,
    /// When it happened.
    occurred_at: OffsetTime,
    /// Since when it waits: when it was recorded.
    since: Timestamp,
    /// Who sent it, where that is known; they cannot approve it.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_by: Option<ActorId>,
    /// The limits that it is above.
    limits: Vec<AuthorId>,
    /// What waits, by currency and terms.
    points: Vec<WaitingView>,
}

/// Points that wait for a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WaitingView {
    /// The currency.
    currency: AuthorId,
    /// Decimals of a point.
    scale: u8,
    /// Minor units; below 0 what an adjustment takes.
    points: Points,
}

impl ReviewView {
    fn new(one: UnderReview, programs: &Programs) -> Self {
        let UnderReview { member, key, occurred_at, recorded_at, sent_by, limits, points } = one;
        let program = programs.at(occurred_at.at);
        let points = points.into_iter().map(|(currency, points)| WaitingView {
            scale: program.currency(&currency).map_or(0, |currency| currency.scale),
            currency,
            points,
        });
        let points = points.collect();
        Self { member, of: key, occurred_at, since: recorded_at, sent_by, limits, points }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    cursor: Option<Cursor>,
    limit: Option<Limit>,
}

/// Where a page begins: after this member. Opaque to callers, who get it from the page before.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
struct Cursor(MemberId);

impl TryFrom<String> for Cursor {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let member = text.strip_prefix("after-").and_then(|member| MemberId::new(member).ok());
        member.map(Self).ok_or_else(|| {
            format!("`{text}` is no cursor of this server\nsend `next` of the page before, or nothing")
        })
    }
}

/// Lists what waits for a review, member by member, page by page.
#[utoipa::path(
    get, path = "/v1/reviews", tag = "reviews", operation_id = "reviews",
    params(
        ("cursor" = Option<String>, Query, description = "`next` of the page before; absent begins anew"),
        ("limit" = Option<u16>, Query, description = "members in the page, 1 to 100, by default 20"),
    ),
    responses((status = 200, description = "a page", body = ref("#/components/schemas/ReviewsView"))),
)]
pub(super) async fn list(
    State(wallet): State<Shared>,
    may: May<ReadReviews>,
    Query(page): Query<Page>,
) -> Result<Json<ReviewsView>, Refusal> {
    let tenant = &may.caller.tenant;
    let limit = page.limit.map_or(PAGE, |limit| limit.0);
    let after = page.cursor.map(|cursor| cursor.0);
    // One more than asked for tells whether there is a next page.
    let found = wallet.engine.under_review(&*wallet.feed, tenant, after.as_ref(), limit + 1).await?;
    if found.is_empty() {
        return Ok(Json(ReviewsView { reviews: Vec::new(), next: None }));
    }
    let now = wallet.clocks.now(tenant);
    let programs = wallet.engine.programs(tenant, now).await?;
    let mut members: Vec<&[UnderReview]> = found.chunk_by(|one, other| one.member == other.member).collect();
    let more = members.len() > limit;
    members.truncate(limit);
    let last = members.last().and_then(|of| of.first()).map(|one| format!("after-{}", one.member));
    let reviews = members.into_iter().flatten().map(|one| ReviewView::new(one.clone(), &programs));
    Ok(Json(ReviewsView { reviews: reviews.collect(), next: last.filter(|_| more) }))
}

/// Approves what an activity earned above a limit: it may be spent as if nobody had held it. Who sent the activity
/// cannot approve it. The same approval again gives the same answer, marked replayed.
#[utoipa::path(
    post, path = "/v1/members/{member}/approve", tag = "reviews", operation_id = "approve",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or the approval's `id`"),
    ),
    request_body(content = ref("#/components/schemas/NewReview")),
    responses((status = 201, description = "what may be spent", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn approve(
    State(wallet): State<Shared>,
    of: Of<Decide>,
    headers: HeaderMap,
    Json(new): Json<NewReview>,
) -> Result<Response, Refusal> {
    execute(&wallet, &of, &headers, (Command::Approve(new.by(&of)?), "approve")).await
}

/// Refuses what an activity earned above a limit: it is cancelled and was never earned. The same refusal again gives
/// the same answer, marked replayed.
#[utoipa::path(
    post, path = "/v1/members/{member}/refuse", tag = "reviews", operation_id = "refuse",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or the refusal's `id`"),
    ),
    request_body(content = ref("#/components/schemas/NewReview")),
    responses((status = 201, description = "what is cancelled", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn refuse(
    State(wallet): State<Shared>,
    of: Of<Decide>,
    headers: HeaderMap,
    Json(new): Json<NewReview>,
) -> Result<Response, Refusal> {
    execute(&wallet, &of, &headers, (Command::Refuse(new.by(&of)?), "refuse")).await
}

impl NewReview {
    fn by(self, of: &Of<Decide>) -> Result<Arc<Review>, Refusal> {
        let actor = of.actor()?;
        let Self { id, of, reason } = self;
        Ok(Arc::new(Review { id, of, actor, reason }))
    }
}
