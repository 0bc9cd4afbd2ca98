"""Times the forward pass of 4 rows of 64 tokens through four layers as wide as Qwen2-VL-2B's, or of width 128 (--tiny),
random weights, in turn: pure Go, XLA and transformers with PyTorch, and prints tokens per second, peak memory and the
ratios to PyTorch.

  GOEXPERIMENT=simd go test -c -tags xla -o /tmp/bench ./uglib/backbone/qwen2vl
  python uglib/backbone/qwen2vl/testdata/bench.py /tmp/bench [--plugin /path/plugin.so] [--rounds 5]

Without --plugin there is no XLA; without torch or transformers (4.57) in this Python there is no PyTorch.
"""
import argparse, os, re, statistics, subprocess, sys, time

TEXT = dict(hidden_size=1536, intermediate_size=8960, num_hidden_layers=4, num_attention_heads=12, num_key_value_heads=2,
            vocab_size=4096, hidden_act="silu", max_position_embeddings=4096, max_window_layers=4, rms_norm_eps=1e-6,
            rope_theta=1e6, use_sliding_window=False, initializer_range=0.02,
            rope_scaling={"type": "mrope", "mrope_section": [16, 24, 24]})
TINY = dict(hidden_size=128, intermediate_size=384, num_attention_heads=4, num_key_value_heads=2,
            rope_scaling={"type": "mrope", "mrope_section": [4, 6, 6]})


def pytorch(passes, dtype, attention, tiny):
    import resource, torch
    from transformers.models.qwen2_vl.configuration_qwen2_vl import Qwen2VLTextConfig
    from transformers.models.qwen2_vl.modeling_qwen2_vl import Qwen2VLTextModel
    torch.manual_seed(0)
    cfg = Qwen2VLTextConfig(**(TEXT | TINY if tiny else TEXT))
    cfg._attn_implementation = attention
    model = Qwen2VLTextModel(cfg).to(getattr(torch, dtype)).eval()
    ids = torch.randint(0, 4000, (4, 64))
    mask = torch.ones_like(ids)

    def run():
        with torch.inference_mode():
            h = model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state[:, -1]
            return torch.nn.functional.normalize(h.float(), dim=-1).sum().item()
    run(), run()
    start = time.perf_counter()
    for _ in range(passes):
        run()
    took = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{256 * passes / took:.1f} tokens/s {peak:.0f} peak-MB")


def measure(command, env):
    out = subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True)
    number = lambda unit: float(re.search(r"([\d.]+) " + re.escape(unit), out.stdout).group(1))
    try:
        return number("tokens/s"), number("peak-MB")
    except AttributeError:
        sys.exit(f"{command}: {out.stdout}{out.stderr}")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("binary", help="the test binary of package qwen2vl")
    p.add_argument("--plugin", help="PJRT plugin, for XLA")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--passes", type=int, default=4, help="of each in a round")
    p.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    p.add_argument("--attention", default="sdpa", choices=["sdpa", "eager"], help="of PyTorch")
    p.add_argument("--tiny", action="store_true")
    p.add_argument("--pytorch", action="store_true", help=argparse.SUPPRESS)
    a = p.parse_args()
    if a.pytorch:
        return pytorch(a.passes, a.dtype, a.attention, a.tiny)
    go = [os.path.abspath(a.binary), "-test.run=^$", f"-test.bench=^BenchmarkForward$/^{'tiny' if a.tiny else 'wide'}$", f"-test.benchtime={a.passes}x"]
    kind = {} if a.dtype == "float32" else {"UG_BENCH_DTYPE": a.dtype}
    work = {"pure Go": (go, {**kind, "UG_BACKEND": "go"})}
    if a.plugin:
        work["XLA"] = (go, {**kind, "UG_BACKEND": "xla:" + os.path.abspath(a.plugin)})
    try:
        import torch, transformers
        name = f"PyTorch {torch.__version__}, transformers {transformers.__version__}, {a.attention}"
        work[name] = ([sys.executable, __file__, a.binary, "--pytorch", "--passes", str(a.passes), "--dtype", a.dtype, "--attention", a.attention] + ["--tiny"] * a.tiny, {})
    except ImportError as e:
        name = None
        print(f"without PyTorch: {e}", file=sys.stderr)
    results = {n: [] for n in work}
    for r in range(a.rounds):
        for n in list(work)[r % len(work):] + list(work)[:r % len(work)]:
            results[n].append(measure(*work[n]))
            print(f"round {r + 1}, load {os.getloadavg()[0]:.1f}: {n}: {results[n][-1][0]:.0f} tokens/s", file=sys.stderr)
    print(f"{a.dtype}, {os.cpu_count()} processors, {a.rounds} rounds of {a.passes} passes; median (least to most)")
    for n, rows in results.items():
        speed = [s for s, _ in rows]
        line = f"{n}: {statistics.median(speed):.0f} ({min(speed):.0f} to {max(speed):.0f}) tokens/s, {max(m for _, m in rows):.0f} MB at most"
        if name and n != name:
            ratios = [s / t for (s, _), (t, _) in zip(rows, results[name])]
            line += f"; {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) of PyTorch's speed"
        print(line)


main()
