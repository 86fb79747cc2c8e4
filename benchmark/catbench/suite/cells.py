"""Score rows in any order, collected into arrays: every cell of a matrix exactly once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from catbench.arrays import Ints, Scores, frozen
from catbench.errors import SuiteError, shown


class ScoreCells:
    """Collects score rows in any order into one (prompt, candidate, sample) array a metric.

    `prompts` has columns `prompt_id` and `text`, `depth` is the number of samples due for each. Raises
    SuiteError for a row given twice, a sample out of range, or, at the end, a missing cell, naming the
    prompt's text and the candidate.
    """

    def __init__(
        self, prompts: pd.DataFrame, candidates: list[str], depth: Ints, metrics: list[str], where: str
    ) -> None:
        self.prompt_index = pd.Index(prompts["prompt_id"].tolist(), dtype="str")
        self._texts: list[str] = prompts["text"].tolist()
        self.candidate_index = pd.Index(candidates, dtype="str")
        for kind, index in (("prompt", self.prompt_index), ("candidate", self.candidate_index)):
            if not index.is_unique:
                raise SuiteError(f"{where}: the suite lists {kind} {index[index.duplicated()][0]!r} twice")
        self._depth = depth
        self._where = where
        shape = (len(prompts), len(candidates), int(depth.max()) if len(depth) else 0)
        self._seen = np.zeros(shape, dtype=bool)
        self._scores = {metric: np.full(shape, np.nan, dtype=np.float32) for metric in metrics}

    def add(self, prompt: Ints, candidate: Ints, sample: Ints, scores: list[npt.NDArray[np.float32]]) -> None:
        """Take in rows: positions of prompt and candidate, sample number, one array a metric."""
        outside = (sample < 0) | (sample >= self._depth[prompt])
        if outside.any():
            row = int(outside.argmax())
            raise SuiteError(
                f"{self._where}: {self._name(prompt[row], candidate[row], sample[row])}: the suite stores "
                f"samples 0 to {self._depth[prompt[row]] - 1} of this prompt"
            )
        cell = np.ravel_multi_index((prompt, candidate, sample), self._seen.shape)
        order = np.sort(cell)
        twice = order[1:][order[1:] == order[:-1]]
        if not len(twice):
            twice = cell[self._seen.ravel()[cell]]
        if len(twice):
            place = self._name(*map(int, np.unravel_index(twice[0], self._seen.shape)))
            raise SuiteError(f"{self._where}: {place} is in two rows (is a `sample` column missing?)")
        self._seen.ravel()[cell] = True
        for array, values in zip(self._scores.values(), scores, strict=True):
            array.ravel()[cell] = values

    def finish(self) -> dict[str, Scores]:
        """Return the arrays, read-only, or raise SuiteError for the first cell that no row has filled."""
        due = np.arange(self._seen.shape[2]) < self._depth[:, None, None]
        missing = due & ~self._seen
        if missing.any():
            place = self._name(*map(int, np.unravel_index(int(missing.argmax()), missing.shape)))
            raise SuiteError(
                f"{self._where}: no score of {place}; {int(missing.sum())} of "
                f"{int(self._depth.sum()) * missing.shape[1]} cells lack one, "
                "and a matrix must be complete"
            )
        return {metric: frozen(array) for metric, array in self._scores.items()}

    def _name(self, prompt: int, candidate: int, sample: int) -> str:
        return (
            f"prompt {shown(self._texts[prompt])} (id {self.prompt_index[prompt]}), candidate "
            f"{self.candidate_index[candidate]!r}, sample {sample}"
        )
