"""Makes assets/golden/tiny: a tiny GPT-2 checkpoint of random weights and what transformers computes with it.

The shapes are odd on purpose (3 heads of 8, an MLP of 40, 3 layers, a large epsilon), so that no two
axes can be mistaken for each other, and the weights are large enough that attention is far from uniform
(transformers' own initialisation would hide a wrong scale or mask behind nearly equal numbers).

    python make_tiny.py

rewrites the folder next to this file: the same bytes every time on one machine; on another processor
the last digits of the activations may differ.
"""

import json
import os
from pathlib import Path

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # so that training is the same every time

import reference
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel

EOT = "<|endoftext|>"
SENTENCES = [
    "The cat sat on the mat, and the dog sat on the log.",
    "Once upon a time there was a little girl who loved the sea.",
    "please buy an apple and an orange at the store",
    "apple unveiled the new phone; it's 1,234.50 dollars!",
    "I love cats. Cats love me. They don't love dogs, do they?",
    "Le café est près de la forêt. Où êtes-vous, chère élève?",
    "Über den Straßen hängen grüne Äpfel.",
    "猫坐在垫子上。我爱猫，猫也爱我。",
    "これは猫です。犬が好きです。",
    "Кошка сидит на коврике.",
    "The family 👨‍👩‍👧 is happy 😀 today 🎉!",
    "def f(x):\n\treturn  x + 1\n\n\nprint(f(2))",
]


def train_tokenizer(vocab_size: int, eot_first: bool = True, add_prefix_space: bool = False) -> Tokenizer:
    """A byte-level BPE with merges of several languages; <|endoftext|> is its first id or its last, as in GPT-2."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size if eot_first else vocab_size - 1,
        special_tokens=[EOT] if eot_first else [],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    if not eot_first:
        tokenizer.add_special_tokens([EOT])
    assert tokenizer.get_vocab_size() == vocab_size, "the sentences have too few pairs for so many tokens"
    return tokenizer


@torch.no_grad()
def random_model(config: GPT2Config, tokenizer: Tokenizer, seed: int) -> GPT2LMHeadModel:
    """Random weights with which every part of the model matters: peaked attention, biases, norms that are not 1.

    A token that cannot be read on its own (half a character, a control character) gets a small vector and so
    a logit near zero: the greedy text is then readable, and one wrong token in it shows.
    """
    generator = torch.Generator().manual_seed(seed)
    model = GPT2LMHeadModel(config).eval()
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if ".ln_" in name:
            parameter.copy_(noise * 0.2 + (1.0 if name.endswith("weight") else 0.0))
        elif name.endswith("bias"):
            parameter.copy_(noise * 0.2)
        elif "wte" in name or "lm_head" in name:
            parameter.copy_(noise * 0.6)
        elif "wpe" in name:
            parameter.copy_(noise * 1.2)
        elif ".c_fc." in name:
            parameter.copy_(noise * 0.75 / parameter.shape[0] ** 0.5)  # near zero, where one gelu is not another
        elif ".act." not in name:
            parameter.copy_(noise * 1.5 / parameter.shape[0] ** 0.5)  # Conv1D: [in, out]
    for table in {model.transformer.wte.weight, model.lm_head.weight}:
        for token in range(min(config.vocab_size, tokenizer.get_vocab_size())):
            text = tokenizer.decode([token])
            if "\ufffd" in text or not text.isprintable():
                table[token] *= 0.1
    return model


def greedy(model: GPT2LMHeadModel, ids: list[int], n_tokens: int) -> list[int]:
    """The next tokens by transformers' generate, told of no end-of-text token so that it never stops early."""
    model.generation_config.eos_token_id = None
    prompt = torch.tensor([ids])
    output = model.generate(
        prompt, attention_mask=torch.ones_like(prompt), do_sample=False, max_new_tokens=n_tokens, pad_token_id=0
    )
    return output[0, len(ids) :].tolist()


def main() -> None:
    folder = Path(__file__).parent / "tiny"
    folder.mkdir(exist_ok=True)
    tokenizer = train_tokenizer(320)
    config = GPT2Config(
        vocab_size=320,
        n_positions=32,
        n_embd=24,
        n_layer=3,
        n_head=3,
        n_inner=40,
        layer_norm_epsilon=1e-3,
        scale_attn_by_inverse_layer_idx=True,
        bos_token_id=0,
        eos_token_id=0,
    )
    random_model(config, tokenizer, seed=31).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))

    text = "The café 猫!"
    model = reference.load(folder)
    ids = reference.encode(AutoTokenizer.from_pretrained(folder), text, config.n_positions)
    golden = reference.record(model, ids)
    # One entry only: safetensors writes several in an order that changes from run to run.
    save_file(golden, folder / "golden.safetensors", {"hooks": json.dumps(list(golden))})
    expected = {"text": text, "ids": ids, "greedy": greedy(model, ids, 20)}
    (folder / "greedy.json").write_text(json.dumps(expected, ensure_ascii=False) + "\n", encoding="utf-8")

    assert len(ids) + 20 <= config.n_positions
    total = 0
    for file in sorted(folder.iterdir()):
        file.chmod(0o644)
        total += file.stat().st_size
        print(f"{file.stat().st_size:7} {file.name}")
    print(f"{total:7} bytes in all")
    assert total < 300_000


if __name__ == "__main__":
    main()
