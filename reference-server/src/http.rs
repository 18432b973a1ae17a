//! The server over HTTP: put together, run, and ended without losing anything.

use std::future::{Future, IntoFuture};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use utoipa_axum::router::OpenApiRouter;

use crate::clock::Clocks;
use crate::config::{Auth, Config};
use crate::data_dir::DataDir;
use crate::kit::auth::{Issuer, Verifier};
use crate::kit::{layers, shutdown, telemetry};
use crate::seals::{self, Sealer};
use crate::site::{self, Site};
use crate::unfinished::Unfinished;
use crate::wallet::{self, Wallet};
use crate::{demo, openapi, pages, secret};

/// How often collected times are put into their buckets, so that they do not pile up unread.
const UPKEEP: Duration = Duration::from_secs(5);

/// The server, ready to listen.
#[derive(Debug)]
pub struct Server {
    routes: Router,
    data: DataDir,
    clocks: Clocks,
    sealing: Option<(Sealer, Duration)>,
    shutdown_limit: Duration,
}

/// Runs the server on a listener until the process is told to stop (SIGTERM, SIGINT).
///
/// Errors: those of [`Server::open`] and [`Server::run_until`].
pub async fn run(config: Config, listener: TcpListener) -> Result<()> {
    Server::open(config).await?.run_until(listener, shutdown::signalled()).await
}

impl Server {
    /// Opens the data folder and puts the routes together.
    ///
    /// Errors: the data folder cannot be opened, or a key in it not read.
    pub async fn open(config: Config) -> Result<Self> {
        let data = DataDir::open_with(&config.data, config.chain_key.as_ref(), may_make_keys(&config))?;
        let shutdown_limit = config.shutdown_limit;
        let sealing = match config.seal_every {
            Some(every) => Some((data.sealer(config.seal_key.as_ref())?, every)),
            None => None,
        };
        let clocks = data.clocks()?;
        let routes = routes(config, &data, clocks.clone()).await?;
        Ok(Self { routes, data, clocks, sealing, shutdown_limit })
    }

    /// Serves until `stop` is done: then it takes no more requests, finishes those that it has, and closes the
    /// store.
    ///
    /// Errors: the listener fails, or the store cannot be closed.
    pub async fn run_until(
        self,
        listener: TcpListener,
        stop: impl Future<Output = io::Result<()>> + Send + 'static,
    ) -> Result<()> {
        let Self { routes, data, clocks, sealing, shutdown_limit } = self;
        let upkeep = tokio::spawn(keep_up());
        let unfinished = Unfinished::of(&data, clocks);
        let unfinished = tokio::spawn(unfinished.finish());
        let (end, ended) = oneshot::channel();
        let sealing = tokio::spawn(seals::keep_sealing(sealing, ended));
        // Answers are small: without this the kernel may hold them back.
        let listener = listener.tap_io(|connection| {
            let _ = connection.set_nodelay(true);
        });
        let (stopping, stopped) = oneshot::channel();
        let begin = async move {
            if let Err(error) = stop.await {
                tracing::error!(error.message = %error, "stopping, since signals cannot be listened to");
            }
            tracing::info!("stopping: no more requests are taken");
            let _ = stopping.send(());
        };
        // A client that never finishes its request must not keep the store open for ever.
        let patience = async {
            let _ = stopped.await;
            tokio::time::sleep(shutdown_limit).await;
        };
        let serving = axum::serve(listener, routes).with_graceful_shutdown(begin).into_future();
        tokio::select! {
            served = serving => served.context("the listener failed")?,
            () = patience => tracing::warn!("some requests did not finish in time and were dropped"),
        }
        upkeep.abort();
        unfinished.abort();
        // Both hold the store until they have ended, the seals with all that was recorded.
        let _ = unfinished.await;
        let _ = end.send(());
        let _ = sealing.await;
        data.close()?;
        tracing::info!("stopped: the store is closed");
        Ok(())
    }
}

/// Where the development issuer runs, keys make themselves; elsewhere a missing key is a mistake.
fn may_make_keys(config: &Config) -> bool {
    matches!(config.auth, Auth::Development(_))
}

async fn routes(config: Config, data: &DataDir, clocks: Clocks) -> Result<Router> {
    if config.demo {
        demo::publish(&data.engine, &clocks).await?;
    }
    let (keys, issuer) = match config.auth {
        Auth::Keys(keys) => (keys, None),
        Auth::Development(expected) => {
            let seed = secret::key_in(&data.file("issuer.key"), true)
                .context("cannot read the key of the development issuer")?;
            let issuer = Issuer::new(&seed, expected);
            tracing::warn!("the development issuer runs: everybody who reaches this server gets a token");
            (issuer.keys()?, Some(issuer))
        }
    };
    let verifier = Arc::new(Verifier::new(keys));
    let (engine, facts, feed) = (data.engine.clone(), Arc::clone(&data.store), Arc::clone(&data.store));
    let backups = data.file("backups");
    let wallet = Wallet { engine, facts, feed, backups, clocks, verifier: Arc::clone(&verifier) };
    let wallet: OpenApiRouter<Arc<Site>> = wallet::routes(wallet);
    let routes = site::routes().merge(wallet);
    let (routes, described) = routes.split_for_parts();
    let openapi = openapi::describe(&described);
    let site = Site {
        engine: data.engine.clone(),
        verifier,
        issuer,
        metrics: telemetry::metrics()?,
        docs: pages::docs(&openapi),
        openapi,
    };
    Ok(layers::around(routes.with_state(Arc::new(site)), config.time_limit))
}

async fn keep_up() {
    let Ok(metrics) = telemetry::metrics() else { return };
    let mut every = tokio::time::interval(UPKEEP);
    loop {
        every.tick().await;
        metrics.run_upkeep();
    }
}
