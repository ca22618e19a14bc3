"""Makes sampling.json: what transformers' filters and torch's softmax do with given logits.

    python sampling.py        rewrites the file next to this one, the same every time

The filters that `generate()` would use are asked for from `generate()`'s own function, so that the
order and the conditions under which a filter is left out are those of the library, not ours. Only a
permuted order, which `generate()` does not offer, is put together here.

Small cases are stored whole, with the scores after every filter (null is minus infinity). Large ones
have 50,257 logits made from integers by the formula in `large_logits`, which the test repeats; of the
result they store how many tokens were kept, a hash of which, and a few probabilities.

Torch adds float32 numbers in an order that depends on the processor. This file was made with AVX-512;
with AVX2 a token at the very border of a large case may fall on the other side.
"""

import json
import random
from pathlib import Path

import numpy as np
import torch
import transformers
from transformers import GenerationConfig, GPT2Config, GPT2LMHeadModel
from transformers.generation import logits_process

OUT = Path(__file__).with_name("sampling.json")
VOCAB = 50_257
FILTERS = {  # in the order of generate(), which `check_order` verifies
    "repetition_penalty": logits_process.RepetitionPenaltyLogitsProcessor,
    "temperature": logits_process.TemperatureLogitsWarper,
    "top_k": logits_process.TopKLogitsWarper,
    "top_p": logits_process.TopPLogitsWarper,
    "min_p": logits_process.MinPLogitsWarper,
    "typical_p": logits_process.TypicalLogitsWarper,
}
EVERYTHING = {
    "repetition_penalty": 1.2, "temperature": 0.8, "top_k": 4, "top_p": 0.9, "min_p": 0.05, "typical_p": 0.8
}  # fmt: skip
MODEL = GPT2LMHeadModel(
    GPT2Config(vocab_size=8, n_embd=4, n_layer=1, n_head=1, n_positions=8, bos_token_id=0, eos_token_id=0)
)


def processors(sampling: dict) -> list:
    """The filters for these settings: generate()'s own list, or all of `order` in that order."""
    if "order" in sampling:
        return [FILTERS[name](sampling[name]) for name in sampling["order"]]
    greedy = sampling.get("temperature") == 0
    settings = {name: value for name, value in sampling.items() if not (greedy and name == "temperature")}
    config = GenerationConfig(do_sample=not greedy, **settings)
    return list(MODEL._get_logits_processor(config, input_ids_seq_length=1))


def run(logits: np.ndarray, sampling: dict, context: list[int]):
    """The scores after each filter, by name, and the final probabilities."""
    scores = torch.tensor(logits, dtype=torch.float32)[None]
    ids = torch.tensor([context], dtype=torch.long)
    names = {processor: name for name, processor in FILTERS.items()}
    stages = []
    for processor in processors(sampling):
        scores = processor(ids, scores)
        stages.append((names[type(processor)], scores[0].numpy().copy()))
    if sampling.get("temperature") == 0:
        best = scores.argmax(dim=-1)
        scores = torch.full_like(scores, -torch.inf).scatter(1, best[:, None], scores[:, best])
        stages.append(("temperature", scores[0].numpy().copy()))
    return stages, scores.softmax(dim=-1)[0].numpy()


def check_order() -> None:
    found = [type(processor) for processor in processors(EVERYTHING)]
    assert found == list(FILTERS.values()), "generate() has another order now: change Filter::ALL"


def number(value) -> float | None:
    """The shortest decimal that is this float32 again; None for minus infinity."""
    return float(str(np.float32(value))) if np.isfinite(value) else None


def small_case(logits, sampling: dict, context=(0, 2)) -> dict:
    logits = np.array(logits, dtype=np.float32)
    stages, probs = run(logits, sampling, list(context))
    return {
        "logits": [number(value) for value in logits],
        "sampling": sampling,
        "context": list(context),
        "stages": [{"filter": name, "scores": [number(value) for value in scores]} for name, scores in stages],
        "probs": [number(value) for value in probs],
    }


def small_cases() -> list[dict]:
    inf = float("inf")
    plain = [2.0, 1.0, 0.5, -0.25, -1.0, 3.0, 0.0, -4.0]
    ties = [1.0, 2.0, 2.0, 1.0, 2.0, 0.0, 1.0, 0.0, -0.0]
    holes = [-inf, 1.5, -inf, 0.5, 0.25, -inf, -2.0]
    many_ties = [float(i * 7 % 3) for i in range(40)]
    settings = [{}, EVERYTHING]
    settings += [{"temperature": t} for t in (0.0, 0.01, 0.5, 1.0, 5.0)]
    settings += [{"top_k": k} for k in (1, 2, 3, 100)]
    settings += [{"top_p": p} for p in (0.0, 0.3, 0.5, 0.9, 1.0)]
    settings += [{"min_p": p} for p in (0.0, 0.1, 1.0)]
    settings += [{"typical_p": p} for p in (0.01, 0.5, 0.9, 1.0)]
    settings += [{"repetition_penalty": r} for r in (0.5, 1.0, 1.3)]
    settings += [{"temperature": 0.0, "repetition_penalty": 2.0, "top_k": 2, "top_p": 0.1, "typical_p": 0.1}]
    cases = [small_case(logits, sampling) for logits in (plain, ties, holes) for sampling in settings]
    cases += [small_case(many_ties, {"top_p": p}) for p in (0.0, 0.2, 0.6)]
    cases += [small_case([0.5], sampling, [0]) for sampling in (EVERYTHING, {"top_p": 0.0}, {"typical_p": 0.1})]
    cases += [small_case(plain, {"repetition_penalty": 1.5}, [5, 5, 3, 3, 3, 7, 900])]
    rng = random.Random(0)
    for _ in range(8):
        order = rng.sample(list(FILTERS), k=len(FILTERS))
        cases.append(small_case(rng.choice([plain, ties, holes]), EVERYTHING | {"order": order}))
    return cases


def mix(numbers: np.ndarray) -> np.ndarray:
    """The output function of SplitMix64 on each number plus its constant (uint64, wrapping)."""
    z = numbers.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def large_logits(seed: int, coarse: int, scale: int, hidden: int) -> np.ndarray:
    """Logits that are exact in float32, from integers.

    The integer of a token, its lowest `coarse` bits cleared (which makes ties), over 2^`scale`; minus
    infinity where `hidden` divides id (0: nowhere). The integers are bell-shaped: with z = mix(2^32 seed +
    id), the sum of three 21-bit pieces of z minus 3 x 2^20. Seed 0 instead counts up to the middle of the
    vocabulary and down again, which is hard on quicksort: torch's sort changes to heapsort there.
    """
    ids = np.arange(VOCAB, dtype=np.uint64)
    z = mix(ids + np.uint64(seed << 32))
    piece = np.uint64((1 << 21) - 1)
    total = sum(((z >> np.uint64(shift)) & piece).astype(np.int64) for shift in (0, 21, 42)) - 3 * (1 << 20)
    if seed == 0:
        total = np.minimum(ids, VOCAB - 1 - ids).astype(np.int64)
    logits = ((total >> coarse << coarse) / (1 << scale)).astype(np.float32)
    if hidden:
        logits[::hidden] = -np.inf
    return logits


def large_case(seed: int, sampling: dict, coarse=0, scale=19, hidden=0) -> dict:
    context = [int(v) for v in mix(np.arange(50) + 1_000 * seed) % np.uint64(VOCAB)]
    stages, probs = run(large_logits(seed, coarse, scale, hidden), sampling, context)
    alive = np.isfinite(stages[-1][1]) if stages else np.isfinite(large_logits(seed, coarse, scale, hidden))
    kept = np.flatnonzero(alive)
    shown = {int(probs.argmax()), int(kept[0]), int(kept[len(kept) // 2]), int(kept[-1])}
    return {
        "seed": seed, "coarse": coarse, "scale": scale, "hidden": hidden,
        "sampling": sampling, "context": context,
        "kept": len(kept), "kept_hash": int(mix(kept).sum(dtype=np.uint64)),
        "probs": [[token, number(probs[token])] for token in sorted(shown)],
    }  # fmt: skip


def large_cases() -> list[dict]:
    rng = random.Random(1)
    shapes = [{}, {"scale": 18}, {"scale": 21}, {"coarse": 14}, {"coarse": 18}, {"hidden": 3}]
    single = [{"temperature": 0.7}, {"temperature": 0.0, "repetition_penalty": 1.3}]
    single += [{"top_k": k} for k in (1, 50, 25_000, 60_000)]
    single += [{"top_p": p} for p in (0.0, 0.1, 0.5, 0.9, 0.95, 0.99, 1.0)]
    single += [{"min_p": p} for p in (0.0, 0.001, 0.1, 1.0)]
    single += [{"typical_p": p} for p in (0.05, 0.2, 0.5, 0.9, 0.95)]
    cases = [large_case(i, sampling, **shapes[i % len(shapes)]) for i, sampling in enumerate(single * 2, 1)]
    cases += [large_case(0, {"top_p": p}, coarse=coarse, scale=13) for coarse in (6, 9) for p in (0.2, 0.5, 0.8)]
    for i in range(100, 124):
        sampling = {
            "repetition_penalty": rng.choice([0.9, 1.1, 1.3]), "temperature": rng.choice([0.5, 0.8, 1.5, 3.0]),
            "top_k": rng.choice([40, 5_000, 50_000]), "top_p": rng.choice([0.5, 0.9, 0.95, 0.999]),
            "min_p": rng.choice([0.0001, 0.01, 0.1]), "typical_p": rng.choice([0.3, 0.9, 0.95]),
        }  # fmt: skip
        if i % 3 == 0:
            sampling["order"] = rng.sample(list(FILTERS), k=len(FILTERS))
        cases.append(large_case(i, sampling, **shapes[i % len(shapes)]))
    return cases


def sums() -> list[list]:
    """torch.nansum of -(mix(id) >> 40) / 2^24 for the first n ids: the entropy of typical-p hangs on its rounding."""
    values = -((mix(np.arange(VOCAB)) >> np.uint64(40)) / (1 << 24)).astype(np.float32)
    counts = (5, 8, 100, 1_000, 32_768, 32_769, VOCAB)
    return [[n, number(torch.tensor(values[None, :n]).nansum(-1)[0])] for n in counts]


def main() -> None:
    torch.set_num_threads(2)  # a long sum is shared out, which changes its last digit
    check_order()
    golden = {
        "made_with": f"torch {torch.__version__} ({torch.backends.cpu.get_cpu_capability()}), "
        f"transformers {transformers.__version__}",
        "order": list(FILTERS),
        "sums": sums(),
        "small": small_cases(),
        "large": large_cases(),
    }
    # One case a line, so that a change shows in a diff as the cases it touches.
    lines = [f'"{name}": {json.dumps(golden[name])}' for name in ("made_with", "order", "sums")]
    for name in ("small", "large"):
        cases = ",\n".join(json.dumps(case, allow_nan=False, separators=(",", ":")) for case in golden[name])
        lines.append(f'"{name}": [\n{cases}\n]')
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{OUT.name}: {len(golden['small'])} small and {len(golden['large'])} large cases")


if __name__ == "__main__":
    main()
