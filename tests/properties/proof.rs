//! A proof read as an auditor reads it: every sum, rounding, choice and cap again, up to the award.

use loyalty_core::explain::{Step, StepKind};
use loyalty_core::id::AuthorId;
use loyalty_core::ledger::operation::{Award, Operation};
use loyalty_core::money::Rounding;
use loyalty_core::program::document::{
    Cap, Combine, Currency, Document, Earning, FactorCombine, Group, GroupMember, MultiplierStage, Over,
    Rule, RuleRoundingPlace, Trigger,
};
use loyalty_model::number::{Exact, minor_units, parse, round, whole};

/// Panics unless the steps of an operation add up to its awards.
pub fn adds_up(document: &Document, (operation, first): (&Operation, bool), steps: &[Step]) {
    if operation.activity().is_some_and(|activity| activity.kind() == "return") {
        return;
    }
    let mut reader = Reader { steps, scale: 0, joining: first && welcomes(document) };
    if reader.joining {
        for (currency, told) in reader.all(document) {
            assert_eq!(told, given(&operation.welcome, currency), "{currency} of joining");
        }
        reader.joining = false;
    }
    let mut told = reader.all(document);
    // After the last currency a limit may leave less of one.
    for (before, step) in reader.steps.iter().zip(reader.steps.iter().skip(1)) {
        if step.kind == StepKind::Awarded {
            assert_eq!(before.kind, StepKind::Limit, "{step:?}");
            let (_, given) = told.iter_mut().find(|(id, _)| *id == step.of).expect("an earned currency");
            assert!(given.as_ref() > Some(&value(step)), "{step:?}");
            *given = Some(value(step));
        }
    }
    for (currency, told) in told {
        assert_eq!(told, given(&operation.awards, currency), "{currency}");
    }
}

fn given(awards: &[Award], currency: &str) -> Option<Exact> {
    let awards = awards.iter().filter(|award| award.currency.as_str() == currency);
    awards.map(|award| whole(award.points.minor())).reduce(|sum, points| sum + points)
}

fn welcomes(document: &Document) -> bool {
    fn joining(group: &Group) -> bool {
        group.members.iter().any(|member| match member {
            GroupMember::Rule(rule) => rule.on == Trigger::Enrolment,
            GroupMember::Group(inner) => joining(inner),
        })
    }
    let by_grants = document.grants.iter().any(|grant| grant.on == Trigger::Enrolment);
    by_grants
        || document.earning.iter().any(|earning| {
            earning.groups.iter().any(joining) || earning.after.iter().any(|it| it.on == Trigger::Enrolment)
        })
}

/// The steps that are still to be read.
struct Reader<'p> {
    steps: &'p [Step],
    /// Decimals of the currency at hand.
    scale: u8,
    /// Whether it is read what joining gave, which comes first.
    joining: bool,
}

/// A decimal or a quotient of minor units.
fn value(step: &Step) -> Exact {
    let text = step.value.as_deref().expect("a value");
    let (num, den) = text.split_once('/').unwrap_or((text, "1"));
    parse(num).expect("digits") / parse(den).expect("digits")
}

impl Reader<'_> {
    /// The next step if it is of this kind and about that; tests of conditions are passed over.
    fn take(&mut self, kind: StepKind, of: &str) -> Option<Step> {
        let passed =
            |step: &&Step| matches!(step.kind, StepKind::Tested | StepKind::Settled | StepKind::Grant);
        let skipped = self.steps.iter().take_while(passed).count();
        let next = self.steps.get(skipped)?;
        if next.kind != kind || next.of != of {
            return None;
        }
        self.steps = &self.steps[skipped + 1..];
        Some(next.clone())
    }

    /// What each currency that can be earned comes to.
    fn all<'d>(&mut self, document: &'d Document) -> Vec<(&'d str, Option<Exact>)> {
        let mut told = Vec::new();
        for earning in &document.earning {
            let currency = document.currencies.iter().find(|it| it.id == earning.currency);
            let currency = currency.expect("a currency");
            self.scale = currency.scale;
            told.push((currency.id.as_str(), self.earning(earning, currency)));
        }
        told
    }

    fn earning(&mut self, earning: &Earning, currency: &Currency) -> Option<Exact> {
        let groups: Vec<Exact> = earning.groups.iter().filter_map(|group| self.group(group)).collect();
        let mut any = !groups.is_empty();
        let mut sum: Exact = groups.into_iter().sum();
        if any {
            self.says(StepKind::Stacked, currency.id.as_str(), &sum);
        }
        for stage in &earning.multipliers {
            sum = self.stage(stage, sum);
        }
        for rule in &earning.after {
            if let Some(given) = self.rule(rule) {
                (any, sum) = (true, sum + given);
                self.says(StepKind::Stacked, rule.id.as_str(), &sum);
            }
        }
        if !any {
            return None;
        }
        sum = self.caps(&earning.caps, sum);
        sum = self.budget(earning.budget.as_ref(), sum);
        sum = self.rounded(Some(currency.round), currency.id.as_str(), sum);
        let kind = if self.joining { StepKind::Welcome } else { StepKind::Awarded };
        self.says(kind, currency.id.as_str(), &sum);
        Some(sum)
    }

    fn says(&mut self, kind: StepKind, of: &str, expected: &Exact) {
        let step = self.take(kind, of).unwrap_or_else(|| panic!("no {kind:?} of {of}: {:#?}", self.steps));
        assert_eq!(value(&step), *expected, "{}", step.text);
    }

    fn group(&mut self, group: &Group) -> Option<Exact> {
        let mut given = Vec::new();
        for member in &group.members {
            given.extend(match member {
                GroupMember::Rule(rule) => self.rule(rule),
                GroupMember::Group(inner) => self.group(inner),
            });
            if group.combine == Combine::First && !given.is_empty() {
                break;
            }
        }
        let id = group.id.as_str();
        let combined = match group.combine {
            Combine::BestForMember => given.into_iter().max(),
            _ => given.into_iter().reduce(|one, other| one + other),
        };
        let combined = combined?;
        self.says(StepKind::Stacked, id, &combined);
        let rounded = self.rounded(group.round, id, combined);
        let kept = self.caps(&group.caps, rounded.max(whole(0)));
        let kept = self.budget(group.budget.as_ref(), kept);
        self.says(StepKind::Group, id, &kept);
        Some(kept)
    }

    fn rule(&mut self, rule: &Rule) -> Option<Exact> {
        let id = rule.id.as_str();
        let of_joining = rule.on == Trigger::Enrolment;
        if of_joining != self.joining || rule.on.is_reached() {
            return None; // told of after the activity's own awards
        }
        if self.take(StepKind::NotMatched, id).is_some() {
            return None;
        }
        let mut measured = None;
        while let Some(step) = self.take(StepKind::Measured, id) {
            measured = Some(measured.unwrap_or_else(|| whole(0)) + value(&step));
        }
        let mut given = match (rule.fixed, measured) {
            (Some(points), None) if self.speaks_of(rule) => minor_units(points, self.scale),
            (None, Some(sum)) => sum,
            _ => return None,
        };
        let mode = rule.round.filter(|round| round.at == RuleRoundingPlace::Rule).map(|round| round.mode);
        given = self.rounded(mode, id, given);
        given = self.caps(&rule.caps, given);
        given = self.budget(rule.budget.as_ref(), given);
        self.says(StepKind::Rule, id, &given);
        Some(given)
    }

    /// Whether the next step is about a rule that gives fixed points.
    fn speaks_of(&self, rule: &Rule) -> bool {
        let passed = |kind| matches!(kind, StepKind::Tested | StepKind::Settled | StepKind::Grant);
        let next = self.steps.iter().find(|step| !passed(step.kind));
        let own = |of: &str| {
            let limits = rule.caps.iter().map(|cap| &cap.id).chain(&rule.budget);
            of == rule.id.as_str() || limits.into_iter().any(|limit| limit.as_str() == of)
        };
        next.is_some_and(|step| own(&step.of) && step.kind != StepKind::Stacked)
    }

    fn stage(&mut self, stage: &MultiplierStage, sum: Exact) -> Exact {
        let mut factor = whole(1);
        for one in &stage.factors {
            let Some(step) = self.take(StepKind::Factor, one.id.as_str()) else { continue };
            match stage.combine {
                FactorCombine::Compound => factor *= value(&step),
                FactorCombine::Add => factor += value(&step) - whole(1),
            }
        }
        let product = sum * factor.max(whole(0));
        self.says(StepKind::Multiplied, stage.id.as_str(), &product);
        self.rounded(stage.round, stage.id.as_str(), product)
    }

    /// What a rounding makes of a value; what is whole is not rounded.
    fn rounded(&mut self, mode: Option<Rounding>, of: &str, exact: Exact) -> Exact {
        let Some(mode) = mode.filter(|_| !exact.is_integer()) else { return exact };
        let rounded = whole(round(&exact, mode));
        self.says(StepKind::Rounded, of, &rounded);
        rounded
    }

    /// What a budget leaves, which is told where there is something to leave.
    fn budget(&mut self, budget: Option<&AuthorId>, sum: Exact) -> Exact {
        let Some(id) = budget.filter(|_| sum > whole(0)) else { return sum };
        let step = self.take(StepKind::Cap, id.as_str()).expect("a budget is told");
        let kept = value(&step);
        assert!(kept <= sum, "{}", step.text);
        kept
    }

    /// What caps leave: never more than they allow, and either all of it or what the kind of cap says.
    fn caps(&mut self, caps: &[Cap], sum: Exact) -> Exact {
        caps.iter().fold(sum, |sum, cap| {
            let step = self.take(StepKind::Cap, cap.id.as_str()).expect("a cap is told");
            let kept = value(&step);
            assert!(kept <= minor_units(cap.at_most, self.scale) && kept <= sum, "{}", step.text);
            assert!(cap.over == Over::Clip || kept == sum || kept == whole(0), "{}", step.text);
            kept
        })
    }
}
