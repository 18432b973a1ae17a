//! Kinds of operations, by the names that doors use.

use schemars::JsonSchema;
use serde::Serialize;

use crate::command::Command;
use crate::ledger::sealing::ActivityKind;

/// What kind of command it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// Goods or services were bought.
    Purchase,
    /// Bought things came back.
    Return,
    /// Anything else that a program may award.
    Event,
    /// The member joined.
    Enrol,
    /// It was the member's birthday.
    Birthday,
    /// It was the day of the enrolment again.
    Anniversary,
    /// A level was given until an end.
    GrantTier,
    /// What an activity earned was approved.
    Approve,
    /// It was refused.
    Refuse,
    /// Points were spent on a reward.
    Redeem,
    /// That was undone.
    CancelRedemption,
    /// Points were given or taken by hand.
    Adjust,
    /// Points were set aside for a reward.
    Hold,
    /// That lasts longer.
    ExtendHold,
    /// What was set aside was spent.
    Capture,
    /// It was given up.
    Void,
    /// It was said who brought the member.
    NameReferrer,
    /// A referral by another member qualified, or no longer does.
    Referral,
    /// Points were given to another member.
    Transfer,
    /// Points came that another member gave.
    Receive,
    /// Points that were given arrived, or came back.
    EndTransfer,
    /// A return was undone.
    UndoReturn,
    /// Points lapse later.
    ExtendExpiry,
    /// Points that had lapsed came back.
    Reinstate,
    /// The member earns and spends nothing for a time.
    Freeze,
    /// That has ended.
    Unfreeze,
    /// The member was closed for good.
    Close,
    /// A reward was priced, and the price is kept for some minutes.
    Quote,
}

impl OperationKind {
    /// The kind of a command.
    pub fn of(command: &Command) -> Self {
        match command {
            Command::GrantTier(_) => Self::GrantTier,
            Command::Approve(_) => Self::Approve,
            Command::Refuse(_) => Self::Refuse,
            Command::Redeem(_) => Self::Redeem,
            Command::CancelRedemption(_) => Self::CancelRedemption,
            Command::Adjust(_) => Self::Adjust,
            Command::Hold(_) => Self::Hold,
            Command::ExtendHold(_) => Self::ExtendHold,
            Command::Capture(_) => Self::Capture,
            Command::Void(_) => Self::Void,
            Command::NameReferrer(_) => Self::NameReferrer,
            Command::Referral(_) => Self::Referral,
            Command::Transfer(_) => Self::Transfer,
            Command::Receive(_) => Self::Receive,
            Command::EndTransfer(_) => Self::EndTransfer,
            Command::UndoReturn(_) => Self::UndoReturn,
            Command::ExtendExpiry(_) => Self::ExtendExpiry,
            Command::Reinstate(_) => Self::Reinstate,
            Command::Freeze(_) => Self::Freeze,
            Command::Unfreeze(_) => Self::Unfreeze,
            Command::Close(_) => Self::Close,
            Command::Quote(_) => Self::Quote,
            Command::Record(activity) => ActivityKind::of(activity).into(),
            Command::Unread(unread) => unread.kind.into(),
        }
    }
}

impl From<ActivityKind> for OperationKind {
    fn from(kind: ActivityKind) -> Self {
        match kind {
            ActivityKind::Purchase => Self::Purchase,
            ActivityKind::Return => Self::Return,
            ActivityKind::Event => Self::Event,
            ActivityKind::Enrol => Self::Enrol,
            ActivityKind::Birthday => Self::Birthday,
            ActivityKind::Anniversary => Self::Anniversary,
        }
    }
}
