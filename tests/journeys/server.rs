//! The server, started and stopped in this process.

use std::net::SocketAddr;
use std::path::Path;

use reference_server::Server;
use reference_server::config::Config;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::client::Client;

/// A server that runs.
pub struct Running {
    pub address: SocketAddr,
    folder: TempDir,
    stop: oneshot::Sender<()>,
    done: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    /// On a new folder.
    pub async fn start() -> Self {
        Self::start_in(tempfile::tempdir().expect("a folder"), &[]).await
    }

    /// On a folder that may hold a ledger, with variables of the environment.
    pub async fn start_in(folder: TempDir, environment: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let server = Server::open(config(folder.path(), environment)).await.expect("a server");
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
            Ok(())
        };
        let done = tokio::spawn(server.run_until(listener, stopped));
        Self { address, folder, stop, done }
    }

    /// Tells it to stop, without waiting.
    pub fn begin_to_stop(self) -> (TempDir, JoinHandle<anyhow::Result<()>>) {
        let _ = self.stop.send(());
        (self.folder, self.done)
    }

    /// Stops it and gives its folder back.
    pub async fn stop(self) -> TempDir {
        let (folder, done) = self.begin_to_stop();
        done.await.expect("no panic").expect("an orderly end");
        folder
    }

    pub fn anonymous(&self) -> Client {
        Client { address: self.address, token: None }
    }

    /// Somebody with a token of the development issuer.
    pub async fn client(&self, tenant: &str, scope: &str, subject: &str) -> Client {
        let wanted = json!({"tenant": tenant, "scope": scope, "sub": subject});
        let token = self.anonymous().post("/dev/token", &wanted).await.good();
        Client { address: self.address, token: token["access_token"].as_str().map(str::to_owned) }
    }

    /// Somebody in a shop who also publishes, so that one client tells a story.
    pub async fn shop(&self, tenant: &str) -> Client {
        self.client(tenant, "till author operator", "till-1").await
    }
}

pub fn config(data: &Path, environment: &[(&str, &str)]) -> Config {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::read(None, environment, vec![("data", data.display().to_string())]).expect("a configuration")
}
