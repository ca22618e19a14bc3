//! What is learned, by the names a checkpoint has.

use crate::math::sampling::Coins;
use crate::model::files::weights::{TensorSource, Weights};
use crate::problem::{Problem, Result};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One tensor of a checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its sizes in the file.
    pub shape: Vec<usize>,
    /// Its numbers in the order of the file.
    pub numbers: Vec<f32>,
    /// Is it changed by learning?
    pub is_learned: bool,
    /// Two thin matrices whose product is added to it, when only they are learned (Hu et al. 2021,
    /// "`LoRA`").
    pub low_rank: Option<LowRank>,
}

/// The factors of what is added to a matrix `[rows, columns]`.
#[derive(Debug, Clone, PartialEq)]
pub struct LowRank {
    /// `[rows, rank]`, zero at first.
    pub left: Vec<f32>,
    /// `[rank, columns]`, random at first.
    pub right: Vec<f32>,
}

impl Parameter {
    /// A tensor that is learned.
    pub fn new(shape: Vec<usize>, numbers: Vec<f32>) -> Self {
        Self { shape, numbers, is_learned: true, low_rank: None }
    }

    /// Rows and columns, of a matrix.
    fn matrix(&self) -> Option<[usize; 2]> {
        self.shape.as_slice().try_into().ok()
    }

    /// Its numbers with what low-rank learning adds to them.
    pub fn merged(&self) -> Vec<f32> {
        let (Some(low_rank), Some([_, columns])) = (&self.low_rank, self.matrix()) else {
            return self.numbers.clone();
        };
        let rank = low_rank.right.len() / columns.max(1);
        let mut numbers = self.numbers.clone();
        let rows = numbers.chunks_exact_mut(columns).zip(low_rank.left.chunks_exact(rank.max(1)));
        for (row, left) in rows {
            for (l, right) in left.iter().zip(low_rank.right.chunks_exact(columns)) {
                row.iter_mut().zip(right).for_each(|(x, r)| *x += l * r);
            }
        }
        numbers
    }
}

/// All tensors of a checkpoint.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters(pub BTreeMap<String, Parameter>);

/// How the names of matrices end that translate between tokens and vectors: low-rank learning leaves
/// them alone.
const TABLES: [&str; 6] = [
    "wte.weight",
    "wpe.weight",
    "embed_tokens.weight",
    "embed_in.weight",
    "embed_out.weight",
    "lm_head.weight",
];

impl Parameters {
    /// Every tensor of opened weights.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn of(weights: &Weights) -> Result<Self> {
        let mut all = BTreeMap::new();
        for (name, shape, numbers) in weights.all()? {
            all.insert(name, Parameter::new(shape, numbers));
        }
        Ok(Self(all))
    }

    /// Takes away what is no parameter of its own: masks, and a second copy of a shared table.
    pub fn retain_read(&mut self, unread: &[String]) {
        self.0.retain(|name, _| !unread.contains(name));
    }

    /// Lets only low-rank additions to the matrices inside the blocks be learned.
    ///
    /// # Errors
    /// When the rank is 0, or not below the sizes of the matrices.
    pub fn learn_low_rank(&mut self, rank: usize, seed: u64) -> Result<()> {
        let mut coins = Coins::new(seed);
        for (name, parameter) in &mut self.0 {
            parameter.is_learned = false;
            let is_table = TABLES.iter().any(|table| name.ends_with(table));
            let Some([rows, columns]) = parameter.matrix().filter(|_| !is_table) else {
                continue;
            };
            if rank == 0 || rank >= rows.min(columns) {
                let why = format!(
                    "a rank of {rank} is not below the sizes of {name}: {rows} x {columns}"
                );
                return Err(
                    Problem::new("There is nothing to learn", why).cure("Choose a rank such as 4")
                );
            }
            let spread = 1.0 / (columns as f32).sqrt();
            let right = (0..rank * columns).map(|_| spread * normal(&mut coins)).collect();
            parameter.low_rank = Some(LowRank { left: vec![0.0; rows * rank], right });
        }
        Ok(())
    }

    /// How many numbers there are, and how many of them are learned.
    pub fn count(&self) -> [usize; 2] {
        let learned = |parameter: &Parameter| match &parameter.low_rank {
            Some(low_rank) => low_rank.left.len() + low_rank.right.len(),
            None if parameter.is_learned => parameter.numbers.len(),
            None => 0,
        };
        let all = self.0.values().map(|parameter| parameter.numbers.len()).sum();
        [all, self.0.values().map(learned).sum()]
    }

    /// The numbers that are learned, by a name for each piece, in the order of the names.
    pub(super) fn learned_mut(&mut self) -> impl Iterator<Item = (Piece, &mut Vec<f32>)> {
        self.0.iter_mut().flat_map(|(name, parameter)| {
            let [mut whole, mut left, mut right] = [None, None, None];
            match &mut parameter.low_rank {
                Some(low_rank) => {
                    left = Some(((name.clone(), Half::Left), &mut low_rank.left));
                    right = Some(((name.clone(), Half::Right), &mut low_rank.right));
                }
                None if parameter.is_learned => {
                    whole = Some(((name.clone(), Half::Whole), &mut parameter.numbers));
                }
                None => {}
            }
            whole.into_iter().chain(left).chain(right)
        })
    }

    /// What is learned, as it is now.
    pub fn learned(&self) -> Learned {
        let pieces = self.0.iter().flat_map(|(name, parameter)| {
            let piece = |half, numbers: &Vec<f32>| ((name.clone(), half), numbers.clone());
            match &parameter.low_rank {
                Some(low_rank) => {
                    vec![piece(Half::Left, &low_rank.left), piece(Half::Right, &low_rank.right)]
                }
                None if parameter.is_learned => vec![piece(Half::Whole, &parameter.numbers)],
                None => Vec::new(),
            }
        });
        Learned(pieces.collect())
    }

    /// The same with other numbers for what is learned.
    #[must_use]
    pub fn with(&self, learned: &Learned) -> Self {
        let mut parameters = self.clone();
        for (piece, numbers) in parameters.learned_mut() {
            if let Some(other) = learned.0.get(&piece) {
                numbers.clone_from(other);
            }
        }
        parameters
    }

    /// As tensors that can be differentiated.
    pub(super) fn leaves(&self, device: &Device) -> Leaves {
        self.clone().lend(device)
    }

    /// The same without a copy: the numbers are in the leaves until they are [taken
    /// back](Parameters::take_back).
    pub(super) fn lend(&mut self, device: &Device) -> Leaves {
        let leaf = |numbers: &mut Vec<f32>, is_learned: bool| {
            let shape = [numbers.len()];
            let data = TensorData::new(std::mem::take(numbers), shape);
            Tensor::<1>::from_data(data, device)
                .set_require_grad(is_learned && device.is_autodiff())
        };
        let mut leaves = BTreeMap::new();
        let mut shapes = BTreeMap::new();
        for (name, parameter) in &mut self.0 {
            shapes.insert(name.clone(), parameter.shape.clone());
            let whole = leaf(&mut parameter.numbers, parameter.is_learned);
            leaves.insert((name.clone(), Half::Whole), whole);
            if let Some(low_rank) = &mut parameter.low_rank {
                let halves = [(Half::Left, &mut low_rank.left), (Half::Right, &mut low_rank.right)];
                for (half, numbers) in halves {
                    leaves.insert((name.clone(), half), leaf(numbers, true));
                }
            }
        }
        Leaves(Arc::new((shapes, leaves)))
    }

    /// Puts the numbers back where they were lent from.
    pub(super) fn take_back(&mut self, leaves: Leaves) {
        let (_, tensors) = Arc::unwrap_or_clone(leaves.0);
        for ((name, half), tensor) in tensors {
            let Some(parameter) = self.0.get_mut(&name) else { continue };
            let place = match (half, &mut parameter.low_rank) {
                (Half::Left, Some(low_rank)) => &mut low_rank.left,
                (Half::Right, Some(low_rank)) => &mut low_rank.right,
                _ => &mut parameter.numbers,
            };
            *place = tensor.into_data().try_into_vec().unwrap_or_default();
        }
    }
}

/// The numbers that are learned, as they were at a step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Learned(BTreeMap<Piece, Vec<f32>>);

impl Learned {
    /// The memory it takes.
    pub fn bytes(&self) -> usize {
        self.0.values().map(|numbers| numbers.len() * size_of::<f32>()).sum()
    }
}

/// A name and which part of what is learned under it.
pub(super) type Piece = (String, Half);

/// A tensor as it is, or one of the two factors that are added to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Half {
    Whole,
    Left,
    Right,
}

/// Parameters as tensors of one step.
#[derive(Debug, Clone)]
pub(super) struct Leaves(Arc<Tensors>);

/// The shapes, and the numbers as they are learned.
type Tensors = (BTreeMap<String, Vec<usize>>, BTreeMap<Piece, Tensor<1>>);

impl Leaves {
    /// How the loss grows with each learned number.
    pub fn gradients(&self, loss: &Tensor<1>) -> BTreeMap<Piece, Vec<f32>> {
        let mut gradients: Gradients = loss.backward();
        let of = |(piece, leaf): (&Piece, &Tensor<1>)| {
            let gradient = leaf.grad_remove(&mut gradients)?.into_data().try_into_vec().ok()?;
            Some((piece.clone(), gradient))
        };
        self.0.1.iter().filter_map(of).collect()
    }

    fn get(&self, name: &str, half: Half) -> Option<&Tensor<1>> {
        self.0.1.get(&(name.to_owned(), half))
    }
}

impl TensorSource for Leaves {
    fn shape(&self, name: &str) -> Option<&[usize]> {
        self.0.0.get(name).map(Vec::as_slice)
    }

    fn numbers(&self, name: &str) -> Result<Vec<f32>> {
        let leaf = self.get(name, Half::Whole);
        let numbers = leaf.and_then(|leaf| leaf.to_data().try_into_vec().ok());
        numbers.ok_or_else(|| Problem::new("Could not read a parameter", name))
    }

    fn are_equal(&self, a: &str, b: &str) -> bool {
        a == b
    }

    fn names(&self) -> Vec<(String, String)> {
        self.0.0.keys().map(|name| (name.clone(), name.clone())).collect()
    }

    fn leaf(&self, name: &str) -> Option<Tensor<1>> {
        let whole = self.get(name, Half::Whole)?.clone();
        let Some((left, right)) = self.get(name, Half::Left).zip(self.get(name, Half::Right))
        else {
            return Some(whole);
        };
        let &[rows, columns] = self.shape(name)? else { return None };
        let rank = left.dims()[0] / rows.max(1);
        let left = left.clone().reshape([rows, rank]);
        let added = left.matmul(right.clone().reshape([rank, columns]));
        Some(whole + added.reshape([rows * columns]))
    }
}

/// A normally distributed number (Box and Muller 1958).
pub(super) fn normal(coins: &mut Coins) -> f32 {
    let (radius, angle) = (1.0 - coins.toss(), std::f32::consts::TAU * coins.toss());
    (-2.0 * radius.ln()).sqrt() * angle.cos()
}
