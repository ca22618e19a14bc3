//! Edits as the controls see them: which part they change, how strongly, and how to say so.

use crate::gui::contract::view::Context;
use crate::gui::widgets::edit_words::edit_in_words;
use crate::model::Edit;
use crate::text::trf;

/// How strong an edit makes its part; `None` for edits that do not scale.
fn factor(edit: &Edit) -> Option<f32> {
    match edit {
        Edit::Head { factor, .. }
        | Edit::Attention { factor, .. }
        | Edit::Mlp { factor, .. }
        | Edit::Neuron { factor, .. } => Some(*factor),
        _ => None,
    }
}

/// Do two edits change the same thing, perhaps differently?
fn is_same_part(a: &Edit, b: &Edit) -> bool {
    match (a, b) {
        (Edit::Head { layer, head, .. }, Edit::Head { layer: l, head: h, .. })
        | (Edit::Force { layer, head, .. }, Edit::Force { layer: l, head: h, .. }) => {
            (layer, head) == (l, h)
        }
        (Edit::Attention { layer, .. }, Edit::Attention { layer: l, .. })
        | (Edit::Mlp { layer, .. }, Edit::Mlp { layer: l, .. }) => layer == l,
        (Edit::Neuron { layer, neuron, .. }, Edit::Neuron { layer: l, neuron: n, .. }) => {
            (layer, neuron) == (l, n)
        }
        (Edit::Hide { pos }, Edit::Hide { pos: p }) => pos == p,
        (Edit::Patch { hook, pos, .. }, Edit::Patch { hook: h, pos: p, .. }) => {
            (hook, pos) == (h, p)
        }
        _ => false,
    }
}

/// The edit in force on the part that `like` would change.
pub(super) fn find<'a>(edits: &'a [Edit], like: &Edit) -> Option<&'a Edit> {
    edits.iter().find(|edit| is_same_part(edit, like))
}

/// How strong the part is that `like` would change: 1 if nobody changes it.
pub(super) fn strength(edits: &[Edit], like: &Edit) -> f32 {
    find(edits, like).and_then(factor).unwrap_or(1.0)
}

/// The edits with one more, in the place of any on the same part. One that leaves its part as
/// strong as it is only takes the other away.
pub(super) fn with(edits: &[Edit], edit: Edit) -> Vec<Edit> {
    let mut edits = without(edits, &edit);
    if factor(&edit) != Some(1.0) {
        edits.push(edit);
    }
    edits
}

/// The edits but those on the part that `like` would change.
pub(super) fn without(edits: &[Edit], like: &Edit) -> Vec<Edit> {
    let others = edits.iter().filter(|edit| !is_same_part(edit, like));
    others.cloned().collect()
}

/// An edit in words, its tokens by their text.
pub(super) fn describe(edit: &Edit, ctx: &Context<'_>) -> String {
    match edit {
        Edit::Hide { pos } => trf("“{0}” ({1}) hidden", &[&ctx.label(*pos), pos]),
        Edit::Patch { hook, pos, .. } => {
            trf("{0} patched at “{1}” ({2})", &[hook, &ctx.label(*pos), pos])
        }
        _ => edit_in_words(edit),
    }
}

/// A text in which the token at `span` is replaced. The new one takes the old one's space before it
/// unless it brings its own. `None` if the span cuts a character.
pub(super) fn replaced(text: &str, span: std::ops::Range<usize>, new: &str) -> Option<String> {
    let (before, old, after) =
        (text.get(..span.start)?, text.get(span.clone())?, text.get(span.end..)?);
    let space = &old[..old.len() - old.trim_start().len()];
    let space = if new.starts_with(char::is_whitespace) { "" } else { space };
    Some(format!("{before}{space}{new}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(head: usize, factor: f32) -> Edit {
        Edit::Head { layer: 1, head, factor }
    }

    #[test]
    fn an_edit_replaces_one_on_the_same_part() {
        let edits = with(&[head(0, 0.0), head(2, 0.5)], head(0, 2.0));
        assert_eq!(edits, [head(2, 0.5), head(0, 2.0)]);
        assert!((strength(&edits, &head(0, 9.0)) - 2.0).abs() < 1e-6);
        assert!((strength(&edits, &head(5, 9.0)) - 1.0).abs() < 1e-6);
        assert_eq!(with(&edits, head(2, 1.0)), [head(0, 2.0)]);
        assert_eq!(with(&edits, Edit::Hide { pos: 3 }).len(), 3);
        assert_eq!(without(&edits, &head(0, 0.0)), [head(2, 0.5)]);
    }

    #[test]
    fn a_replaced_token_keeps_its_space() {
        assert_eq!(replaced("The cat sat", 3..7, "dog").as_deref(), Some("The dog sat"));
        assert_eq!(replaced("The cat sat", 3..7, " dog").as_deref(), Some("The dog sat"));
        assert_eq!(replaced("The cat", 0..3, "A").as_deref(), Some("A cat"));
        assert_eq!(replaced("café", 3..4, "x"), None);
        assert_eq!(replaced("a", 1..9, "x"), None);
    }
}
