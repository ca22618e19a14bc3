"""Compares Headlight with transformers on random checkpoints of the Llama family.

    python check_llama.py --headlight target/release/headlight [--only NAME] [--keep DIR] [--seed N]

Llama, Mistral, Qwen2 and Qwen3 in odd shapes. The same commands and tolerances as `check_checkpoints.py`, whose
machinery this uses.
"""

import json
import random
import sys
from dataclasses import dataclass, field
from pathlib import Path

import reference_llama as reference  # first: it tells transformers to stay offline
import check_checkpoints
import torch
from check_checkpoints import TEXTS, bos_template, main, mixed_types, write_json
from make_tiny import train_tokenizer
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM
from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM

FAMILIES = {
    "llama": (LlamaConfig, LlamaForCausalLM),
    "mistral": (MistralConfig, MistralForCausalLM),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM),
    "qwen3": (Qwen3Config, Qwen3ForCausalLM),
}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 500000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
}


@dataclass
class Variant:
    """One kind of checkpoint folder. What is not given is drawn at random."""

    name: str
    family: str = "llama"
    text: str = TEXTS["plain"]
    config: dict = field(default_factory=dict)
    dtype: torch.dtype = torch.float32
    shard_size: str = "1GB"
    weights: object = None  # changes {name: tensor} as the file will hold it
    config_file: object = None  # changes config.json after the model was made
    tokenizer_json: object = None  # changes tokenizer.json
    tokenizer_config: dict | None = None


def heads(n_heads, n_kv, d_head=None):
    return {"num_attention_heads": n_heads, "num_key_value_heads": n_kv, "head_dim": d_head}


def rope(**parameters):
    return {"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0} | parameters}


def old_rope(config):
    """As files were written before transformers 5: `rope_theta` and `rope_scaling` beside each other."""
    parameters = config.pop("rope_parameters")
    config["rope_theta"] = parameters.pop("rope_theta")
    kind = parameters.pop("rope_type")
    config["rope_scaling"] = None if kind == "default" else {"type": kind, "rope_type": kind} | parameters
    return config


def only_type(config):
    """The rotations' kind under its oldest name."""
    config = old_rope(config)
    if config["rope_scaling"]:
        del config["rope_scaling"]["rope_type"]
    return config


def without_prefix(weights):
    return {name.removeprefix("model."): tensor for name, tensor in weights.items()}


def with_frequencies(weights):
    """Old checkpoints carry the frequencies along, which are no weights."""
    return weights | {f"model.layers.{i}.self_attn.rotary_emb.inv_freq": torch.ones(4) for i in range(2)}


def sentencepiece(parts):
    """A tokenizer.json as converted from Llama 2's SentencePiece model: spaces are ▁, unknown bytes <0xE7>."""
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "t", "h", "e", "▁t"]
    pieces += list("abcdfgijklmnopqrsuvwxyzTIO.,")
    vocab = {piece: i for i, piece in enumerate(pieces)}
    special = [{"id": i, "content": pieces[i], "special": True} for i in range(3)]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    prepend = {"type": "Prepend", "prepend": "▁"}
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    template = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}},
    }
    back = {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}
    strip = {"type": "Strip", "content": " ", "start": 1, "stop": 0}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [token | flags for token in special],
        "normalizer": {"type": "Sequence", "normalizers": [prepend, replace]},
        "pre_tokenizer": None,
        "post_processor": template,
        "decoder": {"type": "Sequence", "decoders": [back, {"type": "ByteFallback"}, {"type": "Fuse"}, strip]},
        "model": parts["model"]
        | {"unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True, "vocab": vocab}
        | {"merges": [["▁", "t"]]},
    }


GENERIC = {"tokenizer_class": "PreTrainedTokenizerFast"}

VARIANTS = [
    *(Variant(f"heads_{n}_{kv}", config=heads(n, kv)) for n, kv in ((1, 1), (3, 1), (6, 2), (9, 3), (5, 5), (7, 1))),
    Variant("head_dim_wide", config=heads(3, 1, 16) | {"hidden_size": 24}),
    Variant("head_dim_free", config=heads(4, 2, 6) | {"hidden_size": 20}),
    Variant("head_dim_2", config=heads(5, 1, 2) | {"hidden_size": 10}),
    *(Variant(f"theta_{theta:g}", config=rope(rope_theta=theta)) for theta in (100.0, 10000.0, 500000.0, 1e6)),
    Variant("llama3", config={"rope_parameters": LLAMA3} | heads(3, 1, 16)),
    Variant("llama3_old_file", config={"rope_parameters": LLAMA3} | heads(6, 2, 16), config_file=old_rope),
    Variant("linear", config=rope(rope_type="linear", factor=3.0)),
    Variant("linear_old_file", config=rope(rope_type="linear", factor=3.0), config_file=only_type),
    Variant("dynamic", config=rope(rope_type="dynamic", factor=2.0)),
    Variant("default_old_file", config=rope(rope_theta=777.0), config_file=old_rope),
    Variant("attention_bias", config={"attention_bias": True}),
    Variant("mlp_bias", config={"mlp_bias": True}),
    Variant("all_biases", config={"attention_bias": True, "mlp_bias": True} | heads(6, 3)),
    Variant("tied", config={"tie_word_embeddings": True}),
    Variant("untied", config={"tie_word_embeddings": False}),
    Variant("bare", weights=without_prefix),
    Variant("bare_tied", config={"tie_word_embeddings": True}, weights=without_prefix),
    Variant("with_frequencies", weights=with_frequencies),
    *(Variant(f"act_{name}", config={"hidden_act": name}) for name in ("gelu", "relu", "gelu_pytorch_tanh", "relu2")),
    *(Variant(f"eps_{eps}", config={"rms_norm_eps": eps}) for eps in (1e-6, 1e-5, 0.1)),
    Variant("one_layer", config={"num_hidden_layers": 1}),
    Variant("six_layers", config={"num_hidden_layers": 6}),
    Variant("f16", dtype=torch.float16),
    Variant("bf16", dtype=torch.bfloat16),
    Variant("mixed_types", weights=mixed_types),
    Variant("sharded", shard_size="30KB", config={"num_hidden_layers": 4}),
    Variant("sharded_bf16_tied", shard_size="20KB", dtype=torch.bfloat16, config={"tie_word_embeddings": True}),
    Variant("short_context", config={"max_position_embeddings": 16}),
    Variant("context_fills_up", config={"max_position_embeddings": 48}, text="The cat"),
    Variant("bos", tokenizer_json=bos_template, tokenizer_config=GENERIC),
    Variant("bos_no_config", tokenizer_json=bos_template),
    Variant("sentencepiece", tokenizer_json=sentencepiece, tokenizer_config=GENERIC),
    *(Variant(f"text_{name}", text=TEXTS[name], tokenizer_config=GENERIC) for name in TEXTS),
    *(Variant(f"mistral_window_{n}", "mistral", config={"sliding_window": n}) for n in (2, 3, 8, 4096, None)),
    Variant("mistral_grouped", "mistral", config=heads(6, 2, 8) | {"sliding_window": 5}),
    Variant("qwen2", "qwen2"),
    Variant("qwen2_grouped_tied", "qwen2", config=heads(7, 1, 4) | {"tie_word_embeddings": True}),
    Variant("qwen2_f16", "qwen2", dtype=torch.float16, config=heads(6, 2)),
    Variant("qwen3", "qwen3", config=heads(3, 3, 8)),
    Variant("qwen3_grouped", "qwen3", config=heads(6, 2, 10)),
    Variant("qwen3_bias_tied", "qwen3", config=heads(4, 1, 6) | {"attention_bias": True, "tie_word_embeddings": True}),
    Variant("qwen3_bf16", "qwen3", dtype=torch.bfloat16, config=heads(5, 1, 12)),
    *(Variant(f"{family}_no_tokenizer_config", family, text=TEXTS["accents"]) for family in FAMILIES),
]


@torch.no_grad()
def random_model(config, model_class, tokenizer, seed: int):
    """Random weights with which every part matters: peaked attention, biases, norms that are not 1."""
    generator = torch.Generator().manual_seed(seed)
    model = model_class(config).eval()
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if "norm" in name:
            parameter.copy_(1.0 + noise * 0.2)
        elif name.endswith("bias"):
            parameter.copy_(noise * 0.3)
        elif "embed_tokens" in name or "lm_head" in name:
            parameter.copy_(noise * 0.6)
        else:
            parameter.copy_(noise * 1.3 / parameter.shape[1] ** 0.5)  # Linear: [out, in]
    for table in {model.model.embed_tokens.weight, model.lm_head.weight}:
        for token in range(min(config.vocab_size, tokenizer.get_vocab_size())):
            text = tokenizer.decode([token])
            if "\ufffd" in text or not text.isprintable():
                table[token] *= 0.1  # unreadable tokens are never the best, so that a wrong one shows
    return model


def write_checkpoint(folder: Path, variant: Variant, seed: int) -> None:
    """The folder as Hugging Face would publish it."""
    draw = random.Random(f"{seed}/{variant.name}")
    n_kv = draw.choice([1, 2, 3])
    n_heads = n_kv * draw.choice([1, 2, 3])
    n_heads = variant.config.get("num_attention_heads", n_heads)
    tokenizer = train_tokenizer(draw.randint(300, 340))
    fields = {
        "vocab_size": tokenizer.get_vocab_size(),
        "hidden_size": n_heads * draw.choice([4, 6, 8]),
        "intermediate_size": draw.choice([17, 40, 51]),
        "num_hidden_layers": draw.choice([2, 3]),
        "num_attention_heads": n_heads,
        "num_key_value_heads": n_kv,
        "max_position_embeddings": 160,
        "rms_norm_eps": draw.choice([1e-6, 1e-5, 1e-3]),
        "bos_token_id": 0,
        "eos_token_id": 0,
        "tie_word_embeddings": draw.choice([False, True]),
    }
    fields |= variant.config
    if variant.family == "qwen3":
        fields.setdefault("head_dim", 8)
    elif fields.get("head_dim") is None:
        fields.pop("head_dim", None)
    config_class, model_class = FAMILIES[variant.family]
    model = random_model(config_class(**fields), model_class, tokenizer, draw.getrandbits(32))
    model.to(variant.dtype).save_pretrained(folder, max_shard_size=variant.shard_size)
    if variant.weights:
        file = folder / "model.safetensors"
        save_file(variant.weights(load_file(file)), file, {"format": "pt"})
    (folder / "generation_config.json").unlink(missing_ok=True)
    parts = json.loads(tokenizer.to_str())
    write_json(folder / "tokenizer.json", variant.tokenizer_json(parts) if variant.tokenizer_json else parts)
    if variant.tokenizer_config:
        write_json(folder / "tokenizer_config.json", variant.tokenizer_config)
    if variant.config_file:
        config = json.loads((folder / "config.json").read_text())
        write_json(folder / "config.json", variant.config_file(config))


if __name__ == "__main__":
    check_checkpoints.N_TOKENS = 64
    sys.exit(main(__doc__, VARIANTS, write_checkpoint, reference))
