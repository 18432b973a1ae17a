//! The peer: a handler that does nothing but keep what it gets.

use std::net::Ipv4Addr;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::raw::redb::Redb;
use crate::raw::{GroupCommit, Raw, Record, kept_in};

type Store = Redb<false>;

struct Shop {
    store: GroupCommit,
    /// Counts requests. A place in a member's chain needs its head, and nothing is looked up here.
    seq: AtomicU64,
}

/// Serves until it is killed.
pub fn serve(port: u16, folder: &FilePath) -> Result<()> {
    let store = GroupCommit::over(Store::open(folder)?);
    let shop = Arc::new(Shop { store, seq: AtomicU64::new(1) });
    let routes = Router::new().route("/v1/members/{member}/purchases", post(append)).with_state(shop);
    Runtime::new()?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        // Answers are small: without this the kernel may hold them back.
        let listener = listener.tap_io(|connection| {
            let _ = connection.set_nodelay(true);
        });
        Ok(axum::serve(listener, routes).await?)
    })
}

async fn append(
    State(shop): State<Arc<Shop>>,
    Path(member): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let Some(key) = headers.get("idempotency-key").and_then(|key| key.to_str().ok()) else {
        return (StatusCode::BAD_REQUEST, "there is no idempotency-key");
    };
    let seq = shop.seq.fetch_add(1, Ordering::Relaxed);
    let record = Record { member, seq, key: key.to_owned(), bytes: body.to_vec() };
    match shop.store.append(record).await {
        Ok(()) => (StatusCode::CREATED, "kept"),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "the store has failed"),
    }
}

/// What it has kept when it was killed.
pub fn kept(folder: &FilePath) -> Result<String> {
    kept_in::<Store>(folder)
}
