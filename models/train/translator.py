"""Trains the translator on a CPU and writes it in Hugging Face's Marian format (`MarianMTModel`).

  python translator.py PAIRS.tsv.gz OUT --minutes 80
  python translator.py PAIRS.tsv.gz OUT --score       # only measures what is in OUT

Needs torch, transformers, tokenizers, safetensors, sacrebleu. PAIRS has an English and a Spanish sentence per line. The
architecture is the transformer of Vaswani et al. 2017: norms after each sum, sinusoidal positions, ReLU, one shared table of
embeddings. Hidden matrices use Muon (Jordan et al. 2024), the rest AdamW; the rate rises, stays, and falls to zero.
Every 60th English sentence (by its hash) is held out with all its translations.
"""
import argparse, gzip, hashlib, json, math, os, random, time
from collections import defaultdict
import torch, torch.nn.functional as F
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import MarianConfig, MarianMTModel, PreTrainedTokenizerFast

ap = argparse.ArgumentParser()
ap.add_argument("pairs"); ap.add_argument("out")
ap.add_argument("--minutes", type=float, default=80); ap.add_argument("--threads", type=int, default=2)
ap.add_argument("--vocab", type=int, default=4096); ap.add_argument("--tokens", type=int, default=2400, help="target tokens per batch")
ap.add_argument("--lr", type=float, default=2e-3); ap.add_argument("--muon-lr", type=float, default=0.02)
ap.add_argument("--score", action="store_true")
args = ap.parse_args()
torch.manual_seed(7); random.seed(7); torch.set_num_threads(args.threads); os.makedirs(args.out, exist_ok=True)
END, UNKNOWN, PAD = "</s>", "<unk>", "<pad>"

def is_held_out(english): return int(hashlib.sha1(english.encode()).hexdigest(), 16) % 60 == 0
lines = [l.rstrip("\n").split("\t") for l in gzip.open(args.pairs, "rt", encoding="utf-8")]
train, held_out = [], defaultdict(list)
for english, spanish in lines:
    if is_held_out(english): held_out[english].append(spanish)
    else: train.append((english, spanish))
print(f"{len(train)} pairs to learn from, {len(held_out)} English sentences held out", flush=True)

def make_tokenizer():
    """Byte-pair encoding in SentencePiece's style; what it does not know falls apart into bytes, so nothing is lost."""
    tok = Tokenizer(models.BPE(unk_token=UNKNOWN, byte_fallback=True))
    tok.normalizer = normalizers.NFC()
    tok.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Metaspace(), pre_tokenizers.Split(Regex(r"▁?[^\p{L}▁]"), "isolated")])
    tok.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokens = [f"<0x{b:02X}>" for b in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=args.vocab - 1, special_tokens=[END, UNKNOWN], show_progress=False, min_frequency=3, limit_alphabet=110)
    tok.train_from_iterator([s for pair in train for s in pair], trainer)
    # The byte tokens take the places of the last merges: the trainer knows nothing of them.
    data = json.loads(tok.to_str()); bpe = data["model"]
    keep = args.vocab - 1 - 256
    by_id = sorted(bpe["vocab"], key=bpe["vocab"].get)[:keep]
    kept = set(by_id)
    bpe["merges"] = [m for m in bpe["merges"] if "".join(m) in kept and m[0] in kept and m[1] in kept]
    bpe["vocab"] = {t: i for i, t in enumerate(by_id[:2] + tokens + by_id[2:] + [PAD])}
    data["added_tokens"] = [dict(id=bpe["vocab"][t], content=t, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True) for t in (END, UNKNOWN, PAD)]
    tok = Tokenizer.from_str(json.dumps(data))
    tok.post_processor = processors.TemplateProcessing(single=f"$A {END}", special_tokens=[(END, 0)])
    return tok

path = args.out + "/tokenizer.json"
if not os.path.exists(path): make_tokenizer().save(path)
tok = Tokenizer.from_file(path); pad = tok.token_to_id(PAD); end = tok.token_to_id(END)
config = MarianConfig(
    vocab_size=args.vocab, d_model=160, encoder_layers=3, decoder_layers=3, encoder_attention_heads=4, decoder_attention_heads=4,
    encoder_ffn_dim=640, decoder_ffn_dim=640, activation_function="relu", max_position_embeddings=128, dropout=0.1, attention_dropout=0.0,
    activation_dropout=0.0, scale_embedding=True, pad_token_id=pad, eos_token_id=end, decoder_start_token_id=pad, forced_eos_token_id=end,
    share_encoder_decoder_embeddings=True, tie_word_embeddings=True, init_std=0.02)

def save(model):
    model.half().save_pretrained(args.out); model.float()
    PreTrainedTokenizerFast(tokenizer_object=tok, eos_token=END, unk_token=UNKNOWN, pad_token=PAD, model_max_length=128).save_pretrained(args.out)
    path = args.out + "/tokenizer_config.json"; text = open(path).read()
    open(path, "w").write(text.replace("TokenizersBackend", "PreTrainedTokenizerFast"))  # the name that older transformers know

def ids(texts, extra=()): return [list(extra) + e.ids for e in tok.encode_batch(list(texts))]
def padded(rows, value): return torch.tensor([r + [value] * (max(map(len, rows)) - len(r)) for r in rows])

def batches(rows):
    """Pairs of like length together, about `--tokens` padded target tokens each, in random order."""
    rows = sorted(rows, key=lambda r: (len(r[1]) + random.random() * 2, len(r[0])))
    found, batch = [], []
    for row in rows:
        if batch and (len(batch) + 1) * max(len(row[1]), max(len(r[1]) for r in batch)) > args.tokens: found.append(batch); batch = []
        batch.append(row)
    found.append(batch); random.shuffle(found)
    return found

def loss_of(model, batch, smoothing):
    source, target = padded([s for s, _ in batch], pad), padded([t for _, t in batch], pad)
    start = torch.full((len(batch), 1), pad)
    fed = torch.cat([start, target[:, :-1]], 1)
    logits = model(input_ids=source, attention_mask=(source != pad).long(), decoder_input_ids=fed).logits
    return F.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=pad, label_smoothing=smoothing), (logits.argmax(2) == target)[target != pad]

class Muon(torch.optim.Optimizer):
    """Momentum whose update of each matrix is orthogonalised by Newton-Schulz steps."""
    def __init__(self, params, lr): super().__init__(params, dict(lr=lr))
    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]; buf = state.setdefault("momentum", torch.zeros_like(p))
                buf.lerp_(p.grad, 0.05); x = p.grad.lerp(buf, 0.95)
                flip = x.shape[0] > x.shape[1]; x = x.T if flip else x
                x = x / (x.norm() + 1e-7)
                for _ in range(5):
                    a = x @ x.T; x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
                x = x.T if flip else x
                p.mul_(1 - group["lr"] * 0.01).add_(x, alpha=-group["lr"] * max(1, p.shape[0] / p.shape[1]) ** 0.5)

def train_model():
    model = MarianMTModel(config)
    print(f"{sum(p.numel() for n, p in model.named_parameters() if 'embed_positions' not in n)} parameters", flush=True)
    hidden = [p for n, p in model.named_parameters() if p.requires_grad and p.dim() == 2 and "shared" not in n and "embed" not in n]
    rest = [p for p in model.parameters() if p.requires_grad and not any(p is h for h in hidden)]
    optimizers = [Muon(hidden, args.muon_lr), torch.optim.AdamW(rest, lr=args.lr, betas=(0.9, 0.98), weight_decay=0.0)]
    rates = [args.muon_lr, args.lr]
    rows = [(s, t) for s, t in zip(ids(e for e, _ in train), ids(s for _, s in train)) if len(s) <= 100 and len(t) <= 100]
    began = saved = time.time(); step = epoch = 0; shown = []
    progress = lambda: (time.time() - began) / (args.minutes * 60)
    while progress() < 1:
        epoch += 1; model.train()
        for batch in batches(rows):
            at = progress()
            if at >= 1: break
            rate = min(1, (step + 1) / 200) * min(1, (1 - at) / 0.55)
            for optimizer, full in zip(optimizers, rates): optimizer.param_groups[0]["lr"] = full * rate
            loss, right = loss_of(model, batch, 0.1)
            loss.backward(); torch.nn.utils.clip_grad_norm_(rest, 1.0)
            for optimizer in optimizers: optimizer.step(); optimizer.zero_grad()
            step += 1; shown.append((loss.item(), right.float().mean().item()))
            if step % 100 == 0:
                print(f"epoch {epoch} step {step} {at:.0%} loss {sum(l for l, _ in shown) / len(shown):.3f} right {sum(r for _, r in shown) / len(shown):.1%}", flush=True); shown = []
            if time.time() - saved > 300: save(model); saved = time.time()
    save(model)

def score():
    from sacrebleu.metrics import CHRF
    model = MarianMTModel.from_pretrained(args.out).float().eval()
    right = total = 0
    with torch.no_grad():
        for batch in batches(list(zip(ids(e for e, ts in held_out.items() for _ in ts), ids(t for ts in held_out.values() for t in ts)))):
            hits = loss_of(model, batch, 0.0)[1]; right += hits.sum().item(); total += hits.numel()
        english = sorted(held_out, key=len); translations = []
        for i in range(0, len(english), 64):
            source = padded(ids(english[i:i + 64]), pad)
            out = model.generate(input_ids=source, attention_mask=(source != pad).long(), max_new_tokens=60, num_beams=1, do_sample=False)
            translations += tok.decode_batch(out.tolist())
    most = max(map(len, held_out.values()))
    references = [[held_out[e][k] if k < len(held_out[e]) else "" for e in english] for k in range(most)]
    result = {"sentences": len(english), "token_accuracy": right / total, "chrf_greedy": CHRF().corpus_score(translations, references).score}
    result["exact"] = sum(t in held_out[e] for e, t in zip(english, translations)) / len(english)
    print(json.dumps(result, indent=1))
    for e, t in random.sample(list(zip(english, translations)), 12): print(f"  {e}  ->  {t}   ({held_out[e][0]})")

if not args.score: train_model()
score()
