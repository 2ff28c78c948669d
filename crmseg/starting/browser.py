"""Chromium for the browser tests: the system's own, installed with apt where we may."""

import os
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PATIENCE = 1800  # apt ended half-way leaves more to mend than a long wait


def find() -> str:
    """The path, or an empty string."""
    return next((path for name in NAMES if (path := shutil.which(name))), "")


def may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install() -> str:
    """Quietly; the path, or an empty string when the system will not have it."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update"], ["install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"]):
        try:
            subprocess.run(
                ["apt-get", "-qq", *step],
                env=quiet,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            break
    return find()
