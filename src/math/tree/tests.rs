#![expect(clippy::float_cmp, reason = "the numbers are exact")]

use super::*;

/// Scores that make two tokens equally likely.
const EVEN: [f32; 3] = [0.0, 0.0, f32::NEG_INFINITY];

fn tree() -> Tree {
    Tree::new("m".to_owned(), "ab".to_owned(), vec![7, 8])
}

fn grow(tree: &mut Tree, id: NodeId, token: u32) -> NodeId {
    tree.grow(id, token, How::Chosen, 0.5).unwrap()
}

#[test]
fn probabilities_multiply_along_a_path() {
    let mut tree = tree();
    let a = grow(&mut tree, ROOT, 0);
    let b = grow(&mut tree, a, 1);
    assert_eq!(tree.get(b).prob, 0.5);
    assert!((tree.get(b).log_prob - 0.25_f64.ln()).abs() < 1e-9);
    assert_eq!(tree.tokens(b), [0, 1]);
    assert_eq!(tree.context(b, 10), [7, 8, 0, 1]);
    assert_eq!(tree.context(b, 3), [8, 0, 1]);
}

#[test]
fn the_same_token_is_the_same_child() {
    let mut tree = tree();
    let a = grow(&mut tree, ROOT, 0);
    assert_eq!(grow(&mut tree, ROOT, 0), a);
    assert_eq!(tree.get(ROOT).children, [a]);
}

#[test]
fn draws_depend_on_seed_and_depth_alone() {
    let mut tree = tree();
    let sampling = Sampling::default();
    let draw = tree.draw(ROOT, &EVEN, &sampling, (3, 10));
    assert_eq!(draw, tree.draw(ROOT, &EVEN, &sampling, (3, 10)));
    let (token, how) = draw.unwrap();
    let first = coin(3, 0);
    assert_eq!(token, u32::from(first >= 0.5));
    let expected = How::Drawn { settings: 0, coin: first };
    assert_eq!(how, expected);
    assert_eq!(tree.settings(how), Some(&sampling));
    assert_eq!(tree.draw(ROOT, &[], &sampling, (3, 10)), None);
}

#[test]
fn branches_begin_beneath() {
    let mut tree = tree();
    let a = grow(&mut tree, ROOT, 0);
    let b = grow(&mut tree, a, 0);
    let c = grow(&mut tree, ROOT, 1);
    let d = grow(&mut tree, a, 1);
    let at = |id| {
        let places = tree.places();
        let place = places.iter().find(|place| place.node == id).unwrap();
        (place.column, place.row)
    };
    assert_eq!((at(ROOT), at(a), at(b)), ((0, 0), (1, 0), (2, 0)));
    assert_eq!((at(d), at(c)), ((2, 1), (1, 2)));
    assert_eq!(tree.ends(), [b, d, c]);
    assert_eq!((tree.shared(b, d), tree.shared(b, c)), (1, 0));
}

#[test]
fn removing_takes_everything_after() {
    let mut tree = tree();
    let a = grow(&mut tree, ROOT, 0);
    let b = grow(&mut tree, a, 1);
    tree.go(b);
    assert!(tree.remove(a) && !tree.remove(ROOT));
    assert_eq!((tree.places().len(), tree.at()), (1, ROOT));
}

#[test]
fn what_is_kept_stays() {
    let mut tree = tree();
    let a = grow(&mut tree, ROOT, 0);
    let [b, c, d] = [1, 2, 3].map(|token| grow(&mut tree, a, token));
    tree.keep(b, true);
    assert!(!tree.remove(a) && !tree.remove(b));
    tree.go(c);
    tree.remove_others();
    assert_eq!(tree.get(a).children, [b, c]);
    assert_eq!(tree.kept(), [b]);
    tree.keep(b, false);
    assert!(tree.remove(b));
    assert_eq!(tree.get(d).parent, Some(a));
}

#[test]
fn a_tree_is_bounded() {
    let mut tree = tree();
    for token in 1..MOST_NODES as u32 {
        grow(&mut tree, ROOT, token);
    }
    assert_eq!(tree.grow(ROOT, 0, How::Chosen, 0.5), None);
}

#[test]
fn files_hold_everything_but_what_was_removed() {
    let mut tree = tree();
    let gone = grow(&mut tree, ROOT, 5);
    let (_, how) = tree.draw(ROOT, &EVEN, &Sampling::default(), (3, 10)).unwrap();
    let a = tree.grow(ROOT, 0, how, 0.25).unwrap();
    let b = tree.grow(a, 1, How::Beam { rank: 2 }, 0.125).unwrap();
    tree.keep(b, true);
    tree.go(b);
    tree.remove(gone);
    let json = serde_json::to_string(&tree).unwrap();
    let read: Tree = serde_json::from_str(&json).unwrap();
    assert_eq!(read.tokens(read.at()), [0, 1]);
    assert_eq!(read.places().len(), 3);
    let (old, new) = (tree.get(b), read.get(read.at()));
    assert_eq!((old.how, old.prob, old.is_kept), (new.how, new.prob, new.is_kept));
    assert_eq!(serde_json::to_string(&read).unwrap(), json);
}

#[test]
fn contradictory_files_are_refused() {
    let good = r#"{"model":"m","text":"a","prompt":[1],"settings":[],"tokens":[{"id":3,"after":0,"prob":0.5,"how":"chosen"}],"at":1}"#;
    assert!(serde_json::from_str::<Tree>(good).is_ok());
    for (old, new) in [
        (r#""after":0"#, r#""after":1"#),
        ("0.5", "7.0"),
        ("0.5", "null"),
        (r#""chosen""#, r#"{"drawn":[0,0.5]}"#),
    ] {
        assert!(serde_json::from_str::<Tree>(&good.replace(old, new)).is_err(), "{new}");
    }
    // A place that is not there is the prompt.
    let lost: Tree = serde_json::from_str(&good.replace("\"at\":1", "\"at\":9")).unwrap();
    assert_eq!(lost.at(), ROOT);
}
