import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_the_kit_is_no_part_of_the_wheel_and_the_package_does_not_need_it():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert "benchmark/catbench" in packages
    assert not [package for package in packages if "nano_training" in package]
    sources = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    assert sources
    assert not [path for path in sources if "nano_training" in path.read_text(encoding="utf-8")]
