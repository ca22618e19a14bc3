"""Headlight and PyTorch in turn, in one run, on one checkpoint.

Makes a GPT-2 with random weights (unless it is there), starts Headlight's side
(`cargo build --release --example measure`) and has both do the same work by turns: first one, then the other,
so that whatever else the machine does hits both alike. Prints medians and ratios.

    python3 docs/benchmarks/compare.py [--layers 12] [--rounds 9] [--threads 2] [--folder DIR] [--scaling CSV]

PyTorch's side is transformers' GPT2LMHeadModel, eager attention, with attentions and hidden states returned:
less than Headlight records, but what it can return.
"""

import argparse
import csv
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from transformers import GPT2Config, GPT2LMHeadModel

ROOT = Path(__file__).resolve().parents[2]
LENGTHS = (16, 64, 256)


def make(folder: Path, layers: int) -> None:
    if (folder / "model.safetensors").exists():
        return
    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(n_layer=layers))
    model.save_pretrained(folder)
    shutil.copy(ROOT / "models/storybook/tokenizer.json", folder)


def ids(n: int, vocab: int) -> torch.Tensor:
    return torch.tensor([[(i * 7919 + 13) % vocab for i in range(n)]])


class Headlight:
    def __init__(self, folder: Path, threads: int):
        program = ROOT / "target/release/examples/measure"
        env = dict(os.environ, RAYON_NUM_THREADS=str(threads))
        self.process = subprocess.Popen(
            [program, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=env
        )
        self.opened = float(self.process.stdout.readline().split()[1])

    def ask(self, what: str, n: int) -> str:
        self.process.stdin.write(f"{what} {n}\n")
        return self.process.stdout.readline().strip()

    def time(self, what: str, n: int) -> float:
        return float(self.ask(what, n))


class PyTorch:
    def __init__(self, folder: Path, threads: int):
        torch.set_num_threads(threads)
        self.model = GPT2LMHeadModel.from_pretrained(folder, attn_implementation="eager").eval()
        self.vocab = self.model.config.vocab_size

    def run(self, tokens: torch.Tensor, **more):
        with torch.inference_mode():
            return self.model(tokens, use_cache=True, output_attentions=True, output_hidden_states=True, **more)

    def forward(self, n: int) -> float:
        tokens = ids(n, self.vocab)
        start = time.perf_counter()
        self.run(tokens)
        return (time.perf_counter() - start) * 1e3

    def next(self, n: int) -> float:
        tokens = ids(n + 1, self.vocab)
        past = self.run(tokens[:, :n]).past_key_values
        start = time.perf_counter()
        self.run(tokens[:, n:], past_key_values=past)
        return (time.perf_counter() - start) * 1e3


def in_turn(rounds: int, *jobs) -> list[float]:
    """Medians of jobs done by turns; the first round only warms up."""
    times = [[job() for job in jobs] for _ in range(rounds + 1)][1:]
    return [statistics.median(column) for column in zip(*times)]


def bandwidth() -> float:
    """The fastest of some readings of 1 GB on all threads, in GB/s."""
    numbers = torch.ones(250_000_000)
    best = 0.0
    for _ in range(7):
        start = time.perf_counter()
        numbers.sum()
        best = max(best, 1.0 / (time.perf_counter() - start))
    return best


def check(torch_side: PyTorch, headlight: Headlight) -> float:
    """How far apart the scores are: both must have done the same work."""
    n = 64
    expected = torch_side.run(ids(n, torch_side.vocab)).logits[0, -1, :8].tolist()
    got = [float(x) for x in re.findall(r"[-0-9.e]+", headlight.ask("logits", n))]
    return max(abs(a - b) for a, b in zip(expected, got))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--scaling", type=Path, help="time against tokens and layers, to this CSV file")
    args = parser.parse_args()
    if args.scaling:
        return scaling(args)
    folder = args.folder or Path(tempfile.gettempdir()) / f"headlight-gpt2-{args.layers}"
    make(folder, args.layers)
    size = (folder / "model.safetensors").stat().st_size
    headlight = Headlight(folder, args.threads)
    loaded = headlight.ask("peak", 0)
    torch_side = PyTorch(folder, args.threads)
    difference = check(torch_side, headlight)
    print(f"scores differ by at most {difference:.1e}")
    if difference > 1e-3:
        sys.exit("the two sides do not compute the same")
    print(f"{'':24}{'PyTorch ms':>12}{'Headlight ms':>14}{'ratio':>8}{'silent ms':>12}")
    for n in LENGTHS:
        a, b, silent = in_turn(
            args.rounds,
            lambda: torch_side.forward(n),
            lambda: headlight.time("forward", n),
            lambda: headlight.time("silent", n),
        )
        print(f"{f'{n} tokens, recorded':24}{a:12.1f}{b:14.1f}{b / a:8.2f}{silent:12.1f}")
    read = bandwidth()
    # Position embeddings are not read as a whole; the token embeddings are, as the unembedding.
    weights = size - 4 * 1024 * 768
    for n in LENGTHS:
        a, b, key = in_turn(
            2 * args.rounds,
            lambda: torch_side.next(n),
            lambda: headlight.time("next", n),
            lambda: headlight.time("key", n),
        )
        share = weights / 1e9 / (b / 1e3) / read
        print(
            f"{f'next token after {n}':24}{a:12.1f}{b:14.1f}{b / a:8.2f}"
            f"   {share:.0%} of {read:.1f} GB/s; key press to record {key:.1f} ms ({key / b:.2f})"
        )
    print(f"open: {headlight.opened:.0f} ms, {loaded} MB resident at most; weights {size / 2**20:.0f} MB")
    print(f"peak after all of this: {headlight.ask('peak', 0)} MB")


def scaling(args) -> None:
    with open(args.scaling, "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["layers", "tokens", "pytorch_ms", "headlight_ms"])
        for layers in (1, 2, 4, 8, 12):
            with tempfile.TemporaryDirectory() as folder:
                folder = Path(folder)
                make(folder, layers)
                headlight, torch_side = Headlight(folder, args.threads), PyTorch(folder, args.threads)
                for n in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1023) if layers == 12 else (64,):
                    pair = in_turn(args.rounds, lambda: torch_side.forward(n), lambda: headlight.time("forward", n))
                    table.writerow([layers, n, *(f"{time:.2f}" for time in pair)])
                    file.flush()
                headlight.process.kill()


if __name__ == "__main__":
    main()
