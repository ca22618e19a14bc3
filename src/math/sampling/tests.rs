//! The golden cases come from `assets/golden/sampling.py`; the rest can be checked by hand.

use serde::Deserialize;

use super::*;

const NONE: f32 = f32::NEG_INFINITY;

#[derive(Deserialize)]
struct Golden {
    order: Vec<Filter>,
    sums: Vec<(u64, f32)>,
    small: Vec<SmallCase>,
    large: Vec<LargeCase>,
}

#[derive(Deserialize)]
struct SmallCase {
    logits: Vec<Option<f32>>,
    sampling: Sampling,
    context: Vec<u32>,
    stages: Vec<GoldenStage>,
    probs: Vec<f32>,
}

#[derive(Deserialize)]
struct GoldenStage {
    filter: Filter,
    scores: Vec<Option<f32>>,
}

#[derive(Deserialize)]
struct LargeCase {
    seed: u64,
    coarse: u32,
    scale: u32,
    hidden: usize,
    sampling: Sampling,
    context: Vec<u32>,
    kept: usize,
    kept_hash: u64,
    probs: Vec<(usize, f32)>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../assets/golden/sampling.json")).unwrap()
}

/// JSON has no −∞, so that the file says null.
fn numbers(values: &[Option<f32>]) -> Vec<f32> {
    values.iter().map(|value| value.unwrap_or(NONE)).collect()
}

/// The formula of `large_logits` in `sampling.py`.
fn large_logits(case: &LargeCase) -> Vec<f32> {
    let integer = |id: u64| {
        let z = draw::mix(case.seed << 32 | id);
        let piece = |shift: u32| (z >> shift & ((1 << 21) - 1)) as i64;
        if case.seed == 0 {
            id.min(50_256 - id) as i64
        } else {
            piece(0) + piece(21) + piece(42) - 3 * (1 << 20)
        }
    };
    let logit =
        |id| (integer(id) >> case.coarse << case.coarse) as f32 / (1_u64 << case.scale) as f32;
    let mut logits: Vec<f32> = (0..50_257).map(logit).collect();
    if case.hidden > 0 {
        logits.iter_mut().step_by(case.hidden).for_each(|logit| *logit = NONE);
    }
    logits
}

/// Logits of about normal distribution with standard deviation `spread`.
fn random_logits(n: usize, spread: f32, coins: &mut Coins) -> Vec<f32> {
    let mut bell = || (0..12).map(|_| coins.toss()).sum::<f32>() - 6.0;
    (0..n).map(|_| bell() * spread).collect()
}

fn everything() -> Sampling {
    Sampling {
        temperature: 0.8,
        top_k: Some(30),
        top_p: Some(0.9),
        min_p: Some(0.02),
        typical_p: Some(0.9),
        repetition_penalty: Some(1.2),
        ..Sampling::default()
    }
}

#[track_caller]
fn assert_close(found: &[f32], wanted: &[f32]) {
    assert_eq!(found.len(), wanted.len());
    for (id, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        let close = (found - wanted).abs() <= 1e-6 * wanted.abs().max(1.0);
        assert!(
            found.to_bits() == wanted.to_bits() || close,
            "token {id}: {found}, but {wanted} is right"
        );
    }
}

#[test]
fn the_default_order_is_that_of_generate() {
    assert_eq!(golden().order, Filter::ALL);
    assert_eq!(Sampling::default().order, Filter::ALL);
}

#[test]
fn every_stage_of_the_small_golden_cases_agrees() {
    for (i, case) in golden().small.iter().enumerate() {
        println!("small case {i}: {:?}", case.sampling);
        let explanation = case.sampling.explain(&numbers(&case.logits), &case.context);
        let filters = |stages: &[Stage]| stages.iter().map(|s| s.filter).collect::<Vec<_>>();
        let wanted: Vec<Filter> = case.stages.iter().map(|stage| stage.filter).collect();
        assert_eq!(filters(&explanation.stages), wanted);
        for (found, wanted) in explanation.stages.iter().zip(&case.stages) {
            assert_close(&found.scores, &numbers(&wanted.scores));
        }
        assert_close(&explanation.distribution.probs, &case.probs);
    }
}

#[test]
fn the_large_golden_cases_keep_the_same_tokens() {
    for (i, case) in golden().large.iter().enumerate() {
        println!("large case {i}: {:?}", case.sampling);
        let logits = large_logits(case);
        let explanation = case.sampling.explain(&logits, &case.context);
        let scores = explanation.stages.last().map_or(logits, |stage| stage.scores.clone());
        let kept = (0..).zip(&scores).filter(|(_, score)| **score > NONE).map(|(id, _)| id);
        let hash = kept.map(draw::mix).fold(0, u64::wrapping_add);
        assert_eq!((explanation.distribution.kept, hash), (case.kept, case.kept_hash));
        for &(id, prob) in &case.probs {
            assert_close(&[explanation.distribution.probs[id]], &[prob]);
        }
    }
}

#[test]
fn sums_are_rounded_as_in_torch() {
    for (n, wanted) in golden().sums {
        let values: Vec<f32> =
            (0..n).map(|id| -((draw::mix(id) >> 40) as f32) / 16_777_216.0).collect();
        assert_eq!(torch::cascade_sum(&values).to_bits(), wanted.to_bits(), "of {n} numbers");
    }
}

#[test]
fn explaining_changes_nothing_and_accounts_for_every_token() {
    let mut coins = Coins::new(1);
    for _ in 0..50 {
        let logits = random_logits(300, 2.0, &mut coins);
        let explanation = everything().explain(&logits, &[1, 2, 3]);
        assert_eq!(explanation.distribution, everything().apply(&logits, &[1, 2, 3]));
        for (cut_by, prob) in explanation.cut_by.iter().zip(&explanation.distribution.probs) {
            assert_eq!(cut_by.is_some(), *prob == 0.0);
        }
        let mut left = logits.len();
        for stage in &explanation.stages {
            left -= explanation.cut_by.iter().filter(|cut| **cut == Some(stage.filter)).count();
            assert_eq!(stage.kept, left);
        }
    }
}

#[test]
fn the_bounds_are_the_numbers_of_the_formula() {
    // Probabilities 1/2, 1/4, 1/8, 1/8: the entropy is 7/4 bits.
    let logits = [2.0, 1.0, 0.0, 0.0].map(|power: f32| power * std::f32::consts::LN_2);
    let bound = |sampling: Sampling| sampling.explain(&logits, &[]).stages[0].bound;
    let off = Sampling::default;
    assert_eq!(bound(Sampling { top_k: Some(2), ..off() }), Bound::Score(logits[1]));
    let tail = Bound::Tail { allowed: 0.3, cut: 0.25 };
    assert_eq!(bound(Sampling { top_p: Some(0.7), ..off() }), tail);
    assert_eq!(bound(Sampling { min_p: Some(0.5), ..off() }), Bound::Probability(0.25));
    let typical = bound(Sampling { typical_p: Some(0.4), ..off() });
    let Bound::Surprise { entropy, distance } = typical else {
        panic!("typical-p tells the entropy, not {typical:?}")
    };
    // Surprises of 1, 2, 3, 3 bits: that of the second token, 2, is nearest to 7/4, then the first.
    assert_close(&[entropy, distance], &[1.75, 0.75].map(|bits| bits * std::f32::consts::LN_2));
}

#[test]
fn without_filters_it_is_a_softmax() {
    assert_close(&softmax(&[0.0; 4]), &[0.25; 4]);
    let tenth = [1.0_f32, 2.0, 3.0, 4.0].map(f32::ln);
    let distribution = Sampling::default().apply(&tenth, &[0, 1]);
    assert_close(&distribution.probs, &[0.1, 0.2, 0.3, 0.4]);
    assert_eq!(distribution.kept, 4);
    assert!(Sampling::default().filters().is_empty());
}

#[test]
fn temperature_0_takes_the_first_maximum_and_the_limit_agrees() {
    let greedy = Sampling { temperature: 0.0, ..everything() };
    assert_eq!(greedy.filters(), [Filter::RepetitionPenalty, Filter::Temperature]);
    assert_eq!(greedy.apply(&[1.0, 3.0, 3.0, 2.0], &[]).probs, [0.0, 1.0, 0.0, 0.0]);
    let logits = random_logits(1_000, 2.0, &mut Coins::new(2));
    let greedy = Sampling { temperature: 0.0, ..Sampling::default() }.apply(&logits, &[]);
    let cold = Sampling { temperature: 1e-5, ..Sampling::default() }.apply(&logits, &[]);
    assert_close(&cold.probs, &greedy.probs);
}

#[test]
fn more_p_keeps_no_fewer_tokens() {
    let logits = random_logits(500, 2.0, &mut Coins::new(3));
    let kept = |p: u8| {
        let p = f32::from(p) / 100.0;
        let top_p = Sampling { top_p: Some(p), ..Sampling::default() };
        let min_p = Sampling { min_p: Some(1.0 - p), ..Sampling::default() };
        [top_p, min_p].map(|sampling| sampling.apply(&logits, &[]).kept)
    };
    for p in 0..100 {
        let (less, more) = (kept(p), kept(p + 1));
        assert!(less[0] <= more[0] && less[1] <= more[1], "at p = {p} %");
    }
}

#[test]
fn a_missing_filter_comes_last_and_a_repeated_one_counts_once() {
    let order = vec![Filter::TopP, Filter::TopK, Filter::TopP];
    let sampling = Sampling { order, min_p: Some(0.1), ..everything() };
    let rest = [Filter::RepetitionPenalty, Filter::Temperature, Filter::MinP, Filter::TypicalP];
    assert_eq!(sampling.filters(), [&[Filter::TopP, Filter::TopK][..], &rest].concat());
}

#[test]
fn settings_that_change_nothing_are_off() {
    let sampling = Sampling {
        top_k: Some(0),
        top_p: Some(1.0),
        min_p: Some(f32::NAN),
        typical_p: Some(1.5),
        repetition_penalty: Some(-1.0),
        ..Sampling::default()
    };
    assert!(sampling.filters().is_empty(), "{:?}", sampling.filters());
}

#[test]
fn settings_survive_json_and_may_be_left_out() {
    let json = serde_json::to_string(&everything()).unwrap();
    assert_eq!(serde_json::from_str::<Sampling>(&json).unwrap(), everything());
    assert_eq!(serde_json::from_str::<Sampling>("{}").unwrap(), Sampling::default());
}

#[test]
fn nothing_panics_and_the_probabilities_sum_to_1_or_are_all_0() {
    let values = [f32::NAN, f32::INFINITY, NONE, f32::MAX, f32::MIN, 0.0, -0.0, 1e-40, 1.0, -7.5];
    let settings = [0.0, 0.5, 1.0, f32::NAN, f32::INFINITY, -1.0, 1e-30, 1e30];
    let mut coins = Coins::new(4);
    let mut one_of = |choices: &[f32]| choices[(coins.toss() * choices.len() as f32) as usize];
    for round in 0..3_000 {
        let logits: Vec<f32> = (0..round % 40).map(|_| one_of(&values)).collect();
        let sampling = Sampling {
            temperature: one_of(&settings),
            top_k: [None, Some(0), Some(3), Some(usize::MAX)][round % 4],
            top_p: Some(one_of(&settings)),
            min_p: Some(one_of(&settings)),
            typical_p: Some(one_of(&settings)),
            repetition_penalty: Some(one_of(&settings)),
            order: Filter::ALL.to_vec(),
        };
        let explanation = sampling.explain(&logits, &[0, 3, u32::MAX]);
        let sum: f32 = explanation.distribution.probs.iter().sum();
        let wanted = if explanation.distribution.kept > 0 { 1.0 } else { 0.0 };
        assert!((sum - wanted).abs() < 1e-5, "{sampling:?} of {logits:?} sums to {sum}");
    }
}

#[test]
fn nan_counts_as_minus_infinity_and_nothing_above_it_gives_nothing() {
    let probs = Sampling::default().apply(&[f32::NAN, 1.0, NONE, 1.0], &[]).probs;
    assert_eq!(probs, [0.0, 0.5, 0.0, 0.5]);
    let nothing = everything().apply(&[NONE, f32::NAN], &[0]);
    assert_eq!(nothing, Distribution { probs: vec![0.0; 2], kept: 0 });
    assert_eq!(everything().apply(&[], &[0]), Distribution { probs: Vec::new(), kept: 0 });
}

#[test]
fn p_is_the_decimal_that_was_written() {
    // 1 − 0.9 is 0.1; from the float32 nearest to 0.9, a little less, it would be 0.100000024.
    let sampling = Sampling { top_p: Some(0.9), ..Sampling::default() };
    let bound = sampling.explain(&[0.0; 10], &[]).stages[0].bound;
    assert_eq!(bound, Bound::Tail { allowed: 0.1, cut: 0.1 });
}

#[test]
fn pick_finds_the_slice_the_coin_is_in() {
    let probs = [0.0, 0.25, 0.0, 0.5, 0.25, 0.0];
    for (coin, id) in [(0.0, 1), (0.2499, 1), (0.25, 3), (0.7499, 3), (0.75, 4), (0.999, 4)] {
        assert_eq!(pick(&probs, coin), id, "coin {coin}");
    }
    // The bar may end early by rounding, and the last slice may be empty.
    assert_eq!(pick(&[0.5, 0.499, 0.0], 0.999_999_94), 1);
    assert_eq!(pick(&probs, f32::NAN), 4);
    assert_eq!((pick(&[], 0.5), pick(&[0.0, 0.0], 0.5)), (0, 0));
}

#[test]
fn draw_many_counts_what_pick_would_draw() {
    let probs = everything().apply(&random_logits(2_000, 1.0, &mut Coins::new(5)), &[]).probs;
    let mut counts = vec![0; probs.len()];
    let mut coins = Coins::new(6);
    for _ in 0..10_000 {
        counts[pick(&probs, coins.toss())] += 1;
    }
    assert_eq!(draw_many(&probs, 10_000, &mut Coins::new(6)), counts);
    assert_eq!(draw_many(&[0.0; 3], 10, &mut Coins::new(6)), [0; 3]);
}

#[test]
fn draws_have_the_frequencies_of_the_probabilities() {
    const DRAWS: f32 = 100_000.0;
    let probs = softmax(&random_logits(50, 1.0, &mut Coins::new(7)));
    for seed in 0..5 {
        let counts = draw_many(&probs, DRAWS as usize, &mut Coins::new(seed));
        assert_eq!(counts.iter().sum::<u32>(), DRAWS as u32);
        let terms = counts.iter().zip(&probs).map(|(&count, &p)| {
            let expected = p * DRAWS;
            (count as f32 - expected).powi(2) / expected
        });
        // 49 degrees of freedom: chi-squared exceeds 85.35 with probability 0.001.
        let chi_squared: f32 = terms.sum();
        assert!(chi_squared < 85.35, "seed {seed}: chi-squared {chi_squared}");
    }
}

#[test]
fn coins_are_splitmix64() {
    // The first outputs for seed 1234567 as published with the algorithm; a coin is the upper 24 bits.
    let published = [6_457_827_717_110_365_317_u64, 3_203_168_211_198_807_973];
    let mut coins = Coins::new(1_234_567);
    for output in published {
        assert_close(&[coins.toss()], &[(output >> 40) as f32 / 16_777_216.0]);
    }
}

#[test]
fn measures_of_simple_distributions() {
    assert_close(&[entropy_bits(&[0.25; 4]), effective_choices(&[0.25; 4])], &[2.0, 4.0]);
    assert_close(&[entropy_bits(&[0.5, 0.25, 0.125, 0.125])], &[1.75]);
    assert_eq!((entropy_bits(&[0.0, 1.0]), effective_choices(&[0.0, 1.0])), (0.0, 1.0));
    // 1/2 log 2 + 1/2 log 2/3
    assert_close(&[kl_bits(&[0.5, 0.5], &[0.25, 0.75])], &[0.5 - 0.5 * 1.5_f32.log2()]);
    assert_eq!(kl_bits(&[0.5, 0.5], &[0.5, 0.5]).to_bits(), 0.0_f32.to_bits());
    assert!(kl_bits(&[0.5, 0.5], &[1.0, 0.0]).is_infinite());
    assert_close(&[kl_bits(&[1.0, 0.0], &[0.5, 0.5])], &[1.0]);
    assert_close(
        &[js_bits(&[1.0, 0.0], &[0.0, 1.0]), js_bits(&[0.3, 0.7], &[0.3, 0.7])],
        &[1.0, 0.0],
    );
}

#[test]
fn top_and_rank_agree_and_equal_tokens_go_by_id() {
    let probs = [0.1, 0.3, 0.0, 0.3, f32::NAN, 0.2];
    assert_eq!(top(&probs, 3), [1, 3, 5]);
    assert_eq!(top(&probs, 100), [1, 3, 5, 0, 2, 4]);
    assert!(top(&probs, 0).is_empty() && top(&[], 3).is_empty());
    for (rank, id) in top(&probs, 6).into_iter().enumerate() {
        assert_eq!(rank_of(&probs, id), rank);
    }
    assert_eq!(rank_of(&probs, 6), 6);
}

#[test]
fn sorting_by_digits_is_sorting() {
    let mut coins = Coins::new(8);
    for n in [0, 1, 1_999, 2_000, 5_000] {
        let mut scores = random_logits(n, 3.0, &mut coins);
        scores.iter_mut().step_by(3).for_each(|score| *score = score.round());
        scores.iter_mut().step_by(100).for_each(|score| *score = NONE);
        let mut wanted: Vec<u32> = (0..).take(n).filter(|&id| scores[id as usize] > NONE).collect();
        wanted.sort_by(|&a, &b| scores[a as usize].partial_cmp(&scores[b as usize]).unwrap());
        assert_eq!(order::ascending(&scores), wanted);
    }
}

#[test]
fn introsort_sorts_the_wanted_ranks_as_it_would_sort_them_all() {
    let mut coins = Coins::new(9);
    for round in 0..200 {
        let scores: Vec<f32> =
            random_logits(round * 5 + 1, 2.0, &mut coins).into_iter().map(f32::round).collect();
        let all = order::introsort(&scores, &(0..scores.len()));
        assert!(all.is_sorted_by(|&a, &b| scores[a as usize] <= scores[b as usize]));
        let rank = round * 3;
        let some = order::introsort(&scores, &(rank..rank + 1));
        assert_eq!(some[rank], all[rank]);
        let sorted = |ids: &[u32]| {
            let mut ids = ids.to_vec();
            ids.sort_unstable();
            ids
        };
        assert_eq!(sorted(&some[..rank]), sorted(&all[..rank]));
    }
}
