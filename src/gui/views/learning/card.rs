//! What is learned by what, with few dials, and the button that starts it.

use super::send;
use crate::gui::contract::command::Learn;
use crate::gui::contract::view::Context;
use crate::gui::look::format::{count, short_count};
use crate::gui::widgets::{explained, row_break};
use crate::session::training::{Practice, Recipe, Run, STEPS_FROM_NOTHING, Start, Task};
use crate::text::{tr, trf};
use egui::{ComboBox, Grid, RichText, ScrollArea, TextEdit, Ui};

/// Draws the card.
pub fn card_ui(ui: &mut Ui, ctx: &mut Context<'_>, run: Option<&Run>) {
    let theme = ctx.theme;
    // Dials of a model that is taught are other dials.
    let mut recipe = if ctx.recipe.is_fresh() { ctx.recipe.clone() } else { Recipe::default() };
    let before = recipe.clone();
    ScrollArea::vertical().id_salt("card").auto_shrink(false).show(ui, |ui| {
        practice_ui(ui, ctx, &mut recipe);
        ui.add_space(theme.body_size * 0.5);
        run_ui(ui, ctx, run, &recipe, STEPS_FROM_NOTHING);
        ui.add_space(theme.body_size * 0.5);
        dials_ui(ui, ctx, &mut recipe);
        if let Some(run) = run {
            ui.add_space(theme.body_size * 0.5);
            facts_ui(ui, ctx, run);
        }
    });
    if recipe != before {
        send(ctx, Learn::Plan(Box::new(recipe)));
    }
}

fn practice_ui(ui: &mut Ui, ctx: &Context<'_>, recipe: &mut Recipe) {
    let theme = ctx.theme;
    let own = tr("Your own text");
    let name = match &recipe.practice {
        Practice::Task(task) => tr(task.name()),
        Practice::Text(_) => own,
    };
    ui.label(RichText::new(tr("It learns to")).font(theme.caption()).color(*theme.dim));
    let combo = ComboBox::from_id_salt("practice").selected_text(name);
    let combo = combo.show_ui(ui, |ui| {
        for task in Task::ALL {
            let choice = Practice::Task(task);
            let label = ui.selectable_label(recipe.practice == choice, tr(task.name()));
            if label.on_hover_text(tr(task.about())).clicked() {
                recipe.practice = choice;
            }
        }
        let is_own = matches!(recipe.practice, Practice::Text(_));
        let label = ui.selectable_label(is_own, own);
        if label.on_hover_text(tr("Paste any text")).clicked() && !is_own {
            recipe.practice = Practice::Text(String::new());
        }
    });
    combo.response.on_hover_text(tr("What is practised"));
    match &mut recipe.practice {
        Practice::Task(task) => {
            ui.label(RichText::new(tr(task.about())).font(theme.caption()).color(*theme.dim));
        }
        Practice::Text(text) => {
            let edit = TextEdit::multiline(text)
                .hint_text(tr("Paste a text here, or drop a .txt or .csv file on the window"))
                .desired_rows(4)
                .desired_width(f32::INFINITY);
            ScrollArea::vertical().id_salt("own text").max_height(theme.body_size * 8.0).show(
                ui,
                |ui| {
                    let edit = ui.add(edit);
                    edit.widget_info(|| {
                        let role = egui::Role::MultilineTextInput;
                        egui::WidgetInfo::labeled(role, true, tr("Text to learn"))
                    });
                    edit.on_hover_text(tr("Text to learn"));
                },
            );
        }
    }
}

/// Start, pause, one step, again.
pub fn run_ui(
    ui: &mut Ui,
    ctx: &mut Context<'_>,
    run: Option<&Run>,
    recipe: &Recipe,
    n_steps: usize,
) {
    let theme = ctx.theme;
    let begin = || Learn::Begin(Box::new(recipe.clone()), n_steps);
    let is_same = run.is_some_and(|run| *run.recipe == *recipe);
    ui.horizontal_wrapped(|ui| {
        let running = run.filter(|run| run.is_running());
        if running.is_some() {
            let text = RichText::new(tr("Pause")).font(theme.body()).color(*theme.on_accent);
            let button = ui.add(egui::Button::new(text).fill(*theme.accent));
            if button.on_hover_text(tr("Stop after this step; it can go on later")).clicked() {
                send(ctx, Learn::Pause);
            }
        } else {
            let goes_on = is_same && run.is_some_and(Run::can_go);
            let (name, hint) = if goes_on {
                (tr("Go on"), tr("Go on learning where it was paused"))
            } else {
                (tr("Start"), tr("Begin to learn; the last run stays for comparison"))
            };
            let text = RichText::new(name).font(theme.strong()).color(*theme.on_accent);
            let can = !matches!(&recipe.practice, Practice::Text(text) if text.trim().is_empty());
            let button = ui.add_enabled(can, egui::Button::new(text).fill(*theme.accent));
            if explained(button, hint).clicked() {
                send(ctx, if goes_on { Learn::Go(n_steps) } else { begin() });
            }
            if goes_on {
                let step = ui.button(tr("One step"));
                if step
                    .on_hover_text(tr("Read the rows once and change the numbers once"))
                    .clicked()
                {
                    send(ctx, Learn::Go(1));
                }
                let again = ui.button(tr("Again"));
                let hint = tr("Begin again with the same seed: the same run");
                if again.on_hover_text(hint).clicked() {
                    send(ctx, begin());
                }
            }
        }
        if let Some(run) = run {
            let progress = run.progress();
            let text = trf("step {0}", &[&count(progress.step)]);
            let galley = ui.painter().layout_no_wrap(text, theme.mono(), *theme.text);
            row_break(ui, galley.size().x);
            ui.label(galley);
        }
    });
}

fn dials_ui(ui: &mut Ui, ctx: &Context<'_>, recipe: &mut Recipe) {
    let theme = ctx.theme;
    let choose = |ui: &mut Ui, name: &str, hint: &str, values: &[usize], value: &mut usize| {
        ui.label(RichText::new(name).font(theme.caption())).on_hover_text(hint);
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            for &other in values {
                let label = ui.selectable_label(*value == other, other.to_string());
                label.widget_info(|| {
                    let text = format!("{name} {other}");
                    egui::WidgetInfo::selected(egui::Role::Button, true, *value == other, text)
                });
                if label.on_hover_text(hint).clicked() {
                    *value = other;
                }
            }
        });
        ui.end_row();
    };
    let Start::Fresh { layers, heads, width, has_mlp, has_positions } = &mut recipe.start else {
        return;
    };
    Grid::new("dials").num_columns(2).spacing([theme.body_size, 4.0]).show(ui, |ui| {
        choose(ui, tr("Layers"), tr("How many blocks lie on each other"), &[1, 2, 3, 4], layers);
        choose(ui, tr("Heads"), tr("How many heads each block has"), &[1, 2, 4, 8], heads);
        choose(ui, tr("Width"), tr("Numbers in each token's vector"), &[16, 32, 64, 128], width);
        choose(
            ui,
            tr("Rows"),
            tr("How many rows of text are read before the numbers change"),
            &[4, 8, 16, 32],
            &mut recipe.rows,
        );
        let is_text = match &recipe.practice {
            Practice::Task(task) => task.text().is_some(),
            Practice::Text(_) => true,
        };
        if is_text {
            let hint = tr("0: tokens are characters; else so many pairs are merged to tokens");
            choose(ui, tr("Merges"), hint, &[0, 100, 400], &mut recipe.merges);
        }
        ui.label(RichText::new(tr("Rate")).font(theme.caption()));
        let slider = egui::Slider::new(&mut recipe.rate, 1e-4..=1.0).logarithmic(true);
        let hint =
            tr("How large a step is: too small and nothing happens, too large and nothing stays");
        ui.add(slider).on_hover_text(hint);
        ui.end_row();
    });
    ui.horizontal_wrapped(|ui| {
        let hint = tr("Layers that work on each token alone; without them there is only attention");
        ui.checkbox(has_mlp, tr("MLP")).on_hover_text(hint);
        let hint = tr("Without positions the model does not know which token came when");
        ui.checkbox(has_positions, tr("positions")).on_hover_text(hint);
    });
}

/// What the run has cost so far.
pub fn facts_ui(ui: &mut Ui, ctx: &Context<'_>, run: &Run) {
    let theme = ctx.theme;
    let progress = run.progress();
    let [all, learned] = progress.parameters;
    let tokens = progress.tokens;
    let speed = if progress.seconds > 0.0 { tokens as f64 / progress.seconds } else { 0.0 };
    // Forward and backward: 6 operations for each number and token (Kaplan et al. 2020).
    let work = 6.0 * all as f64 * tokens as f64;
    let lines = [
        trf("{0} numbers, {1} of them learned", &[&count(all), &count(learned)]),
        trf("{0} different tokens", &[&count(progress.vocab_size)]),
        trf(
            "{0} tokens read in {1} s: {2} a second",
            &[&count(tokens), &format!("{:.1}", progress.seconds), &short_count(speed as usize)],
        ),
        trf("about {0} multiplications and additions (numbers × tokens × 6)", &[&scientific(work)]),
        trf(
            "{0} steps kept to look at: {1} MB",
            &[&progress.kept_steps().len(), &format!("{:.1}", progress.kept_bytes() as f64 / 1e6)],
        ),
    ];
    for line in lines {
        ui.label(RichText::new(line).font(theme.caption()).color(*theme.dim));
    }
}

/// A large number in words that can be compared: 3.2 billion.
fn scientific(x: f64) -> String {
    let of = |unit: f64| format!("{:.1}", x / unit);
    match x {
        x if x >= 1e12 => trf("{0} trillion", &[&of(1e12)]),
        x if x >= 1e9 => trf("{0} billion", &[&of(1e9)]),
        x if x >= 1e6 => trf("{0} million", &[&of(1e6)]),
        _ => format!("{x:.0}"),
    }
}
