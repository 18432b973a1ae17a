//! Checks of referrals.

use super::Check;
use crate::money::Quantity;
use crate::program::document::Referral;

/// The most referrals of a program.
const MOST: usize = 16;

impl Check<'_> {
    pub fn referrals(&mut self) {
        let document = self.document;
        if document.referrals.len() > MOST {
            let message = format!("{} are more than {MOST}", document.referrals.len());
            self.problem("wrong_length", "/referrals", message, "join those that differ in one value");
        }
        self.unique("/referrals", document.referrals.iter().map(|it| &it.id));
        for (index, referral) in document.referrals.iter().enumerate() {
            let path = format!("/referrals/{index}");
            if document.grants.iter().any(|grant| grant.id == referral.id) {
                self.duplicate(&referral.id, format!("{path}/id"));
            }
            self.referral(referral, &path);
        }
    }

    fn referral(&mut self, referral: &Referral, path: &str) {
        if let Some(when) = &referral.when {
            self.condition(when, &format!("{path}/when"));
        }
        if let Some(within) = referral.within {
            self.span(within, &format!("{path}/within"));
        }
        self.currency_exists(&referral.currency, &format!("{path}/currency"));
        let scale = self.scale_of(&referral.currency);
        let points = [("referrer", Some(referral.referrer)), ("referee", referral.referee)];
        for (name, points) in points.into_iter().filter_map(|(name, points)| Some((name, points?))) {
            let path = format!("{path}/{name}");
            if points == Quantity::ZERO {
                let help = "give points above 0, or leave `referee` out";
                self.problem("referral_points", path, "no points are given".into(), help);
            } else {
                self.points(points, scale, &path);
            }
        }
        self.expiry_of_points(referral.expiry.as_ref(), path);
        if let Some(partner) = &referral.funded_by {
            self.partner_exists(partner, &format!("{path}/funded_by"));
        }
        self.times(referral.at_most, path);
    }
}
