//! Stopping: what was begun is finished, and nothing else is.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::programs::program;
use crate::server::Running;
use crate::story::purchase;

/// A request whose head the server has read and whose body it is waiting for: it has asked to go on.
async fn in_flight(server: &Running, token: &str, length: usize) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST /v1/members/anna/purchases HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\nexpect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

#[tokio::test]
async fn a_request_in_flight_is_finished() {
    let server = Running::start().await;
    let shop = server.shop("main").await;
    shop.post("/v1/programs", &program()).await.good();
    let bought = purchase("R-1", "2024-01-05T10:00:00Z", &["10.00"]).to_string();
    let mut stream = in_flight(&server, shop.token.as_ref().unwrap(), bought.len()).await;
    let address = server.address;
    let (folder, done) = server.begin_to_stop();
    // It takes no more connections,
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    // and the one that it has is served to the end.
    stream.write_all(bought.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{answer}");
    done.await.unwrap().unwrap();

    let server = Running::start_in(folder, &[]).await;
    let shop = server.shop("main").await;
    let history = shop.get("/v1/members/anna/history").await.good();
    assert_eq!(history["entries"][0]["operation"]["key"], "purchase/R-1");
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_never_finishes_holds_nothing_up() {
    let limit = [("LOYALTY_SHUTDOWN_LIMIT_SECONDS", "1")];
    let server = Running::start_in(tempfile::tempdir().unwrap(), &limit).await;
    let shop = server.shop("main").await;
    shop.post("/v1/programs", &program()).await.good();
    let _stream = in_flight(&server, shop.token.as_ref().unwrap(), 100).await;
    let (_folder, done) = server.begin_to_stop();
    done.await.unwrap().unwrap();
}
