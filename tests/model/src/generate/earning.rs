//! Random rules, groups, multipliers and caps of one currency.

use loyalty_core::activity::LineKind;
use loyalty_core::id::AuthorId;
use loyalty_core::money::{Multiplier, Quantity, Rate, Rounding};
use loyalty_core::program::document::{
    Basis, Cap, CapScope, Combine, Earning, Factor, FactorCombine, Group, GroupMember, MultiplierStage, Over,
    PerFull, Rule, RuleRounding, RuleRoundingPlace, StepsOf, TierReached, Trigger,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use super::condition::{Known, basis, condition, line, tenders};
use super::terms::on_terms;
use super::words::{EVENTS, MILES, decimal, id, points, window, word};

/// How one currency is earned, with up to `most` members in a top group. Rules, groups, caps and factors are all
/// called the same; the program names them.
pub fn earning(currency: AuthorId, scale: u8, known: &Known<'_>, most: usize) -> BoxedStrategy<Earning> {
    let parts = (
        vec(group(scale, known, 2, most), 1..=2),
        vec(stage(known), 0..=2).prop_map(rounded_in_time),
        vec(prop_oneof![fixed(scale, known, true), fixed(scale, known, false)], 0..=1),
        (caps(scale, true), option::weighted(0.15, points(200, scale))),
    );
    parts
        .prop_map(move |(groups, multipliers, after, (mut caps, held))| {
            let of_balance =
                |at_most| Cap { id: unnamed(), per: CapScope::Balance, at_most, over: Over::Clip };
            caps.extend(held.map(of_balance));
            Earning { currency: currency.clone(), groups, multipliers, after, caps, budget: None }
        })
        .prop_flat_map(on_terms)
        .boxed()
}

pub fn rounding() -> impl Strategy<Value = Rounding> {
    select(vec![Rounding::Floor, Rounding::Ceil, Rounding::HalfUp, Rounding::HalfEven])
}

/// A group of up to `most` members, with groups inside down to `depth` more.
fn group(scale: u8, known: &Known<'_>, depth: u32, most: usize) -> BoxedStrategy<Group> {
    let rule = rule(scale, known).prop_map(GroupMember::Rule);
    let member = if depth == 0 {
        rule.boxed()
    } else {
        prop_oneof![4 => rule, 1 => group(scale, known, depth - 1, 3).prop_map(GroupMember::Group)].boxed()
    };
    let combine = select(vec![Combine::All, Combine::All, Combine::BestForMember, Combine::First]);
    (vec(member, 1..=most), combine, option::of(rounding()))
        .prop_flat_map(move |(members, combine, round)| {
            let whole = round.is_some() || members.iter().all(is_whole);
            let made = move |caps| Group {
                id: unnamed(),
                combine,
                round,
                caps,
                budget: None,
                members: members.clone(),
            };
            caps(scale, whole).prop_map(made)
        })
        .boxed()
}

/// Whether a member's value is always in whole minor units, as a cap of a window needs it.
fn is_whole(member: &GroupMember) -> bool {
    match member {
        GroupMember::Rule(rule) => rule_is_whole(rule),
        GroupMember::Group(group) => group_is_whole(group),
    }
}

/// Whether a group's value is.
pub fn group_is_whole(group: &Group) -> bool {
    group.round.is_some() || group.members.iter().all(is_whole)
}

/// Fixed points and points for full steps are whole minor units anyway.
pub const fn rule_is_whole(rule: &Rule) -> bool {
    rule.round.is_some() || rule.rate.is_none()
}

fn rule(scale: u8, known: &Known<'_>) -> BoxedStrategy<Rule> {
    prop_oneof![
        6 => measuring(scale, known, true),
        2 => measuring(scale, known, false),
        2 => fixed(scale, known, true),
        2 => fixed(scale, known, false),
    ]
    .prop_flat_map(move |rule| {
        let whole = rule_is_whole(&rule);
        caps(scale, whole).prop_map(move |caps| Rule { caps, ..rule.clone() })
    })
    .boxed()
}

/// Points for each 1 or each full step of a basis.
fn measuring(scale: u8, known: &Known<'_>, of_purchase: bool) -> BoxedStrategy<Rule> {
    let basis = if of_purchase { basis().boxed() } else { Just(Basis::Attribute(id(MILES))).boxed() };
    let clamps = (option::weighted(0.15, decimal(0, 10, 2)), option::weighted(0.15, decimal(10, 80, 2)));
    let much = prop_oneof![
        3 => rate().prop_map(|rate| (Some(rate), None)),
        2 => per_full(scale).prop_map(|full| (None, Some(full))),
    ];
    let share = option::weighted(0.2, tenders());
    let share = share.prop_map(move |kinds| kinds.filter(|_| of_purchase).unwrap_or_default());
    (plain(known, of_purchase), (basis, share), clamps, much, rounding(), 0..3)
        .prop_map(|(rule, (basis, share_of_tender), clamps, (rate, per_full), mode, place)| {
            let (basis_at_least, basis_at_most) = clamps;
            let at = match place {
                0 => None,
                1 if rate.is_some() => Some(RuleRoundingPlace::Line),
                _ => Some(RuleRoundingPlace::Rule),
            };
            let round = at.map(|at| RuleRounding { at, mode });
            Rule { basis, basis_at_least, basis_at_most, share_of_tender, rate, per_full, round, ..rule }
        })
        .boxed()
}

fn fixed(scale: u8, known: &Known<'_>, of_purchase: bool) -> BoxedStrategy<Rule> {
    let reachable = reachable(known);
    let other = if of_purchase {
        Just(None).boxed()
    } else {
        let of_member = select(vec![Trigger::Enrolment, Trigger::Birthday, Trigger::Anniversary]);
        let level = any::<Index>()
            .prop_map(move |index| (!reachable.is_empty()).then(|| index.get(&reachable).clone()));
        prop_oneof![2 => Just(None), 4 => level, 4 => of_member.prop_map(Some)].boxed()
    };
    (plain(known, of_purchase), points(40, scale), other)
        .prop_map(|(rule, points, other)| Rule { fixed: Some(points), on: other.unwrap_or(rule.on), ..rule })
        .boxed()
}

/// What a rule may answer to that awards goals: a level with `reach`, all of a track, a challenge.
pub fn reachable(known: &Known<'_>) -> Vec<Trigger> {
    let levels = known.tracks.iter().flat_map(|track| {
        let one =
            track.levels.iter().filter(|level| level.reach.is_some()).map(|level| Some(level.id.clone()));
        std::iter::once(None).chain(one).map(|level| TierReached { track: track.id.clone(), level })
    });
    let challenges = known.challenges.iter().map(|it| Trigger::ChallengeCompleted(it.id.clone()));
    levels.map(Trigger::TierReached).chain(challenges).collect()
}

/// A rule that does not say yet how much.
fn plain(known: &Known<'_>, of_purchase: bool) -> BoxedStrategy<Rule> {
    let on = if of_purchase {
        Just(Trigger::Purchase).boxed()
    } else {
        word(EVENTS).prop_map(|name| Trigger::Event(id(&name))).boxed()
    };
    let others = vec![LineKind::Shipping, LineKind::Tax, LineKind::Tip, LineKind::GiftCard];
    let kinds = subsequence(others, 0..=2).prop_map(|others| [vec![LineKind::Item], others].concat());
    let some_lines =
        (option::weighted(0.4, line()), prop_oneof![4 => Just(vec![LineKind::Item]), 1 => kinds]);
    let all_lines = Just((None, vec![LineKind::Item]));
    let lines = if of_purchase { some_lines.boxed() } else { all_lines.boxed() };
    let when = option::weighted(0.4, condition(known, of_purchase));
    (on, when, lines)
        .prop_map(|(on, when, (lines, kinds))| Rule {
            id: unnamed(),
            on,
            when,
            lines,
            kinds,
            basis: Basis::NetPaid,
            basis_at_least: None,
            basis_at_most: None,
            share_of_tender: Vec::new(),
            rate: None,
            per_full: None,
            fixed: None,
            round: None,
            caps: Vec::new(),
            budget: None,
            vest: None,
            expiry: None,
            funded_by: None,
        })
        .boxed()
}

fn rate() -> impl Strategy<Value = Rate> {
    let likely = select(vec!["1", "2", "0.5", "1.25", "10", "0.333333", "0.01"]).prop_map(str::to_owned);
    let any = decimal::<6>(0, 3, 6).prop_map(|rate| rate.to_string());
    prop_oneof![likely, any].prop_map(|text| Rate::parse(&text).expect("a rate"))
}

fn per_full(scale: u8) -> impl Strategy<Value = PerFull> {
    let step = prop_oneof![decimal(1, 12, 2), select(vec!["2", "10", "0.7"]).prop_map(quantity)];
    (step, points(10, scale), select(vec![StepsOf::Sum, StepsOf::Line]))
        .prop_map(|(step, points, of)| PerFull { step, points, of })
}

fn stage(known: &Known<'_>) -> impl Strategy<Value = MultiplierStage> + use<> {
    let factors = select(vec!["0", "0.3", "0.5", "1.1", "1.25", "1.5", "1.333", "2", "3"]);
    let factor = (option::weighted(0.7, condition(known, true)), factors).prop_map(|(when, factor)| Factor {
        id: unnamed(),
        when,
        factor: Multiplier::parse(factor).expect("a multiplier"),
    });
    let combine = select(vec![FactorCombine::Compound, FactorCombine::Add]);
    (combine, option::of(rounding()), vec(factor, 1..=3)).prop_map(|(combine, round, mut factors)| {
        if combine == FactorCombine::Compound {
            factors.truncate(2);
        }
        MultiplierStage { id: unnamed(), combine, round, factors }
    })
}

/// At most two factors compound between roundings.
fn rounded_in_time(mut stages: Vec<MultiplierStage>) -> Vec<MultiplierStage> {
    let mut compounded = 0;
    let mut at = 0;
    while let Some(stage) = stages.get(at) {
        let more = if stage.combine == FactorCombine::Compound { stage.factors.len() } else { 1 };
        if compounded + more > 2 {
            stages[at - 1].round = Some(Rounding::Floor);
            compounded = 0;
        }
        compounded = if stages[at].round.is_some() { 0 } else { compounded + more };
        at += 1;
    }
    stages
}

/// Mostly none. A cap of a window needs whole minor units.
fn caps(scale: u8, whole: bool) -> BoxedStrategy<Vec<Cap>> {
    let activity = Just(CapScope::Activity).boxed();
    let per = if whole {
        prop_oneof![1 => activity, 2 => window().prop_map(CapScope::Window)].boxed()
    } else {
        activity
    };
    let over = select(vec![Over::Clip, Over::Clip, Over::Reject]);
    let cap = (per, points(90, scale), over).prop_map(|(per, at_most, over)| Cap {
        id: unnamed(),
        per,
        at_most,
        over,
    });
    prop_oneof![3 => Just(Vec::new()), 2 => vec(cap, 1..=2)].boxed()
}

fn unnamed() -> AuthorId {
    id("unnamed")
}

fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).expect("a quantity")
}
