//! The flights set: each row is a custom event `leg`. An aircraft stands in for a member.

use std::path::Path;

use loyalty_core::activity::{Activity, Attribute, CustomEvent, MemberActivity};
use loyalty_core::id::{ActivityId, AuthorId, MemberId};
use loyalty_core::money::Quantity;
use loyalty_core::time::OffsetTime;

use crate::table::{Error, Table};

const COLUMNS: [&str; 9] =
    ["leg_id", "aircraft", "scheduled_dep", "carrier", "flight", "origin", "dest", "distance_mi", "status"];

/// The legs of the set in `dir`, by scheduled departure, then number.
pub fn read(dir: &Path) -> Result<Vec<MemberActivity>, Error> {
    let mut table = Table::open(dir, "flight_legs.csv.gz", COLUMNS)?;
    let name = AuthorId::new("leg").expect("letters only");
    let mut legs = Vec::new();
    while let Some([id, aircraft, departure, carrier, flight, origin, dest, miles, status]) = table.row()? {
        let occurred_at = departure.read(OffsetTime::parse)?;
        miles.read(Quantity::parse)?;
        let miles = Attribute { name: "miles".to_owned(), ..miles.attribute() };
        let attributes = vec![
            carrier.attribute(),
            dest.attribute(),
            flight.attribute(),
            miles,
            origin.attribute(),
            status.attribute(),
        ];
        let activity = Activity::Event(CustomEvent {
            name: name.clone(),
            id: id.read(ActivityId::new)?,
            occurred_at,
            attributes,
        });
        let member = aircraft.read(MemberId::new)?;
        legs.push((occurred_at.at, id.number()?, MemberActivity { member, activity }));
    }
    legs.sort_by_key(|(at, number, _)| (*at, *number));
    Ok(legs.into_iter().map(|(_, _, leg)| leg).collect())
}
