//! Refusals of spending that are recorded: what a till was told once stays the answer.

use minicbor::{Decode, Encode};

use crate::problem::Problem;

/// Why a command that spends was refused, as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Refused {
    /// The code.
    #[n(0)]
    pub code: RefusedCode,
    /// Where it is in the input: a JSON pointer.
    #[n(1)]
    pub path: String,
    /// What is wrong.
    #[n(2)]
    pub message: String,
    /// What to do about it.
    #[n(3)]
    pub help: String,
}

/// The codes of refusals that depend on how the member stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum RefusedCode {
    /// There are not so many points.
    #[n(0)]
    InsufficientPoints,
    /// The member holds none of the levels that the reward asks for.
    #[n(1)]
    TierRequired,
    /// There is no such redemption.
    #[n(2)]
    RedemptionNotFound,
    /// The redemption was cancelled before.
    #[n(3)]
    AlreadyCancelled,
    /// There is no such hold.
    #[n(4)]
    HoldNotFound,
    /// The hold was captured, voided or over before.
    #[n(5)]
    HoldEnded,
    /// The member has as many holds as one may have.
    #[n(6)]
    TooManyHolds,
    /// The member owes points of the reward's currency.
    #[n(7)]
    InDebt,
    /// The member has no such voucher, or it is over.
    #[n(8)]
    VoucherNotFound,
    /// The voucher was used as often as it may be; or what is to be cancelled has bought one that was used.
    #[n(9)]
    VoucherUsed,
    /// The voucher that what is to be cancelled has bought is over, or went for others.
    #[n(10)]
    VoucherEnded,
    /// The member has as many vouchers as one may have.
    #[n(11)]
    TooManyVouchers,
    /// The member is in none of the segments that the reward asks for.
    #[n(12)]
    SegmentRequired,
    /// The member has had the reward as often as one may in a window.
    #[n(13)]
    RewardLimitReached,
    /// All of the reward are sold or set aside.
    #[n(14)]
    OutOfStock,
    /// What was set aside of a stock for it was given up, because its commit did not come.
    #[n(15)]
    GivenUp,
    /// A cap of transfers has no room for it.
    #[n(16)]
    TransferCap,
    /// The member has as many transfers in transit as one may have.
    #[n(17)]
    TooManyTransfers,
    /// The other member would hold more than a cap of the balance lets anybody hold.
    #[n(18)]
    RecipientFull,
    /// The member is frozen.
    #[n(19)]
    MemberFrozen,
    /// The member is closed.
    #[n(20)]
    MemberClosed,
    /// There is no such quote.
    #[n(21)]
    QuoteNotFound,
    /// The quote is over.
    #[n(22)]
    QuoteExpired,
}

impl RefusedCode {
    const ALL: [Self; 23] = [
        Self::InsufficientPoints,
        Self::TierRequired,
        Self::RedemptionNotFound,
        Self::AlreadyCancelled,
        Self::HoldNotFound,
        Self::HoldEnded,
        Self::TooManyHolds,
        Self::InDebt,
        Self::VoucherNotFound,
        Self::VoucherUsed,
        Self::VoucherEnded,
        Self::TooManyVouchers,
        Self::SegmentRequired,
        Self::RewardLimitReached,
        Self::OutOfStock,
        Self::GivenUp,
        Self::TransferCap,
        Self::TooManyTransfers,
        Self::RecipientFull,
        Self::MemberFrozen,
        Self::MemberClosed,
        Self::QuoteNotFound,
        Self::QuoteExpired,
    ];

    /// The code as everybody sees it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InsufficientPoints => "insufficient_points",
            Self::TierRequired => "tier_required",
            Self::RedemptionNotFound => "redemption_not_found",
            Self::AlreadyCancelled => "already_cancelled",
            Self::HoldNotFound => "hold_not_found",
            Self::HoldEnded => "hold_ended",
            Self::TooManyHolds => "too_many_holds",
            Self::InDebt => "in_debt",
            Self::VoucherNotFound => "voucher_not_found",
            Self::VoucherUsed => "voucher_used",
            Self::VoucherEnded => "voucher_ended",
            Self::TooManyVouchers => "too_many_vouchers",
            Self::SegmentRequired => "segment_required",
            Self::RewardLimitReached => "reward_limit_reached",
            Self::OutOfStock => "out_of_stock",
            Self::GivenUp => "given_up",
            Self::TransferCap => "transfer_cap",
            Self::TooManyTransfers => "too_many_transfers",
            Self::RecipientFull => "recipient_full",
            Self::MemberFrozen => "member_frozen",
            Self::MemberClosed => "member_closed",
            Self::QuoteNotFound => "quote_not_found",
            Self::QuoteExpired => "quote_expired",
        }
    }
}

impl Refused {
    /// What is recorded of a refusal; nothing of one that does not depend on how the member stands.
    pub fn of(problem: &Problem) -> Option<Self> {
        let code = RefusedCode::ALL.into_iter().find(|code| code.name() == problem.code)?;
        let Problem { path, message, help, .. } = problem.clone();
        Some(Self { code, path, message, help })
    }

    /// Whether it is because the member is frozen or closed.
    pub const fn is_stopped(&self) -> bool {
        matches!(self.code, RefusedCode::MemberFrozen | RefusedCode::MemberClosed)
    }

    /// The refusal as it was answered.
    pub fn problem(&self) -> Problem {
        Problem::new(self.code.name(), self.path.clone(), self.message.clone(), self.help.clone())
    }
}
