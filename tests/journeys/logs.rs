//! Logs hold nothing that names a member.

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::programs::program;
use crate::server::Running;
use crate::story::purchase;

/// Everything that is logged, in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn not_even_at_the_most_talkative_level() {
    let log = Log::default();
    let all = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_writer(log.clone()).finish();
    // For the whole process: what other tests log comes in too, and names nobody of this one.
    tracing::subscriber::set_global_default(all).expect("no other test logs");
    let server = Running::start().await;
    let shop = server.shop("main").await;
    shop.post("/v1/programs", &program()).await.good();
    let member = "/v1/members/member-88-secret";
    let mut bought = purchase("R-88-secret", "2024-01-05T10:00:00Z", &["10.00"]);
    bought["store"] = json!("store-88-secret");
    shop.post(&format!("{member}/purchases"), &bought).await.good();
    bought["store"] = json!("other-88-secret");
    assert_eq!(shop.post(&format!("{member}/purchases"), &bought).await.status, 409);
    assert_eq!(
        shop.post(&format!("{member}/purchases"), &json!({"id": "broken-88-secret"})).await.status,
        422
    );
    shop.get(member).await.good();
    shop.get(&format!("{member}/proof?key=purchase/R-88-secret")).await.good();
    assert_eq!(shop.get("/v1/nowhere/member-88-secret").await.status, 404);
    server.client("main", "member", "member-88-secret").await.get(member).await.good();
    server.stop().await;
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("/v1/members/{member}/purchases"), "requests are logged by route: {log}");
    assert!(!log.contains("88-secret"), "{log}");
    assert!(!log.contains(shop.token.as_ref().unwrap()), "{log}");
}
