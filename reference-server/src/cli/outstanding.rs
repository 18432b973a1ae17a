//! `outstanding`: what members have, by the month in which it lapses and by who pays for it.

use std::collections::BTreeMap;
use std::io;

use anyhow::{Context, Result};
use clap::Args;
use loyalty_core::id::AuthorId;
use loyalty_core::member::{Balance, Lot, MemberState};
use loyalty_core::money::Ratio;
use loyalty_core::program::Program;
use loyalty_core::program::document::Currency;
use loyalty_core::time::{InvalidTime, Timestamp};

use super::walk::{AsOf, CACHE, every_member};
use super::{Place, Verdict, said, wait};

/// Prints what members have: per currency, partner and month of the last valid day, with what it is worth
#[derive(Debug, Args)]
pub(super) struct Outstanding {
    #[command(flatten)]
    place: Place,
    /// Read at this instant; else now.
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    at: Option<Timestamp>,
    /// Read only what had been recorded until this instant.
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    known_at: Option<Timestamp>,
}

fn instant(text: &str) -> Result<Timestamp, InvalidTime> {
    Timestamp::parse(text)
}

/// The currency, by its place in the program; the partner; the month of the last valid day, nothing of what never
/// lapses, and of what waits.
type Row = (usize, Option<AuthorId>, Option<String>);

/// Minor units.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    available: i128,
    held: i128,
    pending: i128,
    /// What is owed, in the row of the program's own points that never lapse.
    debt: i128,
}

pub(super) fn run(args: &Outstanding) -> Result<Verdict> {
    let ledger = args.place.open_existing(CACHE)?;
    let now = ledger.now();
    let programs = wait(ledger.data.engine.programs(&ledger.tenant, now))?.map_err(said)?;
    let program = programs.at(now);
    let mut rows: BTreeMap<Row, Sums> = BTreeMap::new();
    let as_of = AsOf { at: args.at.or(args.known_at).or(Some(now)), known_at: args.known_at };
    every_member(&ledger, &programs, as_of, &mut |_, state, _| {
        add(state, program, &mut rows);
        Ok(())
    })?;
    write(&rows, program)?;
    Ok(Verdict::Right)
}

/// Adds what a member has.
fn add(state: &MemberState, program: &Program, rows: &mut BTreeMap<Row, Sums>) {
    for (place, currency) in program.document().currencies.iter().enumerate() {
        let none = Balance::empty(currency.id.clone());
        let balance = state.balance(&currency.id).unwrap_or(&none);
        let month = |lot: &Lot| {
            let last_day = program.zone().date_at(balance.living.lapses_at(lot)?.plus_micros(-1));
            last_day.to_string().get(..7).map(str::to_owned)
        };
        let row = |lot: &Lot| (place, lot.funded_by.clone(), month(lot));
        for lot in &balance.lots {
            rows.entry(row(lot)).or_default().available += i128::from(lot.points.minor());
        }
        let holds = state.holds.iter().filter(|held| held.redeemed.currency == currency.id);
        for lot in holds.flat_map(|held| &held.redeemed.lots) {
            rows.entry(row(lot)).or_default().held += i128::from(lot.points.minor());
        }
        for waiting in state.pending.iter().filter(|pending| pending.currency == currency.id) {
            let row = (place, waiting.funded_by.clone(), None);
            rows.entry(row).or_default().pending += i128::from(waiting.points.minor());
        }
        if balance.debt.is_positive() {
            rows.entry((place, None, None)).or_default().debt += i128::from(balance.debt.minor());
        }
    }
}

fn write(rows: &BTreeMap<Row, Sums>, program: &Program) -> Result<()> {
    let mut out = csv::Writer::from_writer(io::stdout().lock());
    out.write_record(["currency", "partner", "lapses", "available", "held", "pending", "debt", "worth"])?;
    for ((place, partner, month), sums) in rows {
        let currency = program.document().currencies.get(*place).context("a currency of the program")?;
        let points = |minor: i128| Ratio::whole(minor).over(currency.unit()).map(|it| it.shown(0));
        let Sums { available, held, pending, debt } = *sums;
        out.write_record([
            currency.id.as_str(),
            partner.as_ref().map_or("", |partner| partner.as_str()),
            month.as_deref().unwrap_or(""),
            &points(available)?,
            &points(held)?,
            &points(pending)?,
            &points(debt)?,
            &worth(available + held + pending, currency, program)?,
        ])?;
    }
    Ok(out.flush()?)
}

/// What points are worth in the program's money; nothing where the program does not say.
fn worth(minor: i128, currency: &Currency, program: &Program) -> Result<String> {
    let Some(worth) = currency.worth else { return Ok(String::new()) };
    let points = Ratio::whole(minor).over(currency.unit())?;
    Ok(points.times(worth.ratio())?.shown(program.coin_places()))
}
