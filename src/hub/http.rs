//! Questions to the hub's server.

use super::{Hub, Repo};
use crate::problem::{Problem, Result};
use serde_json::Value;
use std::time::Duration;
use ureq::config::RedirectAuthHeaders;
use ureq::http::Response;
use ureq::{Agent, Body};

pub(super) const DOWNLOADING: &str = "Could not download the model";
/// A server that says nothing for so long is given up.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest answer to a question about a model, in bytes.
const MAX_ANSWER: u64 = 16 << 20;

/// A connection to the hub. The token goes to the hub alone, not to where it redirects.
pub(super) struct Server<'a> {
    hub: &'a Hub,
    agent: Agent,
}

impl<'a> Server<'a> {
    pub(super) fn new(hub: &'a Hub) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .redirect_auth_headers(RedirectAuthHeaders::SameHost)
            .user_agent(concat!("headlight/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(PATIENCE))
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_per_read(Some(PATIENCE));
        let is_own_machine = ["http://127.0.0.1", "http://localhost"]
            .iter()
            .any(|own| hub.endpoint.starts_with(own));
        let config = if is_own_machine { config.proxy(None) } else { config };
        Self { hub, agent: config.build().into() }
    }

    /// What is in a model's folder on the hub, and at which commit.
    ///
    /// # Errors
    /// When there is no network, no such model, or no permission.
    pub(super) fn listing(&self, repo: &Repo) -> Result<Value> {
        let revision = repo.revision.replace('/', "%2F");
        let path = format!("api/models/{}/revision/{revision}?blobs=true", repo.name);
        self.json(repo, &path)
    }

    /// The discussions about a model, changes that were proposed among them.
    ///
    /// # Errors
    /// As [`Server::listing`].
    pub(super) fn discussions(&self, repo: &Repo) -> Result<Value> {
        self.json(repo, &format!("api/models/{}/discussions", repo.name))
    }

    fn json(&self, repo: &Repo, path: &str) -> Result<Value> {
        let mut answer = self.get(path, 0).map_err(|e| self.unreachable(&e))?;
        if answer.status() != 200 {
            return Err(refused(repo, answer.status().as_u16()));
        }
        let text = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_string();
        let text = text.map_err(|e| self.unreachable(&e))?;
        serde_json::from_str(&text).map_err(|e| self.nonsense(&e.to_string()))
    }

    /// Asks for something, from a byte on.
    pub(super) fn get(
        &self,
        path: &str,
        from: u64,
    ) -> std::result::Result<Response<Body>, ureq::Error> {
        let mut request = self.agent.get(format!("{}/{path}", self.hub.endpoint));
        if let Some(token) = &self.hub.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if from > 0 {
            request = request.header("Range", format!("bytes={from}-"));
        }
        request.call()
    }

    fn unreachable(&self, e: &ureq::Error) -> Problem {
        let why = format!("{} does not answer ({e})", self.hub.endpoint);
        Problem::new(DOWNLOADING, why).cure(
            "Check the network. Nothing was changed, and models already downloaded open without it",
        )
    }

    /// The server answered with something that is no answer.
    pub(super) fn nonsense(&self, why: &str) -> Problem {
        let why = format!("{} gave an answer that makes no sense: {why}", self.hub.endpoint);
        Problem::new(DOWNLOADING, why)
            .cure("If HF_ENDPOINT is set, check that it is a mirror of huggingface.co")
    }
}

/// What a status other than success means here.
pub(super) fn refused(repo: &Repo, status: u16) -> Problem {
    let (why, cure) = match status {
        401 | 403 => (
            format!("{repo} does not exist, or is not public (status {status})"),
            "Check the name. For a private or gated model, ask for access on its page and set HF_TOKEN",
        ),
        404 => (
            format!("there is no {repo} (status 404)"),
            "Check the owner, the name and the revision on the model's page",
        ),
        429 => (
            "the server had too many questions from here (status 429)".to_owned(),
            "Wait a few minutes; what is already here is kept",
        ),
        _ => (
            format!("the server refused with status {status}"),
            "Try again later; what is already here is kept",
        ),
    };
    Problem::new(DOWNLOADING, why).cure(cure)
}
