//! What a member owes: points that a return or a hand should have taken and that were gone.

use loyalty_core::program::document::{DebtOfTier, WhenGone};

use crate::lots::Reach;
use crate::number::{BigInt, exact, minor_units, whole};
use crate::{Model, Stopped};

impl Model {
    /// What may be taken of a currency as the member stands.
    pub(crate) fn reach(&self, currency: &str) -> Reach {
        let nothing = BigInt::ZERO;
        if self.stopped() == Some(Stopped::Closed) {
            return Reach { lots: true, owed: nothing };
        }
        let into = match &self.document.returns.when_gone {
            WhenGone::OnlyPending => return Reach { lots: false, owed: nothing },
            WhenGone::WithinBalance => return Reach { lots: true, owed: nothing },
            WhenGone::IntoDebt(into) => into,
        };
        let holds = |it: &&DebtOfTier| {
            let track = it.tier.track.as_str();
            let held =
                self.owes_as.as_ref().map_or_else(|| self.level(track), |levels| levels[track].clone());
            it.tier.level.iter().any(|level| level.as_str() == held)
        };
        let of_tier = into.tiers.iter().find(holds);
        let (at_most, share) =
            of_tier.map_or((into.at_most, into.share_of_earned), |it| (it.at_most, it.share_of_earned));
        let scale = self.document.currencies.iter().find(|it| it.id.as_str() == currency).map(|it| it.scale);
        let absolute = at_most.map(|most| minor_units(most, scale.expect("a currency")));
        let shared = share.map(|share| exact(share) * whole(self.totals(currency).earned.clone()));
        let least = absolute.into_iter().chain(shared).min().expect("one of the two");
        Reach { lots: true, owed: least.to_integer() }
    }

    /// How many points of a currency are owed.
    pub fn debt(&self, currency: &str) -> BigInt {
        self.lots[currency].debt.clone()
    }

    /// Whatever has come repays what is owed.
    pub(crate) fn repay(&mut self) {
        self.lots.values_mut().for_each(crate::lots::Lots::repay);
    }
}
