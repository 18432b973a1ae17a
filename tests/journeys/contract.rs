//! What the OpenAPI description promises, held against what comes.

use std::collections::HashMap;
use std::net::SocketAddr;

use jsonschema::Validator;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::client::Client;

/// The description, the same for every server of this process that has a development issuer.
pub struct Contract {
    pub openapi: Value,
    validators: HashMap<String, Validator>,
}

/// The contract, as a server describes it when first asked.
pub async fn of(address: SocketAddr) -> &'static Contract {
    static CONTRACT: OnceCell<Contract> = OnceCell::const_new();
    CONTRACT
        .get_or_init(|| async {
            let client = Client { address, token: None };
            let get = Box::pin(client.get("/openapi.json"));
            Contract::new(get.await.good())
        })
        .await
}

impl Contract {
    fn new(openapi: Value) -> Self {
        let schemas = openapi["components"]["schemas"].as_object().expect("schemas");
        let validator = |name: &String| {
            let schema = json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "$ref": format!("#/components/schemas/{name}"),
                "components": openapi["components"],
            });
            jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{name}: {error}"))
        };
        let validators = schemas.keys().map(|name| (name.clone(), validator(name))).collect();
        Self { openapi, validators }
    }

    /// The operation of a method and address, if there is one.
    pub fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let given: Vec<_> = path.split('/').collect();
        let matches = |template: &str| {
            let wanted: Vec<_> = template.split('/').collect();
            wanted.len() == given.len()
                && wanted.iter().zip(&given).all(|(wanted, given)| wanted.starts_with('{') || wanted == given)
        };
        let paths = self.openapi["paths"].as_object().expect("paths");
        // A path without parameters goes first, as in every router.
        let found =
            paths.get(path).or_else(|| paths.iter().find(|(it, _)| matches(it)).map(|(_, item)| item))?;
        found.get(method.to_lowercase())
    }

    /// Panics where a JSON answer is not of the schema that its route promises.
    pub fn check(&self, method: &str, path: &str, status: u16, body: &Value) {
        let responses = self.operation(method, path).map(|operation| &operation["responses"]);
        let response = match responses {
            Some(responses) => responses.get(status.to_string()).unwrap_or(&responses["default"]),
            None => &json!({"content": {"": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}}),
        };
        let content = response["content"].as_object().expect("a body is promised");
        let schemas = content.values().filter_map(|media| media["schema"]["$ref"].as_str());
        for name in schemas.filter_map(|reference| reference.rsplit('/').next()) {
            let errors: Vec<_> = self.validators[name]
                .iter_errors(body)
                .map(|error| format!("{error} at {}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{method} {path} {status} is no {name}: {errors:#?}\n{body:#}");
        }
    }
}
