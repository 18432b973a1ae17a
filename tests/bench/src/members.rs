//! `members-stream`: how much memory it takes to print a million members.

use std::fs;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use loyalty_core::activity::Line;
use loyalty_core::money::Money;
use loyalty_core::time::OffsetTime;

use crate::harness::{Bench, Figure, Goal, Measured, Side};
use crate::own;
use crate::purchases::purchase;
use crate::setup::Setup;

pub const BENCH: Bench = Bench {
    name: "members-stream",
    what: "`members` over a million members with a purchase each; the most memory its process ever held",
    figure: Figure::Bytes,
    // Under 64 MiB.
    goal: Goal::Within(67_108_863.0),
    real_data: false,
    sides,
};

const OWN: &str = "`VmHWM` of the process, read again and again until its output ends; Linux only";

fn sides(setup: &Setup) -> Result<Vec<Side>> {
    let Some(server) = own::server()? else { return Ok(vec![]) };
    let count = setup.scale.pick(1_000, 1_000_000);
    let activities = setup.folder()?.join("members.jsonl");
    one_purchase_each(&activities, count)?;
    let data = setup.folder()?;
    own::import(&server, &activities, &data)?;
    fs::remove_file(activities)?;
    Ok(vec![Side::own(OWN, move || stream(&server, &data, count))])
}

fn one_purchase_each(path: &Path, count: usize) -> Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    let at = OffsetTime::parse("2017-01-01T12:00:00-05:00")?;
    let line = Line { gross: Some(Money::parse("12.34")?), ..Line::default() };
    for number in 1..=count {
        let number = number.to_string();
        serde_json::to_writer(&mut out, &purchase(&number, &number, at, vec![line.clone()])?)?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

fn stream(server: &Path, data: &Path, count: usize) -> Result<Measured> {
    let mut child = own::members(server, data).stdout(Stdio::piped()).spawn()?;
    let mut out = child.stdout.take().context("a piped output is there")?;
    let status = format!("/proc/{}/status", child.id());
    let (mut lines, mut most, mut buffer) = (0, 0, vec![0; 65_536]);
    loop {
        // Not the resources that waiting reports: those begin with what this process held when it forked.
        most = peak(&fs::read_to_string(&status).unwrap_or_default()).unwrap_or(most);
        let read = out.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        lines += buffer[..read].iter().filter(|byte| **byte == b'\n').count();
    }
    ensure!(child.wait()?.success(), "`members` has failed");
    ensure!(lines == count + 1, "`members` printed {lines} lines, a head and {count} members were expected");
    ensure!(most > 0, "`{status}` tells no peak of memory: this bench needs Linux");
    Ok(Measured { units: most, seconds: 0.0, check: format!("{count} members") })
}

/// The peak in bytes that a status page of a process names.
fn peak(status: &str) -> Option<u64> {
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(kibibytes.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::peak;

    #[test]
    fn the_peak_is_read_in_bytes() {
        assert_eq!(
            peak("Name:\tx\nVmPeak:\t  9000 kB\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n"),
            Some(2_097_152)
        );
        assert_eq!(peak("Name:\tx\nState:\tZ (zombie)\n"), None);
    }
}
