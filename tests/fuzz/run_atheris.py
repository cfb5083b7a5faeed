"""Fuzz the parsers of what comes from outside, guided by coverage; not part of the test run.

It needs atheris, which is no dependency of this repository::

    pip install atheris
    python tests/fuzz/run_atheris.py cache_control -max_total_time=300
    python tests/fuzz/run_atheris.py --list

What follows the target is for libFuzzer: ``-runs=N``, a folder of inputs that
it adds to, or a file that it found (``crash-...``), to try that one again.
``tests/fuzz/test_targets.py`` runs every target on the inputs it begins with.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent.parent)]


def dictionary(seeds: list[bytes]) -> str:
    """The words of the inputs to begin with, and what stands between them, for libFuzzer to try anew."""
    words = {word for seed in seeds for word in re.split(rb"(\W)", seed) if word}
    spelt = ["".join(map("\\x{:02x}".format, word)) for word in sorted(words)]
    return "".join(f'"{word}"\n' for word in spelt)


def main(arguments: list[str]) -> int:
    """Fuzz one target until it fails, or as long as libFuzzer was told."""
    import atheris

    with atheris.instrument_imports(include=["isrgen"]):
        from fuzz_targets import TARGETS
    targets = {target.__name__: (target, seeds) for target, seeds in TARGETS.items()}
    if not arguments or arguments[0] not in targets:
        print("Choose one of:", ", ".join(targets))
        return 0 if arguments == ["--list"] else 2
    target, seeds = targets[arguments[0]]
    with tempfile.TemporaryDirectory() as folder:
        corpus, words = Path(folder, "corpus"), Path(folder, "words")
        corpus.mkdir()
        for number, seed in enumerate(seeds):
            (corpus / f"seed-{number}").write_bytes(seed)
        words.write_text(dictionary(seeds))
        options = ["-max_len=400", "-timeout=5", f"-dict={words}"]
        again = any(Path(argument).is_file() for argument in arguments[1:])
        atheris.Setup([sys.argv[0], *options, *arguments[1:], *([] if again else [str(corpus)])], target)
        atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
