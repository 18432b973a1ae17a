//! Real zones for a few years, written by hand from their published rules.

use loyalty_core::time::Timestamp;
use loyalty_core::zone::Zone;

const HOUR: i32 = 3_600;

/// New York, 2016 to 2020. The rule of the United States: summer time from the second Sunday of March, 02:00
/// standard time (07:00 UTC), to the first Sunday of November, 02:00 summer time (06:00 UTC).
pub fn new_york() -> Zone {
    let summers = [
        ("2016-03-13", "2016-11-06"),
        ("2017-03-12", "2017-11-05"),
        ("2018-03-11", "2018-11-04"),
        ("2019-03-10", "2019-11-03"),
        ("2020-03-08", "2020-11-01"),
    ];
    let changes = summers
        .into_iter()
        .flat_map(|(starts, ends)| [(utc(starts, "07:00"), -4 * HOUR), (utc(ends, "06:00"), -5 * HOUR)]);
    Zone { name: "America/New_York".to_owned(), offset: Some(-5 * HOUR), changes: changes.collect() }
}

/// São Paulo, October 2016 to 2019. The rule of Brazil then: summer time from the third Sunday of October (2018:
/// first of November) at 00:00, which so became 01:00, to the third Sunday of February at 00:00, which became
/// 23:00 of the Saturday. It ended for good in 2019.
pub fn sao_paulo() -> Zone {
    let summers = [("2016-10-16", "2017-02-19"), ("2017-10-15", "2018-02-18"), ("2018-11-04", "2019-02-17")];
    let changes = summers
        .into_iter()
        .flat_map(|(starts, ends)| [(utc(starts, "03:00"), -2 * HOUR), (utc(ends, "02:00"), -3 * HOUR)]);
    Zone { name: "America/Sao_Paulo".to_owned(), offset: Some(-3 * HOUR), changes: changes.collect() }
}

fn utc(date: &str, time: &str) -> i64 {
    Timestamp::parse(&format!("{date}T{time}:00Z")).expect("a time of day").seconds()
}
