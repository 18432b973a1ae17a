//! Pages for people, made here and without script.

mod docs;

use std::fmt::Write;

use crate::clock::{self, SANDBOX};

pub use self::docs::docs;

const STYLE: &str = include_str!("pages/style.css");

/// Tokens of the development issuer, for the tenants that commands on the first page are about.
#[derive(Debug)]
pub struct Tokens {
    /// For `main`.
    pub main: String,
    /// For `sandbox`.
    pub sandbox: String,
}

/// The first page: what runs here, at `address`, and a first purchase to try.
pub fn index(address: &str, tokens: Option<&Tokens>) -> String {
    let mut body = String::from(
        "<h1>Loyalty</h1><p>This server keeps a loyalty ledger: it records what members do and answers with \
         exact balances, tiers and reasons.</p><ul>\
         <li><a href=\"/docs\">Documentation</a> of every route, schema and problem \
         (<a href=\"/openapi.json\">OpenAPI 3.1</a>)</li>\
         <li><a href=\"/readyz\">Is it ready?</a> <a href=\"/livez\">Does it live?</a></li>\
         <li><a href=\"/metrics\">Metrics</a> for Prometheus</li>\
         <li><a href=\"/.well-known/jwks.json\">Keys</a> whose tokens are accepted</li></ul>",
    );
    let Some(Tokens { main, sandbox }) = tokens else {
        body.push_str("<h2>A first purchase</h2><p>With a token of your issuer:</p>");
        commands(&mut body, &first_purchase(address, "YOUR_TOKEN"));
        return frame("Loyalty", &body);
    };
    body.push_str(
        "<p class=\"warning\">The development issuer runs here: everybody who can reach this address gets a \
         token. Never run it where others can.</p><h2>A first purchase</h2><p>Copy, paste, and change the \
         amounts:</p>",
    );
    commands(&mut body, &first_purchase(address, main));
    let _ = write!(
        body,
        "<p>The tenant <code>{SANDBOX}</code> has a clock that you move: see levels end and points expire.</p>"
    );
    commands(&mut body, &move_clock(sandbox));
    frame("Loyalty", &body)
}

fn first_purchase(address: &str, token: &str) -> String {
    let now = clock::now().to_string();
    let purchase = format!(
        r#"{{"id": "R-1", "occurred_at": "{now}", "lines": [{{"sku": "apples", "category": ["produce"], "gross": "12.40"}}, {{"sku": "bread", "gross": "3.20"}}]}}"#
    );
    format!(
        "TOKEN={token}\n\
         HERE=http://{address}\n\n\
         # record a purchase: the answer says what it gave\n\
         curl -s $HERE/v1/members/anna/purchases -H \"authorization: Bearer $TOKEN\" \\\n  \
         -H 'content-type: application/json' -d '{purchase}'\n\n\
         # the member: balances, level, what is missing to the next, what expires\n\
         curl -s $HERE/v1/members/anna -H \"authorization: Bearer $TOKEN\"\n\n\
         # why: every step of the decision\n\
         curl -s \"$HERE/v1/members/anna/proof?key=purchase/R-1\" -H \"authorization: Bearer $TOKEN\"\n\n\
         # bring the bread back\n\
         curl -s $HERE/v1/members/anna/returns -H \"authorization: Bearer $TOKEN\" \\\n  \
         -H 'content-type: application/json' \\\n  \
         -d '{{\"id\": \"B-1\", \"occurred_at\": \"{now}\", \"of\": \"R-1\", \"lines\": [{{\"line\": 2}}]}}'\n"
    )
}

fn move_clock(token: &str) -> String {
    format!(
        "SANDBOX={token}\n\
         curl -s $HERE/v1/sandbox/clock -H \"authorization: Bearer $SANDBOX\" \\\n  \
         -H 'content-type: application/json' -d '{{\"advance\": {{\"days\": 30}}}}'\n"
    )
}

fn commands(body: &mut String, text: &str) {
    let _ = write!(body, "<pre>{}</pre>", escaped(text));
}

/// A whole page around a body.
fn frame(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{}</title>\
         <style>{STYLE}</style></head><body><main>{body}</main></body></html>",
        escaped(title)
    )
}

/// Text as HTML shows it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
