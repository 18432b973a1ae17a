//! `members`: every member's balances and tier, one row a currency.

use std::io::{self, BufWriter, Write};

use anyhow::Result;
use clap::{Args, ValueEnum};
use loyalty_core::id::MemberId;
use loyalty_core::json::answer::MemberStatus;
use loyalty_core::member::{Balance, MemberState};
use loyalty_core::points::Points;
use loyalty_core::program::document::Currency;
use loyalty_core::program::{Program, Programs};
use loyalty_core::time::{InvalidTime, Timestamp};
use serde_json::json;

use super::walk::{AsOf, CACHE, every_member};
use super::{Ledger, Place, Verdict, said, wait};

const COLUMNS: [&str; 8] =
    ["member", "currency", "earned", "clawed_back", "balance", "tier", "accruals", "status"];

/// Prints every member's balances and tier, in the order of members
#[derive(Debug, Args)]
pub(super) struct Members {
    #[command(flatten)]
    place: Place,
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Read all members at this instant, or `now`; else each at its last activity or settlement.
    #[arg(long, value_name = "INSTANT", value_parser = At::parse)]
    at: Option<At>,
    /// Read only what had been recorded until this instant; then as of it, or as of a later `--at`.
    #[arg(long, value_name = "INSTANT", value_parser = Timestamp::parse)]
    known_at: Option<Timestamp>,
}

/// How rows are written; points are whole points in `csv` and `table`, minor units in `json`.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Csv,
    Json,
    Table,
}

/// When members are read.
#[derive(Debug, Clone, Copy)]
enum At {
    Now,
    Instant(Timestamp),
}

impl At {
    fn parse(text: &str) -> Result<Self, InvalidTime> {
        if text == "now" { Ok(Self::Now) } else { Timestamp::parse(text).map(Self::Instant) }
    }
}

/// One member's points of one currency.
struct Row<'a> {
    member: &'a MemberId,
    currency: &'a Currency,
    balance: &'a Balance,
    available: Points,
    tier: &'a str,
    status: &'static str,
}

pub(super) fn run(args: &Members) -> Result<Verdict> {
    let ledger = args.place.open_existing(CACHE)?;
    let now = ledger.now();
    let programs = wait(ledger.data.engine.programs(&ledger.tenant, now))?.map_err(said)?;
    let at = args.at.map(|at| match at {
        At::Now => now,
        At::Instant(at) => at,
    });
    let as_of = AsOf { at: at.or(args.known_at), known_at: args.known_at };
    let reading = Reading { ledger: &ledger, programs: &programs, program: programs.at(now), as_of };
    let out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match args.format {
        Format::Csv => reading.write(CsvRows::new(out)?)?,
        Format::Json => reading.write(JsonRows { out, any: false })?,
        Format::Table => reading.write(TableRows::new(out)?)?,
    }
    Ok(Verdict::Right)
}

/// Who takes rows.
trait Rows {
    fn row(&mut self, row: &Row<'_>) -> Result<()>;
    fn end(self) -> Result<()>;
}

/// What is read of all members.
struct Reading<'a> {
    ledger: &'a Ledger,
    programs: &'a Programs,
    /// The one in force now, which says the currencies and the tier track.
    program: &'a Program,
    as_of: AsOf,
}

impl Reading<'_> {
    /// Streams all members.
    fn write(&self, mut rows: impl Rows) -> Result<()> {
        let mut each =
            |member: &MemberId, state: &MemberState, _| self.write_member(member, state, &mut rows);
        every_member(self.ledger, self.programs, self.as_of, &mut each)?;
        rows.end()
    }

    fn write_member(&self, member: &MemberId, state: &MemberState, rows: &mut impl Rows) -> Result<()> {
        let tier = tier(state, self.program);
        let status = MemberStatus::of(state.stopped.as_ref()).name();
        for currency in &self.program.document().currencies {
            let none = Balance::empty(currency.id.clone());
            let balance = state.balance(&currency.id).unwrap_or(&none);
            let available = balance.available()?;
            rows.row(&Row { member, currency, balance, available, tier, status })?;
        }
        Ok(())
    }
}

/// The level on the program's first track: the lowest where none was reached, nothing without a track.
fn tier<'a>(state: &'a MemberState, program: &'a Program) -> &'a str {
    let Some(track) = program.document().tiers.first() else { return "" };
    let held = state.tier(&track.id).map(|tier| tier.level());
    held.or(track.levels.first().map(|level| &level.id)).map_or("", |level| level.as_str())
}

impl Row<'_> {
    /// The columns, in whole points.
    fn texts(&self) -> [String; 8] {
        let whole = |points: Points| points.in_whole_points(self.currency.scale);
        [
            self.member.to_string(),
            self.currency.id.to_string(),
            whole(self.balance.earned),
            whole(self.balance.clawed_back),
            whole(self.available),
            self.tier.to_owned(),
            self.balance.accruals.to_string(),
            self.status.to_owned(),
        ]
    }
}

struct CsvRows<W: Write>(csv::Writer<W>);

impl<W: Write> CsvRows<W> {
    fn new(out: W) -> Result<Self> {
        let mut out = csv::Writer::from_writer(out);
        out.write_record(COLUMNS)?;
        Ok(Self(out))
    }
}

impl<W: Write> Rows for CsvRows<W> {
    fn row(&mut self, row: &Row<'_>) -> Result<()> {
        Ok(self.0.write_record(row.texts())?)
    }

    fn end(mut self) -> Result<()> {
        Ok(self.0.flush()?)
    }
}

/// A list with an object a line.
struct JsonRows<W: Write> {
    out: W,
    any: bool,
}

impl<W: Write> Rows for JsonRows<W> {
    fn row(&mut self, row: &Row<'_>) -> Result<()> {
        let object = json!({
            "member": row.member,
            "currency": row.currency.id,
            "scale": row.currency.scale,
            "earned": row.balance.earned,
            "clawed_back": row.balance.clawed_back,
            "balance": row.available,
            "tier": row.tier,
            "accruals": row.balance.accruals,
            "status": row.status,
        });
        let before = if self.any { ",\n" } else { "[\n" };
        self.any = true;
        Ok(write!(self.out, "{before}{object}")?)
    }

    fn end(mut self) -> Result<()> {
        self.out.write_all(if self.any { b"\n]\n" } else { b"[]\n" })?;
        Ok(self.out.flush()?)
    }
}

/// Columns of fixed width: rows are streamed, so none waits for the widest.
struct TableRows<W: Write>(W);

impl<W: Write> TableRows<W> {
    fn new(out: W) -> Result<Self> {
        let mut table = Self(out);
        table.line(&COLUMNS)?;
        Ok(table)
    }

    fn line(&mut self, texts: &[impl std::fmt::Display; 8]) -> Result<()> {
        let [member, currency, earned, clawed_back, balance, tier, accruals, status] = texts;
        Ok(writeln!(
            self.0,
            "{member:<20} {currency:<12} {earned:>12} {clawed_back:>12} {balance:>12} {tier:<12} {accruals:>8} {status:<6}"
        )?)
    }
}

impl<W: Write> Rows for TableRows<W> {
    fn row(&mut self, row: &Row<'_>) -> Result<()> {
        self.line(&row.texts())
    }

    fn end(mut self) -> Result<()> {
        Ok(self.0.flush()?)
    }
}
