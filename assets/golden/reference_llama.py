"""Every activation of a checkpoint of the Llama family, as Hugging Face transformers computes it.

As `reference.py` does for GPT-2: what modules expose is taken from them by hooks, what happens between them is
recomputed and must reproduce what the next module received. Queries and keys are recorded twice, as the
projections give them (`hook_q`, `hook_k`) and as attention uses them (`hook_rot_q`, `hook_rot_k`): after their
norms, where a model has such, and turned by their positions.

    python reference_llama.py FOLDER --text "The cat sat" --out reference.safetensors
"""

from importlib import import_module

import reference
import torch
from reference import encode, must_agree  # noqa: F401  (encode is part of what a reference module offers)
from transformers import AutoModelForCausalLM


def load(folder):
    """The model in float32, whatever the weights are stored in."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    return model.eval()


def in_float64(model):
    return model.double()


def hook_names(n_layers: int) -> list[str]:
    """Every recorded name, in the order of the forward pass."""
    block = (
        "hook_resid_pre ln1.hook_scale ln1.hook_normalized attn.hook_q attn.hook_k attn.hook_v attn.hook_rot_q"
        " attn.hook_rot_k attn.hook_attn_scores attn.hook_pattern attn.hook_z hook_attn_out hook_resid_mid"
        " ln2.hook_scale ln2.hook_normalized mlp.hook_pre mlp.hook_pre_linear mlp.hook_post hook_mlp_out"
        " hook_resid_post"
    ).split()
    blocks = [f"blocks.{layer}.{name}" for layer in range(n_layers) for name in block]
    return ["tokens", "hook_embed", *blocks, "ln_final.hook_scale", "ln_final.hook_normalized", "logits"]


class Watch:
    """Keeps what goes into and comes out of modules."""

    def __init__(self):
        self.seen, self.handles = {}, []

    def input(self, name, module):
        def keep(_, args, kwargs):
            self.seen[name] = (args[0] if args else kwargs["hidden_states"])[0].clone()

        self.handles.append(module.register_forward_pre_hook(keep, with_kwargs=True))

    def output(self, name, module):
        def keep(_, __, output):
            self.seen[name] = (output[0] if isinstance(output, tuple) else output)[0].clone()

        self.handles.append(module.register_forward_hook(keep))

    def norm(self, name, module):
        self.input(f"{name}.input", module)
        self.output(f"{name}.output", module)

    def stop(self):
        for handle in self.handles:
            handle.remove()


@torch.no_grad()
def record(model, ids: list[int]) -> dict[str, torch.Tensor]:
    """All activations for one sequence, without a batch axis, in hook order."""
    config, body = model.config, model.model
    n_pos, n_heads, n_kv = len(ids), config.num_attention_heads, config.num_key_value_heads
    watch = Watch()
    seen = watch.seen
    watch.output("hook_embed", body.embed_tokens)
    for layer, block in enumerate(body.layers):
        at = f"blocks.{layer}"
        watch.input(f"{at}.hook_resid_pre", block)
        watch.norm(f"{at}.ln1", block.input_layernorm)
        for part in "qkv":
            watch.output(f"{at}.attn.hook_{part}", getattr(block.self_attn, f"{part}_proj"))
        for part in "qk":
            if hasattr(block.self_attn, f"{part}_norm"):
                watch.output(f"{at}.{part}_norm", getattr(block.self_attn, f"{part}_norm"))
        watch.input(f"{at}.attn.hook_z", block.self_attn.o_proj)
        watch.output(f"{at}.hook_attn_out", block.self_attn)
        watch.norm(f"{at}.ln2", block.post_attention_layernorm)
        watch.input(f"{at}.hook_resid_mid", block.post_attention_layernorm)
        watch.output(f"{at}.mlp.hook_pre", block.mlp.gate_proj)
        watch.output(f"{at}.mlp.hook_pre_linear", block.mlp.up_proj)
        watch.input(f"{at}.mlp.hook_post", block.mlp.down_proj)
        watch.output(f"{at}.hook_mlp_out", block.mlp)
        watch.output(f"{at}.hook_resid_post", block)
    watch.norm("ln_final", body.norm)
    watch.output("logits", model.lm_head)
    try:
        done = model(torch.tensor([ids]), output_attentions=True, output_hidden_states=True, use_cache=False)
    finally:
        watch.stop()

    def split_norm(name, module):
        x, output = seen[f"{name}.input"], seen[f"{name}.output"]
        scale = (x.pow(2).mean(-1, keepdim=True) + config.rms_norm_eps).sqrt()
        must_agree(name, x / scale * module.weight, output, 1e-5)
        seen[f"{name}.hook_scale"], seen[f"{name}.hook_normalized"] = scale, x / scale

    rotate = import_module(type(model).__module__).apply_rotary_pos_emb
    cos, sin = body.rotary_emb(seen["hook_embed"], torch.arange(n_pos)[None])
    distance = torch.arange(n_pos)[:, None] - torch.arange(n_pos)[None]
    hidden = distance < 0
    if config.model_type == "mistral" and config.sliding_window is not None:
        hidden |= distance >= config.sliding_window

    for layer, block in enumerate(body.layers):
        at = f"blocks.{layer}"
        split_norm(f"{at}.ln1", block.input_layernorm)
        split_norm(f"{at}.ln2", block.post_attention_layernorm)
        must_agree(f"{at}.hook_resid_pre", seen[f"{at}.hook_resid_pre"], done.hidden_states[layer][0], 0.0)
        q = seen[f"{at}.attn.hook_q"].view(n_pos, n_heads, -1)
        k, v = (seen[f"{at}.attn.hook_{part}"].view(n_pos, n_kv, -1) for part in "kv")
        used = [seen.get(f"{at}.{part}_norm", x) for part, x in (("q", q), ("k", k))]
        rot_q, rot_k = (x[0] for x in rotate(used[0][None], used[1][None], cos, sin, unsqueeze_dim=2))
        all_k, all_v = (x.repeat_interleave(n_heads // n_kv, dim=1) for x in (rot_k, v))
        scores = torch.einsum("qhd,khd->hqk", rot_q, all_k) * q.shape[-1] ** -0.5
        scores = scores.masked_fill(hidden, float("-inf"))
        pattern = done.attentions[layer][0]
        must_agree(f"{at}.attn.hook_pattern", scores.softmax(-1), pattern, 1e-6)
        z = seen[f"{at}.attn.hook_z"].view(n_pos, n_heads, -1)
        must_agree(f"{at}.attn.hook_z", torch.einsum("hqk,khd->qhd", pattern, all_v), z, 1e-5)
        named = {"q": q, "k": k, "v": v, "rot_q": rot_q, "rot_k": rot_k, "attn_scores": scores}
        for name, value in (named | {"pattern": pattern, "z": z}).items():
            seen[f"{at}.attn.hook_{name}"] = value
        resid_mid = seen[f"{at}.hook_resid_pre"] + seen[f"{at}.hook_attn_out"]
        must_agree(f"{at}.hook_resid_mid", resid_mid, seen[f"{at}.hook_resid_mid"], 1e-6)
        post = block.mlp.act_fn(seen[f"{at}.mlp.hook_pre"]) * seen[f"{at}.mlp.hook_pre_linear"]
        must_agree(f"{at}.mlp.hook_post", post, seen[f"{at}.mlp.hook_post"], 1e-6)
        resid_post = seen[f"{at}.hook_resid_mid"] + seen[f"{at}.hook_mlp_out"]
        must_agree(f"{at}.hook_resid_post", resid_post, seen[f"{at}.hook_resid_post"], 1e-6)
    split_norm("ln_final", body.norm)
    seen["tokens"] = torch.tensor(ids, dtype=torch.int64)
    return {name: seen[name].contiguous() for name in hook_names(config.num_hidden_layers)}


if __name__ == "__main__":
    reference.main(load, record)
