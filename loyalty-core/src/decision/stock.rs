//! Stocks of rewards, as far as deciding looks at them: what is known of one, and which operation takes of it.

use crate::command::Command;
use crate::id::AuthorId;
use crate::ledger::operation::Operation;
use crate::problem::Problem;
use crate::program::Programs;
use crate::program::document::Reward;
use crate::redemption::RefusedCode;

/// What is known of the stock of the reward that a command asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stock {
    /// There is one, or nobody has looked yet: whoever keeps the decision sets it aside first.
    #[default]
    Enough,
    /// There is none.
    Out,
    /// One was set aside for the command, and nobody came for it: it is not to happen any more.
    GivenUp,
}

impl Stock {
    /// What was known when an operation was decided.
    pub fn then(operation: &Operation) -> Self {
        match operation.refused.as_ref().map(|refused| refused.code) {
            Some(RefusedCode::OutOfStock) => Self::Out,
            Some(RefusedCode::GivenUp) => Self::GivenUp,
            _ => Self::Enough,
        }
    }

    /// Refuses a reward of which there is none.
    pub(super) fn check(self, reward: &Reward) -> Result<(), Problem> {
        if self == Self::Enough || reward.stock.is_none() {
            return Ok(());
        }
        let message = format!("all of `{}` are sold or set aside", reward.id);
        Err(Problem::new("out_of_stock", "/reward", message, "redeem something else, or ask again later"))
    }
}

/// The refusal of a command for which an item was set aside, and nobody came for it.
pub(super) fn given_up() -> Problem {
    let message = "what was set aside for it was given to others, since its answer did not come for a minute";
    Problem::new("given_up", "", message, "ask again with a new key")
}

/// The reward of whose stock an operation takes one, by redeeming or holding it, and how many the version has.
pub fn takes_of(operation: &Operation, programs: &Programs) -> Option<(AuthorId, u32)> {
    let asks = matches!(operation.sealed.command, Command::Redeem(_) | Command::Hold(_));
    let reward = operation.sealed.command.reward().filter(|_| asks && operation.refused.is_none())?;
    let stock = programs.version(operation.version)?.reward(reward)?.stock?;
    Some((reward.clone(), stock))
}

/// The reward of whose stock one is given back where what an operation redeemed is cancelled.
pub fn took_of(operation: &Operation, programs: &Programs) -> Option<AuthorId> {
    let bought = operation.redeemed.as_ref().map(|it| &it.reward);
    let reward = bought.or_else(|| operation.used.as_ref()?.reward.as_ref())?;
    programs.version(operation.version)?.reward(reward)?.stock.map(|_| reward.clone())
}
