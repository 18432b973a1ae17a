//! Stocks of rewards: one is set aside, the member's chain decides, and then it is sold or free again.
//!
//! The key of the member's operation is the decision. Whoever finds something set aside for too long asks the member's
//! chain: where the key is not there, it is taken by a refusal, so that a commit that comes late cannot happen any more.
//! So nothing is ever sold twice, and nothing is lost, wherever a process ends.

use super::pack::Outcome;
use super::{Chain, Engine, EngineError, contended};
use crate::command::Command;
use crate::decision::{Stock, takes_of, took_of};
use crate::id::{AuthorId, MemberId, OperationKey, TenantId};
use crate::ledger::commit::Head;
use crate::ledger::operation::Operation;
use crate::ports::{Appended, StoreError};
use crate::program::Programs;
use crate::redemption::hold::hold_key;
use crate::shared::Shared;
use crate::shared::stock::{self, Fate, Item, PATIENCE_MICROS, StockState};
use crate::time::Timestamp;

/// How often a stock is tried to be changed while others are faster.
const MOST_TRIES: usize = 1_000;
/// Commits read at once while looking for how a hold ended.
const PAGE: usize = 64;

/// How the stock of a reward stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockStanding {
    /// The reward.
    pub reward: AuthorId,
    /// How many the program has.
    pub stock: u32,
    /// How many were sold, less what came back.
    pub used: u32,
    /// How many are held, or set aside for a moment.
    pub set_aside: u32,
    /// How many nobody has.
    pub free: u32,
}

/// The chain of a stock as read.
struct Stored {
    chain: MemberId,
    head: Option<Head>,
    state: StockState,
}

/// Whose operation something of a stock is set aside for.
#[derive(Clone, Copy)]
struct For<'a> {
    tenant: &'a TenantId,
    reward: &'a AuthorId,
    member: &'a MemberId,
    key: &'a OperationKey,
}

impl Engine {
    /// How the stocks of the program in force stand, in its order.
    pub async fn stocks(&self, tenant: &TenantId, now: Timestamp) -> Result<Vec<StockStanding>, EngineError> {
        let programs = self.programs(tenant, now).await?;
        let mut all = Vec::new();
        for reward in &programs.at(now).document().rewards {
            let Some(stock) = reward.stock else { continue };
            let state = self.stored_stock(tenant, &reward.id).await?.state;
            let set_aside = u32::try_from(state.open.len()).unwrap_or(u32::MAX);
            let (used, free) = (state.used, state.free(stock));
            all.push(StockStanding { reward: reward.id.clone(), stock, used, set_aside, free });
        }
        Ok(all)
    }

    /// What commands begin with.
    pub(super) const fn stock_word(&self) -> Stock {
        if self.gives_up { Stock::GivenUp } else { Stock::Enough }
    }

    /// What a preview knows of the stock that an operation would take of.
    pub(super) async fn stock_for(
        &self,
        chain: Chain<'_>,
        (operation, now): (&Operation, Timestamp),
        programs: &Programs,
    ) -> Result<Stock, EngineError> {
        let Some((reward, stock)) = takes_of(operation, programs) else { return Ok(Stock::Enough) };
        let state = self.stored_stock(chain.tenant, &reward).await?.state;
        if state.item(chain.member, &operation.key).is_some() || state.free(stock) > 0 {
            return Ok(Stock::Enough);
        }
        // What would be free again once somebody asks in earnest.
        let tenant = chain.tenant;
        for item in state.open.iter().filter(|item| item.is_stale(now)) {
            let of = For { tenant, reward: &reward, member: &item.member, key: &item.command.key()? };
            if matches!(self.fate(of, now).await?, None | Some(Fate::Free)) {
                return Ok(Stock::Enough);
            }
        }
        Ok(Stock::Out)
    }

    /// Sets one aside for a command of a member; `false` where there is none.
    pub(super) async fn reserve(
        &self,
        chain: Chain<'_>,
        command: &Command,
        (reward, stock): (AuthorId, u32),
        now: Timestamp,
    ) -> Result<bool, EngineError> {
        let key = command.key()?;
        for _ in 0..MOST_TRIES {
            let full = {
                let _turn = self.stocks.take().await;
                let mut stored = self.stored_stock(chain.tenant, &reward).await?;
                if stored.state.item(chain.member, &key).is_some() {
                    return Ok(true);
                }
                if stored.state.free(stock) > 0 {
                    let (member, command) = (chain.member.clone(), command.clone());
                    stored.state.open.push(Item { member, command, at: now, until: None });
                    if self.write_stock(chain.tenant, &stored, None, now).await? == Some(Appended::Done) {
                        return Ok(true);
                    }
                    continue;
                }
                stored.state
            };
            if !self.free_stale(chain.tenant, &reward, &full, now).await? {
                return Ok(false);
            }
        }
        Err(contended().into())
    }

    /// Ends what has been set aside for too long, and tells whether any of it is free again.
    async fn free_stale(
        &self,
        tenant: &TenantId,
        reward: &AuthorId,
        state: &StockState,
        now: Timestamp,
    ) -> Result<bool, EngineError> {
        let mut freed = false;
        for item in state.open.iter().filter(|item| item.is_stale(now)) {
            let key = item.command.key()?;
            let of = For { tenant, reward, member: &item.member, key: &key };
            if self.fate(of, now).await?.is_none() {
                let chain = Chain { tenant, member: &item.member };
                let giving_up = Self { gives_up: true, ..self.clone() };
                Box::pin(giving_up.execute_pack(chain, &mut [item.command.clone()], now)).await?;
            }
            if let Some(fate) = self.fate(of, now).await? {
                self.end_item(of, fate, now).await?;
                freed |= fate == Fate::Free;
            }
        }
        Ok(freed)
    }

    /// What a member's chain says of something that was set aside; `None` where it has not decided yet.
    async fn fate(&self, of: For<'_>, now: Timestamp) -> Result<Option<Fate>, EngineError> {
        let Some(stored) = self.ledger.by_key(of.tenant, of.member, of.key).await? else { return Ok(None) };
        let commit = stored.commit()?;
        let decided = commit.operations.iter().find(|operation| operation.key == *of.key);
        let Some(decided) = decided.filter(|operation| operation.refused.is_none()) else {
            return Ok(Some(Fate::Free));
        };
        let Command::Hold(hold) = &decided.sealed.command else { return Ok(Some(Fate::Sold)) };
        let head = self.ledger.head(of.tenant, of.member).await?;
        let state = head.map(|head| head.head()).transpose()?.map(|head| head.state);
        let held = state.as_ref().and_then(|state| state.holds.iter().find(|held| held.id == hold.key));
        if let Some(held) = held {
            let over = held.until.plus_micros(PATIENCE_MICROS) <= now;
            return Ok(Some(if over { Fate::Free } else { Fate::Held(held.until) }));
        }
        let captured = self.is_captured(of, commit.head.seq).await?;
        Ok(Some(if captured { Fate::Sold } else { Fate::Free }))
    }

    /// Whether a hold that has ended was captured, by the commits since the one that placed it.
    async fn is_captured(&self, of: For<'_>, since: u64) -> Result<bool, EngineError> {
        let captures = |operation: &Operation| match &operation.sealed.command {
            Command::Capture(capture) if operation.refused.is_none() => {
                hold_key(&capture.hold).as_ref() == Some(of.key)
            }
            _ => false,
        };
        let mut before = u64::MAX;
        while before > since {
            let page = self.ledger.range(of.tenant, of.member, before, PAGE).await?;
            let Some(last) = page.last() else { break };
            before = last.head()?.seq;
            for stored in &page {
                if stored.commit()?.operations.iter().any(captures) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Ends what is set aside for an operation, or notes until when it is held. It is counted as sold once.
    async fn end_item(&self, of: For<'_>, fate: Fate, now: Timestamp) -> Result<(), EngineError> {
        let mut counts = true;
        for _ in 0..MOST_TRIES {
            let _turn = self.stocks.take().await;
            let mut stored = self.stored_stock(of.tenant, of.reward).await?;
            let before = stored.state.clone();
            if before.item(of.member, of.key).is_none() {
                return Ok(());
            }
            stored.state.end(of.member, of.key, fate, counts);
            if stored.state == before {
                return Ok(());
            }
            let sold = fate == Fate::Sold && counts;
            let mark = sold.then(|| stock::mark("sold", of.member, of.key)).flatten();
            match self.write_stock(of.tenant, &stored, mark, now).await? {
                Some(Appended::Done) => return Ok(()),
                Some(Appended::KeyTaken) => counts = false,
                Some(Appended::SequenceTaken) | None => {}
            }
        }
        Err(contended().into())
    }

    /// Gives back what an operation of a member has taken, once.
    async fn give_stock_back(&self, of: For<'_>, now: Timestamp) -> Result<(), EngineError> {
        for _ in 0..MOST_TRIES {
            let _turn = self.stocks.take().await;
            let mut stored = self.stored_stock(of.tenant, of.reward).await?;
            stored.state.used = stored.state.used.saturating_sub(1);
            let mark = stock::mark("back", of.member, of.key);
            match self.write_stock(of.tenant, &stored, mark, now).await? {
                Some(Appended::Done | Appended::KeyTaken) => return Ok(()),
                Some(Appended::SequenceTaken) | None => {}
            }
        }
        Err(contended().into())
    }

    /// Does at the stocks what commands of a member have decided. Where it cannot be done, nobody is told that the commands
    /// are done: sent again, they are replays, and it is tried again.
    pub(super) async fn finish_stocks(
        &self,
        chain: Chain<'_>,
        (commands, outcomes): (&[Command], &[Outcome]),
        now: Timestamp,
    ) -> Result<(), EngineError> {
        if !commands.iter().any(Command::keeps_refusals) {
            return Ok(());
        }
        let programs = self.programs(chain.tenant, now).await?;
        if !programs.all().any(|it| it.document().rewards.iter().any(|reward| reward.stock.is_some())) {
            return Ok(());
        }
        for (command, outcome) in commands.iter().zip(outcomes) {
            let done = matches!(outcome, Outcome::Done(_));
            let finished = self.finish_stock(chain, (command, done), &programs, now).await;
            finished.map_err(|error| {
                let why = format!("the stock does not know yet what was decided: {error}");
                EngineError::Store(StoreError::Unknown(why))
            })?;
        }
        Ok(())
    }

    async fn finish_stock(
        &self,
        chain: Chain<'_>,
        (command, done): (&Command, bool),
        programs: &Programs,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let Chain { tenant, member } = chain;
        match command {
            // Also what was refused after all gives back what was set aside for it.
            Command::Redeem(_) | Command::Hold(_) => {
                let stocked = |reward: &&AuthorId| {
                    programs.all().any(|it| it.reward(reward).is_some_and(|reward| reward.stock.is_some()))
                };
                let Some(reward) = command.reward().filter(stocked) else { return Ok(()) };
                self.settle_item(For { tenant, reward, member, key: &command.key()? }, now).await
            }
            Command::Capture(_) | Command::Void(_) if done => {
                let Some(key) = command.hold().and_then(hold_key) else { return Ok(()) };
                let Some(held) = self.operation_of(chain, &key).await? else { return Ok(()) };
                let Some((reward, _)) = takes_of(&held, programs) else { return Ok(()) };
                self.settle_item(For { tenant, reward: &reward, member, key: &key }, now).await
            }
            Command::CancelRedemption(cancel) if done => {
                let Some(key) = cancel.redemption() else { return Ok(()) };
                let Some(redemption) = self.operation_of(chain, &key).await? else { return Ok(()) };
                let Some(reward) = took_of(&redemption, programs) else { return Ok(()) };
                let set_aside = redemption.sealed.command.hold().and_then(hold_key);
                let of = For { tenant, reward: &reward, member, key: &key };
                self.settle_item(For { key: set_aside.as_ref().unwrap_or(&key), ..of }, now).await?;
                self.give_stock_back(of, now).await
            }
            _ => Ok(()),
        }
    }

    /// Ends what is still set aside for an operation, where its chain has decided.
    async fn settle_item(&self, of: For<'_>, now: Timestamp) -> Result<(), EngineError> {
        if self.stored_stock(of.tenant, of.reward).await?.state.item(of.member, of.key).is_none() {
            return Ok(());
        }
        match self.fate(of, now).await? {
            Some(fate) => self.end_item(of, fate, now).await,
            None => Ok(()),
        }
    }

    async fn stored_stock(&self, tenant: &TenantId, reward: &AuthorId) -> Result<Stored, EngineError> {
        let chain = stock::chain(reward);
        let chain = chain.ok_or_else(|| StoreError::Damaged("a stock's name is too long".to_owned()))?;
        let stored = self.ledger.head(&tenant.shared(), &chain).await?;
        let head = stored.map(|commit| commit.head()).transpose()?;
        let state = match head.as_ref().map(|head| &head.state.shared) {
            None => StockState::default(),
            Some(Some(Shared::Stock(state))) => state.clone(),
            Some(_) => return Err(StoreError::Damaged(format!("`{chain}` is no stock")).into()),
        };
        Ok(Stored { chain, head, state })
    }

    /// Writes a stock's chain; `None` where it is not known whether that was done, which reading tells.
    async fn write_stock(
        &self,
        tenant: &TenantId,
        stored: &Stored,
        mark: Option<OperationKey>,
        now: Timestamp,
    ) -> Result<Option<Appended>, EngineError> {
        let Stored { chain, head, state } = stored;
        let state = StockState { marked: mark.clone(), ..state.clone() };
        let tenant = tenant.shared();
        let of = Chain { tenant: &tenant, member: chain };
        match self.append_marked(of, head.as_ref(), (Shared::Stock(state), mark), now).await {
            Ok(appended) => Ok(Some(appended)),
            Err(EngineError::Store(StoreError::Unknown(_))) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
