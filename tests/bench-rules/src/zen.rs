//! zen-engine: all rules in one decision table that is evaluated for each line and collects what fits.
//!
//! Its documented fast path: the decision is compiled once (`Decision::compile`), which also makes an index over the
//! equalities of the table, and evaluated without a trace. It gives the rule and the rate of each match; rate times
//! net is added outside, in its favour.

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::{Map, Value, json};
use zen_engine::Decision;
use zen_engine::model::GraphContent;
use zen_expression::Variable;

use crate::contest::{Contest, Engine};
use crate::hand::by_rule;
use crate::rules::{Given, Of, Rule};
use crate::shop::{Shop, money};

pub const FROM_JSON: &str =
    "the text read into a `Variable`, one compiled decision table in loop mode over its lines";
pub const PREPARED: &str = "the same table over a `Variable` made before, its net a number";

struct Table {
    decision: Decision,
    rates: Vec<i64>,
    nets: Vec<Vec<i64>>,
}

/// Where a line says what.
struct Fields {
    lines: &'static str,
    department: &'static str,
    commodity: &'static str,
    net: &'static str,
}

impl Table {
    fn new(contest: &Contest, fields: &Fields) -> Result<Self> {
        let content: GraphContent = serde_json::from_value(graph(&contest.rules, fields))?;
        let mut decision = Decision::from(content);
        decision.compile();
        let rates = contest.rules.iter().map(|rule| rule.rate).collect();
        let nets = contest.shop.baskets.iter().map(|basket| basket.iter().map(|line| line.net).collect());
        Ok(Self { decision, rates, nets: nets.collect() })
    }

    fn rate(&self, basket: usize, input: Variable, given: &mut Vec<Given>) -> Result<()> {
        let response =
            pollster::block_on(self.decision.evaluate(input)).map_err(|error| anyhow!("{error}"))?;
        let nets = self.nets.get(basket).context("a basket")?;
        let lines = response.result.as_array().context("a list for each line")?;
        for (line, net) in lines.borrow().iter().zip(nets) {
            let Some(hits) = line.as_array() else { continue };
            for hit in hits.borrow().iter() {
                let Some(Variable::Number(rule)) = hit.dot("rule") else {
                    bail!("a rule without its number")
                };
                let rule = u32::try_from(rule)?;
                given.push((rule, net * self.rates.get(rule as usize).context("a rule")?));
            }
        }
        by_rule(given);
        Ok(())
    }
}

fn graph(rules: &[Rule], fields: &Fields) -> Value {
    let input = |id: &str, field: &str| json!({"id": id, "name": id, "field": field});
    let row = |(number, rule): (usize, &Rule)| {
        let mut cells = Map::new();
        let mut cell = |id: &str, text: String| cells.insert(id.to_owned(), Value::String(text));
        match &rule.of {
            Of::Department(department) => {
                cell("d", quoted(department));
            }
            Of::Brand(department, brand) => {
                cell("d", quoted(department));
                cell("b", quoted(brand));
            }
            Of::Commodity(department, commodity) => {
                cell("d", quoted(department));
                cell("c", quoted(commodity));
            }
            Of::Product(sku) => {
                cell("s", quoted(sku));
            }
        }
        cell("n", format!(">= {}", money(rule.least)));
        cell("r", number.to_string());
        cell("_id", format!("r{number}"));
        Value::Object(cells)
    };
    json!({
        "nodes": [
            {"id": "in", "name": "in", "type": "inputNode", "content": {}},
            {"id": "table", "name": "table", "type": "decisionTableNode", "content": {
                "hitPolicy": "collect", "executionMode": "loop", "inputField": fields.lines, "passThrough": false,
                "inputs": [
                    input("d", fields.department), input("b", "brand"), input("c", fields.commodity),
                    input("s", "sku"), input("n", fields.net),
                ],
                "outputs": [{"id": "r", "name": "r", "field": "rule"}],
                "rules": rules.iter().enumerate().map(row).collect::<Vec<_>>(),
            }},
            {"id": "out", "name": "out", "type": "outputNode", "content": {}},
        ],
        "edges": [
            {"id": "1", "sourceId": "in", "targetId": "table"},
            {"id": "2", "sourceId": "table", "targetId": "out"},
        ],
    })
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// From the text.
pub struct FromJson {
    table: Table,
    texts: Vec<String>,
}

impl FromJson {
    pub fn new(contest: &Contest) -> Result<Self> {
        let fields = Fields {
            lines: "activity.purchase.lines",
            department: "category[0]",
            commodity: "category[1]",
            net: "number(net_of_store)",
        };
        Ok(Self { table: Table::new(contest, &fields)?, texts: contest.texts.clone() })
    }
}

impl Engine for FromJson {
    fn rate(&mut self, basket: usize, given: &mut Vec<Given>) -> Result<()> {
        let input: Variable = serde_json::from_str(self.texts.get(basket).context("a basket")?)?;
        self.table.rate(basket, input, given)
    }
}

/// From a `Variable` in the shape that suits the table.
pub struct Prepared {
    table: Table,
    inputs: Vec<Variable>,
}

impl Prepared {
    pub fn new(contest: &Contest) -> Result<Self> {
        let fields = Fields { lines: "lines", department: "department", commodity: "commodity", net: "net" };
        let inputs =
            (0..contest.shop.baskets.len()).map(|basket| Variable::from(input(&contest.shop, basket)));
        Ok(Self { table: Table::new(contest, &fields)?, inputs: inputs.collect() })
    }
}

impl Engine for Prepared {
    fn rate(&mut self, basket: usize, given: &mut Vec<Given>) -> Result<()> {
        // What evaluating writes into is a copy of the outermost level only.
        let input = self.inputs.get(basket).context("a basket")?.shallow_clone();
        self.table.rate(basket, input, given)
    }
}

/// The lines of a basket, flat, with numbers as numbers.
pub fn input(shop: &Shop, basket: usize) -> Value {
    let line = |bought: &crate::shop::Bought| {
        let product = &shop.products[bought.product];
        json!({
            "sku": product.sku, "department": product.department, "commodity": product.commodity,
            "brand": product.brand, "net": bought.net as f64 / 100.0,
        })
    };
    json!({"lines": shop.baskets[basket].iter().map(line).collect::<Vec<_>>()})
}
