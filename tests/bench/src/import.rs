//! `import-grocery`: half a year of supermarket baskets, from files to every member's balance.

use std::fs;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::harness::{Bench, Figure, Goal, Measured, Side};
use crate::own;
use crate::purchases::{grocery, grocery_activities};
use crate::setup::{Scale, Setup, empty};

pub const BENCH: Bench = Bench {
    name: "import-grocery",
    what: "the grocery set, parsed and recorded, every member compared; wall time of the whole process",
    figure: Figure::PerSecond("baskets"),
    goal: Goal::AtLeast(5.0),
    real_data: true,
    sides,
};

const PEER: &str =
    "python3 reference_g1.py: standard library, exact decimals, nothing kept but the printed members";
const OWN: &str =
    "`import` of the converted set into the embedded store, durably; `members` says what is compared";

fn sides(setup: &Setup) -> Result<Vec<Side>> {
    let set = grocery(setup)?;
    let activities = grocery_activities(setup, &set)?;
    let baskets = BufReader::new(File::open(&activities)?).lines().count();
    let mut sides = Vec::new();
    match setup.data() {
        Ok(data) => {
            let reference = Reference {
                script: data.join("reference/reference_g1.py"),
                expected: (setup.scale == Scale::Full).then(|| data.join("expected_g1.csv")),
                out: setup.folder()?.join("members.csv"),
                set,
            };
            sides.push(Side::peer("reference_g1.py", PEER, move || reference.run(baskets)));
        }
        Err(error) => eprintln!("`{}` runs WITHOUT its peer, which lies with the data: {error}", BENCH.name),
    }
    if let Some(server) = own::server()? {
        let folder = setup.folder()?;
        sides.push(Side::own(OWN, move || record(&server, &activities, &folder, baskets)));
    }
    Ok(sides)
}

/// The published reference implementation.
struct Reference {
    script: PathBuf,
    set: PathBuf,
    expected: Option<PathBuf>,
    out: PathBuf,
}

impl Reference {
    fn run(&self, baskets: usize) -> Result<Measured> {
        let mut python = Command::new("python3");
        python.arg(&self.script).stdin(Stdio::null()).stdout(Stdio::null());
        for (name, file) in [("products", "products"), ("baskets", "baskets"), ("lines", "lines")] {
            python.arg(format!("--{name}")).arg(self.set.join(format!("grocery_{file}.csv.gz")));
        }
        python.arg("--out").arg(&self.out);
        let start = Instant::now();
        ensure!(python.status()?.success(), "`{}` has failed", self.script.display());
        let time = start.elapsed();
        let members = fs::read_to_string(&self.out)?;
        if let Some(expected) = &self.expected {
            ensure!(members == fs::read_to_string(expected)?, "this is not `{}`", expected.display());
        }
        let columns = ["member_id", "total_points", "final_tier", "number_of_accruals"];
        Ok(Measured::timed(baskets, time, check(&members, columns)?))
    }
}

fn record(server: &Path, activities: &Path, folder: &Path, baskets: usize) -> Result<Measured> {
    empty(folder)?;
    let start = Instant::now();
    own::import(server, activities, folder)?;
    let time = start.elapsed();
    let members = own::members(server, folder).stderr(Stdio::inherit()).output()?;
    ensure!(members.status.success(), "`members` has failed");
    let members = String::from_utf8(members.stdout)?;
    Ok(Measured::timed(baskets, time, check(&members, ["member", "earned", "tier", "accruals"])?))
}

/// How many members there are, and the hash of the four columns of each of them in the order given.
fn check(members: &str, columns: [&str; 4]) -> Result<String> {
    let mut table = csv::Reader::from_reader(members.as_bytes());
    let heads = table.headers()?.clone();
    let places = columns.map(|column| heads.iter().position(|head| head == column));
    let mut hash = blake3::Hasher::new();
    let mut count = 0;
    for row in table.records() {
        let row = row?;
        let cells = places.map(|place| place.and_then(|place| row.get(place)).unwrap_or_default());
        ensure!(cells.iter().all(|cell| !cell.is_empty()), "`{}` misses a column", row.as_slice());
        hash.update(cells.join(",").as_bytes()).update(b"\n");
        count += 1;
    }
    Ok(format!("{count} members, {}", &hash.finalize().to_hex()[..16]))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn members_are_compared_by_column() {
        let reference = "member_id,total_points,final_tier,number_of_accruals\n1,20,Bronze,2\n";
        let own = |points: u32| {
            format!(
                "member,currency,earned,clawed_back,balance,tier,accruals\n1,points,{points},0,20,Bronze,2\n"
            )
        };
        let columns = ["member", "earned", "tier", "accruals"];
        let same = ["member_id", "total_points", "final_tier", "number_of_accruals"];
        let expected = check(reference, same).unwrap();
        assert_eq!(check(&own(20), columns).unwrap(), expected);
        assert_ne!(check(&own(21), columns).unwrap(), expected);
        assert!(check(&own(20), same).is_err());
    }
}
