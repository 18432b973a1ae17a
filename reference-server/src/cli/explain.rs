//! `explain`: the proof of an operation, decided again on what was recorded.

use std::io::{self, Write};

use anyhow::{Result, anyhow};
use clap::Args;
use loyalty_core::engine::{EngineError, Explanation};
use loyalty_core::id::{ActivityId, MemberId, OperationKey};
use loyalty_core::json::answer::{OperationView, ProofView};

use super::{CACHE, Ledger, Place, Verdict, said, wait};

/// Proves how an activity was decided, step by step
#[derive(Debug, Args)]
pub(super) struct Explain {
    #[command(flatten)]
    place: Place,
    /// Whose operation.
    #[arg(long, value_parser = MemberId::new)]
    member: MemberId,
    /// Its key, such as `purchase/4711`.
    #[arg(long, value_parser = OperationKey::new, required_unless_present = "activity")]
    key: Option<OperationKey>,
    /// The id of a purchase or return.
    #[arg(long, value_name = "ID", value_parser = ActivityId::new, conflicts_with = "key")]
    activity: Option<ActivityId>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Explain) -> Result<Verdict> {
    let ledger = args.place.open_existing(CACHE)?;
    let explanation = find(&ledger, args)?;
    let programs = wait(ledger.data.engine.programs(&ledger.tenant, ledger.now()))?.map_err(said)?;
    let name = programs.version(explanation.answer.operation.version).map(|it| it.document().name.clone());
    let proof = ProofView::new(explanation, &programs);
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer(&mut out, &proof)?;
        writeln!(out)?;
    } else {
        tell(&mut out, &args.member, &name.unwrap_or_default(), &proof)?;
    }
    Ok(Verdict::Right)
}

fn find(ledger: &Ledger, args: &Explain) -> Result<Explanation> {
    let keys = match (&args.key, &args.activity) {
        (Some(key), _) => vec![key.clone()],
        (None, Some(id)) => ["purchase", "return"]
            .into_iter()
            .map(|kind| OperationKey::new(&format!("{kind}/{id}")))
            .collect::<Result<_, _>>()?,
        (None, None) => Vec::new(),
    };
    let mut error = anyhow!("name the operation with `--key` or `--activity`");
    for key in keys {
        match wait(ledger.data.engine.explain(&ledger.tenant, &args.member, &key, ledger.now()))? {
            Ok(explanation) => return Ok(explanation),
            Err(EngineError::Refused(problem)) if problem.code == "unknown_operation" => {
                error = problem.into();
            }
            Err(other) => return Err(said(other)),
        }
    }
    Err(error)
}

fn tell(out: &mut impl Write, member: &MemberId, program: &str, proof: &ProofView) -> io::Result<()> {
    let operation = &proof.operation;
    writeln!(out, "{} of member {member}", operation.key)?;
    writeln!(out, "occurred {}", operation.occurred_at)?;
    writeln!(out, "recorded {} in commit {}", proof.recorded_at, proof.seq)?;
    writeln!(out, "program  {} ({program})", operation.version)?;
    writeln!(out)?;
    for step in &proof.steps {
        let of = if step.of.is_empty() { "-" } else { &step.of };
        writeln!(out, "{:<12} {of:<16} {}", word(&step.kind), step.text)?;
    }
    if let Some(nearest) = &proof.nearest {
        writeln!(out, "{:<12} {:<16} {}", "nearest", nearest.of, nearest.text)?;
    }
    writeln!(out)?;
    tell_outcome(out, operation)
}

fn tell_outcome(out: &mut impl Write, operation: &OperationView) -> io::Result<()> {
    for award in &operation.awards {
        let points = award.points.in_whole_points(award.scale);
        let lapse = match award.expires_at {
            Some(at) => format!(", which lapse at {at}"),
            None if award.by_activity => ", which live by activity".to_owned(),
            None => String::new(),
        };
        writeln!(out, "{points} {} given{lapse}", award.currency)?;
    }
    for returned in &operation.returned {
        for take in &returned.takes {
            let [points, owed, forgiven] =
                [take.points, take.into_debt, take.forgiven].map(|it| it.in_whole_points(take.scale));
            let (currency, purchase) = (&take.currency, &returned.activity);
            writeln!(
                out,
                "{points} {currency} taken back of purchase {purchase}, {owed} owed, {forgiven} forgiven"
            )?;
        }
    }
    for part in &operation.unmatched {
        writeln!(out, "{} of `{}` returned and never seen sold", part.quantity, part.sku)?;
    }
    for change in &operation.tier_changes {
        writeln!(out, "{} of {} instead of {} from {} on", change.to, change.track, change.from, change.at)?;
    }
    Ok(())
}

/// The word that JSON uses.
fn word(kind: &impl serde::Serialize) -> String {
    serde_json::to_value(kind).ok().and_then(|word| Some(word.as_str()?.to_owned())).unwrap_or_default()
}
