//! The bytes of a stored commit.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loyalty_fuzz::checks;

fuzz_target!(|input: &[u8]| {
    checks::commit(input);
});
