"""Makes assets/golden/tiny-bert and assets/golden/tiny-marian: random post-norm checkpoints and what
transformers computes with them.

The shapes are odd on purpose and the weights large enough that attention is far from uniform, as in make_tiny.py.

    python make_postnorm.py
"""

import json
import os
from pathlib import Path

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # so that training is the same every time

import reference_postnorm as reference
import sentencepiece
import torch
from make_tiny import SENTENCES
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, BertConfig, BertForMaskedLM, MarianConfig, MarianMTModel

SPANISH = [
    "El gato se sentó en la alfombra y el perro en el tronco.",
    "Érase una vez una niña pequeña que amaba el mar.",
    "¿Dónde está la biblioteca? ¡Está cerca del río!",
    "por favor compra una manzana y una naranja en la tienda",
    "Amo a los gatos. Los gatos me aman, ¿no?",
]
ENGLISH = [*SENTENCES[:5], "Where is the library? It is near the river!"]


def wordpiece(vocab_size: int, lowercase: bool = True) -> Tokenizer:
    """Words and pieces of words as in BERT, with [CLS] before and [SEP] behind."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=vocab_size, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(SENTENCES, trainer)
    ends = [(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ends
    )
    return tokenizer


def byte_level(vocab_size: int) -> Tokenizer:
    """Byte-level BPE as in RoBERTa: <s> before, </s> behind, <pad> is 1."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size, special_tokens=special, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=False)
    return tokenizer


def sentence_pieces(folder: Path, n_source: int, n_target: int, rule: str = "nmt_nfkc") -> int:
    """source.spm, target.spm and the vocab.json of both, as opus-mt models have them. Returns the vocabulary's size."""
    pieces = []
    for name, sentences, size in (("source", ENGLISH, n_source), ("target", SPANISH, n_target)):
        text = folder / f"{name}.txt"
        text.write_text("\n".join(sentences), encoding="utf-8")
        sentencepiece.SentencePieceTrainer.train(
            input=str(text), model_prefix=str(folder / name), vocab_size=size, model_type="unigram",
            bos_id=-1, hard_vocab_limit=False, minloglevel=2, num_threads=1, normalization_rule_name=rule,
        )  # fmt: skip
        (folder / f"{name}.model").rename(folder / f"{name}.spm")
        (folder / f"{name}.vocab").unlink()
        text.unlink()
        model = sentencepiece.SentencePieceProcessor(model_file=str(folder / f"{name}.spm"))
        pieces += [model.id_to_piece(i) for i in range(model.get_piece_size())]
    pieces = [piece for piece in dict.fromkeys(pieces) if piece not in ("<unk>", "</s>", "<s>", "<pad>")]
    entries = ["</s>", "<unk>", *pieces, "<pad>"]  # as Marian sorts them: the end first, padding last
    (folder / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(entries)}, ensure_ascii=False))
    config = {"source_lang": "en", "target_lang": "es", "tokenizer_class": "MarianTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return len(entries)


@torch.no_grad()
def fill(model, seed: int):
    """Random weights with which every part of the model matters: peaked attention, biases, norms that are not 1."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:  # the sinusoids of Marian
            continue
        noise = torch.randn(parameter.shape, generator=generator)
        if "norm" in name.lower():
            # A translator ends in such a norm: with signs of its own, no token asks for itself for ever.
            is_last = hasattr(model, "final_logits_bias") and "final_layer_norm.weight" in name
            parameter.copy_(noise if is_last else noise * 0.2 + (1.0 if name.endswith("weight") else 0.0))
        elif name.endswith("bias"):
            parameter.copy_(noise * 0.2)
        elif "embed" in name or "shared" in name or "decoder.weight" in name or "projector" in name:
            parameter.copy_(noise * 0.6)
        elif "encoder_attn.v_proj" in name:
            parameter.copy_(noise * 0.5 / parameter.shape[1] ** 0.5)  # the same source, always: not too loud
        else:
            parameter.copy_(noise * 1.5 / parameter.shape[1] ** 0.5)
    if hasattr(model, "final_logits_bias"):
        model.final_logits_bias.copy_(0.3 * torch.randn(model.final_logits_bias.shape, generator=generator))
    return model.eval()


@torch.no_grad()
def translate(model: MarianMTModel, source: list[int], n_tokens: int, beams: int = 1) -> list[int]:
    """The translation by transformers' generate, without the start token."""
    ids = torch.tensor([source])
    output = model.generate(
        ids, attention_mask=torch.ones_like(ids), do_sample=False, num_beams=beams, max_new_tokens=n_tokens
    )
    return output[0, 1:].tolist()


def marian(vocab_size: int, **fields) -> MarianMTModel:
    """A translator with Marian's usual special tokens: </s> is 0 and ends a text, <pad> is last and starts one."""
    fields = {"d_model": 24, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 3} | fields
    fields = {"decoder_attention_heads": 2, "encoder_ffn_dim": 40, "decoder_ffn_dim": 36} | fields
    fields = {"scale_embedding": True, "activation_function": "swish", "max_position_embeddings": 96} | fields
    last = vocab_size - 1
    config = MarianConfig(
        vocab_size=vocab_size, pad_token_id=last, decoder_start_token_id=last, eos_token_id=0, forced_eos_token_id=0,
        **fields,
    )  # fmt: skip
    model = MarianMTModel(config)
    model.generation_config.bad_words_ids = [[last]]
    return model


def write_bert(folder: Path) -> None:
    tokenizer = wordpiece(180)
    config = BertConfig(
        vocab_size=180, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
        max_position_embeddings=24, layer_norm_eps=1e-3, type_vocab_size=2, hidden_act="gelu",
    )  # fmt: skip
    fill(BertForMaskedLM(config), seed=7).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    text = "The cats [MASK] me."
    model, has_head = reference.load_encoder(folder)
    ids = tokenizer.encode(text).ids
    save_file(reference.record_encoder(model, has_head, ids), folder / "golden.safetensors")
    (folder / "expected.json").write_text(json.dumps({"text": text, "ids": ids}) + "\n")


def write_marian(folder: Path) -> None:
    sizes = {"d_model": 18, "encoder_ffn_dim": 20, "decoder_ffn_dim": 26, "max_position_embeddings": 48}
    model = fill(marian(sentence_pieces(folder, 60, 60, "identity"), **sizes), seed=14)
    model.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    text, target = "Where is the cat?", "El gato"
    model = reference.load_translator(folder)
    ids = tokenizer(text)["input_ids"]
    decoder_ids = reference.target_ids(model, tokenizer, target)
    save_file(reference.record_translator(model, ids, decoder_ids), folder / "golden.safetensors")
    expected = {"text": text, "target": target, "ids": ids, "decoder_ids": decoder_ids}
    expected["greedy"] = translate(model, ids, 40)
    expected["beam"] = translate(model, ids, 20, beams=3)
    (folder / "expected.json").write_text(json.dumps(expected, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    for name, write in (("tiny-bert", write_bert), ("tiny-marian", write_marian)):
        folder = Path(__file__).parent / name
        folder.mkdir(exist_ok=True)
        write(folder)
        for file in sorted(folder.iterdir()):
            file.chmod(0o644)
            print(f"{file.stat().st_size:7} {name}/{file.name}")


if __name__ == "__main__":
    main()
