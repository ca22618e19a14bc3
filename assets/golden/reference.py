"""Every activation of a GPT-2 checkpoint, as Hugging Face transformers computes it.

This is what Headlight is compared with. Whatever a module of GPT2LMHeadModel exposes is taken
from it by a hook. What happens between modules (q, k, v, the scores, LayerNorm before its weight)
is recomputed here and must reproduce what the next module received, or the program stops: a wrong
reference would be worse than none.

    python reference.py FOLDER --text "The cat sat" --out reference.safetensors
"""

import argparse
import json
import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a checkpoint is a folder, never a download

import torch
from safetensors.torch import save_file
from transformers import AutoTokenizer, GPT2LMHeadModel
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()


def load(folder) -> GPT2LMHeadModel:
    """The model in float32, whatever the weights are stored in (transformers' default is to compute in that)."""
    model = GPT2LMHeadModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    return model.eval()


def encode(tokenizer, text: str, n_positions: int) -> list[int]:
    """Token ids as the tokenizer makes them by default; of a text too long for the model, the last n_positions."""
    return tokenizer(text)["input_ids"][-n_positions:]


def hook_names(n_layers: int) -> list[str]:
    """Every recorded name, in the order of the forward pass: the first one that differs names the bug."""
    block = (
        "hook_resid_pre ln1.hook_scale ln1.hook_normalized attn.hook_q attn.hook_k attn.hook_v"
        " attn.hook_attn_scores attn.hook_pattern attn.hook_z hook_attn_out hook_resid_mid"
        " ln2.hook_scale ln2.hook_normalized mlp.hook_pre mlp.hook_post hook_mlp_out hook_resid_post"
    ).split()
    blocks = [f"blocks.{layer}.{name}" for layer in range(n_layers) for name in block]
    last = ["ln_final.hook_scale", "ln_final.hook_normalized", "logits"]
    return ["tokens", "hook_embed", "hook_pos_embed", *blocks, *last]


def must_agree(what: str, ours: torch.Tensor, theirs: torch.Tensor, atol: float) -> None:
    error = (ours - theirs).abs().max().item()
    limit = atol * max(1.0, theirs.abs().max().item())
    assert ours.shape == theirs.shape and error <= limit, f"{what}: differs from transformers by {error:.3g}"


@torch.no_grad()
def record(model: GPT2LMHeadModel, ids: list[int]) -> dict[str, torch.Tensor]:
    """All activations for one sequence, without a batch axis, in hook order."""
    config = model.config
    n_pos, n_head = len(ids), config.n_head
    d_head = config.n_embd // n_head
    seen, hooks = {}, []

    def keep_input(name, module):
        hooks.append(module.register_forward_pre_hook(lambda _, args: seen.__setitem__(name, args[0][0].clone())))

    def keep_output(name, module):
        def hook(_, __, output):
            output = output[0] if isinstance(output, tuple) else output
            seen[name] = output[0].clone()

        hooks.append(module.register_forward_hook(hook))

    def layer_norm(name, module):
        keep_input(f"{name}.input", module)
        keep_output(f"{name}.output", module)

    keep_output("hook_embed", model.transformer.wte)
    keep_output("hook_pos_embed", model.transformer.wpe)
    for layer, block in enumerate(model.transformer.h):
        at = f"blocks.{layer}"
        keep_input(f"{at}.hook_resid_pre", block)
        layer_norm(f"{at}.ln1", block.ln_1)
        keep_output(f"{at}.c_attn", block.attn.c_attn)
        keep_input(f"{at}.attn.hook_z", block.attn.c_proj)
        keep_output(f"{at}.hook_attn_out", block.attn)
        keep_input(f"{at}.hook_resid_mid", block.ln_2)
        layer_norm(f"{at}.ln2", block.ln_2)
        keep_output(f"{at}.mlp.hook_pre", block.mlp.c_fc)
        keep_input(f"{at}.mlp.hook_post", block.mlp.c_proj)
        keep_output(f"{at}.hook_mlp_out", block.mlp)
        keep_output(f"{at}.hook_resid_post", block)
    layer_norm("ln_final", model.transformer.ln_f)
    keep_output("logits", model.lm_head)
    try:
        attentions = model(torch.tensor([ids]), output_attentions=True, use_cache=False).attentions
    finally:
        for hook in hooks:
            hook.remove()

    def split_layer_norm(name, module):
        x, output = seen[f"{name}.input"], seen[f"{name}.output"]
        variance = x.var(-1, keepdim=True, unbiased=False)
        scale = (variance + config.layer_norm_epsilon).sqrt()
        normalized = (x - x.mean(-1, keepdim=True)) / scale
        must_agree(name, normalized * module.weight + module.bias, output, 1e-5)
        seen[f"{name}.hook_scale"], seen[f"{name}.hook_normalized"] = scale, normalized

    future = torch.ones(n_pos, n_pos, dtype=torch.bool).triu(1)
    for layer, block in enumerate(model.transformer.h):
        at = f"blocks.{layer}"
        split_layer_norm(f"{at}.ln1", block.ln_1)
        split_layer_norm(f"{at}.ln2", block.ln_2)

        q, k, v = (part.view(n_pos, n_head, d_head) for part in seen[f"{at}.c_attn"].chunk(3, dim=-1))
        scaling = d_head**-0.5 if config.scale_attn_weights else 1.0
        if config.scale_attn_by_inverse_layer_idx:
            scaling /= layer + 1
        scores = torch.einsum("qhd,khd->hqk", q, k) * scaling  # [head, query, key]
        scores = scores.masked_fill(future, float("-inf"))
        pattern = attentions[layer][0]
        must_agree(f"{at}.attn.hook_pattern", scores.softmax(-1), pattern, 1e-6)
        z = seen[f"{at}.attn.hook_z"].view(n_pos, n_head, d_head)
        must_agree(f"{at}.attn.hook_z", torch.einsum("hqk,khd->qhd", pattern, v), z, 1e-5)
        for name, value in {"q": q, "k": k, "v": v, "attn_scores": scores, "pattern": pattern, "z": z}.items():
            seen[f"{at}.attn.hook_{name}"] = value

        resid_pre, resid_mid = seen[f"{at}.hook_resid_pre"], seen[f"{at}.hook_resid_mid"]
        must_agree(f"{at}.hook_resid_mid", resid_pre + seen[f"{at}.hook_attn_out"], resid_mid, 1e-6)
        resid_post = seen[f"{at}.hook_resid_post"]
        must_agree(f"{at}.hook_resid_post", resid_mid + seen[f"{at}.hook_mlp_out"], resid_post, 1e-6)
    split_layer_norm("ln_final", model.transformer.ln_f)

    seen["tokens"] = torch.tensor(ids)
    return {name: seen[name].contiguous() for name in hook_names(config.n_layer)}


def activations(folder, ids: list[int]) -> dict[str, torch.Tensor]:
    """All activations of the checkpoint in `folder` for these token ids, in hook order."""
    return record(load(folder), ids)


def in_float64(model: GPT2LMHeadModel) -> GPT2LMHeadModel:
    for block in model.transformer.h:
        block.attn.reorder_and_upcast_attn = False  # that path insists on float32
    return model.double()


def main(load=load, record=record) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--text", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()

    model, tokenizer = load(args.folder), AutoTokenizer.from_pretrained(args.folder)
    ids = encode(tokenizer, args.text, model.config.max_position_embeddings)
    strings = [tokenizer.decode([i]) for i in ids]
    save_file(record(model, ids), args.out, {"text": args.text, "tokens": json.dumps(strings, ensure_ascii=False)})


if __name__ == "__main__":
    main()
