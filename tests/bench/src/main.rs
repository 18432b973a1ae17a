//! x
mod bulk;
mod harness;
mod purchases;
mod raw;
mod setup;
mod single;
use harness::Bench;
fn main() -> anyhow::Result<()> {
    let setup = setup::Setup::new(if std::env::args().any(|a| a == "--smoke") {setup::Scale::Smoke} else {setup::Scale::Full})?;
    let benches: [&Bench; 2] = [&bulk::BENCH, &single::BENCH];
    let mut out = vec![];
    for b in benches { if std::env::args().any(|a| a == b.name) { out.push(harness::run(b, &setup)?); } }
    println!("{}", harness::table::show(&out));
    Ok(())
}
