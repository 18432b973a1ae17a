//! Expectations made wrong on purpose, one at a time.

use loyalty_core::id::AuthorId;
use loyalty_core::money::{Money, Quantity};
use loyalty_core::time::Timestamp;

use super::case::{ChallengePoints, Change, LevelPoints, Missed, Nearest, Refusal, Then};

/// Makes one expectation wrong, where there is such an expectation.
type Spoil = fn(&mut Then) -> Option<()>;

/// Every way to spoil what a case expects, with its name.
pub fn each(then: &Then) -> Vec<(&'static str, Then)> {
    let all: [(&'static str, Spoil); 37] = [
        ("refused", |t| t.refused.as_mut().map(|refused| refused.path.push('x'))),
        ("problems", |t| t.problems.as_mut().map(|p| p.push(Refusal { code: "x".into(), path: "x".into() }))),
        ("warnings", |t| t.warnings.as_mut().map(|w| w.push(Refusal { code: "x".into(), path: "x".into() }))),
        ("facts", |t| t.facts.as_mut()?.first_mut().map(|fact| fact.code.push('x'))),
        ("replayed", |t| done(t).map(|t| t.replayed = !t.replayed)),
        ("awards", |t| t.awards.as_mut().map(|all| *all.entry("x".into()).or_default() += 1)),
        ("welcome", |t| done(t).map(|t| *t.welcome.entry("x".into()).or_default() += 1)),
        ("taken", |t| t.taken.as_mut().map(|all| *all.entry("x".into()).or_default() += 1)),
        ("off", |t| done(t).map(|t| t.off = more(t.off))),
        ("due", |t| done(t).map(|t| t.due = more(t.due))),
        ("quoted", |t| t.quoted.as_mut().map(|quoted| quoted.points += 1)),
        ("pay_back", |t| done(t).map(|t| t.pay_back = more(t.pay_back))),
        ("debt", |t| done(t).map(|t| t.debt.extend([("x".to_owned(), 1)]))),
        ("forgiven", |t| done(t).map(|t| t.forgiven.extend([("x".to_owned(), 1)]))),
        ("unmatched", |t| done(t).map(|t| t.unmatched.push(missed()))),
        ("balances", |t| t.balances.as_mut().map(|all| *all.entry("x".into()).or_default() += 1)),
        ("pending", |t| done(t).map(|t| *t.pending.entry("x".into()).or_default() += 1)),
        ("held", |t| done(t).map(|t| *t.held.entry("x".into()).or_default() += 1)),
        ("status", |t| done(t).map(|t| t.status = t.status.take().xor(Some("frozen".into())))),
        ("others", |t| t.others.values_mut().next().map(|all| *all.entry("x".into()).or_default() += 1)),
        ("holds", |t| t.holds.as_mut()?.first_mut().map(|held| held.points += 1)),
        ("postings", |t| t.postings.as_mut()?.first_mut().map(|posting| posting.points += 1)),
        ("tier", |t| t.tier.as_mut()?.values_mut().next().map(|level| level.push('x'))),
        ("until", |t| t.until.as_mut()?.values_mut().next().map(|until| *until = Some(Timestamp::default()))),
        ("changes", |t| t.changes.as_mut().map(|all| all.pop().map_or_else(|| all.push(change()), drop))),
        ("level_awards", |t| done(t).map(|t| t.level_awards.push(of_level()))),
        ("level_takes", |t| done(t).map(|t| t.level_takes.push(of_level()))),
        ("challenge_awards", |t| done(t).map(|t| t.challenge_awards.push(of_challenge()))),
        ("challenge_takes", |t| done(t).map(|t| t.challenge_takes.push(of_challenge()))),
        ("vouchers", |t| t.vouchers.first_mut().map(|voucher| voucher.uses += 1)),
        ("converted", |t| t.converted.first_mut().map(|one| one.points += 1)),
        ("lots", |t| t.lots.as_mut()?.first_mut().map(|lot| lot.points += 1)),
        ("counters", |t| {
            t.counters.as_mut()?.values_mut().next().map(|c| *c = Money::from_units(c.units() + 1))
        }),
        ("no_facts", |t| (!t.no_facts.is_empty()).then(|| t.no_facts.push("reward_at_most".into()))),
        ("says", |t| t.says.first_mut().map(|text| text.push('x'))),
        ("nearest", |t| {
            let expected = t.nearest.as_mut()?;
            *expected = if expected.is_some() { None } else { Some(near()) };
            Some(())
        }),
        ("totals", |t| t.totals.as_mut()?.values_mut().next().map(|totals| totals.earned += 1)),
    ];
    let spoil = |(what, how): (&'static str, Spoil)| {
        let mut spoiled = then.clone();
        how(&mut spoiled).map(|()| (what, spoiled))
    };
    all.into_iter().filter_map(spoil).collect()
}

/// What can be said of what is done, and not of what is refused or checked.
fn done(then: &mut Then) -> Option<&mut Then> {
    (then.refused.is_none() && then.problems.is_none()).then_some(then)
}

/// Some more money.
fn more(money: Option<Money>) -> Option<Money> {
    Some(money.map_or(Money::ONE, |money| Money::from_units(money.units() + 1)))
}

fn change() -> Change {
    let id = AuthorId::new("x").expect("a letter");
    Change { track: id.clone(), from: id.clone(), to: id, at: Timestamp::default() }
}

fn of_level() -> LevelPoints {
    let id = AuthorId::new("x").expect("a letter");
    LevelPoints { track: id.clone(), level: id.clone(), currency: id, points: 1, forgiven: 0 }
}

fn of_challenge() -> ChallengePoints {
    let id = AuthorId::new("x").expect("a letter");
    ChallengePoints { challenge: id.clone(), currency: id, points: 1, forgiven: 0 }
}

fn near() -> Nearest {
    let [of, currency] = ["x", "x"].map(ToOwned::to_owned);
    Nearest { more: Money::ONE, line: 1, of, currency, earns: 1 }
}

fn missed() -> Missed {
    Missed { sku: "x".into(), quantity: Quantity::ONE }
}
