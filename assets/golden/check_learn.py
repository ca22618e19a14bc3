"""Compares `headlight learn --order given` with PyTorch on the same windows.

    python check_learn.py PROGRAM [MODEL ...]

For small random GPT-2 and Llama checkpoints, AdamW and SGD, with and without weight decay: 20 losses
must agree within 1e-3 (relative), and the weights that were written within 1e-3 of max(1, the largest).
AdamW divides each gradient by its size, so where a gradient is zero but for rounding it follows the rounding, in PyTorch as
here: keys' biases, which change nothing that is computed, are left out, and one number in ten thousand may differ by more.
MODEL is a folder (such as models/storybook) that is taught too. At the end a new model is made, saved
and read by transformers. Needs requirements.txt.
"""

import json
import subprocess
import sys
import tempfile

import reference  # first: it tells transformers to stay offline
import torch
from make_tiny import SENTENCES, train_tokenizer
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

STEPS, ROWS, CONTEXT = 20, 3, 8
RULES = {
    "adamw": (["--rate", "1e-3"], lambda p: torch.optim.AdamW(p, lr=1e-3, weight_decay=0.0)),
    "adamw, decay": (["--rate", "3e-3", "--weight-decay", "0.1"],
                     lambda p: torch.optim.AdamW(p, lr=3e-3, weight_decay=0.1)),
    "sgd": (["--rate", "0.03", "--optimizer", "sgd"], lambda p: torch.optim.SGD(p, lr=0.03)),
    "sgd, decay": (["--rate", "0.05", "--optimizer", "sgd", "--weight-decay", "0.1"],
                   lambda p: torch.optim.SGD(p, lr=0.05, weight_decay=0.1)),
}


def windows(ids):
    n = (len(ids) - 1) // CONTEXT
    step = 0
    while True:
        picks = [(step * ROWS + row) % n for row in range(ROWS)]
        yield torch.tensor([ids[i * CONTEXT : i * CONTEXT + CONTEXT + 1] for i in picks])
        step += 1


def torch_losses(model, ids, optimizer):
    model.eval()  # no dropout
    losses, rows = [], windows(ids)
    for _ in range(STEPS):
        batch = next(rows)
        logits = model(batch[:, :-1]).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def learn(program, *args):
    out = subprocess.run([program, "learn", *args], capture_output=True, text=True)
    if out.returncode:
        raise SystemExit(f"{args}: {out.stderr}")


def compare(program, folder, name, text):
    failed = 0
    for rule, (switches, optimizer) in RULES.items():
        with tempfile.TemporaryDirectory() as out:
            with open(f"{out}/text", "w") as file:
                file.write(text)
            learn(program, "--model", folder, "--data", f"{out}/text", "--steps", str(STEPS), "--rows", str(ROWS),
                  "--context", str(CONTEXT), "--order", "given", *switches, "--out", f"{out}/m", "--log", f"{out}/log")
            with open(f"{out}/log") as file:
                got = json.load(file)["losses"]
            model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
            ids = json.loads(subprocess.run([program, "tokenize", "--json", "--model", folder, "--", text],
                                            capture_output=True, text=True).stdout)
            ids = [token["id"] for token in ids["tokens"]]
            want = torch_losses(model, ids, optimizer(model.parameters()))
            loss_error = max(abs(g - w) / abs(w) for g, w in zip(got, want, strict=True))
            written = AutoModelForCausalLM.from_pretrained(f"{out}/m", dtype=torch.float32).state_dict()
            weight_error = 0.0
            for key, value in model.state_dict().items():
                error = ((written[key] - value).abs() / value.abs().max().clamp(min=1)).flatten()
                if key.endswith("c_attn.bias"):
                    query, _, value = error.chunk(3)
                    error = torch.cat([query, value])
                error = error.sort().values[: -(error.numel() // 10_000) or None]
                weight_error = max(weight_error, error[-1].item())
            good = loss_error <= 1e-3 and weight_error <= 1e-3
            failed += not good
            print(f"{'agrees ' if good else 'DIFFERS'} losses {loss_error:.1e} weights {weight_error:.1e}  {name}, {rule}")
    return failed


def main():
    program, folders = sys.argv[1], sys.argv[2:]
    text, failed = " ".join(SENTENCES) * 3, 0
    tokenizer = train_tokenizer(320)
    size = tokenizer.get_vocab_size()
    cases = {
        "gpt2": (GPT2LMHeadModel, GPT2Config(vocab_size=size, n_embd=24, n_head=3, n_layer=2, n_positions=32)),
        "gpt2, untied, exact gelu": (GPT2LMHeadModel, GPT2Config(
            vocab_size=size, n_embd=16, n_head=2, n_layer=1, n_positions=16, tie_word_embeddings=False,
            activation_function="gelu")),
        "llama": (LlamaForCausalLM, LlamaConfig(
            vocab_size=size, hidden_size=24, num_attention_heads=4, num_key_value_heads=2, num_hidden_layers=2,
            intermediate_size=40, max_position_embeddings=32, head_dim=6)),
        "llama, tied": (LlamaForCausalLM, LlamaConfig(
            vocab_size=size, hidden_size=16, num_attention_heads=2, num_key_value_heads=1, num_hidden_layers=1,
            intermediate_size=24, max_position_embeddings=16, tie_word_embeddings=True, attention_bias=True)),
    }
    for name, (kind, config) in cases.items():
        torch.manual_seed(0)
        model = kind(config)
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.dim() > 1:
                    parameter.normal_(0, 0.2)
        with tempfile.TemporaryDirectory() as folder:
            model.save_pretrained(folder)
            tokenizer.save(f"{folder}/tokenizer.json")
            failed += compare(program, folder, name, text)
    for folder in folders:
        failed += compare(program, folder, folder, text)
    with tempfile.TemporaryDirectory() as out:
        with open(f"{out}/text", "w") as file:
            file.write(text)
        for vocab in ["chars", "bpe:20"]:
            for more in ["", ",mlp=off", ",mlp=off,positions=off"]:
                learn(program, "--new", f"layers=2,heads=2,width=32{more}", "--vocab", vocab, "--data", f"{out}/text",
                      "--steps", "30", "--context", "16", "--out", f"{out}/m", "--log", f"{out}/log")
                with open(f"{out}/log") as file:
                    losses = json.load(file)["losses"]
                model, words = AutoModelForCausalLM.from_pretrained(f"{out}/m"), AutoTokenizer.from_pretrained(f"{out}/m")
                ids = words(text[:12])["input_ids"]
                table = subprocess.run([program, "predict", "--json", "--model", f"{out}/m", "--text", text[:12]],
                                       capture_output=True, text=True)
                best = json.loads(table.stdout)["next"][0]
                with torch.no_grad():
                    logits = model(torch.tensor([ids])).logits[0, -1]
                good = losses[-1] < losses[0] and abs(logits[best["id"]].item() - best["logit"]) < 1e-4
                failed += not good
                print(f"{'agrees ' if good else 'DIFFERS'} {losses[0]:.2f} -> {losses[-1]:.2f}  new, {vocab}{more}")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
