//! What any service needs and no business rule is part of: problems, bodies, callers, telemetry, health,
//! shutdown.

pub mod auth;
pub mod body;
pub mod health;
pub mod layers;
pub mod problem;
pub mod query;
pub mod shutdown;
pub mod status;
pub mod telemetry;
