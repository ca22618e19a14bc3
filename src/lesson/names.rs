//! What lessons can name in the window. A test in the window compares it with what is there.

/// The views by their ids, each with the ids of its tabs.
pub const VIEWS: &[(&str, &[&str])] = &[
    ("machine", &["the-machine", "why-this-word"]),
    ("tokens", &[]),
    ("embeddings", &["vectors", "nearest", "map", "analogy", "similarity"]),
    ("positions", &["learned", "token-position", "sinusoidal", "word-order"]),
    ("heads", &["by-layer", "ranked", "from-one-token"]),
    ("attention", &["steps", "matrix", "arcs"]),
    ("context", &[]),
    ("mlp", &["neurons", "stream-and-norm"]),
    ("lens", &["probability", "rank"]),
    ("output", &[]),
    ("sampling", &[]),
    ("generation", &[]),
    ("experiment", &[]),
    ("compare", &[]),
    ("learning", &["from-nothing", "teach-it"]),
];

/// The themes by their names.
pub const THEMES: &[&str] = &["dark", "light", "projector"];

/// The parts of a translator.
pub const STACKS: &[&str] = &["encoder", "decoder", "cross"];

/// What a new model can learn.
pub const TASKS: &[&str] = &["say_again", "sort", "brackets", "add", "names", "rhymes"];

/// Is there such a task?
///
/// # Errors
/// What there is instead.
pub(super) fn check_task(task: &str) -> Result<String, String> {
    let is_known = TASKS.contains(&task);
    is_known.then(|| task.to_owned()).ok_or_else(|| format!("the tasks are: {}", TASKS.join(", ")))
}

/// Is there such a view, and such a tab in it?
///
/// # Errors
/// What there is instead.
pub(super) fn check_view(view: &str, tab: Option<&str>) -> Result<(), String> {
    let ids: Vec<&str> = VIEWS.iter().map(|(id, _)| *id).collect();
    let Some((_, tabs)) = VIEWS.iter().find(|(id, _)| *id == view) else {
        return Err(format!("there is no view {view:?}; there are: {}", ids.join(", ")));
    };
    match tab.filter(|tab| !tabs.contains(tab)) {
        None => Ok(()),
        Some(tab) if tabs.is_empty() => Err(format!("the view {view} has no tab {tab:?}, nor any")),
        Some(tab) => {
            Err(format!("the view {view} has no tab {tab:?}; there are: {}", tabs.join(", ")))
        }
    }
}
