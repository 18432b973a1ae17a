//! The documentation page, made from the OpenAPI description.

use std::fmt::Write;

use serde_json::Value;

use super::{escaped, frame};
use crate::kit::status::MEANINGS;

/// Every route, schema and problem, on one page.
pub fn docs(openapi: &Value) -> String {
    let mut body = String::from("<h1>Loyalty over HTTP</h1>");
    let _ = write!(body, "<p>{}</p>", marked(text(&openapi["info"]["description"])));
    body.push_str(
        "<p>For programs: <a href=\"/openapi.json\">OpenAPI 3.1</a>. On this page: \
         <a href=\"#routes\">routes</a>, <a href=\"#schemas\">schemas</a>, <a href=\"#problems\">problems</a>.</p>",
    );
    body.push_str("<h2 id=\"routes\">Routes</h2>");
    for (path, item) in entries(&openapi["paths"]) {
        for (method, operation) in entries(item) {
            route(&mut body, path, method, operation);
        }
    }
    body.push_str("<h2 id=\"schemas\">Schemas</h2>");
    for (name, schema) in entries(&openapi["components"]["schemas"]) {
        let _ = write!(body, "<h3 id=\"schema-{name}\">{name}</h3>");
        shape(&mut body, schema);
    }
    problems(&mut body);
    frame("Loyalty over HTTP", &body)
}

fn route(body: &mut String, path: &str, method: &str, operation: &Value) {
    let _ = write!(
        body,
        "<h3><span class=\"method\">{}</span> <code>{}</code></h3><p>{} {}</p>",
        method.to_uppercase(),
        escaped(path),
        marked(text(&operation["summary"])),
        marked(text(&operation["description"])),
    );
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !parameters.is_empty() {
        body.push_str("<table><tr><th>parameter</th><th>in</th><th></th></tr>");
        for parameter in parameters {
            let _ = write!(
                body,
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
                escaped(text(&parameter["name"])),
                text(&parameter["in"]),
                marked(text(&parameter["description"])),
            );
        }
        body.push_str("</table>");
    }
    if let Some(schema) = schema_of(&operation["requestBody"]) {
        let _ = write!(body, "<p>Body: {}</p>", kind(schema));
    }
    for (status, response) in entries(&operation["responses"]).filter(|(status, _)| *status != "default") {
        let what = schema_of(response).map(|schema| format!(": {}", kind(schema))).unwrap_or_default();
        let _ = write!(body, "<p>Answer {status}, {}{what}</p>", marked(text(&response["description"])));
    }
}

fn schema_of(content: &Value) -> Option<&Value> {
    entries(&content["content"]).map(|(_, media)| &media["schema"]).find(|schema| !schema.is_null())
}

/// What a schema says of itself, and its fields or choices.
fn shape(body: &mut String, schema: &Value) {
    let _ = write!(body, "<p>{}</p>", marked(text(&schema["description"])));
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().map(text).collect();
    let mut fields = entries(&schema["properties"]).peekable();
    if fields.peek().is_some() {
        body.push_str("<table><tr><th>field</th><th>value</th><th></th></tr>");
        for (name, field) in fields {
            let optional = if required.contains(&name) { "" } else { "optional. " };
            let _ = write!(
                body,
                "<tr><td><code>{}</code></td><td>{}</td><td>{optional}{}</td></tr>",
                escaped(name),
                kind(field),
                marked(text(&field["description"])),
            );
        }
        body.push_str("</table>");
        return;
    }
    let choices = choices(schema);
    if choices.is_empty() {
        let _ = write!(body, "<p>{}</p>", kind(schema));
        return;
    }
    body.push_str("<ul>");
    for choice in choices {
        let _ = write!(body, "<li>{} {}</li>", kind(choice), marked(text(&choice["description"])));
    }
    body.push_str("</ul>");
}

fn choices(schema: &Value) -> Vec<&Value> {
    ["oneOf", "anyOf"].iter().filter_map(|key| schema[key].as_array()).flatten().collect()
}

/// A schema in a few words.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|to| to.rsplit('/').next()) {
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    if let Some(only) = schema.get("const") {
        return format!("<code>{}</code>", escaped(&only.to_string()));
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<_> =
            values.iter().map(|v| format!("<code>{}</code>", escaped(&v.to_string()))).collect();
        return values.join(", ");
    }
    let choices = choices(schema);
    if !choices.is_empty() {
        let choices: Vec<_> =
            choices.into_iter().filter(|choice| choice["type"] != "null").map(kind).collect();
        return choices.join(" or ");
    }
    if schema["type"] == "array" {
        return format!("list of {}", kind(&schema["items"]));
    }
    let mut fields = entries(&schema["properties"]).peekable();
    if fields.peek().is_some() {
        let fields: Vec<_> =
            fields.map(|(name, field)| format!("<code>{}</code>: {}", escaped(name), kind(field))).collect();
        return format!("{{{}}}", fields.join(", "));
    }
    let types = match &schema["type"] {
        Value::Array(types) => {
            types.iter().map(text).filter(|t| *t != "null").collect::<Vec<_>>().join(" or ")
        }
        Value::String(one) => one.clone(),
        _ => "anything".to_owned(),
    };
    match schema["format"].as_str() {
        Some(format) => format!("{types} ({format})"),
        None => types,
    }
}

fn problems(body: &mut String) {
    body.push_str(
        "<h2 id=\"problems\">Problems</h2><p>Every refusal is a problem (RFC 9457) with a stable \
         <code>code</code>, the place in the body as <code>path</code>, and what to do as <code>help</code>; where \
         there are several, all of them are in <code>problems</code>. A code that is not listed here is about what \
         was sent: its status is 422, and its text says what to correct.</p>\
         <table><tr><th>code</th><th>status</th><th></th></tr>",
    );
    for meaning in MEANINGS {
        let _ = write!(
            body,
            "<tr id=\"problem-{code}\"><td><code>{code}</code></td><td>{}</td><td>{}</td></tr>",
            meaning.status.as_u16(),
            meaning.title,
            code = meaning.code,
        );
    }
    body.push_str("</table>");
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Escaped text in which what stands in backticks is code.
fn marked(text: &str) -> String {
    let escaped = escaped(text);
    let parts = escaped.split('`').enumerate();
    parts
        .map(|(index, part)| if index % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() })
        .collect()
}
