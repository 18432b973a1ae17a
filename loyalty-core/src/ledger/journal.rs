//! Journals: postings summed up by day as double entries that balance.

use std::collections::BTreeMap;

use super::posting::{Account, Posting};
use crate::id::AuthorId;
use crate::points::OutOfRange;
use crate::time::Date;

/// The day, the currency and the partner that pays for the points; each of them balances by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sheet {
    /// The day on which the points moved, in the program's zone.
    pub date: Date,
    /// The currency.
    pub currency: AuthorId,
    /// The partner that pays for them; the program where absent.
    pub partner: Option<AuthorId>,
}

/// What came into an account on a day, and what went out of it, in minor units of the currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turnover {
    /// Came in.
    pub debit: i128,
    /// Went out.
    pub credit: i128,
}

/// Postings of any number of members, summed up.
///
/// ```
/// use loyalty_core::id::AuthorId;
/// use loyalty_core::ledger::journal::Journal;
/// use loyalty_core::ledger::posting::{Account, Posting};
/// use loyalty_core::points::Points;
/// use loyalty_core::time::{Date, Timestamp};
/// let posting = Posting {
///     currency: AuthorId::new("points")?,
///     from: Account::Issued,
///     to: Account::Available,
///     points: Points::new(50)?,
///     effective_at: Timestamp::default(),
///     partner: None,
/// };
/// let mut journal = Journal::default();
/// journal.add(&posting, Date::from_days(0))?;
/// journal.add(&posting, Date::from_days(0))?;
/// let sums: Vec<_> = journal.lines().map(|(_, account, sum)| (account, sum.debit, sum.credit)).collect();
/// assert_eq!(sums, [(Account::Available, 100, 0), (Account::Issued, 0, 100)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Journal(BTreeMap<(Sheet, Account), Turnover>);

impl Journal {
    /// Adds a posting of a day to both of its accounts.
    pub fn add(&mut self, posting: &Posting, date: Date) -> Result<(), OutOfRange> {
        let Posting { currency, from, to, points, partner, .. } = posting;
        let sheet = Sheet { date, currency: currency.clone(), partner: partner.clone() };
        let points = i128::from(points.minor());
        let debit = &mut self.0.entry((sheet.clone(), *to)).or_default().debit;
        *debit = debit.checked_add(points).ok_or(OutOfRange)?;
        let credit = &mut self.0.entry((sheet, *from)).or_default().credit;
        *credit = credit.checked_add(points).ok_or(OutOfRange)?;
        Ok(())
    }

    /// The lines by day, currency, partner and account.
    pub fn lines(&self) -> impl Iterator<Item = (&Sheet, Account, Turnover)> {
        self.0.iter().map(|((sheet, account), sum)| (sheet, *account, *sum))
    }
}
