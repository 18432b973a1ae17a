//! The books of who was told what, and how they are compared with a ledger.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

/// What a client knows of a purchase that it sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was told that it is recorded.
    Acknowledged,
    /// It was told that it is not.
    Refused,
    /// It was told nothing.
    Unanswered,
}

/// A purchase that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub tenant: &'static str,
    pub member: String,
    pub id: String,
    pub euros: u64,
    pub fate: Fate,
}

impl Sent {
    pub const fn new(tenant: &'static str, member: String, id: String, euros: u64, fate: Fate) -> Self {
        Self { tenant, member, id, euros, fate }
    }

    pub fn path(&self) -> String {
        format!("/v1/members/{}/purchases", self.member)
    }

    pub fn body(&self) -> String {
        let Self { id, euros, .. } = self;
        format!(r#"{{"id":"{id}","occurred_at":"2026-01-02T03:04:05Z","lines":[{{"gross":"{euros}"}}]}}"#)
    }
}

/// A purchase that the ledger holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub tenant: &'static str,
    pub member: String,
    pub id: String,
    pub seq: u64,
    pub points: u64,
    pub stars: u64,
    /// What its postings move, of both currencies.
    pub posted: u64,
}

impl Entry {
    /// Reads an entry of a history.
    pub fn read(tenant: &'static str, member: &str, entry: &Value) -> Self {
        let operation = &entry["operation"];
        let sum = |list: &Value, currency: Option<&str>| {
            let of = list.as_array().expect("a list").iter();
            let of = of.filter(|one| currency.is_none_or(|currency| one["currency"] == currency));
            of.map(|one| one["points"].as_u64().expect("points")).sum()
        };
        Self {
            tenant,
            member: member.to_owned(),
            id: operation["id"].as_str().expect("an id").to_owned(),
            seq: entry["seq"].as_u64().expect("a sequence"),
            points: sum(&operation["awards"], Some("points")),
            stars: sum(&operation["awards"], Some("stars")),
            posted: sum(&operation["postings"], None),
        }
    }
}

type Account = (&'static str, String);

/// What is known to be in the ledger.
#[derive(Debug, Default)]
pub struct Books {
    /// The euros of each purchase of an account.
    accounts: BTreeMap<Account, BTreeMap<String, u64>>,
    /// The newest sequence seen of an account.
    seen: HashMap<Account, u64>,
    pub acknowledged: usize,
    pub refused: usize,
    pub unanswered: usize,
    /// Unanswered ones that were there.
    pub found_unanswered: usize,
}

/// How what was sent and what is new in the ledger differ; nothing where all is well.
pub fn differences(books: &Books, sent: &[Sent], entries: &[Entry]) -> Vec<String> {
    let mut found = Vec::new();
    let by_id: HashMap<&str, &Sent> = sent.iter().map(|one| (one.id.as_str(), one)).collect();
    let mut there = HashSet::new();
    for Entry { tenant, member, id, points, stars, posted, .. } in entries {
        let name = format!("{tenant}/{member}: purchase/{id}");
        let account = (*tenant, member.clone());
        let is_known = books.accounts.get(&account).is_some_and(|known| known.contains_key(id));
        if is_known || !there.insert(id.as_str()) {
            found.push(format!("{name} is there twice"));
        }
        match by_id.get(id.as_str()) {
            None => found.push(format!("{name} was never sent")),
            Some(one) if one.tenant != *tenant || one.member != *member => {
                found.push(format!("{name} was sent for {}/{}", one.tenant, one.member));
            }
            Some(one) if one.fate == Fate::Refused => found.push(format!("{name} was refused and is there")),
            Some(one) => {
                let want = (one.euros, one.euros / 10, one.euros + one.euros / 10);
                if want != (*points, *stars, *posted) {
                    found.push(format!("{name} gave {points} {stars} {posted}, not {want:?}"));
                }
            }
        }
    }
    for Sent { tenant, member, id, fate, .. } in sent {
        if *fate == Fate::Acknowledged && !there.contains(id.as_str()) {
            found.push(format!("{tenant}/{member}: purchase/{id} was acknowledged and is lost"));
        }
    }
    found
}

impl Books {
    /// Enters what was sent and what of it is there.
    pub fn enter(&mut self, sent: &[Sent], entries: &[Entry]) {
        let count = |fate| sent.iter().filter(|one| one.fate == fate).count();
        let [acknowledged, refused, unanswered] =
            [Fate::Acknowledged, Fate::Refused, Fate::Unanswered].map(count);
        self.acknowledged += acknowledged;
        self.refused += refused;
        self.unanswered += unanswered;
        self.found_unanswered += entries.len() - acknowledged;
        self.enter_entries(sent, entries);
    }

    /// Enters what is there since the unanswered ones were sent once more.
    pub fn enter_again(&mut self, sent: &[Sent], entries: &[Entry]) {
        let again: Vec<Sent> = sent
            .iter()
            .filter(|one| one.fate == Fate::Unanswered && !self.has(one))
            .map(|one| Sent { fate: Fate::Acknowledged, ..one.clone() })
            .collect();
        let differences = differences(self, &again, entries);
        assert!(differences.is_empty(), "{differences:#?}");
        self.enter_entries(&again, entries);
    }

    fn enter_entries(&mut self, sent: &[Sent], entries: &[Entry]) {
        let euros: HashMap<&str, u64> = sent.iter().map(|one| (one.id.as_str(), one.euros)).collect();
        for Entry { tenant, member, id, seq, .. } in entries {
            let account = (*tenant, member.clone());
            let seen = self.seen.entry(account.clone()).or_default();
            *seen = (*seen).max(*seq);
            self.accounts.entry(account).or_default().insert(id.clone(), euros[id.as_str()]);
        }
    }

    pub fn has(&self, one: &Sent) -> bool {
        let account = self.accounts.get(&(one.tenant, one.member.clone()));
        account.is_some_and(|known| known.contains_key(&one.id))
    }

    /// The newest sequence seen of a member.
    pub fn seen(&self, tenant: &'static str, member: &str) -> u64 {
        self.seen.get(&(tenant, member.to_owned())).copied().unwrap_or(0)
    }

    pub fn members(&self) -> impl Iterator<Item = Account> {
        self.accounts.keys().cloned()
    }

    /// Points and stars of a member: sums of what is there.
    pub fn balances(&self, tenant: &'static str, member: &str) -> (u64, u64) {
        let known = &self.accounts[&(tenant, member.to_owned())];
        (known.values().sum(), known.values().map(|euros| euros / 10).sum())
    }

    /// How many purchases of a tenant are there.
    pub fn entries(&self, tenant: &str) -> usize {
        self.accounts.iter().filter(|((of, _), _)| *of == tenant).map(|(_, known)| known.len()).sum()
    }

    /// All that is there, as if it had been sent and acknowledged at once, and one more.
    pub fn as_sent(&self, more: Option<Sent>) -> Vec<Sent> {
        let all = self.accounts.iter().flat_map(|((tenant, member), known)| {
            known
                .iter()
                .map(|(id, euros)| Sent::new(tenant, member.clone(), id.clone(), *euros, Fate::Acknowledged))
        });
        all.chain(more).collect()
    }

    pub fn summary(&self) -> String {
        let Self { acknowledged, refused, unanswered, found_unanswered, .. } = self;
        format!(
            "{acknowledged} acknowledged, {refused} refused, {unanswered} unanswered, of which {found_unanswered} \
             were there"
        )
    }
}
