//! Sides that do the same work, run in turn in one process, and what came of them.

pub mod setup;
pub mod table;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

use rustix::time::{ClockId, clock_gettime};

use crate::setup::{Scale, Setup};

/// How often each side runs; the median counts.
const ROUNDS: usize = 5;

/// One measurement: so much work in so much time.
pub struct Measured {
    /// Things done, or the amount itself where the figure is no speed.
    pub units: u64,
    /// Wall or thread CPU seconds, as the bench says; zero where the figure is no speed.
    pub seconds: f64,
    /// What was computed or kept. All sides must answer the same.
    pub check: String,
}

impl Measured {
    /// `units` things in `time`.
    pub fn timed(units: usize, time: Duration, check: String) -> Self {
        Self { units: units as u64, seconds: time.as_secs_f64(), check }
    }
}

/// What a side is compared as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The project's own.
    Own,
    /// What the goal compares it with.
    Peer,
    /// Shown beside the others.
    Beside,
}

/// One contestant.
pub struct Side {
    /// What it is called in the table.
    pub name: &'static str,
    /// What it is compared as.
    pub role: Role,
    /// Which documented fast path it takes, and what exactly is timed.
    pub note: &'static str,
    run: Box<dyn FnMut() -> Result<Measured>>,
}

impl Side {
    /// The project's own side.
    pub fn own(note: &'static str, run: impl FnMut() -> Result<Measured> + 'static) -> Self {
        Self { name: "loyalty", role: Role::Own, note, run: Box::new(run) }
    }

    /// What the goal compares with.
    pub fn peer(
        name: &'static str,
        note: &'static str,
        run: impl FnMut() -> Result<Measured> + 'static,
    ) -> Self {
        Self { name, role: Role::Peer, note, run: Box::new(run) }
    }

    /// Shown beside the others.
    pub fn beside(
        name: &'static str,
        note: &'static str,
        run: impl FnMut() -> Result<Measured> + 'static,
    ) -> Self {
        Self { name, role: Role::Beside, note, run: Box::new(run) }
    }
}

/// What is shown of a measurement.
#[derive(Clone, Copy)]
pub enum Figure {
    /// Units a second; the unit is named.
    PerSecond(&'static str),
    /// Microseconds for one unit.
    MicrosEach(&'static str),
    /// The amount in bytes.
    Bytes,
}

impl Figure {
    fn of(self, measured: &Measured) -> f64 {
        let units = measured.units as f64;
        match self {
            Self::PerSecond(_) => units / measured.seconds,
            Self::MicrosEach(_) => measured.seconds * 1e6 / units,
            Self::Bytes => units,
        }
    }
}

/// What has to hold for the median of the rounds.
#[derive(Clone, Copy)]
pub enum Goal {
    /// Own figure at least so many times the peer's.
    AtLeast(f64),
    /// Own figure at most this part of the peer's.
    AtMost(f64),
    /// Own figure at most this, whatever a peer does.
    Within(f64),
}

/// A named comparison.
pub struct Bench {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What all sides do.
    pub what: &'static str,
    /// What is shown of a measurement.
    pub figure: Figure,
    /// What has to hold.
    pub goal: Goal,
    /// Whether it is run on the public data sets, in full scale.
    pub real_data: bool,
    /// Makes its sides; what they share is prepared here, outside of the timing.
    pub sides: fn(&Setup) -> Result<Vec<Side>>,
}

/// What one side showed.
pub struct Series {
    /// The side's name.
    pub name: &'static str,
    /// What it was compared as.
    pub role: Role,
    /// What exactly was timed.
    pub note: &'static str,
    /// By round.
    pub figures: Vec<f64>,
    /// What was computed or kept.
    pub check: String,
}

impl Series {
    /// The median of the rounds.
    pub fn median(&self) -> f64 {
        median(self.figures.clone())
    }

    /// The median over the rounds of how this compares with `peer` in the same round: a machine that slows down
    /// for a while slows both.
    pub fn ratio(&self, peer: &Self) -> f64 {
        median(self.figures.iter().zip(&peer.figures).map(|(own, peer)| own / peer).collect())
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// How a bench ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The goal is met.
    Pass,
    /// It is not.
    Fail,
    /// There is no own side yet.
    Open,
    /// Nothing but equality was asked for, and it holds.
    Equal,
    /// Two sides disagree on what was computed.
    Unequal,
}

/// A finished bench.
pub struct Outcome<'a> {
    /// Which.
    pub bench: &'a Bench,
    /// Its sides.
    pub series: Vec<Series>,
    /// How it ended.
    pub verdict: Verdict,
}

/// The benches of these names; all of them where none is named.
pub fn chosen(all: &[&'static Bench], names: &[String]) -> Result<Vec<&'static Bench>> {
    let known: Vec<&str> = all.iter().map(|bench| bench.name).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("there is no bench `{unknown}`; name some of: {}", known.join(", "));
    }
    let named = |bench: &&&Bench| names.is_empty() || names.iter().any(|name| name == bench.name);
    Ok(all.iter().filter(named).copied().collect())
}

/// Runs these benches and prints the table of what came of them; whether all is as it should be.
pub fn run_all(benches: &[&'static Bench], setup: &Setup) -> bool {
    let (mut outcomes, mut good) = (Vec::new(), true);
    for bench in benches {
        match run(bench, setup) {
            Ok(outcome) => outcomes.push(outcome),
            Err(error) => {
                good = false;
                eprintln!("{error:#}");
            }
        }
    }
    if !outcomes.is_empty() {
        println!("{}", table::show(&outcomes));
    }
    good && outcomes.iter().all(|outcome| matches!(outcome.verdict, Verdict::Pass | Verdict::Equal))
}

/// Runs the sides of `bench` in turn, round after round.
pub fn run<'a>(bench: &'a Bench, setup: &Setup) -> Result<Outcome<'a>> {
    if bench.real_data && setup.scale == Scale::Full {
        setup.data().with_context(|| format!("`{}` cannot run", bench.name))?;
    }
    let mut sides = (bench.sides)(setup).with_context(|| format!("`{}` cannot be set up", bench.name))?;
    let mut series: Vec<Series> = sides
        .iter()
        .map(|s| Series {
            name: s.name,
            role: s.role,
            note: s.note,
            figures: Vec::new(),
            check: String::new(),
        })
        .collect();
    let rounds = rounds(setup.scale, sides.len());
    let progress = progress(bench.name, rounds * sides.len());
    for round in 0..rounds {
        for (side, series) in sides.iter_mut().zip(&mut series) {
            progress.set_message(side.name);
            let measured = (side.run)().with_context(|| format!("`{}` of `{}`", side.name, bench.name))?;
            if round > 0 && series.check != measured.check {
                bail!("`{}` answered `{}`, then `{}`", side.name, series.check, measured.check);
            }
            series.figures.push(bench.figure.of(&measured));
            series.check = measured.check;
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    Ok(judge(bench, series, setup.scale))
}

/// One round where there is nothing to alternate with: an amount does not vary as a speed does.
fn rounds(scale: Scale, sides: usize) -> usize {
    if scale == Scale::Smoke || sides < 2 { 1 } else { ROUNDS }
}

fn judge(bench: &Bench, series: Vec<Series>, scale: Scale) -> Outcome<'_> {
    let of = |role| series.iter().find(|series| series.role == role);
    let own = of(Role::Own);
    let ratio = own.zip(of(Role::Peer)).map(|(own, peer)| own.ratio(peer));
    let met = match bench.goal {
        Goal::AtLeast(least) => ratio.map(|ratio| ratio >= least),
        Goal::AtMost(most) => ratio.map(|ratio| ratio <= most),
        Goal::Within(most) => own.map(|own| own.median() <= most),
    };
    let equal = series.windows(2).all(|pair| pair[0].check == pair[1].check);
    let verdict = match (equal, scale, met) {
        (false, ..) => Verdict::Unequal,
        (_, Scale::Smoke, _) => Verdict::Equal,
        (_, _, Some(true)) => Verdict::Pass,
        (_, _, Some(false)) => Verdict::Fail,
        (_, _, None) => Verdict::Open,
    };
    Outcome { bench, series, verdict }
}

/// How long the processor worked for this thread.
pub fn cpu_time<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let now = || {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
    };
    let start = now();
    let answer = work();
    (now() - start, answer)
}

/// Drawn on standard error, and only on a terminal.
fn progress(name: &'static str, steps: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} {elapsed} {msg}");
    let bar = ProgressBar::new(steps as u64).with_prefix(name);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    const BENCH: Bench = Bench {
        name: "b",
        what: "",
        figure: Figure::PerSecond("x"),
        goal: Goal::AtLeast(3.0),
        real_data: false,
        sides: |_| Ok(vec![]),
    };

    fn series(role: Role, figures: &[f64], check: &str) -> Series {
        Series { name: "s", role, note: "", figures: figures.to_vec(), check: check.to_owned() }
    }

    fn verdict(bench: &Bench, series: Vec<Series>) -> Verdict {
        judge(bench, series, Scale::Full).verdict
    }

    #[test]
    fn a_goal_compares_round_by_round() {
        let peer = || series(Role::Peer, &[1.0, 2.0, 9.0], "a");
        // 3, 3.5 and 1 times the peer; the medians of the figures alone would say 3.5.
        assert_eq!(verdict(&BENCH, vec![peer(), series(Role::Own, &[3.0, 7.0, 9.0], "a")]), Verdict::Pass);
        assert_eq!(verdict(&BENCH, vec![peer(), series(Role::Own, &[2.9, 7.0, 9.0], "a")]), Verdict::Fail);
        let most = Bench { goal: Goal::AtMost(0.5), ..BENCH };
        assert_eq!(verdict(&most, vec![peer(), series(Role::Own, &[0.5, 0.9, 9.0], "a")]), Verdict::Pass);
        assert_eq!(verdict(&most, vec![peer(), series(Role::Own, &[0.6, 1.1, 0.1], "a")]), Verdict::Fail);
        let within = Bench { goal: Goal::Within(1024.0), ..BENCH };
        assert_eq!(verdict(&within, vec![series(Role::Own, &[1024.0], "a")]), Verdict::Pass);
        assert_eq!(verdict(&within, vec![series(Role::Own, &[1025.0], "a")]), Verdict::Fail);
    }

    #[test]
    fn sides_that_disagree_never_pass() {
        let sides = |check| vec![series(Role::Peer, &[1.0], "a"), series(Role::Own, &[9.0], check)];
        assert_eq!(verdict(&BENCH, sides("b")), Verdict::Unequal);
        assert_eq!(judge(&BENCH, sides("b"), Scale::Smoke).verdict, Verdict::Unequal);
        assert_eq!(judge(&BENCH, sides("a"), Scale::Smoke).verdict, Verdict::Equal);
    }

    #[test]
    fn without_an_own_side_nothing_is_met() {
        assert_eq!(verdict(&BENCH, vec![series(Role::Peer, &[1.0], "a")]), Verdict::Open);
    }

    #[test]
    fn benches_are_chosen_by_name() {
        static ALL: [&Bench; 2] = [&BENCH, &Bench { name: "c", ..BENCH }];
        let chosen = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            super::chosen(&ALL, &names).map(|benches| benches.iter().map(|b| b.name).collect::<Vec<_>>())
        };
        assert_eq!(chosen(&[]).unwrap(), ["b", "c"]);
        assert_eq!(chosen(&["c"]).unwrap(), ["c"]);
        assert!(chosen(&["b", "divide"]).is_err());
    }

    #[test]
    fn figures_are_speeds_times_or_amounts() {
        let measured = Measured { units: 500, seconds: 0.25, check: String::new() };
        assert_eq!(Figure::PerSecond("x").of(&measured), 2_000.0);
        assert_eq!(Figure::MicrosEach("x").of(&measured), 500.0);
        assert_eq!(Figure::Bytes.of(&measured), 500.0);
    }
}
