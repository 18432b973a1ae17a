//! Checks of transfers.

use std::collections::HashSet;

use super::Check;
use crate::id::AuthorId;
use crate::program::document::{CurrencyKind, Transferable};
use crate::program::walk;

impl Check<'_> {
    pub fn transfers(&mut self) {
        let document = self.document;
        let Some(transfers) = &document.transfers else { return };
        let mut seen = HashSet::new();
        let mut caps: HashSet<_> = walk::caps(document).into_iter().map(|limit| &limit.it.cap.id).collect();
        for (index, of) in transfers.of.iter().enumerate() {
            let path = format!("/transfers/of/{index}");
            if !seen.insert(&of.currency) {
                let message = format!("the currency `{}` has two entries", of.currency);
                self.problem("duplicate_id", format!("{path}/currency"), message, "join them in one");
            }
            self.currency_is_spent(&of.currency, &format!("{path}/currency"));
            for (place, cap) in of.caps.iter().enumerate() {
                if !caps.insert(&cap.id) {
                    self.duplicate(&cap.id, format!("{path}/caps/{place}/id"));
                }
            }
            self.transferable(of, &path);
        }
    }

    fn transferable(&mut self, of: &Transferable, path: &str) {
        let Transferable { currency, at_least, at_most, caps } = of;
        let scale = self.scale_of(currency);
        for (name, points) in [("at_least", at_least), ("at_most", at_most)] {
            if let Some(points) = points {
                self.points_above_zero(*points, scale, &format!("{path}/{name}"));
            }
        }
        if at_least.zip(*at_most).is_some_and(|(least, most)| least > most) {
            self.empty_range(&format!("{path}/at_most"));
        }
        for (index, cap) in caps.iter().enumerate() {
            let path = format!("{path}/caps/{index}");
            self.window(cap.window, &format!("{path}/window"));
            self.points_above_zero(cap.at_most, scale, &format!("{path}/at_most"));
            if at_least.is_some_and(|least| least > cap.at_most) {
                let message = format!("no transfer fits under the cap `{}`", cap.id);
                let help = "raise it, or lower `at_least`";
                self.problem("empty_range", format!("{path}/at_most"), message, help);
            }
        }
    }

    /// A currency that is declared, and whose points members spend.
    pub fn currency_is_spent(&mut self, id: &AuthorId, path: &str) {
        self.currency_exists(id, path);
        let kind = self.document.currencies.iter().find(|it| it.id == *id).map(|it| it.kind);
        if kind == Some(CurrencyKind::Qualifying) {
            let message = format!("points of `{id}` count towards tiers and are not spent");
            self.problem("currency_not_redeemable", path, message, "name a redeemable currency");
        }
    }
}
