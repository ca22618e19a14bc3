"""Compares Headlight with transformers on random checkpoints of GPT-NeoX, GPT-Neo and Phi-3.

    python check_gpts.py PROGRAM [SEED]

Every activation that transformers shows (the stream before each block and at the end, patterns, what
attention and MLP add, scores) must agree within 1e-4 of the largest number, and 64 tokens written
greedily must be the same. Needs requirements.txt.
"""

import json
import random
import subprocess
import sys
import tempfile

import reference  # first: it tells transformers to stay offline
import torch
from make_tiny import train_tokenizer
from safetensors.torch import load_file
from transformers import GPTNeoConfig, GPTNeoForCausalLM, GPTNeoXConfig, GPTNeoXForCausalLM, Phi3Config, Phi3ForCausalLM

TEXTS = ["The cat sat on the mat.", "it's 3.14 ways to look at a cat, and the dog's way too"]


def neox(**fields):
    heads = random.choice([1, 2, 4])
    sizes = dict(hidden_size=8 * heads * random.choice([1, 2, 3]), num_attention_heads=heads,
                 num_hidden_layers=random.choice([1, 3]), intermediate_size=random.choice([24, 56]),
                 max_position_embeddings=128, attention_dropout=0.0, hidden_dropout=0.0)
    return GPTNeoXForCausalLM, GPTNeoXConfig, sizes | fields


def neo(**fields):
    heads = random.choice([1, 2, 4])
    kinds = random.choice([[[["global", "local"], 2]], [[["local"], 3]], [[["global"], 2]]])
    n_layers = sum(len(names) * times for names, times in kinds)
    sizes = dict(hidden_size=8 * heads * random.choice([1, 2]), num_heads=heads, num_layers=n_layers,
                 attention_types=kinds, window_size=random.choice([3, 8]), max_position_embeddings=128,
                 intermediate_size=random.choice([None, 40]))
    return GPTNeoForCausalLM, GPTNeoConfig, sizes | fields


def phi3(**fields):
    heads = random.choice([2, 4])
    sizes = dict(hidden_size=8 * heads, num_attention_heads=heads, num_key_value_heads=random.choice([1, 2]),
                 num_hidden_layers=2, intermediate_size=random.choice([24, 40]), max_position_embeddings=128,
                 original_max_position_embeddings=128, pad_token_id=0)
    return Phi3ForCausalLM, Phi3Config, sizes | fields


CASES = {
    "neox": lambda: neox(),
    "neox, half turned": lambda: neox(rotary_pct=0.5),
    "neox, all turned, one after the other": lambda: neox(rotary_pct=1.0, use_parallel_residual=False),
    "neox, no biases": lambda: neox(attention_bias=False),
    "neox, tied": lambda: neox(tie_word_embeddings=True),
    "neox, exact gelu": lambda: neox(hidden_act="gelu", rotary_emb_base=500),
    "phi3": lambda: phi3(),
    "phi3, window": lambda: phi3(sliding_window=5),
    "phi3, part turned, tied": lambda: phi3(partial_rotary_factor=0.75, tie_word_embeddings=True),
    "neo": lambda: neo(),
    "neo again": lambda: neo(),
    "neo, untied": lambda: neo(tie_word_embeddings=False),
    "neo, relu": lambda: neo(activation_function="relu"),
}


def activations(model, ids):
    """What transformers computes, by Headlight's names."""
    taken, handles = {}, []
    body = getattr(model, "gpt_neox", None) or getattr(model, "transformer", None) or model.model
    blocks = body.h if hasattr(body, "h") else body.layers
    for layer, block in enumerate(blocks):
        attn = getattr(block, "attention", None) or getattr(block, "attn", None) or block.self_attn

        def keep(name):
            def hook(_, __, out):
                taken[name] = out[0] if isinstance(out, tuple) else out
            return hook

        handles.append(attn.register_forward_hook(keep(f"blocks.{layer}.hook_attn_out")))
        handles.append(block.mlp.register_forward_hook(keep(f"blocks.{layer}.hook_mlp_out")))
    with torch.no_grad():
        out = model(torch.tensor([ids]), output_hidden_states=True, output_attentions=True)
    for handle in handles:
        handle.remove()
    taken = {name: value[0] for name, value in taken.items()}
    for layer, (stream, pattern) in enumerate(zip(out.hidden_states, out.attentions)):
        taken[f"blocks.{layer}.hook_resid_pre"] = stream[0]
        taken[f"blocks.{layer}.attn.hook_pattern"] = pattern[0]
    return taken | {"logits": out.logits[0]}


def run(program, *args):
    out = subprocess.run([program, *args], capture_output=True, text=True)
    if out.returncode:
        raise SystemExit(f"{args}: {out.stderr}")
    return out.stdout


def check(program, folder, model, text):
    ids = [t["id"] for t in json.loads(run(program, "tokenize", "--json", "--model", folder, "--", text))["tokens"]]
    run(program, "trace", "--model", folder, "--text", text, "--out", f"{folder}/trace.safetensors")
    got, worst = load_file(f"{folder}/trace.safetensors"), 0.0
    for name, want in activations(model, ids).items():
        assert got[name].shape == want.shape, (name, got[name].shape, want.shape)
        worst = max(worst, ((got[name] - want).abs().max() / want.abs().max().clamp(min=1)).item())
    with torch.no_grad():
        want = model.generate(torch.tensor([ids]), max_new_tokens=64, do_sample=False, pad_token_id=0)[0, len(ids):]
    out = run(program, "generate", "--json", "--model", folder, "--text", text, "--tokens", "64", "--greedy")
    got = [token["id"] for token in json.loads(out)["tokens"]]
    return worst, got == want.tolist()


def main():
    program, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0
    failed = 0
    for number, (name, case) in enumerate(CASES.items()):
        random.seed(seed + number)
        torch.manual_seed(seed + number)
        kind, config, fields = case()
        with tempfile.TemporaryDirectory() as folder:
            tokenizer = train_tokenizer(320)
            config = config(vocab_size=tokenizer.get_vocab_size(), bos_token_id=None, eos_token_id=None, **fields)
            config._attn_implementation = "eager"
            model = kind(config).eval()
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.copy_(torch.randn_like(parameter) * 0.3)
            model.save_pretrained(folder)
            tokenizer.save(f"{folder}/tokenizer.json")
            for text in TEXTS:
                worst, is_same = check(program, folder, model, text)
                good = worst <= 1e-4 and is_same
                failed += not good
                print(f"{'agrees ' if good else 'DIFFERS'} {worst:.1e} greedy {'same' if is_same else 'other'}  {name}")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
