"""Fetch what `vendor.lock.json` names, by `npm pack name@version`, and verify every hash.

Run `python static/vendor/update.py` to fetch and verify, with `--check` to verify what lies here without
the network, with `--write` after changing a version to record the new hashes. `sourceMappingURL` lines are
cut: the maps are not shipped and collectstatic would fail on them. Icons are cut from the sprite by name.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LOCK = HERE / "vendor.lock.json"
SOURCE_MAP = re.compile(rb"\n?(//|/\*)[#@] ?sourceMappingURL=[^\n]*\n?")


def pack(name: str, version: str, into: Path) -> tarfile.TarFile:
    done = subprocess.run(
        ["npm", "pack", f"{name}@{version}", "--silent"], cwd=into, check=True, capture_output=True, text=True
    )
    return tarfile.open(into / done.stdout.split()[-1])


def sprite(source: bytes, names: list[str]) -> bytes:
    """Only the named symbols, without the library's prefix, at our stroke width."""
    symbols = dict(re.findall(r'<symbol id="tabler-([^"]+)"(.*?</symbol>)', source.decode(), re.DOTALL))
    rows = [f'<symbol id="{name}"{symbols[name]}' for name in names]
    text = "\n".join(rows).replace('stroke-width="2"', 'stroke-width="1.75"')
    text = text.replace('<path stroke="none" d="M0 0h24v24H0z" fill="none" />', "")
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{text}\n</svg>\n'.encode()


def content(entry: dict, package: tarfile.TarFile) -> bytes:
    member = package.extractfile(f"package/{entry['source']}")
    if member is None:
        raise SystemExit(f"{entry['name']}@{entry['version']} has no {entry['source']}")
    data = member.read()
    if "icons" in entry:
        return sprite(data, entry["icons"])
    return SOURCE_MAP.sub(b"\n", data) if entry["file"].endswith(".js") else data


def verify(entry: dict, data: bytes) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != entry["sha256"]:
        raise SystemExit(f"{entry['file']}: expected {entry['sha256']}, found {found}")


def fetch(entries: list[dict], write: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        packages: dict[tuple[str, str], tarfile.TarFile] = {}
        for entry in entries:
            if entry["source"] is None:  # made by us, kept in the repository
                continue
            key = (entry["name"], entry["version"])
            packages[key] = packages.get(key) or pack(*key, into=Path(folder))
            data = content(entry, packages[key])
            if write:
                entry["sha256"] = hashlib.sha256(data).hexdigest()
            verify(entry, data)
            (ROOT / entry["file"]).write_bytes(data)


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="verify the files that are here")
    parser.add_argument("--write", action="store_true", help="record the hashes of what was fetched")
    options = parser.parse_args(argv)
    entries = json.loads(LOCK.read_text())
    if not options.check:
        fetch(entries, options.write)
    if options.write:
        LOCK.write_text(json.dumps(entries, ensure_ascii=False, indent=2) + "\n")
    for entry in entries:
        verify(entry, (ROOT / entry["file"]).read_bytes())
    print(f"{len(entries)} files match {LOCK.name}")


if __name__ == "__main__":
    main(sys.argv[1:])
