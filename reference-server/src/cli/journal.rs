//! `journal`: what moved on each day, as double entries that balance.

use std::io::{self, BufWriter, Write};

use anyhow::Result;
use clap::{Args, ValueEnum};
use loyalty_core::ledger::journal::{Journal, Sheet, Turnover};
use loyalty_core::ledger::posting::Posting;
use loyalty_core::money::Ratio;
use loyalty_core::ports::Feed;
use loyalty_core::program::Programs;
use loyalty_core::time::{Date, Timestamp};
use serde_json::json;

use super::walk::{AsOf, CACHE, every_member};
use super::{Ledger, Place, Verdict, said, wait};

/// Commits read at once.
const PAGE: usize = 64;

/// Prints what moved on each day: per currency, partner and account what came in and what went out
#[derive(Debug, Args)]
pub(super) struct JournalOf {
    #[command(flatten)]
    place: Place,
    /// Points are whole points in `csv`, minor units in `json`.
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// The first day, in the program's zone; else from the beginning.
    #[arg(long, value_name = "DATE", value_parser = Date::parse)]
    from: Option<Date>,
    /// The last day; else today.
    #[arg(long, value_name = "DATE", value_parser = Date::parse)]
    to: Option<Date>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Csv,
    Json,
}

pub(super) fn run(args: &JournalOf) -> Result<Verdict> {
    let ledger = args.place.open_existing(CACHE)?;
    let now = ledger.now();
    let programs = wait(ledger.data.engine.programs(&ledger.tenant, now))?.map_err(said)?;
    let mut reading = Reading { args, programs: &programs, journal: Journal::default() };
    reading.recorded(&ledger)?;
    // What fell due since a member's newest commit is nowhere written yet.
    let end = args.to.map_or(now, |to| programs.at(now).zone().start_of(to.plus_days(1)).plus_micros(-1));
    let at = end.min(now);
    let as_of = AsOf { at: Some(at), known_at: None };
    every_member(&ledger, &programs, as_of, &mut |_, _, due| {
        due.postings.iter().try_for_each(|posting| reading.add(posting))
    })?;
    let out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match args.format {
        Format::Csv => csv_lines(&reading.journal, &programs, out)?,
        Format::Json => json_lines(&reading.journal, &programs, out)?,
    }
    Ok(Verdict::Right)
}

struct Reading<'a> {
    args: &'a JournalOf,
    programs: &'a Programs,
    journal: Journal,
}

impl Reading<'_> {
    /// Adds all that was recorded, in the order of the feed.
    fn recorded(&mut self, ledger: &Ledger) -> Result<()> {
        let mut position = 0;
        loop {
            let page = wait(ledger.data.store.after(position, PAGE))??;
            for (at, stored) in &page {
                position = *at;
                let commit = stored.commit()?;
                if commit.head.tenant == ledger.tenant {
                    for operation in &commit.operations {
                        let postings = operation.settlement.postings.iter().chain(&operation.postings);
                        postings.into_iter().try_for_each(|posting| self.add(posting))?;
                    }
                }
            }
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }

    /// Adds a posting if its day is asked for.
    fn add(&mut self, posting: &Posting) -> Result<()> {
        let date = self.date(posting.effective_at);
        let Self { args, journal, .. } = self;
        if args.from.is_none_or(|from| from <= date) && args.to.is_none_or(|to| date <= to) {
            journal.add(posting, date)?;
        }
        Ok(())
    }

    fn date(&self, at: Timestamp) -> Date {
        self.programs.at(at).zone().date_at(at)
    }
}

/// The decimals of a currency, which no version changes.
fn scale(programs: &Programs, sheet: &Sheet) -> u8 {
    let mut declared = programs.all().filter_map(|program| program.currency(&sheet.currency));
    declared.next().map_or(0, |currency| currency.scale)
}

/// Minor units as whole points.
fn whole(minor: i128, scale: u8) -> Result<String> {
    let unit = Ratio::whole(10_i128.pow(u32::from(scale)));
    Ok(Ratio::whole(minor).over(unit)?.shown(u32::from(scale)))
}

fn csv_lines(journal: &Journal, programs: &Programs, out: impl Write) -> Result<()> {
    let mut out = csv::Writer::from_writer(out);
    out.write_record(["date", "currency", "partner", "account", "debit", "credit"])?;
    for (sheet, account, Turnover { debit, credit }) in journal.lines() {
        let scale = scale(programs, sheet);
        let partner = sheet.partner.as_ref().map_or("", |partner| partner.as_str());
        let (date, debit, credit) = (sheet.date.to_string(), whole(debit, scale)?, whole(credit, scale)?);
        out.write_record([&date, sheet.currency.as_str(), partner, account.name(), &debit, &credit])?;
    }
    Ok(out.flush()?)
}

/// An object a line; sums of all members may be larger than a number in JSON, so they are text.
fn json_lines(journal: &Journal, programs: &Programs, mut out: impl Write) -> Result<()> {
    for (sheet, account, Turnover { debit, credit }) in journal.lines() {
        let line = json!({
            "date": sheet.date,
            "currency": sheet.currency,
            "scale": scale(programs, sheet),
            "partner": sheet.partner,
            "account": account,
            "debit": debit.to_string(),
            "credit": credit.to_string(),
        });
        writeln!(out, "{line}")?;
    }
    Ok(out.flush()?)
}
