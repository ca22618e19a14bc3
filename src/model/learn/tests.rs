use super::*;

fn fresh(vocabulary: Vocabulary, text: &str) -> Material {
    let sizes =
        Fresh { layers: 2, heads: 2, width: 16, context: 16, has_mlp: true, has_positions: true };
    sizes.make(vocabulary, text, 1).unwrap()
}

fn lesson(material: &Material, rule: Rule) -> Lesson {
    Lesson::new(material.parsed().unwrap(), material.parameters.clone(), rule).unwrap()
}

const TEXT: &str = "the cat sat on the mat. the cat sat on the mat. the cat sat on the mat.";

#[test]
fn a_text_said_often_is_no_surprise() {
    let material = fresh(Vocabulary::Characters, TEXT);
    let tokens: Vec<u32> =
        material.tokenizer.encode_bare(TEXT).unwrap().iter().map(|t| t.id).collect();
    let mut windows = Windows::new(tokens, 16, Order::Given, 0).unwrap();
    let mut lesson = lesson(&material, Rule { rate: 1e-2, ..Rule::default() });
    let losses: Vec<f32> = (0..40).map(|_| lesson.step(&windows.next(4)).unwrap()).collect();
    assert!(losses[0] > 2.0 && losses[39] < 0.8, "{losses:?}");
}

/// The slope along each parameter's own axis, by trying: a little more and a little less.
#[test]
fn gradients_are_what_trying_finds() {
    let mut material = fresh(Vocabulary::Characters, TEXT);
    let mut coins = crate::math::sampling::Coins::new(3);
    for parameter in material.parameters.0.values_mut() {
        parameter.numbers.iter_mut().for_each(|x| *x += 0.3 * parameters::normal(&mut coins));
    }
    let row: Vec<u32> =
        material.tokenizer.encode_bare(TEXT).unwrap()[..9].iter().map(|t| t.id).collect();
    let lesson = lesson(&material, Rule::default());
    let leaves = lesson.parameters.leaves(&lesson.device);
    let network = lesson.network(&leaves).unwrap();
    let gradients = leaves.gradients(&loss(&network, &[&row]));
    for ((name, _), gradient) in &gradients {
        let (at, &slope) =
            gradient.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).unwrap();
        let moved = |by: f32| {
            let mut parameters = material.parameters.clone();
            parameters.0.get_mut(name).unwrap().numbers[at] += by;
            Lesson::new(material.parsed().unwrap(), parameters, Rule::default())
                .unwrap()
                .loss(&row)
                .unwrap()
        };
        let tried = (moved(5e-3) - moved(-5e-3)) / 1e-2;
        assert!(
            (slope - tried).abs() <= 0.02 * slope.abs() + 2e-3,
            "{name}: {slope}, tried {tried}"
        );
    }
    assert_eq!(gradients.len(), material.parameters.0.len());
}

#[test]
fn only_low_rank_additions_change() {
    let mut material = fresh(Vocabulary::Merges(10), TEXT);
    material.parameters.learn_low_rank(2, 0).unwrap();
    let before = material.parameters.clone();
    let tokens: Vec<u32> =
        material.tokenizer.encode_bare(TEXT).unwrap().iter().map(|t| t.id).collect();
    let mut lesson = lesson(&material, Rule { rate: 1e-2, ..Rule::default() });
    let losses: Vec<f32> = (0..10).map(|_| lesson.step(&[&tokens[..12]]).unwrap()).collect();
    assert!(losses[9] < losses[0], "{losses:?}");
    let [all, learned] = lesson.parameters.count();
    assert!(learned * 4 < all, "{learned} of {all}");
    for (name, parameter) in &lesson.parameters.0 {
        assert_eq!(parameter.numbers, before.0[name].numbers, "{name}");
        assert_eq!(parameter.merged() != parameter.numbers, parameter.low_rank.is_some(), "{name}");
    }
    assert!(material.parameters.learn_low_rank(99, 0).is_err());
}

#[test]
fn what_is_saved_opens_again() {
    let dir = tempfile::tempdir().unwrap();
    let sizes =
        Fresh { layers: 1, heads: 1, width: 8, context: 8, has_mlp: false, has_positions: false };
    for vocabulary in [Vocabulary::Characters, Vocabulary::Merges(5)] {
        let material = sizes.make(vocabulary, TEXT, 1).unwrap();
        material.save(&material.parameters, dir.path()).unwrap();
        let again = Material::open(dir.path().to_str().unwrap()).unwrap();
        let numbers = |material: &Material| -> Vec<Vec<f32>> {
            material.parameters.0.values().map(|p| p.numbers.clone()).collect()
        };
        assert_eq!(numbers(&again), numbers(&material));
        assert_eq!(again.tokenizer.encode(TEXT), material.tokenizer.encode(TEXT));
    }
}

#[test]
fn rows_do_not_see_each_other() {
    let material = fresh(Vocabulary::Characters, TEXT);
    let mut lesson = lesson(&material, Rule { rate: 0.0, ..Rule::default() });
    let rows: [&[u32]; 3] = [&[1, 2, 3, 4], &[5, 6, 7, 8], &[3, 1, 2, 5]];
    let apart: f32 = rows.iter().map(|row| lesson.loss(row).unwrap()).sum();
    let together = lesson.step(&rows).unwrap();
    assert!((together - apart / 3.0).abs() < 1e-5, "{together} {apart}");
}

#[test]
fn windows_follow_one_another() {
    let mut windows = Windows::new((0..11).collect(), 3, Order::Given, 0).unwrap();
    assert_eq!(windows.next(4), [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9], [0, 1, 2, 3]]);
    let mut shuffled = Windows::new((0..31).collect(), 3, Order::Shuffled, 5).unwrap();
    let mut seen: Vec<u32> = shuffled.next(10).iter().map(|row| row[0]).collect();
    assert!(!seen.is_sorted());
    seen.sort_unstable();
    assert_eq!(seen, (0..10).map(|i| 3 * i).collect::<Vec<_>>());
    assert!(Windows::new(vec![1, 2], 2, Order::Given, 0).unwrap_err().why.contains("2 tokens"));
}

#[test]
fn a_loss_that_is_no_number_changes_nothing() {
    let mut material = fresh(Vocabulary::Characters, TEXT);
    let name = "transformer.ln_f.weight";
    material.parameters.0.get_mut(name).unwrap().numbers[0] = f32::MAX;
    let mut lesson = lesson(&material, Rule::default());
    let problem = lesson.step(&[&[1, 2, 3]]).unwrap_err();
    assert!(problem.why.contains("the steps are too large"), "{problem}");
    assert_eq!(lesson.parameters, material.parameters);
}

/// What is lent to a step comes back in the same memory.
#[test]
fn a_step_copies_no_parameter() {
    let material = fresh(Vocabulary::Characters, TEXT);
    let row: Vec<u32> =
        material.tokenizer.encode_bare(TEXT).unwrap()[..9].iter().map(|t| t.id).collect();
    let mut lesson = lesson(&material, Rule::default());
    let places = |lesson: &Lesson| -> Vec<(String, *const f32)> {
        let all = lesson.parameters.0.iter();
        all.map(|(name, parameter)| (name.clone(), parameter.numbers.as_ptr())).collect()
    };
    let before = places(&lesson);
    lesson.step(&[&row]).unwrap();
    assert_eq!(places(&lesson), before);
}
