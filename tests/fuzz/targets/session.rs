#![no_main]

#[path = "../../readers/read.rs"]
mod read;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    read::session(bytes);
});
