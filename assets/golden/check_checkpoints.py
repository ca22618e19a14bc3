"""Compares Headlight with transformers on random checkpoints in odd shapes, formats and languages.

    python check_checkpoints.py --headlight target/release/headlight
    python check_checkpoints.py --headlight target/release/headlight --only bf16 --keep checkpoints
    python check_checkpoints.py --reference-only        checks the checkpoints and the reference alone

Each variant is a folder as it might be found on Hugging Face. Four commands are run on it: `trace` must give
every activation, `generate --greedy` the same 50 tokens, `predict` the same logits, `tokenize` the same ids.
Activations are compared in hook order, and only the first that differs is printed: the rest follow from it.
Another --seed gives other weights and other shapes under the same names.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import reference  # first: it tells transformers to stay offline
import torch
from make_tiny import EOT, greedy, random_model, train_tokenizer
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tokenizers import processors
from transformers import AutoTokenizer, GPT2Config

TOLERANCE = 1e-4  # of max(1, the largest value of the tensor)
N_TOKENS = 50

TEXTS = {
    "plain": "The cat sat on the mat, and the dog loved the sea.",
    "emoji": "my family 👨‍👩‍👧‍👦 is happy 😀🎉 today",
    "chinese": "我爱猫，猫也爱我。The 猫 坐",
    "accents": "Le café d'Où êtes-vous? Äpfel, e\u0301le\u0300ve",  # the last word in combining characters
    "whitespace": "  def f(x):\n\treturn  x\r\n\n\n  print(  f(2) )  \n",
    "eot": f"I love cats{EOT} Cats love {EOT}{EOT}me",
    "scripts": "Кошка これは שלום नमस्ते",
    "numbers": "it's 1,234.50 dollars; they don't, I'LL <|end| of|> text",
}


@dataclass
class Variant:
    """One kind of checkpoint folder. What is not given is drawn at random."""

    name: str
    text: str = TEXTS["plain"]
    config: dict = field(default_factory=dict)  # fields of config.json
    dtype: torch.dtype = torch.float32
    shard_size: str = "1GB"
    weights: object = None  # changes {name: tensor} as the file will hold it
    config_file: object = None  # changes config.json after the model was made
    tokenizer: str = "tokenizer.json"  # or "vocab.json", for the older pair with merges.txt
    tokenizer_json: object = None  # changes tokenizer.json
    tokenizer_config: dict | None = None
    eot_first: bool = True  # <|endoftext|> is id 0, or else the last
    spare_ids: int = 0  # ids the model has and the tokenizer has not
    eos_after: int | None = None  # the end-of-text token is the one that generation meets here


def without_prefix(weights):
    return {name.removeprefix("transformer."): tensor for name, tensor in weights.items()}


def with_mask_buffers(weights, mask_dtype):
    """Adds what old checkpoints carry along: the causal mask and its fill value, which are no weights."""
    layers = {name.split("h.")[1].split(".")[0] for name in weights if "h." in name}
    prefix = "transformer." if any(name.startswith("transformer.") for name in weights) else ""
    buffers = {}
    for layer in layers:
        mask = torch.ones(160, 160).tril().to(mask_dtype)
        buffers[f"{prefix}h.{layer}.attn.bias"] = mask.view(1, 1, 160, 160)
        buffers[f"{prefix}h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
    return weights | buffers


def with_other_head(weights):
    head = weights["transformer.wte.weight"].flip(0) * 0.9
    return weights | {"lm_head.weight": head.contiguous()}


def mixed_types(weights):
    types = [torch.float32, torch.float16, torch.bfloat16]
    return {name: tensor.to(types[i % 3]) for i, (name, tensor) in enumerate(sorted(weights.items()))}


def far_mlp(weights):
    """Sends one neuron to 100 and one to -100, where a naive exponential overflows and a clip shows."""
    for name, bias in weights.items():
        if name.endswith(".c_fc.bias"):
            bias[:2] = torch.tensor([100.0, -100.0])
    return weights


def long_names(config):
    """The names other architectures use; transformers reads them in a GPT-2 config, too."""
    pairs = [
        ("n_embd", "hidden_size"),
        ("n_head", "num_attention_heads"),
        ("n_layer", "num_hidden_layers"),
        ("n_positions", "max_position_embeddings"),
    ]
    return {dict(pairs).get(name, name): value for name, value in config.items()}


def only_sizes(config):
    keep = ["model_type", "vocab_size", "n_positions", "n_embd", "n_layer", "n_head", "bos_token_id", "eos_token_id"]
    return {name: config[name] for name in keep}


def prefix_space(tokenizer):
    return tokenizer | {"pre_tokenizer": tokenizer["pre_tokenizer"] | {"add_prefix_space": True}}


def bos_template(tokenizer):
    bos = tokenizer["added_tokens"][0]
    template = processors.TemplateProcessing(
        single=f"{EOT} $A", pair=f"{EOT} $A $B:1", special_tokens=[(EOT, bos["id"])]
    )
    return tokenizer | {"post_processor": json.loads(template.__getstate__())}


# All that transformers knows and that have no weights of their own (prelu and xielu have).
ACTIVATIONS = (
    "gelu gelu_10 gelu_accurate gelu_fast gelu_new gelu_python gelu_python_tanh gelu_pytorch_tanh hardswish laplace"
    " leaky_relu linear mish quick_gelu relu relu2 relu6 sigmoid silu sqrtsoftplus swish tanh"
).split()

VARIANTS = [
    *(Variant(f"act_{name}", config={"activation_function": name}) for name in ACTIVATIONS),
    *(Variant(f"far_{name}", config={"activation_function": name}, weights=far_mlp) for name in ACTIVATIONS),
    *(Variant(f"heads_{n}", config={"n_head": n}) for n in (1, 3, 5, 7)),
    Variant("d_head_1", config={"n_embd": 7, "n_head": 7}),
    Variant("n_inner_null", config={"n_inner": None}),
    Variant("n_inner_odd", config={"n_inner": 33}),
    Variant("one_layer", config={"n_layer": 1}),
    Variant("six_layers", config={"n_layer": 6}),
    *(Variant(f"eps_{eps}", config={"layer_norm_epsilon": eps}) for eps in (1e-5, 1e-3, 0.1)),
    Variant("no_scale", config={"scale_attn_weights": False}),
    Variant("inverse_layer", config={"scale_attn_by_inverse_layer_idx": True, "n_layer": 4}),
    Variant(
        "inverse_layer_no_scale",
        config={"scale_attn_by_inverse_layer_idx": True, "scale_attn_weights": False, "n_layer": 3},
    ),
    Variant("reorder_upcast", config={"reorder_and_upcast_attn": True, "scale_attn_by_inverse_layer_idx": True}),
    Variant("untied", config={"tie_word_embeddings": False}),
    Variant("untied_bare", config={"tie_word_embeddings": False}, weights=without_prefix),
    # transformers believes the file: a head that differs from the embedding is used though the config ties them.
    Variant("tied_but_other_head", weights=with_other_head),
    Variant("tied_and_stored", weights=lambda w: w | {"lm_head.weight": w["transformer.wte.weight"].clone()}),
    Variant("sharded", shard_size="30KB", config={"n_layer": 4}),
    Variant("sharded_bf16_untied", shard_size="20KB", dtype=torch.bfloat16, config={"tie_word_embeddings": False}),
    Variant("f16", dtype=torch.float16),
    Variant("bf16", dtype=torch.bfloat16),
    Variant("mixed_types", weights=mixed_types),
    Variant("bare_with_buffers", weights=lambda w: with_mask_buffers(without_prefix(w), torch.float32)),
    Variant("bool_buffers", weights=lambda w: with_mask_buffers(w, torch.bool)),
    Variant("u8_buffers_f16", dtype=torch.float16, weights=lambda w: with_mask_buffers(w, torch.uint8)),
    Variant("config_long_names", config_file=long_names),
    Variant(
        "config_minimal",
        config={
            "n_inner": None,
            "layer_norm_epsilon": 1e-5,
            "activation_function": "gelu_new",
        },
        config_file=only_sizes,
    ),
    Variant("old_tokenizer", tokenizer="vocab.json", text=TEXTS["eot"], eot_first=False),
    Variant("old_tokenizer_no_header", tokenizer="vocab.json", text=TEXTS["numbers"]),
    Variant("old_tokenizer_bos", tokenizer="vocab.json", tokenizer_config={"add_bos_token": True}),
    Variant("old_tokenizer_prefix_space", tokenizer="vocab.json", tokenizer_config={"add_prefix_space": True}),
    Variant(
        "prefix_space",
        text=TEXTS["eot"],
        tokenizer_json=prefix_space,
        tokenizer_config={"add_prefix_space": True, "tokenizer_class": "GPT2Tokenizer"},
    ),
    # transformers makes GPT-2's pre-tokenizer itself: the word of tokenizer_config.json counts, not tokenizer.json's.
    Variant("prefix_space_config_only", tokenizer_config={"add_prefix_space": True}),
    Variant(
        "prefix_space_json_only", tokenizer_json=prefix_space, tokenizer_config={"tokenizer_class": "GPT2Tokenizer"}
    ),
    # With a class that is not GPT-2's, tokenizer.json is used as it stands.
    Variant(
        "prefix_space_json_fast_class",
        tokenizer_json=prefix_space,
        tokenizer_config={"tokenizer_class": "PreTrainedTokenizerFast"},
    ),
    Variant("bos_post_processor", tokenizer_json=bos_template),
    Variant("bos_post_processor_eot_last", tokenizer_json=bos_template, eot_first=False, text=TEXTS["eot"]),
    Variant("add_bos_ignored", tokenizer_config={"add_bos_token": True, "tokenizer_class": "GPT2Tokenizer"}),
    Variant("spare_ids", spare_ids=100),
    Variant("eot_last", eot_first=False, text=TEXTS["eot"]),
    Variant("eot_typed", text=TEXTS["eot"]),
    Variant("eos_reached", eos_after=7),
    Variant("one_token", text="a"),
    *(Variant(f"text_{name}", text=TEXTS[name]) for name in ("emoji", "chinese", "accents", "whitespace", "scripts")),
    Variant("short_context", config={"n_positions": 16}, text=TEXTS["plain"]),
    Variant("short_context_bos", config={"n_positions": 13}, text=TEXTS["chinese"], tokenizer_json=bos_template),
    Variant("context_fills_up", config={"n_positions": 48}, text="The cat"),
]


def write_checkpoint(folder: Path, variant: Variant, seed: int) -> None:
    """The folder as Hugging Face would publish it."""
    draw = random.Random(f"{seed}/{variant.name}")
    n_head = variant.config.get("n_head", draw.choice([1, 3, 5, 7]))
    tokenizer = train_tokenizer(draw.randint(300, 340), variant.eot_first)
    eot = tokenizer.token_to_id(EOT)
    fields = {
        "vocab_size": tokenizer.get_vocab_size() + variant.spare_ids,
        "n_positions": 160,
        "n_embd": n_head * draw.choice([3, 4, 5, 8]),
        "n_head": n_head,
        "n_layer": draw.choice([2, 3]),
        "n_inner": draw.choice([None, 17, 40, 51]),
        "layer_norm_epsilon": draw.choice([1e-5, 1e-3, 0.1]),
        "bos_token_id": eot,
        "eos_token_id": eot,
    }
    model = random_model(GPT2Config(**fields | variant.config), tokenizer, draw.getrandbits(32))
    model.to(variant.dtype).save_pretrained(folder, max_shard_size=variant.shard_size)
    if variant.weights:
        file = folder / "model.safetensors"
        save_file(variant.weights(load_file(file)), file, {"format": "pt"})
    (folder / "generation_config.json").unlink(missing_ok=True)  # most checkpoints of this age have none

    parts = json.loads(tokenizer.to_str())
    if variant.tokenizer == "vocab.json":
        vocab = parts["model"]["vocab"] | {EOT: eot}
        merges = [" ".join(pair) for pair in parts["model"]["merges"]]
        header = [] if "no_header" in variant.name else ["#version: 0.2"]
        write_json(folder / "vocab.json", vocab)
        (folder / "merges.txt").write_text("\n".join(header + merges) + "\n", encoding="utf-8")
    else:
        write_json(folder / "tokenizer.json", variant.tokenizer_json(parts) if variant.tokenizer_json else parts)
    if variant.tokenizer_config:
        write_json(folder / "tokenizer_config.json", variant.tokenizer_config)

    config = json.loads((folder / "config.json").read_text())
    if variant.eos_after is not None:
        model = reference.load(folder)
        ids = reference.encode(AutoTokenizer.from_pretrained(folder), variant.text, model.config.n_positions)
        config["eos_token_id"] = greedy(model, ids, variant.eos_after)[-1]
    write_json(folder / "config.json", variant.config_file(config) if variant.config_file else config)


def write_json(path: Path, value) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


@dataclass
class Expected:
    """What transformers says about a checkpoint and a text."""

    text: str
    tokenizer: object
    all_ids: list[int]  # of the whole text
    ids: list[int]  # of the part that fits the model
    activations: dict[str, torch.Tensor]
    new_ids: list[int]  # the greedy continuation, also past the end-of-text token
    eos: int

    def texts(self, new_ids: list[int]) -> set[str]:
        """The continuation as it may be printed: with the prompt or alone, special tokens shown or not."""
        found = set()
        for skip in (False, True):
            new = self.tokenizer.decode(new_ids, skip_special_tokens=skip)
            whole = self.tokenizer.decode(self.ids + new_ids, skip_special_tokens=skip)
            prompt = self.tokenizer.decode(self.all_ids, skip_special_tokens=skip)
            found |= {new, whole, prompt + new, self.text + new}
        return found


def expect(folder: Path, variant, reference=reference) -> Expected:
    """Asks transformers, and makes sure that the answers can be compared with at all."""
    model = reference.load(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    n_positions = model.config.max_position_embeddings
    all_ids = tokenizer(variant.text)["input_ids"]
    ids = reference.encode(tokenizer, variant.text, n_positions)
    activations = reference.record(model, ids)

    # Token by token without a cache. When the context is full the oldest token is dropped.
    new_ids, sure = [], N_TOKENS
    for step in range(N_TOKENS):
        with torch.no_grad():
            logits = model(torch.tensor([(ids + new_ids)[-n_positions:]])).logits[0, -1]
        best, second = logits.topk(2).values
        if best - second < 2 * TOLERANCE * max(1.0, logits.abs().max().item()):
            sure = step  # rounding may decide: what follows proves nothing
            break
        new_ids.append(logits.argmax().item())
    n_fitting = min(sure, n_positions - len(ids))
    if n_fitting > 0:
        assert greedy(model, ids, n_fitting) == new_ids[:n_fitting], "generate differs from a plain loop"

    eos = model.config.eos_token_id
    if getattr(variant, "eos_after", None) is not None:
        assert eos in new_ids, "the end-of-text token was not met"
    if eos in new_ids:  # generate ends there
        new_ids = new_ids[: new_ids.index(eos) + 1]

    # In float64 the same model must agree, or the tolerance would test rounding and not the program.
    exact = reference.record(reference.in_float64(model), ids)
    difference = first_difference(activations, exact, TOLERANCE / 2, any_float=True)
    assert difference is None, f"badly conditioned weights: {difference}"
    return Expected(variant.text, tokenizer, all_ids, ids, activations, new_ids, eos)


def first_difference(expected, actual, tolerance=TOLERANCE, any_float=False) -> str | None:
    """The first activation in hook order that is missing or wrong, with its five worst values."""
    for name, right in expected.items():
        if name not in actual:
            return f"{name} is missing"
        ours = actual[name]
        if ours.dtype != right.dtype and not (any_float and right.is_floating_point()):
            return f"{name} has type {ours.dtype}, expected {right.dtype}"
        if ours.shape != right.shape:
            return f"{name} has shape {list(ours.shape)}, expected {list(right.shape)}"
        masked = right.isinf()
        error = (ours.double() - right.double()).abs()
        error[masked] = 0.0
        error[masked != (ours == float("-inf"))] = float("inf")
        error = error.nan_to_num(nan=float("inf"), posinf=float("inf"))
        finite = right[~masked].double().abs()
        limit = 0.0 if name == "tokens" else tolerance * max(1.0, finite.max().item())
        if error.max() > limit:
            lines = [f"{name} is off by {error.max():.3g}, allowed {limit:.3g}; ours, expected:"]
            for flat in error.flatten().topk(min(5, error.numel())).indices.tolist():
                at = [index.item() for index in torch.unravel_index(torch.tensor(flat), error.shape)]
                lines.append(f"    {at}  {ours.flatten()[flat].item():.6g}  {right.flatten()[flat].item():.6g}")
            return "\n".join(lines)
    return None


class Headlight:
    """The program under test, as anyone runs it."""

    def __init__(self, binary: str):
        self.binary = str(Path(binary).resolve())

    def run(self, *arguments) -> str:
        arguments = [str(argument) for argument in arguments]
        done = subprocess.run([self.binary, *arguments], capture_output=True, timeout=300)
        if done.returncode != 0:
            message = done.stderr.decode(errors="replace").strip()[-2000:]
            raise AssertionError(f"`headlight {' '.join(arguments)}` exits with {done.returncode}: {message}")
        return done.stdout.decode()

    def check_trace(self, folder, text, expected: Expected) -> None:
        out = folder / "headlight.safetensors"
        self.run("trace", "--model", folder, "--text", text, "--out", out)
        with safe_open(out, "pt") as file:
            metadata = file.metadata()
            actual = {name: file.get_tensor(name) for name in file.keys()}
        out.unlink()
        difference = first_difference(expected.activations, actual)
        assert difference is None, difference
        assert metadata, "the file has no metadata"
        strings = [value for value in map(json_list, metadata.values()) if len(value) == len(expected.ids)]
        assert strings, f"no metadata is a JSON list of {len(expected.ids)} token strings: {sorted(metadata)}"
        assert any("model" in key for key in metadata), f"the metadata names no model: {sorted(metadata)}"

    def check_tokenize(self, folder, text, expected: Expected) -> None:
        tokens = json.loads(self.run("tokenize", "--model", folder, "--json", text))["tokens"]
        ids = [token["id"] for token in tokens]
        assert ids == expected.all_ids, f"ids {ids}\nexpected {expected.all_ids}"

    def check_predict(self, folder, text, expected: Expected) -> None:
        logits = expected.activations["logits"][-1].double()
        probs = logits.softmax(-1)
        limit = TOLERANCE * max(1.0, logits.abs().max().item())
        rows = json.loads(self.run("predict", "--model", folder, "--text", text, "--top", 10, "--json"))["next"]
        assert len(rows) == 10, f"{len(rows)} rows instead of 10"
        assert len({row["id"] for row in rows}) == 10, "an id is there twice"
        for rank, (row, right) in enumerate(zip(rows, logits.topk(10).indices.tolist(), strict=True)):
            # Equal logits may come in any order, so the value decides, not the id.
            for name, value, of_id, of_rank, allowed in (
                ("logit", row["logit"], logits[row["id"]], logits[right], limit),
                ("prob", row["prob"], probs[row["id"]], probs[right], TOLERANCE),
            ):
                if abs(value - of_id) > allowed or abs(value - of_rank) > allowed:
                    raise AssertionError(
                        f"rank {rank}: id {row['id']} with {name} {value:.6g}; expected id {right} with"
                        f" {of_rank:.6g} (id {row['id']} has {of_id:.6g})"
                    )

    def check_generate(self, folder, text, expected: Expected) -> None:
        new_ids = expected.new_ids
        if not new_ids:
            return
        printed = self.run("generate", "--model", folder, "--text", text, "--tokens", len(new_ids), "--greedy")
        if {printed, printed.removesuffix("\n")} & expected.texts(new_ids):
            return
        hint = ""
        if expected.eos in new_ids:
            at = new_ids.index(expected.eos)
            stopped = expected.texts(new_ids[:at]) | expected.texts(new_ids[: at + 1])
            if {printed, printed.removesuffix("\n")} & stopped:
                hint = f"\n(it stopped at the end-of-text token, after {at} tokens)"
        right = expected.tokenizer.decode(new_ids)
        raise AssertionError(f"printed  {printed!r}\nexpected {right!r}\nids      {new_ids}{hint}")


def json_list(text: str) -> list:
    try:
        value = json.loads(text)
    except ValueError:
        return []
    return value if isinstance(value, list) else []


def main(description=__doc__, all_variants=VARIANTS, write_checkpoint=write_checkpoint, reference=reference) -> int:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--headlight", metavar="PATH", help="the program to check")
    parser.add_argument("--only", metavar="NAME", help="only the variants with this in their name")
    parser.add_argument("--keep", metavar="DIR", help="write the checkpoints here and leave them")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reference-only", action="store_true", help="run no headlight")
    args = parser.parse_args()
    if not args.headlight and not args.reference_only:
        parser.error("give --headlight PATH or --reference-only")
    variants = [variant for variant in all_variants if not args.only or args.only in variant.name]
    if not variants:
        parser.error(f"no variant has {args.only!r} in its name: {' '.join(v.name for v in all_variants)}")

    headlight = None if args.reference_only else Headlight(args.headlight)
    failures = 0
    with tempfile.TemporaryDirectory() as temporary:
        for variant in variants:
            folder = Path(args.keep or temporary) / variant.name
            folder.mkdir(parents=True, exist_ok=True)
            for old in folder.iterdir():
                old.unlink()
            write_checkpoint(folder, variant, args.seed)
            expected = expect(folder, variant, reference)
            if args.keep:
                save_file(expected.activations, folder / "expected.safetensors", {"text": variant.text})
            n_compared = f"{len(expected.ids)} tokens, {len(expected.new_ids)} generated"
            problems = []
            for command in () if headlight is None else ("tokenize", "trace", "predict", "generate"):
                try:
                    getattr(headlight, f"check_{command}")(folder, variant.text, expected)
                except Exception as problem:  # whatever goes wrong is the finding; the other checks go on
                    kind = "" if isinstance(problem, AssertionError) else f"{type(problem).__name__}: "
                    problems.append(f"{command}: {kind}{problem}")
            failures += bool(problems)
            print(f"{'FAIL' if problems else 'ok':4} {variant.name} ({n_compared})", flush=True)
            for problem in problems:
                print("     " + problem.replace("\n", "\n     "), flush=True)
    against = "headlight and transformers" if headlight else "transformers with itself; no headlight was run"
    print(f"{len(variants) - failures} of {len(variants)} checkpoints agree ({against})")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
