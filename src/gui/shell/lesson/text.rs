//! The Markdown of a lesson as text on the screen.

use crate::gui::look::theme::Theme;
use crate::lesson::{Action, Block, Inline};
use egui::{Frame, RichText, Ui};

/// Draws blocks; gives the command of a link that was clicked.
pub fn blocks_ui(ui: &mut Ui, theme: &Theme, blocks: &[Block]) -> Option<Action> {
    let mut clicked = None;
    for block in blocks {
        let action = match block {
            Block::Paragraph(line) => line_ui(ui, theme, line, false),
            Block::Heading(line) => line_ui(ui, theme, line, true),
            Block::Code(code) => {
                code_ui(ui, theme, code);
                None
            }
            Block::List(from, items) => list_ui(ui, theme, *from, items),
        };
        clicked = clicked.or(action);
    }
    clicked
}

fn line_ui(ui: &mut Ui, theme: &Theme, line: &[Inline], strong: bool) -> Option<Action> {
    let mut clicked = None;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        for inline in line {
            let text = styled(theme, inline, strong);
            match &inline.action {
                Some(action) => {
                    if ui.link(text.color(*theme.accent)).clicked() {
                        clicked = Some(action.clone());
                    }
                }
                None => {
                    ui.label(text);
                }
            }
        }
    });
    clicked
}

fn styled(theme: &Theme, inline: &Inline, strong: bool) -> RichText {
    let text = RichText::new(&inline.text);
    if inline.code {
        return text.font(theme.mono()).background_color(*theme.raised);
    }
    let text = if strong || inline.strong || inline.action.is_some() {
        text.font(theme.strong())
    } else {
        text.font(theme.body())
    };
    if inline.emphasis { text.italics() } else { text }
}

fn code_ui(ui: &mut Ui, theme: &Theme, code: &str) {
    let frame = Frame::new().fill(*theme.background).corner_radius(4).inner_margin(8);
    frame.show(ui, |ui| {
        let scroll = egui::ScrollArea::horizontal().id_salt(code);
        scroll.show(ui, |ui| {
            let text = RichText::new(code).font(theme.mono());
            ui.add(egui::Label::new(text).extend());
        });
    });
}

fn list_ui(ui: &mut Ui, theme: &Theme, from: Option<u64>, items: &[Vec<Inline>]) -> Option<Action> {
    let mut clicked = None;
    for (i, item) in items.iter().enumerate() {
        let mark = match from {
            Some(from) => format!("{}. ", from.saturating_add(i as u64)),
            None => "• ".to_owned(),
        };
        let mark = Inline { text: mark, ..Inline::default() };
        let line: Vec<Inline> = std::iter::once(mark).chain(item.iter().cloned()).collect();
        clicked = clicked.or(line_ui(ui, theme, &line, false));
    }
    clicked
}
