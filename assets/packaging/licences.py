#!/usr/bin/env python3
"""Writes the licences of everything inside the program: every crate it is built from, the fonts and the model.

    assets/packaging/licences.py [OUT=target/THIRD-PARTY.txt]

Fails when a crate names no licence. Texts that several crates share are written once.
"""
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMES = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE")


def crates():
    """The crates that are linked into the program on this system, without those that only build or test it."""
    tree = ["cargo", "tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}"]
    lines = subprocess.run(tree, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    used = {tuple(line.split()[:2]) for line in lines if line.strip()}
    metadata = ["cargo", "metadata", "--locked", "--format-version", "1"]
    text = subprocess.run(metadata, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for package in sorted(json.loads(text)["packages"], key=lambda p: (p["name"], p["version"])):
        if package["source"] and (package["name"], "v" + package["version"]) in used:
            yield package


def texts(folder):
    files = sorted(path for path in folder.iterdir() if path.is_file())
    for path in files:
        if path.name.upper().startswith(NAMES):
            yield path.read_text(encoding="utf-8", errors="replace").strip()


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "target" / "THIRD-PARTY.txt"
    listed, holders, missing = [], {}, []
    for package in crates():
        name = f"{package['name']} {package['version']}"
        licence = package["license"] or package["license_file"]
        if not licence:
            missing.append(name)
            continue
        listed.append(f"{name}: {licence}")
        for text in texts(pathlib.Path(package["manifest_path"]).parent):
            holders.setdefault(text, []).append(name)
    if missing:
        sys.exit("no licence is named by: " + ", ".join(missing))
    parts = ["What Headlight is made of, and under which licences.", "Crates:\n" + "\n".join(listed)]
    for path in sorted((ROOT / "assets" / "fonts").glob("*.copyright.txt")):
        parts.append(f"Font {path.name.split('.')[0]}:\n\n{path.read_text(encoding='utf-8').strip()}")
    for path in sorted((ROOT / "models").glob("*/README.md")):
        parts.append(f"Model {path.parent.name}:\n\n{path.read_text(encoding='utf-8').strip()}")
    parts += [f"{', '.join(names)}:\n\n{text}" for text, names in holders.items()]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(("\n\n" + "-" * 80 + "\n\n").join(parts) + "\n", encoding="utf-8")
    print(f"{out}: {len(listed)} crates, {len(holders)} texts")


if __name__ == "__main__":
    main()
