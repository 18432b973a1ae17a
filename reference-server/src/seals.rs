//! Seals: from time to time what the ledger holds is hashed and signed, for whoever doubts it later.
//!
//! Each is a line of the file `seals`: a JSON Web Signature (RFC 7515) that says up to which place of the feed it goes
//! and what the hash of all before is. Copies of these lines, kept elsewhere, show what was changed or is gone.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use loyalty_adapters::embedded::EmbeddedStore;
use loyalty_core::ledger::chain::Hash;
use loyalty_core::ledger::seal::Root;
use loyalty_core::ports::Feed;
use loyalty_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::{clock, secret};

/// Commits read at once.
const PAGE: usize = 256;

/// What a seal says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Its place among the seals, from 1.
    pub number: u64,
    /// The place in the feed of the newest commit that it covers.
    pub position: u64,
    /// The hash of all commits up to there, as 64 hexadecimal digits.
    pub root: String,
    /// When it was made.
    pub sealed_at: Timestamp,
}

impl Seal {
    /// The root, and up to where it goes; the beginning where there is no seal yet.
    fn reach(seal: Option<&Self>) -> Result<(u64, Hash)> {
        let Some(seal) = seal else { return Ok((0, Root::BEGINNING)) };
        let root = secret::from_hex(&seal.root).context("a root has 64 hexadecimal digits")?;
        Ok((seal.position, root))
    }
}

/// Makes seals, and keeps them.
pub struct Sealer {
    feed: Arc<EmbeddedStore>,
    file: PathBuf,
    key: EncodingKey,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Sealer {
    /// Seals a ledger with an Ed25519 key of 32 bytes.
    pub fn new(feed: Arc<EmbeddedStore>, file: PathBuf, key: &[u8; 32]) -> Self {
        Self { feed, file, key: secret::ed25519(key) }
    }

    /// The public key, as a JSON Web Key Set.
    ///
    /// Errors: the key is none that the library takes.
    pub fn keys(&self) -> Result<JwkSet> {
        let jwk =
            Jwk::from_encoding_key(&self.key, Algorithm::EdDSA).context("cannot derive a public key")?;
        Ok(JwkSet { keys: vec![jwk] })
    }

    /// Seals what was recorded since the last seal; gives the line, or nothing where nothing was.
    ///
    /// Errors: the ledger or the seals cannot be read or written, or the last seal is not of this ledger.
    pub async fn seal(&self, now: Timestamp) -> Result<Option<String>> {
        drop_cut_line(&self.file)?;
        let lines = lines(&self.file)?;
        let last = lines.last().map(|line| read(line, &self.keys()?)).transpose()?;
        let (from, previous) = Seal::reach(last.as_ref())?;
        let mut root = Root::after(&previous);
        let position = add_up_to(&self.feed, &mut root, from, u64::MAX).await?;
        if position == from {
            if self.feed.newest().await? < from {
                bail!("the ledger ends before its last seal: run `verify`");
            }
            return Ok(None);
        }
        let number = last.map_or(1, |last| last.number + 1);
        let seal = Seal { number, position, root: secret::to_hex(&root.finish()), sealed_at: now };
        let line = encode(&Header::new(Algorithm::EdDSA), &seal, &self.key).context("cannot sign a seal")?;
        append(&self.file, &line).with_context(|| format!("cannot write {}", self.file.display()))?;
        Ok(Some(line))
    }
}

/// Seals from time to time, and once more at the end.
pub async fn keep_sealing(sealing: Option<(Sealer, Duration)>, mut ended: oneshot::Receiver<()>) {
    let Some((sealer, every)) = sealing else { return };
    let mut every = tokio::time::interval(every);
    loop {
        let last = tokio::select! {
            _ = every.tick() => false,
            _ = &mut ended => true,
        };
        if let Err(error) = sealer.seal(clock::now()).await {
            tracing::error!(error.message = %format!("{error:#}"), "the ledger is not sealed");
        }
        if last {
            return;
        }
    }
}

/// What checking seals saw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sealed {
    /// How many there are.
    pub seals: u64,
    /// What is wrong, in words.
    pub wrong: Vec<String>,
}

/// Checks seals against a ledger.
///
/// Errors: the ledger or the seals cannot be read.
pub async fn check(feed: &EmbeddedStore, file: &Path, keys: &JwkSet) -> Result<Sealed> {
    let Sealed { mut seals, mut wrong } = Sealed::default();
    let mut last: Option<Seal> = None;
    for (number, line) in (1..).zip(lines(file)?) {
        seals = number;
        let seal = match read(&line, keys) {
            Ok(seal) => seal,
            Err(error) => {
                wrong.push(format!("seal {number}: {error:#}"));
                break;
            }
        };
        let (from, previous) = Seal::reach(last.as_ref())?;
        if seal.number != number || seal.position <= from {
            wrong.push(format!("seal {number} does not follow the one before"));
            break;
        }
        let mut root = Root::after(&previous);
        let reached = add_up_to(feed, &mut root, from, seal.position).await?;
        if reached < seal.position {
            wrong.push(format!(
                "seal {number}: the ledger ends at commit {reached}, {} were sealed",
                seal.position
            ));
        } else if secret::to_hex(&root.finish()) != seal.root {
            wrong.push(format!(
                "seal {number}: commits {} to {reached} are not those that were sealed",
                from + 1
            ));
        }
        last = Some(seal);
    }
    Ok(Sealed { seals, wrong })
}

/// Adds the commits after a place up to another; gives the place that was reached.
async fn add_up_to(feed: &EmbeddedStore, root: &mut Root, from: u64, to: u64) -> Result<u64> {
    let mut reached = from;
    loop {
        let page = feed.after(reached, PAGE).await?;
        let before = reached;
        for (position, commit) in page.iter().filter(|(position, _)| *position <= to) {
            root.add(commit)?;
            reached = *position;
        }
        if reached == before || reached == to {
            return Ok(reached);
        }
        // Requests go on meanwhile.
        tokio::task::yield_now().await;
    }
}

/// What a line says, if one of the keys has signed it.
fn read(line: &str, keys: &JwkSet) -> Result<Seal> {
    let mut validation = Validation::new(Algorithm::EdDSA);
    // A seal holds for ever, and is for everybody.
    validation.required_spec_claims.clear();
    (validation.validate_exp, validation.validate_aud) = (false, false);
    for key in &keys.keys {
        let key = DecodingKey::from_jwk(key).context("the key is none that signs seals")?;
        if let Ok(seal) = decode::<Seal>(line, &key, &validation) {
            return Ok(seal.claims);
        }
    }
    bail!("none of the keys has signed it")
}

/// The whole lines of a file; none where it is not there.
fn lines(file: &Path) -> Result<Vec<String>> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

/// Drops a line that a crash cut short: its seal was told to nobody.
fn drop_cut_line(file: &Path) -> Result<()> {
    let Ok(text) = fs::read(file) else { return Ok(()) };
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    if whole < text.len() {
        OpenOptions::new().write(true).open(file)?.set_len(whole as u64)?;
    }
    Ok(())
}

fn append(file: &Path, line: &str) -> io::Result<()> {
    let mut out = OpenOptions::new().create(true).append(true).open(file)?;
    out.write_all(format!("{line}\n").as_bytes())?;
    out.sync_all()
}
