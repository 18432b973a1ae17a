//! Logs in the Elastic Common Schema, one JSON object a line, and metrics for Prometheus.
//!
//! No member id and nothing personal belongs into either.

use std::sync::OnceLock;

use anyhow::{Context, Result};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use serde_json::{Value, json};
use tracing_subscriber::fmt::time::SystemTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry};

/// The version of the Elastic Common Schema that log lines follow.
const ECS: &str = "8.17.0";
/// Upper ends of the buckets of request times, in seconds: a durable write takes about a millisecond.
const SECONDS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Starts logging to standard error, filtered as `filter` says, such as `info` or `warn,reference_server=debug`.
///
/// Errors: a filter that cannot be read, or logging that was started before.
pub fn log_to_stderr(filter: &str, service: &'static str) -> Result<()> {
    let filter = EnvFilter::try_new(filter).with_context(|| format!("`{filter}` is no filter of logs"))?;
    let mut ecs = json_subscriber::JsonLayer::<Registry>::stderr();
    ecs.with_timer("@timestamp", SystemTime);
    ecs.with_level("log.level");
    ecs.with_target("log.logger");
    ecs.with_flattened_event();
    ecs.with_top_level_flattened_span_list();
    ecs.add_static_field("ecs.version", Value::from(ECS));
    ecs.add_static_field("service.name", Value::from(service));
    ecs.add_static_field("service.version", json!(env!("CARGO_PKG_VERSION")));
    tracing_subscriber::registry().with(ecs).with(filter).try_init().context("logging was started before")
}

/// The metrics of this process, made at the first call; servers of one process share them.
pub fn metrics() -> Result<PrometheusHandle> {
    static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
    let builder =
        PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)?;
    let handle = METRICS.get_or_init(|| {
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another recorder of metrics was installed before: /metrics stays empty");
        }
        handle
    });
    Ok(handle.clone())
}
