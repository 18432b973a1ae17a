//! What is no points, in the words of a case.

use loyalty_core::grants::{Gift, HeldVoucher, Regranted, VoucherCode};
use loyalty_core::id::AuthorId;
use loyalty_core::ledger::operation::Operation;

use super::case::{Conversion, Then, Voucher};
use super::found::{Found, same};

impl Found<'_> {
    /// Where it is not what the case expects.
    pub fn of_gifts(&self, differ: &mut Vec<String>, then: &Then) {
        let granted = self.operation.iter().flat_map(|op| &op.granted).map(|it| it.grant.clone());
        same(differ, "granted", &then.granted, &granted.collect());
        same(differ, "taken_back", &then.taken_back, &self.regranted(true));
        same(differ, "given_again", &then.given_again, &self.regranted(false));
        let due = self.operation.map(|op| &op.settlement).or(self.settlement);
        let ended = due.into_iter().flat_map(|due| &due.vouchers).map(|it| it.voucher.clone());
        same(differ, "vouchers_ended", &then.vouchers_ended, &ended.collect());
        let converted = due.into_iter().flat_map(|due| &due.converted).map(|it| Conversion {
            conversion: it.conversion.clone(),
            points: it.points.minor(),
            at: it.at,
        });
        same(differ, "converted", &then.converted, &converted.collect());
        same(differ, "vouchers", &then.vouchers, &self.vouchers());
        let badges = self.state.gifts.badges.iter().map(|it| it.badge.clone());
        same(differ, "badges", &then.badges, &badges.collect());
    }

    fn regranted(&self, taken: bool) -> Vec<AuthorId> {
        let all = self.operation.iter().flat_map(|op| &op.regranted).filter(|it| it.taken == taken);
        all.map(|Regranted { grant, .. }| grant.clone()).collect()
    }

    /// By when they end, then by their ids: the order of codes says nothing.
    fn vouchers(&self) -> Vec<Voucher> {
        let valid = self.state.gifts.vouchers.iter().filter(|it| !it.is_used_up());
        let held = valid.map(|it| Voucher {
            voucher: it.voucher.clone(),
            until: it.expires_at,
            uses: it.left(),
            value: it.value,
        });
        let mut held: Vec<_> = held.collect();
        held.sort_by_key(|it| (it.until.is_none(), it.until, it.voucher.clone(), it.value));
        held
    }
}

/// The vouchers that grants gave by an operation.
pub fn given_vouchers(operation: &Operation) -> impl Iterator<Item = &HeldVoucher> {
    operation.granted.iter().filter_map(|it| match &it.gift {
        Gift::Voucher(voucher) => Some(voucher),
        _ => None,
    })
}

/// The same with one code for all vouchers: those of another tenant differ.
pub fn with_one_code(mut operation: Operation) -> Operation {
    let code = VoucherCode::new("22222222222222222222").expect("a code");
    let granted = operation.granted.iter_mut().map(|it| &mut it.gift);
    let regranted = operation.regranted.iter_mut().map(|it| &mut it.gift);
    for gift in granted.chain(regranted) {
        if let Gift::Voucher(voucher) = gift {
            voucher.code = code.clone();
        }
    }
    operation.settlement.converted.iter_mut().for_each(|it| it.voucher.code = code.clone());
    operation.settlement.vouchers.iter_mut().for_each(|ended| ended.code = code.clone());
    operation
}
