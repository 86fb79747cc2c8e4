"""Shares shards out among workers that may be lost: who gets which, and what is done again.

A worker holds up to three shards (see `overlap`), so its answer to one is news of an earlier one. It stays
with its model as long as there are shards of it; then it takes the model with the most left for each worker
on it. What a lost worker held goes back to the front, for whoever asks first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from catbench.errors import GenerationError
from catbench_make.drawing.engines import ShardDone
from catbench_make.plan.shard_plan import Shard

MOST_LOSSES = 3
"""Workers that may be lost while they hold one shard; the shard is to blame then."""

ModelKey = tuple[object, ...]


@dataclass(frozen=True)
class ShardAnswer:
    """News of a worker."""

    worker: int
    """Its number; a replacement has a new one."""
    done: ShardDone | None = None
    """The shard that is on disk now; None where it has none to tell of."""
    lost: str = ""
    """How the worker was lost; empty where it lives."""


class Crew(Protocol):
    """Workers elsewhere."""

    def give(self, worker: int, shard: Shard | None) -> None:
        """Feed a worker that has answered, as `Overlap.feed`; it will answer again."""
        ...

    def next_answer(self) -> ShardAnswer:
        """Wait for news; a worker that has come up answers with nothing. Raises what a worker raises."""
        ...

    def replace(self) -> None:
        """Have another worker come up for one that was lost."""
        ...


@dataclass
class _Member:
    """A worker as it is seen from here."""

    model: ModelKey | None = None
    held: dict[str, Shard] = field(default_factory=dict[str, Shard])


def share_out(crew: Crew, shards: Sequence[Shard]) -> Iterator[ShardDone]:
    """Have every shard made, yielding each as it is done.

    Raises what a worker raises, and GenerationError for a shard that loses one worker after the other.
    """
    queue = ShardQueue(shards)
    members: dict[int, _Member] = {}
    idle: set[int] = set()
    losses: Counter[str] = Counter()
    while queue or any(member.held for member in members.values()):
        answer = crew.next_answer()
        member = members.setdefault(answer.worker, _Member())
        if answer.lost:
            del members[answer.worker]
            _count_losses(losses, member.held, answer.lost)
            queue.put_back(member.held.values())
            crew.replace()
        else:
            if answer.done:
                yield replace(answer.done, shard=member.held.pop(answer.done.shard.name))
            idle.add(answer.worker)
        for worker in sorted(idle, key=lambda worker: members[worker].model is None):
            if _fed(crew, queue, members, worker):
                idle.remove(worker)


def _fed(crew: Crew, queue: ShardQueue, members: Mapping[int, _Member], worker: int) -> bool:
    """Feed a worker; returns whether there was anything to do for it."""
    member = members[worker]
    others = Counter(other.model for other in members.values() if other is not member)
    shard = queue.take(member.model, others)
    if shard is not None:
        member.model = shard.settings.model_key
        member.held[shard.name] = shard
    if not member.held:
        return False
    crew.give(worker, shard)
    return True


def _count_losses(losses: Counter[str], held: Mapping[str, Shard], how: str) -> None:
    losses.update(held.keys())
    for name in held:
        if losses[name] >= MOST_LOSSES:
            raise GenerationError(
                f"shard {name}: {losses[name]} workers were lost while they held it, the last so: {how} "
                "(does its model fit into their memory?)"
            )


class ShardQueue:
    """Shards that nobody has yet, model by model, each in the order of drawing."""

    def __init__(self, shards: Sequence[Shard]) -> None:
        self._waiting: dict[ModelKey, list[Shard]] = {}
        for shard in shards:
            self._waiting.setdefault(shard.settings.model_key, []).append(shard)

    def __bool__(self) -> bool:
        return any(self._waiting.values())

    def take(self, model: ModelKey | None, others: Mapping[ModelKey | None, int]) -> Shard | None:
        """Take the next shard for a worker that has loaded `model`; None where there is none.

        `others` counts the other workers by the model that they have loaded.
        """
        waiting = {key: shards for key, shards in self._waiting.items() if shards}
        if not waiting:
            return None
        if model not in waiting:
            model = max(waiting, key=lambda key: len(waiting[key]) / (1 + others.get(key, 0)))
        return waiting[model].pop(0)

    def put_back(self, shards: Iterable[Shard]) -> None:
        """Put shards back, to be taken before the others of their model."""
        for shard in reversed(list(shards)):
            self._waiting[shard.settings.model_key].insert(0, shard)
