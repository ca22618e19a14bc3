"""Makes assets/golden/gguf: small GGUF files, and what the `gguf` package and transformers make of them.

    python make_gguf.py

- `blocks.gguf`: random blocks of every type of weights. For each type a tensor `TYPE`, two rows of 256 numbers in
  random bits, and a tensor `TYPE.f32`, what the `gguf` package says they stand for.
- `model.gguf`: a tiny Llama of random weights in several types, as llama.cpp's converter writes it (the rows of queries
  and keys reordered), with a byte-level tokenizer and a chat template. `model.safetensors` has what transformers
  computes with it: hidden states, attentions, logits.
- `pieces.gguf`: a SentencePiece vocabulary with scores and no merges.
- `tokens.json`: how transformers cuts texts with these tokenizers, and a text in the chat form.
"""

import json
import os
from pathlib import Path

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as T
from make_tiny import SENTENCES
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer

HERE = Path(__file__).parent / "gguf"
TEXTS = [
    "The cat sat on the mat.",
    " two  spaces\n\ttab   ",
    "naïve café 👩‍👩‍👧‍👦 注意力",
    "<|im_start|>user\nI don't know 12345 (x=y*2);<|im_end|>",
    "aaaaaaaaaaaa She'LL THEY'RE don't",
    "Ünïcödé Ǆ ﬁ ①②③ 3.14",
    "",
]
CHAT = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a cat<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

TYPES = [T.F32, T.F16, T.BF16, T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1, T.Q8_0, T.Q4_K, T.Q5_K, T.Q6_K, T.Q2_K, T.Q3_K, T.IQ4_NL, T.IQ4_XS, T.MXFP4]
# Where in a block its half-precision numbers are, scale and minimum.
HALVES = {T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q8_0: [0], T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208],
          T.Q2_K: [80, 82], T.Q3_K: [108], T.IQ4_NL: [0], T.IQ4_XS: [0]}
ROWS, COLUMNS = 2, 256


def random_blocks(kind: T, random: np.random.Generator) -> np.ndarray:
    """Rows of random bits, whose scales are finite numbers of all sizes: what NaN times something is differs between machines."""
    per_block, size = gguf.GGML_QUANT_SIZES[kind]
    n = ROWS * COLUMNS // per_block
    if kind == T.F32:
        return random.standard_normal((ROWS, COLUMNS)).astype(np.float32)
    if kind == T.F16:
        return random.standard_normal((ROWS, COLUMNS)).astype(np.float16)
    blocks = random.integers(0, 256, (n, size), dtype=np.uint8)
    if kind == T.BF16:
        numbers = random.standard_normal(n).astype(np.float32).view(np.uint32) >> 16
        blocks = numbers.astype(np.uint16).view(np.uint8).reshape(n, size)
    for at in HALVES.get(kind, []):
        scales = (random.standard_normal(n) * 10.0 ** random.uniform(-7, 3, n)).astype(np.float16)
        blocks[:, at : at + 2] = scales.view(np.uint8).reshape(n, 2)
    if kind == T.MXFP4:
        blocks[:, 0] = random.integers(0, 200, n)
    return blocks.reshape(ROWS, -1)


def finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def make_blocks() -> None:
    random = np.random.default_rng(20)
    writer = gguf.GGUFWriter(HERE / "blocks.gguf", "test")
    for kind in TYPES:
        stored = random_blocks(kind, random)
        floats = gguf.quants.dequantize(stored, kind)
        assert floats.shape == (ROWS, COLUMNS) and np.isfinite(floats).all()
        writer.add_tensor(kind.name, stored, raw_dtype=kind)
        writer.add_tensor(f"{kind.name}.f32", floats.astype(np.float32))
    finish(writer)


def byte_level_vocabulary(n: int) -> tuple[list[str], list[str]]:
    """Tokens and merges of a byte-level BPE, three special tokens first."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(vocab_size=n, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(SENTENCES, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    assert len(tokens) == n
    return tokens, [" ".join(pair) for pair in model["merges"]]


def add_byte_level(writer: gguf.GGUFWriter, tokens: list[str], merges: list[str], pre: str) -> None:
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([3] * 3 + [1] * (len(tokens) - 3))
    writer.add_token_merges(merges)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT)


def permute(weights: np.ndarray, n_head: int) -> np.ndarray:
    """As llama.cpp's convert_hf_to_gguf.py reorders the rows of queries and keys."""
    shape = weights.shape
    return weights.reshape(n_head, 2, shape[0] // n_head // 2, *shape[1:]).swapaxes(1, 2).reshape(shape)


def make_model(tokens: list[str], merges: list[str]) -> None:
    d_model, d_mlp, n_layers, n_heads, n_kv_heads = 32, 64, 2, 4, 2
    d_head = 16  # not d_model / n_heads
    random = np.random.default_rng(21)
    writer = gguf.GGUFWriter(HERE / "model.gguf", "llama")
    writer.add_name("tiny")
    writer.add_context_length(64)
    writer.add_embedding_length(d_model)
    writer.add_block_count(n_layers)
    writer.add_feed_forward_length(d_mlp)
    writer.add_head_count(n_heads)
    writer.add_head_count_kv(n_kv_heads)
    writer.add_layer_norm_rms_eps(1e-3)
    writer.add_rope_freq_base(500.0)
    writer.add_rope_dimension_count(d_head)
    writer.add_vocab_size(len(tokens))
    add_byte_level(writer, tokens, merges, "llama-bpe")

    def add(name: str, rows: int, columns: int, kind: T, n_permuted: int | None = None) -> None:
        weights = (random.standard_normal((rows, columns)) * 2.0 / columns**0.5).astype(np.float32)
        weights = permute(weights, n_permuted) if n_permuted else weights
        writer.add_tensor(name, gguf.quants.quantize(weights, kind), raw_dtype=kind)

    def add_norm(name: str) -> None:
        writer.add_tensor(name, (1 + 0.3 * random.standard_normal(d_model)).astype(np.float32))

    add("token_embd.weight", len(tokens), d_model, T.Q8_0)
    for layer in range(n_layers):
        at = f"blk.{layer}"
        add_norm(f"{at}.attn_norm.weight")
        add(f"{at}.attn_q.weight", n_heads * d_head, d_model, T.Q4_1, n_heads)
        add(f"{at}.attn_k.weight", n_kv_heads * d_head, d_model, T.Q4_0, n_kv_heads)
        add(f"{at}.attn_v.weight", n_kv_heads * d_head, d_model, T.Q5_0)
        add(f"{at}.attn_output.weight", d_model, n_heads * d_head, T.Q5_1)
        add_norm(f"{at}.ffn_norm.weight")
        add(f"{at}.ffn_gate.weight", d_mlp, d_model, T.Q4_1)
        add(f"{at}.ffn_up.weight", d_mlp, d_model, T.BF16)
        add(f"{at}.ffn_down.weight", d_model, d_mlp, T.F16)
    add_norm("output_norm.weight")
    finish(writer)


def make_pieces() -> None:
    """A vocabulary as SentencePiece's BPE has it: scores say which merge comes first, bytes stand for the rest."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=True)
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=260, show_progress=False, limit_alphabet=60)
    tokenizer.train_from_iterator(SENTENCES, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    merged = ["".join(pair) for pair in model["merges"]]
    letters = [token for token in model["vocab"] if token not in set(merged)]
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    tokens = ["<unk>", "<s>", "</s>", *bytes_, *merged, *letters]
    scores = [0.0] * 259 + [-float(rank) for rank in range(len(merged))] + [-1e4 - i for i in range(len(letters))]
    writer = gguf.GGUFWriter(HERE / "pieces.gguf", "llama")
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types([2, 3, 3] + [6] * 256 + [1] * (len(merged) + len(letters)))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    finish(writer)


@torch.no_grad()
def record_model() -> None:
    model = AutoModelForCausalLM.from_pretrained(HERE, gguf_file="model.gguf", dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(HERE, gguf_file="model.gguf")
    ids = tokenizer(TEXTS[0], return_tensors="pt").input_ids
    out = model(ids, output_hidden_states=True, output_attentions=True)
    tensors = {"tokens": ids[0], "logits": out.logits[0]}
    for layer in range(len(out.attentions)):
        tensors[f"blocks.{layer}.hook_resid_pre"] = out.hidden_states[layer][0]
        tensors[f"blocks.{layer}.attn.hook_pattern"] = out.attentions[layer][0]
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, HERE / "model.safetensors")


def record_tokens(tokens: list[str], merges: list[str]) -> None:
    """Byte-level tokens for every way of splitting first; the same vocabulary serves for all."""
    recorded = {}
    for pre in ["gpt-2", "llama-bpe", "qwen2", "smollm"]:
        path = HERE / "temporary.gguf"
        writer = gguf.GGUFWriter(path, "llama")
        add_byte_level(writer, tokens, merges, pre)
        finish(writer)
        tokenizer = AutoTokenizer.from_pretrained(HERE, gguf_file=path.name)
        if pre == "smollm":
            # Transformers does not know that this one cuts digits first; SmolLM's own tokenizer.json does.
            tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
                [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
            )
        recorded[pre] = [tokenizer(text).input_ids for text in TEXTS]
        path.unlink()
    pieces = AutoTokenizer.from_pretrained(HERE, gguf_file="pieces.gguf")
    recorded["pieces"] = [pieces(text).input_ids for text in TEXTS]
    model = AutoTokenizer.from_pretrained(HERE, gguf_file="model.gguf")
    turn = [{"role": "user", "content": "Where is the café?"}]
    chat = model.apply_chat_template(turn, add_generation_prompt=True, tokenize=False)
    chat_ids = model.apply_chat_template(turn, add_generation_prompt=True, return_dict=True)["input_ids"]
    recorded = {"texts": TEXTS, "tokens": recorded, "chat": {"text": chat, "tokens": chat_ids}}
    (HERE / "tokens.json").write_text(json.dumps(recorded, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    HERE.mkdir(exist_ok=True)
    tokens, merges = byte_level_vocabulary(320)
    make_blocks()
    make_model(tokens, merges)
    make_pieces()
    record_model()
    record_tokens(tokens, merges)


if __name__ == "__main__":
    main()
