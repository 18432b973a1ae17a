//! Commands: what is asked to be decided for a member, and kept as the input of its operation.

use std::sync::Arc;

use minicbor::{Decode, Encode};
use serde_json::{Value, json};

use crate::activity::Activity;
use crate::adjustment::Adjust;
use crate::correction::{ExtendExpiry, Reinstate, UndoReturn};
use crate::decision::drop_undeclared;
use crate::id::{ActivityId, AuthorId, OperationKey};
use crate::ledger::sealing::Unread;
use crate::membership::MembershipChange;
use crate::problem::Problem;
use crate::program::Programs;
use crate::redemption::hold::hold_key;
use crate::redemption::quote::{Quote, quote_key};
use crate::redemption::{CancelRedemption, Capture, ExtendHold, Hold, Redeem, Void, redemption_key};
use crate::referral::{NameReferrer, Turn};
use crate::tier::TierGrant;
use crate::transfer::{EndTransfer, Receive, Transfer};
use crate::vesting::Review;

/// Something to be decided for a member.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Command {
    /// Record an activity.
    #[n(0)]
    Record(#[cbor(n(0), with = "shared")] Arc<Activity>),
    /// Give a level until an end.
    #[n(1)]
    GrantTier(#[cbor(n(0), with = "shared")] Arc<TierGrant>),
    /// Approve what an activity earned that is under review.
    #[n(2)]
    Approve(#[cbor(n(0), with = "shared")] Arc<Review>),
    /// Refuse it.
    #[n(3)]
    Refuse(#[cbor(n(0), with = "shared")] Arc<Review>),
    /// Spend points on a reward.
    #[n(4)]
    Redeem(#[cbor(n(0), with = "shared")] Arc<Redeem>),
    /// Undo that.
    #[n(5)]
    CancelRedemption(#[cbor(n(0), with = "shared")] Arc<CancelRedemption>),
    /// Give or take points by hand.
    #[n(6)]
    Adjust(#[cbor(n(0), with = "shared")] Arc<Adjust>),
    /// Set points aside for a reward.
    #[n(7)]
    Hold(#[cbor(n(0), with = "shared")] Arc<Hold>),
    /// Let that last longer.
    #[n(8)]
    ExtendHold(#[cbor(n(0), with = "shared")] Arc<ExtendHold>),
    /// Spend what is set aside.
    #[n(9)]
    Capture(#[cbor(n(0), with = "shared")] Arc<Capture>),
    /// Give it up.
    #[n(10)]
    Void(#[cbor(n(0), with = "shared")] Arc<Void>),
    /// Say who brought the member.
    #[n(11)]
    NameReferrer(#[cbor(n(0), with = "shared")] Arc<NameReferrer>),
    /// Give points to another member.
    #[n(13)]
    Transfer(#[cbor(n(0), with = "shared")] Arc<Transfer>),
    /// Take in points that another member gave, or reject them. The engine does it, as it does what follows.
    #[n(14)]
    Receive(#[cbor(n(0), with = "shared")] Arc<Receive>),
    /// End a transfer on the chain of who gave it.
    #[n(15)]
    EndTransfer(#[cbor(n(0), with = "shared")] Arc<EndTransfer>),
    /// Give the member points for having brought another, or take them back. The engine does it once the other's
    /// chain has decided it.
    #[n(12)]
    Referral(#[cbor(n(0), with = "shared")] Arc<Turn>),
    /// Undo a return.
    #[n(16)]
    UndoReturn(#[cbor(n(0), with = "shared")] Arc<UndoReturn>),
    /// Let points lapse later.
    #[n(17)]
    ExtendExpiry(#[cbor(n(0), with = "shared")] Arc<ExtendExpiry>),
    /// Give back points that have lapsed.
    #[n(18)]
    Reinstate(#[cbor(n(0), with = "shared")] Arc<Reinstate>),
    /// Let the member earn and spend nothing for a time.
    #[n(19)]
    Freeze(#[cbor(n(0), with = "shared")] Arc<MembershipChange>),
    /// End that.
    #[n(20)]
    Unfreeze(#[cbor(n(0), with = "shared")] Arc<MembershipChange>),
    /// Close the member for good.
    #[n(21)]
    Close(#[cbor(n(0), with = "shared")] Arc<MembershipChange>),
    /// Say what a reward takes, and keep to it for some minutes.
    #[n(22)]
    Quote(#[cbor(n(0), with = "shared")] Arc<Quote>),
    /// An activity that was recorded and cannot be read any more. Nobody can ask for it.
    #[n(24)]
    Unread(#[cbor(n(0), with = "shared")] Arc<Unread>),
}

/// An input is shared between the command and the operation, so that deciding never copies it.
mod shared {
    use std::sync::Arc;

    use minicbor::decode::Error;
    use minicbor::encode::Write;
    use minicbor::{Decode, Decoder, Encode, Encoder};

    pub fn encode<C, T: Encode<C>, W: Write>(
        input: &Arc<T>,
        e: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        input.as_ref().encode(e, context)
    }

    pub fn decode<'b, C, T: Decode<'b, C>>(d: &mut Decoder<'b>, context: &mut C) -> Result<Arc<T>, Error> {
        T::decode(d, context).map(Arc::new)
    }
}

impl Command {
    /// The key under which it happens once.
    pub fn key(&self) -> Result<OperationKey, Problem> {
        let key = match self {
            Self::Record(activity) => activity.key(),
            Self::GrantTier(grant) => grant.key(),
            Self::Approve(review) => OperationKey::new(&format!("approve/{}", review.id)).ok(),
            Self::Refuse(review) => OperationKey::new(&format!("refuse/{}", review.id)).ok(),
            Self::Redeem(redeem) => redemption_key(&redeem.key),
            Self::CancelRedemption(cancel) => {
                OperationKey::new(&format!("cancel_redemption/{}", cancel.key)).ok()
            }
            Self::Adjust(adjust) => OperationKey::new(&format!("adjust/{}", adjust.key)).ok(),
            Self::Hold(hold) => hold.operation(),
            Self::ExtendHold(extend) => OperationKey::new(&format!("extend_hold/{}", extend.key)).ok(),
            Self::Capture(capture) => capture.operation(),
            Self::Void(void) => OperationKey::new(&format!("void/{}", void.key)).ok(),
            Self::NameReferrer(_) => OperationKey::new("name_referrer").ok(),
            Self::Referral(turn) => turn.key(),
            Self::Transfer(transfer) => OperationKey::new(&format!("transfer/{}", transfer.key)).ok(),
            Self::Receive(receive) => receive.operation(),
            Self::EndTransfer(end) => end.operation(),
            Self::UndoReturn(undo) => OperationKey::new(&format!("undo_return/{}", undo.key)).ok(),
            Self::ExtendExpiry(extend) => OperationKey::new(&format!("extend_expiry/{}", extend.key)).ok(),
            Self::Reinstate(reinstate) => OperationKey::new(&format!("reinstate/{}", reinstate.key)).ok(),
            Self::Freeze(change) => OperationKey::new(&format!("freeze/{}", change.key)).ok(),
            Self::Unfreeze(change) => OperationKey::new(&format!("unfreeze/{}", change.key)).ok(),
            Self::Close(change) => OperationKey::new(&format!("close/{}", change.key)).ok(),
            Self::Quote(quote) => quote_key(&quote.key),
            Self::Unread(_) => None,
        };
        key.ok_or_else(|| self.id_too_long())
    }

    /// The caller's id of it; none of what happens once anyway.
    pub fn id(&self) -> Option<&ActivityId> {
        match self {
            Self::Record(activity) => activity.id(),
            Self::GrantTier(grant) => Some(&grant.id),
            Self::Approve(review) | Self::Refuse(review) => Some(&review.id),
            Self::Redeem(redeem) => Some(&redeem.key),
            Self::CancelRedemption(cancel) => Some(&cancel.key),
            Self::Adjust(adjust) => Some(&adjust.key),
            Self::Hold(hold) => Some(&hold.key),
            Self::ExtendHold(extend) => Some(&extend.key),
            Self::Capture(capture) => Some(&capture.key),
            Self::Void(void) => Some(&void.key),
            Self::Transfer(transfer) => Some(&transfer.key),
            Self::Receive(receive) => Some(&receive.key),
            Self::EndTransfer(end) => Some(&end.key),
            Self::UndoReturn(undo) => Some(&undo.key),
            Self::ExtendExpiry(extend) => Some(&extend.key),
            Self::Reinstate(reinstate) => Some(&reinstate.key),
            Self::Freeze(change) | Self::Unfreeze(change) | Self::Close(change) => Some(&change.key),
            Self::Quote(quote) => Some(&quote.key),
            Self::Unread(unread) => unread.id.as_ref(),
            Self::NameReferrer(_) | Self::Referral(_) => None,
        }
    }

    /// The activity that it records, if it does.
    pub fn activity(&self) -> Option<&Activity> {
        match self {
            Self::Record(activity) => Some(activity),
            _ => None,
        }
    }

    /// Whether a refusal that depends on how the member stands is recorded: of all that spends points, or undoes that, and
    /// of points that are received.
    pub const fn keeps_refusals(&self) -> bool {
        matches!(
            self,
            Self::Redeem(_)
                | Self::CancelRedemption(_)
                | Self::Hold(_)
                | Self::ExtendHold(_)
                | Self::Capture(_)
                | Self::Void(_)
                | Self::Transfer(_)
                | Self::Receive(_)
        )
    }

    /// Whether the engine does it by itself, as what another member did goes on with this one.
    pub const fn is_the_engines(&self) -> bool {
        matches!(self, Self::Receive(_) | Self::EndTransfer(_) | Self::Referral(_))
    }

    /// The reward that it asks for.
    pub fn reward(&self) -> Option<&AuthorId> {
        match self {
            Self::Redeem(redeem) => redeem.reward.as_ref(),
            Self::Hold(hold) => Some(&hold.reward),
            Self::Quote(quote) => Some(&quote.reward),
            _ => None,
        }
    }

    /// The hold that it ends or changes.
    pub fn hold(&self) -> Option<&ActivityId> {
        match self {
            Self::ExtendHold(extend) => Some(&extend.hold),
            Self::Capture(capture) => Some(&capture.hold),
            Self::Void(void) => Some(&void.hold),
            _ => None,
        }
    }

    /// The quote that it names.
    pub fn quote(&self) -> Option<&ActivityId> {
        match self {
            Self::Redeem(redeem) => redeem.quote.as_ref(),
            Self::Hold(hold) => hold.quote.as_ref(),
            _ => None,
        }
    }

    /// The operation that it goes on from: the one that placed a hold or gave a quote, or an earlier turn of a referral.
    pub fn follows(&self) -> Option<OperationKey> {
        match self {
            Self::Referral(turn) => turn.key_before(),
            Self::Redeem(_) | Self::Hold(_) => self.quote().and_then(quote_key),
            _ => self.hold().and_then(hold_key),
        }
    }

    /// The input as JSON shows it: an object whose only field names what it is.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Record(activity) => serde_json::to_value(activity.as_ref()).unwrap_or_default(),
            Self::GrantTier(grant) => json!({ "grant_tier": grant.as_ref() }),
            Self::Approve(review) => json!({ "approve": review.as_ref() }),
            Self::Refuse(review) => json!({ "refuse": review.as_ref() }),
            Self::Redeem(redeem) => json!({ "redeem": redeem.as_ref() }),
            Self::CancelRedemption(cancel) => json!({ "cancel_redemption": cancel.as_ref() }),
            Self::Adjust(adjust) => json!({ "adjust": adjust.as_ref() }),
            Self::Hold(hold) => json!({ "hold": hold.as_ref() }),
            Self::ExtendHold(extend) => json!({ "extend_hold": extend.as_ref() }),
            Self::Capture(capture) => json!({ "capture": capture.as_ref() }),
            Self::Void(void) => json!({ "void": void.as_ref() }),
            Self::NameReferrer(name) => json!({ "name_referrer": name.as_ref() }),
            Self::Referral(turn) => json!({ "referral": turn.as_ref() }),
            Self::Transfer(transfer) => json!({ "transfer": transfer.as_ref() }),
            Self::Receive(receive) => json!({ "receive": { "from": receive.from, "key": receive.key } }),
            Self::EndTransfer(end) => json!({ "end_transfer": { "key": end.key } }),
            Self::UndoReturn(undo) => json!({ "undo_return": undo.as_ref() }),
            Self::ExtendExpiry(extend) => json!({ "extend_expiry": extend.as_ref() }),
            Self::Reinstate(reinstate) => json!({ "reinstate": reinstate.as_ref() }),
            Self::Freeze(change) => json!({ "freeze": change.as_ref() }),
            Self::Unfreeze(change) => json!({ "unfreeze": change.as_ref() }),
            Self::Close(change) => json!({ "close": change.as_ref() }),
            Self::Quote(quote) => json!({ "quote": quote.as_ref() }),
            Self::Unread(_) => json!({ "erased": true }),
        }
    }

    /// Drops in place what the program in force does not declare, where nobody else holds the activity.
    pub fn drop_undeclared(&mut self, programs: &Programs) {
        if let Self::Record(activity) = self
            && let Some(activity) = Arc::get_mut(activity)
        {
            let at = activity.occurred_at().at;
            drop_undeclared(activity, programs.at(at));
        }
    }

    /// A problem whose path leads from the input's fields on, with the path from the input on.
    pub(crate) fn place(&self, problem: Problem) -> Problem {
        let name = match self {
            Self::Record(activity) => return activity.place(problem),
            Self::GrantTier(_) => "grant_tier",
            Self::Approve(_) => "approve",
            Self::Refuse(_) => "refuse",
            Self::Redeem(_) => "redeem",
            Self::CancelRedemption(_) => "cancel_redemption",
            Self::Adjust(_) => "adjust",
            Self::Hold(_) => "hold",
            Self::ExtendHold(_) => "extend_hold",
            Self::Capture(_) => "capture",
            Self::Void(_) => "void",
            Self::NameReferrer(_) => "name_referrer",
            Self::Referral(_) => "referral",
            Self::Transfer(_) => "transfer",
            Self::Receive(_) => "receive",
            Self::EndTransfer(_) => "end_transfer",
            Self::UndoReturn(_) => "undo_return",
            Self::ExtendExpiry(_) => "extend_expiry",
            Self::Reinstate(_) => "reinstate",
            Self::Freeze(_) => "freeze",
            Self::Unfreeze(_) => "unfreeze",
            Self::Close(_) => "close",
            Self::Quote(_) => "quote",
            Self::Unread(_) => "erased",
        };
        Problem { path: format!("/{name}{}", problem.path), ..problem }
    }

    /// The refusal of an input whose id does not fit into a key.
    pub(crate) fn id_too_long(&self) -> Problem {
        self.place(Problem::new("invalid_value", "/id", "the id is too long for a key", "shorten it"))
    }
}
