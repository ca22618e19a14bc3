//! The views, one file or folder each.

mod attention;
mod compare;
mod context;
mod embeddings;
mod experiment;
mod generation;
mod heads;
mod learning;
mod lens;
mod machine;
mod mlp;
mod output;
mod positions;
mod sampling;
mod tokens;

use crate::gui::contract::view::View;

/// Every view, in teaching order: the road from text to the next word.
pub fn all() -> Vec<Box<dyn View>> {
    vec![
        Box::<machine::Machine>::default(),
        Box::<tokens::Tokens>::default(),
        Box::<embeddings::Embeddings>::default(),
        Box::<positions::Positions>::default(),
        Box::<heads::Heads>::default(),
        Box::<attention::Attention>::default(),
        Box::<context::ContextView>::default(),
        Box::<mlp::Mlp>::default(),
        Box::<lens::LensView>::default(),
        Box::<output::Output>::default(),
        Box::<sampling::SamplingView>::default(),
        Box::<generation::GenerationView>::default(),
        Box::<experiment::Experiment>::default(),
        Box::<compare::Compare>::default(),
        Box::<learning::Learning>::default(),
    ]
}

#[cfg(test)]
mod tests {
    use super::View;
    use crate::gui::contract::view::Tab;
    use crate::lesson::VIEWS;

    /// Lessons name views without knowing the window.
    #[test]
    fn lessons_know_every_view() {
        let own = |tabs: &[&str]| tabs.iter().map(|&tab| tab.to_owned()).collect();
        let named: Vec<(&str, Vec<String>)> =
            VIEWS.iter().map(|(id, tabs)| (*id, own(tabs))).collect();
        let views = super::all();
        let there = |view: &dyn View| (view.id(), view.tabs().iter().map(Tab::id).collect());
        let ids: Vec<(&str, Vec<String>)> = views.iter().map(|view| there(&**view)).collect();
        assert_eq!(named, ids, "src/lesson/names.rs lists the views for lessons");
    }
}
