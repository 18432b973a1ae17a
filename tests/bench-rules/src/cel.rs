//! cel: an expression for each rule, compiled before, that gives the nets of the lines that fit.

use anyhow::{Context as _, Result, anyhow, bail};
use cel::{Context, Program, Value};

use crate::contest::{Contest, Engine};
use crate::rules::{Given, Of, Rule};
use crate::zen::input;

pub const FROM_JSON: &str =
    "the text read and made a CEL value, one compiled `map` with a filter for each rule";
pub const PREPARED: &str = "the same expressions over a value made before";

struct Expressions(Vec<(Program, i64)>);

impl Expressions {
    fn new(rules: &[Rule], fields: &Fields) -> Result<Self> {
        let compiled = rules.iter().map(|rule| {
            let program = Program::compile(&expression(rule, fields)).map_err(|error| anyhow!("{error}"))?;
            Ok((program, rule.rate))
        });
        compiled.collect::<Result<_>>().map(Self)
    }

    fn rate(&self, lines: Value, given: &mut Vec<Given>) -> Result<()> {
        let mut context = Context::default();
        context.add_variable_from_value("lines", lines);
        for (number, (program, rate)) in (0..).zip(&self.0) {
            let Value::List(nets) = program.execute(&context).map_err(|error| anyhow!("{error}"))? else {
                bail!("no list of nets")
            };
            let mut points = 0;
            for net in nets.iter() {
                let Value::Float(net) = net else { bail!("no net") };
                points += (net * 100.0).round() as i64 * rate;
            }
            if !nets.is_empty() {
                given.push((number, points));
            }
        }
        Ok(())
    }
}

/// How a line says what.
struct Fields {
    department: &'static str,
    commodity: &'static str,
    net: &'static str,
}

fn expression(rule: &Rule, fields: &Fields) -> String {
    let is = |field: &str, text: &str| format!("l.{field} == \"{text}\"");
    let fits = match &rule.of {
        Of::Department(department) => is(fields.department, department),
        Of::Brand(department, brand) => {
            format!("{} && {}", is(fields.department, department), is("brand", brand))
        }
        Of::Commodity(department, commodity) => {
            format!("{} && {}", is(fields.department, department), is(fields.commodity, commodity))
        }
        Of::Product(sku) => is("sku", sku),
    };
    let (net, least) = (fields.net, rule.least as f64 / 100.0);
    format!("lines.map(l, {fits} && {net} >= {least:?}, {net})")
}

/// From the text.
pub struct FromJson {
    expressions: Expressions,
    texts: Vec<String>,
}

impl FromJson {
    pub fn new(contest: &Contest) -> Result<Self> {
        let fields =
            Fields { department: "category[0]", commodity: "category[1]", net: "double(l.net_of_store)" };
        Ok(Self { expressions: Expressions::new(&contest.rules, &fields)?, texts: contest.texts.clone() })
    }
}

impl Engine for FromJson {
    fn rate(&mut self, basket: usize, given: &mut Vec<Given>) -> Result<()> {
        let mut read: serde_json::Value = serde_json::from_str(self.texts.get(basket).context("a basket")?)?;
        let lines = read.pointer_mut("/activity/purchase/lines").context("lines")?.take();
        self.expressions.rate(cel::to_value(lines).map_err(|error| anyhow!("{error}"))?, given)
    }
}

/// From a value in the shape that suits the expressions.
pub struct Prepared {
    expressions: Expressions,
    inputs: Vec<Value>,
}

impl Prepared {
    pub fn new(contest: &Contest) -> Result<Self> {
        let fields = Fields { department: "department", commodity: "commodity", net: "l.net" };
        let inputs = (0..contest.shop.baskets.len()).map(|basket| {
            let mut lines = input(&contest.shop, basket);
            cel::to_value(lines["lines"].take()).map_err(|error| anyhow!("{error}"))
        });
        Ok(Self {
            expressions: Expressions::new(&contest.rules, &fields)?,
            inputs: inputs.collect::<Result<_>>()?,
        })
    }
}

impl Engine for Prepared {
    fn rate(&mut self, basket: usize, given: &mut Vec<Given>) -> Result<()> {
        self.expressions.rate(self.inputs.get(basket).context("a basket")?.clone(), given)
    }
}
