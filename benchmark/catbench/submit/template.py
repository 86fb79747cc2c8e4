"""A folder to start a submission from: it runs as it is."""

from __future__ import annotations

from pathlib import Path

from catbench.errors import UsageError
from catbench.files import atomic_folder
from catbench.home import known_suites
from catbench.submit.faults import AUTHOR, SETTINGS
from catbench.submit.folder import SLUG

DEFAULT_SUITE = "nano"

TOML = """\
name = "{slug}"
authors = ["{author}"]
# paper = "https://arxiv.org/abs/..."
licence = "Apache-2.0"
suites = ["{suite}"]
entry = "router.py:make_router"
# Met by catbench's own environment, or exact and hashed: "name==1.0 --hash=sha256:..."
requirements = ["scikit-learn>=1.5"]
needs-gpu = false
# Whether it can predict for candidates whose qualities it never saw.
unseen-candidates = false
"""

ROUTER = '''\
"""{slug}: quality from the words of the prompt, by ridge regression."""

from catbench import deferral_curve
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline


class WordCounts:
    """Counts words; how strongly it is drawn towards the candidates' means, validation prompts decide."""

    def __init__(self, pool):
        self.cost = pool.cost

    def fit(self, prompts, quality, validation):
        """Fit at several penalties, and keep the one with the largest area on validation prompts."""
        tried = [make_pipeline(CountVectorizer(), Ridge(10**power)) for power in range(5)]
        for model in tried:
            model.fit(prompts, quality)
        self.model = max(tried, key=lambda model: self.area(model.predict(validation[0]), validation[1]))

    def area(self, predicted, quality):
        """Return the mean height of the deferral curve over the logarithm of cost."""
        return deferral_curve(predicted, quality, self.cost).area_log(self.cost.min(), self.cost.max())

    def predict(self, prompts):
        """Return estimated qualities (n, candidates)."""
        return self.model.predict(prompts)


def make_router(pool):
    """Return a router: fit(prompts, quality) learns, predict(prompts) estimates quality (n, candidates).

    `pool` has `ids`, `cost` (an array), `unit`, `metric` and `seed`. Prompts are texts; prompts.features
    holds the embeddings that a suite ships. Learn what tells candidates apart in fit, from the qualities
    given there.
    """
    return WordCounts(pool)
'''


def template_files(slug: str, suite: str = DEFAULT_SUITE) -> dict[str, str]:
    """Return the files of a working submission by name."""
    settings = TOML.format(slug=slug, author=AUTHOR, suite=suite)
    return {SETTINGS: settings, "router.py": ROUTER.format(slug=slug)}


def write_template(slug: str, folder: Path) -> Path:
    """Write a working submission into `folder`/slug; return it. Raises UsageError where it cannot be."""
    if not SLUG.fullmatch(slug):
        raise UsageError(f"slug {slug!r}: small letters, digits and hyphens, a letter or digit first")
    known = list(known_suites())
    suite = DEFAULT_SUITE if DEFAULT_SUITE in known or not known else known[0]
    target = folder / slug
    with atomic_folder(target) as draft:
        for name, text in template_files(slug, suite).items():
            (draft / name).write_text(text, encoding="utf-8")
    return target
