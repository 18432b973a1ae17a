//! The OpenAPI 3.1 description: routes by utoipa, beside their handlers, and schemas by schemars, from the very
//! types that are read and written. No type has two schemas.

use loyalty_core::activity::{Activity, CustomEvent, Enrolment, Purchase, Return, YearlyDay};
use loyalty_core::facts::Facts;
use loyalty_core::json::answer::{AnswerView, HistoryView, HoldingsView, MemberView, PreviewView, ProofView};
use loyalty_core::program::document::Document;
use loyalty_core::redemption::{Hold, Quote, Redeem};
use loyalty_core::referral::NameReferrer;
use loyalty_core::transfer::Transfer;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

use crate::kit::auth::Wanted;
use crate::kit::health::Health;
use crate::kit::problem::ProblemDetails;
use crate::site::TokenView;
use crate::wallet::{
    BackupView, BudgetsView, CheckView, ClockMove, ClockView, FeedView, NewAdjustment, NewCancellation,
    NewCapture, NewExpiry, NewExtension, NewMembershipChange, NewReinstatement, NewReview, NewTierGrant,
    NewUndo, NewVoid, ReviewsView, StocksView, VersionView, VersionsView,
};

/// The whole description, from what the router says about its routes.
pub fn describe(routes: &OpenApi) -> Value {
    let mut description = serde_json::to_value(routes).unwrap_or_default();
    description["openapi"] = json!("3.1.0");
    description["info"] = json!({
        "title": "Loyalty",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "Records what happens to members of a loyalty program and answers with exact balances, \
            tiers and reasons. Points are whole numbers of minor units with the currency's scale beside them; \
            other decimals are strings.",
        "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
    });
    description["servers"] = json!([{"url": "/"}]);
    description["components"] = json!({
        "schemas": schemas(),
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
    });
    let paths = description["paths"].as_object_mut().into_iter().flatten();
    for (path, item) in paths {
        for (_, operation) in item.as_object_mut().into_iter().flatten() {
            if path.starts_with("/v1/") {
                operation["security"] = json!([{"bearer": []}]);
            }
            operation["responses"]["default"] = json!({
                "description": "a problem (RFC 9457); its `code` is listed at /docs",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
            });
        }
    }
    description
}

/// The schemas of all bodies by name.
fn schemas() -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut read = SchemaGenerator::new(settings.clone());
    read.subschema_for::<Activity>();
    read.subschema_for::<ClockMove>();
    read.subschema_for::<CustomEvent>();
    read.subschema_for::<Enrolment>();
    read.subschema_for::<YearlyDay>();
    read.subschema_for::<Document>();
    read.subschema_for::<Facts>();
    read.subschema_for::<Hold>();
    read.subschema_for::<NameReferrer>();
    read.subschema_for::<NewAdjustment>();
    read.subschema_for::<NewCancellation>();
    read.subschema_for::<NewExpiry>();
    read.subschema_for::<NewReinstatement>();
    read.subschema_for::<NewUndo>();
    read.subschema_for::<NewCapture>();
    read.subschema_for::<NewExtension>();
    read.subschema_for::<NewVoid>();
    read.subschema_for::<NewMembershipChange>();
    read.subschema_for::<NewReview>();
    read.subschema_for::<NewTierGrant>();
    read.subschema_for::<Purchase>();
    read.subschema_for::<Quote>();
    read.subschema_for::<Redeem>();
    read.subschema_for::<Return>();
    read.subschema_for::<Transfer>();
    read.subschema_for::<Wanted>();
    // What is written names a field only where it has something to say, so other fields are required.
    let mut written = SchemaGenerator::new(settings.for_serialize());
    written.subschema_for::<AnswerView>();
    written.subschema_for::<BackupView>();
    written.subschema_for::<BudgetsView>();
    written.subschema_for::<StocksView>();
    written.subschema_for::<CheckView>();
    written.subschema_for::<ClockView>();
    written.subschema_for::<FeedView>();
    written.subschema_for::<Health>();
    written.subschema_for::<HistoryView>();
    written.subschema_for::<HoldingsView>();
    written.subschema_for::<MemberView>();
    written.subschema_for::<PreviewView>();
    written.subschema_for::<ProblemDetails>();
    written.subschema_for::<ProofView>();
    written.subschema_for::<ReviewsView>();
    written.subschema_for::<TokenView>();
    written.subschema_for::<VersionView>();
    written.subschema_for::<VersionsView>();
    let mut schemas = written.take_definitions(true);
    schemas.extend(read.take_definitions(true));
    schemas
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types that are both read and written have the same form in both directions, so one schema serves both.
    #[test]
    fn shared_types_have_one_schema() {
        let settings = SchemaSettings::draft2020_12();
        let mut read = SchemaGenerator::new(settings.clone());
        read.subschema_for::<(Activity, Document)>();
        let mut written = SchemaGenerator::new(settings.for_serialize());
        written.subschema_for::<(AnswerView, MemberView, ProofView)>();
        let read = read.take_definitions(true);
        let both: Vec<_> =
            written.take_definitions(true).into_iter().filter(|(name, _)| read.contains_key(name)).collect();
        assert!(!both.is_empty());
        for (name, schema) in both {
            assert_eq!(read[&name], schema, "{name}");
        }
    }
}
