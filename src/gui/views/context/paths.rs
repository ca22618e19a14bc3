//! The residual stream of chosen tokens, layer by layer, projected to two dimensions.

use super::words::{word_at, word_text};
use crate::gui::look::format::abbreviate;
use crate::math::pca::{Pca, pca};
use crate::text::tr;
use crate::trace::{BlockHook, Trace, TraceId};
use std::sync::Arc;

/// Curves drawn at most.
const CURVES: usize = 4;

/// A token of one of the two sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// 0 is the text, 1 the sentence beside it.
    pub sentence: usize,
    /// Position of the token.
    pub pos: usize,
}

/// What is done to the vectors before they are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scaling {
    /// Nothing.
    AsIs,
    /// Each is divided by its length: only directions count.
    #[default]
    Unit,
    /// What all tokens on screen have in common after a layer is taken away.
    Centred,
}

impl Scaling {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Unit, Self::Centred, Self::AsIs];

    /// Its name on a button.
    pub fn name(self) -> &'static str {
        match self {
            Self::AsIs => "as they are",
            Self::Unit => "at unit length",
            Self::Centred => "minus layer mean",
        }
    }

    /// What it does and why.
    pub fn note(self) -> &'static str {
        match self {
            Self::AsIs => {
                "The vectors themselves. They grow from layer to layer, which dominates the picture"
            }
            Self::Unit => "Each vector is divided by its length, so that growth does not dominate",
            Self::Centred => {
                "After each layer, the mean over all tokens of the sentences is subtracted: \
                 what all tokens share disappears"
            }
        }
    }
}

/// The vectors of a token in the residual stream: before the first layer and after each layer.
pub fn stream(trace: &Trace, pos: usize) -> Option<Vec<&[f32]>> {
    let input = trace.block(0, BlockHook::ResidPre)?.at(&[pos])?;
    let mut vectors = vec![input];
    for layer in 0..trace.model.n_layers {
        vectors.push(trace.block(layer, trace.model.leaving())?.at(&[pos])?);
    }
    Some(vectors)
}

/// What is to be drawn; an equal request gives an equal picture.
#[derive(Debug, Clone)]
pub struct Request {
    /// The recordings of the one or two sentences.
    pub traces: Vec<Arc<Trace>>,
    /// The tokens, the one in question first.
    pub marks: Vec<Mark>,
    /// What is done to the vectors.
    pub scaling: Scaling,
}

impl Request {
    fn ids(&self) -> impl Iterator<Item = TraceId> {
        self.traces.iter().map(|trace| trace.id)
    }
}

impl PartialEq for Request {
    fn eq(&self, other: &Self) -> bool {
        self.ids().eq(other.ids()) && self.marks == other.marks && self.scaling == other.scaling
    }
}

/// The way of a token through the layers.
#[derive(Debug, Clone)]
pub struct Path {
    /// Whose it is.
    pub mark: Mark,
    /// Before the first layer and after each, along the two principal components.
    pub points: Vec<[f32; 2]>,
    /// Lengths of the vectors as the model has them.
    pub norms: Vec<f32>,
}

/// How alike two vectors are, layer by layer.
#[derive(Debug, Clone)]
pub struct Curve {
    /// The token compared with the first one; none when the first is compared with its own input.
    pub mark: Option<Mark>,
    /// Its label.
    pub label: String,
    /// Cosines, before the first layer and after each.
    pub cosines: Vec<f32>,
}

impl Curve {
    /// Its label as it can be shown.
    pub fn shown(&self) -> &str {
        match self.mark {
            Some(_) => &self.label,
            None => tr("its own input"),
        }
    }
}

/// All that is drawn.
#[derive(Debug)]
pub struct Picture {
    /// What was asked for.
    pub request: Request,
    /// One path for each mark.
    pub paths: Vec<Path>,
    /// Cosines with the first mark.
    pub curves: Vec<Curve>,
    /// Shares of the variance along the two axes.
    pub explained: [f32; 2],
    plane: Pca,
    /// The means subtracted after each layer; empty unless asked for.
    means: Vec<Vec<f32>>,
    /// -1 where an axis is mirrored: the first path leads right and up.
    signs: [f32; 2],
}

impl Picture {
    /// Fits the plane to the vectors of the marks and lays the paths into it.
    pub fn of(request: Request) -> Self {
        let means = match request.scaling {
            Scaling::Centred => layer_means(&request.traces),
            _ => Vec::new(),
        };
        let mut request = request;
        let vectors: Vec<(Mark, Vec<Vec<f32>>)> = request
            .marks
            .iter()
            .filter_map(|&mark| Some((mark, scaled(&request, &means, mark)?)))
            .collect();
        request.marks.retain(|mark| vectors.iter().any(|(m, _)| m == mark));
        let rows: Vec<&[f32]> = vectors.iter().flat_map(|(_, v)| v).map(Vec::as_slice).collect();
        let plane = pca(&rows, 2);
        let share = |i: usize| plane.explained.get(i).copied().unwrap_or(0.0);
        let mut picture = Self {
            curves: curves(&request.traces, &vectors),
            explained: [share(0), share(1)],
            paths: Vec::new(),
            request,
            plane,
            means,
            signs: [1.0; 2],
        };
        picture.lay(&vectors);
        picture
    }

    fn lay(&mut self, vectors: &[(Mark, Vec<Vec<f32>>)]) {
        if let Some((mark, vectors)) = vectors.first()
            && let Some(path) = self.path(*mark, vectors)
            && let (Some(start), Some(end)) = (path.points.first(), path.points.last())
        {
            for (axis, sign) in self.signs.iter_mut().enumerate() {
                *sign = if end[axis] < start[axis] { -1.0 } else { 1.0 };
            }
        }
        let paths = vectors.iter().filter_map(|(mark, v)| self.path(*mark, v));
        self.paths = paths.collect();
    }

    fn path(&self, mark: Mark, vectors: &[Vec<f32>]) -> Option<Path> {
        let trace = self.request.traces.get(mark.sentence)?;
        let place = |vector: &Vec<f32>| {
            let at = self.plane.project(vector);
            let along = |i: usize| at.get(i).map_or(0.0, |x| x * self.signs[i]);
            [along(0), along(1)]
        };
        let norms = stream(trace, mark.pos)?;
        Some(Path {
            mark,
            points: vectors.iter().map(place).collect(),
            norms: norms.into_iter().map(norm).collect(),
        })
    }

    /// The path of a token that the plane was not fitted to.
    pub fn preview(&self, mark: Mark) -> Option<Path> {
        self.path(mark, &scaled(&self.request, &self.means, mark)?)
    }
}

/// The vectors of a token as they are compared.
fn scaled(request: &Request, means: &[Vec<f32>], mark: Mark) -> Option<Vec<Vec<f32>>> {
    let trace = request.traces.get(mark.sentence)?;
    let vectors = stream(trace, mark.pos)?.into_iter().enumerate();
    let scale = |(step, vector): (usize, &[f32])| match request.scaling {
        Scaling::AsIs => vector.to_vec(),
        Scaling::Unit => {
            let norm = norm(vector).max(f32::MIN_POSITIVE);
            vector.iter().map(|x| x / norm).collect()
        }
        Scaling::Centred => match means.get(step) {
            Some(mean) => vector.iter().zip(mean).map(|(x, m)| x - m).collect(),
            None => vector.to_vec(),
        },
    };
    Some(vectors.map(scale).collect())
}

/// The mean vector of all tokens of all sentences, before the first layer and after each.
fn layer_means(traces: &[Arc<Trace>]) -> Vec<Vec<f32>> {
    let mut means: Vec<Vec<f32>> = Vec::new();
    let tokens = traces
        .iter()
        .flat_map(|trace| (0..trace.tokens.len()).filter_map(|pos| stream(trace, pos)));
    let mut count = 0;
    for vectors in tokens {
        count += 1;
        means.resize_with(vectors.len().max(means.len()), Vec::new);
        for (mean, vector) in means.iter_mut().zip(vectors) {
            mean.resize(vector.len(), 0.0);
            mean.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x);
        }
    }
    let count = count.max(1) as f32;
    means.iter_mut().flatten().for_each(|sum| *sum /= count);
    means
}

/// Cosines of the first token with the others, or with its own input when it is alone.
fn curves(traces: &[Arc<Trace>], vectors: &[(Mark, Vec<Vec<f32>>)]) -> Vec<Curve> {
    let Some(((_, first), others)) = vectors.split_first() else {
        return Vec::new();
    };
    if others.is_empty() {
        let cosines = first.iter().map(|vector| cosine(&first[0], vector));
        return vec![Curve {
            mark: None,
            label: "its own input".to_owned(),
            cosines: cosines.collect(),
        }];
    }
    let curve = |(mark, other): &(Mark, Vec<Vec<f32>>)| Curve {
        mark: Some(*mark),
        label: label(traces, *mark),
        cosines: first.iter().zip(other).map(|(a, b)| cosine(a, b)).collect(),
    };
    others.iter().take(CURVES).map(curve).collect()
}

/// A token as it can be shown, with its word when it is only a part of one, and with the letter of
/// its sentence, or its position when there is one sentence only.
pub fn label(traces: &[Arc<Trace>], mark: Mark) -> String {
    let Some(trace) = traces.get(mark.sentence) else {
        return String::new();
    };
    let mut name = trace.label(mark.pos);
    let word = word_at(&trace.tokens, mark.pos);
    if word.len() > 1 {
        let whole = word_text(&trace.tokens, word);
        name = format!("{name} ({})", abbreviate(&whole, 12));
    }
    let name = abbreviate(&name, 24);
    if traces.len() < 2 {
        format!("{name} #{}", mark.pos)
    } else {
        format!("{} {name}", letter(mark.sentence))
    }
}

/// How a sentence is called: A is the text, B the one beside it.
pub fn letter(sentence: usize) -> char {
    if sentence == 0 { 'A' } else { 'B' }
}

fn norm(vector: &[f32]) -> f32 {
    vector.iter().map(|x| x * x).sum::<f32>().sqrt()
}

/// Cosine of the angle between two vectors; not a number when one has no direction.
fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot: f32 = a.iter().zip(b).map(|(x, y)| x * y).sum();
    (dot / (norm(a) * norm(b))).clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, Checkpoint, DeviceKind};

    fn traces() -> Vec<Arc<Trace>> {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let texts = ["please buy an apple and an orange", "apple unveiled the new phone"];
        texts.map(|text| Arc::new(model.trace(text).unwrap())).into()
    }

    #[test]
    fn a_picture_is_what_the_traces_hold() {
        let traces = traces();
        let marks = vec![Mark { sentence: 0, pos: 4 }, Mark { sentence: 1, pos: 1 }];
        for scaling in Scaling::ALL {
            let picture =
                Picture::of(Request { traces: traces.clone(), marks: marks.clone(), scaling });
            let n_points = traces[0].model.n_layers + 1;
            assert_eq!(picture.paths.len(), 2);
            assert!(picture.paths.iter().all(|path| path.points.len() == n_points));
            assert_eq!(picture.curves[0].cosines.len(), n_points);
            assert!(picture.explained[0] >= picture.explained[1]);
            let [start, .., end] = &picture.paths[0].points[..] else { panic!() };
            assert!(end[0] >= start[0] && end[1] >= start[1]);
            let again = picture.preview(marks[1]).unwrap();
            assert_eq!(again.points, picture.paths[1].points);
        }
    }

    #[test]
    fn cosines_and_norms_are_those_of_the_stream() {
        let traces = traces();
        let marks = vec![Mark { sentence: 0, pos: 1 }, Mark { sentence: 1, pos: 2 }];
        let (a, b) = (stream(&traces[0], 1).unwrap(), stream(&traces[1], 2).unwrap());
        let picture =
            Picture::of(Request { traces: traces.clone(), marks, scaling: Scaling::Unit });
        let last = a.len() - 1;
        let dot: f32 = a[last].iter().zip(b[last]).map(|(x, y)| x * y).sum();
        let expected = dot / (norm(a[last]) * norm(b[last]));
        assert!((picture.curves[0].cosines[last] - expected).abs() < 1e-5);
        assert!((picture.paths[0].norms[0] - norm(a[0])).abs() < 1e-5);
    }

    #[test]
    fn a_lonely_token_is_compared_with_its_input() {
        let request = Request {
            traces: traces(),
            marks: vec![Mark { sentence: 0, pos: 0 }, Mark { sentence: 0, pos: 99 }],
            scaling: Scaling::AsIs,
        };
        let picture = Picture::of(request);
        assert_eq!(picture.request.marks.len(), 1, "what does not exist is left out");
        assert_eq!(picture.curves[0].mark, None);
        assert!((picture.curves[0].cosines[0] - 1.0).abs() < 1e-5);
        assert!(cosine(&[0.0], &[1.0]).is_nan());
    }
}
