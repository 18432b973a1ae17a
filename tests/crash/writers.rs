//! Eight clients that record purchases until the server is gone.

use std::net::SocketAddr;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use fastrand::Rng;

use crate::books::{Fate, Sent};
use crate::http::Connection;
use crate::server::Server;

pub const TENANTS: [&str; 2] = ["main", "sandbox"];
const WRITERS: usize = 8;
const MEMBERS: usize = 20;

/// The members of each tenant; both tenants have the same.
pub fn members() -> impl Iterator<Item = String> {
    (0..MEMBERS).map(|number| format!("m{number}"))
}

/// A token for each tenant.
pub struct Tokens([String; 2]);

impl Tokens {
    /// Asks the development issuer.
    pub fn ask(server: &Server) -> Self {
        let mut connection = server.connect();
        Self(TENANTS.map(|tenant| {
            let wanted = format!(r#"{{"tenant":"{tenant}","scope":"till support author"}}"#);
            let answer = connection.send("POST", "/dev/token", "none", Some(&wanted)).expect("an answer");
            let token = answer.json()["access_token"].as_str().map(str::to_owned);
            token.unwrap_or_else(|| panic!("no token: {}", answer.text()))
        }))
    }

    pub fn of(&self, tenant: &str) -> &str {
        let place = TENANTS.iter().position(|name| *name == tenant).expect("a tenant");
        &self.0[place]
    }
}

/// Records purchases from all writers, kills the server after `acknowledged` answers, and gives what was sent.
pub fn write_until_killed(server: Server, tokens: &Tokens, cycle: usize, acknowledged: usize) -> Vec<Sent> {
    let address = server.address();
    let (told, heard) = channel();
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let told = told.clone();
                scope.spawn(move || write(address, tokens, (cycle * WRITERS + writer) as u64, &told))
            })
            .collect();
        // Ours is dropped: should all writers end by themselves, so does the count.
        drop(told);
        let counted = heard.iter().take(acknowledged).count();
        server.kill();
        let sent = writers.into_iter().flat_map(|writer| writer.join().expect("a writer")).collect();
        assert_eq!(counted, acknowledged, "the writers ended before the server was killed");
        sent
    })
}

/// Sends one purchase after the other until the connection breaks.
fn write(address: SocketAddr, tokens: &Tokens, seed: u64, told: &Sender<()>) -> Vec<Sent> {
    let mut rng = Rng::with_seed(seed);
    let mut sent = Vec::new();
    let Ok(mut connection) = Connection::open(address) else { return sent };
    for number in 0_u32.. {
        let tenant = TENANTS[usize::from(rng.u8(..4) == 0)];
        let member = format!("m{}", rng.usize(..MEMBERS));
        let mut one =
            Sent::new(tenant, member, format!("{seed}-{number}"), rng.u64(1..100), Fate::Unanswered);
        let answer = connection.send("POST", &one.path(), tokens.of(tenant), Some(&one.body()));
        one.fate = match answer {
            Ok(answer) if answer.status == 201 => {
                assert!(!answer.replayed, "{one:?} was never sent before");
                Fate::Acknowledged
            }
            // The members are few and the writers many: this may happen, and says that nothing was done.
            Ok(answer) if answer.json()["code"] == "contended" => Fate::Refused,
            Ok(answer) => panic!("{one:?}: {} {}", answer.status, answer.text()),
            Err(_) => Fate::Unanswered,
        };
        let fate = one.fate;
        sent.push(one);
        match fate {
            Fate::Unanswered => break,
            Fate::Refused => {}
            // Whoever counts may have stopped counting.
            Fate::Acknowledged => drop(told.send(())),
        }
    }
    sent
}
