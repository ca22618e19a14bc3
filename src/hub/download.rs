//! Downloading a model into the cache, file by file.
//!
//! A file comes in under the name `{checksum}.incomplete` and gets its place when its length and
//! checksum are right. What was cut off stays, and the next download goes on from there. The commit
//! a revision stands for is written last: before that the model does not count as being there.

use super::cache::is_commit;
use super::conversion::converted;
use super::http::{DOWNLOADING, Server, refused};
use super::repo::is_plain;
use super::{Go, Hub, Progress, Repo};
use crate::problem::{Problem, Result};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What is needed to read a model, apart from its weights.
const NEEDED: [&str; 18] = [
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "source.spm",
    "target.spm",
    "spiece.model",
    "tokenizer.model",
    "modules.json",
    "sentence_bert_config.json",
    "1_Pooling/config.json",
    "model.safetensors.index.json",
];
/// How often a cut connection is taken up again without a new byte having come.
const TRIES: u32 = 3;
const CHUNK: usize = 1 << 16;

/// A file on the hub.
#[derive(Debug, Clone, PartialEq)]
struct Remote {
    /// Its path in the model's folder.
    path: String,
    size: u64,
    /// Its name among the blobs: for large files their SHA-256.
    blob: String,
    /// Is that name a SHA-256 of the bytes?
    is_sha256: bool,
}

impl Hub {
    /// Downloads a model, or what is still missing of it; gives its folder. `listen` is told how far
    /// it is, many times a second, and may break off.
    ///
    /// # Errors
    /// When there is no network, no such model, no permission, no room, or the listener broke off.
    pub fn download(
        &self,
        repo: &Repo,
        listen: &mut dyn FnMut(&Progress) -> Go,
    ) -> Result<PathBuf> {
        if self.is_offline {
            return Err(Problem::new(
                DOWNLOADING,
                format!("{repo} is not here, and HF_HUB_OFFLINE is set"),
            )
            .cure("Unset HF_HUB_OFFLINE to allow the program to use the network"));
        }
        let server = Server::new(self);
        let mut listing = server.listing(repo)?;
        let mut repo = repo.clone();
        if has_only_pickles(&remotes(&listing))
            && let Ok(Some(safe)) = converted(&server, &repo)
        {
            listing = server.listing(&safe)?;
            repo = safe;
        }
        let repo = &repo;
        let commit = listing.get("sha").and_then(Value::as_str).filter(|sha| is_commit(sha));
        let commit = commit.ok_or_else(|| server.nonsense("it names no commit"))?;
        let files = remotes(&listing);
        if files.is_empty() {
            return Err(server.nonsense("it names no files with their sizes and checksums"));
        }
        let files = wanted(repo, &files)?;
        let folder = self.cache.join(repo.folder());
        let mut download = Download {
            server,
            repo,
            commit,
            blobs: folder.join("blobs"),
            snapshot: folder.join("snapshots").join(commit),
            progress: Progress {
                total: files.iter().map(|file| file.size).sum(),
                ..Progress::default()
            },
            started: Instant::now(),
            fetched: 0,
            listen,
        };
        for file in &files {
            download.file(file)?;
        }
        let reference = folder.join("refs").join(&repo.revision);
        if !is_commit(&repo.revision) {
            let write = make_parent(&reference).and_then(|()| std::fs::write(&reference, commit));
            write.map_err(|e| cannot_write(&reference, &e))?;
        }
        Ok(download.snapshot)
    }
}

/// The files a listing names, with a place each that cannot lead outside the cache.
fn remotes(listing: &Value) -> Vec<Remote> {
    let files = listing.get("siblings").and_then(Value::as_array);
    let remote = |file: &Value| {
        let path = file.get("rfilename")?.as_str()?;
        let sha256 = file.pointer("/lfs/sha256").and_then(Value::as_str);
        let blob = sha256.or_else(|| file.get("blobId")?.as_str())?;
        let size = file.get("size")?.as_u64()?;
        let is_hex = blob.len() >= 40 && blob.bytes().all(|b| b.is_ascii_hexdigit());
        (is_hex && path.split('/').all(is_plain)).then(|| Remote {
            path: path.to_owned(),
            size,
            blob: blob.to_ascii_lowercase(),
            is_sha256: sha256.is_some() && blob.len() == 64,
        })
    };
    files.into_iter().flatten().filter_map(remote).collect()
}

/// Are the weights there in the one format that is not read?
fn has_only_pickles(files: &[Remote]) -> bool {
    let ends = |end: &str| {
        files.iter().any(|file| {
            let extension = Path::new(&file.path).extension();
            extension.is_some_and(|extension| extension == end)
        })
    };
    (ends("bin") || ends("pt")) && !ends("safetensors")
}

/// Of all files, those this program reads; small ones first.
fn wanted(repo: &Repo, files: &[Remote]) -> Result<Vec<Remote>> {
    let is_there = |name: &str| files.iter().any(|file| file.path == name);
    let is_single = is_there("model.safetensors");
    let is_part = |path: &str| path.starts_with("model-") && path.ends_with(".safetensors");
    let is_weights = |path: &str| {
        if is_single { path == "model.safetensors" } else { is_part(path) }
    };
    let wanted = files.iter().filter(|file| {
        let is_index = file.path == "model.safetensors.index.json";
        is_weights(&file.path) || (NEEDED.contains(&&*file.path) && !(is_single && is_index))
    });
    let mut wanted: Vec<Remote> = wanted.cloned().collect();
    wanted.sort_by_key(|file| file.size);
    let has_weights = wanted.iter().any(|file| is_weights(&file.path));
    if has_weights && is_there("config.json") {
        return Ok(wanted);
    }
    let (why, cure) = if has_only_pickles(files) {
        (
            format!("{repo} has its weights as pickle files only (.bin)"),
            "Pickle files can run code when opened, so this program does not read them, and there is no \
             conversion by Hugging Face. Load the model with transformers, then \
             model.save_pretrained(folder), and open that folder",
        )
    } else {
        (
            format!("{repo} has no config.json with model.safetensors"),
            "Choose a model whose page lists both under \"Files\"",
        )
    };
    Err(Problem::new(DOWNLOADING, why).cure(cure))
}

/// A download under way.
struct Download<'a> {
    server: Server<'a>,
    repo: &'a Repo,
    commit: &'a str,
    blobs: PathBuf,
    snapshot: PathBuf,
    progress: Progress,
    started: Instant,
    /// Bytes that came in since then.
    fetched: u64,
    listen: &'a mut dyn FnMut(&Progress) -> Go,
}

impl Download<'_> {
    /// Makes one file be there.
    fn file(&mut self, file: &Remote) -> Result<()> {
        self.progress.file.clone_from(&file.path);
        let place = self.snapshot.join(&file.path);
        let blob = self.blobs.join(&file.blob);
        if place.exists() || blob.exists() {
            self.advance(file.size, false)?;
        } else {
            let partial = self.blobs.join(format!("{}.incomplete", file.blob));
            let write = make_parent(&partial);
            write.map_err(|e| cannot_write(&partial, &e))?;
            self.fetch(file, &partial)?;
            std::fs::rename(&partial, &blob).map_err(|e| cannot_write(&blob, &e))?;
        }
        if !place.exists() {
            let linked = make_parent(&place).and_then(|()| link(&blob, &place, file));
            linked.map_err(|e| cannot_write(&place, &e))?;
        }
        Ok(())
    }

    /// Brings the bytes in, taking a cut connection up again.
    fn fetch(&mut self, file: &Remote, partial: &Path) -> Result<()> {
        let open =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(partial);
        let mut to = open.map_err(|e| cannot_write(partial, &e))?;
        let here = to.metadata().map_or(0, |data| data.len());
        if here > file.size {
            to.set_len(0).map_err(|e| cannot_write(partial, &e))?;
        }
        let mut at = if here > file.size { 0 } else { here };
        self.advance(at, false)?;
        let mut tries = 0;
        while at < file.size {
            let before = at;
            let cut = self.stream(file, &mut to, partial, &mut at)?;
            tries = if at > before { 0 } else { tries + 1 };
            if let (Some(cut), true) = (cut, tries >= TRIES) {
                return Err(Problem::new(
                    DOWNLOADING,
                    format!("the connection was cut while {} came in ({cut})", file.path),
                )
                .cure(
                    "Try again: what is already here is kept, and the download goes on from there",
                ));
            }
            if at < file.size {
                std::thread::sleep(Duration::from_millis(200 * u64::from(tries)));
            }
        }
        check(file, &mut to, partial)
    }

    /// One request for the rest of a file; says why it ended early, if it did.
    fn stream(
        &mut self,
        file: &Remote,
        to: &mut File,
        partial: &Path,
        at: &mut u64,
    ) -> Result<Option<String>> {
        let path = format!("{}/resolve/{}/{}", self.repo.name, self.commit, file.path);
        let response = match self.server.get(&path, *at) {
            Ok(response) => response,
            Err(e) => return Ok(Some(e.to_string())),
        };
        let status = response.status().as_u16();
        let range = response.headers().get("content-range").and_then(|range| range.to_str().ok());
        let continues =
            status == 206 && range.is_some_and(|range| range.starts_with(&format!("bytes {at}-")));
        match status {
            206 if continues => {}
            200 | 206 | 416 => {
                // The server begins anew, or knows another file: so do we.
                self.progress.done -= *at;
                *at = 0;
                to.set_len(0).map_err(|e| cannot_write(partial, &e))?;
                if status != 200 {
                    return Ok(Some(format!("status {status}")));
                }
            }
            500.. => return Ok(Some(format!("status {status}"))),
            _ => return Err(refused(self.repo, status)),
        }
        to.seek(std::io::SeekFrom::Start(*at)).map_err(|e| cannot_write(partial, &e))?;
        let mut body = response.into_body().into_with_config().limit(u64::MAX).reader();
        let mut chunk = vec![0; CHUNK];
        loop {
            let n = match body.read(&mut chunk) {
                Ok(n) => n,
                Err(e) => return Ok(Some(e.to_string())),
            };
            if n == 0 {
                return Ok((*at < file.size).then(|| "it ended early".to_owned()));
            }
            if *at + n as u64 > file.size {
                return Err(wrong(file, "it is longer than announced", partial));
            }
            to.write_all(&chunk[..n]).map_err(|e| cannot_write(partial, &e))?;
            *at += n as u64;
            self.advance(n as u64, true)?;
        }
    }

    /// Tells the listener about more bytes.
    fn advance(&mut self, n: u64, from_network: bool) -> Result<()> {
        self.progress.done += n;
        if from_network {
            self.fetched += n;
        }
        let seconds = self.started.elapsed().as_secs_f64();
        if seconds > 1.0 && self.fetched > 0 {
            let left = self.progress.total.saturating_sub(self.progress.done);
            self.progress.seconds_left = Some(left as f64 * seconds / self.fetched as f64);
        }
        if (self.listen)(&self.progress).is_break() {
            return Err(Problem::new(DOWNLOADING, "it was stopped").cure(
                "Start it again: what is already here is kept, and the download goes on from there",
            ));
        }
        Ok(())
    }
}

/// Compares the checksum, where the hub gives one.
fn check(file: &Remote, to: &mut File, partial: &Path) -> Result<()> {
    if !file.is_sha256 {
        return Ok(());
    }
    let read = to.rewind().and_then(|()| {
        let mut hash = Sha256::new();
        std::io::copy(to, &mut hash).map(|_| hash.finalize())
    });
    let hash = read.map_err(|e| cannot_write(partial, &e))?;
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    if hex == file.blob {
        Ok(())
    } else {
        Err(wrong(file, "its checksum is not the one the hub gives", partial))
    }
}

/// A file that is not what the hub announced is thrown away.
fn wrong(file: &Remote, why: &str, partial: &Path) -> Problem {
    let _ = std::fs::remove_file(partial);
    Problem::new(DOWNLOADING, format!("{} came in damaged: {why}", file.path)).cure("Try again")
}

fn make_parent(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all)
}

/// Links to the blob from the snapshot, relative so that the cache can be moved; where links need
/// permission, the file itself takes the place.
fn link(blob: &Path, place: &Path, file: &Remote) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let up = "../".repeat(2 + file.path.matches('/').count());
        let name = format!("{up}blobs/{}", file.blob);
        let _ = blob;
        std::os::unix::fs::symlink(name, place)
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        std::fs::hard_link(blob, place).or_else(|_| std::fs::copy(blob, place).map(|_| ()))
    }
}

fn cannot_write(path: &Path, e: &std::io::Error) -> Problem {
    Problem::new(DOWNLOADING, format!("{e}: {}", path.display())).cure(
        "Check that there is room and that the folder may be written; HF_HOME chooses another one",
    )
}
