//! When points lapse: on a date of their own, or with all that live by activity.

use minicbor::data::Type;
use minicbor::{Decode, Decoder, Encode, Encoder};

use super::Lot;
use crate::id::AuthorId;
use crate::time::Timestamp;

/// When points lapse that do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lapse {
    /// At an instant of their own.
    At(Timestamp),
    /// With all points of the currency that live by activity.
    Idle,
}

impl Lapse {
    /// The instant, of points that have one of their own.
    pub const fn at(self) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(at),
            Self::Idle => None,
        }
    }
}

/// What the points of a currency that live by activity have before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Life {
    /// They lapse at this instant if nothing happens until then.
    #[n(0)]
    Until(#[n(0)] Timestamp),
    /// The level held keeps them.
    #[n(1)]
    Exempt,
}

/// The points of a currency that live by activity: they lapse together.
///
/// When all of them have lapsed another life begins. What was taken out of a lot remembers the life that it was of:
/// once that is over, it does not come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct Living {
    /// What they have before them; absent before the first activity and after they have lapsed.
    #[n(0)]
    pub life: Option<Life>,
    /// How often they have lapsed.
    #[n(1)]
    lapsed: u32,
    /// When they lapsed last.
    #[n(2)]
    lapsed_at: Option<Timestamp>,
}

impl Living {
    /// As it is before the first activity.
    pub const UNBEGUN: Self = Self { life: None, lapsed: 0, lapsed_at: None };

    /// Whether it is as before the first activity.
    pub fn is_unbegun(&self) -> bool {
        *self == Self::UNBEGUN
    }

    /// When they lapse if nothing happens.
    pub const fn ends(&self) -> Option<Timestamp> {
        match self.life {
            Some(Life::Until(at)) => Some(at),
            Some(Life::Exempt) | None => None,
        }
    }

    pub(super) const fn end(&mut self, at: Timestamp) {
        *self = Self { life: None, lapsed: self.lapsed.saturating_add(1), lapsed_at: Some(at) };
    }

    /// The life that points of this expiry join.
    pub(super) const fn joined(&self, lapses: Option<Lapse>) -> u32 {
        match lapses {
            Some(Lapse::Idle) => self.lapsed,
            Some(Lapse::At(_)) | None => 0,
        }
    }

    /// When the points of a lot lapse if nothing happens; never where `None`.
    ///
    /// Of a life that is over it was when the last one ended, which has passed.
    pub fn lapses_at(&self, lot: &Lot) -> Option<Timestamp> {
        match lot.lapses? {
            Lapse::At(at) => Some(at),
            Lapse::Idle if lot.life == self.lapsed && self.life.is_some() => self.ends(),
            Lapse::Idle => self.lapsed_at,
        }
    }

    /// The place of a lot among the others: by when it lapses. At the same instant what cannot be renewed is first, and
    /// before points that never lapse stand those that do not as long as a level is held. Then the program's own
    /// before those of partners.
    pub(super) fn place<'l>(&self, lot: &'l Lot) -> (Timestamp, u8, u32, Option<&'l AuthorId>) {
        let at = self.lapses_at(lot).unwrap_or(Timestamp::from_micros(i64::MAX));
        let kind = match lot.lapses {
            Some(Lapse::At(_)) => 0,
            Some(Lapse::Idle) => 1,
            None => 2,
        };
        (at, kind, lot.life, lot.funded_by.as_ref())
    }
}

impl<C> Encode<C> for Lapse {
    /// An instant as such: most points have one.
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match self {
            Self::At(at) => at.encode(e, context),
            Self::Idle => e.bool(true)?.ok(),
        }
    }
}

impl<'b, C> Decode<'b, C> for Lapse {
    fn decode(d: &mut Decoder<'b>, context: &mut C) -> Result<Self, minicbor::decode::Error> {
        if d.datatype()? == Type::Bool {
            return if d.bool()? {
                Ok(Self::Idle)
            } else {
                Err(minicbor::decode::Error::message("no lapse"))
            };
        }
        Timestamp::decode(d, context).map(Self::At)
    }
}
