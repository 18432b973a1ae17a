//! What the server is told: documented defaults, a file, the environment, the command line; the later wins.
//!
//! Everything is validated before anything starts, and all that is wrong is said at once.

mod settings;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use loyalty_core::problem::Problem;

use self::settings::{Given, gather};
use crate::kit::auth::{Expected, Keys};
use crate::secret::{self, Secret};

pub use self::settings::{SETTINGS, Setting};

/// A configuration that was validated.
#[derive(Debug)]
pub struct Config {
    /// The data folder.
    pub data: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The key of the chains as 64 hexadecimal digits; absent means the folder's own.
    pub chain_key: Option<Secret>,
    /// The key of the seals as 64 hexadecimal digits; absent means the folder's own.
    pub seal_key: Option<Secret>,
    /// How often the ledger is sealed; never where absent.
    pub seal_every: Option<Duration>,
    /// Whose tokens are accepted.
    pub auth: Auth,
    /// Whether tenants without a program get the demonstration's.
    pub demo: bool,
    /// How long a request may take.
    pub time_limit: Duration,
    /// How long requests may take to finish when the server stops.
    pub shutdown_limit: Duration,
    /// Which log lines are written.
    pub log: String,
    /// Variables that look like settings and are none.
    pub ignored: Vec<String>,
}

/// Whose tokens are accepted.
#[derive(Debug)]
pub enum Auth {
    /// Those of the issuer in this process, which gives everybody a token.
    Development(Expected),
    /// Those that one of these keys signed.
    Keys(Keys),
}

/// All that is wrong with a configuration.
#[derive(Debug)]
pub struct InvalidConfig(pub Vec<Problem>);

impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration cannot be used:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for InvalidConfig {}

/// What the command line says, by the names of settings.
pub type Overrides = Vec<(&'static str, String)>;

impl Config {
    /// Reads the configuration.
    ///
    /// `environment` is that of the process, given so that tests need not change theirs.
    ///
    /// Errors: all problems of all places together.
    pub fn read(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        overrides: Overrides,
    ) -> Result<Self, InvalidConfig> {
        let given = gather(file, environment, overrides)?;
        Self::validated(given)
    }

    fn validated(given: Given) -> Result<Self, InvalidConfig> {
        let mut reader = Reader { given: &given, problems: given.problems.clone() };
        let listen = reader.parsed("listen", "an address such as `127.0.0.1:8080`");
        let auth = reader.auth(listen);
        let chain_key = reader.key("chain_key");
        let seal_key = reader.key("seal_key");
        let seal_every = reader.parsed::<Minutes>("seal_minutes", "a number of minutes from 0 to 1440");
        let seconds = "a number of seconds from 1 to 3600";
        let time_limit = reader.parsed::<Seconds>("time_limit_seconds", seconds);
        let shutdown_limit = reader.parsed::<Seconds>("shutdown_limit_seconds", seconds);
        let demo = reader.parsed("demo", "`true` or `false`");
        let problems = reader.problems;
        let limits = time_limit.zip(shutdown_limit).zip(seal_every);
        let (Some(listen), Some(auth), Some(demo), Some(((time_limit, shutdown_limit), seal_every)), true) =
            (listen, auth, demo, limits, problems.is_empty())
        else {
            return Err(InvalidConfig(problems));
        };
        Ok(Self {
            data: PathBuf::from(given.get("data").unwrap_or_default()),
            listen,
            chain_key,
            seal_key,
            seal_every: seal_every.0,
            auth,
            demo,
            time_limit: time_limit.0,
            shutdown_limit: shutdown_limit.0,
            log: given.get("log").unwrap_or_default().to_owned(),
            ignored: given.ignored,
        })
    }
}

/// Reads values and remembers what is wrong with them.
struct Reader<'a> {
    given: &'a Given,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn wrong(&mut self, name: &str, message: String, help: impl Into<String>) {
        self.problems.push(Problem::new("invalid_setting", format!("/{name}"), message, help));
    }

    fn parsed<T: FromStr>(&mut self, name: &str, form: &str) -> Option<T> {
        let text = self.given.get(name)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.wrong(name, format!("`{text}` cannot be read"), format!("write {form}"));
        }
        parsed
    }

    fn key(&mut self, name: &str) -> Option<Secret> {
        let key = self.given.get(name)?;
        if secret::from_hex(key).is_none() {
            let help = "write 64 hexadecimal digits, such as `openssl rand -hex 32` gives";
            self.wrong(name, "it is no key of 32 bytes".to_owned(), help);
        }
        Some(Secret::new(key))
    }

    fn auth(&mut self, listen: Option<SocketAddr>) -> Option<Auth> {
        let audience = self.given.get("auth_audience").unwrap_or_default().to_owned();
        let issuer = self.given.get("auth_issuer").map(str::to_owned);
        let development = match self.given.get("development_issuer") {
            Some(_) => self.parsed("development_issuer", "`true` or `false`"),
            None => None,
        };
        match (self.given.get("auth_jwks"), issuer) {
            (Some(_), _) if development == Some(true) => {
                let message = "the development issuer cannot run beside other keys".to_owned();
                self.wrong("development_issuer", message, "leave it or `auth_jwks` out");
                None
            }
            (Some(_), None) => {
                let message = "the keys come without the issuer that signs with them".to_owned();
                self.wrong("auth_issuer", message, "give what tokens have as `iss`");
                None
            }
            (Some(jwks), Some(issuer)) => match Keys::read(jwks, &Expected { issuer, audience }) {
                Ok(keys) => Some(Auth::Keys(keys)),
                Err(error) => {
                    self.wrong("auth_jwks", error.to_string(), "give the issuer's JSON Web Key Set");
                    None
                }
            },
            (None, issuer) => {
                let local = listen.is_some_and(|listen| listen.ip().is_loopback());
                if development == Some(false) || (development.is_none() && !local && listen.is_some()) {
                    let message = "nobody's tokens would be accepted".to_owned();
                    let help = "give `auth_jwks` and `auth_issuer`; for development on this machine alone, \
                                listen on a loopback address";
                    self.wrong("auth_jwks", message, help);
                    return None;
                }
                let issuer = issuer.unwrap_or_else(|| "loyalty-development".to_owned());
                Some(Auth::Development(Expected { issuer, audience }))
            }
        }
    }
}

/// A length of time as settings write it.
struct Seconds(Duration);

impl FromStr for Seconds {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let seconds = text.parse().ok().filter(|seconds| (1..=3_600).contains(seconds));
        seconds.map(|seconds| Self(Duration::from_secs(seconds))).ok_or(())
    }
}

/// A number of minutes; none is never.
struct Minutes(Option<Duration>);

impl FromStr for Minutes {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let minutes: u64 = text.parse().ok().filter(|minutes| *minutes <= 1_440).ok_or(())?;
        Ok(Self((minutes > 0).then(|| Duration::from_secs(60 * minutes))))
    }
}

#[cfg(test)]
mod tests;
