//! Downloading models, from a server on this machine that speaks the hub's paths and misbehaves on request.
#![cfg(feature = "download")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use headlight::hub::{Go, Hub, Progress, Repo};
use headlight::model::{Checkpoint, DeviceKind};
use headlight::problem::{Problem, Result};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/golden/tiny");
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// How the server treats the weights.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a way to misbehave")]
struct Manners {
    /// Answers everything with this status.
    status: Option<u16>,
    /// Ends every answer with weights after so many bytes, this many times.
    cut: Option<(usize, usize)>,
    /// Adds bytes that were not announced.
    adds: bool,
    /// Changes a byte.
    spoils: bool,
    /// Sends the whole file, whatever part was asked for.
    ignores_ranges: bool,
    /// Has pickle files only, and the bot's proposal with the weights in the safe format.
    is_converted: bool,
    /// Sends those who ask for weights to this address.
    redirects_to: Option<String>,
}

/// A request: path, first byte wanted, authorization.
type Asked = (String, u64, Option<String>);

struct Server {
    endpoint: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    manners: Arc<Mutex<Manners>>,
}

type Files = BTreeMap<String, Vec<u8>>;

impl Server {
    fn start(files: Files, manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let manners = Arc::new(Mutex::new(manners));
        let (seen, how) = (Arc::clone(&asked), Arc::clone(&manners));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &files, &seen, &how);
            }
        });
        Self { endpoint, asked, manners }
    }

    fn hub(&self, cache: &Path) -> Hub {
        Hub {
            endpoint: self.endpoint.clone(),
            cache: cache.to_owned(),
            token: Some("secret".to_owned()),
            is_offline: false,
        }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(
    mut stream: TcpStream,
    files: &Files,
    asked: &Mutex<Vec<Asked>>,
    manners: &Mutex<Manners>,
) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let path = first.split(' ').nth(1).unwrap().to_owned();
    let headers: Vec<String> =
        lines.map_while(|line| line.ok().filter(|line| !line.is_empty())).collect();
    let header = |name: &str| {
        let find = |line: &String| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        };
        headers.iter().find_map(find)
    };
    let from = header("range")
        .map_or(0, |range| range["bytes=".len()..].trim_end_matches('-').parse().unwrap());
    asked.lock().unwrap().push((path.clone(), from, header("authorization")));
    let mut manners = manners.lock().unwrap();
    let mut send = |head: &str, length: usize, body: &[u8]| {
        let head =
            format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
        // The client may have gone away.
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    };
    if let Some(status) = manners.status {
        return send(&format!("{status} No"), 0, b"");
    }
    if path.ends_with("/discussions") {
        let proposal = json!({
            "num": 1, "title": "Adding `safetensors` variant of this model", "status": "open",
            "isPullRequest": true, "author": {"name": "SFconvertbot"},
        });
        let proposals = if manners.is_converted { vec![proposal] } else { vec![] };
        let body = json!({ "discussions": proposals }).to_string();
        return send("200 OK", body.len(), body.as_bytes());
    }
    if path.starts_with("/api/models/") {
        let mut files = files.clone();
        if manners.is_converted && path.contains("/revision/main") {
            files.remove("model.safetensors");
        }
        let body = listing(&files).to_string();
        return send("200 OK", body.len(), body.as_bytes());
    }
    let name = path.split(COMMIT).nth(1).map(|name| name.trim_start_matches('/'));
    let Some(file) = name.and_then(|name| files.get(name)) else {
        return send("404 Not Found", 0, b"");
    };
    if !path.ends_with(".safetensors") {
        return send("200 OK", file.len(), file);
    }
    if let Some(elsewhere) = &manners.redirects_to {
        return send(&format!("302 Found\r\nLocation: {elsewhere}{path}"), 0, b"");
    }
    let mut file = file.clone();
    if manners.adds {
        file.extend(b"more");
    }
    if manners.spoils {
        file[100] ^= 1;
    }
    let from = if manners.ignores_ranges { 0 } else { from as usize };
    let head = match from {
        0 => "200 OK".to_owned(),
        _ => format!(
            "206 Partial Content\r\nContent-Range: bytes {from}-{}/{}",
            file.len() - 1,
            file.len()
        ),
    };
    let rest = &file[from..];
    match &mut manners.cut {
        Some((times, after)) if *times > 0 => {
            *times -= 1;
            send(&head, rest.len(), &rest[..(*after).min(rest.len())]);
        }
        _ => send(&head, rest.len(), rest),
    }
}

fn listing(files: &Files) -> serde_json::Value {
    let entry = |(name, bytes): (&String, &Vec<u8>)| {
        let sha256: String =
            Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let blob = &sha256[..40];
        let mut entry = json!({"rfilename": name, "blobId": blob, "size": bytes.len()});
        if name.ends_with(".safetensors") {
            entry["lfs"] = json!({"sha256": sha256});
        }
        entry
    };
    json!({"sha": COMMIT, "siblings": files.iter().map(entry).collect::<Vec<_>>()})
}

/// The tiny checkpoint, and what a folder on the hub has besides.
fn tiny() -> Files {
    let mut files = Files::new();
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        files.insert(name.to_owned(), std::fs::read(format!("{TINY}/{name}")).unwrap());
    }
    for name in ["README.md", "pytorch_model.bin", "tf_model.h5", "onnx/model.onnx", "../../evil"] {
        files.insert(name.to_owned(), b"not wanted".to_vec());
    }
    files
}

fn repo() -> Repo {
    Repo::parse("hf:someone/tiny").unwrap()
}

fn go(_: &Progress) -> Go {
    Go::Continue(())
}

fn n_files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { n_files(&path) } else { 1 }).sum()
}

fn download(manners: Manners) -> (Server, tempfile::TempDir, Result<PathBuf>) {
    let server = Server::start(tiny(), manners);
    let dir = tempfile::tempdir().unwrap();
    let done = server.hub(dir.path()).download(&repo(), &mut go);
    (server, dir, done)
}

fn problem(manners: Manners) -> (tempfile::TempDir, Problem) {
    let (_, dir, done) = download(manners);
    (dir, done.unwrap_err())
}

#[test]
fn a_model_comes_in_and_opens_without_the_network() {
    let server = Server::start(tiny(), Manners::default());
    let dir = tempfile::tempdir().unwrap();
    let hub = server.hub(dir.path());
    let mut seen = Vec::new();
    let folder = hub.download(&repo(), &mut |progress| {
        seen.push(progress.clone());
        Go::Continue(())
    });
    let folder = folder.unwrap();
    assert!(seen.is_sorted_by(|a, b| a.done <= b.done && a.total == b.total));
    let last = seen.last().unwrap();
    assert_eq!((last.done, last.file.as_str()), (last.total, "model.safetensors"));
    let paths: Vec<String> = server.asked().into_iter().map(|(path, ..)| path).collect();
    assert_eq!(paths.len(), 4, "{paths:?}");
    assert_eq!(paths[0], "/api/models/someone/tiny/revision/main?blobs=true");
    assert!(
        paths[1..].iter().all(|path| path.starts_with(&format!("/someone/tiny/resolve/{COMMIT}/")))
    );
    assert!(
        server
            .asked()
            .iter()
            .all(|(.., authorization)| authorization.as_deref() == Some("Bearer secret"))
    );

    assert_eq!(hub.cached(&repo()), Some(folder.clone()));
    let model = Checkpoint::open(folder.to_str().unwrap(), DeviceKind::default()).unwrap();
    assert_eq!(model.info.n_layers, 3);
    // Again: nothing is missing, so only the listing is asked for.
    hub.download(&repo(), &mut go).unwrap();
    assert_eq!(server.asked().len(), 5);
}

#[test]
fn a_cut_connection_is_taken_up_where_it_was_cut() {
    let (server, dir, done) = download(Manners { cut: Some((2, 20_000)), ..Manners::default() });
    let weights = std::fs::read(done.unwrap().join("model.safetensors")).unwrap();
    assert_eq!(weights, std::fs::read(format!("{TINY}/model.safetensors")).unwrap());
    let starts: Vec<u64> = server
        .asked()
        .iter()
        .filter(|asked| asked.0.ends_with(".safetensors"))
        .map(|asked| asked.1)
        .collect();
    assert_eq!(starts, [0, 20_000, 40_000]);
    assert_eq!(n_files(dir.path()), 3 + 3 + 1, "blobs, links, the reference");
}

#[test]
fn what_came_in_before_a_failure_is_kept() {
    for ignores_ranges in [false, true] {
        let server = Server::start(tiny(), Manners::default());
        let dir = tempfile::tempdir().unwrap();
        let hub = server.hub(dir.path());
        let mut listen = |progress: &Progress| {
            let is_far = progress.file == "model.safetensors" && progress.done > 25_000;
            if is_far { Go::Break(()) } else { Go::Continue(()) }
        };
        let problem = hub.download(&repo(), &mut listen).unwrap_err();
        assert!(problem.why.contains("stopped"), "{problem}");
        assert_eq!(hub.cached(&repo()), None, "half a model is none");
        let before = server.asked().len();
        server.manners.lock().unwrap().ignores_ranges = ignores_ranges;
        let folder = hub.download(&repo(), &mut go).unwrap();
        let resumed = server.asked()[before..]
            .iter()
            .find(|asked| asked.0.ends_with(".safetensors"))
            .unwrap()
            .1;
        assert!(resumed > 0, "it goes on from where it was");
        let weights = std::fs::read(folder.join("model.safetensors")).unwrap();
        assert_eq!(weights, std::fs::read(format!("{TINY}/model.safetensors")).unwrap());
    }
}

#[test]
fn a_connection_that_is_always_cut_is_given_up() {
    let (dir, problem) = problem(Manners { cut: Some((usize::MAX, 0)), ..Manners::default() });
    assert!(problem.why.contains("was cut") && problem.cure.contains("goes on"), "{problem}");
    assert!(!dir.path().join("models--someone--tiny/refs").exists());
}

#[test]
fn wrong_bytes_do_not_become_a_model() {
    for (manners, why) in [
        (Manners { adds: true, ..Manners::default() }, "longer than announced"),
        (Manners { spoils: true, ..Manners::default() }, "checksum"),
    ] {
        let (dir, problem) = problem(manners);
        assert!(problem.why.contains(why), "{problem}");
        let folder = dir.path().join("models--someone--tiny");
        assert!(!folder.join("refs").exists());
        assert!(!folder.join("snapshots").join(COMMIT).join("model.safetensors").exists());
    }
}

#[test]
fn refusals_say_what_to_do_and_change_nothing() {
    for (status, cure) in
        [(401, "HF_TOKEN"), (403, "HF_TOKEN"), (404, "the revision"), (429, "Wait"), (503, "later")]
    {
        let (dir, problem) = problem(Manners { status: Some(status), ..Manners::default() });
        assert!(problem.cure.contains(cure), "{status}: {problem}");
        assert_eq!(n_files(dir.path()), 0);
    }
}

#[test]
fn without_a_network_nothing_changes() {
    let dir = tempfile::tempdir().unwrap();
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let hub = Hub {
        endpoint: format!("http://127.0.0.1:{port}"),
        cache: dir.path().to_owned(),
        token: None,
        is_offline: false,
    };
    let problem = hub.download(&repo(), &mut go).unwrap_err();
    assert!(
        problem.why.contains("does not answer") && problem.cure.contains("Check the network"),
        "{problem}"
    );
    let offline = Hub { is_offline: true, ..hub };
    assert!(offline.download(&repo(), &mut go).unwrap_err().why.contains("HF_HUB_OFFLINE"));
    assert_eq!(n_files(dir.path()), 0);
}

#[test]
fn the_token_stays_with_the_hub() {
    let elsewhere = Server::start(tiny(), Manners::default());
    let address = elsewhere.endpoint.replace("127.0.0.1", "localhost");
    let (_, _dir, done) = download(Manners { redirects_to: Some(address), ..Manners::default() });
    done.unwrap();
    let asked = elsewhere.asked();
    assert_eq!((asked.len(), asked[0].2.as_deref()), (1, None));
}

#[test]
fn pickles_and_other_formats_are_explained() {
    let mut files = tiny();
    files.remove("model.safetensors");
    let server = Server::start(files, Manners::default());
    let dir = tempfile::tempdir().unwrap();
    let problem = server.hub(dir.path()).download(&repo(), &mut go).unwrap_err();
    assert!(
        problem.why.contains("pickle") && problem.cure.contains("save_pretrained"),
        "{problem}"
    );
    assert_eq!(n_files(dir.path()), 0);
}

/// As transformers does: Hugging Face's bot has proposed the weights in the safe format.
#[test]
fn pickles_that_were_converted_come_in_converted() {
    let (server, dir, done) = download(Manners { is_converted: true, ..Manners::default() });
    let folder = done.unwrap();
    assert!(folder.join("model.safetensors").exists());
    let paths: Vec<String> = server.asked().into_iter().map(|(path, ..)| path).collect();
    assert_eq!(
        paths[1..3],
        [
            "/api/models/someone/tiny/discussions",
            "/api/models/someone/tiny/revision/refs%2Fpr%2F1?blobs=true"
        ]
    );
    // It opens by the name it was asked for, without the network.
    assert_eq!(server.hub(dir.path()).cached(&repo()), Some(folder));
}

#[test]
fn the_command_line_downloads_once_and_opens_offline() {
    let server = Server::start(tiny(), Manners::default());
    let home = tempfile::tempdir().unwrap();
    let info = |offline: &str, model: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_headlight"));
        command.args(["models", "info", model, "--json"]);
        command
            .env("HF_HOME", home.path())
            .env("HF_ENDPOINT", &server.endpoint)
            .env("HF_HUB_OFFLINE", offline);
        command.env_remove("HF_HUB_CACHE").output().unwrap()
    };
    let output = info("1", "hf:someone/tiny");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(message.contains("HF_HUB_OFFLINE") && server.asked().is_empty(), "{message}");
    for offline in ["0", "1"] {
        let output = info(offline, "hf:someone/tiny");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let info: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&info["name"], &info["n_layers"]), (&"tiny".into(), &3.into()));
    }
    assert_eq!(server.asked().len(), 4);
    let message = info("0", "hf:no such").stderr;
    assert!(String::from_utf8_lossy(&message).contains("hf:owner/name"));
}
