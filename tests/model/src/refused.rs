//! Why something is not recorded.

/// Why an activity is not recorded. Nothing changes then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It happened before what is settled already.
    Late,
    /// It is in another money than the program's.
    NoRate,
    /// The purchase that comes back is not there.
    PurchaseNotFound,
    /// The purchase has no such line.
    LineNotFound,
    /// More comes back than is left.
    ReturnExceedsPurchase,
    /// Nothing is left that could come back.
    AlreadyReturned,
    /// The program wants returns to name their purchase.
    Unlinked,
    /// A limit against fraud refuses it.
    Limit,
    /// A line of a return does not say what comes back: unlinked, it needs sku and quantity.
    LineUnnamed,
    /// An event names lines and no purchase.
    LinesWithoutPurchase,
    /// Who is a member cannot join.
    AlreadyEnrolled,
    /// Who is no member yet has no birthday or anniversary.
    UnknownMember,
    /// Nobody has told the birthday.
    BirthdayUnknown,
    /// The day was before the member could have it.
    BeforeEnrolment,
    /// The day has not come.
    NotDueYet,
    /// The next of its kind has come.
    AlreadyOver,
    /// The member is frozen.
    Frozen,
    /// The member is closed.
    Closed,
}

impl Refused {
    /// The stable code of the refusal. The engine has none for `late`: it rates late activities.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::NoRate => "no_rate",
            Self::PurchaseNotFound => "purchase_not_found",
            Self::LineNotFound => "line_not_found",
            Self::ReturnExceedsPurchase => "return_exceeds_purchase",
            Self::AlreadyReturned => "already_returned",
            Self::Unlinked => "unlinked_return",
            Self::Limit => "limit_exceeded",
            Self::LineUnnamed => "return_line_unnamed",
            Self::LinesWithoutPurchase => "lines_without_purchase",
            Self::AlreadyEnrolled => "already_enrolled",
            Self::UnknownMember => "unknown_member",
            Self::BirthdayUnknown => "birthday_unknown",
            Self::BeforeEnrolment => "before_enrolment",
            Self::NotDueYet => "not_due_yet",
            Self::AlreadyOver => "already_over",
            Self::Frozen => "member_frozen",
            Self::Closed => "member_closed",
        }
    }
}
