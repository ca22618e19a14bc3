//! Headlight: see inside a transformer. The program is in the library; this starts it.

/// Recordings and the steps of learning give back and ask for many megabytes in turn. The system's
/// allocator hands such memory back to the system each time and gets it again page by page.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    headlight::cli::main()
}
