//! The project's own engine.

use std::sync::Arc;

use anyhow::{Result, anyhow, bail, ensure};
use loyalty_core::accrual::{Earned, Occasion, Subject, rate};
use loyalty_core::activity::{Activity, MemberActivity};
use loyalty_core::decision::prepared;
use loyalty_core::explain::NoTrace;
use loyalty_core::facts::{Facts, Who};
use loyalty_core::id::MemberId;
use loyalty_core::json::Limits;
use loyalty_core::member::MemberState;
use loyalty_core::money::Rounding;
use loyalty_core::program::Program;
use loyalty_core::zone::Zone;
use serde_json::{Value, json};

use crate::contest::{Contest, Engine};
use crate::rules::{Given, Of, Rule};
use crate::shop::money;

pub const FROM_JSON: &str =
    "a line of an import read into a typed activity, checked and rated, explanation off";
pub const PREPARED: &str = "a typed activity, checked and rated, explanation off";

struct Rates {
    program: Program,
    member: MemberId,
    state: MemberState,
}

impl Rates {
    fn new(contest: &Contest) -> Result<Self> {
        let document = serde_json::to_vec(&document(&contest.rules))?;
        let utc = |name: &str| Some(Zone { name: name.to_owned(), ..Zone::utc() });
        let program = Program::from_draft(&document, utc).map_err(|problems| anyhow!("{problems:?}"))?;
        let at = contest.shop.activities()?.first().map(|it| it.activity.occurred_at().at);
        let state = MemberState::enrolled(at.ok_or_else(|| anyhow!("no baskets"))?);
        Ok(Self { program, member: MemberId::new("1")?, state })
    }

    fn rate(&self, activity: &Arc<Activity>, given: &mut Vec<Given>) -> Result<()> {
        let activity = prepared(activity, &self.program).map_err(|problem| anyhow!("{problem:?}"))?;
        let date = self.program.date_of(activity.occurred_at());
        let (program, state, occasion) = (&self.program, &self.state, Occasion::Activity);
        let who = Who { member: &self.member, facts: &Facts::NONE };
        let (activity, late, readings) = (&activity, false, &[]);
        let subject = Subject { program, state, activity, who, date, late, occasion, readings };
        let rated = rate(program, &subject, &mut NoTrace).map_err(|problem| anyhow!("{problem:?}"))?;
        let Some(Earned { points, given: by_rule, .. }) = rated.earned.into_iter().next() else {
            return Ok(());
        };
        let mut sum = 0;
        for one in by_rule {
            let value = i64::try_from(one.value.round(Rounding::Floor))?;
            sum += value;
            given.push((one.rule.as_str()[1..].parse()?, value));
        }
        ensure!(sum == points.minor(), "the parts do not add up");
        Ok(())
    }
}

fn document(rules: &[Rule]) -> Value {
    let rule = |(number, rule): (usize, &Rule)| {
        let mut lines = match &rule.of {
            Of::Department(department) => vec![json!({"category": {"under": [department]}})],
            Of::Brand(department, brand) => {
                vec![json!({"category": {"under": [department]}}), json!({"brand": {"is": brand}})]
            }
            Of::Commodity(department, commodity) => {
                vec![json!({"category": {"under": [department, commodity]}})]
            }
            Of::Product(sku) => vec![json!({"sku": {"is": sku}})],
        };
        lines.push(json!({"value": {"basis": "net_of_store", "number": {"at_least": money(rule.least)}}}));
        json!({"rule": {
            "id": format!("r{number}"), "lines": {"all": lines}, "basis": "net_of_store",
            "rate": rule.rate.to_string(),
        }})
    };
    let members: Vec<Value> = rules.iter().enumerate().map(rule).collect();
    json!({
        "format": 1, "name": "Rules on what is sold", "money": "USD", "zone": {"name": "UTC"},
        "dates_by": "activity", "currencies": [{"id": "points", "scale": 2}],
        "earning": [{"currency": "points", "groups": [{"id": "all", "members": members}]}],
    })
}

/// From the text.
pub struct FromJson {
    rates: Rates,
    texts: Vec<String>,
}

impl FromJson {
    pub fn new(contest: &Contest) -> Result<Self> {
        Ok(Self { rates: Rates::new(contest)?, texts: contest.texts.clone() })
    }
}

impl Engine for FromJson {
    fn rate(&mut self, basket: usize, given: &mut Vec<Given>) -> Result<()> {
        const LIMITS: Limits = Limits { bytes: 1 << 20, depth: 64, problems: 10 };
        let Some(text) = self.texts.get(basket) else { bail!("no such basket") };
        let read = MemberActivity::read(text.as_bytes(), &LIMITS, &|_| false);
        let read = read.map_err(|problems| anyhow!("{problems:?}"))?;
        self.rates.rate(&Arc::new(read.activity), given)
    }
}

/// From a typed activity.
pub struct Prepared {
    rates: Rates,
    activities: Vec<Arc<Activity>>,
}

impl Prepared {
    pub fn new(contest: &Contest) -> Result<Self> {
        let activities = contest.shop.activities()?.into_iter().map(|it| Arc::new(it.activity)).collect();
        Ok(Self { rates: Rates::new(contest)?, activities })
    }
}

impl Engine for Prepared {
    fn rate(&mut self, basket: usize, given: &mut Vec<Given>) -> Result<()> {
        let Some(activity) = self.activities.get(basket) else { bail!("no such basket") };
        self.rates.rate(activity, given)
    }
}
