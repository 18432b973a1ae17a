//! The settings there are, and gathering what is given for them.

use std::collections::HashMap;
use std::path::Path;

use config::{ConfigBuilder, File, FileFormat, builder::DefaultState};
use loyalty_core::problem::Problem;

use super::{InvalidConfig, Overrides};

/// What all variables begin with.
const PREFIX: &str = "LOYALTY_";

/// Something that the server can be told.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name in a file; in the environment in capitals after `LOYALTY_`.
    pub name: &'static str,
    /// What holds where nobody says otherwise.
    pub default: Option<&'static str>,
    /// What it is for.
    pub about: &'static str,
    /// Whether it is never shown, and may be named as a file by a variable that ends in `_FILE`.
    pub secret: bool,
}

/// All settings.
pub const SETTINGS: &[Setting] = &[
    plain("data", Some("./data"), "the folder of the ledger and of keys made here"),
    plain("listen", Some("127.0.0.1:8080"), "the address to listen on"),
    secret(
        "chain_key",
        "64 hexadecimal digits under which chains are hashed; absent: made in the data folder",
    ),
    secret("seal_key", "64 hexadecimal digits by which seals are signed; absent: made in the data folder"),
    plain("seal_minutes", Some("60"), "how often the ledger is sealed, and when the server stops; `0` never"),
    secret("auth_jwks", "the JSON Web Key Set whose signatures are accepted; absent: the development issuer"),
    plain("auth_issuer", None, "what tokens must have as `iss`"),
    plain("auth_audience", Some("loyalty"), "what tokens must have in `aud`"),
    plain("development_issuer", None, "`true` gives tokens to everybody who can reach the address"),
    plain("demo", Some("false"), "`true` publishes the demonstration's program where there is none"),
    plain("time_limit_seconds", Some("30"), "how long a request may take"),
    plain("shutdown_limit_seconds", Some("30"), "how long requests may take to finish at the end"),
    plain(
        "log",
        Some("info"),
        "which log lines are written, such as `info` or `warn,reference_server=debug`",
    ),
];

const fn plain(name: &'static str, default: Option<&'static str>, about: &'static str) -> Setting {
    Setting { name, default, about, secret: false }
}

const fn secret(name: &'static str, about: &'static str) -> Setting {
    Setting { name, default: None, about, secret: true }
}

/// What is given for the settings.
pub(super) struct Given {
    values: HashMap<String, String>,
    pub(super) problems: Vec<Problem>,
    pub(super) ignored: Vec<String>,
}

impl Given {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }
}

/// Lays defaults, file, environment and command line over each other.
pub(super) fn gather(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    overrides: Overrides,
) -> Result<Given, InvalidConfig> {
    let mut problems = Vec::new();
    let (variables, ignored) = of_environment(environment, &mut problems);
    let values = layered(file, variables, overrides).map_err(|error| {
        let help = "a file holds lines such as `listen = \"127.0.0.1:8080\"`";
        InvalidConfig(vec![Problem::new("invalid_setting", "", error.to_string(), help)])
    })?;
    let names: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
    for name in values.keys().filter(|name| !names.contains(&name.as_str())) {
        let message = format!("there is no setting `{name}`");
        let help = format!("there are `{}`", names.join("`, `"));
        problems.push(Problem::new("unknown_setting", format!("/{name}"), message, help));
    }
    problems.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Given { values, problems, ignored })
}

fn layered(
    file: Option<&Path>,
    variables: Vec<(&'static str, String)>,
    overrides: Overrides,
) -> Result<HashMap<String, String>, config::ConfigError> {
    let mut builder = ConfigBuilder::<DefaultState>::default();
    for setting in SETTINGS {
        if let Some(default) = setting.default {
            builder = builder.set_default(setting.name, default)?;
        }
    }
    if let Some(file) = file {
        builder = builder.add_source(File::from(file).format(FileFormat::Toml));
    }
    for (name, value) in variables.into_iter().chain(overrides) {
        builder = builder.set_override(name, value)?;
    }
    builder.build()?.try_deserialize()
}

/// What variables say, and those that begin like a setting's and are none.
fn of_environment(
    environment: impl IntoIterator<Item = (String, String)>,
    problems: &mut Vec<Problem>,
) -> (Vec<(&'static str, String)>, Vec<String>) {
    let mut variables = Vec::new();
    let mut ignored = Vec::new();
    for (variable, value) in environment {
        let Some(rest) = variable.strip_prefix(PREFIX) else { continue };
        let (stem, is_file) = match rest.strip_suffix("_FILE") {
            Some(stem) => (stem, true),
            None => (rest, false),
        };
        let wanted = stem.to_ascii_lowercase();
        match SETTINGS.iter().find(|s| s.name == wanted && (s.secret || !is_file)) {
            Some(setting) if is_file => match std::fs::read_to_string(&value) {
                Ok(text) => variables.push((setting.name, text.trim().to_owned())),
                Err(error) => {
                    let message = format!("`{variable}` names `{value}`: {error}");
                    let path = format!("/{}", setting.name);
                    problems.push(Problem::new(
                        "invalid_setting",
                        path,
                        message,
                        "name a file that can be read",
                    ));
                }
            },
            Some(setting) => variables.push((setting.name, value)),
            None => ignored.push(variable),
        }
    }
    for (index, (name, _)) in variables.iter().enumerate() {
        if variables[..index].iter().any(|(earlier, _)| earlier == name) {
            let message = "both the value and a file are given".to_owned();
            problems.push(Problem::new("invalid_setting", format!("/{name}"), message, "give one of them"));
        }
    }
    ignored.sort();
    (variables, ignored)
}
