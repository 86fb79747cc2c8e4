"""A text encoder that is made on the spot: the words of simulated suites as tokens, random weights."""

from __future__ import annotations

import pytest

from catbench.suite.simulate import WORDS


@pytest.fixture(scope="session")
def text_encoder(tmp_path_factory):
    """The folder of a random CLIP text model of width 64, as transformers saves it."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from catbench_make.packages import mend_torchvision

    mend_torchvision()
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("text-encoder")
    table = {word: number for number, word in enumerate(["<end>", "<other>", *WORDS])}
    words = Tokenizer(models.WordLevel(table, unk_token="<other>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<end>", unk_token="<other>", model_max_length=16
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = CLIPTextConfig(
        vocab_size=len(table),
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=16,
        initializer_factor=5.0,
        bos_token_id=None,
        eos_token_id=0,
        pad_token_id=0,
    )
    CLIPTextModel(config).save_pretrained(folder)
    return folder
