"""A scikit-learn pipeline is a router as it stands: quality from words and pairs of words."""

from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import MaxAbsScaler


def make_router(pool):
    """Return a pipeline; the strength of its ridge is chosen by leave-one-out on the training split."""
    words = make_union(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        make_pipeline(CountVectorizer(token_pattern=r"\b\w+\b", min_df=2), MaxAbsScaler()),
    )
    return make_pipeline(words, RidgeCV(alphas=(1.0, 3.0, 10.0, 30.0, 100.0)))
