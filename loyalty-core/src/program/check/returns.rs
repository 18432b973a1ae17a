//! Checks of what returns take back.

use super::Check;
use crate::money::Quantity;
use crate::program::document::WhenGone;

impl Check<'_> {
    pub fn returns(&mut self) {
        if let Some(within) = self.document.returns.within {
            self.span(within, "/returns/within");
        }
        let WhenGone::IntoDebt(into) = &self.document.returns.when_gone else { return };
        let path = "/returns/when_gone/into_debt";
        self.debt_limit((into.at_most, into.share_of_earned), path);
        for (index, own) in into.tiers.iter().enumerate() {
            let path = format!("{path}/tiers/{index}");
            self.tier_test(&own.tier, &format!("{path}/tier"));
            self.debt_limit((own.at_most, own.share_of_earned), &path);
        }
    }

    /// How much may be owed, of any currency.
    fn debt_limit(&mut self, (at_most, share): (Option<Quantity>, Option<Quantity>), path: &str) {
        if at_most.is_none() && share.is_none() {
            let message = "there is no limit to what may be owed".to_owned();
            self.problem("debt_unlimited", path, message, "add `at_most` or `share_of_earned`");
        }
        if let Some(at_most) = at_most {
            let finest = self.document.currencies.iter().map(|currency| currency.scale).max();
            self.points_above_zero(at_most, finest.unwrap_or(0).min(4), &format!("{path}/at_most"));
        }
        self.share(share, "what was earned", &format!("{path}/share_of_earned"));
    }

    /// A part that is above 0 and no more than all.
    pub fn share(&mut self, share: Option<Quantity>, of: &str, path: &str) {
        if share.is_some_and(|share| !(Quantity::from_units(1)..=Quantity::ONE).contains(&share)) {
            let message = format!("a share of {of} is above 0 and at most 1");
            self.problem("share_range", path, message, "write such as \"0.5\"");
        }
    }
}
