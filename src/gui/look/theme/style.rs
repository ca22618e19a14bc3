//! Dresses egui in a theme.

use super::Theme;
use egui::{CornerRadius, TextStyle};

impl Theme {
    /// Makes the whole interface look like this.
    pub fn apply(&self, ctx: &egui::Context) {
        ctx.set_theme(if self.dark { egui::Theme::Dark } else { egui::Theme::Light });
        ctx.all_styles_mut(|style| self.restyle(style));
    }

    fn restyle(&self, style: &mut egui::Style) {
        style.text_styles = [
            (TextStyle::Heading, self.title()),
            (TextStyle::Body, self.body()),
            (TextStyle::Button, self.body()),
            (TextStyle::Small, self.caption()),
            (TextStyle::Monospace, self.mono()),
        ]
        .into();
        let unit = self.body_size / 14.0;
        style.spacing.item_spacing = egui::vec2(8.0, 6.0) * unit;
        style.spacing.button_padding = egui::vec2(8.0, 4.0) * unit;
        style.spacing.interact_size.y = 22.0 * unit;
        style.spacing.slider_width = 110.0 * unit;
        style.spacing.icon_width = 16.0 * unit;
        style.spacing.scroll = egui::style::ScrollStyle::thin();
        style.interaction.tooltip_delay = 0.3;
        self.recolor(&mut style.visuals);
    }

    fn recolor(&self, visuals: &mut egui::Visuals) {
        visuals.dark_mode = self.dark;
        visuals.override_text_color = Some(*self.text);
        visuals.weak_text_color = Some(*self.dim);
        visuals.panel_fill = *self.panel;
        visuals.window_fill = *self.raised;
        visuals.window_stroke = self.line(self.outline);
        visuals.extreme_bg_color = *self.background;
        visuals.text_edit_bg_color = Some(*self.background);
        visuals.faint_bg_color = *self.raised;
        visuals.hyperlink_color = *self.accent;
        visuals.warn_fg_color = *self.warning;
        visuals.error_fg_color = *self.error;
        visuals.selection.bg_fill = self.accent.gamma_multiply(0.35);
        visuals.selection.stroke = self.line(self.accent);
        visuals.slider_trailing_fill = true;
        let widgets = &mut visuals.widgets;
        let states = [
            (&mut widgets.noninteractive, *self.panel, *self.outline),
            (&mut widgets.inactive, *self.raised, *self.outline),
            (&mut widgets.hovered, *self.raised, *self.accent),
            (&mut widgets.active, *self.raised, *self.accent),
            (&mut widgets.open, *self.raised, *self.outline),
        ];
        for (widget, fill, outline) in states {
            widget.bg_fill = fill;
            widget.weak_bg_fill = fill;
            widget.bg_stroke = self.line(outline);
            widget.fg_stroke = self.line(self.text);
            widget.corner_radius = CornerRadius::same(6);
        }
        // The rail of a slider and the inside of a checkbox: to be seen, but not to look ticked.
        widgets.inactive.bg_fill = self.outline.gamma_multiply(0.45);
    }
}
