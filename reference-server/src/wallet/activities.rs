//! Recording and previewing what happened to a member.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use loyalty_core::activity::{Activity, CustomEvent, Enrolment, Purchase, Return, YearlyDay};
use loyalty_core::decision::Command;
use loyalty_core::engine::{Answer, EngineError};
use loyalty_core::id::{ActivityId, ActorId, OperationKey};
use loyalty_core::json::answer::{AnswerView, PreviewView};
use loyalty_core::problem::Problem;
use loyalty_core::program::Programs;

use super::Shared;
use super::rights::{Of, ReadMember, Record};
use crate::kit::body::Json;
use crate::kit::problem::Refusal;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Marks the answer to something that had happened before.
pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Records a purchase. The same purchase again gives the same answer, marked replayed.
#[utoipa::path(
    post, path = "/v1/members/{member}/purchases", tag = "activities", operation_id = "recordPurchase",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or the purchase's `id`"),
    ),
    request_body(content = ref("#/components/schemas/Purchase")),
    responses((status = 201, description = "what it gave", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn purchase(
    State(wallet): State<Shared>,
    of: Of<Record>,
    headers: HeaderMap,
    Json(purchase): Json<Purchase>,
) -> Result<Response, Refusal> {
    record(&wallet, &of, &headers, Activity::Purchase(purchase)).await
}

/// Records a return. Its lines come from the purchase it names, or are matched to sales by sku.
#[utoipa::path(
    post, path = "/v1/members/{member}/returns", tag = "activities", operation_id = "recordReturn",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or the return's `id`"),
    ),
    request_body(content = ref("#/components/schemas/Return")),
    responses((status = 201, description = "what it took back", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn give_back(
    State(wallet): State<Shared>,
    of: Of<Record>,
    headers: HeaderMap,
    Json(by): Json<Return>,
) -> Result<Response, Refusal> {
    record(&wallet, &of, &headers, Activity::Return(by)).await
}

/// Records a custom event: a flight flown, a survey answered.
#[utoipa::path(
    post, path = "/v1/members/{member}/events", tag = "activities", operation_id = "recordEvent",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or the event's `id`"),
    ),
    request_body(content = ref("#/components/schemas/CustomEvent")),
    responses((status = 201, description = "what it gave", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn event(
    State(wallet): State<Shared>,
    of: Of<Record>,
    headers: HeaderMap,
    Json(event): Json<CustomEvent>,
) -> Result<Response, Refusal> {
    record(&wallet, &of, &headers, Activity::Event(event)).await
}

/// Enrols a member who has done nothing yet. The first activity enrols as well; whoever is known is refused.
#[utoipa::path(
    post, path = "/v1/members/{member}/enrol", tag = "activities", operation_id = "enrol",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or `enrol`"),
    ),
    request_body(content = ref("#/components/schemas/Enrolment")),
    responses((status = 201, description = "what it gave", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn enrol(
    State(wallet): State<Shared>,
    of: Of<Record>,
    headers: HeaderMap,
    Json(enrolment): Json<Enrolment>,
) -> Result<Response, Refusal> {
    record(&wallet, &of, &headers, Activity::Enrol(enrolment)).await
}

/// Records that the member's birthday of a year is there, as the member store knows it.
#[utoipa::path(
    post, path = "/v1/members/{member}/birthdays", tag = "activities", operation_id = "recordBirthday",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or `birthday/` and the year"),
    ),
    request_body(content = ref("#/components/schemas/YearlyDay")),
    responses((status = 201, description = "what it gave", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn birthday(
    State(wallet): State<Shared>,
    of: Of<Record>,
    headers: HeaderMap,
    Json(day): Json<YearlyDay>,
) -> Result<Response, Refusal> {
    record(&wallet, &of, &headers, Activity::Birthday(day)).await
}

/// Records that the day of the member's enrolment is there again, in a later year.
#[utoipa::path(
    post, path = "/v1/members/{member}/anniversaries", tag = "activities", operation_id = "recordAnniversary",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or `anniversary/` and the year"),
    ),
    request_body(content = ref("#/components/schemas/YearlyDay")),
    responses((status = 201, description = "what it gave", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn anniversary(
    State(wallet): State<Shared>,
    of: Of<Record>,
    headers: HeaderMap,
    Json(day): Json<YearlyDay>,
) -> Result<Response, Refusal> {
    record(&wallet, &of, &headers, Activity::Anniversary(day)).await
}

/// Says what an activity would do now, with the proof, without doing it.
#[utoipa::path(
    post, path = "/v1/members/{member}/preview", tag = "activities", operation_id = "preview",
    params(("member" = String, Path, description = "the member's id; it may be new")),
    request_body(content = ref("#/components/schemas/Activity")),
    responses((status = 200, description = "what it would do", body = ref("#/components/schemas/PreviewView"))),
)]
pub(super) async fn preview(
    State(wallet): State<Shared>,
    of: Of<ReadMember>,
    Json(activity): Json<Activity>,
) -> Result<Json<PreviewView>, Refusal> {
    let now = wallet.clocks.now(&of.tenant);
    let command = Command::Record(Arc::new(activity));
    let preview = wallet.engine.preview(&of.tenant, &of.member, &command, now).await?;
    let programs = wallet.engine.programs(&of.tenant, now).await?;
    Ok(Json(PreviewView::new(preview, &programs)))
}

/// A client that goes away drops this future wherever it stands. That needs no task of its own: everything
/// before the one append only reads, or claims an id that stays with this member, and by the contract of `LedgerStore` a dropped append is done whole or
/// not at all. Whoever sends the same activity again learns which.
async fn record(
    wallet: &Shared,
    of: &Of<Record>,
    headers: &HeaderMap,
    activity: Activity,
) -> Result<Response, Refusal> {
    let kind = activity.kind();
    let command = Command::Record(Arc::new(activity));
    require_own_key(headers, &command)?;
    let now = wallet.clocks.now(&of.tenant);
    // Who sent it cannot approve it, where a limit has it reviewed.
    let engine = wallet.engine.sent_by(ActorId::new(&of.caller).ok());
    let done = engine.execute(&of.tenant, &of.member, command, now).await;
    let outcome = match &done {
        Ok(answer) if answer.replayed => "replayed",
        Ok(_) => "done",
        Err(_) => "refused",
    };
    metrics::counter!("loyalty_activities_total", "kind" => kind, "outcome" => outcome).increment(1);
    let answer = done.map_err(|error| in_body(&error, kind))?;
    let programs = wallet.engine.programs(&of.tenant, now).await?;
    Ok(respond(answer, &programs))
}

/// Does what a person decides about a member; `name` is what the command is called in paths of problems.
pub(super) async fn execute<R>(
    wallet: &Shared,
    of: &Of<R>,
    headers: &HeaderMap,
    (command, name): (Command, &str),
) -> Result<Response, Refusal> {
    require_own_key(headers, &command)?;
    let now = wallet.clocks.now(&of.tenant);
    let answer = wallet.engine.execute(&of.tenant, &of.member, command, now).await;
    let answer = answer.map_err(|error| in_body(&error, name))?;
    let programs = wallet.engine.programs(&of.tenant, now).await?;
    Ok(respond(answer, &programs))
}

/// The answer to a command that is done, marked where it had happened before.
fn respond(answer: Answer, programs: &Programs) -> Response {
    let replayed = answer.replayed;
    let mut response = (StatusCode::CREATED, Json(AnswerView::new(answer, programs))).into_response();
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// A refusal with its place in the body, which is the input without the name of its kind.
fn in_body(error: &EngineError, kind: &str) -> Refusal {
    let problem = error.problem();
    let place = problem.path.strip_prefix('/').and_then(|path| path.strip_prefix(kind));
    let path = place.unwrap_or_default().to_owned();
    Problem { path, ..problem }.into()
}

/// The key of a command is the business's id. A header that says something else is a mistake: the client
/// believes that two requests are one, or one two.
fn require_own_key(headers: &HeaderMap, command: &Command) -> Result<(), Refusal> {
    let Some(given) = headers.get(KEY) else { return Ok(()) };
    let given = given.as_bytes();
    let key = command.key();
    let id = command.id().map(ActivityId::as_str);
    let own = [id, key.as_ref().ok().map(OperationKey::as_str)].into_iter().flatten();
    if own.clone().any(|own| given == own.as_bytes()) {
        return Ok(());
    }
    let own = own.take(1).collect::<String>();
    let message = format!("the header is `{}`, the id `{own}`", String::from_utf8_lossy(given));
    Err(Refusal::new("idempotency_key_differs", message, "leave the header out or send the command's id"))
}
