//! The size that every member's state has, at most.

use std::collections::BTreeMap;

use super::{Fact, Study};
use crate::counter::Slots;
use crate::grants::MOST_VOUCHERS;
use crate::id::AuthorId;
use crate::limits;
use crate::member::MOST_PENDING;
use crate::program::Program;
use crate::program::document::{
    Currency, CurrencyExpiry, Document, Expiry, Give, Limit, LimitAnswer, OnReturn, Referral, RuleExpiry,
    TierTrack,
};
use crate::program::walk::rules;
use crate::tier::{KEPT_CREDITS, KEPT_GRANTS, KEPT_INTERVALS, MOST_THRESHOLDS};
use crate::time::Window;

/// The most that a state may measure.
const STATE_LIMIT: usize = 64 << 10;
/// The head of a list or a struct.
const HEAD: usize = 3;
/// A whole number of CBOR, at most.
const NUMBER: usize = 9;
/// A wide number.
const WIDE: usize = 18;
/// The longest id of a counter, in bytes.
const LONGEST_ID: usize = 64;
/// The key of an operation, in bytes.
const KEY: usize = 200;
/// The longest name of a member.
const MEMBER: usize = 131;
/// The code of a voucher.
const CODE: usize = 22;
/// What keeps a level that is given, at most: thresholds of counters with the longest ids.
const KEEP: usize = MOST_THRESHOLDS * (HEAD * 2 + LONGEST_ID + WIDE);

/// Says how large a state can get, and warns where that is too large.
pub fn study(study: &mut Study<'_>) {
    let pending = pending(study.program);
    let bytes = most(study.program).saturating_add(pending);
    let waiting = match pending {
        0 => String::new(),
        _ => format!(", of which {MOST_PENDING} pending awards of the longest ids take {pending}"),
    };
    let message = format!("a member's state never has more than {bytes} bytes{waiting}");
    study.report.facts.push(Fact {
        code: "state_at_most",
        path: String::new(),
        message,
        figures: BTreeMap::from([("bytes", bytes.to_string()), ("pending", pending.to_string())]),
        rules: Vec::new(),
        example: None,
    });
    if bytes > STATE_LIMIT {
        let message =
            format!("a member's state may need {bytes} bytes{waiting}, and {STATE_LIMIT} are the limit");
        let help = match bytes.saturating_sub(pending) {
            without if without > STATE_LIMIT => {
                "let points lapse at the end of months, quarters or years, or count less"
            }
            _ => {
                "only members with so many awards pending need it: give short ids to purchases, let points vest sooner, or count less"
            }
        };
        study.warn("state_too_large", String::new(), (message, help), None);
    }
}

/// All but what waits.
fn most(program: &Program) -> usize {
    let document = program.document();
    let counters = document.counters.iter().map(|it| slots(&it.id, Slots::of_counter(program, it)));
    let caps = program.window_caps().iter().map(|cap| slots(&cap.id, Slots::of(program, cap.window)));
    let balances = document.currencies.iter().map(|it| balance(program, it));
    let tiers = document.tiers.iter().map(track);
    let never = document.tiers.iter().filter(|track| track.on_return == OnReturn::Never);
    let asked = never.flat_map(TierTrack::asked).filter_map(|id| program.counter(id));
    let returned = asked.map(|it| slots(&it.id, Slots::of_counter(program, it)));
    let granted = [goal_grants(program), gifts(program), referral(program)];
    let given = document.transfers.iter().flat_map(|it| &it.of).flat_map(|it| &it.caps);
    let given = given.map(|cap| slots(&cap.id, Slots::of(program, cap.window)));
    let limits = document.limits.iter().map(|limit| limited(program, limit));
    let rewards = document.rewards.iter().filter_map(|it| Some((&it.id, it.at_most?.window)));
    let rewards = rewards.map(|(id, window)| slots(id, Slots::of(program, window)));
    let limits = limits.chain(rewards).chain(given);
    let parts =
        balances.chain(limits).chain(counters).chain(caps).chain(tiers).chain(returned).chain(granted);
    parts.fold(HEAD * 10 + NUMBER * 2, usize::saturating_add)
}

fn text(id: &AuthorId) -> usize {
    id.as_str().len().saturating_add(HEAD)
}

/// A counter or cap with all the windows that it keeps.
fn slots(id: &AuthorId, slots: Slots) -> usize {
    let each = slots.kept().saturating_mul(HEAD + NUMBER * 2 + WIDE);
    text(id).saturating_add(HEAD * 2).saturating_add(each)
}

/// What a limit against fraud measured: slots, or instants.
fn limited(program: &Program, limit: &Limit) -> usize {
    let windows = limits::windows(&limit.measures).into_iter().flatten();
    let of_windows = windows.map(|window| slots(&limit.id, Slots::of(program, window)));
    let instants = limits::kept(&limit.measures).map_or(0, |kept| kept.saturating_mul(NUMBER));
    of_windows.fold(text(&limit.id).saturating_add(HEAD * 3).saturating_add(instants), usize::saturating_add)
}

fn balance(program: &Program, currency: &Currency) -> usize {
    let lot = (HEAD + NUMBER * 2).saturating_add(longest_partner(program));
    text(&currency.id)
        .saturating_add(open_lots(program, currency).saturating_mul(lot))
        .saturating_add(HEAD * 4 + NUMBER * 10)
}

fn longest_partner(program: &Program) -> usize {
    program.document().partners.iter().map(|partner| text(&partner.id)).max().unwrap_or(0)
}

/// How many lots are open at once: those of each expiry by each partner and the program itself.
fn open_lots(program: &Program, currency: &Currency) -> usize {
    let document = program.document();
    let rules = rules(document).into_iter().filter(|rule| *rule.currency == currency.id);
    let own: Vec<_> = rules.filter_map(|rule| rule.it.expiry.as_ref()).collect();
    let never = usize::from(own.contains(&&RuleExpiry::Never) && currency.expiry.is_some());
    let by = own.into_iter().filter_map(|own| match own {
        RuleExpiry::By(expiry) => Some(lots(expiry)),
        RuleExpiry::Never => None,
    });
    // Points that live by activity have one.
    let usual = currency.expiry.as_ref().and_then(CurrencyExpiry::dated).map_or(1, |dated| lots(&dated));
    let dates = by.fold(usual, usize::saturating_add);
    dates.saturating_add(never).saturating_mul(document.partners.len().saturating_add(1))
}

/// Awards that wait, where rules or limits let any wait: of each also what counters and caps count of it, and what
/// tracks still count of what came back.
fn pending(program: &Program) -> usize {
    let document = program.document();
    let reviewed = document.limits.iter().any(|limit| limit.then == LimitAnswer::Review);
    if !reviewed && rules(document).iter().all(|rule| rule.it.vest.is_none()) {
        return 0;
    }
    let counted = |id: &AuthorId| text(id).saturating_add(HEAD * 2 + NUMBER * 2 + WIDE);
    let counters = document.counters.iter().map(|it| counted(&it.id));
    let caps = program.window_caps().iter().map(|it| &it.id).chain(document.budgets.iter().map(|it| &it.id));
    let caps = caps.map(counted);
    let returned = document.counters.iter().filter(|it| program.counts_returned(&it.id));
    let returned = returned.map(|it| counted(&it.id));
    let currency = document.currencies.iter().map(|it| text(&it.id)).max().unwrap_or(0);
    let own = currency.saturating_add(longest_partner(program)).saturating_add(HEAD * 5 + NUMBER * 5 + KEY);
    counters.chain(caps).chain(returned).fold(own, usize::saturating_add).saturating_mul(MOST_PENDING)
}

/// How many lots of different expiry are open at once, at most: one for each last day that is ahead.
fn lots(expiry: &Expiry) -> usize {
    let (length, unit, _) = expiry.after.parts();
    let days = usize::from(length).saturating_mul(match unit {
        "days" => 1,
        "months" => 31,
        _ => 366,
    });
    let shortest = expiry.to_end_of.and_then(Window::fewest_days).unwrap_or(1);
    // The days at both ends, and those of activities whose own date is ahead.
    days.checked_div(shortest).unwrap_or(days).saturating_add(3)
}

fn track(track: &TierTrack) -> usize {
    let level = track.levels.iter().map(|level| text(&level.id)).max().unwrap_or(0);
    let interval = level.saturating_add(HEAD * 5 + NUMBER * 4);
    let past = interval.saturating_mul(KEPT_INTERVALS);
    let credits = track.carried().map(|id| text(id).saturating_add(HEAD + NUMBER + WIDE * 2));
    let carry =
        credits.fold(HEAD * 2 + NUMBER, |sum, one| sum.saturating_add(one.saturating_mul(KEPT_CREDITS)));
    // The status, what it drops to, and a level given.
    let held = level.saturating_mul(3).saturating_add(HEAD * 12 + NUMBER * 9);
    let parts = [held, past, carry, KEEP];
    parts.into_iter().fold(text(&track.id).saturating_add(HEAD * 2), usize::saturating_add)
}

/// What a goal gave of a currency: an entry for each of the terms of its rules.
fn points_of_goal(document: &Document, currency: &Currency) -> usize {
    let rules = rules(document).into_iter().filter(|rule| *rule.currency == currency.id);
    let mut different = Vec::new();
    for terms in rules.filter(|rule| rule.it.on.is_reached()).map(|rule| rule.it.terms()) {
        if !different.contains(&terms) {
            different.push(terms);
        }
    }
    let partner = different.iter().filter_map(|terms| terms.funded_by).map(text).max().unwrap_or(0);
    let each = text(&currency.id).saturating_add(HEAD + NUMBER * 2).saturating_add(partner);
    each.saturating_mul(different.len().max(1))
}

/// What was given for levels and challenges and may be taken back.
fn goal_grants(program: &Program) -> usize {
    let document = program.document();
    if !program.awards_goals() {
        return 0;
    }
    let points = document.currencies.iter().map(|it| points_of_goal(document, it));
    let used = program.window_caps().iter().map(|it| &it.id).chain(document.budgets.iter().map(|it| &it.id));
    let used = used.map(|id| text(id).saturating_add(HEAD * 2 + NUMBER + WIDE));
    let gifts = document.grants.iter().filter(|grant| grant.on.is_reached());
    let gifts = gifts.map(|it| text(&it.id).saturating_mul(2).saturating_add(gift(&it.give)));
    let given = points.chain(used).chain(gifts).fold(HEAD * 6 + NUMBER * 2, usize::saturating_add);
    let of_track = |track: &TierTrack| {
        let levels = track.levels.iter().map(|level| text(&track.id).saturating_add(text(&level.id)));
        levels.collect::<Vec<_>>()
    };
    let levels = document.tiers.iter().flat_map(of_track);
    let challenges = document.challenges.iter().map(|it| text(&it.id).saturating_add(HEAD));
    let each = levels.chain(challenges).map(|ids| ids.saturating_add(given).saturating_mul(KEPT_GRANTS));
    each.fold(0, usize::saturating_add)
}

/// Something that a member has, or may lose, that is no points.
fn gift(give: &Give) -> usize {
    HEAD.saturating_mul(4).saturating_add(match give {
        Give::Voucher(id) => text(id).saturating_add(CODE + NUMBER * 3),
        Give::Badge(id) => text(id).saturating_add(NUMBER + KEY),
        // They are kept with levels and counters.
        Give::Tier(_) | Give::Credit(_) => 0,
    })
}

/// Who brought the member, and what came of it.
fn referral(program: &Program) -> usize {
    let referrals = &program.document().referrals;
    let name = |id: &AuthorId| text(id).saturating_mul(2);
    let each = |it: &Referral| {
        let names = name(&it.id).saturating_add(name(&it.currency)).saturating_add(MEMBER * 2 + KEY * 3);
        names.saturating_add(it.funded_by.as_ref().map_or(0, name)).saturating_add(HEAD * 12 + NUMBER * 8)
    };
    let limited = referrals.iter().filter_map(|it| Some((&it.id, it.at_most?.window)));
    let times = limited.map(|(id, window)| slots(id, Slots::of(program, window)));
    referrals.iter().map(each).chain(times).fold(0, usize::saturating_add)
}

/// The longest voucher that a member may hold.
fn voucher(document: &Document) -> usize {
    let granted = document.grants.iter().filter_map(|grant| match &grant.give {
        Give::Voucher(id) => Some(id),
        _ => None,
    });
    let bought = document.rewards.iter().filter_map(|reward| reward.voucher.as_ref());
    let plain = granted.chain(bought).map(|id| gift(&Give::Voucher(id.clone())));
    let converted = document.conversions.iter();
    let converted = converted.map(|it| gift(&Give::Voucher(it.id.clone())).saturating_add(WIDE));
    plain.chain(converted).max().unwrap_or(0)
}

/// Vouchers, as many as a member may hold of the longest id, badges, and how often grants gave.
fn gifts(program: &Program) -> usize {
    let grants = &program.document().grants;
    let vouchers = voucher(program.document()).saturating_mul(MOST_VOUCHERS);
    let badges = program.document().badges.iter().map(|badge| gift(&Give::Badge(badge.id.clone())));
    let limited = grants.iter().filter_map(|it| Some((&it.id, it.at_most?.window)));
    let times = limited.map(|(id, window)| slots(id, Slots::of(program, window)));
    badges.chain(times).fold(vouchers, usize::saturating_add)
}
