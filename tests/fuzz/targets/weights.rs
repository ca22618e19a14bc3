#![no_main]

#[allow(dead_code, reason = "each target needs one reader")]
#[path = "../../readers/read.rs"]
mod read;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    read::weights(bytes);
});
