"""Tiny pipelines of the classes that the real models use, made once a session and saved to disk.

Their weights are random: images are noise, and every path of loading, encoding, drawing and decoding is the
real one. Only these fixtures know that they are small.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

pytest.importorskip("torch", reason="the generate extra is not installed")
pytest.importorskip("transformers", reason="the generate extra is not installed")

from catbench.files import sha256_of
from catbench.suite.info import Metric, SuiteInfo
from catbench.suite.matrix import Suite
from catbench.suite.pool import Candidate
from catbench.suite.store import save
from catbench_make.drawing.generation import Plan, generate
from catbench_make.packages import prepare

prepare()

OTHERS_WARNINGS = (
    # diffusers 0.42 hands a torch tensor to numpy in its Euler schedulers.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
)
"""Warnings that are other packages' own, and not ours to mend."""

TEXTS = (
    "a red cat",
    "two dogs on a boat",
    "a green house",
    "an old clock",
    "three birds",
    "the sea at night",
)
SIZE = 64


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            for warning in OTHERS_WARNINGS:
                item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Layers of a few channels take longer to share out than to compute."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def sdxl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A StableDiffusionXLPipeline of some 100,000 weights that draws 64 x 64 pixels."""
    import diffusers
    import torch

    torch.manual_seed(0)
    unet = diffusers.UNet2DConditionModel(
        sample_size=SIZE // 8,
        in_channels=4,
        out_channels=4,
        block_out_channels=(8, 16, 16),
        layers_per_block=1,
        norm_num_groups=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 1, 1),
        attention_head_dim=(2, 2, 2),
        cross_attention_dim=64,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=32 + 6 * 8,
    )
    vae = diffusers.AutoencoderKL(
        sample_size=SIZE,
        latent_channels=4,
        block_out_channels=(8, 8, 8, 8),
        norm_num_groups=4,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        scaling_factor=0.13025,
    )
    pipeline = diffusers.StableDiffusionXLPipeline(
        vae=vae,
        text_encoder=text_model("CLIPTextModel"),
        text_encoder_2=text_model("CLIPTextModelWithProjection"),
        tokenizer=tokenizer(),
        tokenizer_2=tokenizer(),
        unet=unet,
        scheduler=diffusers.EulerDiscreteScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            timestep_spacing="leading",
            steps_offset=1,
        ),
        add_watermarker=False,
    )
    folder = tmp_path_factory.mktemp("models") / "sdxl"
    pipeline.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def amused(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An AmusedPipeline: a masked transformer over the codes of a VQ model, with no diffusion at all."""
    import diffusers
    import torch

    torch.manual_seed(0)
    pipeline = diffusers.AmusedPipeline(
        transformer=diffusers.UVit2DModel(
            hidden_size=16,
            cond_embed_dim=32,
            encoder_hidden_size=32,
            micro_cond_encode_dim=8,
            micro_cond_embed_dim=8 * 5,
            vocab_size=33,
            codebook_size=32,
            block_out_channels=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            block_num_heads=2,
            intermediate_size=32,
            in_channels=16,
            sample_size=SIZE // 8,
        ),
        vqvae=diffusers.VQModel(
            block_out_channels=(8, 8, 8, 8),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            latent_channels=8,
            num_vq_embeddings=32,
            norm_num_groups=4,
            mid_block_add_attention=False,
            lookup_from_codebook=True,
            layers_per_block=1,
        ),
        text_encoder=text_model("CLIPTextModelWithProjection"),
        tokenizer=tokenizer(),
        scheduler=diffusers.AmusedScheduler(mask_token_id=32),
    )
    folder = tmp_path_factory.mktemp("models") / "amused"
    pipeline.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLIPModel of transformers, with its tokenizer and image processor."""
    import torch
    import transformers

    torch.manual_seed(1)
    text = {
        "vocab_size": 300,
        "hidden_size": 32,
        "intermediate_size": 37,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
    }
    vision = {
        "hidden_size": 32,
        "intermediate_size": 37,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "image_size": 32,
        "patch_size": 8,
    }
    config = transformers.CLIPConfig(
        text_config={**text, "bos_token_id": 298, "eos_token_id": 299, "pad_token_id": 299},
        vision_config=vision,
        projection_dim=16,
    )
    folder = tmp_path_factory.mktemp("models") / "clip"
    transformers.CLIPModel(config).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    size = {"shortest_edge": 32}
    transformers.CLIPImageProcessor(size=size, crop_size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def open_clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLIP of open_clip's own, saved as its `local-dir:` wants it; it sees images as ViT-L/14 does."""
    import torch
    from safetensors.torch import save_file

    open_clip = pytest.importorskip("open_clip")
    torch.manual_seed(4)
    config = {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 224, "layers": 1, "width": 32, "patch_size": 32, "head_width": 16},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
    }
    folder = tmp_path_factory.mktemp("models") / "open_clip"
    folder.mkdir()
    save_file(open_clip.model.CLIP(**config).state_dict(), folder / "open_clip_model.safetensors")
    written = {"model_cfg": config, "preprocess_cfg": {}}
    (folder / "open_clip_config.json").write_text(json.dumps(written))
    return folder


@pytest.fixture(scope="session")
def head(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An aesthetic head for the 16 components of the tiny CLIPs."""
    import torch

    torch.manual_seed(3)
    path = tmp_path_factory.mktemp("models") / "head.pth"
    torch.save(torch.nn.Linear(16, 1).state_dict(), path)
    return path


@pytest.fixture(scope="session")
def parity() -> Any:
    """The module of what is compared with image-reward's own scores, which are in its `GOLDEN`."""
    folder = Path(__file__).parent / "parity"
    spec = importlib.util.spec_from_file_location("case", folder / "case.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.GOLDEN = json.loads((folder / "image_reward.json").read_text(encoding="utf-8"))
    return module


@pytest.fixture(scope="session")
def image_reward_folder(tmp_path_factory: pytest.TempPathFactory, parity: Any) -> Callable[[str], Path]:
    """Return a function that writes the folder of an ImageReward, `small` or `full`, once."""
    import torch

    found: dict[str, Path] = {}

    def write(size: str) -> Path:
        if size not in found:
            folder = found[size] = tmp_path_factory.mktemp("models") / size
            folder.mkdir()
            weights = parity.weights(parity.floating(parity.GOLDEN[size]["tensors"]))
            checkpoint = {name: torch.from_numpy(array) for name, array in weights.items()}
            torch.save(checkpoint, folder / "ImageReward.pt")
            (folder / "med_config.json").write_text(json.dumps(parity.MED_CONFIGS[size]))
            (folder / "vocab.txt").write_text(parity.vocabulary(), encoding="utf-8")
        return found[size]

    return write


@pytest.fixture
def suite(tmp_path: Path, sdxl: Path) -> Callable[..., Path]:
    """Return a function that writes a suite without scores over the tiny SDXL, and returns its folder."""

    def write(
        candidates: tuple[Candidate, ...] | None = None,
        texts: tuple[str, ...] = TEXTS,
        metrics: tuple[Metric, ...] = (Metric(name="sharpness"),),
        samples: int = 2,
        name: str = "tiny",
    ) -> Path:
        candidates = candidates or (candidate(sdxl, 2), candidate(sdxl, 3))
        splits = [("train", "validation", "test")[row % 3] for row in range(len(texts))]
        prompts = pd.DataFrame(
            {
                "prompt_id": [f"p{row}" for row in range(len(texts))],
                "text": list(texts),
                "source": "test",
                "group": [f"g{row}" for row in range(len(texts))],
                "split": splits,
            }
        )
        unscored = Suite(
            suite=SuiteInfo(id=name),
            prompts=prompts,
            candidates=candidates,
            metrics=metrics,
            samples={"train": samples, "validation": samples, "test": samples},
            pools={"steps": tuple(one.id for one in candidates)},
        )
        folder = tmp_path / name
        save(unscored, folder)
        return folder

    return write


@pytest.fixture(scope="session")
def drawn_by() -> Callable[..., Candidate]:
    """The function that makes a candidate of a pipeline's folder."""
    return candidate


@pytest.fixture(scope="session")
def run() -> Callable[..., Any]:
    """Generate a suite into a folder, in blocks of two prompts; takes the options of `Plan.of` too."""

    def generated(folder: Path, out: Path, **options: Any) -> Any:
        chosen = {name: options.pop(name) for name in ("candidates", "limit", "samples") if name in options}
        return generate(Plan.of(folder, **chosen, prompts_per_block=2), out, **options)

    return generated


@pytest.fixture(scope="session")
def content() -> Callable[[Path], dict[str, str]]:
    """The digest of every file that a run leaves, by path; its lock does not count."""

    def digests(out: Path) -> dict[str, str]:
        return {
            path.relative_to(out).as_posix(): sha256_of(path)
            for path in sorted(out.rglob("*"))
            if path.is_file() and not path.name.startswith("lock")
        }

    return digests


@pytest.fixture(scope="session")
def tiny_text() -> tuple[Callable[[str], Any], Callable[[], Any]]:
    """The functions that make a CLIP text model of a class, and a tokenizer for it."""
    return text_model, tokenizer


def candidate(pipeline: Path, steps: int, name: str = "", **settings: Any) -> Candidate:
    record = {
        "pipeline": str(pipeline),
        "steps": steps,
        "guidance": 5.0,
        "width": SIZE,
        "height": SIZE,
        "precision": "float32",
        **settings,
    }
    return Candidate(id=name or f"tiny-{steps}", model="tiny", settings=record)


def text_model(kind: str) -> Any:
    import transformers

    config = transformers.CLIPTextConfig(
        vocab_size=300,
        hidden_size=32,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        projection_dim=32,
        bos_token_id=298,
        eos_token_id=299,
        pad_token_id=299,
    )
    return getattr(transformers, kind)(config)


def tokenizer() -> Any:
    """A CLIP tokenizer whose words are single letters: no merges, so a long word is many tokens."""
    import transformers

    letters = "abcdefghijklmnopqrstuvwxyz0123456789,.'"
    words = [*letters, *(f"{letter}</w>" for letter in letters)]
    vocabulary = {word: number for number, word in enumerate(words)}
    vocabulary |= {"<|startoftext|>": 298, "<|endoftext|>": 299}
    return transformers.CLIPTokenizer(
        vocab=vocabulary, merges=[], pad_token="<|endoftext|>", model_max_length=77
    )
