//! The reference server: the loyalty engine behind HTTP and a command line, in one binary.
//!
//! `kit` is what any service needs, `wallet` the loyalty routes, `http` puts them together.

pub mod cli;
pub mod clock;
pub mod config;
pub mod data_dir;
mod demo;
pub mod http;
pub mod kit;
mod openapi;
mod pages;
pub mod seals;
pub mod secret;
pub mod serve;
mod site;
mod unfinished;
pub mod wallet;
pub mod zones;

pub use self::http::{Server, run};
