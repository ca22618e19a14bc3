"""Token ids of `headlight tokenize` against transformers, for tokenizers kept in older files and for
what the files beside a vocabulary decide.

    python assets/golden/check_tokenizers.py PROGRAM

Trains small SentencePiece models and vocabularies on the spot (package sentencepiece), saves them as
models of their kind have them, and compares the ids of every text. Needs requirements.txt, sentencepiece
and protobuf. Prints one line per folder and ends with an error if any id differs.
"""

import json
import os
import subprocess
import sys
import tempfile

import sentencepiece
import torch
from safetensors.torch import save_file
from transformers import AutoTokenizer

TEXTS = [
    "the cat sat on the mat",
    " the cat",
    "The  Cat's naïve café, 3.14",
    "a</s>the cat",
    "it costs 12 € 注意 👩‍👩‍👧",
    "the <mask> cat",
    "<s>the",
    "tabs\tand\nlines",
]
CORPUS = ["the cat sat on the mat", "a cat's hat", "it costs 12 euros", "naïve café", "dogs and cats"] * 40


def pieces(folder, name, kind, **more):
    with open(f"{folder}/corpus.txt", "w") as file:
        file.write("\n".join(CORPUS))
    sentencepiece.SentencePieceTrainer.train(
        input=f"{folder}/corpus.txt",
        model_prefix=f"{folder}/spm",
        model_type=kind,
        vocab_size=more.pop("vocab_size", 330 if kind == "bpe" else 90),
        hard_vocab_limit=False,
        minloglevel=2,
        **more,
    )
    os.rename(f"{folder}/spm.model", f"{folder}/{name}")
    for rest in ["spm.vocab", "corpus.txt"]:
        os.remove(f"{folder}/{rest}")


def llama(folder, config):
    pieces(folder, "tokenizer.model", "bpe", byte_fallback=True, normalization_rule_name="identity",
           remove_extra_whitespaces=False)
    return {"model_type": "llama"}, {"tokenizer_class": "LlamaTokenizer"} | config


def unigram(model_type, name, config):
    def make(folder):
        pieces(folder, name, "unigram")
        return {"model_type": model_type}, config

    return make


def bert(config, words=("the", "cat", "sat", "on", "mat", "cafe", "café", "The", "##s", "a", "it", "12")):
    def make(folder):
        signs = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        with open(f"{folder}/vocab.txt", "w") as file:
            file.write("\n".join([*signs, *words, "注", "意", "'", ",", "."]) + "\n")
        return {"model_type": "bert"}, config

    return make


FOLDERS = {
    "llama, tokenizer.model": lambda f: llama(f, {"add_bos_token": True}),
    "llama, start and end": lambda f: llama(f, {"add_bos_token": True, "add_eos_token": True}),
    "llama, no switches": lambda f: llama(f, {}),
    "llama, legacy": lambda f: llama(f, {"legacy": True, "add_bos_token": True}),
    "llama, no space": lambda f: llama(f, {"add_prefix_space": False, "add_bos_token": True}),
    "llama, new token": lambda f: llama(f, {"additional_special_tokens": ["<mask>"]}),
    "xlm-roberta": unigram("xlm-roberta", "sentencepiece.bpe.model", {"tokenizer_class": "XLMRobertaTokenizer"}),
    "camembert": unigram("camembert", "sentencepiece.bpe.model", {"tokenizer_class": "CamembertTokenizer"}),
    "bert": bert({}),
    "bert, cased": bert({"do_lower_case": False}),
    "bert, accents": bert({"strip_accents": False}),
    "bert, Chinese as words": bert({"tokenize_chinese_chars": False, "tokenizer_class": "BertTokenizerFast"}),
    "bert, another sign": bert({"mask_token": "<mask>"}),
}


def ids(program, folder, text):
    out = subprocess.run([program, "tokenize", "--json", "--model", folder, "--", text], capture_output=True, text=True)
    if out.returncode:
        return out.stderr.strip()
    return [token["id"] for token in json.loads(out.stdout)["tokens"]]


def main():
    program, failed = sys.argv[1], 0
    for name, make in FOLDERS.items():
        with tempfile.TemporaryDirectory() as folder:
            model, config = make(folder)
            # Any model will do: only its tokenizer is asked.
            small = {"vocab_size": 600, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1,
                     "intermediate_size": 8, "max_position_embeddings": 64}
            for file, value in [("config.json", model | small), ("tokenizer_config.json", config)]:
                with open(f"{folder}/{file}", "w") as out:
                    json.dump(value, out)
            save_file(weights(model["model_type"]), f"{folder}/model.safetensors")
            tokenizer = AutoTokenizer.from_pretrained(folder)
            wrong = []
            for text in TEXTS:
                want, got = tokenizer(text)["input_ids"], ids(program, folder, text)
                if got != want:
                    wrong.append(f"    {text!r}: {got}, not {want}")
            failed += bool(wrong)
            print(f"{'differs' if wrong else 'agrees':8} {name}", *wrong, sep="\n" if wrong else "")
    sys.exit(failed > 0)


def weights(model_type):
    """Weights of one layer of width 8, of the shapes that the config says."""
    from transformers import AutoConfig, AutoModel

    small = {"vocab_size": 600, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1,
             "intermediate_size": 8, "max_position_embeddings": 64}
    torch.manual_seed(0)
    model = AutoModel.from_config(AutoConfig.for_model(model_type, **small))
    head = {"lm_head.weight": torch.zeros(600, 8)} if model_type == "llama" else {}
    prefix = {"llama": "model."}.get(model_type, "")
    return {prefix + name: tensor.contiguous() for name, tensor in model.state_dict().items()} | head


if __name__ == "__main__":
    main()
