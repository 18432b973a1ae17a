//! The small alphabets that programs and histories share, and numbers of a likely size.

use loyalty_core::id::AuthorId;
use loyalty_core::money::{Fixed, Quantity};
use loyalty_core::time::{MonthDay, Rolling, RollingStep, Span, Window};
use proptest::prelude::*;
use proptest::sample::select;

pub const STORES: &[&str] = &["north", "north-2", "south"];
pub const PARTNERS: &[&str] = &["air", "fuel"];
pub const CHANNELS: &[&str] = &["till", "web"];
pub const COUPONS: &[&str] = &["spring", "half"];
pub const SKUS: &[&str] = &["a", "ab", "b", "B"];
pub const BRANDS: &[&str] = &["acme", "apex"];
pub const TAGS: &[&str] = &["organic", "sale"];
pub const TENDERS: &[&str] = &["cash", "card", "gift"];
pub const UNITS: &[&str] = &["kg", "l"];
pub const COLOURS: &[&str] = &["red", "rose", "blue"];
pub const EVENTS: &[&str] = &["flown", "survey"];

/// The declared attributes: a text, a number and a flag.
pub const COLOUR: &str = "colour";
pub const MILES: &str = "miles";
pub const GIFT: &str = "gift";
/// The declared segments.
pub const SEGMENTS: &[&str] = &["students", "staff", "lapsed"];

/// The list of holidays of every program.
pub const HOLIDAYS: &str = "holidays";
/// An attribute that no program declares.
pub const UNDECLARED: &str = "shoe-size";

pub fn id(text: &str) -> AuthorId {
    AuthorId::new(text).expect("a name of the alphabet")
}

pub fn word(words: &'static [&'static str]) -> impl Strategy<Value = String> + Clone {
    select(words).prop_map(str::to_owned)
}

/// A category path, the widest first.
pub fn path() -> impl Strategy<Value = Vec<String>> {
    let paths: &[&[&str]] =
        &[&["food"], &["food", "fruit"], &["food", "fruit", "apple"], &["fuel"], &["fruit"]];
    select(paths).prop_map(|path| path.iter().map(|part| (*part).to_owned()).collect())
}

/// A decimal of at most `decimals` decimals between two whole numbers, often one of few.
pub fn decimal<const PLACES: u32>(from: i64, to: i64, decimals: u32) -> impl Strategy<Value = Fixed<PLACES>> {
    let one = 10_i128.pow(PLACES);
    let step = 10_i128.pow(PLACES - decimals.min(PLACES));
    let fine = (i128::from(from) * one / step..=i128::from(to) * one / step).prop_map(move |n| n * step);
    let coarse = (from..=to).prop_map(move |n| i128::from(n) * one);
    prop_oneof![fine, coarse].prop_map(Fixed::from_units)
}

/// Points above zero that are whole minor units of a currency.
pub fn points(most: i64, scale: u8) -> impl Strategy<Value = Quantity> {
    let step = 10_i128.pow(6 - u32::from(scale));
    decimal(0, most, u32::from(scale))
        .prop_map(move |it: Quantity| Quantity::from_units(it.units().max(step)))
}

pub fn window() -> impl Strategy<Value = Window> {
    select(vec![
        Window::Day,
        Window::Week,
        Window::Month,
        Window::Quarter,
        Window::Year,
        year_from("02-01"),
        year_from("11-05"),
        Window::QuarterFrom(start("02-01")),
        Window::QuarterFrom(start("11-30")),
        Window::AnniversaryYear,
        Window::Lifetime,
        rolling(|it| it.minutes = Some(90)),
        rolling(|it| it.hours = Some(36)),
        rolling(|it| it.days = Some(1)),
        rolling(|it| it.days = Some(7)),
        rolling(|it| it.months = Some(1)),
        rolling(|it| it.months = Some(5)),
        rolling(|it| (it.months, it.step) = (Some(5), Some(RollingStep::Day))),
    ])
}

fn rolling(length: impl FnOnce(&mut Rolling)) -> Window {
    let mut rolling = Rolling::default();
    length(&mut rolling);
    Window::Rolling(rolling)
}

/// A window that ends.
pub fn period() -> impl Strategy<Value = Window> {
    window().prop_filter("ends", |window| window.ends())
}

fn year_from(day: &str) -> Window {
    Window::YearFrom(start(day))
}

fn start(day: &str) -> MonthDay {
    MonthDay::parse(day).expect("a day of the year")
}

pub fn span() -> impl Strategy<Value = Span> {
    prop_oneof![
        (1_u16..=120).prop_map(Span::Days),
        (1_u16..=14).prop_map(Span::Months),
        (1_u16..=2).prop_map(Span::Years),
    ]
}
