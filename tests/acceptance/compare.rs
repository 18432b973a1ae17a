//! Members as the project printed them, beside those that another program computed.

use std::collections::BTreeMap;

/// A column of `members` and the name of the same in the expected results.
pub type Column = (&'static str, &'static str);

/// What the programs `g1`, `g1tight` and `g1cdnow` are compared by.
pub const G1: &[Column] =
    &[("earned", "total_points"), ("tier", "final_tier"), ("accruals", "number_of_accruals")];
/// What the program `g2` is compared by.
pub const G2: &[Column] =
    &[("earned", "points_earned"), ("clawed_back", "points_clawed_back"), ("balance", "balance")];

/// Fails unless both tables have the same members, in the same order, equal in every column.
pub fn assert_every_member_equal(printed: &str, expected: &str, columns: &[Column]) {
    let differences = differences(printed, expected, columns);
    assert!(
        differences.is_empty(),
        "{} members differ, the first of them:\n{}",
        differences.len(),
        differences[..differences.len().min(10)].join("\n")
    );
}

/// What differs, a line for each member.
pub fn differences(printed: &str, expected: &str, columns: &[Column]) -> Vec<String> {
    let (own, wanted): (Vec<_>, Vec<_>) = columns.iter().copied().unzip();
    let (own, wanted) = (rows(printed, "member", &own), rows(expected, "member_id", &wanted));
    assert!(!wanted.is_empty(), "nothing is expected, so nothing would be compared");
    let [by_own, by_wanted] = [&own, &wanted].map(|rows| rows.iter().cloned().collect::<BTreeMap<_, _>>());
    let mut differences = Vec::new();
    for (member, values) in &wanted {
        match by_own.get(member) {
            Some(found) if found == values => {}
            found => differences.push(format!("member {member}: {found:?} instead of {values:?}")),
        }
    }
    let extra = own.iter().filter(|(member, _)| !by_wanted.contains_key(member));
    differences.extend(extra.map(|(member, _)| format!("member {member}: not expected at all")));
    let same_order = own.iter().map(|row| &row.0).eq(wanted.iter().map(|row| &row.0));
    if differences.is_empty() && !same_order {
        differences.push("the members come in another order, or one comes twice".to_owned());
    }
    differences
}

/// Each member with the values of these columns, in the order of the table.
fn rows(table: &str, id: &str, columns: &[&str]) -> Vec<(String, Vec<String>)> {
    let mut table = csv::Reader::from_reader(table.as_bytes());
    let head = table.headers().expect("a line of column names").clone();
    let place =
        |name: &str| head.iter().position(|head| head == name).unwrap_or_else(|| panic!("no `{name}`"));
    let (id, columns) = (place(id), columns.iter().map(|name| place(name)).collect::<Vec<_>>());
    table
        .records()
        .map(|row| {
            let row = row.expect("a row of the table");
            (row[id].to_owned(), columns.iter().map(|place| row[*place].to_owned()).collect())
        })
        .collect()
}

#[test]
fn every_kind_of_difference_is_seen() {
    const COLUMNS: &[Column] = &[("earned", "total_points")];
    let expected = "member_id,total_points,note\n1,10,x\n2,20,x\n";
    let of = |rows: &str| differences(&format!("member,currency,earned\n{rows}"), expected, COLUMNS);
    assert_eq!(of("1,points,10\n2,points,20\n"), Vec::<String>::new());
    for wrong in [
        "1,points,10\n2,points,21\n",
        "1,points,10\n",
        "1,points,10\n2,points,20\n3,points,0\n",
        "2,points,20\n1,points,10\n",
        "1,points,10\n2,points,20\n2,points,20\n",
    ] {
        assert_eq!(of(wrong).len(), 1, "{wrong}");
    }
}
