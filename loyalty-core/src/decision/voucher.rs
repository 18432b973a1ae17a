//! Deciding on vouchers: one is bought, used, or its use is undone.

use super::{Context, Decision, opened, settled_now, spend};
use crate::command::Command;
use crate::expiry;
use crate::explain::{Step, StepKind, Trace};
use crate::grants::{Gift, HeldVoucher, VoucherCode};
use crate::id::{AuthorId, OperationKey};
use crate::member::MemberState;
use crate::problem::Problem;
use crate::program::Program;
use crate::redemption::voucher::{self, UsedVoucher};
use crate::redemption::{Redeem, Redeemed};
use crate::tier::Moment;
use crate::time::{OffsetTime, Timestamp};

impl Moment<'_> {
    /// A voucher of the program as it is given at this moment, under a code.
    pub(super) fn voucher(&self, id: &AuthorId, code: VoucherCode) -> Option<HeldVoucher> {
        let voucher = self.program.voucher(id)?;
        let expires_at = voucher.expiry.and_then(|it| expiry::end_of(self.program, it, &self.when));
        Some(HeldVoucher { voucher: id.clone(), code, expires_at, uses: voucher.uses, used: 0, value: None })
    }

    /// Gives the voucher that a redemption of a version has bought, if it buys one.
    pub(super) fn buy<T: Trace>(
        &self,
        (redeemed, version, of): (&mut Redeemed, &Program, &OperationKey),
        context: &Context<'_>,
        state: &mut MemberState,
        trace: &mut T,
    ) -> Result<(), Problem> {
        let reward = version.reward(&redeemed.reward);
        let Some(id) = reward.and_then(|reward| reward.voucher.as_ref()) else { return Ok(()) };
        let code = context.codes.code(context.who.member, of, (&redeemed.reward, 0));
        redeemed.voucher = self.voucher(id, code);
        let Some(bought) = &redeemed.voucher else { return Ok(()) };
        if !state.gifts.give(&Gift::Voucher(bought.clone())) {
            return Err(no_room());
        }
        trace.step(|| {
            let until = bought.expires_at.map_or_else(String::new, |end| format!(", valid until {end}"));
            let text = format!("`{}` gives the voucher `{id}`{until}", redeemed.reward);
            Step::new(StepKind::Spent, &redeemed.reward, text)
        });
        Ok(())
    }
}

/// Decides that a voucher is used, at the instant at which that is recorded.
pub(super) fn decide_use<T: Trace>(
    context: &Context<'_>,
    mut state: MemberState,
    (command, redeem, code): (&Command, &Redeem, &VoucherCode),
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let (moment, settlement) = settled_now(context, &mut state, trace)?;
    let program = moment.program;
    let reward = voucher::asked(program, redeem)?;
    if let Some(reward) = reward {
        moment.check_offered(reward, (&state, context.who.facts))?;
        moment.check_limit(reward, &state)?;
    }
    let help = "look at the member for the codes of the vouchers that are valid";
    let missing =
        || Problem::new("voucher_not_found", "/voucher", format!("there is no voucher `{code}`"), help);
    let held = state.gifts.voucher(code).ok_or_else(missing)?;
    let off = voucher::off(program, (held, reward), redeem.bill)?;
    if let Some(reward) = reward {
        context.stock.check(reward)?;
    }
    let used_up = || {
        let message = format!("the voucher `{code}` was used before");
        Problem::new(
            "voucher_used",
            "/voucher",
            message,
            "use another, or cancel the redemption that used it",
        )
    };
    let voucher = state.gifts.use_once(code).ok_or_else(used_up)?;
    trace.step(|| {
        let at = reward.map_or_else(String::new, |reward| format!(" at `{}`", reward.id));
        let gives = off.map_or_else(String::new, |off| {
            format!(" and gives {} {} off", off.shown(program.coin_places()), program.document().money)
        });
        let text = format!("the voucher `{}` is used{at}{gives}", voucher.voucher);
        Step::new(StepKind::Spent, &voucher.voucher, text)
    });
    let occurred_at = OffsetTime { at: context.now, offset: 0 };
    let mut operation = opened(key, occurred_at, program, settlement, command.clone());
    operation.sealed.facts = spend::looked_at(context, command, program);
    let slot = reward.map_or(Ok(None), |reward| moment.count_reward(reward, &mut state))?;
    operation.used = Some(UsedVoucher { voucher, reward: reward.map(|it| it.id.clone()), off, slot });
    Ok(Decision { operation, state, wants: Vec::new() })
}

/// Undoes the use of a voucher; one that is over stays so.
pub(super) fn give_use_back<T: Trace>(
    used: &UsedVoucher,
    at: Timestamp,
    state: &mut MemberState,
    trace: &mut T,
) -> Result<(), Problem> {
    let UsedVoucher { voucher, .. } = used;
    if !state.gifts.give_use_back(voucher, at) {
        return Err(no_room());
    }
    trace.step(|| {
        let text = format!("the voucher `{}` may be used once more, if it is not over", voucher.voucher);
        Step::new(StepKind::Spent, &voucher.voucher, text)
    });
    Ok(())
}

/// Takes back the voucher that a redemption has bought: one that was used or is over was had.
pub(super) fn give_up(redeemed: &Redeemed, state: &mut MemberState) -> Result<(), Problem> {
    let Some(bought) = &redeemed.voucher else { return Ok(()) };
    if state.gifts.take(&Gift::Voucher(bought.clone())) {
        return Ok(());
    }
    let help = "cancel the use of the voucher first";
    if state.gifts.voucher(&bought.code).is_some() {
        let message = format!("the voucher `{}` that it bought was used", bought.code);
        return Err(Problem::new("voucher_used", "/of", message, help));
    }
    let message = format!("the voucher `{}` that it bought is over, or was used up", bought.code);
    Err(Problem::new("voucher_ended", "/of", message, "what was had is not given back"))
}

fn no_room() -> Problem {
    let message = format!("the member has {} vouchers already", crate::grants::MOST_VOUCHERS);
    Problem::new("too_many_vouchers", "", message, "use some of them first")
}
