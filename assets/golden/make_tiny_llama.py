"""Makes assets/golden/tiny-llama, as `make_tiny.py` makes its GPT-2.

Six heads in two groups, heads wider than their share of the stream, stretched rotations, biases, a tied head.

    python make_tiny_llama.py
"""

import json
from pathlib import Path

import reference_llama as reference  # first: it tells transformers to stay offline
from check_llama import LLAMA3, random_model
from make_tiny import greedy, train_tokenizer
from safetensors.torch import save_file
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM


def main() -> None:
    folder = Path(__file__).parent / "tiny-llama"
    folder.mkdir(exist_ok=True)
    tokenizer = train_tokenizer(280)
    config = LlamaConfig(
        vocab_size=280,
        max_position_embeddings=40,
        hidden_size=12,
        intermediate_size=20,
        num_hidden_layers=2,
        num_attention_heads=6,
        num_key_value_heads=2,
        head_dim=4,
        rms_norm_eps=1e-3,
        rope_parameters=LLAMA3 | {"rope_theta": 100.0},
        attention_bias=True,
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=0,
    )
    random_model(config, LlamaForCausalLM, tokenizer, seed=6).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))

    text = "The café 猫!"
    model = reference.load(folder)
    ids = reference.encode(AutoTokenizer.from_pretrained(folder), text, config.max_position_embeddings)
    golden = reference.record(model, ids)
    save_file(golden, folder / "golden.safetensors", {"hooks": json.dumps(list(golden))})
    expected = {"text": text, "ids": ids, "greedy": greedy(model, ids, 20)}
    (folder / "greedy.json").write_text(json.dumps(expected, ensure_ascii=False) + "\n", encoding="utf-8")

    assert len(ids) + 20 <= config.max_position_embeddings
    total = 0
    for file in sorted(folder.iterdir()):
        file.chmod(0o644)
        total += file.stat().st_size
    print(f"{total:7} bytes in all")
    assert total < 100_000


if __name__ == "__main__":
    main()
