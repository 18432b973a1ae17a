//! Proofs: the steps of a decision, told by the pipeline itself while it decides.
//!
//! Every place that decides something tells a [`Trace`]. Without a proof asked for, the trace is
//! [`NoTrace`], whose steps are never even built.

use schemars::JsonSchema;
use serde::Serialize;

/// One step of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Step {
    /// What kind of step it is.
    pub kind: StepKind,
    /// The author's id of the rule, group, cap, multiplier, track … it is about; empty for the whole.
    pub of: String,
    /// A sentence that a member can read.
    pub text: String,
    /// The value after the step, where it has one: minor units of points as a decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// What kind of step it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// Something fell due first.
    Settled,
    /// A condition was tested.
    Tested,
    /// A rule measured its lines: one of them, or their sum.
    Measured,
    /// A rule did not apply.
    NotMatched,
    /// A rule gave a value.
    Rule,
    /// A value was rounded.
    Rounded,
    /// Members of a group, or groups, were added up or chosen from.
    Stacked,
    /// A group gave a value.
    Group,
    /// A factor of a stage holds: the value is the factor.
    Factor,
    /// The factors of a stage were applied.
    Multiplied,
    /// A cap was looked at.
    Cap,
    /// A limit against fraud was looked at.
    Limit,
    /// What the activity gave.
    Awarded,
    /// A level was reached.
    Tier,
    /// What the enrolment gave.
    Welcome,
    /// A grant gave something that is no points, or why it gave nothing.
    Grant,
    /// Something came back.
    Returned,
    /// Points went into a lot or came out of it: the value is below 0 then.
    Lot,
    /// Pending points vested or were cancelled.
    Vested,
    /// A person approved or refused what was earned.
    Review,
    /// Points were spent, came back, or were given or taken by hand.
    Spent,
    /// Points were given to another member, came from one, or came back.
    Given,
    /// A member was frozen, takes part again, or was closed.
    Membership,
}

/// Who listens to a decision.
pub trait Trace {
    /// Whether somebody listens. Then every rule is looked at, so that its refusal is told too.
    const LISTENS: bool = true;

    /// Hears of a step; the closure runs only if somebody listens.
    fn step(&mut self, step: impl FnOnce() -> Step);
}

/// Nobody listens: no step is built.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoTrace;

impl Trace for NoTrace {
    const LISTENS: bool = false;

    #[inline]
    fn step(&mut self, _: impl FnOnce() -> Step) {}
}

/// All steps, in order.
#[derive(Debug, Clone, Default)]
pub struct Proof(pub Vec<Step>);

impl Trace for Proof {
    fn step(&mut self, step: impl FnOnce() -> Step) {
        self.0.push(step());
    }
}

impl Step {
    /// A step without a value.
    pub fn new(kind: StepKind, of: impl ToString, text: impl Into<String>) -> Self {
        Self { kind, of: of.to_string(), text: text.into(), value: None }
    }

    /// The step with its value.
    #[must_use]
    pub fn with(self, value: impl ToString) -> Self {
        Self { value: Some(value.to_string()), ..self }
    }
}
