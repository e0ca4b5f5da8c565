"""Writes the lists of library names that pickles may name, by looking into installed libraries.

It makes one environment for each paragraph of `allowlist-libraries.txt`, lets each Python look into the
libraries there (`allowlist_look.py`), merges what they found and writes one file for each library, with the
versions it comes from. Nothing in the files depends on the day or the machine.

A class is listed under the module and name that pickles write for it, and only when nothing that runs while
it is made, restored, filled, compared or thrown away reads as if it acted, nor what that calls in its own
library (`allowlist_acts.py`), in any of the versions. Compiled code cannot be read: its modules are in
`COMPILED`, each read by a person in the library's own sources. `allowlist_names.py` has what is no class, and
the classes that act when they are called with arguments, which pickles never do.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import allowlist_names as reviewed
from allowlist_look import Found, Names

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "src/ringfence/artifacts/pickles/allowlist"
ENVIRONMENTS = HERE.parent / ".cache/libraries"

# What acts because it executes a text that stands in its state, the same in every honest pickle.
RUNS_TEXT = re.compile(
    r"_attach_argparser_methods: exec\($|ModelData\.__setstate__: (?:dmatrices|get_matrices)$"
)


def main() -> None:
    found: dict[str, list[Found]] = {}
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        each_environment = enumerate(environments(), 1)
        looks = [threads.submit(looked_into, number, *each) for number, each in each_environment]
    for look_ in looks:
        for library, names in look_.result().items():
            found.setdefault(library, []).append(names)
    for library, each in found.items():
        write(library, each)


def environments() -> Iterator[tuple[str, list[str]]]:
    """Each paragraph's Python and requirements."""
    text = re.sub(r"^#.*\n", "", (HERE / "allowlist-libraries.txt").read_text(encoding="utf-8"), flags=re.M)
    for paragraph in re.split(r"\n{2,}", text.strip()):
        python, *requirements = paragraph.split()
        yield python, requirements


def starts(python: str) -> bool:
    """Whether there is such a Python: a version manager has a program of every name, which then fails."""
    found = shutil.which(python)
    return found is not None and not subprocess.run([found, "-c", ""], check=False).returncode


def looked_into(number: int, python: str, requirements: list[str]) -> dict[str, Found]:
    """What the environment's libraries have. It is made when it is not there yet."""
    folder = ENVIRONMENTS / str(number)
    if not starts(python):
        raise SystemExit(f"allowlist: {python} is not installed, and its libraries' names would be lost")
    wanted = folder / "requirements.txt"
    if not wanted.exists() or wanted.read_text(encoding="utf-8").split() != requirements:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
        pip = [str(folder / "bin/pip"), "install", "--quiet", "--only-binary", ":all:"]
        subprocess.run([*pip, *requirements], check=True)
        wanted.write_text("\n".join(requirements) + "\n", encoding="utf-8")
    command = [str(folder / "bin/python"), str(HERE / "allowlist_look.py")]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=str(folder))
    looked: dict[str, Found] = json.loads(done.stdout.splitlines()[-1])  # libraries print while imported
    return looked


def merged_names(found: list[Found]) -> dict[str, Names]:
    """What all versions of a library have together; of a name that acts in one, nothing."""
    merged: dict[str, Names] = {"names": {}, "restored": {}, "runs_text": {}}
    left_out = [item for each in found for item in each["left_out"].items()]
    acting = {name for name, _ in left_out}  # in any version
    for name, why in left_out:
        if RUNS_TEXT.search(why):
            module, _, attribute = name.rpartition(".")
            merged["runs_text"].setdefault(module, set()).add(attribute)
    for each in found:
        for part, into in merged.items():
            if part == "runs_text":
                continue
            for module, names in each[part].items():
                into.setdefault(module, set()).update(names)
    for module, other in reviewed.ALSO.items():
        if module in merged["names"]:
            merged["names"].setdefault(other, set()).update(merged["names"][module])
    for module, names in merged["names"].items():
        acts_there = {name for name in names if f"{module}.{name}" in acting}
        merged["names"][module] = names - acts_there - merged["restored"].get(module, set())
    return merged


def write(library: str, found: list[Found]) -> None:
    """Writes the library's list, merged from all versions."""
    merged = merged_names(found)
    document: Found = {
        "library": library,
        "versions": sorted(
            {each["version"] for each in found}, key=lambda text: [len(text.split(".")[0]), text]
        ),
        "made_by": "scripts/allowlist.py",
        "names": {module: sorted(names) for module, names in sorted(merged["names"].items()) if names},
    }
    for part in ("restored", "runs_text"):
        if merged[part]:
            document[part] = {module: sorted(names) for module, names in sorted(merged[part].items())}
    text = json.dumps(document, indent=1)
    text = re.sub(
        r"\[\n\s+(.*?)\n\s+\]", lambda m: "[" + re.sub(r"\s*\n\s*", " ", m[1]) + "]", text, flags=re.S
    )
    (FOLDER / f"library-{library}.json").write_text(text + "\n", encoding="utf-8")
    count = sum(map(len, document["names"].values()))
    print(f"{library} {', '.join(document['versions'])}: {count} names")


if __name__ == "__main__":
    main()
