//! `serve`: the server on the command line.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tokio::net::TcpListener;

use crate::config::{Auth, Config, Overrides};
use crate::http::Server;
use crate::kit::{shutdown, telemetry};

/// Serve the HTTP API on an embedded store until told to stop (SIGTERM, Ctrl-C).
///
/// Every setting can come from a file, from the environment (LOYALTY_LISTEN, LOYALTY_AUTH_JWKS_FILE and so on)
/// or from here; the later of these wins.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// The folder of the ledger [default: ./data, with --demo ./data/demo].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The port to listen on [default: 8080].
    #[arg(long)]
    port: Option<u16>,
    /// The address to listen on [default: 127.0.0.1].
    #[arg(long)]
    address: Option<IpAddr>,
    /// Publish a demonstration program for the tenants `main` and `sandbox` where they have none.
    #[arg(long)]
    demo: bool,
    /// A file of settings (TOML).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Serves until told to stop.
///
/// Errors: a configuration with problems, all of them named; a port that is taken; a data folder that cannot
/// be opened.
pub fn serve(args: Serve) -> Result<()> {
    let config = Config::read(args.config.as_deref(), std::env::vars(), args.overrides())?;
    telemetry::log_to_stderr(&config.log, "loyalty-server")?;
    for variable in &config.ignored {
        tracing::warn!(variable, "this variable begins like a setting's and is none");
    }
    let runtime = tokio::runtime::Runtime::new().context("cannot start threads")?;
    runtime.block_on(async {
        let listen = config.listen;
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen}: choose another with --port"))?;
        let address = listener.local_addr()?;
        let (development, data) = (matches!(config.auth, Auth::Development(_)), config.data.clone());
        let server = Server::open(config).await?;
        announce(address, development, &data);
        server.run_until(listener, shutdown::signalled()).await
    })
}

impl Serve {
    fn overrides(&self) -> Overrides {
        let mut told = Overrides::new();
        let demo = self.demo.then(|| PathBuf::from("./data/demo"));
        if let Some(data) = self.data.clone().or(demo) {
            told.push(("data", data.display().to_string()));
        }
        if self.port.is_some() || self.address.is_some() {
            let address = self.address.unwrap_or(IpAddr::from([127, 0, 0, 1]));
            told.push(("listen", SocketAddr::new(address, self.port.unwrap_or(8080)).to_string()));
        }
        if self.demo {
            told.push(("demo", "true".to_owned()));
        }
        told
    }
}

/// Tells a person where to look. Whoever reads logs finds the same there.
fn announce(address: SocketAddr, development: bool, data: &Path) {
    let hint = if development { ", with a token and a first purchase to paste" } else { "" };
    // A closed standard output is no reason not to serve.
    let _ = writeln!(
        std::io::stdout(),
        "loyalty listens on http://{address}\n\n  http://{address}/      what runs here{hint}\n  \
         http://{address}/docs  every route, schema and problem\n\n  data in {}; stop with Ctrl-C\n",
        data.display()
    );
    tracing::info!(server.address = %address.ip(), server.port = address.port(), "listening");
}
