"""Compares Headlight with transformers on random BERT, DistilBERT, RoBERTa and Marian checkpoints in odd shapes.

    python check_postnorm.py --headlight target/debug/headlight
    python check_postnorm.py --headlight target/debug/headlight --model path/to/all-MiniLM-L6-v2

Every activation of `trace`, the ids of `tokenize`, the candidates of `predict` at masked words, and of a translator
`generate`: greedily 64 tokens, and with beams.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import reference_postnorm as reference
import torch
from check_checkpoints import TOLERANCE, Headlight, first_difference
from make_postnorm import byte_level, fill, marian, sentence_pieces, translate, wordpiece
from safetensors.torch import load_file
from transformers import (
    AutoTokenizer, BertConfig, BertForMaskedLM, BertForPreTraining, BertModel, DistilBertConfig,
    DistilBertForMaskedLM, DistilBertModel, RobertaConfig, RobertaForMaskedLM, RobertaModel,
)  # fmt: skip

TEXTS = [
    "The cat sat on the {mask}, and the dog loved the sea.",
    "{mask}",
    "Where is the café? It's 1,234.50 dollars {mask} 猫坐 😀 e\u0301le\u0300ve!",
]
SOURCES = [
    "The cat sat on the mat, and the dog loved the sea.",
    "a",
    "Where  is the café?\tIt's 1,234.50 ½ dollars 猫坐 😀! </s> x",
    ">>es<< I love cats.",
]
TARGETS = ["El gato se sentó en la alfombra", "", "¿Dónde está la biblioteca?", "gatos"]


def bert(kind, **fields):
    sizes = {"vocab_size": 220, "hidden_size": 30, "num_hidden_layers": 3, "num_attention_heads": 5}
    sizes |= {"intermediate_size": 44, "max_position_embeddings": 80, "layer_norm_eps": 1e-5}
    return wordpiece(220), kind(BertConfig(**(sizes | fields)))


def distilbert(kind, **fields):
    sizes = {"vocab_size": 220, "dim": 28, "n_layers": 2, "n_heads": 7, "hidden_dim": 50, "max_position_embeddings": 80}
    return wordpiece(220), kind(DistilBertConfig(**(sizes | fields)))


def roberta(kind, **fields):
    sizes = {"vocab_size": 330, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3}
    sizes |= {"intermediate_size": 60, "max_position_embeddings": 122, "layer_norm_eps": 1e-5, "type_vocab_size": 1}
    sizes |= {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
    return byte_level(330), kind(RobertaConfig(**(sizes | fields)))


ENCODERS = {
    "bert_mlm": lambda: bert(BertForMaskedLM),
    "bert_bare": lambda: bert(BertModel),
    "bert_pretraining": lambda: bert(BertForPreTraining, num_attention_heads=3, hidden_act="gelu_new"),
    "bert_relu": lambda: bert(BertForMaskedLM, hidden_act="relu", num_attention_heads=1, type_vocab_size=3),
    "bert_silu_eps": lambda: bert(BertForMaskedLM, hidden_act="silu", layer_norm_eps=0.05, num_hidden_layers=1),
    "bert_d_head_1": lambda: bert(BertModel, hidden_size=7, num_attention_heads=7),
    "distilbert_mlm": lambda: distilbert(DistilBertForMaskedLM),
    "distilbert_bare": lambda: distilbert(DistilBertModel, activation="relu"),
    "distilbert_sinusoidal": lambda: distilbert(DistilBertForMaskedLM, sinusoidal_pos_embds=True, n_heads=2),
    "roberta_mlm": lambda: roberta(RobertaForMaskedLM),
    "roberta_bare": lambda: roberta(RobertaModel, num_attention_heads=8, hidden_act="relu"),
    "roberta_pad_5": lambda: roberta(RobertaForMaskedLM, pad_token_id=5, type_vocab_size=2),
}
TRANSLATORS = {
    "marian": {},
    "marian_relu": {"activation_function": "relu", "scale_embedding": False, "decoder_layers": 3},
    "marian_gelu": {"activation_function": "gelu", "encoder_layers": 1, "encoder_attention_heads": 1},
    "marian_odd": {"d_model": 35, "encoder_attention_heads": 7, "decoder_attention_heads": 5, "encoder_layers": 3},
    "marian_unshared": {"share_encoder_decoder_embeddings": False},
    "marian_untied": {"tie_word_embeddings": False},
}


def compare_trace(headlight, folder, expected, *arguments):
    out = folder / "headlight.safetensors"
    headlight.run("trace", "--model", folder, "--out", out, *arguments)
    difference = first_difference(expected, load_file(out))
    out.unlink()
    assert difference is None, difference


def check_ids(headlight, folder, text, ids):
    rows = json.loads(headlight.run("tokenize", "--model", folder, "--json", text))["tokens"]
    assert [row["id"] for row in rows] == ids, f"ids {[row['id'] for row in rows]}\nexpected {ids}"


def check_masks(headlight, folder, text, expected, mask):
    """The five most probable tokens at every masked position."""
    out = json.loads(headlight.run("predict", "--model", folder, "--text", text, "--top", 5, "--json"))["masked"]
    places = (expected["tokens"] == mask).nonzero().flatten().tolist()
    assert [row["pos"] for row in out] == places, f"{[row['pos'] for row in out]}, expected {places}"
    for row in out:
        probs = expected["logits"][row["pos"]].double().softmax(-1)
        for rank, candidate in enumerate(row["candidates"]):
            right = probs.topk(5).values[rank].item()
            assert abs(candidate["prob"] - probs[candidate["id"]].item()) < TOLERANCE, "wrong probability"
            assert abs(candidate["prob"] - right) < TOLERANCE, f"rank {rank}: {candidate['prob']}, expected {right}"


def check_encoder(headlight, folder, texts):
    model, has_head = reference.load_encoder(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    special = next((name for name in ("[MASK]", "<mask>") if name in tokenizer.get_vocab()), "")
    for text in texts:
        text = text.format(mask=special)
        ids = tokenizer(text)["input_ids"]
        expected = reference.record_encoder(model, has_head, ids)
        check_ids(headlight, folder, text, ids)
        compare_trace(headlight, folder, expected, "--text", text)
        if has_head:
            check_masks(headlight, folder, text, expected, tokenizer.convert_tokens_to_ids(special))


def check_translator(headlight, folder, sources, targets):
    model = reference.load_translator(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    for source, target in zip(sources, targets, strict=True):
        ids = tokenizer(source)["input_ids"]
        check_ids(headlight, folder, source, ids)
        expected = reference.record_translator(model, ids, reference.target_ids(model, tokenizer, target))
        compare_trace(headlight, folder, expected, "--text", source, "--target", target)
        for beams in (1, 4):
            right = translate(model, ids, 64, beams)
            out = headlight.run(
                "generate", "--model", folder, "--text", source, "--tokens", 64, "--json",
                *(["--greedy"] if beams == 1 else ["--beams", beams]),
            )  # fmt: skip
            got = [token["id"] for token in json.loads(out)["tokens"]]
            while right and right[-1] == model.config.pad_token_id:
                right.pop()
            assert got == right, f"{beams} beams, {source!r}\ngot      {got}\nexpected {right}"
            text, right_text = json.loads(out)["text"], tokenizer.decode(right, skip_special_tokens=True)
            assert text == right_text, f"{text!r}\nexpected {right_text!r}"


def make(name, folder, seed):
    torch.manual_seed(seed)
    if name in ENCODERS:
        tokenizer, model = ENCODERS[name]()
        tokenizer.save(str(folder / "tokenizer.json"))
    else:
        n_entries = sentence_pieces(folder, 75, 70)
        model = marian(n_entries, **TRANSLATORS[name])
    fill(model, seed).save_pretrained(folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--headlight", metavar="PATH", required=True, help="the program to check")
    parser.add_argument("--only", metavar="NAME", default="", help="only the variants with this in their name")
    parser.add_argument("--model", metavar="DIR", type=Path, help="check this checkpoint instead of random ones")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    headlight = Headlight(args.headlight)
    names = [name for name in [*ENCODERS, *TRANSLATORS] if args.only in name]
    failures = 0
    with tempfile.TemporaryDirectory() as temporary:
        for name in names if args.model is None else [args.model.name]:
            folder = args.model or Path(temporary) / name
            try:
                if args.model is None:
                    folder.mkdir()
                    make(name, folder, args.seed)
                if json.loads((folder / "config.json").read_text())["model_type"] == "marian":
                    check_translator(headlight, folder, SOURCES, TARGETS)
                else:
                    check_encoder(headlight, folder, TEXTS)
                print(f"ok   {name}", flush=True)
            except AssertionError as problem:
                failures += 1
                print(f"FAIL {name}: {problem}", flush=True)
    print(f"{failures} failures" if failures else "all agree")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
