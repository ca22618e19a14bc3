"""Every activation of BERT-like encoders and Marian translators, as Hugging Face transformers computes it.

The sister of reference.py for post-norm models: BERT, DistilBERT and RoBERTa (encoders, with or without a head
that predicts masked words) and Marian (encoder and decoder with cross-attention). What a module of transformers
exposes is taken from it by a hook; what happens between modules is recomputed and must reproduce what the next
module received.

    python reference_postnorm.py FOLDER --text "The cat sat" [--target "El gato"] --out reference.safetensors
"""

import argparse
import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a checkpoint is a folder, never a download

import torch
from reference import must_agree
from safetensors.torch import save_file
from torch.nn.functional import normalize
from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM, AutoTokenizer, MarianMTModel

BLOCK = (
    "hook_resid_pre attn.hook_q attn.hook_k attn.hook_v attn.hook_attn_scores attn.hook_pattern attn.hook_z"
    " hook_attn_out hook_resid_mid ln1.hook_scale ln1.hook_normalized"
)
CROSS = (
    "cross_attn.hook_q cross_attn.hook_k cross_attn.hook_v cross_attn.hook_attn_scores cross_attn.hook_pattern"
    " cross_attn.hook_z hook_cross_attn_out hook_resid_mid_cross ln2.hook_scale ln2.hook_normalized"
)
MLP = "mlp.hook_pre mlp.hook_post hook_mlp_out hook_resid_post {ln}.hook_scale {ln}.hook_normalized hook_normalized_resid_post"


def block_names(n_layers: int, is_decoder: bool = False) -> list[str]:
    last = MLP.format(ln="ln3" if is_decoder else "ln2")
    names = f"{BLOCK} {CROSS} {last}" if is_decoder else f"{BLOCK} {last}"
    return [f"blocks.{layer}.{name}" for layer in range(n_layers) for name in names.split()]


class Watch:
    """Keeps what goes in and out of modules during one forward pass, without the batch axis."""

    def __init__(self):
        self.seen, self.hooks = {}, []

    def input(self, name, module):
        def hook(_, args, kwargs):
            value = args[0] if args else kwargs["hidden_states"]
            self.seen[name] = value[0].clone()

        self.hooks.append(module.register_forward_pre_hook(hook, with_kwargs=True))

    def output(self, name, module):
        def hook(_, __, output):
            output = output[0] if isinstance(output, tuple) else output
            self.seen[name] = output[0].clone()

        self.hooks.append(module.register_forward_hook(hook))

    def norm(self, name, module):
        self.input(f"{name}.input", module)
        self.output(f"{name}.output", module)

    def done(self):
        for hook in self.hooks:
            hook.remove()

    def split_norm(self, name, module):
        """What the norm divides by and what it yields before its weight; its input is what the stream was."""
        x, output = self.seen[f"{name}.input"], self.seen[f"{name}.output"]
        scale = (x.var(-1, keepdim=True, unbiased=False) + module.eps).sqrt()
        normalized = (x - x.mean(-1, keepdim=True)) / scale
        must_agree(name, normalized * module.weight + module.bias, output, 1e-5)
        self.seen[f"{name}.hook_scale"], self.seen[f"{name}.hook_normalized"] = scale, normalized
        return x, output

    def attention(self, name, attention, pattern, is_causal):
        q, k, v = (self.seen[f"{name}.{part}"] for part in "qkv")
        n_head = attention.n_heads
        q, k, v = (x.view(len(x), n_head, -1) for x in (q, k, v))
        scores = torch.einsum("qhd,khd->hqk", q, k) * q.shape[-1] ** -0.5
        if is_causal:
            scores = scores.masked_fill(torch.ones_like(scores[0], dtype=torch.bool).triu(1), float("-inf"))
        must_agree(f"{name}.hook_pattern", scores.softmax(-1), pattern, 1e-5)
        z = self.seen[f"{name}.z"].view(q.shape)
        must_agree(f"{name}.hook_z", torch.einsum("hqk,khd->qhd", pattern, v), z, 1e-5)
        for part, value in {"q": q, "k": k, "v": v, "attn_scores": scores, "pattern": pattern, "z": z}.items():
            self.seen[f"{name}.hook_{part}"] = value


class Attention:
    """Where the parts of an attention are, whatever a model calls them."""

    def __init__(self, n_heads, q, k, v, out):
        self.n_heads, self.q, self.k, self.v, self.out = n_heads, q, k, v, out

    def watch(self, watch, name):
        for part in "qkv":
            watch.output(f"{name}.{part}", getattr(self, part))
        watch.input(f"{name}.z", self.out)


class Block:
    """Where the parts of a post-norm block are."""

    def __init__(self, module, attn, ln1, up, down, ln_last, cross=None, ln_cross=None):
        self.module, self.attn, self.ln1, self.up, self.down, self.ln_last = module, attn, ln1, up, down, ln_last
        self.cross, self.ln_cross = cross, ln_cross

    @property
    def last(self):
        return "ln3" if self.cross else "ln2"

    def watch(self, watch, at):
        watch.input(f"{at}.hook_resid_pre", self.module)
        self.attn.watch(watch, f"{at}.attn")
        watch.output(f"{at}.hook_attn_out", self.attn.out)
        watch.norm(f"{at}.ln1", self.ln1)
        if self.cross:
            self.cross.watch(watch, f"{at}.cross_attn")
            watch.output(f"{at}.hook_cross_attn_out", self.cross.out)
            watch.norm(f"{at}.ln2", self.ln_cross)
        watch.output(f"{at}.mlp.hook_pre", self.up)
        watch.input(f"{at}.mlp.hook_post", self.down)
        watch.output(f"{at}.hook_mlp_out", self.down)
        watch.norm(f"{at}.{self.last}", self.ln_last)

    def finish(self, watch, at, pattern, cross_pattern=None):
        seen = watch.seen
        watch.attention(f"{at}.attn", self.attn, pattern, is_causal=self.cross is not None)
        mid, stream = watch.split_norm(f"{at}.ln1", self.ln1)
        seen[f"{at}.hook_resid_mid"] = mid
        must_agree(f"{at}.hook_resid_mid", seen[f"{at}.hook_resid_pre"] + seen[f"{at}.hook_attn_out"], mid, 1e-6)
        if self.cross:
            watch.attention(f"{at}.cross_attn", self.cross, cross_pattern, is_causal=False)
            mid, after = watch.split_norm(f"{at}.ln2", self.ln_cross)
            seen[f"{at}.hook_resid_mid_cross"] = mid
            must_agree(f"{at}.hook_resid_mid_cross", stream + seen[f"{at}.hook_cross_attn_out"], mid, 1e-6)
            stream = after
        post, after = watch.split_norm(f"{at}.{self.last}", self.ln_last)
        must_agree(f"{at}.hook_resid_post", stream + seen[f"{at}.hook_mlp_out"], post, 1e-6)
        seen[f"{at}.hook_resid_post"], seen[f"{at}.hook_normalized_resid_post"] = post, after


def load_encoder(folder):
    """With its head for masked words when the checkpoint has one."""
    architecture = (AutoConfig.from_pretrained(folder).architectures or [""])[0]
    has_head = architecture.endswith(("ForMaskedLM", "ForPreTraining"))
    kind = AutoModelForMaskedLM if has_head else AutoModel
    model = kind.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    return model, has_head


def encoder_blocks(base):
    if base.config.model_type == "distilbert":
        for layer in base.transformer.layer:
            a = layer.attention
            attn = Attention(base.config.n_heads, a.q_lin, a.k_lin, a.v_lin, a.out_lin)
            yield Block(layer, attn, layer.sa_layer_norm, layer.ffn.lin1, layer.ffn.lin2, layer.output_layer_norm)
    else:
        for layer in base.encoder.layer:
            a, out = layer.attention.self, layer.attention.output
            attn = Attention(base.config.num_attention_heads, a.query, a.key, a.value, out.dense)
            yield Block(
                layer, attn, out.LayerNorm, layer.intermediate.dense, layer.output.dense, layer.output.LayerNorm
            )


def head_norm(model):
    """The norm inside the head for masked words, and the head's last layer."""
    kind = model.config.model_type
    if kind == "distilbert":
        return model.vocab_layer_norm, model.vocab_projector
    if kind == "bert":
        return model.cls.predictions.transform.LayerNorm, model.cls.predictions.decoder
    return model.lm_head.layer_norm, model.lm_head.decoder


@torch.no_grad()
def record_encoder(model, has_head: bool, ids: list[int]) -> dict[str, torch.Tensor]:
    """All activations of an encoder for one text, without a batch axis, in hook order."""
    base = model.base_model
    watch, embeddings, blocks = Watch(), base.embeddings, list(encoder_blocks(base))
    has_segments = hasattr(embeddings, "token_type_embeddings")
    watch.output("hook_embed", embeddings.word_embeddings)
    watch.output("hook_pos_embed", embeddings.position_embeddings)
    if has_segments:
        watch.output("hook_token_type_embed", embeddings.token_type_embeddings)
    watch.norm("embed.ln", embeddings.LayerNorm)
    for layer, block in enumerate(blocks):
        block.watch(watch, f"blocks.{layer}")
    if has_head:
        ln, decoder = head_norm(model)
        watch.norm("mlm_head.ln", ln)
        watch.output("logits", decoder)
    try:
        output = model(torch.tensor([ids]), output_attentions=True, output_hidden_states=True)
    finally:
        watch.done()
    seen = watch.seen
    total = seen["hook_embed"] + seen["hook_pos_embed"] + (seen["hook_token_type_embed"] if has_segments else 0)
    before, seen["hook_full_embed"] = watch.split_norm("embed.ln", embeddings.LayerNorm)
    must_agree("embed.ln", total, before, 1e-6)
    for layer, block in enumerate(blocks):
        block.finish(watch, f"blocks.{layer}", output.attentions[layer][0])
        must_agree("hook_resid_pre", seen[f"blocks.{layer}.hook_resid_pre"], output.hidden_states[layer][0], 0.0)
    last = output.hidden_states[-1][0]
    must_agree("last", seen[f"blocks.{len(blocks) - 1}.hook_normalized_resid_post"], last, 0.0)
    # Mean pooling and normalisation, as sentence-transformers' Pooling and Normalize modules.
    seen["pooled"] = normalize(last.mean(0), dim=0)
    if has_head:
        watch.split_norm("mlm_head.ln", ln)
        seen["logits"] = output.logits[0]
    seen["tokens"] = torch.tensor(ids)
    names = ["tokens", "hook_embed", "hook_pos_embed", *(["hook_token_type_embed"] if has_segments else [])]
    names += ["embed.ln.hook_scale", "embed.ln.hook_normalized", "hook_full_embed", *block_names(len(blocks)), "pooled"]
    names += ["mlm_head.ln.hook_scale", "mlm_head.ln.hook_normalized", "logits"] if has_head else []
    return {name: seen[name].contiguous() for name in names}


def load_translator(folder) -> MarianMTModel:
    return MarianMTModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()


def marian_blocks(layers, n_heads):
    def attention(a):
        return Attention(n_heads, a.q_proj, a.k_proj, a.v_proj, a.out_proj)

    for layer in layers:
        cross = getattr(layer, "encoder_attn", None)
        yield Block(
            layer, attention(layer.self_attn), layer.self_attn_layer_norm, layer.fc1, layer.fc2, layer.final_layer_norm,
            cross and attention(cross), cross and layer.encoder_attn_layer_norm,
        )  # fmt: skip


@torch.no_grad()
def record_translator(model: MarianMTModel, source: list[int], target: list[int]) -> dict[str, torch.Tensor]:
    """All activations for a source text and what the decoder reads, in hook order."""
    encoder, decoder, config = model.model.encoder, model.model.decoder, model.config
    watch = Watch()
    stacks = {
        "encoder": (encoder, list(marian_blocks(encoder.layers, config.encoder_attention_heads))),
        "decoder": (decoder, list(marian_blocks(decoder.layers, config.decoder_attention_heads))),
    }
    for name, (stack, blocks) in stacks.items():
        watch.output(f"{name}.hook_embed", stack.embed_tokens)
        watch.output(f"{name}.hook_pos_embed", stack.embed_positions)
        for layer, block in enumerate(blocks):
            block.watch(watch, f"{name}.blocks.{layer}")
    try:
        output = model(
            input_ids=torch.tensor([source]), decoder_input_ids=torch.tensor([target]),
            output_attentions=True, output_hidden_states=True, use_cache=False,
        )  # fmt: skip
    finally:
        watch.done()
    seen = watch.seen
    # The position table is looked up by an embedding without a batch axis.
    for name, ids in (("encoder", source), ("decoder", target)):
        seen[f"{name}.hook_pos_embed"] = stacks[name][0].embed_positions.weight[: len(ids)].clone()
        seen[f"{name}.hook_embed"] = seen[f"{name}.hook_embed"] * encoder.embed_scale
        entering = seen[f"{name}.blocks.0.hook_resid_pre"]
        must_agree(name, seen[f"{name}.hook_embed"] + seen[f"{name}.hook_pos_embed"], entering, 1e-6)
    for layer, block in enumerate(stacks["encoder"][1]):
        block.finish(watch, f"encoder.blocks.{layer}", output.encoder_attentions[layer][0])
    for layer, block in enumerate(stacks["decoder"][1]):
        patterns = output.decoder_attentions[layer][0], output.cross_attentions[layer][0]
        block.finish(watch, f"decoder.blocks.{layer}", *patterns)
    seen["logits"] = output.logits[0]
    seen["encoder.tokens"], seen["tokens"] = torch.tensor(source), torch.tensor(target)
    names = ["encoder.tokens", "encoder.hook_embed", "encoder.hook_pos_embed"]
    names += [f"encoder.{name}" for name in block_names(config.encoder_layers)]
    names += ["tokens", "decoder.hook_embed", "decoder.hook_pos_embed"]
    names += [f"decoder.{name}" for name in block_names(config.decoder_layers, is_decoder=True)]
    return {name: seen[name].contiguous() for name in [*names, "logits"]}


def target_ids(model, tokenizer, target: str) -> list[int]:
    """What the decoder reads for a target text: the start token, then the target's tokens but the last."""
    ids = tokenizer(text_target=target)["input_ids"]
    return [model.config.decoder_start_token_id, *ids[:-1]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--text", required=True)
    parser.add_argument("--target")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(args.folder)
    if AutoConfig.from_pretrained(args.folder).is_encoder_decoder:
        model = load_translator(args.folder)
        ids = tokenizer(args.text)["input_ids"]
        seen = record_translator(model, ids, target_ids(model, tokenizer, args.target or ""))
    else:
        model, has_head = load_encoder(args.folder)
        tokenizer.backend_tokenizer.no_padding()
        seen = record_encoder(model, has_head, tokenizer(args.text, truncation=False)["input_ids"])
    save_file(seen, args.out)


if __name__ == "__main__":
    main()
