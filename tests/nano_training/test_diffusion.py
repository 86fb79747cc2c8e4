import pytest

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")

from catbench_make.nano.shipped_models import NOISE  # noqa: E402
from nano_training.diffusion import Condition, NoiseLevels  # noqa: E402
from nano_training.unet import trailing_times  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
"""diffusers 0.42 hands torch tensors to numpy in the old way."""


def latents(seed, batch=3):
    return torch.randn(batch, 8, 8, 8, generator=torch.Generator().manual_seed(seed))


def test_one_step_is_that_of_diffusers_ddim():
    scheduler = diffusers.DDIMScheduler(
        **NOISE, timestep_spacing="trailing", clip_sample=False, set_alpha_to_one=True
    )
    scheduler.set_timesteps(4)
    now, later = scheduler.timesteps[1].item(), scheduler.timesteps[2].item()
    noisy, velocity = latents(0), latents(1)
    theirs = scheduler.step(velocity, now, noisy).prev_sample
    times = torch.full((3,), now), torch.full((3,), later)
    ours = NoiseLevels("cpu").moved(noisy, velocity, *times)
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_noise_and_velocity_are_those_of_diffusers():
    scheduler = diffusers.DDPMScheduler(**NOISE)
    clean, noise, times = latents(2), latents(3), torch.tensor([0, 500, 999])
    levels = NoiseLevels("cpu")
    assert torch.allclose(
        levels.noised(clean, noise, times), scheduler.add_noise(clean, noise, times), atol=1e-5
    )
    velocity = levels.velocity(clean, noise, times)
    assert torch.allclose(velocity, scheduler.get_velocity(clean, noise, times), atol=1e-5)


def test_the_velocity_leads_back_to_the_clean_latents():
    levels = NoiseLevels("cpu")
    clean, noise, times = latents(4), latents(5), torch.tensor([10, 400, 900])
    noisy = levels.noised(clean, noise, times)
    assert torch.allclose(levels.clean(noisy, levels.velocity(clean, noise, times), times), clean, atol=1e-4)
    end = torch.full((3,), -1)
    velocity = levels.velocity(clean, noise, times)
    assert torch.allclose(levels.moved(noisy, velocity, times, end), clean, atol=1e-4)


@pytest.mark.parametrize("steps", [1, 2, 4, 8])
def test_trailing_times_are_those_of_diffusers(steps):
    scheduler = diffusers.EulerDiscreteScheduler(**NOISE, timestep_spacing="trailing")
    scheduler.set_timesteps(steps)
    assert trailing_times(steps) == [*(int(time) for time in scheduler.timesteps), -1]


def test_a_dropped_prompt_is_all_zeros_and_guidance_puts_it_first():
    condition = Condition(torch.ones(2, 77, 4), torch.ones(2, 4))
    dropped = condition.dropped(torch.tensor([True, False]))
    assert dropped.hidden[0].eq(1).all()
    assert dropped.hidden[1].eq(0).all()
    assert dropped.pooled[1].eq(0).all()
    both = condition.with_empty()
    assert both.hidden[:2].eq(0).all()
    assert both.hidden[2:].eq(1).all()
