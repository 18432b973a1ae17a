//! Reading a member: as of an instant, the history, the proof of any entry.

use std::fmt;

use axum::extract::State;
use loyalty_core::engine::Entry;
use loyalty_core::id::OperationKey;
use loyalty_core::json::answer::{EntryView, HistoryView, HoldingsView, MemberView, ProofView};
use loyalty_core::time::Timestamp;
use serde::Deserialize;

use super::Shared;
use super::rights::{Of, ReadMember};
use crate::kit::body::Json;
use crate::kit::problem::Refusal;
use crate::kit::query::Query;

/// Commits in a page of history, where the caller does not say.
const PAGE: usize = 20;
const LARGEST_PAGE: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AsOf {
    at: Option<Timestamp>,
    known_at: Option<Timestamp>,
}

/// Shows a member: balances, levels with what is missing, and what expires.
#[utoipa::path(
    get, path = "/v1/members/{member}", tag = "members", operation_id = "member",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("at" = Option<String>, Query, description =
            "an instant such as `2026-12-31T00:00:00Z`; absent means now. Nothing is shown as of before the \
             member's last activity: `settled_to` says what is shown"),
        ("known_at" = Option<String>, Query, description =
            "only what had been recorded until this instant; shown as of then, or as of a later `at`"),
    ),
    responses((status = 200, description = "the member", body = ref("#/components/schemas/MemberView"))),
)]
pub(super) async fn member(
    State(wallet): State<Shared>,
    of: Of<ReadMember>,
    Query(as_of): Query<AsOf>,
) -> Result<Json<MemberView>, Refusal> {
    let now = wallet.clocks.now(&of.tenant);
    let AsOf { at, known_at } = as_of;
    let settled = match known_at {
        Some(known_at) => wallet.engine.member_known_at(&of.tenant, &of.member, (known_at, at)).await?,
        None => wallet.engine.member(&of.tenant, &of.member, Some(at.unwrap_or(now)), now).await?,
    };
    let programs = wallet.engine.programs(&of.tenant, now).await?;
    Ok(Json(MemberView::new(settled, &programs)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Then {
    at: Timestamp,
}

/// Shows what a member had at an instant, by all that is recorded by now: what came late counts when it happened.
#[utoipa::path(
    get, path = "/v1/members/{member}/holdings", tag = "members", operation_id = "holdings",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("at" = String, Query, description = "an instant such as `2026-12-31T00:00:00Z`"),
    ),
    responses((status = 200, description = "what there was", body = ref("#/components/schemas/HoldingsView"))),
)]
pub(super) async fn holdings(
    State(wallet): State<Shared>,
    of: Of<ReadMember>,
    Query(Then { at }): Query<Then>,
) -> Result<Json<HoldingsView>, Refusal> {
    let now = wallet.clocks.now(&of.tenant);
    let holdings = wallet.engine.holdings(&of.tenant, &of.member, at, now).await?;
    let programs = wallet.engine.programs(&of.tenant, now).await?;
    Ok(Json(HoldingsView::new(&of.member, at, &holdings, programs.at(now))))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    cursor: Option<Cursor>,
    limit: Option<Limit>,
}

/// Where a page begins: below this sequence. Opaque to callers, who get it from the page before.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct Cursor(u64);

impl TryFrom<String> for Cursor {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.strip_prefix("before-").filter(|digits| digits.len() == 16);
        let seq = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        seq.map(Self).ok_or_else(|| {
            format!("`{text}` is no cursor of this server\nsend `next` of the page before, or nothing")
        })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "before-{:016x}", self.0)
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Limit(pub usize);

impl TryFrom<String> for Limit {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let number = text.parse().ok().filter(|number| (1..=LARGEST_PAGE).contains(number));
        number
            .map(Self)
            .ok_or_else(|| format!("`{text}` is no page size\nsend a number from 1 to {LARGEST_PAGE}"))
    }
}

/// Shows what happened to a member, newest first, page by page.
#[utoipa::path(
    get, path = "/v1/members/{member}/history", tag = "members", operation_id = "history",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before; absent begins anew"),
        ("limit" = Option<u16>, Query, description = "commits in the page, 1 to 100, by default 20"),
    ),
    responses((status = 200, description = "a page", body = ref("#/components/schemas/HistoryView"))),
)]
pub(super) async fn history(
    State(wallet): State<Shared>,
    of: Of<ReadMember>,
    Query(page): Query<Page>,
) -> Result<Json<HistoryView>, Refusal> {
    let now = wallet.clocks.now(&of.tenant);
    let limit = page.limit.map_or(PAGE, |limit| limit.0);
    let before = page.cursor.map(|cursor| cursor.0);
    // One more than asked for tells whether there is a next page.
    let mut entries = wallet.engine.history(&of.tenant, &of.member, before, limit + 1).await?;
    let next = cut(&mut entries, limit);
    if entries.is_empty() && before.is_none() {
        // Answers `unknown_member` where there is none; a member always has a first entry.
        wallet.engine.member(&of.tenant, &of.member, None, now).await?;
    }
    let programs = wallet.engine.programs(&of.tenant, now).await?;
    let entries = entries.into_iter().map(|entry| EntryView::new(entry, &programs)).collect();
    Ok(Json(HistoryView { entries, next: next.map(|cursor| cursor.to_string()) }))
}

/// Keeps the entries of the first `limit` commits; gives where to read on if there are more.
fn cut(entries: &mut Vec<Entry>, limit: usize) -> Option<Cursor> {
    let mut commits = 0;
    let mut last = None;
    for (index, entry) in entries.iter().enumerate() {
        if last != Some(entry.seq) {
            commits += 1;
            if commits > limit {
                entries.truncate(index);
                return last.map(Cursor);
            }
            last = Some(entry.seq);
        }
    }
    None
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    key: OperationKey,
}

/// Proves an entry: decides it again on what was recorded and tells every step.
#[utoipa::path(
    get, path = "/v1/members/{member}/proof", tag = "members", operation_id = "proof",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("key" = String, Query, description = "the entry's key, such as `purchase/R-1`"),
    ),
    responses((status = 200, description = "the proof", body = ref("#/components/schemas/ProofView"))),
)]
pub(super) async fn proof(
    State(wallet): State<Shared>,
    of: Of<ReadMember>,
    Query(which): Query<Which>,
) -> Result<Json<ProofView>, Refusal> {
    let now = wallet.clocks.now(&of.tenant);
    let explanation = wallet.engine.explain(&of.tenant, &of.member, &which.key, now).await?;
    let programs = wallet.engine.programs(&of.tenant, now).await?;
    Ok(Json(ProofView::new(explanation, &programs)))
}
