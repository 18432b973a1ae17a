//! `http-earn`: purchases over HTTP, each durable before it is answered.

pub mod bare;
mod load;
mod tokens;

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, thread};

use anyhow::{Result, bail, ensure};
use loyalty_core::activity::Activity;

use crate::engine::{CHAIN_KEY, Embedded, program};
use crate::harness::{Bench, Figure, Goal, Measured, Side};
use crate::own;
use crate::purchases::earns::{Earn, earns};
use crate::setup::{Setup, empty};

pub const BENCH: Bench = Bench {
    name: "http-earn",
    what: "128 kept connections, 1,000 EdDSA bearer tokens in turn, each request another purchase; wall time",
    figure: Figure::PerSecond("requests"),
    goal: Goal::AtLeast(0.6),
    real_data: false,
    sides,
};

const CONNECTIONS: u64 = 128;
const TOKENS: usize = 1_000;
/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);

const BARE: &str = "a process of its own: axum, which reads the body's bytes and appends them by the group \
    commit over bare redb; no token, no JSON, no decision";

// Near it because a request is one token looked up among those seen, one pass over the body, a decision of
// microseconds and one append that shares its wait for the disk with all the others.
const OWN: &str = "`serve`: token checked, JSON read strictly, decided, hashed, appended, answered in full";

fn sides(setup: &Setup) -> Result<Vec<Side>> {
    let tokens = tokens::mint(TOKENS)?;
    let earns = earns(CONNECTIONS, setup.scale.pick(8, 240))?;
    let load = Arc::new(requests(&earns, &tokens.bearers)?);
    let bare =
        Contestant { folder: setup.folder()?, command: Box::new(bare_handler), kept: Box::new(bare::kept) };
    let own_load = Arc::clone(&load);
    let mut sides = vec![Side::peer("bare axum", BARE, move || bare.measure(&load))];
    if let Some(server) = own::server()? {
        let (before, after) = (program("g1")?, program("g1")?);
        let jwks = serde_json::to_string(&tokens.jwks)?;
        let own = Contestant {
            folder: setup.folder()?,
            command: Box::new(move |port, folder| {
                Embedded::open(folder, &before)?;
                Ok(own_server(&server, &jwks, port, folder))
            }),
            kept: Box::new(move |folder| Embedded::open(folder, &after)?.kept()),
        };
        sides.push(Side::own(OWN, move || own.measure(&own_load)));
    }
    Ok(sides)
}

/// What a server has kept in a folder when it is gone.
type Kept = Box<dyn Fn(&Path) -> Result<String>>;
/// What starts a server on a port of 127.0.0.1, keeping everything in a folder.
type Starter = Box<dyn Fn(u16, &Path) -> Result<Command>>;

/// A server that is started anew for every round.
struct Contestant {
    folder: PathBuf,
    command: Starter,
    kept: Kept,
}

impl Contestant {
    fn measure(&self, load: &[Vec<Vec<u8>>]) -> Result<Measured> {
        empty(&self.folder)?;
        let address = free_address()?;
        let mut server = (self.command)(address.port(), &self.folder)?.spawn()?;
        let time = listening(&mut server, address).and_then(|()| load::send_all(address, load));
        // Ended without a warning: what it has answered has to be there all the same.
        server.kill()?;
        server.wait()?;
        Ok(Measured::timed(load.iter().map(Vec::len).sum(), time?, (self.kept)(&self.folder)?))
    }
}

fn bare_handler(port: u16, folder: &Path) -> Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg("--bare-handler").arg(port.to_string()).arg("--folder").arg(folder);
    Ok(command)
}

fn own_server(server: &Path, jwks: &str, port: u16, folder: &Path) -> Command {
    let mut command = Command::new(server);
    command.arg("serve").arg("--data").arg(folder).env("LOYALTY_LISTEN", format!("127.0.0.1:{port}"));
    command.env("LOYALTY_CHAIN_KEY", CHAIN_KEY.map(|byte| format!("{byte:02x}")).concat());
    command.env("LOYALTY_AUTH_JWKS", jwks);
    command.env("LOYALTY_AUTH_ISSUER", tokens::ISSUER).env("LOYALTY_AUTH_AUDIENCE", tokens::AUDIENCE);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn listening(server: &mut Child, address: SocketAddr) -> Result<()> {
    let start = Instant::now();
    while TcpStream::connect(address).is_err() {
        if let Some(ended) = server.try_wait()? {
            bail!("the server has ended before it listened: {ended}");
        }
        ensure!(start.elapsed() < PATIENCE, "the server does not listen on {address}");
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// The bytes of all requests, by connection.
fn requests(earns: &[Vec<Earn>], bearers: &[String]) -> Result<Vec<Vec<Vec<u8>>>> {
    let mut bearers = bearers.iter().cycle();
    let mut next = |earn| request(earn, bearers.next().map_or("", String::as_str));
    earns.iter().map(|earns| earns.iter().map(&mut next).collect()).collect()
}

fn request(earn: &Earn, bearer: &str) -> Result<Vec<u8>> {
    let Activity::Purchase(purchase) = &earn.activity.activity else { bail!("this is no purchase") };
    let body = serde_json::to_string(purchase)?;
    let (member, key, length) = (&earn.record.member, &earn.record.key, body.len());
    let request = format!(
        "POST /v1/members/{member}/purchases HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {bearer}\r\n\
         idempotency-key: {key}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    Ok(request.into_bytes())
}
