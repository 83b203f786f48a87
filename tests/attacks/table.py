"""Grade every attack and print what came of it as Markdown: `python tests/attacks/table.py [--sample] [--only WORDS]`.

Takes some minutes. Nothing hostile runs where the fence is not available, or where a harmless notebook sees too much.
The exit status is 0 only if no attack gained, learned, left, acted or harmed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import attacks


def row(verdict: attacks.Verdict) -> str:
    """Return one line of the table; "no" is good in every column."""
    attack = verdict.attack
    cells = [attack.name, attack.kind, attack.wants, "yes" if verdict.gained else "no", "yes" if verdict.leaked else "no",
             "yes" if verdict.wrote or verdict.broke else "no", "yes" if verdict.shown else "no",
             "lost honest points" if verdict.lost else "" if not attack.loses else f"may lose its own: {attack.why}"]  # fmt: skip
    return "| " + " | ".join(cell.replace("|", r"\|").replace("<", "&lt;") for cell in cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", action="store_true", help="only those that `make test` runs")
    parser.add_argument("--only", default="", help="only attacks with these words in name or kind")
    parser.add_argument("--alone", action="store_true", help="a class for each, to see which of them harms others")
    parser.add_argument("--seconds", type=int, default=5, help="the most that a cell may take")
    parser.add_argument("--jobs", type=int)
    options = parser.parse_args()
    chosen = [a for a in (attacks.sample() if options.sample else attacks.catalogue()) if options.only in f"{a.name} {a.kind}"]
    trouble, took = [], 0.0
    if reason := attacks.why_not():
        sys.exit(reason)
    print("| attack | kind | wants | gained | learned | left its room | acted in a page | note |\n|---|---|---|---|---|---|---|---|")
    for group in [[attack] for attack in chosen] if options.alone else [chosen]:
        with tempfile.TemporaryDirectory(prefix="mft-attacks-", ignore_cleanup_errors=True) as folder:
            os.environ["HOME"] = str(Path(folder).resolve() / "home")
            try:
                outcome = attacks.run(Path(folder).resolve(), group, options.seconds, options.jobs)
            except RuntimeError as reason:
                sys.exit(str(reason))
        print("\n".join(map(row, outcome.verdicts)), flush=True)
        trouble += [f"{line}{f' (with {group[0].name})' if options.alone else ''}" for line in outcome.trouble]
        took += outcome.seconds
    kinds = len({attack.kind for attack in chosen})
    print(f"\n{len(chosen)} attacks of {kinds} kinds, graded in {took:.0f} s together with two honest learners, who have", end=" ")
    print("what they have without them: row, page and notebook, to the byte." if not trouble else "to be looked at:\n")
    sys.exit("\n".join(trouble) or 0)


if __name__ == "__main__":
    main()
