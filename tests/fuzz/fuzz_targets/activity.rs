//! One line of an import, or one body of a request.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loyalty_fuzz::checks;

fuzz_target!(|input: &[u8]| {
    checks::activity(input);
});
