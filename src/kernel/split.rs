//! Work for several threads without shared mutable memory.

/// Multiplications below which waking another thread costs more than it saves.
pub const WORTH_SHARING: usize = 100_000;

/// How many parts to cut `work` multiplications into: a few per thread, so that a thread that is
/// held up leaves parts to the others.
pub fn parts(work: usize) -> usize {
    if work < WORTH_SHARING {
        return 1;
    }
    let threads = rayon::current_num_threads();
    if threads == 1 { 1 } else { (work / WORTH_SHARING).clamp(threads, 4 * threads) }
}

/// The rows of a matrix cut into groups of `columns` columns: for each group, its part of each row.
pub fn columns(matrix: &mut [f32], width: usize, columns: usize) -> Vec<Vec<&mut [f32]>> {
    let n_rows = matrix.len() / width.max(1);
    let mut groups: Vec<Vec<&mut [f32]>> = Vec::new();
    groups.resize_with(width.div_ceil(columns.max(1)), || Vec::with_capacity(n_rows));
    for row in matrix.chunks_exact_mut(width.max(1)) {
        for (group, part) in groups.iter_mut().zip(row.chunks_mut(columns.max(1))) {
            group.push(part);
        }
    }
    groups
}

/// Does work that shares much of itself with other threads as one of them: they then know at once
/// when there is something to do.
pub fn as_one_of_them<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    rayon::scope(|_| work())
}

/// Does each job, on all threads when there are several.
pub fn each<J: Send>(jobs: impl IntoIterator<Item = J>, work: impl Fn(J) + Sync) {
    let mut jobs = jobs.into_iter().collect::<Vec<_>>();
    let Some(last) = jobs.pop() else { return };
    if jobs.is_empty() {
        return work(last);
    }
    let work = &work;
    rayon::in_place_scope(|scope| {
        for job in jobs {
            scope.spawn(move |_| work(job));
        }
        work(last);
    });
}
