"""Beam search in transformers and in Headlight.

    python beams.py --headlight PATH [--random N]   compares `headlight generate --beams`
    python beams.py --write                         rewrites beams.json, which the tests read

The tiny and the bundled model are searched with several widths, length penalties and end tokens;
`--random` adds searches with random texts and settings. All finished texts must be equal, token for
token, and their scores within 1e-4.
"""

import argparse
import json
import random
import shutil
import subprocess
import tempfile
from pathlib import Path

import reference
import torch
from transformers import AutoTokenizer

HERE = Path(__file__).parent
OUT = HERE / "beams.json"
FOLDERS = {"tiny": HERE / "tiny", "storybook": HERE.parents[1] / "models" / "storybook"}
TEXTS = ["The cat sat on the", "Once upon a time there was a little", "please buy an apple and", "She said"]
CASES = [
    {"model": model, "text": text, "width": width, "tokens": tokens, **more}
    for model, text, width, tokens, more in [
        ("storybook", TEXTS[0], 1, 12, {}),
        ("storybook", TEXTS[0], 4, 12, {}),
        ("storybook", TEXTS[0], 8, 40, {}),
        ("storybook", TEXTS[1], 3, 30, {"length_penalty": 0.0}),
        ("storybook", TEXTS[1], 5, 30, {"length_penalty": 2.0}),
        ("storybook", TEXTS[2], 4, 20, {"repetition_penalty": 1.5}),
        ("storybook", TEXTS[3], 4, 25, {"ends": [14, 12]}),
        ("storybook", TEXTS[3], 3, 25, {"ends": [14], "length_penalty": 0.0}),
        ("storybook", TEXTS[0], 2, 1, {}),
        ("tiny", "The cat", 4, 12, {}),
        ("tiny", "The cat", 6, 12, {"ends": [5, 9, 77], "length_penalty": 0.5}),
    ]
]


def search(case: dict) -> list[dict]:
    """The finished texts of transformers, best first."""
    folder = FOLDERS[case["model"]]
    model = reference.load(folder)
    ids = reference.encode(AutoTokenizer.from_pretrained(folder), case["text"], model.config.n_positions)
    prompt = torch.tensor([ids])
    if "ends" in case:
        model.generation_config.eos_token_id = case["ends"]
    found = model.generate(
        prompt, attention_mask=torch.ones_like(prompt), do_sample=False, num_beams=case["width"],
        num_return_sequences=case["width"], max_new_tokens=case["tokens"], pad_token_id=0,
        length_penalty=case.get("length_penalty", 1.0), repetition_penalty=case.get("repetition_penalty", 1.0),
        early_stopping=False, return_dict_in_generate=True, output_scores=True,
    )  # fmt: skip
    ends = model.generation_config.eos_token_id
    ends = [] if ends is None else [ends] if isinstance(ends, int) else ends
    texts = []
    scores = getattr(found, "sequences_scores", None)
    if scores is None:
        scores = [greedy_score(found, len(ids))]
    for sequence, score in zip(found.sequences[:, len(ids) :].tolist(), scores):
        # What follows an end is filling.
        last = next((i for i, token in enumerate(sequence) if token in ends), len(sequence) - 1)
        texts.append({"tokens": sequence[: last + 1], "score": float(score)})
    return texts


def greedy_score(found, n_prompt: int) -> float:
    """With one beam, generate() is greedy and gives no score: the mean log-probability."""
    tokens = found.sequences[0, n_prompt:]
    log_probs = [torch.log_softmax(scores[0], -1)[token] for scores, token in zip(found.scores, tokens)]
    return float(sum(log_probs) / len(log_probs))


def headlight(program: str, case: dict) -> list[dict]:
    with tempfile.TemporaryDirectory() as folder:
        source = FOLDERS[case["model"]]
        if "ends" in case:
            source = shutil.copytree(source, Path(folder) / "model")
            (source / "generation_config.json").write_text(json.dumps({"eos_token_id": case["ends"]}))
        command = [program, "generate", "--json", "--model", source, "--text", case["text"]]
        command += ["--beams", str(case["width"]), "--tokens", str(case["tokens"])]
        for name in ("length_penalty", "repetition_penalty"):
            if name in case:
                command += ["--" + name.replace("_", "-"), str(case[name])]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    beams = json.loads(done.stdout)["beams"]
    return [{"tokens": [token["id"] for token in beam["tokens"]], "score": beam["score"]} for beam in beams]


def check(program: str, case: dict) -> None:
    expected, got = search(case), headlight(program, case)
    assert len(got) == len(expected), f"{case}: {len(got)} texts, not {len(expected)}"
    for rank, (a, b) in enumerate(zip(got, expected)):
        assert a["tokens"] == b["tokens"], f"{case}: text {rank} differs: {a} {b}"
        assert abs(a["score"] - b["score"]) <= 1e-4, f"{case}: score {rank}: {a['score']} is not {b['score']}"


def random_case(rng: random.Random) -> dict:
    words = "the a cat dog little boy girl ran to and said was house tree big old king it he she".split()
    return {
        "model": "storybook",
        "text": " ".join(rng.choices(words, k=rng.randint(1, 12))),
        "width": rng.randint(2, 8),
        "tokens": rng.randint(1, 40),
        "length_penalty": rng.choice([0.0, 0.5, 1.0, 1.0, 1.0, 2.0, -0.5]),
        "repetition_penalty": rng.choice([1.0, 1.0, 1.2]),
        "ends": rng.sample(range(200, 400), k=rng.randint(0, 2)) + [0, 14],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--headlight", metavar="PATH")
    parser.add_argument("--random", metavar="N", type=int, default=0)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    if args.write:
        golden = [case | {"found": search(case)} for case in CASES]
        lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in golden)
        OUT.write_text(f"[\n{lines}\n]\n")
        print(f"{OUT.name}: {len(golden)} searches")
    if args.headlight:
        rng = random.Random(0)
        cases = CASES + [random_case(rng) for _ in range(args.random)]
        for case in cases:
            check(args.headlight, case)
        print(f"ok   {len(cases)} searches, every text equal")


if __name__ == "__main__":
    main()
