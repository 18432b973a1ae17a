//! The contract of [`SharedCounters`].

use std::slice;

use super::fixture::{at_once, tenant};
use crate::id::{AuthorId, MemberId, OperationKey};
use crate::limits::shared::SharedCounter;
use crate::ports::SharedCounters;
use crate::ports::shared_counters::By;
use crate::program::document::Sharing;

fn counter(limit: &str, of: u8, counts: Sharing, (first, last): (i64, i64)) -> SharedCounter {
    SharedCounter { limit: AuthorId::new(limit).expect("an id"), counts, of: [of; 32], first, last }
}

fn member(name: &str) -> MemberId {
    MemberId::new(name).expect("an id")
}

fn key(name: &str) -> OperationKey {
    OperationKey::new(name).expect("a key")
}

/// Notes are counted from the first slot to the last, as activities and as members, without those who ask.
pub async fn others_are_counted_in_their_window<S: SharedCounters>(store: &S) {
    let of = tenant("window");
    let (anna, ben) = (member("anna"), member("ben"));
    for (who, name, slot) in [(&anna, "1", 7), (&anna, "2", 8), (&ben, "1", 8), (&ben, "2", 9)] {
        let key = key(name);
        let noted = counter("card", 1, Sharing::Activities, (slot - 2, slot));
        assert_eq!(store.note(&of, By { member: who, keys: slice::from_ref(&key) }, &[noted]).await, Ok(()));
    }
    let (one, new) = (key("1"), key("new"));
    let asked =
        |window| [Sharing::Activities, Sharing::Members].map(|counts| counter("card", 1, counts, window));
    let anew = By { member: &anna, keys: slice::from_ref(&new) };
    assert_eq!(store.others(&of, anew, &asked((7, 9))).await, Ok(vec![4, 1]));
    assert_eq!(store.others(&of, anew, &asked((8, 9))).await, Ok(vec![3, 1]));
    assert_eq!(store.others(&of, anew, &asked((10, 12))).await, Ok(vec![0, 0]));
    assert_eq!(
        store.others(&of, By { member: &anna, keys: slice::from_ref(&one) }, &asked((7, 9))).await,
        Ok(vec![3, 1])
    );
    let both = [key("1"), key("2")];
    assert_eq!(store.others(&of, By { member: &anna, keys: &both }, &asked((7, 9))).await, Ok(vec![2, 1]));
    let cora = member("cora");
    assert_eq!(
        store.others(&of, By { member: &cora, keys: slice::from_ref(&one) }, &asked((7, 9))).await,
        Ok(vec![4, 2])
    );
    assert_eq!(store.others(&of, anew, &[]).await, Ok(Vec::new()));
}

/// The same operation of the same member is one note; the same key of another member is another.
pub async fn an_operation_is_noted_once<S: SharedCounters>(store: &S) {
    let of = tenant("once");
    let (anna, ben, key) = (member("anna"), member("ben"), key("purchase/1"));
    let card = [counter("card", 1, Sharing::Activities, (1, 3))];
    for who in [&anna, &anna, &ben, &anna] {
        assert_eq!(store.note(&of, By { member: who, keys: slice::from_ref(&key) }, &card).await, Ok(()));
    }
    let cora = member("cora");
    assert_eq!(
        store.others(&of, By { member: &cora, keys: slice::from_ref(&key) }, &card).await,
        Ok(vec![2])
    );
}

/// Tenants, limits and texts don't see each other's notes.
pub async fn counters_are_apart<S: SharedCounters>(store: &S) {
    let (one, other) = (tenant("apart"), tenant("apart-2"));
    let (anna, ben, key) = (member("anna"), member("ben"), key("1"));
    let card = |limit, of| [counter(limit, of, Sharing::Activities, (1, 1))];
    assert_eq!(
        store.note(&one, By { member: &anna, keys: slice::from_ref(&key) }, &card("card", 1)).await,
        Ok(())
    );
    let by = By { member: &ben, keys: slice::from_ref(&key) };
    assert_eq!(store.others(&one, by, &card("card", 1)).await, Ok(vec![1]));
    assert_eq!(store.others(&one, by, &card("card", 2)).await, Ok(vec![0]));
    assert_eq!(store.others(&one, by, &card("device", 1)).await, Ok(vec![0]));
    assert_eq!(store.others(&other, by, &card("card", 1)).await, Ok(vec![0]));
}

/// Of many that note at once none is lost.
pub async fn many_note_at_once<S: SharedCounters>(store: &S) {
    let of = tenant("many");
    let members: Vec<_> = (0..64).map(|number| member(&format!("m{number}"))).collect();
    let (key, card) = (key("1"), [counter("card", 1, Sharing::Members, (1, 1))]);
    let notes =
        members.iter().map(|member| store.note(&of, By { member, keys: slice::from_ref(&key) }, &card));
    assert!(at_once(notes).await.iter().all(Result::is_ok));
    let asks = By { member: &members[0], keys: slice::from_ref(&key) };
    assert_eq!(store.others(&of, asks, &card).await, Ok(vec![63]));
}
