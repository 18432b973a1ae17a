//! Whether a member takes part: frozen for a time, or closed for good.

use loyalty_core::decision::Command;
use loyalty_core::time::Timestamp;

use crate::Model;
use crate::number::BigInt;
use crate::vesting::Fate;

/// What goes on for everybody: things came back, or another member has begun it.
const ALWAYS: [&str; 4] = ["return", "undo_return", "referral", "end_transfer"];
/// What goes on for who is frozen beside it.
const FROZEN: [&str; 4] = ["unfreeze", "close", "void", "cancel_redemption"];
/// What is refused and noted.
const NOTED: [&str; 8] =
    ["redeem", "cancel_redemption", "hold", "extend_hold", "capture", "void", "transfer", "receive"];

/// Why a member does not take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// For a time.
    Frozen,
    /// For good.
    Closed,
}

/// The name of a command.
fn name(command: &Command) -> String {
    command.to_json().as_object().and_then(|it| it.keys().next().cloned()).expect("a name")
}

impl Model {
    /// Why the member does not take part, if so.
    pub fn stopped(&self) -> Option<Stopped> {
        self.stopped
    }

    /// Why something of this name does not go on.
    pub(crate) fn refuses_named(&self, name: &str) -> Option<&'static str> {
        match self.stopped? {
            _ if ALWAYS.contains(&name) => None,
            Stopped::Frozen if FROZEN.contains(&name) => None,
            Stopped::Frozen => Some("member_frozen"),
            Stopped::Closed => Some("member_closed"),
        }
    }

    /// Why what is no activity does not go on; what is spent is noted, at an instant.
    pub fn stops(&mut self, command: &Command, at: Timestamp) -> Option<&'static str> {
        let name = name(command);
        let code = self.refuses_named(&name)?;
        if NOTED.contains(&name.as_str()) {
            self.settle(at);
        }
        Some(code)
    }

    /// Freezes the member, ends that, or closes the member; or says the code of why not.
    pub fn change_membership(&mut self, command: &Command, at: Timestamp) -> Result<(), &'static str> {
        let mut after = self.clone();
        after.now(at)?;
        if let Some(code) = after.refuses_named(&name(command)) {
            return Err(code);
        }
        match command {
            Command::Freeze(_) => after.stopped = Some(Stopped::Frozen),
            Command::Unfreeze(_) => {
                after.stopped.take().ok_or("member_not_frozen")?;
            }
            _ => after.close()?,
        }
        *self = after;
        Ok(())
    }

    /// Lets all that waits come, and takes it with all that there is.
    fn close(&mut self) -> Result<(), &'static str> {
        if !self.holds.is_empty() {
            return Err("holds_open");
        }
        self.stopped = Some(Stopped::Closed);
        for past in 0..self.past.len() {
            for award in 0..self.past[past].awards.len() {
                let lapse = self.past[past].awards[award].lapse;
                self.put_lines((past, award), Fate::Available(lapse), &|_| true);
            }
        }
        self.proposals.values_mut().for_each(|proposal| *proposal = None);
        self.repay();
        self.forfeit();
        Ok(())
    }

    /// Who is closed has nothing and owes nothing.
    pub(crate) fn forfeit(&mut self) {
        if self.stopped != Some(Stopped::Closed) {
            return;
        }
        for lots in self.lots.values_mut() {
            let left = lots.empty();
            lots.totals.forfeited += left - std::mem::replace(&mut lots.debt, BigInt::ZERO);
        }
    }
}
