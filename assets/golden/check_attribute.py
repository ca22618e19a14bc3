"""Compares `headlight attribute` with PyTorch: every part of a score, and their sum.

    python check_attribute.py --headlight target/release/headlight

Random checkpoints of GPT-2 (tied and untied), Llama (grouped heads), Qwen2 and Qwen3, and the bundled storybook. The
definition (direct logit attribution, Elhage et al. 2021): with the final norm's scale as it was, a score is linear in
the residual stream, so it is the sum of what the embeddings, each head from each position (weight times value through
the head's rows of the output matrix), the biases of attention outputs, the MLPs and the last biases add along the
token's direction.
"""

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2Config, GPT2LMHeadModel
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM

HERE = Path(__file__).parent
TOLERANCE = 1e-4
COMMON = dict(hidden_size=48, intermediate_size=80, num_hidden_layers=3, max_position_embeddings=64, vocab_size=320)
GPT2 = dict(n_embd=48, n_layer=3, n_head=4, n_positions=64, vocab_size=320)
CASES = {
    "gpt2": (GPT2Config, GPT2LMHeadModel, GPT2),
    "gpt2-untied": (GPT2Config, GPT2LMHeadModel, GPT2 | dict(tie_word_embeddings=False)),
    "llama-gqa": (LlamaConfig, LlamaForCausalLM, COMMON | dict(num_attention_heads=6, num_key_value_heads=2)),
    "llama-tied-bias": (
        LlamaConfig,
        LlamaForCausalLM,
        COMMON | dict(num_attention_heads=4, num_key_value_heads=1, attention_bias=True, tie_word_embeddings=True),
    ),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM, COMMON | dict(num_attention_heads=4, num_key_value_heads=2)),
    "qwen3": (Qwen3Config, Qwen3ForCausalLM, COMMON | dict(num_attention_heads=4, num_key_value_heads=2, head_dim=20)),
}


def make(name, folder):
    config_class, model_class, fields = CASES[name]
    torch.manual_seed(len(name))
    model = model_class(config_class(**fields, bos_token_id=0, eos_token_id=0))
    with torch.no_grad():
        for parameter in model.parameters():  # norms and biases are drawn too: at 1 and 0 they would hide mistakes
            parameter.add_(torch.randn_like(parameter) * 0.2)
    model.save_pretrained(folder)
    shutil.copy(HERE / "tiny" / "tokenizer.json", folder)


def reference(folder, ids, token, against):
    """Parts in the order of the forward pass, with double precision sums."""
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    is_gpt2 = model.config.model_type == "gpt2"
    base = model.transformer if is_gpt2 else model.model
    blocks = base.h if is_gpt2 else base.layers
    norm = base.ln_f if is_gpt2 else base.norm
    seen = {}

    def keep(name, take=lambda module, args, out: out):
        return lambda module, args, out: seen.__setitem__(name, take(module, args, out).detach()[0].double())

    first = lambda module, args, out: args[0]
    for i, block in enumerate(blocks):
        block.mlp.register_forward_hook(keep(("mlp", i)))
        attention = block.attn if is_gpt2 else block.self_attn
        (attention.c_attn if is_gpt2 else attention.v_proj).register_forward_hook(keep(("v", i)))
    (base.wte if is_gpt2 else base.embed_tokens).register_forward_hook(keep("embed"))
    if is_gpt2:
        base.wpe.register_forward_hook(keep("pos_embed", lambda m, a, o: o if o.dim() == 3 else o[None]))
    norm.register_forward_hook(keep("final", first))
    with torch.no_grad():
        out = model(torch.tensor([ids]), output_attentions=True)
    logits = out.logits[0, -1]

    head = model.lm_head.weight.double()
    column = head[token] - (head[against] if against is not None else 0)
    weight, bias = norm.weight.double(), getattr(norm, "bias", None)
    x = seen["final"][-1]
    direction = weight * column
    if is_gpt2:
        scale = (x.var(unbiased=False) + norm.eps).sqrt()
        direction = direction - direction.mean()
    else:
        scale = (x.pow(2).mean() + norm.variance_epsilon).sqrt()
    direction = direction / scale

    parts = {("embed",): seen["embed"][-1] @ direction}
    if is_gpt2:
        parts["pos_embed",] = seen["pos_embed"][-1] @ direction
    for i, block in enumerate(blocks):
        attention = block.attn if is_gpt2 else block.self_attn
        output = attention.c_proj if is_gpt2 else attention.o_proj
        w_o = output.weight.double() if is_gpt2 else output.weight.double().T  # [head * d_head, d_model]
        n_heads = model.config.num_attention_heads
        d_head = w_o.shape[0] // n_heads
        v = seen["v", i][:, -w_o.shape[0] :] if is_gpt2 else seen["v", i]
        v = v.reshape(len(ids), -1, d_head)
        group = n_heads // v.shape[1]
        for h in range(n_heads):
            through = w_o[h * d_head : (h + 1) * d_head] @ direction
            weights = out.attentions[i][0, h, -1].double()
            for source in range(len(ids)):
                parts["head", i, h, source] = weights[source] * (v[source, h // group] @ through)
        if output.bias is not None:
            parts["attn_bias", i] = output.bias.double() @ direction
        parts["mlp", i] = seen["mlp", i][-1] @ direction
    parts["bias",] = bias.double() @ column if bias is not None else torch.zeros(())
    logit = logits[token] - (logits[against] if against is not None else 0)
    return {key: value.item() for key, value in parts.items()}, logit.item()


def check(headlight, name, folder, text):
    tokens = json.loads(subprocess.check_output([headlight, "tokenize", "--model", folder, text, "--json"]))
    ids = [row["id"] for row in (tokens["tokens"] if isinstance(tokens, dict) else tokens)]
    worst = 0.0
    for token, against in [(None, None), (7, None), (7, 11)]:
        command = [headlight, "attribute", "--model", folder, "--text", text, "--json"]
        command += ["--token", str(token)] if token is not None else []
        command += ["--against", str(against)] if against is not None else []
        ours = json.loads(subprocess.check_output(command))
        theirs, logit = reference(folder, ids, ours["token"], against)
        values = {}
        for part in ours["parts"]:
            key = (part["part"], *(part[at] for at in ("layer", "head", "source") if at in part))
            values[key] = part["value"]
        missing = [key for key, value in theirs.items() if key not in values and abs(value) > 1e-9]
        surplus = [key for key, value in values.items() if key not in theirs and value != 0]
        assert not missing and not surplus, (name, missing[:3], surplus[:3])
        errors = [abs(values[key] - value) / max(1, abs(value)) for key, value in theirs.items() if key in values]
        total = abs(sum(values.values()) - ours["logit"]) / max(1, abs(ours["logit"]))
        worst = max([worst, total, abs(ours["logit"] - logit) / max(1, abs(logit)), *errors])
    print(f"{'ok' if worst < TOLERANCE else 'WRONG':5} {name:16} {len(values):5} parts, largest error {worst:.1e}")
    return worst < TOLERANCE


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--headlight", required=True)
    headlight = parser.parse_args().headlight
    results = []
    with tempfile.TemporaryDirectory() as scratch:
        for name in CASES:
            folder = str(Path(scratch) / name)
            make(name, folder)
            results.append(check(headlight, name, folder, "the cat sat on the mat because"))
        storybook = str(HERE.parent.parent / "models" / "storybook")
        text = "When Mary and John went to the store, John gave a drink to"
        results.append(check(headlight, "storybook", storybook, text))
    print(f"{sum(results)} of {len(results)} agree")
    raise SystemExit(not all(results))


if __name__ == "__main__":
    main()
