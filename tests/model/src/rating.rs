//! What one activity earns of one currency, step by step in the order of the pipeline.

use loyalty_core::activity::{Activity, Line};
use loyalty_core::id::AuthorId;
use loyalty_core::money::Rounding;
use loyalty_core::program::document::{
    Basis, Cap, CapScope, Combine, Currency, Earning, FactorCombine, Group, GroupMember, MultiplierStage,
    Over, PerFull, Rule, RuleExpiry, RuleRoundingPlace, StepsOf, Vest,
};
use loyalty_core::time::Window;

use crate::basis::{basis_of, numeric};
use crate::condition::{Facts, line_fits, share_of_tender};
use crate::grants::answers;
use crate::number::{BigInt, Exact, exact, minor_units, round, whole};
use crate::share::{Contribution, Share, largest_remainder};

/// What an activity earned of one currency on the same terms.
pub struct Rated {
    /// The award.
    pub award: Share,
    /// What each cap of a window counts of it.
    pub caps: Vec<(String, Share)>,
    /// The rules that contributed to what each of them counts.
    pub under: Vec<Vec<Contribution>>,
    /// When it may be spent, when it lapses and who pays for it.
    pub terms: OwnTerms,
    /// The rules that contributed.
    pub from: Vec<Contribution>,
    /// The caps of a window that limit the whole activity.
    pub of_whole: Vec<String>,
}

impl Rated {
    /// Leaves so many points of it, over the lines of the purchase.
    pub fn clip(&mut self, points: BigInt, lines: &[Line]) {
        self.award = Share::new(points, &self.from, lines);
        for (_, share) in self.caps.iter_mut().filter(|(id, _)| self.of_whole.contains(id)) {
            *share = self.award.clone();
        }
    }
}

/// The terms of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnTerms {
    /// When points may be spent.
    pub vest: Option<Vest>,
    /// When they lapse.
    pub expiry: Option<RuleExpiry>,
    /// Who pays for them.
    pub partner: Option<String>,
}

/// What rules answer to.
#[derive(Debug, Clone, Copy)]
pub enum Occasion<'a> {
    /// What happened itself.
    Itself,
    /// The member joins by it.
    Joining,
    /// A track's level is reached by it.
    Level(&'a str, &'a str),
    /// A challenge is completed by it.
    Challenge(&'a str),
}

/// Rates an activity in one currency.
pub struct Rating<'a> {
    /// What happened, to whom.
    pub facts: &'a Facts<'a>,
    /// The currency.
    pub currency: &'a Currency,
    /// What rules answer to.
    pub occasion: Occasion<'a>,
    /// What a cap has counted so far in the window of this activity, in minor units.
    pub used: &'a dyn Fn(&Cap, Window) -> Exact,
    /// What is left of a budget for all members together, in minor units; asked only where something is to be drawn.
    pub left: &'a dyn Fn(&AuthorId) -> Exact,
    /// What the member holds, pending points included, in minor units.
    pub held: BigInt,
}

/// A value somewhere in the pipeline, in minor units.
struct Value {
    exact: Exact,
    from: Vec<Contribution>,
    /// What each cap of a window counts: its id, the value, and the rules under it.
    uses: Vec<(String, Exact, Vec<Contribution>)>,
    /// Those of the rules that it comes from, which are the same for all of them.
    terms: OwnTerms,
}

impl Value {
    fn sum(values: Vec<Self>) -> Self {
        let terms = values.first().map(|value| value.terms.clone()).unwrap_or_default();
        let mut sum = Self { exact: whole(0), from: Vec::new(), uses: Vec::new(), terms };
        for value in values {
            sum.exact += value.exact;
            sum.from.extend(value.from);
            sum.uses.extend(value.uses);
        }
        sum
    }
}

impl Rating<'_> {
    /// Rates by `earning`: an entry for each of the terms on which rules gave something, if only nothing.
    pub fn rate(&self, earning: &Earning) -> Vec<Rated> {
        let groups: Vec<Value> = earning.groups.iter().filter_map(|group| self.group(group)).collect();
        let after: Vec<Value> = earning.after.iter().filter_map(|rule| self.rule(rule)).collect();
        let worth = |values: &[Value]| values.iter().map(|value| value.exact.clone()).collect::<Vec<_>>();
        let grouped = worth(&groups).iter().sum::<Exact>();
        let grouped = earning.multipliers.iter().fold(grouped, |sum, stage| self.multiplied(stage, sum));
        let outer: Vec<Exact> = [vec![grouped], worth(&after)].concat();
        let total = self.capped(&earning.caps, outer.iter().sum::<Exact>().max(whole(0)));
        let total = self.within(earning.budget.as_ref(), total);
        let points = round(&total, self.currency.round);
        let outer = largest_remainder(&points, &outer);
        let inner = largest_remainder(&outer[0], &worth(&groups));
        let mut by_terms: Vec<(BigInt, Value)> = Vec::new();
        for (points, part) in inner.iter().chain(&outer[1..]).zip(groups.into_iter().chain(after)) {
            match by_terms.iter_mut().find(|(_, value)| value.terms == part.terms) {
                Some((sum, value)) => {
                    *sum += points;
                    value.from.extend(part.from);
                    value.uses.extend(part.uses);
                }
                None => by_terms.push((points.clone(), part)),
            }
        }
        by_terms.into_iter().map(|(points, value)| self.rated(earning, points, value)).collect()
    }

    fn rated(&self, earning: &Earning, points: BigInt, value: Value) -> Rated {
        let lines = self.facts.lines();
        let award = Share::new(points, &value.from, lines);
        let shares = value.uses.into_iter().map(|(id, value, from)| {
            let whole = value.to_integer();
            ((id, Share::new(whole, &from, lines)), from)
        });
        let (mut caps, mut under): (Vec<_>, Vec<_>) = shares.unzip();
        let of_whole: Vec<String> = windowed(&earning.caps)
            .map(|cap| cap.id.to_string())
            .chain(earning.budget.iter().map(budget_key))
            .collect();
        caps.extend(of_whole.iter().map(|id| (id.clone(), award.clone())));
        under.resize(caps.len(), value.from.clone());
        Rated { award, caps, under, terms: value.terms, from: value.from, of_whole }
    }

    fn multiplied(&self, stage: &MultiplierStage, value: Exact) -> Exact {
        let holds = stage.factors.iter().filter(|f| f.when.as_ref().is_none_or(|when| self.facts.hold(when)));
        let factors: Vec<Exact> = holds.map(|factor| exact(factor.factor)).collect();
        let factor = match stage.combine {
            FactorCombine::Compound => factors.iter().product(),
            FactorCombine::Add => factors.iter().fold(whole(1), |sum, factor| sum + factor - whole(1)),
        };
        rounded(value * factor.max(whole(0)), stage.round)
    }

    /// The value of a group; none where no member matches.
    fn group(&self, group: &Group) -> Option<Value> {
        let mut matching = group.members.iter().filter_map(|member| match member {
            GroupMember::Rule(rule) => self.rule(rule),
            GroupMember::Group(group) => self.group(group),
        });
        let combined = match group.combine {
            Combine::First => matching.next(),
            Combine::BestForMember => {
                matching.reduce(|best, next| if next.exact > best.exact { next } else { best })
            }
            Combine::All => {
                let all: Vec<Value> = matching.collect();
                if all.is_empty() { None } else { Some(Value::sum(all)) }
            }
        };
        let mut value = combined?;
        value.exact = rounded(value.exact, group.round).max(whole(0));
        Some(self.after_caps(&group.caps, group.budget.as_ref(), value))
    }

    /// The value of a rule; none where it does not match.
    fn rule(&self, rule: &Rule) -> Option<Value> {
        let triggered = answers(&rule.on, self.facts.activity, self.occasion);
        if !triggered || !rule.when.as_ref().is_none_or(|when| self.facts.hold(when)) {
            return None;
        }
        let measured = self.measured(rule);
        let none_counts = measured.iter().all(Option::is_none);
        if none_counts && (rule.fixed.is_none() || rule.lines.is_some()) {
            return None;
        }
        Some(self.after_caps(&rule.caps, rule.budget.as_ref(), self.worth(rule, &measured)))
    }

    /// The basis of each line; none for a line that does not count. An event is its own only line.
    fn measured(&self, rule: &Rule) -> Vec<Option<Exact>> {
        if let Activity::Event(event) = self.facts.activity {
            let value = match &rule.basis {
                Basis::Attribute(id) => numeric(&event.attributes, id.as_str()),
                _ => None,
            };
            return vec![value.map(|value| clamped(rule, value))];
        }
        let share = if rule.share_of_tender.is_empty() {
            whole(1)
        } else {
            share_of_tender(&rule.share_of_tender, self.facts.tenders()).unwrap_or(whole(0))
        };
        let counts = |line: &Line| {
            let fits = share > whole(0)
                && rule.kinds.contains(&line.kind)
                && rule.lines.as_ref().is_none_or(|lines| line_fits(lines, line));
            if fits { basis_of(line, &rule.basis).map(|value| clamped(rule, value) * &share) } else { None }
        };
        self.facts.lines().iter().map(counts).collect()
    }

    fn worth(&self, rule: &Rule, measured: &[Option<Exact>]) -> Value {
        let counted = (0..measured.len()).filter(|at| measured[*at].is_some()).collect();
        let mode_at = |place| rule.round.filter(|round| round.at == place).map(|round| round.mode);
        let at_line = mode_at(RuleRoundingPlace::Line);
        let in_each_line = |worth: &dyn Fn(&Exact) -> Exact| -> Vec<Exact> {
            measured.iter().map(|v| v.as_ref().map_or(whole(0), |v| rounded(worth(v), at_line))).collect()
        };
        let points = |points: &dyn std::fmt::Display| minor_units(points, self.currency.scale);
        let full_steps =
            |full: &PerFull, basis: &Exact| (basis / exact(full.step)).floor() * points(&full.points);
        let (value, contribution) = if let Some(rate) = rule.rate {
            let lines = in_each_line(&|basis| basis * points(&rate));
            let value = lines.iter().sum();
            (value, Contribution { by_line: at_line.map(|_| lines), counted })
        } else if let Some(full) = rule.per_full.as_ref().filter(|full| full.of == StepsOf::Line) {
            let lines = in_each_line(&|basis| full_steps(full, basis));
            (lines.iter().sum(), Contribution { by_line: Some(lines), counted })
        } else if let Some(full) = &rule.per_full {
            let sum: Exact = measured.iter().flatten().sum();
            (full_steps(full, &sum), Contribution { by_line: None, counted })
        } else {
            (rule.fixed.map_or(whole(0), |fixed| points(&fixed)), Contribution::default())
        };
        let exact = rounded(value, mode_at(RuleRoundingPlace::Rule));
        let partner = rule.funded_by.as_ref().map(ToString::to_string);
        let terms = OwnTerms { vest: rule.vest.clone(), expiry: rule.expiry.clone(), partner };
        Value { exact, from: vec![contribution], uses: Vec::new(), terms }
    }

    fn after_caps(&self, caps: &[Cap], budget: Option<&AuthorId>, mut value: Value) -> Value {
        value.exact = self.within(budget, self.capped(caps, value.exact));
        let counts = value.exact.clone().max(whole(0));
        let windowed = windowed(caps).map(|cap| cap.id.to_string());
        for id in windowed.chain(budget.map(budget_key)) {
            value.uses.push((id, counts.clone(), value.from.clone()));
        }
        value
    }

    /// What a budget leaves of a value.
    fn within(&self, budget: Option<&AuthorId>, value: Exact) -> Exact {
        let Some(id) = budget.filter(|_| value > whole(0)) else { return value };
        let budgets = &self.facts.document.budgets;
        let left = (self.left)(id).max(whole(0));
        match budgets.iter().find(|it| it.id == *id).expect("a declared budget").over {
            _ if value <= left => value,
            Over::Clip => left,
            Over::Reject => whole(0),
        }
    }

    fn capped(&self, caps: &[Cap], value: Exact) -> Exact {
        caps.iter().fold(value, |value, cap| {
            let at_most = minor_units(cap.at_most, self.currency.scale);
            let limit = match cap.per {
                CapScope::Activity => at_most,
                CapScope::Window(window) => (at_most - (self.used)(cap, window)).max(whole(0)),
                CapScope::Balance => (at_most - whole(self.held.clone())).max(whole(0)),
            };
            match cap.over {
                _ if value <= limit => value,
                Over::Clip => limit,
                Over::Reject => whole(0),
            }
        })
    }
}

/// How what a budget counts of an award is kept among what caps count.
pub fn budget_key(id: &AuthorId) -> String {
    format!("budget {id}")
}

fn windowed(caps: &[Cap]) -> impl Iterator<Item = &Cap> {
    caps.iter().filter(|cap| matches!(cap.per, CapScope::Window(_)))
}

fn clamped(rule: &Rule, value: Exact) -> Exact {
    let raised = rule.basis_at_least.map_or(value.clone(), |least| value.max(exact(least)));
    rule.basis_at_most.map_or(raised.clone(), |most| raised.min(exact(most)))
}

fn rounded(value: Exact, mode: Option<Rounding>) -> Exact {
    mode.map_or(value.clone(), |mode| whole(round(&value, mode)))
}
