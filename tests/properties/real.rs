//! The engine over the memory store, for one member.

use std::sync::Arc;

use loyalty_core::activity::Activity;
use loyalty_core::decision::Command;
use loyalty_core::engine::{Answer, Engine, EngineError, Outcome};
use loyalty_core::facts::Facts;
use loyalty_core::id::{MemberId, TenantId};
use loyalty_core::ledger::chain::ChainKey;
use loyalty_core::ledger::operation::Operation;
use loyalty_core::member::MemberState;
use loyalty_core::memory::MemoryStore;
use loyalty_core::program::Program;
use loyalty_core::program::document::Document;
use loyalty_core::time::Timestamp;
use pollster::block_on;

use super::now;

/// One member of one tenant over the memory store.
pub struct Real {
    pub store: Arc<MemoryStore>,
    pub engine: Engine,
    pub tenant: TenantId,
    pub member: MemberId,
    pub program: Program,
}

impl Real {
    pub fn new(document: &Document) -> Self {
        let store = Arc::new(MemoryStore::default());
        let engine = Engine::new(store.clone(), store.clone(), ChainKey::new(1, [7; 32]));
        let engine = engine.with_members(store.clone());
        let program = Program::from_document(document.clone()).expect("generated programs pass the check");
        let (tenant, member) = (TenantId::new("shop").unwrap(), MemberId::new("m").unwrap());
        block_on(engine.publish(&tenant, &program, now(), now())).unwrap();
        Self { store, engine, tenant, member, program }
    }

    /// What the member store says from now on.
    pub fn told(&self, facts: &Facts) {
        self.store.keep_facts(&self.tenant, &self.member, Some(facts.clone())).unwrap();
    }

    pub fn record(&self, activity: &Activity) -> Result<Answer, String> {
        self.execute(Command::Record(Arc::new(activity.clone())), now())
    }

    pub fn execute(&self, command: Command, now: Timestamp) -> Result<Answer, String> {
        match block_on(self.engine.execute(&self.tenant, &self.member, command, now)) {
            Ok(answer) => Ok(answer),
            Err(EngineError::Refused(problem)) => Err(problem.code.to_owned()),
            Err(error) => panic!("{error}"),
        }
    }

    pub fn record_all(&self, activities: &[Activity]) -> Vec<Result<Operation, String>> {
        let mut commands: Vec<_> = activities.iter().map(|a| Command::Record(Arc::new(a.clone()))).collect();
        let outcomes = block_on(self.engine.execute_many(&self.tenant, &self.member, &mut commands, now()));
        let operation = |outcome| match outcome {
            Outcome::Done(answer) => Ok(answer.operation),
            Outcome::Refused(problem) => Err(problem.code.to_owned()),
        };
        outcomes.unwrap().into_iter().map(operation).collect()
    }

    pub fn state(&self) -> Option<MemberState> {
        block_on(self.engine.member(&self.tenant, &self.member, None, now()))
            .ok()
            .map(|settled| settled.state)
    }
}
