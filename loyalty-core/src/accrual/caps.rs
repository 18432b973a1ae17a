//! Caps: the most that a rule, a group or an activity gives, alone or in a window.

use super::{CapUse, Rating, shown};
use crate::explain::{Step, StepKind, Trace};
use crate::money::{OutOfRange, Ratio, Rounding};
use crate::points::Points;
use crate::program::document::{Cap, CapScope, Over};
use crate::time::Window;

impl<T: Trace> Rating<'_, '_, T> {
    /// The value under a cap.
    pub fn capped(&mut self, cap: &Cap, value: Ratio) -> Result<Ratio, OutOfRange> {
        let limit = self.left(cap)?;
        let over = value.compare(limit)?.is_gt();
        let kept = match (over, cap.over) {
            (false, _) => value,
            (true, Over::Clip) => limit,
            (true, Over::Reject) => Ratio::ZERO,
        };
        let unit = self.unit;
        self.trace.step(|| {
            let [limit, kept_shown, value] = [limit, kept, value].map(|v| shown(v, unit));
            let text = format!("cap `{}` leaves room for {limit}: {kept_shown} of {value}", cap.id);
            Step::new(StepKind::Cap, &cap.id, text).with(kept)
        });
        Ok(kept)
    }

    /// The room that a cap leaves.
    fn left(&self, cap: &Cap) -> Result<Ratio, OutOfRange> {
        let most = cap.at_most.ratio().times(self.unit)?;
        let used = match cap.per {
            CapScope::Activity => return Ok(most),
            CapScope::Window(window) => self.subject.used(&cap.id, window),
            CapScope::Balance => Some(i128::from(self.subject.holds(self.currency)?.minor())),
        };
        // A window that is no longer kept has no room: a cap is never exceeded. Deciding refuses it before.
        let Some(used) = used else { return Ok(Ratio::ZERO) };
        let left = most.minus(Ratio::whole(used))?;
        Ok(if left.is_negative() { Ratio::ZERO } else { left })
    }

    /// The window of a cap, and the slot in which it counts the activity.
    pub fn slot_of(&self, cap: &Cap) -> Option<(Window, i64)> {
        match cap.per {
            CapScope::Activity | CapScope::Balance => None,
            CapScope::Window(window) => Some((window, window.slot(&self.subject.when()))),
        }
    }

    /// The value of a rule or group under its caps; each window loses what is given in the end.
    pub fn under_caps(&mut self, caps: &[Cap], value: Ratio) -> Result<Ratio, OutOfRange> {
        let mut kept = value;
        for cap in caps {
            kept = self.capped(cap, kept)?;
        }
        for cap in caps {
            let amount = Points::from_wide(kept.round(Rounding::Floor))?;
            if let Some((window, slot)) = self.slot_of(cap).filter(|_| amount.is_positive()) {
                let amount = i128::from(amount.minor());
                self.given.use_cap(CapUse { cap: cap.id.clone(), window, slot, amount });
            }
        }
        Ok(kept)
    }
}
