//! The shipped binary is killed again and again while it records, and nothing that it acknowledged is lost.
//!
//! The server runs as a process of its own and ends by SIGKILL; this process survives it and keeps the books of
//! what was sent and what was acknowledged. After each kill the server starts again on the same data and the two
//! are compared: what was acknowledged is there once, what was refused is not there, what was left unanswered is
//! there whole or not at all, and every balance is the sum of what is there.

#[path = "crash/books.rs"]
mod books;
#[path = "crash/http.rs"]
mod http;
#[path = "crash/second_half.rs"]
mod second_half;
#[path = "crash/server.rs"]
mod server;
#[path = "crash/writers.rs"]
mod writers;

use std::path::Path;

use fastrand::Rng;

use books::{Books, Entry, Fate, Sent, differences};
use http::Connection;
use server::{Server, fresh_folder, reference_server};
use writers::{TENANTS, Tokens, write_until_killed};

const CYCLES: usize = 50;
const CYCLES_LONG: usize = 200;
/// The server is killed after 1 to this many acknowledgements.
const MOST_ACKNOWLEDGED: usize = 300;
/// Every so many cycles the whole ledger is verified by the command line.
const VERIFY_EVERY: usize = 10;

/// Every whole euro gives a point, every full ten a star.
const PROGRAM: &str = r#"{"format":1,"name":"Two currencies","money":"EUR","zone":{"name":"UTC"},
    "currencies":[{"id":"points"},{"id":"stars"}],
    "counters":[{"id":"year","counts":{"earned":"points"},"window":"year"}],
    "tiers":[{"id":"status","levels":[{"id":"blue"},{"id":"gold","reach":{"counter":{"id":"year","at_least":"500"}}}],
      "lasts":{"to_end_of":"year"}}],
    "earning":[
      {"currency":"points","groups":[{"id":"p","round":"floor","members":[{"rule":{"id":"euro","basis":"gross","rate":"1"}}]}]},
      {"currency":"stars","groups":[{"id":"s","members":[
        {"rule":{"id":"ten","basis":"gross","per_full":{"step":"10","points":"1"}}}]}]}]}"#;

#[test]
fn killed_at_any_moment_nothing_acknowledged_is_lost() {
    let cycles = if std::env::var_os("LOYALTY_LONG").is_some() { CYCLES_LONG } else { CYCLES };
    let data = fresh_folder("crash");
    let mut rng = Rng::with_seed(20_261_123);
    let mut books = Books::default();
    let mut sent: Vec<Sent> = Vec::new();
    for cycle in 0..=cycles {
        let server = Server::start(&data);
        let tokens = Tokens::ask(&server);
        if cycle == 0 {
            publish(&server, &tokens);
        }
        settle_accounts(&server, &tokens, &mut books, &sent);
        if cycle == cycles {
            the_books_can_differ(&server, &tokens, &books);
            server.kill();
            break;
        }
        sent = write_until_killed(server, &tokens, cycle, rng.usize(1..=MOST_ACKNOWLEDGED));
        if cycle % VERIFY_EVERY == VERIFY_EVERY - 1 {
            TENANTS.iter().for_each(|tenant| drop(verify(&data, tenant)));
        }
    }
    for tenant in TENANTS {
        let told = verify(&data, tenant);
        let operations = format!(" {} operations,", books.entries(tenant));
        assert!(told.contains(&operations), "{tenant}: {told}");
    }
    eprintln!("{cycles} cycles: {}", books.summary());
    assert!(books.acknowledged > cycles && books.unanswered > cycles, "{}", books.summary());
    assert!(books.found_unanswered > 0, "{}", books.summary());
}

fn publish(server: &Server, tokens: &Tokens) {
    for tenant in TENANTS {
        let answer = server.connect().send("POST", "/v1/programs", tokens.of(tenant), Some(PROGRAM)).unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
}

/// Compares what was sent with what is there, sends again what had no answer, and compares all balances.
fn settle_accounts(server: &Server, tokens: &Tokens, books: &mut Books, sent: &[Sent]) {
    let mut connection = server.connect();
    let entries = new_entries(&mut connection, tokens, books);
    let differences = differences(books, sent, &entries);
    assert!(differences.is_empty(), "{differences:#?}");
    books.enter(sent, &entries);
    for unanswered in sent.iter().filter(|one| one.fate == Fate::Unanswered) {
        let was_there = books.has(unanswered);
        let answer = connection.send(
            "POST",
            &unanswered.path(),
            tokens.of(unanswered.tenant),
            Some(&unanswered.body()),
        );
        let answer = answer.unwrap();
        assert_eq!((answer.status, answer.replayed), (201, was_there), "{unanswered:?} {}", answer.text());
    }
    let again = new_entries(&mut connection, tokens, books);
    books.enter_again(sent, &again);
    for (tenant, member) in books.members() {
        let answer =
            connection.send("GET", &format!("/v1/members/{member}"), tokens.of(tenant), None).unwrap();
        let view = answer.json();
        let balance = |currency: &str| {
            let balances = view["balances"].as_array().expect("balances").iter();
            balances
                .filter(|b| b["currency"] == currency)
                .map(|b| b["available"].as_u64().expect("points"))
                .sum()
        };
        assert_eq!(
            (balance("points"), balance("stars")),
            books.balances(tenant, &member),
            "{tenant}/{member}"
        );
    }
}

/// What the histories of all members hold beyond what the books have seen.
fn new_entries(connection: &mut Connection, tokens: &Tokens, books: &Books) -> Vec<Entry> {
    let mut entries = Vec::new();
    for tenant in TENANTS {
        for member in writers::members() {
            let seen = books.seen(tenant, &member);
            let mut path = format!("/v1/members/{member}/history?limit=100");
            loop {
                let answer = connection.send("GET", &path, tokens.of(tenant), None).unwrap();
                if answer.status == 404 {
                    assert_eq!(seen, 0, "{tenant}/{member} is gone: {}", answer.text());
                    break;
                }
                assert_eq!(answer.status, 200, "{}", answer.text());
                let page = answer.json();
                let read = page["entries"].as_array().expect("entries").iter();
                let before = entries.len();
                entries
                    .extend(read.map(|e| Entry::read(tenant, &member, e)).filter(|entry| entry.seq > seen));
                let goes_on =
                    entries.last().is_some_and(|last| entries.len() > before && last.seq > seen + 1);
                match page["next"].as_str().filter(|_| goes_on) {
                    Some(next) => path = format!("/v1/members/{member}/history?limit=100&cursor={next}"),
                    None => break,
                }
            }
        }
    }
    entries
}

/// A comparison that cannot fail proves nothing: on this very ledger one more acknowledgement is a loss, and an
/// entry seen twice, one that nobody sent and one of other points are found.
fn the_books_can_differ(server: &Server, tokens: &Tokens, books: &Books) {
    let all = new_entries(&mut server.connect(), tokens, &Books::default());
    let entered: usize = TENANTS.iter().map(|tenant| books.entries(tenant)).sum();
    assert_eq!(all.len(), entered, "every entry is in the books and there is no other");
    let invented = Sent::new("main", "m1".to_owned(), "never-sent".to_owned(), 7, Fate::Acknowledged);
    let lost = differences(&Books::default(), &books.as_sent(Some(invented)), &all);
    assert_eq!(lost, ["main/m1: purchase/never-sent was acknowledged and is lost"]);

    let mut altered = all.clone();
    altered[0].points += 1;
    altered.push(all[1].clone());
    let found = differences(&Books::default(), &books.as_sent(None), &altered);
    assert_eq!(found.len(), 2, "{found:?}");
    let mut sent = books.as_sent(None);
    sent[0].fate = Fate::Refused;
    sent.pop();
    assert_eq!(differences(&Books::default(), &sent, &all).len(), 2);
}

/// `verify` of the shipped binary finds nothing wrong; what it says.
fn verify(data: &Path, tenant: &str) -> String {
    let output = reference_server(&["verify", "--tenant", tenant, "--data"], &[data]);
    assert!(output.succeeded && output.stdout.contains(" 0 findings"), "{tenant}: {output:?}");
    output.stdout
}
