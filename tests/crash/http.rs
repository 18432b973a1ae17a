//! Just enough HTTP/1.1 to keep a connection and see where it breaks.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A server that takes longer is as good as dead; far above what any request here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection that stays open from request to request.
pub struct Connection(BufReader<TcpStream>);

/// A whole answer.
pub struct Answer {
    pub status: u16,
    /// Whether it is marked as given before.
    pub replayed: bool,
    body: Vec<u8>,
}

impl Connection {
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends a request and waits for its whole answer. An error says nothing about what the server did.
    pub fn send(&mut self, method: &str, path: &str, token: &str, body: Option<&str>) -> io::Result<Answer> {
        let body = body.unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.get_mut().write_all(request.as_bytes())?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<Answer> {
        let first = self.line()?;
        let status =
            first.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(|| torn(&first))?;
        let (mut length, mut replayed) = (None, false);
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(": ").ok_or_else(|| torn(&line))?;
            match name {
                "content-length" => length = value.parse().ok(),
                "idempotency-replayed" => replayed = value == "true",
                _ => {}
            }
        }
        let mut body = vec![0; length.ok_or_else(|| torn("no content-length"))?];
        self.0.read_exact(&mut body)?;
        Ok(Answer { status, replayed, body })
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        match line.strip_suffix("\r\n") {
            Some(whole) => Ok(whole.to_owned()),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

fn torn(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("`{what}` is no part of an answer"))
}
