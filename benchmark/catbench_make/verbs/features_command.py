"""`catbench features`: put an encoder's vectors of the prompts into a suite, for routers to read."""

from __future__ import annotations

from typing import Annotated

import typer

from catbench_make.verbs.prompts_command import Device, EncoderName


def features(
    suite: Annotated[str, typer.Argument(help="A suite's name or folder; none that catbench ships.")],
    encoder: EncoderName = "minilm",
    device: Device = "cpu",
) -> None:
    """Encode a suite's prompts once; routers then read the vectors by name. Its digest stays as it is."""
    from catbench.cli.progress import progress_bar
    from catbench.suite.store import suite_folder
    from catbench_make.encoders import load_encoder
    from catbench_make.prompts.add_feature import add_feature
    from catbench_make.prompts.embeddings import Embeddings

    folder = suite_folder(suite)
    embeddings = Embeddings(load_encoder(encoder, device))
    with progress_bar() as progress:
        name, vectors, first = add_feature(folder, embeddings, progress)
    typer.echo(
        f"{folder}: {len(vectors):,} prompts as vectors of {vectors.shape[1]} numbers "
        f"({embeddings.encoded:,} encoded, the others were kept from before). Routers read them by name: "
        f"`catbench evaluate knn:{name} --suite {suite}`; without a name they read the suite's first "
        f"feature, {first}."
    )
