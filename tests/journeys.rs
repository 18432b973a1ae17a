//! The server from outside: the real thing on port 0, with a real client, from publishing to closing.
//!
//! Every JSON answer that any of these tests sees is held against the OpenAPI description of its route.

#[path = "journeys/bodies.rs"]
mod bodies;
#[path = "journeys/budgets.rs"]
mod budgets;
#[path = "journeys/client.rs"]
mod client;
#[path = "journeys/contract.rs"]
mod contract;
#[path = "journeys/corrections.rs"]
mod corrections;
#[path = "journeys/logs.rs"]
mod logs;
#[path = "journeys/members.rs"]
mod members;
#[path = "journeys/membership.rs"]
mod membership;
#[path = "journeys/openapi.rs"]
mod openapi;
#[path = "journeys/operating.rs"]
mod operating;
#[path = "journeys/programs.rs"]
mod programs;
#[path = "journeys/reading.rs"]
mod reading;
#[path = "journeys/referrals.rs"]
mod referrals;
#[path = "journeys/reviews.rs"]
mod reviews;
#[path = "journeys/sandbox.rs"]
mod sandbox;
#[path = "journeys/server.rs"]
mod server;
#[path = "journeys/shutdown.rs"]
mod shutdown;
#[path = "journeys/spending.rs"]
mod spending;
#[path = "journeys/story.rs"]
mod story;
#[path = "journeys/tokens.rs"]
mod tokens;
#[path = "journeys/transfers.rs"]
mod transfers;
