//! The feed: what happens to all members of a tenant, in the order in which it was recorded.

use axum::extract::State;
use loyalty_core::json::answer::EventView;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::rights::ReadFeed;
use crate::kit::auth::May;
use crate::kit::body::Json;
use crate::kit::problem::Refusal;
use crate::kit::query::Query;

/// Commits of all tenants that one page looks at.
const PAGE: usize = 256;

/// Events, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FeedView {
    /// What happened; there may be more after a page without any.
    events: Vec<EventView>,
    /// The position to read on after; the same as before where nothing has been recorded since.
    next: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Since {
    #[serde(default)]
    after: Position,
}

/// A position of the feed; 0 is before everything.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(try_from = "String")]
struct Position(u64);

impl TryFrom<String> for Position {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let error =
            || format!("`{text}` is no position of the feed\nsend `next` of the page before, or nothing");
        text.parse().map(Self).map_err(|_| error())
    }
}

/// Tells what happened after a position, oldest first, page by page. Whoever keeps `next` misses nothing and is told nothing
/// twice.
#[utoipa::path(
    get, path = "/v1/feed", tag = "operating", operation_id = "feed",
    params(("after" = Option<u64>, Query, description = "`next` of the page before; absent begins with the first event")),
    responses((status = 200, description = "a page", body = ref("#/components/schemas/FeedView"))),
)]
pub(super) async fn read(
    State(wallet): State<Shared>,
    may: May<ReadFeed>,
    Query(since): Query<Since>,
) -> Result<Json<FeedView>, Refusal> {
    let tenant = &may.caller.tenant;
    let page = wallet.engine.commits_after(&*wallet.feed, tenant, since.after.0, PAGE).await?;
    let programs = wallet.engine.programs(tenant, wallet.clocks.now(tenant)).await?;
    let events = page.commits.into_iter().flat_map(|(at, commit)| EventView::of(at, commit, &programs));
    Ok(Json(FeedView { events: events.collect(), next: page.next }))
}
