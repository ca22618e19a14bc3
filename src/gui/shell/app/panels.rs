//! Everything beneath the bar: the tokens, the rail, the next token, the explanation and the view.

use super::App;
use super::learning::Learning;
use super::lessons::Dock;
use crate::gui::contract::command::Command;
use crate::gui::contract::view::{Context, Tab, View};
use crate::gui::look::theme::Theme;
use crate::gui::picture::export::{self, Beginning};
use crate::gui::shell::doors::doors_ui;
use crate::gui::shell::rail;
use crate::gui::shell::reading;
use crate::gui::shell::room::Room;
use crate::gui::shell::side;
use crate::gui::shell::time::time_ui;
use crate::gui::state::stack::{Stack, stack_ui};
use crate::gui::widgets;
use crate::gui::widgets::edit_words::edit_in_words;
use crate::lesson::Area;
use crate::session::training::step_of;
use crate::text::{tr, trf};
use crate::trace::Predicts;
use egui::{CentralPanel, Frame, Panel, RichText, ScrollArea, Ui};

impl App {
    /// Everything beneath the prompt: the rail, the next token, the explanation and the view.
    pub(super) fn panels_ui(
        &mut self,
        ui: &mut Ui,
        theme: &'static Theme,
        commands: &mut Vec<Command>,
    ) {
        let (Some(model), Some(stacks)) = (&self.model, &self.trace) else {
            return self.empty_ui(ui, theme, commands);
        };
        let (current, tab) = (self.current(), self.tab());
        let has_dialog = self.has_dialog();
        let visit = self.lessons.visit.as_ref();
        let awaited = self.lesson_step().and_then(|step| visit?.area(step));
        let shows_attention = self.views[current].shows_attention();
        let stack = match self.saved.stack {
            Stack::Cross if !shows_attention => Stack::Decoder,
            stack => stack,
        };
        let trace = stacks.shown(stack);
        let mut ctx = Context {
            theme,
            model,
            trace,
            edits: &self.saved.edits,
            baseline: self.baseline.as_ref().map(|stacks| stacks.shown(stack)),
            focus: self.hover.unwrap_or(self.saved.pinned).within(trace),
            pinned: self.saved.pinned.within(trace),
            sampling: &self.saved.sampling.clone(),
            seed: self.saved.seed,
            tab,
            tree: self.saved.tree.as_ref(),
            comparison: &self.saved.comparison,
            recipe: &self.saved.recipe,
            runs: self.learning.runs(),
            home: self.saved.home.as_ref().map_or(&self.saved.model, |home| &home.model),
            next: &self.next,
            textures: &mut self.textures,
            lane: &self.lane,
            commands,
        };
        let several = stacks.are_several().then_some((&mut self.saved.stack, shows_attention));
        let tokens = Panel::top("tokens")
            .frame(margin(theme, 12, 4))
            .show_separator_line(false)
            .show(ui, |ui| tokens_ui(ui, &mut ctx, several));
        self.areas.push((Area::Tokens, tokens.response.rect));
        let width = ui.available_width();
        banner_ui(ui, &mut ctx);
        time_panel_ui(ui, theme, &self.learning, &self.saved.model, ctx.commands);
        let is_zoomed = self.presenter.is_zoomed || self.presenter.is_presenting;
        let whole = ui.ctx().content_rect().width();
        let awaits_next = awaited == Some(Area::Next);
        let wants_next = if awaits_next { Some(true) } else { self.saved.next_panel };
        let room = Room::of(width, whole, theme, wants_next);
        self.is_next_open = room.is_next_open;
        if !is_zoomed {
            let rail = Panel::left("rail").exact_size(room.rail).resizable(false);
            let current = &self.saved.view;
            let rail = rail.frame(margin(theme, 4, 8)).show_separator_line(false).show(ui, |ui| {
                rail::rail_ui(ui, &mut ctx, &self.views, current);
            });
            self.areas.push((Area::Rail, rail.response.rect));
        }
        if !is_zoomed && !room.is_next_open {
            let strip = Panel::right("next strip").exact_size(room.next).resizable(false);
            let strip = strip.frame(margin(theme, 2, 8)).show_separator_line(false);
            let strip = strip.show(ui, |ui| side::strip_ui(ui, &mut ctx));
            self.areas.push((Area::Next, strip.response.rect));
        } else if !is_zoomed {
            let side = Panel::right("next").exact_size(room.next).resizable(false);
            let side = side.frame(margin(theme, 12, 8)).show_separator_line(false).show(ui, |ui| {
                if trace.model.predicts != Predicts::Next {
                    side::hide_ui(ui, &mut ctx, "");
                    return reading::reading_ui(ui, &mut ctx);
                }
                side::sampling_ui(ui, &mut self.saved.sampling, trace.model.vocab_size);
                ui.add_space(theme.body_size / 2.0);
                side::side_ui(ui, &mut ctx);
            });
            self.areas.push((Area::Next, side.response.rect));
        }
        let Some(view) = self.views.get_mut(current) else {
            return;
        };
        let strip =
            Panel::bottom("explanation").frame(margin(theme, 16, 10)).show_separator_line(false);
        // A lesson beneath the picture says what is seen.
        if self.dock != Some(Dock::Beneath) {
            strip.show(ui, |ui| strip_ui(ui, &**view, &ctx));
        }
        let picture = Frame::new().fill(*theme.background).inner_margin(16);
        let picture = CentralPanel::default().frame(picture).show(ui, |ui| {
            let rect = ui.max_rect().expand(16.0);
            let beginning = title_ui(ui, theme, &**view, ctx.commands);
            picture_ui(ui, &mut **view, &mut ctx);
            export::context_menu_ui(ui, rect, ctx.commands);
            if self.exports.wants_picture() {
                let shapes = beginning.shapes(ui);
                let zoom = ui.ctx().zoom_factor();
                self.exports.capture(&**view, &ctx, shapes, rect, zoom);
            }
            if !has_dialog {
                self.notices.ui(ui, theme);
            }
        });
        self.areas.push((Area::Picture, picture.response.rect));
    }

    /// Before the first recording, and when there is no text.
    fn empty_ui(&mut self, ui: &mut Ui, theme: &Theme, commands: &mut Vec<Command>) {
        let frame = Frame::new().fill(*theme.background).inner_margin(32);
        CentralPanel::default().frame(frame).show(ui, |ui| {
            self.notices.ui(ui, theme);
            if !self.saved.prompt.is_empty() {
                return;
            }
            ui.add_space(ui.available_height() * 0.25);
            ui.vertical_centered(|ui| {
                ui.label(
                    RichText::new(tr("Type a sentence, or try one of these")).font(theme.title()),
                );
                ui.add_space(theme.body_size);
                doors_ui(ui, theme, &self.saved.model, commands);
                ui.add_space(theme.body_size);
                for example in EXAMPLES {
                    let button = ui.button(RichText::new(example).font(theme.body()));
                    if button.on_hover_text(tr("Have the model read this")).clicked() {
                        commands.push(Command::SetPrompt(example.to_owned()));
                    }
                }
            });
        });
    }
}

/// The ground of a panel, with room at its edges.
fn margin(theme: &Theme, x: i8, y: i8) -> Frame {
    Frame::new().fill(*theme.panel).inner_margin(egui::Margin::symmetric(x, y))
}

/// The tokens, and of a model with several stacks the choice of one, with whether the view shows
/// attention.
fn tokens_ui(ui: &mut Ui, ctx: &mut Context<'_>, several: Option<(&mut Stack, bool)>) {
    let rows = 2.6 * ctx.theme.body_size * 1.9;
    ScrollArea::vertical().id_salt("tokens").max_height(rows).min_scrolled_height(rows).show(
        ui,
        |ui| {
            ui.set_min_width(ui.available_width());
            if let Some((stack, shows_attention)) = several {
                stack_ui(ui, ctx.theme, stack, shows_attention);
            }
            widgets::chips_ui(ui, ctx);
        },
    );
}

/// What is seen, with this example's numbers.
fn strip_ui(ui: &mut Ui, view: &dyn View, ctx: &Context<'_>) {
    ui.set_min_width(ui.available_width());
    let text = match view.unfit(&ctx.trace.model) {
        Some(_) => String::new(),
        None => view.explain(ctx),
    };
    ui.label(RichText::new(text).font(ctx.theme.body()));
}

/// The view's tabs, controls and picture, or why it has none for this model.
fn picture_ui(ui: &mut Ui, view: &mut dyn View, ctx: &mut Context<'_>) {
    let model = &ctx.trace.model;
    if let Some(why) = view.unfit(model) {
        return widgets::empty_ui(ui, ctx.theme, tr(why));
    }
    let tabs = view.tabs_of(model);
    // Every picture keeps its own place and zoom.
    ui.push_id((view.id(), ctx.tab), |ui| {
        ui.horizontal_wrapped(|ui| {
            tabs_ui(ui, ctx, tabs);
            view.controls(ui, ctx);
        });
        ui.add_space(ctx.theme.body_size / 2.0);
        view.ui(ui, ctx);
    });
}

/// The question the view answers, and the menu of its picture, which is not part of the picture.
fn title_ui(ui: &mut Ui, theme: &Theme, view: &dyn View, commands: &mut Vec<Command>) -> Beginning {
    let right = egui::Layout::right_to_left(egui::Align::Min);
    let title = egui::Layout::left_to_right(egui::Align::Min).with_main_wrap(true);
    let whole = ui.horizontal(|ui| {
        let menu = ui.with_layout(right, |ui| {
            export::menu_ui(ui, theme, commands);
            let beginning = Beginning::here(ui);
            ui.with_layout(title, |ui| {
                ui.label(RichText::new(tr(view.question())).font(theme.title()));
            });
            beginning
        });
        menu.inner
    });
    whole.inner
}

const EXAMPLES: [&str; 4] = [
    "The cat sat on the",
    "Once upon a time there was a little",
    "The cat chased the mouse because it was hungry",
    "please buy an apple and an orange",
];

/// The switch between the pictures of a view.
fn tabs_ui(ui: &mut Ui, ctx: &mut Context<'_>, tabs: &[Tab]) {
    if tabs.is_empty() {
        return;
    }
    let choices: Vec<(&str, &str)> = tabs.iter().map(|tab| (tr(tab.name), tr(tab.hint))).collect();
    let mut chosen = ctx.tab;
    widgets::segmented_ui(ui, ctx.theme, &choices, &mut chosen);
    if let Some(tab) = tabs.get(chosen).filter(|_| chosen != ctx.tab) {
        ctx.send(Command::SetTab(tab.id()));
    }
}

/// An experiment in force is always visible, and one click away from off.
fn experiment_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    ui.horizontal_wrapped(|ui| {
        let changes: Vec<String> = ctx.edits.iter().map(edit_in_words).collect();
        let text = trf("Experiment in force: {0}", &[&changes.join(", ")]);
        ui.label(RichText::new(text).color(*ctx.theme.warning));
        let off = ui.button(tr("Switch off"));
        if off.on_hover_text(tr("Show the unchanged model again")).clicked() {
            ctx.send(Command::SetEdits(Vec::new()));
        }
    });
}

/// While the model is changed: how, in every view.
fn banner_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    if !ctx.edits.is_empty() {
        let banner = Panel::top("experiment").frame(margin(ctx.theme, 12, 4));
        banner.show_separator_line(false).show(ui, |ui| experiment_ui(ui, ctx));
    }
}

/// While there is a run: its line of time, under every view.
fn time_panel_ui(
    ui: &mut Ui,
    theme: &Theme,
    learning: &Learning,
    model: &str,
    commands: &mut Vec<Command>,
) {
    let Some(run) = &learning.run else { return };
    let time = Panel::bottom("time").frame(margin(theme, 12, 6)).show_separator_line(false);
    let is_film = learning.is_film();
    time.show(ui, |ui| time_ui(ui, theme, run, step_of(model), is_film, commands));
}
