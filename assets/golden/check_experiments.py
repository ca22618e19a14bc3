"""Switches heads off in transformers and in Headlight, and compares what the model then says.

    python check_experiments.py --headlight PATH [FOLDER ...]      (default: the tiny and the bundled model)

A head is switched off in PyTorch by a hook before the output projection (`c_proj`), where the heads
lie side by side: the same place as `attn.hook_z`.
"""

import argparse
import json
import subprocess
from pathlib import Path

import reference
import torch
from transformers import AutoTokenizer

HERE = Path(__file__).parent
TOLERANCE = 1e-4


def run(program: str, *args: str) -> dict:
    return json.loads(subprocess.run([program, *args, "--json"], check=True, capture_output=True, text=True).stdout)


@torch.no_grad()
def log_probs(model, ids: list[int], heads: list[tuple[int, int]]) -> torch.Tensor:
    """Log-probabilities after the last token with these heads switched off."""
    d_head = model.config.n_embd // model.config.n_head
    handles = []
    for layer, head in heads:

        def zero(_module, args, head=head):
            z = args[0].clone()
            z[..., head * d_head : (head + 1) * d_head] = 0
            return (z, *args[1:])

        handles.append(model.transformer.h[layer].attn.c_proj.register_forward_pre_hook(zero))
    logits = model(torch.tensor([ids])).logits[0, -1]
    for handle in handles:
        handle.remove()
    return torch.log_softmax(logits.double(), -1)


def check(program: str, folder: str, text: str) -> None:
    model = reference.load(folder)
    ids = reference.encode(AutoTokenizer.from_pretrained(folder), text, model.config.n_positions)
    before = log_probs(model, ids, [])

    sweep = run(program, "sweep", "--model", folder, "--text", text)
    token = sweep["token"]["id"]
    assert token == before.argmax().item()
    worst = abs(sweep["log_prob"] - before[token].item())
    for layer, row in enumerate(sweep["changes"]):
        for head, change in enumerate(row):
            expected = (log_probs(model, ids, [(layer, head)])[token] - before[token]).item()
            worst = max(worst, abs(change - expected))

    last = len(sweep["changes"]) - 1
    heads = [(0, 1), (last, 0)]
    names = ",".join(f"{layer}.{head}" for layer, head in heads)
    top = str(model.config.vocab_size)
    ablate = run(program, "ablate", "--model", folder, "--text", text, "--heads", names, "--top", top)
    after = log_probs(model, ids, heads)
    kl = (before.exp() * (before - after)).sum().item() / torch.log(torch.tensor(2.0)).item()
    worst = max(worst, abs(ablate["kl_bits"] - kl))
    for row in ablate["next"]:
        worst = max(worst, abs(row["after"] - after[row["id"]].exp().item()))
    assert worst <= TOLERANCE, f"{folder}: differs by {worst:.3g}"
    print(f"ok   {folder}: largest difference {worst:.2g}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--headlight", metavar="PATH", required=True)
    parser.add_argument("folders", nargs="*", default=[str(HERE / "tiny"), str(HERE.parents[1] / "models" / "storybook")])
    args = parser.parse_args()
    for folder in args.folders:
        check(args.headlight, folder, "The cat sat on the")


if __name__ == "__main__":
    main()
