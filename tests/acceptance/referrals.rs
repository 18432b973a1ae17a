//! An import of what members do who were brought by others: those get their points as well, also where the import has to
//! be run again.

use std::time::{SystemTime, UNIX_EPOCH};

use loyalty_core::command::Command;
use loyalty_core::id::{MemberId, TenantId};
use loyalty_core::referral::NameReferrer;
use loyalty_core::time::Timestamp;
use pollster::block_on;
use reference_server::data_dir::DataDir;

use crate::ledger::Ledger;

fn line(member: usize, activity: &str) -> String {
    format!(r#"{{"member":"{member}","activity":{activity}}}"#)
}

#[test]
fn who_brings_members_gets_points_by_their_imports() {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let now = Timestamp::from_seconds(since.as_secs() as i64);
    let ledger = Ledger::for_program("referrals");
    let members: Vec<usize> = (1..=40).collect();
    let joins = |member: &usize| line(*member, &format!(r#"{{"enrol":{{"occurred_at":"{now}"}}}}"#));
    let joins = members.iter().map(joins).collect::<Vec<_>>().join("\n");
    assert_eq!(ledger.import(&joins).counts(), [40, 0, 0]);
    let data = DataDir::open_with(&ledger.file("data"), None, false).expect("opened");
    let (tenant, id) =
        (TenantId::new("main").unwrap(), |member: usize| MemberId::new(&member.to_string()).unwrap());
    // Each even member was brought by the one before.
    for member in members.iter().filter(|member| member.is_multiple_of(2)) {
        let command = Command::NameReferrer(std::sync::Arc::new(NameReferrer { referrer: id(member - 1) }));
        block_on(data.engine.execute(&tenant, &id(*member), command, now)).expect("named");
    }
    data.close().expect("closed");
    let buys = |member: &usize| {
        let purchase =
            format!(r#"{{"purchase":{{"id":"1","occurred_at":"{now}","lines":[{{"gross":"30"}}]}}}}"#);
        line(*member, &purchase)
    };
    let buys = members.iter().map(buys).collect::<Vec<_>>().join("\n");
    assert_eq!(ledger.import(&buys).counts(), [40, 0, 0]);
    let expected = ledger.members();
    // 30 points for the purchase, 500 for bringing, 250 for being brought.
    let balance = |member: usize| if member.is_multiple_of(2) { "280" } else { "530" };
    for member in &members {
        let row = expected.lines().find(|row| row.starts_with(&format!("{member},"))).expect("a row");
        assert_eq!(row.split(',').nth(4), Some(balance(*member)), "{row}");
    }
    assert_eq!(ledger.import(&buys).counts(), [0, 40, 0]);
    assert_eq!(ledger.members(), expected, "once");
    ledger.printed("verify", &[]);
}
