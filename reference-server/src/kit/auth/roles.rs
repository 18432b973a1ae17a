//! The roles that a token may name.

/// What somebody does in a loyalty program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Takes part; sees what is their own.
    Member,
    /// Records what happens in a shop.
    Till,
    /// Looks things up for members.
    Support,
    /// Writes and publishes programs.
    Author,
    /// Reads everything, changes nothing.
    Auditor,
    /// Runs the system.
    Operator,
}

impl Role {
    const ALL: [Self; 6] =
        [Self::Member, Self::Till, Self::Support, Self::Author, Self::Auditor, Self::Operator];

    /// The role's name in the claims `scope` and `roles`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Till => "till",
            Self::Support => "support",
            Self::Author => "author",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Roles(u8);

impl Roles {
    /// Whether one of these is among them.
    pub fn has_any(self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.has(*role))
    }

    /// Whether this is among them.
    pub const fn has(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }
}

impl<'a> FromIterator<&'a str> for Roles {
    /// Names that are no role are passed over: issuers put scopes of other services into the same claim.
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        let role = |name| Role::ALL.into_iter().find(|role| role.name() == name);
        Self(names.into_iter().filter_map(role).fold(0, |set, role| set | role.bit()))
    }
}
