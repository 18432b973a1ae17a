//! json-rules-engine under Node: a rule with its event for each rule, run for each line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use loyalty_bench_harness::Measured;
use loyalty_bench_harness::setup::{Setup, in_repository};
use serde_json::{Value, json};

use crate::contest::{Contest, SAMPLE, few};
use crate::rules::Of;
use crate::zen::input;

pub const FROM_JSON: &str = "`JSON.parse`, then one run for each line, equalities before thresholds";
pub const PREPARED: &str = "one run for each line over facts made before";

/// What times the script over the baskets that it gets.
pub fn side(
    setup: &Setup,
    contest: &Rc<Contest>,
    from_json: bool,
) -> Result<impl FnMut() -> Result<Measured> + use<>> {
    let count = few(contest.rules.len()).min(contest.shop.baskets.len());
    let inputs: Vec<Value> = (0..count)
        .map(|basket| {
            if from_json {
                Value::String(contest.texts[basket].clone())
            } else {
                input(&contest.shop, basket)
            }
        })
        .collect();
    let rules: Vec<Value> = contest
        .rules
        .iter()
        .map(|rule| {
            let equal = match &rule.of {
                Of::Department(department) => json!({"department": department}),
                Of::Brand(department, brand) => json!({"department": department, "brand": brand}),
                Of::Commodity(department, commodity) => {
                    json!({"department": department, "commodity": commodity})
                }
                Of::Product(sku) => json!({"sku": sku}),
            };
            json!({"equal": equal, "least": rule.least as f64 / 100.0, "rate": rule.rate})
        })
        .collect();
    let task = setup.folder()?.join("task.json");
    let task_text = json!({"fromJson": from_json, "rules": rules, "inputs": inputs, "sample": SAMPLE});
    fs::write(&task, serde_json::to_vec(&task_text)?)?;
    let script = script()?;
    Ok(move || run(&script, &task, count))
}

fn script() -> Result<PathBuf> {
    let folder = in_repository("tests/bench-rules/node");
    ensure!(
        folder.join("node_modules/json-rules-engine").is_dir(),
        "json-rules-engine is not installed: run `npm install --prefix tests/bench-rules/node`"
    );
    Ok(folder.join("rate.mjs"))
}

fn run(script: &Path, task: &Path, count: usize) -> Result<Measured> {
    let output = Command::new("node").arg(script).arg(task).output().context("`node` cannot be started")?;
    ensure!(output.status.success(), "node: {}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout)?;
    let seconds = told["seconds"].as_f64().context("seconds")?;
    let (points, mixed) =
        (told["points"].as_i64().context("points")?, told["mixed"].as_i64().context("mixed")?);
    let check = format!("{points} points in {SAMPLE} baskets, by rule {mixed}");
    Ok(Measured::timed(count, Duration::from_secs_f64(seconds), check))
}
