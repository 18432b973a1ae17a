use super::*;

fn read(environment: &[(&str, &str)], overrides: Overrides) -> Result<Config, InvalidConfig> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::read(None, environment, overrides)
}

fn paths(result: Result<Config, InvalidConfig>) -> Vec<String> {
    result.unwrap_err().0.into_iter().map(|problem| problem.path).collect()
}

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
/// The public key of RFC 8037, appendix A.2.
const JWKS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

#[test]
fn nothing_said_means_development_on_this_machine_alone() {
    let config = read(&[], Vec::new()).unwrap();
    assert_eq!(config.listen, "127.0.0.1:8080".parse().unwrap());
    assert_eq!(config.data, PathBuf::from("./data"));
    assert!(matches!(config.auth, Auth::Development(_)));
    assert!(!config.demo);
}

#[test]
fn the_command_line_wins_over_the_environment_and_that_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.toml");
    std::fs::write(&file, "data = \"a\"\nlog = \"warn\"\ntime_limit_seconds = 7\n").unwrap();
    let environment = [("LOYALTY_DATA", "b"), ("LOYALTY_LOG", "error")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::read(Some(&file), environment, vec![("data", "c".to_owned())]).unwrap();
    assert_eq!(config.data, PathBuf::from("c"));
    assert_eq!(config.log, "error");
    assert_eq!(config.time_limit, Duration::from_secs(7));
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.toml");
    std::fs::write(&file, "colour = \"red\"\ntime_limit_seconds = 0\n").unwrap();
    let environment =
        [("LOYALTY_LISTEN", "nowhere"), ("LOYALTY_CHAIN_KEY", "short"), ("LOYALTY_AUTH_JWKS", "{}")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let problems = paths(Config::read(Some(&file), environment, Vec::new()));
    assert_eq!(problems, ["/colour", "/listen", "/auth_issuer", "/chain_key", "/time_limit_seconds"]);
}

#[test]
fn development_tokens_leave_the_machine_only_on_demand() {
    let open = [("LOYALTY_LISTEN", "0.0.0.0:8080")];
    assert_eq!(paths(read(&open, Vec::new())), ["/auth_jwks"]);
    let told = [open[0], ("LOYALTY_DEVELOPMENT_ISSUER", "true")];
    assert!(matches!(read(&told, Vec::new()).unwrap().auth, Auth::Development(_)));
    let keys = [open[0], ("LOYALTY_AUTH_JWKS", JWKS), ("LOYALTY_AUTH_ISSUER", "https://id.example")];
    assert!(matches!(read(&keys, Vec::new()).unwrap().auth, Auth::Keys(_)));
    let both = [keys[1], keys[2], told[1]];
    assert_eq!(paths(read(&both, Vec::new())), ["/development_issuer"]);
}

#[test]
fn only_asymmetric_keys_are_taken() {
    let secret = r#"{"keys":[{"kty":"oct","k":"c2VjcmV0","alg":"HS256"}]}"#;
    let disguised = JWKS.replace("\"kid\"", "\"alg\":\"RS256\",\"kid\"");
    for jwks in [secret, &disguised, "{}", r#"{"keys":[]}"#, "no json"] {
        let told = [("LOYALTY_AUTH_JWKS", jwks), ("LOYALTY_AUTH_ISSUER", "https://id.example")];
        assert_eq!(paths(read(&told, Vec::new())), ["/auth_jwks"], "{jwks}");
    }
}

#[test]
fn secrets_come_from_files_and_are_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, format!("{KEY}\n")).unwrap();
    let file = file.display().to_string();
    let config = read(&[("LOYALTY_CHAIN_KEY_FILE", &file)], Vec::new()).unwrap();
    assert_eq!(config.chain_key.as_ref().map(Secret::expose), Some(KEY));
    assert!(!format!("{config:?}").contains(KEY));
    let twice = [("LOYALTY_CHAIN_KEY_FILE", file.as_str()), ("LOYALTY_CHAIN_KEY", KEY)];
    assert_eq!(paths(read(&twice, Vec::new())), ["/chain_key"]);
    assert_eq!(paths(read(&[("LOYALTY_CHAIN_KEY_FILE", "/nowhere/key")], Vec::new())), ["/chain_key"]);
}

#[test]
fn variables_that_are_no_setting_are_named() {
    let config = read(&[("LOYALTY_COLOUR", "red"), ("PATH", "/bin"), ("LOYALTY_LOG_FILE", "x")], Vec::new());
    assert_eq!(config.unwrap().ignored, ["LOYALTY_COLOUR", "LOYALTY_LOG_FILE"]);
}

#[test]
fn the_readme_tells_every_setting() {
    let readme = include_str!("../../README.md");
    for setting in SETTINGS {
        let default = setting.default.map_or(String::new(), |default| format!("`{default}` "));
        let secret = if setting.secret { "*secret*: " } else { "" };
        let line = format!("| `{}` | {default}| {secret}{} |", setting.name, setting.about);
        assert!(readme.lines().any(|there| there == line), "{line}");
    }
}
