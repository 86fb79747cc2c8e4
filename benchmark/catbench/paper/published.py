"""The numbers of the paper's tables, to stand beside ours (CATImage, Tables 1 to 3).

Keys are the ids of the candidates as the suites `coco` and `diffusiondb` name them.
"""

from __future__ import annotations

TABLE1 = {
    "Ours (S=1)": (0.2816, 0.2814, 0.2828, 0.2828, 0.2828, 0.2828, 0.2824, 0.2819),
    "Ours (S=3)": (0.2816, 0.2816, 0.2831, 0.2832, 0.2832, 0.2832, 0.2828, 0.2819),
    "Fixed": (0.2816, 0.2794, 0.2798, 0.2773, 0.2749, 0.2805, 0.2820, 0.2819),
    "Win rate (S=1)": (None, 1, 1, 1, 1, 1, 0.98, None),
    "Win rate (S=3)": (None, 1, 1, 1, 1, 1, 1, None),
}
"""CLIPScore on COCO, of k-NN, by candidate of TABLE1_CANDIDATES."""
TABLE1_CANDIDATES: tuple[str, ...] = (
    "infinity-2b", "sdxl-turbo-1", "sdxl-lightning-4", "sdxl-9", "sdxl-deepcache-3", "sdxl-22",
    "sdxl-ddim-50", "sdxl-65",
)  # fmt: skip

TABLE2_CANDIDATES: tuple[str, ...] = (
    "infinity-2b", "sdxl-turbo-1", "sdxl-lightning-4", "sdxl-10", "sdxl-deepcache-3", "sdxl-20", "sdxl-50",
    "sdxl-ddim-50", "sdxl-100",
)  # fmt: skip
TABLE2 = {
    "clip_score": (
        (0.259, 0.304, 0.308, 0.314, 0.316, 0.317, 0.318, 0.318, 0.318),
        (6e-4, 4e-4, 4e-4, 4e-4, 4e-4, 4e-4, 4e-4, 4e-4, 4e-4),
        (0.259, 0.304, 0.300, 0.308, 0.316, 0.315, 0.317, 0.315, 0.318),
        (6e-4, 4e-4, 4e-4, 4e-4, 4e-4, 4e-4, 4e-4, 4e-4, 4e-4),
    ),
    "sharpness": (
        (0.131, 0.135, 0.135, 0.136, 0.137, 0.137, 0.137, 0.137, 0.126),
        (4e-4, 3e-4, 3e-4, 3e-4, 3e-4, 3e-4, 3e-4, 3e-4, 3e-4),
        (0.131, 0.122, 0.110, 0.103, 0.101, 0.114, 0.123, 0.107, 0.126),
        (4e-4, 3e-4, 3e-4, 2e-4, 2e-4, 2e-4, 3e-4, 3e-4, 3e-4),
    ),
    "aesthetic": (
        (6.824, 6.913, 7.042, 7.032, 7.012, 7.012, 6.935, 6.935, 6.707),
        (8.3e-3, 8.5e-3, 9.1e-3, 9.1e-3, 9.0e-3, 9.0e-3, 8.9e-3, 8.9e-3, 8.1e-3),
        (6.824, 6.780, 7.010, 6.285, 6.625, 6.588, 6.690, 6.600, 6.707),
        (8.3e-3, 9.2e-3, 9.3e-3, 8.2e-3, 9.1e-3, 8.1e-3, 8.1e-3, 9.0e-3, 8.1e-3),
    ),
    "image_reward": (
        (1.029, 1.083, 1.086, 1.086, 1.079, 1.076, 1.037, 1.037, 0.891),
        (8.5e-3, 8.0e-3, 8.0e-3, 7.9e-3, 7.8e-3, 7.8e-3, 7.5e-3, 7.5e-3, 7.4e-3),
        (1.029, 0.960, 0.932, 0.497, 0.809, 0.769, 0.866, 0.861, 0.891),
        (8.5e-3, 8.1e-3, 8.4e-3, 8.2e-3, 8.8e-3, 7.7e-3, 7.5e-3, 8.6e-3, 7.4e-3),
    ),
}
"""Metric -> what routing reaches at the candidates' costs on DiffusionDB, its standard errors, and the same
two of the candidates themselves."""

TABLE3 = {
    "infinity-2b": 1.0,
    "sdxl-turbo-1": 0.974,
    "sdxl-lightning-4": 0.0627,
    "sdxl-deepcache-3": 0.0071,
    "sdxl-ddim-50": 0.0025,
    "sdxl-100": 0.0013,
}
"""Candidate -> cost to match its sharpness on DiffusionDB, as a share of its cost."""

TFLOPS = {
    "infinity-2b": 1.50,
    "sdxl-turbo-1": 1.54,
    "sdxl-lightning-4": 23.92,
    "sdxl-9": 107.73,
    "sdxl-10": 119.70,
    "sdxl-deepcache-3": 210.00,
    "sdxl-20": 239.40,
    "sdxl-22": 263.34,
    "sdxl-50": 598.50,
    "sdxl-ddim-50": 598.50,
    "sdxl-65": 778.05,
    "sdxl-100": 1197.00,
}
"""Candidate -> TFLOPs an image, as Tables 1 and 2 give them."""

COSTS = (
    "The paper counts the FLOPs of the UNet alone: no VAE, no text encoder, no attention products. Our cost "
    "unit tflops_paper does the same; tflops is the whole call. Infinity's 1.5 does not follow from its "
    "official code, whose transformer takes 57.8 TFLOPs at a million pixels and 115.6 with guidance."
)
LAST_COLUMN = (
    "Past its peak the paper makes the router spend (λ < 0), so that its curve falls, in the end to the "
    "most expensive candidate's quality; ours stays flat beyond λ = 0, since nobody has to spend."
)

SUITES = {"table1": "coco", "table2": "diffusiondb", "table3": "diffusiondb"}
"""Table -> the suite that it is about."""
