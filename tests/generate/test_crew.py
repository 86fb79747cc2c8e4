"""Who gets which shard, and what is done again where a worker is lost; the workers are played here."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from catbench.errors import GenerationError
from catbench.suite.store import load_suite
from catbench_make.drawing.engines import ShardDone
from catbench_make.drawing.engines.crew import ShardAnswer, share_out
from catbench_make.plan.shard_plan import cut


class Played:
    """Workers that hold up to three shards, answer in a random order, and die as they are told to."""

    def __init__(self, count, dies=lambda worker, shards: False, seed=0):
        self.dice = random.Random(seed)
        self.dies = dies
        self.holds = {}
        self.answers = []
        self.drawn = {}
        self.replaced = 0
        for _ in range(count):
            self.come_up()

    def come_up(self):
        worker = len(self.holds)
        self.holds[worker], self.drawn[worker] = [None, None], []
        self.answers.append(ShardAnswer(worker))

    def give(self, worker, shard):
        assert not [answer for answer in self.answers if answer.worker == worker], "it is busy"
        self.holds[worker].append(shard)
        self.drawn[worker].append(shard)
        if self.dies(worker, self.drawn[worker]):
            self.answers.append(ShardAnswer(worker, lost="killed"))
            return
        done = self.holds[worker].pop(0)
        self.answers.append(ShardAnswer(worker, ShardDone(done, 1.0) if done else None))

    def next_answer(self):
        assert self.answers, "all wait for each other"
        return self.answers.pop(self.dice.randrange(len(self.answers)))

    def replace(self):
        self.replaced += 1
        self.come_up()


@pytest.fixture
def shards(suite, sdxl, amused, drawn_by):
    candidates = (drawn_by(sdxl, 2), drawn_by(sdxl, 3), drawn_by(amused, 2, "masked", largest_batch=1))
    return cut(load_suite(suite(candidates)), 1)


@pytest.mark.parametrize("workers", [1, 2, 5, 40])
def test_every_shard_is_made_once(shards, workers):
    done = [one.shard.name for one in share_out(Played(workers), shards)]
    assert sorted(done) == sorted(shard.name for shard in shards)


def test_a_worker_stays_with_its_model(shards):
    crew = Played(2)
    list(share_out(crew, shards))
    for drawn in crew.drawn.values():
        keys = [shard.settings.model_key for shard in drawn if shard]
        changes = sum(one != two for one, two in pairwise(keys))
        assert changes <= 1


@pytest.mark.parametrize("seed", range(20))
def test_what_lost_workers_held_is_made_again(shards, seed):
    dice = random.Random(seed)
    crew = Played(3, lambda worker, drawn: worker < 2 and dice.random() < 0.4, seed)
    done = [one.shard.name for one in share_out(crew, shards)]
    assert sorted(done) == sorted(shard.name for shard in shards)
    assert crew.replaced == len(crew.holds) - 3


def test_a_shard_that_loses_every_worker_is_an_error_that_names_it(shards):
    guilty = shards[4]
    crew = Played(2, lambda worker, drawn: guilty in drawn)
    with pytest.raises(
        GenerationError, match=r": 3 workers were lost while they held it, the last so: killed"
    ):
        list(share_out(crew, shards))


def test_the_last_shard_of_a_lost_worker_goes_to_one_that_has_nothing_to_do(shards):
    crew = Played(2, lambda worker, drawn: worker == 1 and drawn[-1] is None)
    crew.replace = lambda: None  # nobody comes up for it
    assert len(list(share_out(crew, shards))) == len(shards)
