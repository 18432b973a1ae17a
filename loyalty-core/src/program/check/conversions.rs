//! Checks of scheduled conversions.

use super::Check;
use crate::money::coin_places;
use crate::program::document::Conversion;

/// The most conversions of a program.
const MOST: usize = 64;
/// The most days of the year of one.
const MOST_DAYS: usize = 64;

impl Check<'_> {
    pub fn conversions(&mut self) {
        let document = self.document;
        if document.conversions.len() > MOST {
            let message = format!("{} conversions are more than {MOST}", document.conversions.len());
            self.problem("wrong_length", "/conversions", message, "join those that differ in one value");
        }
        self.unique("/conversions", document.conversions.iter().map(|conversion| &conversion.id));
        for (index, conversion) in document.conversions.iter().enumerate() {
            let path = format!("/conversions/{index}");
            // Members call what they hold by one name.
            if document.vouchers.iter().any(|voucher| voucher.id == conversion.id) {
                self.duplicate(&conversion.id, format!("{path}/id"));
            }
            self.conversion(conversion, &path);
        }
    }

    fn conversion(&mut self, conversion: &Conversion, path: &str) {
        self.spent_currency(("conversion", &conversion.id), conversion.currency.as_ref(), path);
        let currency = self.document.spent(conversion.currency.as_ref());
        let scale = currency.map_or(4, |currency| currency.scale.min(4));
        let mut days = conversion.on.clone();
        days.sort_unstable();
        days.dedup();
        if days.is_empty() {
            self.empty_list(&format!("{path}/on"));
        } else if days.len() > MOST_DAYS || days.len() < conversion.on.len() {
            let message = format!("a conversion has up to {MOST_DAYS} days, each of them once");
            self.problem("wrong_length", format!("{path}/on"), message, "leave some of the days out");
        }
        self.step(&conversion.per_full, scale, path);
        let coin = 10_i128.pow(4_u32.saturating_sub(coin_places(&self.document.money)));
        if conversion.per_full.off.units().checked_rem(coin) != Some(0) {
            let message = format!("`{}` is no whole number of coins", conversion.per_full.off);
            let help = "take more points for a step, and give so much more";
            self.problem("finer_than_coins", format!("{path}/per_full/off"), message, help);
        }
        if let Some(least) = conversion.at_least {
            self.points_above_zero(least, scale, &format!("{path}/at_least"));
        }
        if let Some(expiry) = &conversion.expiry {
            self.span(expiry.after, &format!("{path}/expiry/after"));
            if let Some(window) = expiry.to_end_of {
                self.window_that_ends(window, &format!("{path}/expiry/to_end_of"));
            }
        }
    }
}
