"""What visitors read about the suites that catbench knows, whether they are here or not."""

from __future__ import annotations

from typing import NamedTuple


class About(NamedTuple):
    """A suite in a few words."""

    tab: str
    """Its short name."""
    prompts: str
    """What its prompts are: `3,698 COCO captions`."""
    line: str
    real: bool = True
    """Whether its images come from published models and prompts of people."""

    def kind(self, *, simulated: bool) -> str:
        """Return plainly what its images are."""
        return "Real images" if self.real else "Simulated: no images" if simulated else "Synthetic images"


KNOWN = {
    "flasheval-coco": About("COCO", "COCO captions",
        "Captions of photographs; 36 settings (model, sampler, steps), scored by networks."),
    "flasheval-diffusiondb": About("DiffusionDB", "DiffusionDB prompts",
        "Users' prompts; 42 settings (model, sampler, steps), scored by networks."),
    "evalmi": About("People: EvalMi", "EvalMi prompts", "24 models, SD 2.1 to DALL-E 3, judged by people."),
    "pqpp": About("People: PQPP", "COCO captions of PQPP", "GLIDE and SDXL, judged by people."),
    "cems": About("CEMS", "CEMS prompts", "Four fast models with measured seconds, scored by CLIP."),
    "nano": About("nano", "nano scenes", "Small models, coloured shapes; anybody can make it again.", False),
}  # fmt: skip
"""By id, in the order of the tabs."""
METRICS = {
    "image_reward": "ImageReward, a network that learnt people's preferences",
    "clip_score": "CLIPScore, how well image and text agree",
    "perception": "how good people find the image",
    "correspondence": "how well people find the text shown",
    "relevance": "how relevant people find the image",
    "scene_accuracy": "the share of the scene that is drawn right",
    "sharpness": "the sharpness of the image",
}
"""What a metric is, in words."""


def about(suite: str) -> About:
    """Return what is said of a suite by its name on the board."""
    unknown = About(suite, f"prompts of {suite}", "A suite that catbench does not know.", real=False)
    return KNOWN.get(suite, unknown)
