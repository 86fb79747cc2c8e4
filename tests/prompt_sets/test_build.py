"""A suite from a table of prompts: what is kept, in which order and split, and what is told of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from catbench.errors import SuiteError, UsageError
from catbench.suite.prompts import split_of
from catbench.suite.store import load_suite, save
from catbench_make.prompts.build import Choice, build, feature_name, rebuild
from catbench_make.prompts.embeddings import PART, Embeddings
from catbench_make.prompts.ids import FILE, read_ids, spell_ids
from catbench_make.prompts.similarity import near_pairs
from catbench_make.prompts.sources import NSFW


@pytest.fixture
def made(source, embeddings, quiet):
    """Return a function that builds a suite of a table."""
    return lambda rows, choice=None: build("made", source, rows, choice or Choice(), embeddings, quiet)


def ids_of(built):
    return built.prompts["prompt_id"].tolist()


def counts_of(built):
    return built.suite.provenance.counts


def columns(built):
    return built.prompts.set_index("prompt_id")


def test_no_kept_pair_reaches_the_threshold_and_every_dropped_prompt_does(made, rows, embeddings, quiet):
    built = made(rows)
    kept = built.prompts["text"].tolist()
    dropped = sorted(set(rows["text"]) - set(kept))
    assert 0 < len(kept) < len(rows)
    vectors, others = (embeddings(texts, quiet).astype(np.float64) for texts in (kept, dropped))
    assert np.triu(vectors @ vectors.T, 1).max() < 0.75
    assert (others @ vectors.T).max(axis=1).min() >= 0.75
    assert counts_of(built)["similar"] == len(dropped)


def test_the_order_of_the_rows_does_not_matter(made, rows):
    first = made(rows)
    again = made(rows.sample(frac=1, random_state=3))
    pd.testing.assert_frame_equal(first.prompts, again.prompts)
    assert ids_of(first) == ids_of(again)


def test_another_seed_keeps_others(made, rows):
    assert ids_of(made(rows, Choice(seed=1))) != ids_of(made(rows))


def test_added_prompts_move_no_old_one_to_another_split(made, rows, texts):
    more = pd.DataFrame(
        {"text": [f"{text}, and a {number}th thing" for number, text in enumerate(texts[:80])]}
    )
    old, new = columns(made(rows)), columns(made(pd.concat([rows, more])))
    both = old.index.intersection(new.index)
    assert len(both) > 20
    assert (old.loc[both, "split"] == new.loc[both, "split"]).all()


def test_splits_are_those_of_the_design(made, rows):
    for text, split in columns(made(rows))[["text", "split"]].itertuples(index=False):
        assert split == split_of(text.lower())


def test_a_limit_keeps_the_beginning_and_encodes_no_more_than_it_takes(made, source, bag, quiet):
    texts = [f"word{number} other{number} third{number}" for number in range(PART + 500)]
    rows = pd.DataFrame({"text": texts})
    few = made(rows, Choice(limit=100))
    assert len(bag.texts) == PART
    assert counts_of(few)["kept"] == 100
    assert counts_of(few)["similar"] + counts_of(few)["not_reached"] + 100 == len(texts)
    assert ids_of(made(rows))[:100] == ids_of(few)


@pytest.mark.parametrize("limit", [1, 50, 80])
def test_a_limit_is_met_where_leaks_are_dropped(made, rows, limit):
    few = made(rows, Choice(threshold=1.0, limit=limit))
    assert len(ids_of(few)) == counts_of(few)["kept"] == limit
    counts = counts_of(few)
    assert counts["read"] == sum(
        counts[name] for name in ("similar", "not_reached", "near_across_splits", "kept")
    )
    assert (limit < 50) == (counts["near_across_splits"] == 0)


def test_the_time_left_is_reckoned_by_what_is_kept_so_far(source, bag, quiet):
    texts = [
        f"word{number // 2} other{number // 2} third{number // 2} {number}" for number in range(5 * PART)
    ]
    told = []
    rows, choice = pd.DataFrame({"text": texts}), Choice(limit=PART)
    build("made", source, rows, choice, Embeddings(bag), lambda *step: told.append(step))
    due = {total for what, done, total in told if what.startswith("encoding")}
    assert max(due) < len(texts)
    assert told[-1][1:] == (max(due), max(due))


def test_a_limit_beyond_what_there_is_keeps_all(made, rows):
    assert ids_of(made(rows, Choice(limit=10_000))) == ids_of(made(rows))


def test_duplicates_empty_and_unsafe_prompts_are_counted_and_left_out(made, source):
    rows = pd.DataFrame(
        {
            "text": ["A cat", "a  CAT ", "", "  ", "two dogs", "two dogs", "кот на крыше", "the blue sea"],
            NSFW: [0.1, 0.1, 0.0, 0.9, 0.2, 0.8, 0.0, 0.5],
        }
    )
    built = made(rows, Choice(nsfw_ceiling=0.5))
    assert sorted(built.prompts["text"]) == ["A cat", "the blue sea", "кот на крыше"]
    counts = counts_of(built)
    assert (counts["read"], counts["empty"], counts["unsafe"], counts["duplicates"]) == (8, 2, 2, 1)
    assert counts["kept"] == 3
    assert built.suite.provenance.diversity.nsfw_ceiling == 0.5


def test_with_nothing_left_it_says_why(made):
    with pytest.raises(SuiteError, match="no prompt of Made is left: of 2 rows 1 are empty and 1 above"):
        made(pd.DataFrame({"text": ["", "x"], NSFW: [0, 1.0]}), Choice(nsfw_ceiling=0.5))


def test_encoder_threshold_seed_and_source_are_part_of_the_suite(made, rows, tmp_path):
    built = made(rows, Choice(threshold=0.6, seed=4))
    save(built, tmp_path / "suite")
    info = load_suite(tmp_path / "suite").suite
    assert info.version == "bag@0.6"
    assert info.provenance.sources[0].licence == "CC0-1.0"
    found = info.provenance.diversity
    assert (found.encoder, found.weights, found.threshold, found.seed) == ("bag", "0" * 64, 0.6, 4)


def test_the_vectors_it_was_filtered_by_are_the_suite_s_prompt_embedding(
    made, rows, embeddings, quiet, tmp_path
):
    save(made(rows, Choice(limit=40)), tmp_path / "suite")
    problem = load_suite(tmp_path / "suite")
    assert list(problem.features) == ["bag"]
    vectors = embeddings(problem.prompts["text"].tolist(), quiet)
    np.testing.assert_array_equal(problem.features["bag"], vectors)
    assert problem.features["bag"].dtype == np.float32


@pytest.mark.parametrize(
    ("encoder", "feature"),
    [("open_clip:ViT-L-14/openai", "open-clip-vit-l-14-openai"), ("folder:My CLIP.v2", "folder-my-clip-v2")],
)
def test_an_embedding_s_name_can_be_a_file_s(encoder, feature):
    assert feature_name(encoder) == feature


def test_a_higher_threshold_drops_training_prompts_near_to_held_out_ones(made, rows, embeddings, quiet):
    loose = made(rows, Choice(threshold=1.0))
    prompts = loose.prompts
    assert counts_of(loose)["near_across_splits"] > 0
    vectors, split = embeddings(prompts["text"].tolist(), quiet), prompts["split"].to_numpy()
    for held_out in ("validation", "test"):
        rows_of = vectors[split == "train"], vectors[split == held_out]
        assert len(near_pairs(*rows_of, 0.75)[0]) == 0
    everything = {text for text in rows["text"] if split_of(text.lower()) == "test"}
    assert set(prompts.loc[prompts["split"] == "test", "text"]) == everything


def test_published_ids_give_the_same_suite_without_an_encoder(made, rows, source, tmp_path):
    built = made(rows, Choice(seed=2))
    (tmp_path / FILE).write_text(spell_ids(ids_of(built), built.suite.provenance.diversity), encoding="utf-8")
    ids, diversity = read_ids(tmp_path)
    again = rebuild("made", source, rows.sample(frac=1, random_state=1), ids, diversity)
    pd.testing.assert_frame_equal(built.prompts, again.prompts)
    assert again.suite.provenance.diversity == built.suite.provenance.diversity


def test_a_list_of_ids_that_is_cut_or_altered_is_refused_and_one_by_hand_is_taken(tmp_path):
    path, ids = tmp_path / FILE, ("made-1", "made-2", "made-3")
    text = spell_ids(ids, None)
    path.write_text(text, encoding="utf-8")
    assert read_ids(path) == (list(ids), None)
    for wrong, message in (
        (text.removesuffix("made-3\n"), "2 ids, and its first line says 3"),
        (text.replace("made-3", "made-4"), "not those of its first line"),
        (text[:40], "not a list of kept ids"),
    ):
        path.write_text(wrong, encoding="utf-8")
        with pytest.raises(SuiteError, match=message):
            read_ids(path)
    path.write_text("made-1\n\nmade-2", encoding="utf-8")
    assert read_ids(path) == (["made-1", "made-2"], None)


def test_ids_of_another_source_are_refused(rows, source):
    with pytest.raises(SuiteError, match="2 of 2 ids are of no prompt"):
        rebuild("made", source, rows, ["made-0", "made-1"], None)


def test_embeddings_are_computed_once_and_survive_damage(bag, texts, quiet, tmp_path):
    first = Embeddings(bag)(texts, quiet)
    again = Embeddings(bag)
    assert (again(texts[::-1], quiet)[::-1] == first).all()
    assert again.encoded == 0
    assert len(bag.texts) == len(texts)
    for part in (tmp_path / "cache" / "embeddings").rglob("*.npz"):
        part.write_bytes(part.read_bytes()[:1000])
    assert (Embeddings(bag)(texts, quiet) == first).all()
    bag.weights = "1" * 64
    assert Embeddings(bag)(texts[:1], quiet).shape == (1, 512)
    assert bag.texts[-1] == texts[0]


def test_progress_tells_speed_and_how_many_are_due(bag, texts):
    told = []
    Embeddings(bag)(texts, lambda *step: told.append(step))
    assert told[-1][1:] == (800, 800)
    assert "prompts/s" in told[-1][0]


@pytest.mark.parametrize("choice", [{"limit": 0}, {"seed": -1}])
def test_choices_that_mean_nothing_are_refused(choice):
    with pytest.raises(UsageError, match="--"):
        Choice(**choice)
