"""The packages of the wheel; everything else is in pyproject.toml."""

from setuptools import find_packages, setup

ASSETS = "workbench.dashboard.assets"

setup(
    packages=[*find_packages(include=["common*", "embeddings*", "trainer*", "workbench*"]), ASSETS],
    package_dir={ASSETS: "assets"},
    package_data={
        "": ["py.typed"],
        "trainer.synthetic": ["*.csv"],
        ASSETS: ["*", "dashboard/*", "quiz/*"],
    },
)
