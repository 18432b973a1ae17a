//! The contract of [`ProgramStore`].

use super::fixture::{at_once, tenant};
use crate::ports::{ProgramStore, PublishedVersion};
use crate::program::VersionId;
use crate::time::Timestamp;

fn version(number: u32, document: &str) -> PublishedVersion {
    PublishedVersion {
        number,
        version: VersionId::of_canonical(document.as_bytes()),
        valid_from: Timestamp::from_seconds(i64::from(number) * 86_400),
        published_at: Timestamp::from_seconds(7),
        document: document.as_bytes().to_vec(),
    }
}

/// All versions of a tenant come back whole, ascending by number, and no other tenant's.
pub async fn versions_come_back_in_their_order<S: ProgramStore>(store: &S) {
    let (one, other) = (tenant("programs"), tenant("programs-2"));
    assert_eq!(store.versions(&one).await, Ok(Vec::new()));
    // Numbers whose bytes or digits would sort otherwise.
    let numbers = [300, 2, 10, 1, 256];
    for number in numbers {
        let document = format!("{{\"currencies\":[\"points\",\"miles\"],\"n\":{number}}}");
        assert_eq!(store.publish(&one, version(number, &document)).await, Ok(true));
    }
    assert_eq!(store.publish(&other, version(1, "{}")).await, Ok(true));
    let found = store.versions(&one).await.expect("versions");
    assert_eq!(found.iter().map(|v| v.number).collect::<Vec<_>>(), [1, 2, 10, 256, 300]);
    let document = "{\"currencies\":[\"points\",\"miles\"],\"n\":10}";
    assert_eq!(found[2], version(10, document));
    assert_eq!(store.versions(&other).await, Ok(vec![version(1, "{}")]));
}

/// A number is taken once, and what took it stays.
pub async fn a_number_is_taken_once<S: ProgramStore>(store: &S) {
    let of = tenant("number");
    assert_eq!(store.publish(&of, version(1, "first")).await, Ok(true));
    assert_eq!(store.publish(&of, version(1, "second")).await, Ok(false));
    assert_eq!(store.versions(&of).await, Ok(vec![version(1, "first")]));
}

/// Of many that publish one number at once exactly one does.
pub async fn one_of_many_publishes<S: ProgramStore>(store: &S) {
    let of = tenant("publishers");
    let versions: Vec<_> = (0..64).map(|n| version(1, &n.to_string())).collect();
    let answers = at_once(versions.iter().map(|version| store.publish(&of, version.clone()))).await;
    let winners: Vec<_> = versions.iter().zip(answers).filter(|(_, answer)| *answer == Ok(true)).collect();
    let [(winner, _)] = winners[..] else { panic!("{} published", winners.len()) };
    assert_eq!(store.versions(&of).await, Ok(vec![winner.clone()]));
}
