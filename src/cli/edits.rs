//! Changes to the model, as arguments.

use crate::model::{Checkpoint, Edit, Look};
use crate::problem::Result;
use crate::session::intervention::{check, patch};
use crate::trace::Hook;
use clap::Args;

type Parsed<T> = std::result::Result<T, String>;

/// What to change; everything given is changed at once.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct EditArgs {
    /// Heads to switch off, as layer.head: 3.1,4.0
    #[arg(long, value_name = "L.H", value_delimiter = ',', value_parser = pair)]
    heads: Vec<(usize, usize)>,
    /// Heads to make weaker or stronger: 3.1=0.5
    #[arg(long, value_name = "L.H=X", value_delimiter = ',', value_parser = scaled_head)]
    scale: Vec<((usize, usize), f32)>,
    /// Layers whose attention is switched off, or scaled: 1 or 1=0.5
    #[arg(long, value_name = "L[=X]", value_delimiter = ',', value_parser = layer)]
    attn: Vec<(usize, f32)>,
    /// Layers whose MLP is switched off, or scaled: 2 or 2=0.5
    #[arg(long, value_name = "L[=X]", value_delimiter = ',', value_parser = layer)]
    mlp: Vec<(usize, f32)>,
    /// Neurons to switch off, or to scale, as layer.neuron: 3.17 or 3.17=2
    #[arg(long, value_name = "L.N[=X]", value_delimiter = ',', value_parser = neuron)]
    neuron: Vec<((usize, usize), f32)>,
    /// Tokens, by their position, at which no other may look: 4
    #[arg(long, value_name = "POS", value_delimiter = ',')]
    hide: Vec<usize>,
    /// Heads made to look at all tokens alike, or one back: 3.1=uniform, 3.1=previous
    #[arg(long, value_name = "L.H=HOW", value_delimiter = ',', value_parser = look)]
    force: Vec<((usize, usize), Look)>,
    /// Activations of single tokens, taken from the text --from: HOOK@5 takes those of its token 5,
    /// HOOK@5=3 those of its token 3; hooks have the names they have in a trace
    #[arg(long, value_name = "HOOK@POS[=FROM]", value_delimiter = ',', value_parser = place, requires = "from")]
    patch: Vec<Place>,
    /// The text that --patch takes activations from
    #[arg(long, value_name = "TEXT", requires = "patch")]
    from: Option<String>,
}

/// Where a patch comes from and goes to.
#[derive(Debug, Clone)]
struct Place {
    hook: Hook,
    from: usize,
    onto: usize,
}

impl EditArgs {
    /// The changes, in the order of the options. `n_tokens` is the length of the text.
    ///
    /// # Errors
    /// When the model or the text does not have what is to be changed.
    pub(super) fn edits(&self, model: &Checkpoint, n_tokens: usize) -> Result<Vec<Edit>> {
        let off = self.heads.iter().map(|&head| (head, 0.0));
        let heads = off.chain(self.scale.iter().copied());
        let mut edits: Vec<Edit> =
            heads.map(|((layer, head), factor)| Edit::Head { layer, head, factor }).collect();
        let attention = |&(layer, factor): &_| Edit::Attention { layer, factor };
        let mlp = |&(layer, factor): &_| Edit::Mlp { layer, factor };
        edits.extend(self.attn.iter().map(attention));
        edits.extend(self.mlp.iter().map(mlp));
        edits.extend(self.neuron.iter().map(|&((layer, neuron), factor)| Edit::Neuron {
            layer,
            neuron,
            factor,
        }));
        edits.extend(self.hide.iter().map(|&pos| Edit::Hide { pos }));
        let force = |&((layer, head), look): &_| Edit::Force { layer, head, look };
        edits.extend(self.force.iter().map(force));
        for edit in &edits {
            check(edit, &model.info, n_tokens)?;
        }
        for &Place { hook, from, onto } in &self.patch {
            let text = self.from.as_deref().unwrap_or_default();
            let edit = patch(model, text, hook, [from, onto])?;
            check(&edit, &model.info, n_tokens)?;
            edits.push(edit);
        }
        Ok(edits)
    }
}

fn pair(text: &str) -> Parsed<(usize, usize)> {
    let pair = text.trim().split_once('.');
    let pair = pair.and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    pair.ok_or_else(|| "write LAYER.NUMBER, as in 3.1".to_owned())
}

fn number(text: &str) -> Parsed<f32> {
    let number = text.trim().parse::<f32>().ok().filter(|x| x.is_finite());
    number.ok_or_else(|| format!("{text:?} is not a number"))
}

/// What stands before an equals sign, and the number after it: 0 if there is none.
fn factor(text: &str) -> Parsed<(&str, f32)> {
    match text.split_once('=') {
        Some((what, factor)) => Ok((what, number(factor)?)),
        None => Ok((text, 0.0)),
    }
}

fn scaled_head(text: &str) -> Parsed<((usize, usize), f32)> {
    let (head, factor) = text.split_once('=').ok_or("write LAYER.HEAD=FACTOR, as in 3.1=0.5")?;
    Ok((pair(head)?, number(factor)?))
}

fn layer(text: &str) -> Parsed<(usize, f32)> {
    let (layer, factor) = factor(text)?;
    let layer = layer.trim().parse::<usize>();
    let layer = layer.map_err(|_| "write LAYER or LAYER=FACTOR, as in 2=0.5")?;
    Ok((layer, factor))
}

fn neuron(text: &str) -> Parsed<((usize, usize), f32)> {
    let (neuron, factor) = factor(text)?;
    Ok((pair(neuron)?, factor))
}

fn look(text: &str) -> Parsed<((usize, usize), Look)> {
    let how = "write LAYER.HEAD=uniform or LAYER.HEAD=previous";
    let (head, look) = text.split_once('=').ok_or(how)?;
    let look = match look.trim() {
        "uniform" => Look::Everywhere,
        "previous" => Look::Before,
        _ => return Err(how.to_owned()),
    };
    Ok((pair(head)?, look))
}

fn place(text: &str) -> Parsed<Place> {
    let how = "write HOOK@POS or HOOK@POS=FROM, as in blocks.2.hook_resid_post@5";
    let (hook, places) = text.split_once('@').ok_or(how)?;
    let (onto, from) = places.split_once('=').unwrap_or((places, places));
    Ok(Place {
        hook: hook.trim().parse::<Hook>().map_err(|e| format!("{e}; {how}"))?,
        onto: onto.trim().parse::<usize>().map_err(|_| how)?,
        from: from.trim().parse::<usize>().map_err(|_| how)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_understood_or_explained() {
        assert_eq!(pair("3.1"), Ok((3, 1)));
        assert_eq!(scaled_head("3.1=0.5"), Ok(((3, 1), 0.5)));
        assert!(scaled_head("3.1").is_err() && scaled_head("3.1=nan").is_err());
        assert_eq!(layer("2"), Ok((2, 0.0)));
        assert_eq!(layer("2=1.5"), Ok((2, 1.5)));
        assert_eq!(neuron("3.17=2"), Ok(((3, 17), 2.0)));
        assert_eq!(look("0.2=previous"), Ok(((0, 2), Look::Before)));
        assert!(look("0.2=sideways").is_err());
        let patch = place("blocks.2.hook_resid_post@5=3").unwrap();
        assert_eq!((patch.onto, patch.from), (5, 3));
        assert_eq!(place("hook_embed@1").unwrap().from, 1);
        assert!(place("hook_nothing@1").unwrap_err().contains("hook_nothing"));
    }
}
