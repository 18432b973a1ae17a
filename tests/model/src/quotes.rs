//! Quotes: what a reward takes, promised for some minutes.

use loyalty_core::redemption::{Quote, Redeem};
use loyalty_core::time::Timestamp;

use crate::calendar::Instant;
use crate::{Model, Spent};

/// A quote that was given.
#[derive(Debug, Clone)]
pub struct Given {
    wanted: Redeem,
    until: Instant,
}

impl Model {
    /// What a reward takes now, or the code of why it is not to be had; nothing is taken.
    pub fn quote(&mut self, quote: &Quote, at: Timestamp) -> Result<Spent, &'static str> {
        let before = self.clone();
        let Quote { key, reward, points, units, bill, bucket } = quote.clone();
        let wanted =
            Redeem { key, reward: Some(reward), points, units, bill, bucket, voucher: None, quote: None };
        let spent = self.take_for_reward(&wanted, at);
        let now = self.settled_to;
        *self = before;
        let spent = spent?;
        let now = now.expect("a member");
        self.settle_to(now);
        if self.quotes.values().filter(|given| given.until > now).count() == 16 {
            return Err("too_many_quotes");
        }
        let minutes = self.document.quote_minutes.unwrap_or(15);
        let until = now + chrono::TimeDelta::minutes(minutes.into());
        self.quotes.insert(quote.key.to_string(), Given { wanted, until });
        Ok(spent)
    }

    /// Whether a quote holds for what is wanted.
    pub(crate) fn check_quote(&self, quote: &str, wanted: &Redeem) -> Result<(), &'static str> {
        let given = self.quotes.get(quote).ok_or("quote_not_found")?;
        if given.until <= self.settled_to.expect("a member") {
            return Err("quote_expired");
        }
        let asked = Redeem { key: given.wanted.key.clone(), quote: None, ..wanted.clone() };
        if asked == given.wanted { Ok(()) } else { Err("quote_differs") }
    }

    /// The keys of the quotes that are valid at the instant settled to.
    pub fn open_quotes(&self) -> Vec<String> {
        let now = self.settled_to.expect("a member");
        let open = self.quotes.iter().filter(|(_, given)| given.until > now);
        open.map(|(key, _)| key.clone()).collect()
    }
}
