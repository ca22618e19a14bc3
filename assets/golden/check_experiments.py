"""Changes a model in transformers and in Headlight, and compares what it then says.

    python check_experiments.py --headlight PATH [--random N] [FOLDER ...]

Without folders the tiny and the bundled model are changed. Every kind of change of `headlight ablate` is
made by hooks in PyTorch at the same place: heads scaled before the output projection (`c_proj`), where
they lie side by side; attention and MLP at their output; neurons before the MLP's second matrix; a token
hidden by the attention mask; a forced pattern times the values put in the head's place before `c_proj`;
activations of another text put in at their hook. `--random` makes N random experiments per model, of up
to six changes at once. The probabilities of all tokens and every number of a sweep must agree within 1e-4.
"""

import argparse
import json
import random
import subprocess
from pathlib import Path

import reference
import torch
from transformers import AutoTokenizer

HERE = Path(__file__).parent
TOLERANCE = 1e-4
TEXTS = ["The cat sat on the", "Once upon a time there was a little dog and", "She said", "naïve café 猫!"]
OTHER = "The old king went to the big house and"
PATCHED = ["hook_resid_pre", "ln1.hook_normalized", "attn.hook_q", "attn.hook_k", "attn.hook_v", "attn.hook_z",
           "hook_attn_out", "hook_resid_mid", "ln2.hook_normalized", "mlp.hook_pre", "mlp.hook_post",
           "hook_mlp_out", "hook_resid_post"]  # fmt: skip


class Changed:
    """A GPT-2 model with changes in force, until `undo`. The changes are those of `headlight ablate`, in its order."""

    def __init__(self, model, ids: list[int], changes: list[tuple]):
        self.model, self.ids, self.handles = model, ids, []
        self.hidden = [change[1] for change in changes if change[0] == "hide"]
        self.d_head = model.config.n_embd // model.config.n_head
        # Values must be patched before a forced pattern uses them; and z is forced, then scaled, then patched.
        order = ["patch_qkv", "force", "heads", "scale", "attn", "mlp", "neuron", "patch"]
        named = [(self.kind(change), change) for change in changes if change[0] != "hide"]
        place = {name: i for i, name in enumerate(PATCHED)}
        at = lambda change: place.get(str(change[1]).split(".", 2)[-1], -1)  # noqa: E731
        for _, change in sorted(named, key=lambda pair: (order.index(pair[0]), at(pair[1]))):
            getattr(self, change[0])(*change[1:])

    @staticmethod
    def kind(change: tuple) -> str:
        is_qkv = change[0] == "patch" and change[1].endswith(("hook_q", "hook_k", "hook_v"))
        return "patch_qkv" if is_qkv else change[0]

    def block(self, layer: int):
        return self.model.transformer.h[layer]

    def on_input(self, module, change) -> None:
        def hook(_module, args):
            return (change(args[0].clone()), *args[1:])

        self.handles.append(module.register_forward_pre_hook(hook))

    def on_output(self, module, change) -> None:
        def hook(_module, _args, output):
            if isinstance(output, tuple):
                return (change(output[0].clone()), *output[1:])
            return change(output.clone())

        self.handles.append(module.register_forward_hook(hook))

    def heads(self, layer: int, head: int) -> None:
        self.scale(layer, head, 0.0)

    def scale(self, layer: int, head: int, factor: float) -> None:
        def change(z):
            z[..., head * self.d_head : (head + 1) * self.d_head] *= factor
            return z

        self.on_input(self.block(layer).attn.c_proj, change)

    def attn(self, layer: int, factor: float) -> None:
        self.on_output(self.block(layer).attn, lambda x: x * factor)

    def mlp(self, layer: int, factor: float) -> None:
        self.on_output(self.block(layer).mlp, lambda x: x * factor)

    def neuron(self, layer: int, neuron: int, factor: float) -> None:
        def change(x):
            x[..., neuron] *= factor
            return x

        self.on_input(self.block(layer).mlp.c_proj, change)

    def force(self, layer: int, head: int, how: str) -> None:
        n, part, values = len(self.ids), slice(head * self.d_head, (head + 1) * self.d_head), {}
        if how == "uniform":
            pattern = torch.ones(n, n).tril()
            pattern /= pattern.sum(-1, keepdim=True)
        else:
            pattern = torch.zeros(n, n)
            pattern[range(n), [max(0, query - 1) for query in range(n)]] = 1

        def keep(qkv):
            values["v"] = qkv.chunk(3, dim=-1)[2][0, :, part]
            return qkv

        def change(z):
            z[0, :, part] = pattern @ values["v"]
            return z

        self.on_output(self.block(layer).attn.c_attn, keep)
        self.on_input(self.block(layer).attn.c_proj, change)

    def patch(self, name: str, onto: int, value: torch.Tensor) -> None:
        value = value.flatten()

        def put(x, columns=slice(None)):
            x[0, onto, columns] = value
            return x

        if not name.startswith("blocks."):
            module = {"hook_embed": "wte", "hook_pos_embed": "wpe", "ln_final.hook_normalized": "ln_f"}[name]
            return self.put_at(name, getattr(self.model.transformer, module), value, put)
        _, layer, at = name.split(".", 2)
        block, width = self.block(int(layer)), self.model.config.n_embd
        if at in ("attn.hook_q", "attn.hook_k", "attn.hook_v"):
            start = "qkv".index(at[-1]) * width
            return self.on_output(block.attn.c_attn, lambda x: put(x, slice(start, start + width)))
        if at == "hook_resid_mid":  # both what is added to and what goes on: make attention add what is missing
            entered = {}
            self.on_input(block, lambda x: entered.setdefault("x", x))

            def add(x):
                x[0, onto] = value - entered["x"][0, onto]
                return x

            return self.on_output(block.attn, add)
        places = {
            "hook_resid_pre": (self.on_input, block),
            "attn.hook_z": (self.on_input, block.attn.c_proj),
            "hook_attn_out": (self.on_output, block.attn),
            "mlp.hook_pre": (self.on_output, block.mlp.c_fc),
            "mlp.hook_post": (self.on_input, block.mlp.c_proj),
            "hook_mlp_out": (self.on_output, block.mlp),
            "hook_resid_post": (self.on_output, block),
        }
        if at in places:
            on, module = places[at]
            return on(module, put)
        return self.put_at(name, block.ln_1 if at.startswith("ln1") else block.ln_2, value, put)

    def put_at(self, name: str, module, value: torch.Tensor, put) -> None:
        if name.endswith("hook_normalized"):  # before weight and bias
            value.copy_(value * module.weight + module.bias)
        self.on_output(module, put)

    @torch.no_grad()
    def log_probs(self) -> torch.Tensor:
        """Log-probabilities after the last token, in float64."""
        n = len(self.ids)
        mask = torch.zeros(n, n).masked_fill(torch.ones(n, n, dtype=torch.bool).triu(1), torch.finfo(torch.float32).min)
        for hidden in self.hidden:
            column = mask[:, hidden].clone()
            mask[:, hidden] = torch.finfo(torch.float32).min
            mask[hidden, hidden] = column[hidden]
        logits = self.model(torch.tensor([self.ids]), attention_mask=mask[None, None]).logits[0, -1]
        for handle in self.handles:
            handle.remove()
        return torch.log_softmax(logits.double(), -1)


def arguments(changes: list[tuple]) -> list[str]:
    """The changes as options of `headlight ablate`."""
    found = []
    for change in changes:
        match change:
            case ("heads", layer, head):
                found += ["--heads", f"{layer}.{head}"]
            case ("scale", layer, head, factor):
                found += ["--scale", f"{layer}.{head}={factor}"]
            case ("attn" | "mlp", layer, factor):
                found += [f"--{change[0]}", f"{layer}={factor}" if factor else f"{layer}"]
            case ("neuron", layer, neuron, factor):
                found += ["--neuron", f"{layer}.{neuron}={factor}" if factor else f"{layer}.{neuron}"]
            case ("hide", pos):
                found += ["--hide", f"{pos}"]
            case ("force", layer, head, how):
                found += ["--force", f"{layer}.{head}={how}"]
            case ("patch", name, onto, origin):
                found += ["--patch", f"{name}@{onto}" if onto == origin else f"{name}@{onto}={origin}"]
    return found + (["--from", OTHER] if any(change[0] == "patch" for change in changes) else [])


def random_changes(rng: random.Random, config, n: int, n_other: int) -> list[tuple]:
    """Up to six changes, no two of one part."""
    changes = {}
    for _ in range(rng.randint(1, 6)):
        layer, head = rng.randrange(config.n_layer), rng.randrange(config.n_head)
        factor = rng.choice([0.0, 0.5, 1.5, 2.0])
        kind = rng.choice(["heads", "scale", "attn", "mlp", "neuron", "hide", "force", "patch", "patch", "patch"])
        hook = rng.choice([f"blocks.{layer}.{name}" for name in PATCHED])
        hook = rng.choice([hook] * 8 + ["hook_embed", "hook_pos_embed", "ln_final.hook_normalized"])
        onto, origin = rng.randrange(n), rng.randrange(n_other)
        if onto < n_other and rng.random() < 0.3:
            origin = onto
        neuron = rng.randrange(config.n_inner or 4 * config.n_embd)
        change = {
            "heads": ("heads", layer, head),
            "scale": ("scale", layer, head, factor),
            "attn": ("attn", layer, factor),
            "mlp": ("mlp", layer, factor),
            "neuron": ("neuron", layer, neuron, factor),
            "hide": ("hide", onto),
            "force": ("force", layer, head, rng.choice(["uniform", "previous"])),
            "patch": ("patch", hook, onto, origin),
        }[kind]
        part = {"scale": "heads"}.get(kind, kind), *(change[1:3] if kind in ("heads", "scale", "force") else change[1:2])
        changes.setdefault(part + ((onto,) if kind == "patch" else ()), change)
    return list(changes.values())


def each_change(config, n: int) -> list[list[tuple]]:
    """Every kind of change once, by itself."""
    last = config.n_layer - 1
    alone = [("heads", 0, 1), ("scale", last, 0, 2.0), ("attn", 0, 0.0), ("attn", last, 0.5), ("mlp", 0, 0.0),
             ("mlp", last, 1.5), ("neuron", 0, 3, 0.0), ("neuron", last, 7, 2.0), ("hide", 0), ("hide", 1),
             ("force", 0, 0, "uniform"), ("force", last, 1, "previous")]  # fmt: skip
    hooks = ["hook_embed", "hook_pos_embed", "ln_final.hook_normalized"]
    hooks += [f"blocks.{layer}.{name}" for layer in (0, last) for name in PATCHED]
    # The last token's own values decide the prediction, the keys and values of earlier ones take part in it.
    onto = lambda hook: 1 if hook.endswith(("hook_k", "hook_v")) else n - 1  # noqa: E731
    return [[change] for change in alone] + [[("patch", hook, onto(hook), 2)] for hook in hooks]


class Check:
    def __init__(self, program: str, folder: str):
        self.program, self.folder = program, folder
        self.model = reference.load(folder)
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.other = reference.record(self.model, self.encode(OTHER))
        self.worst, self.count = 0.0, 0

    def encode(self, text: str) -> list[int]:
        return reference.encode(self.tokenizer, text, self.model.config.n_positions)

    def run(self, *args: str) -> dict:
        command = [self.program, *args, "--model", self.folder, "--json"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return json.loads(done.stdout)

    def note(self, difference: float, what: str) -> None:
        assert difference <= TOLERANCE, f"{self.folder}: {what}: differs by {difference:.3g}"
        self.worst = max(self.worst, difference)

    def after(self, ids: list[int], changes: list[tuple]) -> torch.Tensor:
        found = [
            ("patch", c[1], c[2], self.other[c[1]][c[3]].clone()) if c[0] == "patch" else c for c in changes
        ]
        return Changed(self.model, ids, found).log_probs()

    def sweep(self, text: str) -> None:
        ids = self.encode(text)
        before = self.after(ids, [])
        sweep = self.run("sweep", "--text", text)
        token = sweep["token"]["id"]
        assert token == before.argmax().item()
        self.note(abs(sweep["log_prob"] - before[token].item()), "log-probability")
        for layer, row in enumerate(sweep["changes"]):
            for head, change in enumerate(row):
                expected = (self.after(ids, [("heads", layer, head)])[token] - before[token]).item()
                self.note(abs(change - expected), f"sweep, head {layer}.{head}")

    def experiment(self, text: str, changes: list[tuple]) -> None:
        ids, what = self.encode(text), f"{text!r} {changes}"
        before, after = self.after(ids, []), self.after(ids, changes)
        top = str(self.model.config.vocab_size)
        found = self.run("ablate", "--text", text, "--top", top, *arguments(changes))
        assert len(found["next"]) == len(after)
        kl = (before.exp() * (before - after)).sum().item() / torch.log(torch.tensor(2.0)).item()
        self.note(abs(found["kl_bits"] - kl) / max(1.0, kl), f"divergence, {what}")
        probs = torch.tensor([[row["id"], row["after"]] for row in found["next"]], dtype=torch.float64)
        self.note((probs[:, 1] - after.exp()[probs[:, 0].long()]).abs().max().item(), what)
        self.count += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--headlight", metavar="PATH", required=True)
    parser.add_argument("--random", metavar="N", type=int, default=20)
    parser.add_argument("folders", nargs="*", default=[str(HERE / "tiny"), str(HERE.parents[1] / "models" / "storybook")])
    args = parser.parse_args()
    for folder in args.folders:
        rng, check = random.Random(0), Check(args.headlight, folder)
        config = check.model.config
        check.sweep(TEXTS[0])
        for changes in each_change(config, len(check.encode(TEXTS[0]))):
            check.experiment(TEXTS[0], changes)
        for _ in range(args.random):
            text = rng.choice(TEXTS)
            changes = random_changes(rng, config, len(check.encode(text)), len(check.other["tokens"]))
            check.experiment(text, changes)
        print(f"ok   {folder}: a sweep and {check.count} experiments, largest difference {check.worst:.2g}")


if __name__ == "__main__":
    main()
