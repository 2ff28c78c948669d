"""What ships: its size, its hashes, and that no page carries an inline script."""

import gzip
import re
import subprocess
import sys
from pathlib import Path

from django.contrib.staticfiles.finders import get_finders

ROOT = Path(__file__).resolve().parents[3]
SHARED = ["tokens", "base", "layout", "parts", "overlays", "blocks"]


def gzipped(*paths):
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths)


def test_own_styles_and_scripts_of_the_heaviest_page_stay_within_twenty_kilobytes():
    styles = [*SHARED, "pages/board", "pages/deal"]
    own = [ROOT / f"static/css/{name}.css" for name in styles] + [
        ROOT / f"static/js/{name}.js" for name in ("app", "board", "draft")
    ]
    assert gzipped(*own) <= 20 * 1024


def test_first_load_of_any_page_stays_within_its_budget():
    shared = [ROOT / f"static/css/{name}.css" for name in (*SHARED, "lists")] + [
        ROOT / "static/js/app.js",
        ROOT / "static/js/forms.js",
        ROOT / "static/img/icons.svg",
    ]
    vendored = [path for path in (ROOT / "static/vendor").iterdir() if path.suffix in {".js", ".woff2"}]
    assert gzipped(*shared, *vendored) <= 140 * 1024


def test_vendored_files_match_their_lock():
    done = subprocess.run(
        [sys.executable, "static/vendor/update.py", "--check"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_vendored_scripts_name_no_source_map():
    assert not [p.name for p in (ROOT / "static/vendor").glob("*.js") if "sourceMappingURL" in p.read_text()]


def test_templates_carry_no_inline_script_or_style():
    inline = re.compile(r"<style|hx-on|\son(click|change|load|submit)=|javascript:|<script(?![^>]*src=)")
    assert not [path for path in (ROOT / "templates").rglob("*.html") if inline.search(path.read_text())]


def test_every_icon_used_is_in_the_sprite():
    known = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static/img/icons.svg").read_text()))
    texts = [path.read_text() for path in (ROOT / "templates").rglob("*.html")]
    used = {name for text in texts for name in re.findall(r'{% icon "([a-z0-9-]+)"|(?<= )icon="([a-z0-9-]+)"', text)}
    assert {name for pair in used for name in pair if name} <= known


def test_only_our_own_files_are_collected():
    """Those of libraries are twenty times as many, and compressing them is most of a first start."""
    places = {storage.location for finder in get_finders() for _, storage in finder.list([])}
    assert places == {str(ROOT / "static")}
