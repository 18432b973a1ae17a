//! What follows from a condition: whether it implies another, excludes it, or can never hold.
//!
//! Every answer is safe: `true` is certain, `false` means that nothing is known. A kind of condition that these
//! pages do not know follows from itself only.

/// More members of one list than this are not compared with each other.
const MOST_COMPARED: usize = 64;

/// The shape of a condition.
#[derive(Debug)]
pub enum Form<'a, T> {
    /// Every one of these.
    All(&'a [T]),
    /// At least one of these.
    Any(&'a [T]),
    /// Not this.
    Not(&'a T),
    /// A test.
    Test,
}

/// Conditions whose tests can be compared.
pub trait Logic: PartialEq + Sized {
    /// Its shape.
    fn form(&self) -> Form<'_, Self>;

    /// Whether this test holds wherever the other does.
    fn test_implies(&self, other: &Self) -> bool;

    /// Whether these two tests never hold together.
    fn test_excludes(&self, other: &Self) -> bool;
}

/// Whether `wide` holds wherever `narrow` does.
pub fn implies<T: Logic>(narrow: &T, wide: &T) -> bool {
    if narrow == wide {
        return true;
    }
    let some = |list: &[T]| list.iter().any(|one| implies(one, wide));
    match (narrow.form(), wide.form()) {
        (_, Form::All(all)) => all.iter().all(|one| implies(narrow, one)),
        (Form::Any(any), _) => any.iter().all(|one| implies(one, wide)),
        (Form::All(all), Form::Any(any)) => some(all) || any.iter().any(|one| implies(narrow, one)),
        (Form::All(all), _) => some(all),
        (_, Form::Any(any)) => any.iter().any(|one| implies(narrow, one)),
        (Form::Not(less), Form::Not(more)) => implies(more, less),
        (_, Form::Not(other)) => excludes(narrow, other),
        (Form::Not(_), Form::Test) => false,
        (Form::Test, Form::Test) => narrow.test_implies(wide),
    }
}

/// Whether the two never hold together.
pub fn excludes<T: Logic>(one: &T, other: &T) -> bool {
    match (one.form(), other.form()) {
        (Form::Any(any), _) => any.iter().all(|it| excludes(it, other)),
        (_, Form::Any(any)) => any.iter().all(|it| excludes(one, it)),
        (Form::All(all), _) => all.iter().any(|it| excludes(it, other)),
        (_, Form::All(all)) => all.iter().any(|it| excludes(one, it)),
        (Form::Not(inner), Form::Not(_)) => implies(other, inner),
        (Form::Not(inner), Form::Test) => implies(other, inner),
        (Form::Test, Form::Not(inner)) => implies(one, inner),
        (Form::Test, Form::Test) => one.test_excludes(other) || other.test_excludes(one),
    }
}

/// Whether a condition can never hold, where `impossible` knows tests that cannot.
pub fn never<T: Logic>(condition: &T, impossible: &dyn Fn(&T) -> bool) -> bool {
    match condition.form() {
        Form::All(all) => all.iter().any(|one| never(one, impossible)) || clash(all).is_some(),
        Form::Any(any) => any.iter().all(|one| never(one, impossible)),
        Form::Not(inner) => always(inner, impossible),
        Form::Test => impossible(condition),
    }
}

/// Whether a condition holds whatever happens.
fn always<T: Logic>(condition: &T, impossible: &dyn Fn(&T) -> bool) -> bool {
    match condition.form() {
        Form::All(all) => all.iter().all(|one| always(one, impossible)),
        Form::Any(any) => any.iter().any(|one| always(one, impossible)),
        Form::Not(inner) => never(inner, impossible),
        Form::Test => false,
    }
}

/// Two members of a list that never hold together.
pub fn clash<T: Logic>(all: &[T]) -> Option<(usize, usize)> {
    let some = all.get(..MOST_COMPARED).unwrap_or(all);
    some.iter().enumerate().find_map(|(index, one)| {
        let earlier = some.iter().take(index).position(|other| excludes(one, other))?;
        Some((earlier, index))
    })
}
