//! Idempotency: the same key and input give the same answer, another input is a conflict.

use std::sync::Arc;

use serde_json::Value;

use super::opened::member_erased;
use super::pack::Outcome;
use super::{Answer, Chain, Engine, EngineError};
use crate::decision::{Command, prepared};
use crate::id::OperationKey;
use crate::ledger::commit::{Commit, Head, StoredCommit};
use crate::ledger::operation::Operation;
use crate::ports::StoreError;
use crate::problem::Problem;
use crate::program::Programs;

/// The commit in which a key was found last: keys that come together were mostly recorded together.
pub(super) struct Found<'a> {
    programs: &'a Programs,
    commit: Option<(Arc<Head>, Vec<Operation>)>,
}

impl<'a> Found<'a> {
    /// Nothing was found yet.
    pub(super) const fn nothing(programs: &'a Programs) -> Self {
        Self { programs, commit: None }
    }

    /// The answer that a commit holds under a key.
    fn answer(&mut self, stored: &StoredCommit, key: &OperationKey) -> Result<Answer, EngineError> {
        let hash = stored.hash()?;
        let (head, operations) = match self.commit.take() {
            Some(last) if last.0.hash == hash => last,
            _ => {
                let Commit { head, operations } = stored.commit()?;
                (Arc::new(head), operations)
            }
        };
        let operation = operations.iter().find(|operation| operation.key == *key).cloned();
        let missing = || StoreError::Damaged(format!("commit {} does not hold its key `{key}`", head.seq));
        let answer =
            Answer { head: Arc::clone(&head), operation: operation.ok_or_else(missing)?, replayed: true };
        self.commit = Some((head, operations));
        Ok(answer)
    }
}

impl Engine {
    /// What came of the command if it has happened before.
    pub(super) async fn replayed(
        &self,
        chain: Chain<'_>,
        key: &OperationKey,
        command: &Command,
        found: &mut Found<'_>,
    ) -> Result<Option<Outcome>, EngineError> {
        let Some(stored) = self.ledger.by_key(chain.tenant, chain.member, key).await? else {
            return Ok(None);
        };
        let answer = found.answer(&stored, key)?;
        Ok(Some(match compare(command, &answer.operation, found.programs) {
            Ok(()) => Outcome::of(answer),
            Err(conflict) => Outcome::Refused(conflict),
        }))
    }
}

/// Compares a command's input with the one recorded under its key, both without undeclared attributes.
pub fn compare(command: &Command, recorded: &Operation, programs: &Programs) -> Result<(), Problem> {
    let input = match (command, programs.version(recorded.version)) {
        (Command::Record(activity), Some(program)) => {
            Command::Record(prepared(activity, program).map_err(|problem| command.place(problem))?)
        }
        _ => command.clone(),
    };
    let kept = &recorded.sealed.command;
    if input == *kept {
        return Ok(());
    }
    if matches!(kept, Command::Unread(_)) {
        return Err(member_erased());
    }
    let [given, kept] = [&input, kept].map(Command::to_json);
    let path = first_difference(&given, &kept).unwrap_or_default();
    let message = format!("the key `{}` was used for another input", recorded.key);
    Err(Problem::new("idempotency_conflict", path, message, "use a new id, or send what was sent first"))
}

/// The pointer of the first field in which two inputs differ.
fn first_difference(given: &Value, kept: &Value) -> Option<String> {
    if given == kept {
        return None;
    }
    let inner = match (given, kept) {
        (Value::Object(a), Value::Object(b)) => a.keys().chain(b.keys()).find_map(|key| {
            let [given, kept] = [a, b].map(|side| side.get(key).unwrap_or(&Value::Null));
            let escaped = key.replace('~', "~0").replace('/', "~1");
            first_difference(given, kept).map(|rest| format!("/{escaped}{rest}"))
        }),
        (Value::Array(a), Value::Array(b)) => (0..a.len().max(b.len())).find_map(|index| {
            let [given, kept] = [a, b].map(|side| side.get(index).unwrap_or(&Value::Null));
            first_difference(given, kept).map(|rest| format!("/{index}{rest}"))
        }),
        _ => None,
    };
    Some(inner.unwrap_or_default())
}
