//! What holds for any bytes at all: shared by the stored inputs, the mutations and the fuzz targets.

#[path = "decided.rs"]
mod decided;

use std::sync::{Arc, LazyLock};

use loyalty_core::activity::{Activity, MemberActivity};
use loyalty_core::decision::drop_undeclared;
use loyalty_core::engine::EngineError;
use loyalty_core::json::{self, Limits};
use loyalty_core::ledger::chain::ChainKey;
use loyalty_core::ledger::commit::{Commit, LEVEL, NewCommit, SEALED_LEVEL, StoredCommit};
use loyalty_core::member::MemberState;
use loyalty_core::problem::Problem;
use loyalty_core::program::{Program, Programs};
use loyalty_core::time::Timestamp;
use loyalty_core::zone::Zone;

pub use self::decided::{Decided, decided, sealed};

/// What an activity may measure: 1 MiB.
pub const ACTIVITY_LIMITS: Limits = Limits { bytes: 1 << 20, depth: 64, problems: 1_000 };
/// The key of the stored commits.
pub const KEY: [u8; 32] = [7; 32];

/// What became of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was taken, and everything that follows from that held.
    Accepted,
    /// It was refused, in the form that every refusal has.
    Refused,
}

/// Programs that activities are decided by.
static PROGRAMS: LazyLock<Vec<Programs>> = LazyLock::new(|| {
    let documents: [&[u8]; 4] = [
        include_bytes!("../fuzz/corpus/program/good-everything.json"),
        include_bytes!("../fuzz/corpus/program/good-uncapped.json"),
        include_bytes!("../programs/g1.json"),
        include_bytes!("../programs/g2.json"),
    ];
    documents.iter().map(|document| programs(document)).collect()
});

/// Activities that programs decide, each seeing the ones before it.
static ACTIVITIES: LazyLock<Vec<MemberActivity>> = LazyLock::new(|| {
    let activities: [&[u8]; 7] = [
        include_bytes!("../fuzz/corpus/activity/good-purchase.json"),
        include_bytes!("../fuzz/corpus/activity/good-every-field.json"),
        include_bytes!("../fuzz/corpus/activity/good-return-linked.json"),
        include_bytes!("../fuzz/corpus/activity/good-event.json"),
        include_bytes!("../fuzz/corpus/activity/good-largest-amounts.json"),
        include_bytes!("../fuzz/corpus/activity/good-smallest-amounts.json"),
        include_bytes!("../fuzz/corpus/activity/good-return-unlinked.json"),
    ];
    activities.iter().map(|text| read_activity(text).expect("a good activity")).collect()
});

/// The one program of a draft.
pub fn programs(draft: &[u8]) -> Programs {
    Programs::new(Arc::new(Program::from_draft(draft, zone).expect("a good program")))
}

/// Reads one line of an import, or one body of a request.
pub fn read_activity(text: &[u8]) -> Result<MemberActivity, Vec<Problem>> {
    json::read(text, &ACTIVITY_LIMITS)
}

/// A program document: what is accepted keeps its name in its canonical form, and decides without a panic.
pub fn program(input: &[u8]) -> Fate {
    if let Err(problems) = Program::check(input) {
        refused(&problems);
    }
    match Program::from_draft(input, zone) {
        Err(problems) => {
            refused(&problems);
            Fate::Refused
        }
        Ok(program) => {
            let again = Program::check(&program.canonical()).expect("what was published is a program");
            assert_eq!(again.version(), program.version());
            assert_eq!(again, program);
            let activities: Vec<_> = ACTIVITIES.iter().map(|one| one.activity.clone()).collect();
            decided(&Programs::new(Arc::new(program)), None, &activities);
            Fate::Accepted
        }
    }
}

/// An activity: what is accepted stays the same as JSON and as CBOR, and is decided without a panic, twice.
pub fn activity(input: &[u8]) -> Fate {
    let read = read_activity(input);
    // Imports read usual purchases in a quicker way, which must never know better than the door.
    assert_eq!(MemberActivity::read(input, &ACTIVITY_LIMITS, &|_| true), read);
    assert_eq!(without_undeclared(read_declared(input)), without_undeclared(read.clone()));
    match read {
        Err(problems) => {
            refused(&problems);
            Fate::Refused
        }
        Ok(read) => {
            let text = serde_json::to_vec(&read).expect("an activity is JSON");
            assert_eq!(read_activity(&text).as_ref(), Ok(&read));
            let bytes = minicbor::to_vec(&read.activity).expect("an activity is CBOR");
            assert_eq!(minicbor::decode::<Activity>(&bytes).expect("what was written"), read.activity);
            let before = ACTIVITIES.iter().take(2).map(|one| &one.activity);
            let all: Vec<_> = before.chain([&read.activity, &read.activity]).cloned().collect();
            for programs in PROGRAMS.iter() {
                decided(programs, None, &all);
            }
            Fate::Accepted
        }
    }
}

/// A stored commit: what is read is written again as it was, and what follows it is decided without a panic.
pub fn commit(input: &[u8]) -> Fate {
    let stored = StoredCommit::from_bytes(input);
    let read = stored.head().and_then(|head| Ok((head, stored.commit()?)));
    let (head, commit) = match read {
        Err(error) => {
            let message = error.to_string();
            assert!(!message.is_empty());
            refused(&[EngineError::from(error).problem()]);
            return Fate::Refused;
        }
        Ok(read) => read,
    };
    assert_eq!(head, commit.head);
    assert_eq!(head.check_appendable().is_ok(), head.level <= SEALED_LEVEL);
    if head.level == LEVEL {
        let again = resealed(&commit);
        if stored.check_hash(&ChainKey::new(head.key_id, KEY)).is_ok() {
            assert_eq!(again, stored, "what was hashed has one form");
        }
        let read_again = again.commit().expect("what was written can be read");
        assert_eq!(read_again.head.state, commit.head.state);
        assert_eq!(read_again.operations, commit.operations);
        assert_eq!(resealed(&read_again), again);
    }
    follow(&commit);
    Fate::Accepted
}

type Read = Result<MemberActivity, Vec<Problem>>;

/// Reads as an import does that looks for the attributes of the first program only.
fn read_declared(input: &[u8]) -> Read {
    let declared = |name: &str| first_program().document().attributes.iter().any(|a| a.id.as_str() == name);
    MemberActivity::read(input, &ACTIVITY_LIMITS, &declared)
}

fn without_undeclared(read: Read) -> Read {
    read.map(|mut read| {
        drop_undeclared(&mut read.activity, first_program());
        read
    })
}

fn first_program() -> &'static Program {
    PROGRAMS[0].at(Timestamp::from_seconds(0))
}

fn resealed(commit: &Commit) -> StoredCommit {
    let Commit { head, operations } = commit;
    let new = NewCommit {
        tenant: &head.tenant,
        member: &head.member,
        seq: head.seq,
        recorded_at: head.recorded_at,
        previous: head.previous,
        state: &head.state,
        operations,
    };
    new.seal(&ChainKey::new(head.key_id, KEY))
}

/// Decides on a state as a damaged store may give it.
fn follow(commit: &Commit) {
    let state: &MemberState = &commit.head.state;
    let activities: Vec<_> = ACTIVITIES.iter().map(|one| one.activity.clone()).collect();
    for programs in PROGRAMS.iter() {
        decided(programs, Some(state), &activities);
    }
}

/// Every refusal has a code for programs and a text for people.
pub fn refused(problems: &[Problem]) {
    assert!(!problems.is_empty(), "refused without a reason");
    for Problem { code, path, message, help } in problems {
        let mut letters = code.chars();
        let begins = letters.next().is_some_and(|c| c.is_ascii_lowercase());
        let goes_on = letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        assert!(begins && goes_on, "`{code}` is no code");
        assert!(path.is_empty() || path.starts_with('/'), "`{path}` is no pointer");
        assert!(!message.trim().is_empty() && !message.ends_with('.'), "{code}: `{message}`");
        assert!(!help.trim().is_empty() && !help.ends_with('.'), "{code}: `{help}`");
    }
}

/// Zones enough to publish a draft with.
fn zone(name: &str) -> Option<Zone> {
    let (offset, changes) = match name {
        "UTC" => (0, vec![]),
        "Europe/London" => (0, vec![(1_490_490_000, 3_600), (1_509_238_800, 0)]),
        "America/New_York" => (-18_000, vec![(1_489_302_000, -14_400), (1_509_861_600, -18_000)]),
        _ => return None,
    };
    Some(Zone { name: name.to_owned(), offset: Some(offset), changes })
}
