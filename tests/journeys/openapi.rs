//! The OpenAPI description: valid, complete, and readable.

use std::collections::BTreeSet;
use std::path::Path;

use hyper::body::Bytes;
use serde_json::{Value, json};

use crate::contract;
use crate::server::Running;

fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(reference) if name == "$ref" => found.push(reference),
                    _ => references(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

fn operations(openapi: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = openapi["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| {
            item.as_object().unwrap().iter().map(|(method, op)| (path.as_str(), method.as_str(), op))
        })
        .collect()
}

#[tokio::test]
async fn the_description_is_openapi_3_1_in_itself() {
    let server = Running::start().await;
    let openapi = &contract::of(server.address).await.openapi;
    assert_eq!(openapi["openapi"], "3.1.0");
    assert!(openapi["info"]["title"].is_string() && openapi["info"]["version"].is_string());
    let mut found = Vec::new();
    references(openapi, &mut found);
    assert!(found.len() > 50, "{} references", found.len());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leads elsewhere"));
        assert!(openapi.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(openapi) {
        let name = format!("{method} {path}");
        assert!(["get", "post", "put", "delete"].contains(&method), "{name}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{name}: its id is taken");
        assert!(operation["summary"].as_str().is_some_and(|text| text.len() > 10), "{name} says nothing");
        let default = &operation["responses"]["default"]["content"]["application/problem+json"]["schema"];
        assert_eq!(default["$ref"], "#/components/schemas/ProblemDetails", "{name}");
        assert_eq!(path.starts_with("/v1/"), operation["security"] == json!([{"bearer": []}]), "{name}");
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
        let in_path: BTreeSet<_> =
            in_path.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect();
        let in_template: BTreeSet<_> = path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .map(str::to_owned)
            .collect();
        assert_eq!(in_path, in_template, "{name}");
        for parameter in &parameters {
            assert!(
                parameter["schema"].is_object() && parameter["description"].is_string(),
                "{name} {parameter}"
            );
        }
    }
    server.stop().await;
}

/// Every route is made by the one macro that also describes it; and what is described is there.
#[tokio::test]
async fn routes_and_descriptions_are_the_same() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../reference-server/src");
    let mut folders = vec![source];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                seen += text.matches(".routes(routes!(").count();
                for other in [".route(", ".route_service(", ".nest(", ".fallback("] {
                    assert!(!text.contains(other), "{}: `{other}` describes nothing", path.display());
                }
            }
        }
    }
    let server = Running::start().await;
    let client = server.anonymous();
    let operations = operations(&contract::of(server.address).await.openapi);
    assert!(seen > 10 && operations.len() >= seen, "{seen} routes, {} described", operations.len());
    for (path, method, _) in operations {
        let address: Vec<_> =
            path.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect();
        let reply = client.send(&method.to_uppercase(), &address.join("/"), &[], Bytes::new()).await;
        let status = reply.status.as_u16();
        assert!(status != 404 && status != 405, "{method} {path}: {status}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_pages_are_readable_and_load_nothing_from_elsewhere() {
    let server = Running::start().await;
    let client = server.anonymous();
    let docs = client.get("/docs").await;
    let index = client.get("/").await;
    for page in [&docs, &index] {
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(
            page.header("content-security-policy")
                .is_some_and(|policy| policy.starts_with("default-src 'none'"))
        );
        for outside in ["src=", "<script", "<link", "@import", "url("] {
            assert!(!page.text().contains(outside), "{outside}");
        }
    }
    let openapi = &contract::of(server.address).await.openapi;
    for (path, method, _) in operations(openapi) {
        let heading = format!("{}</span> <code>{path}</code>", method.to_uppercase());
        assert!(docs.text().contains(&heading), "{method} {path}");
    }
    for name in openapi["components"]["schemas"].as_object().unwrap().keys() {
        assert!(docs.text().contains(&format!("id=\"schema-{name}\"")), "{name}");
    }
    // Every link on the page leads somewhere on it or to a route.
    for link in docs.text().split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        let there = match link.strip_prefix('#') {
            Some(id) => docs.text().contains(&format!("id=\"{id}\"")),
            None => openapi["paths"].get(link).is_some(),
        };
        assert!(there, "{link}");
    }
    // A problem's type leads to its line there.
    let problem = client.get("/v1/programs").await.json();
    let anchor = problem["type"].as_str().unwrap().strip_prefix("/docs#").unwrap();
    assert!(docs.text().contains(&format!("id=\"{anchor}\"")));
    server.stop().await;
}

/// The table of commands in the pages for authors has every command, by its name and its route.
#[tokio::test]
async fn the_table_of_commands_is_whole() {
    let server = Running::start().await;
    let openapi = &contract::of(server.address).await.openapi;
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../loyalty-core/docs/commands.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let (mut named, mut without) = (BTreeSet::new(), BTreeSet::new());
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split(" | ").map(|cell| cell.trim_matches(['|', ' ', '`'])).collect();
        named.insert(cells[0].to_owned());
        if cells.len() == 7 {
            let path = format!("/v1/members/{{member}}/{}", cells[1]);
            assert!(openapi["paths"][&path]["post"].is_object(), "{path}");
        } else {
            without.insert(cells[0].to_owned());
        }
    }
    let kinds = openapi["components"]["schemas"]["OperationKind"]["oneOf"].as_array().expect("kinds").iter();
    let kinds: BTreeSet<_> = kinds.map(|kind| kind["const"].as_str().expect("a name").to_owned()).collect();
    assert_eq!(named, kinds);
    assert_eq!(without, ["end_transfer", "receive", "referral"].map(str::to_owned).into());
    server.stop().await;
}
