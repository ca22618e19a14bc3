//! The filters as a column of cards, in the order in which they are applied: each can be switched
//! off, set, reset and moved.

use crate::gui::contract::command::Command;
use crate::gui::contract::view::Context;
use crate::gui::widgets::explained;
use crate::math::sampling::{Filter, Sampling};
use crate::text::{tr, trf};
use egui::{Frame, RichText, ScrollArea, Sides, Slider, Ui};
use std::ops::RangeInclusive;

/// What a filter is set to when it is switched on.
#[derive(Debug, Clone, PartialEq)]
pub struct Remembered(Vec<(Filter, f64)>);

impl Default for Remembered {
    fn default() -> Self {
        let start = |filter| {
            let value = match filter {
                Filter::RepetitionPenalty => 1.2,
                Filter::Temperature => 0.7,
                Filter::TopK => 40.0,
                Filter::TopP => 0.9,
                Filter::MinP => 0.05,
                Filter::TypicalP => 0.95,
            };
            (filter, value)
        };
        Self(Filter::ALL.map(start).to_vec())
    }
}

impl Remembered {
    fn get(&self, filter: Filter) -> f64 {
        let found = self.0.iter().find(|(f, _)| *f == filter);
        found.map_or(1.0, |&(_, value)| value)
    }

    /// Keeps what the filters that are on are set to.
    pub fn update(&mut self, sampling: &Sampling) {
        for (filter, kept) in &mut self.0 {
            if let Some(value) = value(sampling, *filter) {
                *kept = value;
            }
        }
    }
}

/// Settings for a purpose.
struct Preset {
    name: &'static str,
    help: &'static str,
    temperature: f32,
    top_p: Option<f32>,
}

const PRESETS: [Preset; 3] = [
    Preset {
        name: "Find a capital city: low",
        help: "One answer is right: temperature 0.2 leaves little but the most probable token",
        temperature: 0.2,
        top_p: None,
    },
    Preset {
        name: "Creative essay: high",
        help: "Many words are good: temperature 1.3 evens them out, top-p 0.95 cuts the worst",
        temperature: 1.3,
        top_p: Some(0.95),
    },
    Preset {
        name: "The model itself",
        help: "Temperature 1 and no cut: the model's own probabilities",
        temperature: 1.0,
        top_p: None,
    },
];

/// What a filter is set to, if it is on.
pub fn value(sampling: &Sampling, filter: Filter) -> Option<f64> {
    let written = |p: f32| p.to_string().parse().unwrap_or(f64::from(p));
    match filter {
        Filter::RepetitionPenalty => sampling.repetition_penalty.map(written),
        Filter::Temperature => sampling.is_on(filter).then(|| written(sampling.temperature)),
        Filter::TopK => sampling.top_k.map(|k| k as f64),
        Filter::TopP => sampling.top_p.map(written),
        Filter::MinP => sampling.min_p.map(written),
        Filter::TypicalP => sampling.typical_p.map(written),
    }
}

/// Sets a filter, or switches it off.
pub fn set(sampling: &mut Sampling, filter: Filter, value: Option<f64>) {
    let number = value.map(|value| value as f32);
    match filter {
        Filter::RepetitionPenalty => sampling.repetition_penalty = number,
        Filter::Temperature => sampling.temperature = number.unwrap_or(1.0),
        Filter::TopK => sampling.top_k = value.map(|value| value as usize),
        Filter::TopP => sampling.top_p = number,
        Filter::MinP => sampling.min_p = number,
        Filter::TypicalP => sampling.typical_p = number,
    }
}

/// Every filter once, in the order of application.
pub fn order(sampling: &Sampling) -> Vec<Filter> {
    let mut order = Vec::with_capacity(Filter::ALL.len());
    for filter in sampling.order.iter().chain(&Filter::ALL) {
        if !order.contains(filter) {
            order.push(*filter);
        }
    }
    order
}

fn range(filter: Filter, vocab_size: usize) -> RangeInclusive<f64> {
    match filter {
        Filter::RepetitionPenalty => 0.5..=2.0,
        Filter::Temperature => 0.0..=5.0,
        Filter::TopK => 1.0..=vocab_size.max(1) as f64,
        Filter::TopP | Filter::MinP | Filter::TypicalP => 0.0..=1.0,
    }
}

fn help(filter: Filter) -> &'static str {
    match filter {
        Filter::RepetitionPenalty => {
            "Divides the positive scores of tokens that are already in the text and multiplies the negative ones: above 1 they become less likely"
        }
        Filter::Temperature => {
            "Divides every score: below 1 the best gain, above 1 all become more even, 0 always takes the best (greedy)"
        }
        Filter::TopK => "Keeps the k best tokens",
        Filter::TopP => "Keeps the best tokens that together reach the probability p",
        Filter::MinP => "Keeps tokens at least this many times as likely as the best one",
        Filter::TypicalP => {
            "Keeps the tokens whose surprise −ln p is nearest to the entropy, until they reach the probability p"
        }
    }
}

/// Draws the column. What is changed is sent as one command.
pub fn filters_ui(ui: &mut Ui, ctx: &mut Context<'_>, remembered: &mut Remembered) {
    remembered.update(ctx.sampling);
    let mut sampling = ctx.sampling.clone();
    sampling.order = order(&sampling);
    let before = sampling.clone();
    ScrollArea::vertical()
        .id_salt("filters")
        .auto_shrink(false)
        .show(ui, |ui| {
            presets_ui(ui, ctx, &mut sampling);
            let title = RichText::new(tr("Filters, in the order they act"));
            ui.label(title.font(ctx.theme.caption()).color(*ctx.theme.dim));
            for index in 0..before.order.len() {
                card_ui(ui, ctx, &mut sampling, remembered, (index, before.order[index]));
            }
            let is_default = before.order == Filter::ALL;
            let reset = egui::Button::new(tr("Reset to Hugging Face order"));
            let reset = ui.add_enabled(!is_default, reset);
            let help = tr("The order in which transformers' generate() applies them: penalty, temperature, top-k, top-p, min-p, typical-p");
            if explained(reset, help).clicked() {
                sampling.order = Filter::ALL.to_vec();
            }
        });
    if sampling != before {
        ctx.send(Command::SetSampling(sampling));
    }
}

fn presets_ui(ui: &mut Ui, ctx: &Context<'_>, sampling: &mut Sampling) {
    let title = RichText::new(tr("Presets")).font(ctx.theme.caption());
    ui.label(title.color(*ctx.theme.dim));
    ui.horizontal_wrapped(|ui| {
        for preset in &PRESETS {
            let settings = Sampling {
                temperature: preset.temperature,
                top_p: preset.top_p,
                ..Sampling::default()
            };
            let button = ui.selectable_label(*sampling == settings, tr(preset.name));
            if button.on_hover_text(tr(preset.help)).clicked() {
                *sampling = settings;
            }
        }
    });
}

/// One filter: its place, its name with a switch, buttons to move and reset it, and its value.
fn card_ui(
    ui: &mut Ui,
    ctx: &Context<'_>,
    sampling: &mut Sampling,
    remembered: &Remembered,
    (index, filter): (usize, Filter),
) {
    let frame = Frame::new().fill(*ctx.theme.panel).corner_radius(6).inner_margin(6);
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        let was_on = value(sampling, filter).is_some();
        let left = |ui: &mut Ui| switch_ui(ui, ctx, was_on, (index, filter));
        let right = |ui: &mut Ui| {
            reset_ui(ui, sampling, filter);
            move_ui(ui, sampling, index, filter);
        };
        let (is_on, ()) = Sides::new().show(ui, left, right);
        if is_on != was_on {
            set(sampling, filter, is_on.then(|| remembered.get(filter)));
        }
        value_ui(ui, ctx, sampling, remembered, filter);
    });
}

/// The place of a filter, its name and its switch; returns where the switch stands.
fn switch_ui(
    ui: &mut Ui,
    ctx: &Context<'_>,
    mut is_on: bool,
    (index, filter): (usize, Filter),
) -> bool {
    let ink = if is_on { ctx.theme.text } else { ctx.theme.dim };
    let name = format!("{}  {}", index + 1, tr(filter.name()));
    let name = RichText::new(name).color(*ink);
    ui.checkbox(&mut is_on, name).on_hover_text(tr(help(filter)));
    is_on
}

fn reset_ui(ui: &mut Ui, sampling: &mut Sampling, filter: Filter) {
    let start = Remembered::default().get(filter);
    let button = ui.small_button("⟲");
    let name = trf("Reset {0}", &[&tr(filter.name())]);
    button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    let hint = if filter == Filter::Temperature {
        trf("Back to {0}", &[&1])
    } else {
        trf("Back to {0}", &[&start])
    };
    if button.on_hover_text(hint).clicked() {
        let value = (filter != Filter::Temperature).then_some(start);
        set(sampling, filter, value);
    }
}

fn move_ui(ui: &mut Ui, sampling: &mut Sampling, index: usize, filter: Filter) {
    let last = sampling.order.len().saturating_sub(1);
    // From right to left: later first.
    for (arrow, other, what) in
        [("↓", index + 1, "Apply {0} later"), ("↑", index.wrapping_sub(1), "Apply {0} earlier")]
    {
        let button = egui::Button::new(arrow).small();
        let button = ui.add_enabled(other <= last, button);
        let name = trf(what, &[&tr(filter.name())]);
        button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, other <= last, &name));
        if explained(button, &name).clicked() {
            sampling.order.swap(index, other);
        }
    }
}

/// A slider with a number field. Moving it switches the filter on.
fn value_ui(
    ui: &mut Ui,
    ctx: &Context<'_>,
    sampling: &mut Sampling,
    remembered: &Remembered,
    filter: Filter,
) {
    let vocab_size = ctx.trace.model.vocab_size;
    let off = if filter == Filter::Temperature { 1.0 } else { remembered.get(filter) };
    let is_on = value(sampling, filter).is_some();
    let mut number = value(sampling, filter).unwrap_or(off);
    ui.spacing_mut().slider_width =
        (ui.available_width() - ctx.theme.body_size * 5.8).max(ctx.theme.body_size * 3.0);
    let slider =
        Slider::new(&mut number, range(filter, vocab_size)).clamping(egui::SliderClamping::Edits);
    let slider = if filter == Filter::TopK {
        slider.integer().logarithmic(true)
    } else {
        slider.step_by(0.01).fixed_decimals(2)
    };
    let slider = ui
        .scope(|ui| {
            if !is_on {
                ui.visuals_mut().override_text_color = Some(*ctx.theme.dim);
                ui.visuals_mut().slider_trailing_fill = false;
            }
            ui.add(slider)
        })
        .inner;
    slider.widget_info(|| egui::WidgetInfo::slider(true, number, tr(filter.name())));
    if slider.on_hover_text(tr(help(filter))).changed() {
        set(sampling, filter, Some(number));
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the numbers are exact")]
mod tests {
    use super::*;

    #[test]
    fn every_filter_can_be_set_and_switched_off() {
        for filter in Filter::ALL {
            let mut sampling = Sampling::default();
            assert_eq!(value(&sampling, filter), None);
            let start = Remembered::default().get(filter);
            set(&mut sampling, filter, Some(start));
            assert_eq!(value(&sampling, filter), Some(start));
            assert!(sampling.is_on(filter));
            set(&mut sampling, filter, None);
            assert_eq!(sampling, Sampling::default());
        }
    }

    #[test]
    fn what_is_switched_off_is_remembered() {
        let mut sampling = Sampling::default();
        set(&mut sampling, Filter::TopK, Some(7.0));
        let mut remembered = Remembered::default();
        remembered.update(&sampling);
        remembered.update(&Sampling::default());
        assert_eq!(remembered.get(Filter::TopK), 7.0);
    }

    #[test]
    fn the_order_is_complete() {
        let sampling = Sampling {
            order: vec![Filter::TopP, Filter::TopP, Filter::Temperature],
            ..Sampling::default()
        };
        let order = order(&sampling);
        assert_eq!(order.len(), 6);
        assert_eq!(order[..3], [Filter::TopP, Filter::Temperature, Filter::RepetitionPenalty]);
    }
}
