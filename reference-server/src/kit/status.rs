//! Which HTTP status a problem's code has: the one place that says so.

use axum::http::StatusCode;

/// What HTTP says about the problems of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// The code.
    pub code: &'static str,
    /// Its status.
    pub status: StatusCode,
    /// What all problems of the code have in common.
    pub title: &'static str,
}

/// Codes that are not about the content of what was sent. All others are: see [`meaning`].
pub const MEANINGS: &[Meaning] = &[
    of("not_json", StatusCode::BAD_REQUEST, "the body is no JSON"),
    of("body_unreadable", StatusCode::BAD_REQUEST, "the body did not arrive whole"),
    of("invalid_path", StatusCode::BAD_REQUEST, "a part of the address cannot be read"),
    of("invalid_query", StatusCode::BAD_REQUEST, "the query cannot be read"),
    of("token_missing", StatusCode::UNAUTHORIZED, "there is no bearer token"),
    of("token_invalid", StatusCode::UNAUTHORIZED, "the bearer token is not accepted"),
    of("token_expired", StatusCode::UNAUTHORIZED, "the bearer token is no longer valid"),
    of("forbidden", StatusCode::FORBIDDEN, "the token does not allow this"),
    of("same_person", StatusCode::FORBIDDEN, "somebody else has to approve it"),
    of("not_sandbox", StatusCode::FORBIDDEN, "only the clock of the sandbox moves"),
    of("not_found", StatusCode::NOT_FOUND, "there is nothing at this address"),
    of("no_program", StatusCode::NOT_FOUND, "the tenant has no program"),
    of("unknown_member", StatusCode::NOT_FOUND, "there is no such member"),
    of("unknown_operation", StatusCode::NOT_FOUND, "there is no such operation"),
    of("review_not_found", StatusCode::NOT_FOUND, "nothing of it was ever under review"),
    of("quote_not_found", StatusCode::NOT_FOUND, "there is no such quote"),
    of("hold_not_found", StatusCode::NOT_FOUND, "there is no such hold"),
    of("voucher_not_found", StatusCode::NOT_FOUND, "the member has no such voucher, or it is over"),
    of("redemption_not_found", StatusCode::NOT_FOUND, "there is no such redemption"),
    of("return_not_found", StatusCode::NOT_FOUND, "the member has no such return"),
    of("unknown_version", StatusCode::NOT_FOUND, "there is no such program version"),
    of("method_not_allowed", StatusCode::METHOD_NOT_ALLOWED, "the address does not take this method"),
    of("idempotency_conflict", StatusCode::CONFLICT, "the key was used for another input"),
    of("activity_of_another", StatusCode::CONFLICT, "another member has recorded the id"),
    of("circular_referral", StatusCode::CONFLICT, "the referrer was brought by the member"),
    of("already_enrolled", StatusCode::CONFLICT, "the member has joined already"),
    of("contended", StatusCode::CONFLICT, "other writers were faster"),
    of("review_ended", StatusCode::CONFLICT, "nothing of it is under review any more"),
    of("in_debt", StatusCode::CONFLICT, "the member owes points, and redeems nothing before they are repaid"),
    of("member_frozen", StatusCode::CONFLICT, "the member is frozen"),
    of("member_closed", StatusCode::CONFLICT, "the member is closed"),
    of("member_not_frozen", StatusCode::CONFLICT, "the member is not frozen"),
    of("holds_open", StatusCode::CONFLICT, "points of the member are held at a checkout"),
    of("transfers_open", StatusCode::CONFLICT, "points of the member are in transit"),
    of("transfer_cap", StatusCode::CONFLICT, "the member has given as many points as a window lets"),
    of("too_many_transfers", StatusCode::CONFLICT, "the member has too many transfers in transit"),
    of("recipient_full", StatusCode::CONFLICT, "the other member may hold no more"),
    of("insufficient_points", StatusCode::CONFLICT, "the member has not so many points"),
    of("tier_required", StatusCode::CONFLICT, "the member holds none of the levels that it is for"),
    of("segment_required", StatusCode::CONFLICT, "the member is in none of the segments that it is for"),
    of("reward_limit_reached", StatusCode::CONFLICT, "the member has had it as often as one may"),
    of("reward_not_offered", StatusCode::CONFLICT, "it is not to be had today"),
    of("out_of_stock", StatusCode::CONFLICT, "all of it are sold or set aside"),
    of("given_up", StatusCode::CONFLICT, "what was set aside for it went to others"),
    of("quote_expired", StatusCode::CONFLICT, "the quote is over"),
    of("quote_differs", StatusCode::CONFLICT, "the quote is for something else"),
    of("too_many_quotes", StatusCode::CONFLICT, "the member has too many quotes"),
    of("hold_ended", StatusCode::CONFLICT, "the hold was captured, voided or over before"),
    of("too_many_holds", StatusCode::CONFLICT, "the member has too many holds"),
    of("voucher_used", StatusCode::CONFLICT, "the voucher was used before"),
    of("voucher_ended", StatusCode::CONFLICT, "the voucher that was bought is over"),
    of("too_many_vouchers", StatusCode::CONFLICT, "the member has too many vouchers"),
    of("already_cancelled", StatusCode::CONFLICT, "the redemption was cancelled before"),
    of("too_many_proposals", StatusCode::CONFLICT, "too many adjustments wait for a second person"),
    of("already_undone", StatusCode::CONFLICT, "the return was undone before"),
    of("nothing_to_undo", StatusCode::CONFLICT, "the return found no sale"),
    of("nothing_to_extend", StatusCode::CONFLICT, "no points would lapse sooner"),
    of("exceeds_lapsed", StatusCode::CONFLICT, "not so many points may come back"),
    of("clock_backwards", StatusCode::CONFLICT, "the clock moves forward only"),
    of("too_large", StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"),
    of("not_json_type", StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body is not declared as JSON"),
    of("internal", StatusCode::INTERNAL_SERVER_ERROR, "the server has a fault"),
    of("damaged", StatusCode::INTERNAL_SERVER_ERROR, "what is stored is not what was written"),
    of("unavailable", StatusCode::SERVICE_UNAVAILABLE, "the server cannot do it now"),
    of("unknown_outcome", StatusCode::SERVICE_UNAVAILABLE, "it may or may not have been done"),
];

const fn of(code: &'static str, status: StatusCode, title: &'static str) -> Meaning {
    Meaning { code, status, title }
}

/// What HTTP says about a code: 422 for all that are not listed, since those are about the content.
pub fn meaning(code: &'static str) -> Meaning {
    let listed = MEANINGS.iter().find(|meaning| meaning.code == code).copied();
    listed.unwrap_or(of(code, StatusCode::UNPROCESSABLE_ENTITY, "what was sent cannot be accepted"))
}

/// The code of an answer that some layer gave without saying why.
pub fn code_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        StatusCode::SERVICE_UNAVAILABLE => "unknown_outcome",
        status if status.is_client_error() => "body_unreadable",
        _ => "internal",
    }
}
