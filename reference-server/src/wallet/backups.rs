//! Backups: copies of the whole ledger, made while the server runs.

use std::fs;

use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::Shared;
use super::rights::BackUp;
use crate::clock;
use crate::kit::auth::May;
use crate::kit::body::Json;
use crate::kit::problem::Refusal;

/// A copy of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BackupView {
    /// Where it lies on the server's machine.
    file: String,
    /// How many commits of all tenants are in it.
    commits: u64,
    /// Its size.
    bytes: u64,
}

/// Copies the ledger as it is now, of all tenants, into the folder `backups` beside it. Everybody goes on meanwhile.
#[utoipa::path(
    post, path = "/v1/backups", tag = "operating", operation_id = "backUp",
    responses((status = 201, description = "the copy is whole and on the disk", body = ref("#/components/schemas/BackupView"))),
)]
pub(super) async fn make(
    State(wallet): State<Shared>,
    _: May<BackUp>,
) -> Result<(StatusCode, Json<BackupView>), Refusal> {
    // No colons: some systems have none in names.
    let name = format!("{}.redb", clock::now().to_string().replace(':', "-"));
    let file = wallet.backups.join(name);
    let copied = tokio::task::spawn_blocking(move || {
        fs::create_dir_all(&wallet.backups)?;
        let commits = wallet.feed.backup(&file)?;
        let (bytes, file) = (fs::metadata(&file)?.len(), file.display().to_string());
        anyhow::Ok(BackupView { file, commits, bytes })
    });
    let failed = |what: String| Refusal::new("unavailable", what, "look at the disk, then try again");
    let view = copied.await.map_err(|error| failed(error.to_string()))?;
    Ok((StatusCode::CREATED, Json(view.map_err(|error| failed(format!("{error:#}")))?)))
}
