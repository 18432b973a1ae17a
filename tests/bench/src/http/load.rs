//! The load generator: every connection sends its next request when the last one is answered.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

/// The most bytes of one answer.
const LONGEST_ANSWER: usize = 1 << 20;

/// Sends the requests of each connection in order and all connections at once; all have to be answered with
/// success. Connecting is not timed.
pub fn send_all(address: SocketAddr, load: &[Vec<Vec<u8>>]) -> Result<Duration> {
    // One thread: it leaves the other cores to the server.
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let load: Vec<Vec<Vec<u8>>> = load.to_vec();
    runtime.block_on(async {
        let mut connections = Vec::new();
        for requests in load {
            connections.push((TcpStream::connect(address).await?, requests));
        }
        let start = Instant::now();
        let mut callers = JoinSet::new();
        for (connection, requests) in connections {
            callers.spawn(send(connection, requests));
        }
        while let Some(ended) = callers.join_next().await {
            ended??;
        }
        Ok(start.elapsed())
    })
}

async fn send(mut connection: TcpStream, requests: Vec<Vec<u8>>) -> Result<()> {
    connection.set_nodelay(true)?;
    let mut answer = Vec::with_capacity(4_096);
    for request in requests {
        connection.write_all(&request).await?;
        answer.clear();
        while !is_whole(&answer)? {
            ensure!(connection.read_buf(&mut answer).await? > 0, "the server has closed the connection");
            ensure!(answer.len() < LONGEST_ANSWER, "an answer has no end");
        }
        ensure!(answer.starts_with(b"HTTP/1.1 2"), "the answer was {}", String::from_utf8_lossy(&answer));
    }
    Ok(())
}

/// Whether head and body are there.
fn is_whole(answer: &[u8]) -> Result<bool> {
    const BLANK: &[u8] = b"\r\n\r\n";
    let Some(head) = answer.windows(BLANK.len()).position(|bytes| bytes == BLANK) else { return Ok(false) };
    let text = std::str::from_utf8(&answer[..head])?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then_some(value.trim())
    });
    let Some(length) = length else { bail!("an answer does not tell its length: {text}") };
    let length: usize = length.parse().context("the length of an answer is no number")?;
    Ok(answer.len() >= head + BLANK.len() + length)
}

#[cfg(test)]
mod tests {
    use super::is_whole;

    #[test]
    fn an_answer_ends_with_its_body() {
        let answer = b"HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nkept";
        assert!(is_whole(answer).unwrap());
        for end in 0..answer.len() {
            assert!(!is_whole(&answer[..end]).unwrap(), "{end}");
        }
        assert!(is_whole(b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n").unwrap());
        assert!(is_whole(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }
}
