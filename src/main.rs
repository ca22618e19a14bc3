//! Headlight: see inside a transformer. The program is in the library; this starts it.

fn main() -> std::process::ExitCode {
    headlight::cli::main()
}
