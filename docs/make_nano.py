"""`python docs/make_nano.py`: docs/nano.md, what the shipped suite can and cannot tell."""

from __future__ import annotations

from functools import cache

import make_real
import numpy as np
from make_reports import ON_NANO
from make_shared import DOCS, report_of, table

from catbench import load
from catbench.errors import counted
from catbench.report.numbers import Estimate
from catbench.report.ranks import rank
from catbench.report.report import Report
from catbench.report.result import Result
from catbench.report.spelling import plain, spell
from catbench.score.bootstrap import Bootstrap, replicates
from catbench.suite.matrix import ScoreMatrix
from catbench_make.nano.nano_candidates import NEVER_SEEN, TEACHERS
from catbench_make.nano.reading import read
from catbench_make.nano.recogniser import scene_accuracy
from catbench_make.nano.world import CELLS, Scene

METRIC = "scene_accuracy"
REFERENCES = {
    "mixture": "mixture (does not read the prompt)",
    "cascade": "cascade (sees a first image)",
    "oracle_shrunk": "shrunk oracle, scored on an unseen image",
    "oracle": "oracle",
}
TEXT = """# nano: what it can and cannot tell

Made by `python docs/make_nano.py` from the shipped matrix and the reports in `baselines/reports/nano`.
Brackets are 95% intervals of a bootstrap over scenes ({prompts:,} test prompts of {groups:,} scenes,
{samples} images of each a candidate). What the numbers mean: [definitions](definitions.md). Which shapes and
colours each model has never seen: [the models](../benchmark/catbench/data/nano/README.md).

## Candidates

Scene accuracy is right / (1 + the things asked for, or shown where these are more). Right is each thing of
the right shape, colour and size in its place (in any, where the prompt leaves places open), and the
background. So an empty picture on the right background has a score too, and what is above it was drawn.

{candidates}

## No model knows everything

Scene accuracy on the test prompts whose every shape and colour a model was trained on, on those that name one
or two that it has never seen, and on those that name more; in brackets the number of prompts. Each row
has its own, and prompts further right hold more things. Then how often a candidate of this model has
the best mean over a prompt's images, a tie counting for each of the tied in equal parts.

{knowledge}

## Steps matter where a prompt leaves things open

Quality of L at fewer steps as a share of its quality at sixteen, by the number of things that a prompt asks
for; the last column is the share of an empty picture on the right background.

{steps}

Where places are open and there are two things or more, one step is no better than the empty picture. Where
places are given it is less far behind. Four steps are nearly as good as sixteen everywhere, and better where
places are given.

## Is reading the prompt worth it?

{worth}

Every shipped router, on scene accuracy, pool `all`, cost in TFLOPs on the logarithmic axis; a tier ends where
a router is surely behind the first of it, by the intervals of paired differences. Rows are equal where
`guarded` trusts ridge fully, and where `embedllm` keeps its full rank, which is ridge. Routers that read a
prompt as one vector read the suite's CLIP; `ridge:tfidf` counts its words and pairs of words (TF-IDF)
instead, as a router fitted for use does.

{routers}

## What there is to gain

Areas under the deferral curve, same metric and pool. The oracle chooses by the test scores themselves; the
shrunk oracle is scored on an image that it has not seen, and shows how much is within reach at least.

{references}

## What it cannot tell

- How people judge pictures, or how models of photographs compare: these are shapes in 32x32 pixels, held
  against the prompt alone, and what sets the models apart was decided by us.
- What many steps are worth: no candidate that costs more than `nano-l-4` is better beyond noise. They are
  here because people do draw with so many steps, and a router that overspends should be seen to.
- Which way of reading prompts is best: every concept is a word here, which suits `ridge:tfidf`.
- DDIM against Euler's steps: without noise they are the same step here, so `nano-ddim-8` draws what
  `nano-l-8` draws.
- What masked models can do: there is one, which is behind all others but R even where it has seen everything.
  Each of its pictures passes through 64 codes, by which its autoencoder, `vq`, loses some of it (the card of
  `vq` says how much).
"""


def page() -> str:
    """Return the page."""
    matrix = load("nano")
    test = matrix.prompts.iloc[matrix.rows("test")]
    found = {router: report_of(router) for router in ON_NANO}
    reports = {**found, "ridge-nano": report_of("ridge-nano")}
    if stale := [name for name in reports if reports[name].result().suite_digest != matrix.digest]:
        raise SystemExit(f"reports of another version of the suite: {stale}")
    return TEXT.format(
        prompts=len(test),
        groups=test["group"].nunique(),
        samples=matrix.samples["test"],
        candidates=_candidates(matrix),
        knowledge=knowledge(matrix),
        steps=_steps(matrix),
        worth=_worth(found, reports["ridge-nano"]),
        routers=_routers(found),
        references=_references(found["ridge"].result(METRIC)),
    )


def _candidates(matrix: ScoreMatrix) -> str:
    test = matrix.prompts.iloc[matrix.rows("test")]
    pool = matrix.pool()
    accuracy, clip = (matrix.qualities(name, "test", pool).mean(axis=2) for name in (METRIC, "clip_score"))
    given = (test["places"] == "given").to_numpy()
    groups = test["group"].to_numpy()
    columns = [*(_means(accuracy[part], groups[part]) for part in (given, ~given)), _means(clip, groups)]
    seconds = matrix.pool(cost="seconds").cost
    nothing = (plain(float(empty(matrix)[part].mean()), 3) for part in (given, ~given))
    rows = [["an empty picture", "", "", *nothing, ""]]
    for m in np.argsort(pool.cost, kind="stable"):
        prices = f"{pool.cost[m]:.5f}".lstrip("0"), f"{seconds[m] * 1000:.0f}"
        rows.append([f"`{pool.ids[m]}`", *prices, *(column[m] for column in columns)])
    heads = ["scene accuracy, places given", "places open", "CLIPScore"]
    return table(["candidate", "TFLOPs", "ms", *heads], rows)


@cache
def empty(matrix: ScoreMatrix) -> np.ndarray:
    """Return the scene accuracy of an empty picture on the right background, on every test prompt."""
    asked = [read(text) for text in matrix.prompts["text"].iloc[matrix.rows("test")]]
    return np.array([scene_accuracy(one, Scene(one.background, (None,) * CELLS)) for one in asked])


def knowledge(matrix: ScoreMatrix) -> str:
    """Return a row a model: how it draws what it has seen, and what it has not."""
    test = matrix.prompts.iloc[matrix.rows("test")]
    pool = matrix.pool()
    quality = matrix.qualities(METRIC, "test", pool).mean(axis=2)
    weights = [candidate.settings["pipeline"].rpartition(":")[2] for candidate in pool.candidates]
    best = quality == quality.max(axis=1, keepdims=True)
    shares = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
    asked, nothing = [_words(text) for text in test["text"]], empty(matrix)
    rows: list[list[str]] = []
    blanks: list[list[float]] = []
    for model in dict.fromkeys(weights):
        own = [m for m, name in enumerate(weights) if name == model]
        plain_ones = [m for m in own if not {"cache", "scheduler"} & pool.candidates[m].settings.keys()]
        most = max(plain_ones, key=lambda m: pool.cost[m])
        absent = NEVER_SEEN[TEACHERS.get(model, model)]
        unknown = np.array([len(words & {*absent.shapes, *absent.colours}) for words in asked])
        kinds = (unknown == 0, (unknown > 0) & (unknown < 3), unknown >= 3)
        cells = [f"{plain(float(quality[inside, most].mean()), 2)} ({inside.sum()})" for inside in kinds]
        blanks.append([float(nothing[inside].mean()) for inside in kinds])
        rows.append([f"`{pool.ids[most]}`", *cells, f"{shares[own].sum():.0%}"])
    rows.append(["an empty picture", *(plain(float(one), 2) for one in np.mean(blanks, axis=0)), ""])
    return table(["candidate", "all known", "one or two unknown", "more unknown", "model is best"], rows)


def _words(prompt: str) -> set[str]:
    """Return the shapes and colours that a prompt asks for."""
    asked = read(prompt)
    things = [thing for _, thing in asked.things] if isinstance(asked, Scene) else asked.things
    return {word for thing in things for word in (thing.shape, thing.colour)}


def _steps(matrix: ScoreMatrix) -> str:
    test = matrix.prompts.iloc[matrix.rows("test")]
    pool = matrix.pool("nano")
    quality = matrix.qualities(METRIC, "test", pool).mean(axis=2)
    nothing = empty(matrix)
    rows: list[list[str]] = []
    for places in ("open", "given"):
        for things in range(1, 7):
            inside = ((test["places"] == places) & (test["complexity"] == things)).to_numpy()

            def shares(weights: np.ndarray, kept: np.ndarray = quality[inside]) -> dict[str, np.ndarray]:
                means = weights @ kept
                return {"share": means / means[:, -1:]}

            found = replicates(shares, test["group"].to_numpy()[inside], Bootstrap()).intervals()["share"]
            ends = zip(found.value[:-1], found.low[:-1], found.high[:-1], strict=True)
            percents = [f"{value:.0%} [{low:.0%}, {high:.0%}]" for value, low, high in ends]
            blank = nothing[inside].mean() / quality[inside, -1].mean()
            rows.append([places, str(things), str(inside.sum()), *percents, f"{blank:.0%}"])
    steps = [counted(candidate.settings["steps"], "step") for candidate in pool.candidates[:-1]]
    return table(["places", "things", "prompts", *steps, "empty"], rows)


def _worth(found: dict[str, Report], homogeneous: Report) -> str:
    chosen, result = make_real.chosen(found, METRIC)
    one = homogeneous.result(METRIC)
    oracle, mixture = (result.references[name]["audc_linear"].value for name in ("oracle_shrunk", "mixture"))
    assert oracle is not None
    assert mixture is not None
    lines = [
        f"`{chosen}`, the shipped router with the greatest gain on validation prompts: {result.verdict}.",
        "",
        f"- It captures {spell(result.estimate('headroom'), percent=True)} of the headroom and gains "
        f"{spell(result.estimate('gain'))} over the mixture.",
        f"- With no limit on cost it is better than the best single candidate by "
        f"{spell(result.estimate('unlimited_gain'))}.",
        f"- The shrunk oracle's area on the linear axis is above the mixture's by "
        f"{plain(oracle - mixture, 3)}.",
        f"- In pool `nano`, one model at five numbers of steps, `ridge` gains "
        f"{spell(one.estimate('gain_linear'))} over the mixture on the linear axis.",
    ]
    return "\n".join(lines)


def _routers(found: dict[str, Report]) -> str:
    names = list(found)
    drawn: np.ndarray = make_real.areas(found, names, METRIC)
    scores = np.array([found[name].result(METRIC).estimate("audc").value for name in names], dtype=float)
    ranks = rank(scores, drawn)
    rows: list[list[str]] = []
    for k in np.argsort(-scores, kind="stable"):
        result = found[names[k]].result(METRIC)
        said = (spell(result.estimate(name)) for name in ("gain", "unlimited_gain"))
        headroom = spell(result.estimate("headroom"), percent=True)
        rows.append([str(ranks.tier[k] + 1), f"`{names[k]}`", headroom, *said])
    heads = ["headroom captured", "gain over the mixture", "over the best single, no limit on cost"]
    return table(["tier", "router", *heads], rows)


def _references(result: Result) -> str:
    rows = [
        [title, *(spell(result.references[name][area]) for area in ("audc", "audc_linear"))]
        for name, title in REFERENCES.items()
    ]
    return table(["", "logarithmic axis", "linear axis"], rows)


def _means(quality: np.ndarray, groups: np.ndarray) -> list[str]:
    """Return the mean of each column with its interval."""

    def means(weights: np.ndarray) -> dict[str, np.ndarray]:
        return {"mean": weights @ quality / weights.sum(axis=1, keepdims=True)}

    found = replicates(means, groups, Bootstrap()).intervals()["mean"]
    ends = zip(found.value, found.low, found.high, strict=True)
    return [spell(Estimate(value=value, low=low, high=high)) for value, low, high in ends]


if __name__ == "__main__":
    (DOCS / "nano.md").write_text(page(), encoding="utf-8")
