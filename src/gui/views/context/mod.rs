//! How the vector of a token moves through the layers.
//!
//! A token enters the first layer as the sum of its embedding and its position: the same vector
//! for a word in whatever sentence. Every layer adds what attention fetched from other tokens and
//! what the MLP made of it, and so the vector moves: "apple" beside "orange" one way, "apple"
//! beside "phone" another. The view draws these ways for tokens of one or two sentences in one
//! plane, and how alike two of them are after each layer.

mod chips;
mod choice;
mod curve;
mod data;
mod paths;
mod plot;
mod words;

use crate::background::{Task, finished};
use crate::gui::contract::command::{Command, Target};
use crate::gui::contract::view::{Context, View};
use crate::gui::look::format::{number, percent};
use crate::gui::state::selection::Selection;
use crate::gui::widgets::empty_ui;
use crate::model::{Checkpoint, Edit};
use crate::problem::Problem;
use crate::session::second_text;
use crate::table::Table;
use crate::text::{tr, trf};
use crate::trace::{Trace, TraceId};
use chips::sentence_ui;
use choice::default_marks;
use egui::{Painter, Rect, RichText, TextEdit, Ui, pos2};
use paths::{Mark, Picture, Request, Scaling, label, letter, stream};
use std::sync::{Arc, Weak};

/// Two sentences in which one word means two things.
const PRESET: [&str; 2] = ["please buy an apple and an orange", "apple unveiled the new phone"];
/// The word.
const PRESET_WORD: &str = "apple";
/// The second sentence takes this many characters; longer ones belong into the prompt.
const MAX_CHARS: usize = 2_000;

/// The view.
#[derive(Debug, Default)]
pub struct ContextView {
    /// The second sentence, once it was typed; until then the preset's completes the preset.
    typed: Option<String>,
    scaling: Scaling,
    /// The tokens whose paths are drawn, once they were chosen by hand.
    chosen: Option<Vec<Mark>>,
    /// The tokens chosen for these recordings and this selection, unless chosen by hand.
    defaults: Option<(Vec<TraceId>, Selection, Vec<Mark>)>,
    /// The preset was asked for and its text is not read yet.
    is_preset_due: bool,
    /// The model, its changes and the second sentence last asked for.
    asked: Option<(Weak<Checkpoint>, Vec<Edit>, String)>,
    reading: Option<Task<Arc<Trace>>>,
    other: Option<Arc<Trace>>,
    problem: Option<Problem>,
    request: Option<Request>,
    drawing: Option<Task<Picture>>,
    picture: Option<Picture>,
}

impl View for ContextView {
    fn id(&self) -> &'static str {
        "context"
    }

    fn name(&self) -> &'static str {
        "Context"
    }

    fn question(&self) -> &'static str {
        "How does a word's meaning move?"
    }

    fn receive(&mut self) {
        match finished(&mut self.reading) {
            Some(Ok(trace)) => (self.other, self.problem) = (Some(trace), None),
            Some(Err(problem)) => (self.other, self.problem) = (None, Some(problem)),
            None => {}
        }
        if let Some(Ok(picture)) = finished(&mut self.drawing) {
            self.picture = Some(picture);
        }
    }

    fn is_busy(&self) -> bool {
        self.reading.is_some() || self.drawing.is_some()
    }

    fn controls(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let theme = ctx.theme;
        let mut text = self.second_text(ctx).to_owned();
        let width =
            (ui.available_width() * 0.5).clamp(theme.body_size * 8.0, theme.body_size * 20.0);
        let edit = TextEdit::singleline(&mut text)
            .hint_text(tr("A second sentence to compare with"))
            .char_limit(MAX_CHARS)
            .desired_width(width);
        let edit = ui.add(edit);
        edit.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::TextInput, true, tr("Second sentence"))
        });
        let edit =
            edit.on_hover_text(tr("The model reads it too; leave it empty to see the text alone"));
        if edit.changed() {
            self.typed = Some(text);
        }
        let preset = ui.button(tr("apple: fruit or phone?"));
        if preset
            .on_hover_text(trf("Compare “{0}” with “{1}”", &[&PRESET[0], &PRESET[1]]))
            .clicked()
        {
            self.typed = None;
            self.chosen = None;
            self.is_preset_due = true;
            ctx.send(Command::SetPrompt(PRESET[0].to_owned()));
        }
        let shown = trf("Vectors {0}", &[&tr(self.scaling.name())]);
        let choice = egui::ComboBox::from_id_salt("context scaling").selected_text(shown);
        let choice = choice.width(theme.body_size * 12.0).show_ui(ui, |ui| {
            for scaling in Scaling::ALL {
                let option = ui.selectable_value(&mut self.scaling, scaling, tr(scaling.name()));
                option.on_hover_text(tr(scaling.note()));
            }
        });
        choice.response.on_hover_text(tr(self.scaling.note()));
        if self.chosen.is_some() {
            let back = ui.button(tr("Follow the selection"));
            let back =
                back.on_hover_text(tr("Draw the selected token and the same word elsewhere"));
            if back.clicked() {
                self.chosen = None;
            }
        }
    }

    fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        self.read_second(ctx);
        self.choose_preset(ctx);
        if stream(ctx.trace, 0).is_none() {
            return empty_ui(ui, ctx.theme, tr("This recording holds no residual stream"));
        }
        let has_changed = self.draw(ctx);
        let lit = self.chips_ui(ui, ctx, has_changed);
        let Some(picture) = &self.picture else {
            return empty_ui(ui, ctx.theme, tr("Finding the plane …"));
        };
        if picture.paths.is_empty() {
            return empty_ui(ui, ctx.theme, tr("Click a token to draw its path"));
        }
        egui::ScrollArea::vertical()
            .id_salt("context picture")
            .show(ui, |ui| picture_ui(ui, ctx, picture, lit));
    }

    fn explain(&self, ctx: &Context<'_>) -> String {
        let Some(picture) = &self.picture else {
            return String::new();
        };
        let (Some(&first), Some(curve)) = (picture.request.marks.first(), picture.curves.first())
        else {
            return tr("Choose a token: its path shows its vector after each layer.").to_owned();
        };
        let at = |cosine: Option<&f32>| number(cosine.copied().unwrap_or(f32::NAN));
        let (from, to) = (at(curve.cosines.first()), at(curve.cosines.last()));
        let name = label(&picture.request.traces, first);
        let last = ctx.trace.model.n_layers.saturating_sub(1);
        let kept = percent(picture.explained.iter().sum());
        let story = match curve.mark {
            Some(_) => trf(
                "“{0}” and “{1}” enter with cosine {2} and leave layer {3} with {4}; {5}.",
                &[&name, &curve.label, &from, &last, &to, &extreme(curve)],
            ),
            None => trf(
                "“{0}” leaves layer {1} with cosine {2} to its own input.",
                &[&name, &last, &to],
            ),
        };
        trf(
            "{0} Each layer adds: x ← x + attention + MLP. The plane keeps {1} of the variance.",
            &[&story, &kept],
        )
    }

    fn tables(&self, _ctx: &Context<'_>) -> Vec<Table> {
        data::tables(self)
    }

    fn thumbnail(&self, painter: &Painter, rect: Rect, ctx: &mut Context<'_>) {
        thumbnail(painter, rect, ctx);
    }
}

impl ContextView {
    /// The second sentence.
    fn second_text(&self, ctx: &Context<'_>) -> &str {
        match &self.typed {
            Some(text) => text,
            None if ctx.trace.text == PRESET[0] => PRESET[1],
            None => "",
        }
    }

    /// Has the model read the second sentence, if it has not yet.
    fn read_second(&mut self, ctx: &Context<'_>) {
        let text = self.second_text(ctx);
        if text.trim().is_empty() {
            (self.asked, self.reading, self.other, self.problem) = (None, None, None, None);
            return;
        }
        let is_asked = self.asked.as_ref().is_some_and(|(model, edits, asked)| {
            let is_same_model = std::ptr::eq(model.as_ptr(), Arc::as_ptr(ctx.model));
            is_same_model && edits == ctx.edits && asked == text
        });
        if is_asked {
            return;
        }
        let (model, edits, text) = (Arc::clone(ctx.model), ctx.edits.to_vec(), text.to_owned());
        self.asked = Some((Arc::downgrade(&model), edits.clone(), text.clone()));
        let first = Arc::clone(ctx.trace);
        let read = move |_: &_| second_text(&model, &text, &edits, &first);
        self.reading = Some(Task::spawn(ctx.lane, read));
    }

    /// Selects the word of the preset once its text is read.
    fn choose_preset(&mut self, ctx: &mut Context<'_>) {
        if self.is_preset_due && ctx.trace.typed() == PRESET[0] {
            self.is_preset_due = false;
            if let Some(&pos) = words::find_word(&ctx.trace.tokens, PRESET_WORD).first() {
                ctx.send(Command::Select(Target::Token(pos)));
            }
        }
    }

    /// The recordings to draw: a second one of another model cannot be compared.
    fn traces(&self, ctx: &Context<'_>) -> Vec<Arc<Trace>> {
        let other = self.other.iter();
        let other = other.filter(|other| other.model == ctx.trace.model);
        std::iter::once(ctx.trace).chain(other).cloned().collect()
    }

    /// The tokens whose paths are drawn.
    fn marks(&mut self, traces: &[Arc<Trace>], ctx: &Context<'_>) -> Vec<Mark> {
        let Some(chosen) = &self.chosen else {
            return self.default_marks(traces, ctx.pinned);
        };
        let exists = |mark: &&Mark| {
            let trace = traces.get(mark.sentence);
            trace.is_some_and(|trace| mark.pos < trace.tokens.len())
        };
        let mut marks: Vec<Mark> = chosen.iter().filter(exists).copied().collect();
        marks.sort_by_key(|mark| mark.sentence != 0 || Some(mark.pos) != ctx.pinned.query);
        marks
    }

    fn default_marks(&mut self, traces: &[Arc<Trace>], pinned: Selection) -> Vec<Mark> {
        let ids: Vec<TraceId> = traces.iter().map(|trace| trace.id).collect();
        match &self.defaults {
            Some((known, at, marks)) if *known == ids && *at == pinned => marks.clone(),
            _ => {
                let marks = default_marks(traces, pinned.query, pinned.key);
                self.defaults = Some((ids, pinned, marks.clone()));
                marks
            }
        }
    }

    /// Has the picture drawn anew if anything about it has changed; says whether it has.
    fn draw(&mut self, ctx: &Context<'_>) -> bool {
        let traces = self.traces(ctx);
        let marks = self.marks(&traces, ctx);
        let scaling = self.scaling;
        let request = Request { traces, marks, scaling };
        if self.request.as_ref() == Some(&request) {
            return false;
        }
        self.request = Some(request.clone());
        self.drawing = Some(Task::spawn(ctx.lane, move |_| Ok(Picture::of(request))));
        true
    }

    /// Both sentences as chips; gives the one under the pointer.
    fn chips_ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>, follow: bool) -> Option<Mark> {
        let mut lit = None;
        let traces = self.traces(ctx);
        let marks = self.marks(&traces, ctx);
        for (sentence, trace) in traces.iter().enumerate() {
            let is_on = |mark| marks.contains(&mark);
            let pointed = sentence_ui(ui, ctx, (sentence, trace), is_on, follow);
            let Some(pointed) = pointed else { continue };
            let mark = pointed.mark;
            lit = Some(mark);
            if pointed.is_clicked {
                let mut chosen = marks.clone();
                if is_on(mark) {
                    chosen.retain(|other| *other != mark);
                } else {
                    chosen.push(mark);
                }
                self.chosen = Some(chosen);
            } else if pointed.is_hovered && sentence == 0 {
                ctx.send(Command::Hover(Target::Token(mark.pos)));
            }
        }
        if let Some(problem) = &self.problem {
            let text = format!("{}: {}", letter(1), problem.why);
            let text = RichText::new(text).color(*ctx.theme.warning);
            ui.label(text.font(ctx.theme.caption()));
        } else if self.reading.is_some() && traces.len() < 2 {
            caption_ui(ui, ctx, tr("reading the second sentence …"));
        }
        ui.add_space(ctx.theme.caption_size / 2.0);
        lit
    }
}

/// The paths and the curve, side by side or one above the other. Where the room is too low, it
/// scrolls.
fn picture_ui(ui: &mut Ui, ctx: &mut Context<'_>, picture: &Picture, lit: Option<Mark>) {
    let theme = ctx.theme;
    let room = ui.available_rect_before_wrap();
    let least = theme.caption_size * 15.0;
    let wide = room.width() > room.height().max(least) * 1.3;
    let height = room.height().max(if wide { least } else { 2.0 * least });
    let (_, room) = ui.allocate_space(egui::vec2(room.width(), height));
    let gap = theme.body_size;
    let (left, right) = if wide {
        let (left, right) = room.split_left_right_at_fraction(0.62);
        (left, right.with_min_x(right.left() + gap))
    } else {
        let (above, below) = room.split_top_bottom_at_fraction(0.64);
        (above, below.with_min_y(below.top() + gap))
    };
    let child = |rect: Rect| egui::UiBuilder::new().max_rect(rect);
    ui.scope_builder(child(left), |ui| plot_ui(ui, ctx, picture, lit));
    ui.scope_builder(child(right), |ui| {
        caption_ui(ui, ctx, &curve::caption(picture));
        curve::curve_ui(ui, theme, picture);
    });
}

/// The paths. What a chip or the selection points at is lit, and drawn even if it was not chosen.
fn plot_ui(ui: &mut Ui, ctx: &mut Context<'_>, picture: &Picture, lit: Option<Mark>) {
    let caption = plot::caption(picture, ctx.theme, ui.available_width());
    caption_ui(ui, ctx, &caption);
    let hovered = ctx.focus.query.filter(|_| ctx.focus != ctx.pinned);
    let hovered = hovered.map(|pos| Mark { sentence: 0, pos });
    let lit = lit.or(hovered);
    let is_new = |mark: &Mark| !picture.request.marks.contains(mark);
    let preview = lit.filter(is_new).and_then(|mark| picture.preview(mark));
    let (response, mark) = plot::plot_ui(ui, ctx, picture, preview.as_ref(), lit);
    if let Some(mark) = mark.filter(|mark| mark.sentence == 0) {
        ctx.point(&response, Target::Token(mark.pos));
    }
}

/// After which layer two tokens are most alike.
fn extreme(curve: &paths::Curve) -> String {
    let steps = curve.cosines.iter().enumerate();
    let most = steps.max_by(|a, b| a.1.total_cmp(b.1));
    match most {
        Some((0, _)) | None => tr("they are never more alike than at the input").to_owned(),
        Some((step, cosine)) => {
            trf("they are most alike after layer {0}: {1}", &[&(step - 1), &number(*cosine)])
        }
    }
}

fn caption_ui(ui: &mut Ui, ctx: &Context<'_>, text: &str) {
    let text = RichText::new(text).color(*ctx.theme.dim);
    ui.label(text.font(ctx.theme.caption()));
}

/// The path of the selected token in a plane of its own: across, the way it went in all; upwards,
/// how far it strayed from the straight line.
fn thumbnail(painter: &Painter, rect: Rect, ctx: &Context<'_>) {
    let theme = ctx.theme;
    let pos = ctx.pinned.query_or_last(ctx.trace);
    let Some(vectors) = stream(ctx.trace, pos) else {
        return;
    };
    let Some(points) = side_view(&vectors) else {
        return;
    };
    let rect = rect.shrink((rect.height() * 0.12).min(theme.caption_size * 0.6));
    let tallest = points.iter().fold(1e-6_f32, |most, p| most.max(p[1]));
    let at = points.iter().map(|[x, y]| {
        let up = y / tallest * rect.height();
        pos2(rect.left() + x.clamp(-0.1, 1.1) * rect.width(), rect.bottom() - up)
    });
    let at: Vec<egui::Pos2> = at.filter(|at| at.is_finite()).collect();
    let ink = plot::ink(theme, 0);
    let radius = (rect.height() * 0.05).clamp(1.5, 4.0);
    for &at in &at {
        painter.circle_filled(at, radius, ink);
    }
    painter.line(at, egui::Stroke::new(radius * 0.6, ink));
}

/// Vectors seen from the side: how far along the line from the first to the last each lies, from 0
/// to 1, and how far away from that line, in the same unit.
fn side_view(vectors: &[&[f32]]) -> Option<Vec<[f32; 2]>> {
    let (first, last) = (vectors.first()?, vectors.last()?);
    let way: Vec<f32> = last.iter().zip(*first).map(|(b, a)| b - a).collect();
    let length2: f32 = way.iter().map(|x| x * x).sum();
    let view = |vector: &&[f32]| {
        let (mut along, mut distance2) = (0.0, 0.0);
        for ((x, a), w) in vector.iter().zip(*first).zip(&way) {
            along += (x - a) * w;
            distance2 += (x - a) * (x - a);
        }
        let along = along / length2;
        [along, (distance2 / length2 - along * along).max(0.0).sqrt()]
    };
    (length2 > 0.0).then(|| vectors.iter().map(view).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_side_view_keeps_lengths() {
        let points = side_view(&[&[1.0, 1.0], &[1.0, 3.0], &[5.0, 1.0]]).unwrap();
        assert_eq!(points, [[0.0, 0.0], [0.0, 0.5], [1.0, 0.0]]);
        assert_eq!(side_view(&[&[1.0], &[1.0]]), None);
        assert_eq!(side_view(&[]), None);
    }
}
