//! What a member store may say.

use loyalty_core::activity::{Attribute, AttributeValue};
use loyalty_core::facts::{Birthday, Facts};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::subsequence;

use super::words::{COLOUR, COLOURS, GIFT, MILES, SEGMENTS, id, word};

/// Facts of a member, with some that no program declares or that do not fit their declaration.
pub fn facts() -> impl Strategy<Value = Facts> {
    let segments = subsequence([SEGMENTS, &["unheard-of"]].concat(), 0..=3);
    let colour = prop_oneof![
        3 => word(COLOURS).prop_map(AttributeValue::Text),
        1 => Just(AttributeValue::Flag(true)),
    ];
    let miles = prop_oneof![
        3 => (0_i64..1_000).prop_map(|miles| AttributeValue::Text(miles.to_string())),
        1 => Just(AttributeValue::Text("many".to_owned())),
    ];
    let gift = any::<bool>().prop_map(AttributeValue::Flag);
    let birthday = (1..=12, 1..=28, any::<bool>()).prop_map(|(month, day, told)| {
        let year = if told { "1984-" } else { "" };
        Birthday::parse(&format!("{year}{month:02}-{day:02}")).expect("a day of every year")
    });
    let attributes = (option::of(colour), option::of(miles), option::of(gift));
    (segments, attributes, option::weighted(0.8, birthday)).prop_map(|(segments, values, birthday)| {
        let (colour, miles, gift) = values;
        let named = [(COLOUR, colour), (GIFT, gift), (MILES, miles)].into_iter();
        let named =
            named.filter_map(|(name, value)| Some(Attribute { name: name.to_owned(), value: value? }));
        Facts { segments: segments.into_iter().map(id).collect(), attributes: named.collect(), birthday }
    })
}
