//! `explain`: the proof of an operation, decided again on what was recorded.

use std::io::{self, Write};

use anyhow::{Result, anyhow};
use clap::Args;
use loyalty_core::engine::{EngineError, Explanation};
use loyalty_core::id::{ActivityId, MemberId, OperationKey};
use loyalty_core::points::Points;
use loyalty_core::program::Program;
use serde_json::{Value, json};

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
    let version = explanation.answer.operation.version;
    let program = programs.version(version).ok_or_else(|| anyhow!("the program {version} is gone"))?;
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", document(&explanation, program))?;
    } else {
        tell(&mut out, &explanation, program)?;
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

fn tell(out: &mut impl Write, explanation: &Explanation, program: &Program) -> io::Result<()> {
    let Explanation { answer, steps } = explanation;
    let operation = &answer.operation;
    writeln!(out, "{} of member {}", operation.key, answer.head.member)?;
    writeln!(out, "occurred {}", operation.occurred_at)?;
    writeln!(out, "recorded {} in commit {}", answer.head.recorded_at, answer.head.seq)?;
    writeln!(out, "program  {} ({})", operation.version, program.document().name)?;
    writeln!(out)?;
    for step in steps {
        let of = if step.of.is_empty() { "-" } else { &step.of };
        writeln!(out, "{:<12} {of:<16} {}", kind(&step.kind), step.text)?;
    }
    writeln!(out)?;
    for award in &operation.awards {
        let lapse = award.expires_at.map_or_else(String::new, |at| format!(", which lapse at {at}"));
        writeln!(out, "{} {} given{lapse}", whole(program, &award.currency, award.points), award.currency)?;
    }
    for returned in &operation.returned {
        for take in &returned.takes {
            let points = whole(program, &take.currency, take.points);
            let forgiven = whole(program, &take.currency, take.forgiven);
            let purchase = &returned.activity;
            writeln!(
                out,
                "{points} {} taken back of purchase {purchase}, {forgiven} forgiven",
                take.currency
            )?;
        }
    }
    for part in &operation.unmatched {
        writeln!(out, "{} of `{}` returned and never seen sold", part.quantity, part.sku)?;
    }
    Ok(())
}

fn document(explanation: &Explanation, program: &Program) -> Value {
    let Explanation { answer, steps } = explanation;
    let operation = &answer.operation;
    let awards = operation.awards.iter().map(|award| {
        json!({
            "currency": award.currency,
            "points": award.points,
            "scale": program.currency(&award.currency).map_or(0, |currency| currency.scale),
            "expires_at": award.expires_at.map(|at| at.to_string()),
        })
    });
    let returned = operation
        .returned
        .iter()
        .map(|returned| json!({ "activity": returned.activity, "takes": returned.takes }));
    json!({
        "member": answer.head.member,
        "key": operation.key,
        "occurred_at": operation.occurred_at.to_string(),
        "recorded_at": answer.head.recorded_at.to_string(),
        "seq": answer.head.seq,
        "version": operation.version,
        "steps": steps,
        "awards": awards.collect::<Vec<_>>(),
        "returned": returned.collect::<Vec<_>>(),
        "unmatched": operation.unmatched,
        "tier_changes": operation.tier_changes,
    })
}

/// What kind of step it is, in the word that JSON uses.
fn kind(kind: &impl serde::Serialize) -> String {
    serde_json::to_value(kind).ok().and_then(|word| Some(word.as_str()?.to_owned())).unwrap_or_default()
}

fn whole(program: &Program, currency: &loyalty_core::id::AuthorId, points: Points) -> String {
    points.in_whole_points(program.currency(currency).map_or(0, |currency| currency.scale))
}
