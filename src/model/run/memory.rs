//! Is there room? Asked before memory is taken: a machine that runs out of it stands still.

use crate::problem::{Problem, Result};
use crate::trace::{ModelInfo, Trace};

/// Left for the rest of the program and of the desktop, in bytes.
const RESERVE: u64 = 200 << 20;

/// Bytes of a model's weights as they are held.
pub fn weight_bytes(info: &ModelInfo) -> u64 {
    info.n_params as u64 * size_of::<f32>() as u64
}

/// Bytes of the recording of a text of so many tokens, about: what enters and leaves each part, and
/// every head's scores.
pub fn trace_bytes(info: &ModelInfo, n_tokens: usize) -> u64 {
    let [n, layers, heads] = [n_tokens, info.n_layers, info.n_heads].map(|size| size as u64);
    let [d_model, d_head, d_mlp] = [info.d_model, info.d_head, info.d_mlp].map(|size| size as u64);
    let per_token = 7 * d_model + 6 * heads * d_head + 3 * d_mlp + 2 * heads * n;
    let numbers = n * (layers * per_token + 4 * d_model + info.vocab_size as u64);
    numbers * size_of::<f32>() as u64
}

/// Bytes of the recording of a translation, about: both stacks, and how the decoder looked at the
/// source.
pub(crate) fn pair_bytes(
    [encoder, decoder]: [&ModelInfo; 2],
    [n_source, n_target]: [usize; 2],
) -> u64 {
    let [layers, heads, d_head] =
        [decoder.n_layers, decoder.n_heads, decoder.d_head].map(|size| size as u64);
    let [source, target] = [n_source, n_target].map(|n| n as u64);
    let cross = 2 * (source + target) * d_head + 2 * source * target;
    let cross = layers * (heads * cross + 3 * target * decoder.d_model as u64);
    trace_bytes(encoder, n_source)
        + trace_bytes(decoder, n_target)
        + cross * size_of::<f32>() as u64
}

/// Bytes that a recording takes, about.
pub fn recording_bytes(trace: &Trace) -> u64 {
    let n = trace.tokens.len();
    match &trace.encoder {
        None => trace_bytes(&trace.model, n),
        Some(encoder) => pair_bytes([&encoder.model, &trace.model], [encoder.tokens.len(), n]),
    }
}

/// Refuses to teach a model when there is no room: for the numbers twice, before and now, and for the
/// gradient and two means of each that is learned.
///
/// # Errors
/// When less memory is free than that needs.
pub fn check_learning([all, learned]: [usize; 2]) -> Result<()> {
    let numbers = 2 * all as u64 + 3 * learned as u64;
    fits(numbers * size_of::<f32>() as u64, available()).map_err(|why| {
        Problem::new("There is not enough memory for this model to learn", why)
            .cure("Close other programs, learn thin additions only, or choose a smaller model")
    })
}

/// Refuses to open a model whose weights do not fit.
///
/// # Errors
/// When less memory is free than they need.
pub fn check_weights(info: &ModelInfo) -> Result<()> {
    let needed = weight_bytes(info);
    fits(needed, available()).map_err(|why| {
        Problem::new("There is not enough memory for this model", why)
            .cure("Close other programs, or open a smaller model")
    })
}

/// Refuses to make a recording that takes so many bytes and does not fit.
///
/// # Errors
/// When less memory is free.
pub fn check_recording(needed: u64) -> Result<()> {
    fits(needed, available()).map_err(|why| {
        Problem::new("There is not enough memory to record this text", why)
            .cure("Use a shorter text, close other programs, or open a smaller model")
    })
}

fn fits(needed: u64, available: Option<u64>) -> std::result::Result<(), String> {
    match available {
        Some(free) if needed > free.saturating_sub(RESERVE) => {
            Err(format!("it needs {}, and {} are free", megabytes(needed), megabytes(free)))
        }
        _ => Ok(()),
    }
}

/// A number of bytes as a person reads it.
pub fn megabytes(bytes: u64) -> String {
    match bytes {
        0..10_000_000_000 => format!("{:.0} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// Bytes that can be taken without others being written to disk: what Linux calls available, and no
/// more than a container may have. Elsewhere nothing is known, and nothing is refused.
fn available() -> Option<u64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    let free = mem_available(&info)?;
    let group = |name: &str| {
        let text = std::fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok()?;
        text.trim().parse::<u64>().ok()
    };
    let room = group("memory.max").zip(group("memory.current"));
    let room = room.map(|(most, now)| most.saturating_sub(now));
    Some(room.map_or(free, |room| room.min(free)))
}

fn mem_available(info: &str) -> Option<u64> {
    let line = info.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, Checkpoint, DeviceKind};

    #[test]
    fn too_much_is_refused_with_both_numbers() {
        assert_eq!(fits(100, None), Ok(()));
        assert_eq!(fits(1 << 30, Some(2 << 30)), Ok(()));
        let why = fits(28_000_000_000, Some(8_000_000_000)).unwrap_err();
        assert_eq!(why, "it needs 28.0 GB, and 8000 MB are free");
        assert!(fits(u64::MAX, Some(u64::MAX)).is_err());
        assert!(fits(1_000_000_000, Some(1_100_000_000)).is_err(), "a reserve stays");
    }

    #[test]
    fn linux_says_what_is_available() {
        let info = "MemTotal:  16000 kB\nMemFree:  1 kB\nMemAvailable:    8000 kB\n";
        assert_eq!(mem_available(info), Some(8_192_000));
        assert_eq!(mem_available("nonsense"), None);
    }

    #[test]
    fn the_estimates_cover_recordings_closely() {
        let text = "The cat chased the mouse because it was hungry";
        let bytes = |trace: &Trace| {
            let numbers = trace.iter().map(|(_, activation)| activation.data().len());
            4 * numbers.sum::<usize>() as u64
        };
        for bundled in BUNDLED {
            let model = Checkpoint::bundled(bundled, DeviceKind::default()).unwrap();
            let trace = model.trace(text).unwrap();
            let inner = trace.encoder.as_deref().map_or(0, bytes);
            let (bytes, estimate) = (bytes(&trace) + inner, recording_bytes(&trace));
            assert!(
                bytes <= estimate && estimate <= 2 * bytes,
                "{}: {bytes} {estimate}",
                bundled.name
            );
        }
    }
}
