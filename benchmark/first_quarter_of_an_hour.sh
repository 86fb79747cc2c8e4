#!/usr/bin/env bash
# What to run first on a GPU: how fast it draws, whether nano comes out, whether nano's training runs.
#
#   benchmark/first_quarter_of_an_hour.sh [OUT]      default build/first_quarter; DEVICE=cuda, MINUTES=15
# Needs catbench with its extra `generate`, and no network. Every step's output is in OUT as it comes. A step that
# fails or runs out of time is named; the next one starts. SUITE=FOLDER draws another suite than an SDXL with
# random weights, which takes as long as the real one.
set -uo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
out="${1:-build/first_quarter}" device="${DEVICE:-cuda}" suite="${SUITE:-}"
ends=$((SECONDS + 60 * ${MINUTES:-15}))
mkdir -p "$out" && out="$(cd "$out" && pwd)" || exit 2
export HF_HUB_OFFLINE=1

step() { # NAME COMMAND...
    local name="$1" left=$((ends - SECONDS)) began=$SECONDS status=0
    shift
    timeout --kill-after=10 "$((left > 0 ? left : 1))" "$@" 2>&1 | tee "$out/$name.log" || status=$?
    echo "$name: status $status, $((SECONDS - began)) s" | tee -a "$out/steps.txt"
}

random_sdxl() { # writes $out/sdxl (a pipeline) and $out/suite
    "${PYTHON:-python3}" - "$out" <<'PYTHON'
import sys; from pathlib import Path
from catbench_make.packages import prepare; prepare()
import diffusers, pandas, torch, transformers; from catbench import Suite
from catbench.suite.info import Metric, SuiteInfo
from catbench.suite.store import save
from catbench_make.costs.architectures import RELEASED
from catbench_make.plan.candidates import SDXL, find_candidate
out, real = Path(sys.argv[1]), RELEASED[SDXL].parts
torch.set_default_dtype(torch.bfloat16)
ends = {"bos_token_id": 49406, "eos_token_id": 49407}
texts = [getattr(transformers, config["architectures"][0])(transformers.CLIPTextConfig(**{**config, **ends}))
         for config in (real["text_encoder"], real["text_encoder_2"])]
letters = [letter + end for letter in "abcdefghijklmnopqrstuvwxyz" for end in ("", "</w>")]
words = {word: i for i, word in enumerate(letters)} | {"<|startoftext|>": 49406, "<|endoftext|>": 49407}
tokens = transformers.CLIPTokenizer(vocab=words, merges=[], pad_token="<|endoftext|>", model_max_length=77)
diffusers.StableDiffusionXLPipeline(
    diffusers.AutoencoderKL.from_config(real["vae"]), *texts, tokens, tokens,
    diffusers.UNet2DConditionModel.from_config(real["unet"]), diffusers.EulerDiscreteScheduler(),
    add_watermarker=False).save_pretrained(out / "sdxl")
change = {"pipeline": str(out / "sdxl"), "revision": "", "variant": "", "weights": None}
pool = [one.model_copy(update={"settings": one.settings | change}) for one in map(find_candidate, ("sdxl-20", "sdxl-lightning-4"))]
rows = [(f"p{i}", f"a picture of {i} things", "random", f"g{i}", "test" if i > 1 else ("train", "validation")[i])
        for i in range(64)]
prompts = pandas.DataFrame(rows, columns=["prompt_id", "text", "source", "group", "split"])
info, metrics, samples = SuiteInfo(id="random-sdxl"), (Metric(name="sharpness"),), dict.fromkeys(("train", "validation", "test"), 1)
suite = Suite(suite=info, prompts=prompts, candidates=tuple(pool), metrics=metrics, samples=samples)
save(suite, out / "suite", force=True)
PYTHON
}

[[ -n "$suite" ]] || { random_sdxl && suite="$out/suite"; } || exit 2
step measure catbench measure "$suite" --out "$out/costs.parquet" --device "$device" --batches 1,2,4,8 --rounds 1
step loop catbench generate "$suite" --out "$out/loop" --device "$device"
step nano catbench generate nano --out "$out/nano" --device "$device"
step nano-costs catbench measure nano --out "$out/nano-costs.parquet" --device "$device" --batches 1,8,64 --rounds 1
step compiled catbench measure "$suite" --out "$out/compiled.parquet" --device "$device" --batches 8 --rounds 1 --compile
cd "$here" && step training "${PYTHON:-python3}" -m nano_training.train all --out "$out/training" --device "$device"
