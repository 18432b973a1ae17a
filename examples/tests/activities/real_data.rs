//! Counts and exact sums of the output against published check figures of the data, which were counted in the
//! source files by other programs than this one.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};

use loyalty_core::money::Money;
use loyalty_core::time::Timestamp;
use serde_json::Value;

use super::activities;

/// The folder with the whole sets; `None`, said aloud, where there is none.
fn data() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let dir = std::env::var_os("LOYALTY_DATA_DIR").map_or_else(|| root.join("../shared/data"), PathBuf::from);
    if dir.is_dir() {
        return Some(dir);
    }
    // Not by `eprintln!`, which a passing test would swallow.
    let notice = "LEFT OUT: the converter on the whole real data; set LOYALTY_DATA_DIR to its folder\n";
    stderr().write_all(notice.as_bytes()).expect("standard error");
    None
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("`{name}` is no text in {value}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Ten thousandths.
fn money(text: &str) -> i128 {
    Money::parse(text).expect("money").units()
}

fn whole(value: &Value, name: &str) -> i128 {
    text(value, name).parse().expect("a whole number")
}

/// Whose it is, of what kind, and what happened.
fn parts(activity: &Value) -> (&str, &str, &Value) {
    let kinds = activity["activity"].as_object().expect("an activity");
    let (kind, inner) = kinds.iter().next().expect("a kind");
    (text(activity, "member"), kind, inner)
}

/// Asserts that instants ascend, and at one instant what `rank` gives.
fn assert_ordered<R: Ord>(activities: &[Value], rank: impl Fn(&str, &Value) -> R) {
    let keys: Vec<(Timestamp, R)> = activities
        .iter()
        .map(|activity| {
            let (_, kind, inner) = parts(activity);
            (Timestamp::parse(text(inner, "occurred_at")).expect("an instant"), rank(kind, inner))
        })
        .collect();
    assert!(keys.windows(2).all(|pair| pair[0] < pair[1]));
}

fn number(inner: &Value) -> u64 {
    text(inner, "id").trim_start_matches('C').parse().expect("a number")
}

/// Instants of the first and last activity, as written.
fn span(activities: &[Value]) -> (&str, &str) {
    let at = |activity| text(parts(activity).2, "occurred_at");
    (at(&activities[0]), at(&activities[activities.len() - 1]))
}

/// Sums and counts by name.
#[derive(Default)]
struct Tally {
    sums: BTreeMap<&'static str, i128>,
    counts: BTreeMap<&'static str, u64>,
    members: BTreeSet<String>,
    stores: BTreeSet<String>,
    largest_net: i128,
}

impl Tally {
    fn of_grocery(activities: &[Value]) -> Self {
        let mut tally = Self::default();
        for activity in activities {
            let (member, _, purchase) = parts(activity);
            tally.members.insert(member.to_owned());
            tally.stores.insert(text(purchase, "store").to_owned());
            let net = list(&purchase["lines"]).iter().map(|line| tally.line(line)).sum();
            tally.largest_net = tally.largest_net.max(net);
            tally.count("net_not_positive", net <= 0);
            let at = text(purchase, "occurred_at");
            let utc = Timestamp::parse(at).expect("an instant").to_string();
            tally.count("other_date_in_utc", at[..10] != utc[..10]);
        }
        tally
    }

    /// Takes a line in and gives what was paid for it.
    fn line(&mut self, line: &Value) -> i128 {
        let sales = money(text(line, "net_of_store"));
        let [retail, coupon, coupon_match] = discounts(line);
        let net = sales - coupon;
        let amounts = [
            ("sales_value", sales),
            ("retail_disc", retail),
            ("coupon_disc", coupon),
            ("coupon_match_disc", coupon_match),
            ("net", net),
        ];
        for (name, amount) in amounts {
            self.add(name, amount);
        }
        self.count("lines", true);
        self.count("coupon_lines", coupon != 0);
        self.count("neg_net_lines", net < 0);
        self.count("qty0", text(line, "quantity") == "0");
        self.count("zero_sales_lines", sales == 0);
        self.department(line["category"][0].as_str(), sales, net);
        net
    }

    fn department(&mut self, name: Option<&str>, sales: i128, net: i128) {
        match name {
            Some("PRODUCE") => {
                self.count("produce_lines", true);
                self.add("produce_net", net);
            }
            Some("DRUG GM") => {
                self.count("drug_gm_lines", true);
                self.add("drug_gm_sales", sales);
            }
            Some("FUEL") => {
                self.count("fuel_lines", true);
                self.add("fuel_sales", sales);
            }
            Some("SPIRITS") => self.count("spirits_lines", true),
            Some(_) => {}
            None => self.count("no_catalogue", true),
        }
    }

    fn add(&mut self, name: &'static str, amount: i128) {
        *self.sums.entry(name).or_default() += amount;
    }

    fn count(&mut self, name: &'static str, yes: bool) {
        *self.counts.entry(name).or_default() += u64::from(yes);
    }

    fn assert(&self, sums: &[(&'static str, &str)], counts: &[(&'static str, u64)]) {
        for (name, sum) in sums {
            assert_eq!(self.sums.get(name), Some(&money(sum)), "{name}");
        }
        for (name, count) in counts {
            assert_eq!(self.counts.get(name), Some(count), "{name}");
        }
    }
}

/// Loyalty price, coupon of the maker, the store's match of it: a store discount after a maker's is the match.
fn discounts(line: &Value) -> [i128; 3] {
    let mut found = [0; 3];
    for discount in list(&line["discounts"]) {
        let place = match text(discount, "funder") {
            "manufacturer" => 1,
            "store" if found[1] == 0 => 0,
            "store" => 2,
            other => panic!("funder `{other}`"),
        };
        found[place] += money(text(discount, "amount"));
    }
    found
}

#[test]
fn the_grocery_sample() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/grocery");
    let activities = activities("grocery", &dir);
    let tally = Tally::of_grocery(&activities);
    assert_eq!((activities.len(), tally.members.len()), (8_459, 293));
    assert_ordered(&activities, |_, purchase| number(purchase));
    assert_eq!(span(&activities), ("2017-01-01T10:02:12-05:00", "2017-06-30T22:43:43-04:00"));
    let sums = [
        ("sales_value", "284060.69"),
        ("retail_disc", "47871.90"),
        ("coupon_disc", "1390.57"),
        ("coupon_match_disc", "207.16"),
        ("produce_net", "19032.36"),
    ];
    tally.assert(&sums, &[("lines", 87_781), ("no_catalogue", 228), ("qty0", 417)]);
    for expected in ["expected_g1.csv", "expected_g1tight.csv"] {
        let rows = std::fs::read_to_string(dir.join(expected)).expect("expected results");
        let members = rows.lines().skip(1).filter_map(|row| row.split(',').next()).map(str::to_owned);
        assert_eq!(members.collect::<BTreeSet<_>>(), tally.members, "{expected}");
    }
}

#[test]
fn the_grocery_set() {
    let Some(dir) = data() else { return };
    let activities = activities("grocery", &dir);
    let tally = Tally::of_grocery(&activities);
    assert_eq!((activities.len(), tally.members.len(), tally.stores.len()), (35_896, 1_172, 252));
    assert_ordered(&activities, |_, purchase| number(purchase));
    assert_eq!(span(&activities), ("2017-01-01T07:30:27-05:00", "2017-06-30T23:50:37-04:00"));
    assert_eq!(tally.largest_net, money("545.17"));
    let sums = [
        ("sales_value", "1096052.56"),
        ("coupon_disc", "5682.40"),
        ("coupon_match_disc", "1000.13"),
        ("retail_disc", "191092.52"),
        ("net", "1090370.16"),
        ("produce_net", "78920.99"),
        ("drug_gm_sales", "139316.24"),
        ("fuel_sales", "74878.94"),
    ];
    let counts = [
        ("lines", 351_482),
        ("coupon_lines", 4_838),
        ("drug_gm_lines", 37_260),
        ("fuel_lines", 2_969),
        ("neg_net_lines", 758),
        ("no_catalogue", 1_005),
        ("produce_lines", 36_853),
        ("qty0", 1_868),
        ("spirits_lines", 273),
        ("zero_sales_lines", 2_437),
        ("net_not_positive", 122),
        ("other_date_in_utc", 6_808),
    ];
    tally.assert(&sums, &counts);
}

#[test]
fn the_cdnow_set() {
    let Some(dir) = data() else { return };
    let activities = activities("cdnow", &dir);
    assert_ordered(&activities, |_, purchase| number(purchase));
    assert_eq!(span(&activities), ("1997-01-01T00:00:00Z", "1998-06-30T00:00:00Z"));
    let (mut members, mut amount, mut units, mut zero) = (BTreeSet::new(), 0, 0, 0);
    for activity in &activities {
        let (member, _, purchase) = parts(activity);
        let [line] = list(&purchase["lines"]) else { panic!("one line: {purchase}") };
        members.insert(member);
        amount += money(text(line, "gross"));
        units += whole(line, "quantity");
        zero += u32::from(money(text(line, "gross")) == 0);
    }
    assert_eq!((activities.len(), members.len()), (34_622, 11_753));
    assert_eq!((amount, units, zero), (money("1249083.48"), 83_892, 47));
}

#[test]
fn the_retail_set() {
    let Some(dir) = data() else { return };
    let activities = activities("retail", &dir);
    assert_ordered(&activities, |kind, invoice| (kind == "return", number(invoice)));
    assert_eq!(span(&activities), ("2010-12-01T08:26:00Z", "2011-08-31T17:45:00+01:00"));
    let (mut members, mut sold, mut cancelled, mut value) = (BTreeSet::new(), [0; 3], [0; 3], 0);
    for activity in &activities {
        let (member, kind, invoice) = parts(activity);
        members.insert(member);
        let tally = if kind == "purchase" { &mut sold } else { &mut cancelled };
        tally[0] += 1;
        for line in list(&invoice["lines"]) {
            tally[1] += 1;
            tally[2] += whole(line, "quantity");
            if kind == "purchase" {
                value += whole(line, "quantity") * money(text(line, "unit_price"));
            }
        }
    }
    // Invoices, lines, units: 7,125 invoices in all, none of two members.
    assert_eq!((sold, cancelled), ([5_893, 120_701, 1_663_461], [1_232, 3_009, 102_181]));
    assert_eq!((members.len(), value), (1_688, money("2746964.351")));
}

#[test]
fn the_flights_set() {
    let Some(dir) = data() else { return };
    let activities = activities("flights", &dir);
    assert_ordered(&activities, |kind, leg| (number(leg), kind == "event"));
    let (mut aircraft, mut miles, mut flown, mut credited) = (BTreeSet::new(), 0, 0, 0);
    let mut statuses: BTreeMap<&str, u32> = BTreeMap::new();
    for both in activities.chunks(2) {
        let [(member, _, leg), (same, _, event)] = [parts(&both[0]), parts(&both[1])];
        assert_eq!((member, &leg["id"], &leg["occurred_at"]), (same, &event["of"], &event["occurred_at"]));
        aircraft.insert(member);
        let distance = whole(&leg["lines"][0]["attributes"], "miles");
        let status = text(event, "name");
        *statuses.entry(status).or_default() += 1;
        miles += distance;
        if status == "flown" {
            flown += distance;
            credited += distance.max(500);
        }
    }
    assert_eq!((activities.len(), aircraft.len()), (2 * 39_664, 1_782));
    assert_eq!((miles, flown, credited), (40_134_726, 39_379_102, 41_450_461));
    assert_eq!(statuses, BTreeMap::from([("flown", 38_659), ("cancelled", 890), ("diverted", 115)]));
}
