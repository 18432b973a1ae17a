//! Transfers, as doors show them.

use schemars::JsonSchema;
use serde::Serialize;

use super::{SpentLotView, scale};
use crate::command::Command;
use crate::id::{ActivityId, AuthorId, MemberId};
use crate::points::Points;
use crate::problem::Problem;
use crate::program::Program;
use crate::time::Timestamp;
use crate::transfer::{InTransit, Parcel};

/// Points that a member gives to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TransferView {
    /// The transfer.
    pub transfer: ActivityId,
    /// Who gets them; absent of what came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<MemberId>,
    /// Who gave them; absent of what was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<MemberId>,
    /// When the giver's chain accepted it.
    pub since: Timestamp,
    /// The points, by currency.
    pub points: Vec<ParcelView>,
}

/// Points of one currency that are given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ParcelView {
    /// The currency.
    pub currency: AuthorId,
    /// Decimals of a point.
    pub scale: u8,
    /// Minor units.
    pub points: Points,
    /// The lots that they came out of.
    pub lots: Vec<SpentLotView>,
}

/// A transfer that has ended for who gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EndedTransferView {
    /// The transfer.
    pub transfer: ActivityId,
    /// Why the points came back, where they did; else they have arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected: Option<Problem>,
}

impl TransferView {
    /// What an operation gives to another member, or got from one.
    pub(super) fn of(command: &Command, sent: Option<&InTransit>, program: &Program) -> Option<Self> {
        match (command, sent) {
            (Command::Receive(receive), _) => Some(Self {
                transfer: receive.key.clone(),
                to: None,
                from: Some(receive.from.clone()),
                since: receive.since,
                points: parcels(&receive.parcels, program),
            }),
            (_, sent) => sent.map(|sent| Self::sent(sent, program)),
        }
    }

    /// What is on its way to another member.
    pub(super) fn sent(sent: &InTransit, program: &Program) -> Self {
        Self {
            transfer: sent.key.clone(),
            to: Some(sent.to.clone()),
            from: None,
            since: sent.since,
            points: parcels(&sent.parcels, program),
        }
    }
}

impl EndedTransferView {
    /// The transfer that a command ends, if it does.
    pub(super) fn of(command: &Command) -> Option<Self> {
        let Command::EndTransfer(end) = command else { return None };
        let rejected = end.refused.as_ref().map(|refused| refused.problem());
        Some(Self { transfer: end.key.clone(), rejected })
    }
}

fn parcels(parcels: &[Parcel], program: &Program) -> Vec<ParcelView> {
    let view = |parcel: &Parcel| ParcelView {
        scale: scale(program, &parcel.currency),
        currency: parcel.currency.clone(),
        // INVARIANT: lots that do not add up in range are never recorded.
        points: parcel.points().unwrap_or(Points::MAX),
        lots: parcel.lots.iter().cloned().map(SpentLotView::from).collect(),
    };
    parcels.iter().map(view).collect()
}
