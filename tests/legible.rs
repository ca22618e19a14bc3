//! Every picture can be read: no text lies on another or is cut off at its side, in any theme, at any
//! size, with short and long texts, in several scripts and languages.
//!
//! A choice of all combinations is looked at, such that every two settings meet; for all of them, or
//! for another model:
//!
//! ```text
//! LEGIBLE_ALL=1 LEGIBLE_MODEL=translator cargo test --release --test legible -- --nocapture
//! ```
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stderr, reason = "the outcome is a list")]
#![cfg(feature = "gui")]

mod harness;

use egui::Rect;
use egui::accesskit::Role;
use egui::epaint::{ClippedShape, Shape, TextShape};
use egui_kittest::kittest::Queryable as _;
use harness::{open_at, pictures, show};
use headlight::gui::{Saved, Selection};

const THEMES: [&str; 3] = ["light", "dark", "projector"];
const SIZES: [[f32; 2]; 4] = [[1280.0, 720.0], [1920.0, 1080.0], [3840.0, 2160.0], [1024.0, 768.0]];
/// Words, of which as many are taken as make so many tokens, about.
const SCRIPTS: [&str; 4] = [
    "The cat chased the mouse because it was hungry and the dog slept near the old door",
    "El niño corrió rápidamente hacia la montaña mientras su madre cantaba",
    "注意力机制让模型看到所有的词语并且学习它们之间的关系",
    "👩‍👩‍👧 loves 🍎🍏 and 🎉 naïve café 🇪🇸 fun",
];
const LENGTHS: [usize; 4] = [1, 8, 64, 200];
const LANGUAGES: [&str; 2] = ["en", "es"];

/// Pictures that are wider than their place and can be moved, so that something is cut at an edge.
const MOVABLE: [&str; 7] =
    ["positions", "heads", "attention", "context", "lens", "generation", "compare"];

/// One way to look at a picture: an index into each of the lists above.
type Setting = [usize; 5];

fn name([theme, size, script, length, language]: Setting) -> String {
    let [w, h] = SIZES[size];
    let script = SCRIPTS[script].chars().take(8).collect::<String>();
    format!("{} {w}x{h} {script:?} {} {}", THEMES[theme], LENGTHS[length], LANGUAGES[language])
}

/// A text of about so many tokens.
fn text(script: usize, length: usize) -> String {
    let words = SCRIPTS[script];
    let per_token = if script == 0 { 4 } else { 2 };
    let n = LENGTHS[length] * per_token;
    let endless = words.chars().chain([' ']).cycle();
    let text: String = endless.take(n.max(1)).collect();
    text.trim_end().to_owned()
}

fn all() -> Vec<Setting> {
    let mut all = Vec::new();
    for theme in 0..THEMES.len() {
        for size in 0..SIZES.len() {
            for script in 0..SCRIPTS.len() {
                for length in 0..LENGTHS.len() {
                    all.extend((0..LANGUAGES.len()).map(|l| [theme, size, script, length, l]));
                }
            }
        }
    }
    all
}

/// As few settings as it takes, about, that every two values of different lists meet in one.
fn pairwise() -> Vec<Setting> {
    let pairs = |setting: &Setting| {
        let setting = *setting;
        (0..5).flat_map(move |i| (0..i).map(move |j| (i, j, setting[i], setting[j])))
    };
    let all = all();
    let mut open: std::collections::BTreeSet<_> = all.iter().flat_map(pairs).collect();
    let mut chosen = Vec::new();
    while !open.is_empty() {
        let gain = |setting: &&Setting| pairs(setting).filter(|pair| open.contains(pair)).count();
        let best = *all.iter().rev().max_by_key(gain).unwrap();
        for pair in pairs(&best) {
            open.remove(&pair);
        }
        chosen.push(best);
    }
    chosen
}

/// A piece of text on screen: a line of it, where its ink is.
#[derive(Debug, Clone)]
struct Line {
    text: String,
    ink: Rect,
    clip: Rect,
    /// Its place in the order of painting.
    order: usize,
}

/// What is painted, as far as it matters here.
#[derive(Debug, Default)]
struct Painted {
    lines: Vec<Line>,
    /// Areas that hide what was painted before.
    covers: Vec<(usize, Rect)>,
    order: usize,
}

impl Painted {
    fn add(&mut self, clip: Rect, shape: &Shape) {
        self.order += 1;
        match shape {
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| self.add(clip, shape)),
            Shape::Text(text) => self.add_text(clip, text),
            Shape::Rect(rect) if rect.fill.a() == 255 || rect.brush.is_some() => {
                self.covers.push((self.order, rect.rect.intersect(clip)));
            }
            Shape::Mesh(mesh) if mesh.texture_id != egui::TextureId::default() => {
                self.covers.push((self.order, mesh.calc_bounds().intersect(clip)));
            }
            _ => {}
        }
    }

    fn add_text(&mut self, clip: Rect, text: &TextShape) {
        let color = text.override_text_color.unwrap_or(egui::Color32::WHITE);
        if color.a() < 8 || text.opacity_factor < 0.05 {
            return;
        }
        for row in &text.galley.rows {
            let ink = row.visuals.mesh_bounds.translate(row.pos.to_vec2());
            let content = row.text();
            if !ink.is_positive() || content.trim().is_empty() {
                continue;
            }
            let turn = egui::emath::Rot2::from_angle(text.angle);
            let corners = [ink.left_top(), ink.right_top(), ink.right_bottom(), ink.left_bottom()];
            let corners = corners.map(|corner| text.pos + turn * corner.to_vec2());
            self.lines.push(Line {
                text: content,
                ink: Rect::from_points(&corners),
                clip,
                order: self.order,
            });
        }
    }

    /// What cannot be read, and why. Of what can be moved an edge may be cut, but not by the window's.
    fn faults(&self, screen: Rect, is_movable: bool) -> Vec<String> {
        let mut faults = Vec::new();
        let seen = |line: &Line| line.ink.intersect(line.clip).intersect(screen);
        for (i, line) in self.lines.iter().enumerate() {
            let visible = seen(line);
            if visible.width() < 2.0 || visible.height() < 2.0 {
                continue;
            }
            let place = if is_movable { line.ink.intersect(screen) } else { visible };
            // At its upper and lower edge a scrolled page is cut as a matter of course.
            let across = line.ink.width() - place.width();
            if across > 2.5 && !self.is_hidden(line.order, usize::MAX, visible) {
                faults.push(format!("{:?} is cut off by {across:.0} at {:?}", line.text, line.ink));
            }
            for other in &self.lines[i + 1..] {
                let both = visible.intersect(seen(other));
                let is_ink = both.width() > 1.5 && both.height() > 2.0;
                if is_ink
                    && line.text != other.text
                    && !self.is_hidden(line.order, other.order, both)
                    && !self.is_hidden(other.order, usize::MAX, both)
                {
                    let (a, b) = (&line.text, &other.text);
                    faults.push(format!("{a:?} and {b:?} overlap at {both:?}"));
                }
            }
        }
        faults
    }

    /// Is a place painted over between two moments?
    fn is_hidden(&self, after: usize, before: usize, place: Rect) -> bool {
        let covers = self.covers.iter();
        covers
            .filter(|(order, _)| after < *order && *order < before)
            .any(|(_, cover)| cover.expand(1.0).contains_rect(place))
    }
}

fn faults(view: &str, tab: Option<String>, setting: Setting, model: &str) -> Vec<String> {
    let [theme, size, script, length, language] = setting;
    let mut saved = Saved {
        prompt: text(script, length),
        reduce_motion: true,
        model: model.to_owned(),
        theme: THEMES[theme].into(),
        language: LANGUAGES[language].into(),
        pinned: Selection { layer: 1, head: 1, ..Selection::default() },
        ..Saved::default()
    };
    saved.learning.is_greeted = true;
    show(&mut saved, view, tab);
    let window = open_at(saved, SIZES[size]);
    let mut painted = Painted::default();
    for ClippedShape { clip_rect, shape, .. } in &window.output().shapes {
        painted.add(*clip_rect, shape);
    }
    assert!(painted.lines.len() > 5, "{view}: hardly any text");
    // What is typed may be longer than its field.
    let fields: Vec<Rect> =
        window.query_all_by_role(Role::TextInput).map(|field| field.rect()).collect();
    let is_typed = |line: &Line| {
        fields.iter().any(|field| {
            field.contains(line.ink.center())
                || field.intersects(line.ink) && line.clip.width() <= field.width()
        })
    };
    painted.lines.retain(|line| !is_typed(line));
    painted.faults(window.ctx.content_rect(), MOVABLE.contains(&view))
}

#[test]
fn every_picture_can_be_read() {
    let settings = match std::env::var_os("LEGIBLE_ALL") {
        Some(_) => all(),
        None => pairwise(),
    };
    let model = std::env::var("LEGIBLE_MODEL").unwrap_or_else(|_| "storybook".to_owned());
    let only = std::env::var("LEGIBLE_VIEW").unwrap_or_default();
    let mut n_faults = 0;
    for (view, tab) in pictures() {
        if !view.contains(&only) {
            continue;
        }
        for setting in &settings {
            let faults = faults(view, tab.clone(), *setting, &model);
            n_faults += faults.len();
            let tab = tab.as_deref().unwrap_or_default();
            for fault in faults.iter().take(4) {
                eprintln!("{view} {tab} {}: {fault}", name(*setting));
            }
        }
    }
    assert_eq!(n_faults, 0);
}
