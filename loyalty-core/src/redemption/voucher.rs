//! Vouchers that are used.

use minicbor::{Decode, Encode};

use super::Redeem;
use super::offer::{below, in_coins, unknown};
use crate::grants::HeldVoucher;
use crate::id::AuthorId;
use crate::money::{Money, Ratio};
use crate::problem::Problem;
use crate::program::Program;
use crate::program::document::{Reward, Voucher};

/// A use of a voucher.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct UsedVoucher {
    /// The voucher, as it was before.
    #[n(0)]
    pub voucher: HeldVoucher,
    /// The reward that took it; absent where it was used for what it is for.
    #[n(1)]
    pub reward: Option<AuthorId>,
    /// The money off; absent of a thing.
    #[n(2)]
    pub off: Option<Money>,
    /// The slot of the window in which it counts, of a reward that may be had only so often.
    #[cbor(n(3), default)]
    pub slot: Option<i64>,
}

/// The reward that a voucher is to be used for, where one is named, if all that is said fits a voucher: that does not
/// depend on the member.
pub fn asked<'p>(program: &'p Program, redeem: &Redeem) -> Result<Option<&'p Reward>, Problem> {
    let reward = match &redeem.reward {
        Some(id) => Some(program.reward(id).ok_or_else(|| unknown(id))?),
        None => None,
    };
    if let Some(reward) = reward.filter(|reward| reward.voucher_value.is_none()) {
        let message = format!("`{}` is paid with points", reward.id);
        return Err(Problem::new("voucher_not_wanted", "/voucher", message, "leave `voucher` out"));
    }
    let unwanted = [
        ("points_not_wanted", "/points", redeem.points.is_some()),
        ("units_not_wanted", "/units", redeem.units.is_some()),
        ("bucket_not_wanted", "/bucket", redeem.bucket.is_some()),
        ("quote_not_wanted", "/quote", redeem.quote.is_some()),
    ];
    if let Some((code, path, _)) = unwanted.into_iter().find(|(.., given)| *given) {
        return Err(Problem::new(code, path, "a voucher does not look at it", "leave it out"));
    }
    if redeem.bill.is_some_and(|bill| bill <= Money::ZERO) {
        return Err(below("/bill", "a bill"));
    }
    Ok(reward)
}

/// The money off that a voucher gives: by itself, as the program in force says what it is for, or for a reward; none
/// where it is for a thing.
pub fn off(
    program: &Program,
    (held, reward): (&HeldVoucher, Option<&Reward>),
    bill: Option<Money>,
) -> Result<Option<Money>, Problem> {
    let declared = program.voucher(&held.voucher);
    let off = match (held.value, reward.and_then(|reward| reward.voucher_value), declared) {
        (Some(value), Some(times), _) => value.ratio().times(times.ratio())?,
        (None, Some(_), _) => {
            let message = format!("`{}` is no voucher that points became", held.voucher);
            let help = "use the voucher by itself, without `reward`";
            return Err(Problem::new("voucher_not_accepted", "/voucher", message, help));
        }
        (Some(value), None, _) => value.ratio(),
        (None, None, Some(Voucher { amount_off: Some(off), .. })) => off.ratio(),
        (None, None, Some(Voucher { percent_off: Some(percent), .. })) => {
            let message = format!("`{}` takes a part of the bill off", held.voucher);
            let missing = || Problem::new("bill_missing", "/bill", message, "say what there is to be paid");
            let bill = bill.ok_or_else(missing)?;
            bill.ratio().times(percent.ratio())?.over(Ratio::whole(100))?
        }
        (None, None, _) => return Ok(None),
    };
    Ok(Some(in_coins(off, bill, program)?))
}
