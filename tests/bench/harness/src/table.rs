//! The table that a run ends with.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use super::{Figure, Goal, Outcome, Role, Series, Verdict};

/// All figures, one line a side, then what each side is.
pub fn show(outcomes: &[Outcome<'_>]) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["bench", "side", "median", "lowest – highest", "of the peer", "goal", ""]);
    for outcome in outcomes {
        for (line, series) in outcome.series.iter().enumerate() {
            table.add_row(row(outcome, series, line == 0));
        }
        if outcome.series.iter().all(|series| series.role != Role::Own) {
            let name = if outcome.series.is_empty() { outcome.bench.name } else { "" };
            table.add_row([name, "loyalty", "–", "", "", &goal(outcome), "open"]);
        }
    }
    for column in 2..5 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!("{table}\n{}", notes(outcomes))
}

fn row(outcome: &Outcome<'_>, series: &Series, first: bool) -> [String; 7] {
    let figure = outcome.bench.figure;
    let low = series.figures.iter().copied().fold(f64::INFINITY, f64::min);
    let high = series.figures.iter().copied().fold(0.0, f64::max);
    let spread = format!("{} – {}", number(figure, low), number(figure, high));
    let own = series.role == Role::Own;
    let peer = outcome.series.iter().find(|series| series.role == Role::Peer);
    let ratio = peer.filter(|_| series.role != Role::Peer).map(|peer| series.ratio(peer));
    [
        if first { outcome.bench.name.to_owned() } else { String::new() },
        series.name.to_owned(),
        format!("{} {}", number(figure, series.median()), unit(figure)),
        if series.figures.len() > 1 { spread } else { String::new() },
        ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
        if own { goal(outcome) } else { String::new() },
        if own || outcome.verdict == Verdict::Unequal {
            mark(outcome.verdict).to_owned()
        } else {
            String::new()
        },
    ]
}

fn notes(outcomes: &[Outcome<'_>]) -> String {
    let mut text = String::new();
    for outcome in outcomes {
        text.push_str(&format!("\n{}: {}\n", outcome.bench.name, outcome.bench.what));
        for series in &outcome.series {
            text.push_str(&format!("  {}: {} [{}]\n", series.name, series.note, series.check));
        }
    }
    text
}

fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✓",
        Verdict::Fail => "✗",
        Verdict::Open => "open",
        Verdict::Equal => "equal",
        Verdict::Unequal => "✗ unequal",
    }
}

fn unit(figure: Figure) -> String {
    match figure {
        Figure::PerSecond(unit) => format!("{unit}/s"),
        Figure::MicrosEach(unit) => format!("µs/{unit}"),
        Figure::Bytes => "B".to_owned(),
    }
}

fn goal(outcome: &Outcome<'_>) -> String {
    match outcome.bench.goal {
        Goal::AtLeast(ratio) => format!("≥ {ratio}"),
        Goal::AtMost(ratio) => format!("≤ {ratio}"),
        Goal::Within(most) => format!("≤ {}", number(outcome.bench.figure, most)),
    }
}

fn number(figure: Figure, value: f64) -> String {
    match figure {
        Figure::MicrosEach(_) => format!("{value:.2}"),
        _ => grouped(value.round() as u64),
    }
}

/// Thousands apart: `1,048,576`.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_048_576), "1,048,576");
    }
}
