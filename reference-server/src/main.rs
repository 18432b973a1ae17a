//! The binary: everything is in [`reference_server::cli`].

use std::process::ExitCode;

// Import and decisions allocate many short texts; measured, this halves what that costs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    reference_server::cli::main()
}
