//! Weights that were published as pickle files only, in the safe format.
//!
//! For such models Hugging Face's own bot has proposed a change that adds `model.safetensors`; it
//! can be read at the revision of that change. transformers finds it in the same way
//! (`safetensors_conversion.py`).

use super::Repo;
use super::http::Server;
use crate::problem::Result;
use serde_json::Value;

const BOT: &str = "SFconvertbot";
const TITLE: &str = "Adding `safetensors` variant of this model";

/// The model at the revision with safe weights, if the bot has made one.
///
/// # Errors
/// When the hub does not answer.
pub(super) fn converted(server: &Server<'_>, repo: &Repo) -> Result<Option<Repo>> {
    let answer = server.discussions(repo)?;
    Ok(proposal(&answer)
        .map(|number| Repo { name: repo.name.clone(), revision: format!("refs/pr/{number}") }))
}

/// The number of the bot's proposal among the discussions about a model.
fn proposal(answer: &Value) -> Option<u64> {
    let is_it = |discussion: &&Value| {
        let text = |path: &str| discussion.pointer(path).and_then(Value::as_str);
        let is_proposal = discussion.get("isPullRequest").and_then(Value::as_bool);
        is_proposal == Some(true)
            && text("/title") == Some(TITLE)
            && text("/author/name") == Some(BOT)
            && text("/status") != Some("closed")
    };
    let discussions = answer.get("discussions")?.as_array()?;
    discussions.iter().find(is_it)?.get("num")?.as_u64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_the_bots_own_proposal_counts() {
        let discussion = |num: u64, author: &str, title: &str, status: &str| json!({"num": num, "author": {"name": author}, "title": title, "status": status, "isPullRequest": true});
        let all = |discussions: &[Value]| json!({ "discussions": discussions, "count": 1 });
        let bots = discussion(7, BOT, TITLE, "open");
        let others = discussion(3, "mallory", TITLE, "open");
        let closed = discussion(4, BOT, TITLE, "closed");
        let talk = discussion(5, BOT, "Hello", "open");
        assert_eq!(proposal(&all(&[others.clone(), closed, talk, bots])), Some(7));
        assert_eq!(proposal(&all(&[others])), None);
        assert_eq!(proposal(&json!([])), None);
    }
}
