//! The main job from outside: real purchases through the binaries, every member compared with results that
//! other programs than this one computed.

#[path = "acceptance/backups.rs"]
mod backups;
#[path = "acceptance/bad_lines.rs"]
mod bad_lines;
#[path = "acceptance/binaries.rs"]
mod binaries;
#[path = "acceptance/books.rs"]
mod books;
#[path = "acceptance/command_line.rs"]
mod command_line;
#[path = "acceptance/compare.rs"]
mod compare;
#[path = "acceptance/ledger.rs"]
mod ledger;
#[path = "acceptance/real_data.rs"]
mod real_data;
#[path = "acceptance/referrals.rs"]
mod referrals;
#[path = "acceptance/sample.rs"]
mod sample;
#[path = "acceptance/seals.rs"]
mod seals;
