from itertools import islice

import pytest

pytest.importorskip("transformers")

from catbench_make.nano.phrases import phrase
from catbench_make.nano.world import draw_scenes
from nano_training.tokenizer import (
    MAX_TOKENS,
    build_tokenizer,
    grammar_words,
    learn_merges,
    vocabulary,
)


@pytest.fixture(scope="module")
def tokenizer():
    return build_tokenizer()


def test_every_word_of_every_prompt_is_one_token_and_nothing_is_cut(tokenizer):
    for number, (_, scene) in enumerate(islice(draw_scenes("tokens", "training"), 300)):
        prompt = phrase(scene, number, places=number % 2 == 0)
        words = prompt.replace(",", " ,").replace(":", " :").split()
        ids = tokenizer(prompt).input_ids
        assert len(ids) == len(words) + 2 <= MAX_TOKENS
        assert tokenizer.convert_ids_to_tokens(ids)[1:-1] == [f"{word}</w>" for word in words]


def test_other_texts_are_spelt_in_bytes_and_come_back(tokenizer):
    text = "a zebra on a naïve café table"
    assert tokenizer.decode(tokenizer(text).input_ids, skip_special_tokens=True).split() == text.split()


def test_it_loads_from_a_folder_and_pads_with_the_end_token(tokenizer, tmp_path):
    from transformers import CLIPTokenizer

    tokenizer.save_pretrained(tmp_path)
    loaded = CLIPTokenizer.from_pretrained(tmp_path, local_files_only=True)
    prompt = "a tiny violet hoop at the top left, on a grey background"
    padded = loaded(prompt, padding="max_length", truncation=True).input_ids
    assert padded[: len(tokenizer(prompt).input_ids)] == tokenizer(prompt).input_ids
    assert len(padded) == MAX_TOKENS
    assert set(padded[len(tokenizer(prompt).input_ids) :]) == {loaded.eos_token_id}


def test_the_byte_table_is_that_of_gpt_2():
    symbols = list(vocabulary()[0])[:256]  # ids count bytes up
    assert len(set(symbols)) == 256
    assert symbols[ord("a")] == "a"
    assert symbols[ord(" ")] == "Ġ"
    assert symbols[ord("\n")] == "Ċ"


def test_merges_make_each_word_one_token():
    assert learn_merges(["ab", "abc"]) == [("a", "b"), ("a", "b</w>"), ("ab", "c</w>")]
    vocab, _ = vocabulary()
    assert all(f"{word}</w>" in vocab for word in grammar_words())
    assert sorted(vocab.values()) == list(range(len(vocab)))
