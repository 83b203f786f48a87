"""Grade every attack and print what came of it as Markdown: `python tests/attacks/table.py [--sample] [--only WORDS]`.

Takes some minutes. Nothing hostile runs where the fence is not available, or where a harmless notebook sees too much.
The exit status is 0 only if no attack gained, learned, left, acted or harmed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import attacks

STOCK = json.loads(Path(__file__).with_name("stock.json").read_text(encoding="utf-8"))  # made by stock.py


def row(verdict: attacks.Verdict) -> str:
    """Return one line of the table; "no" is good in every column."""
    attack, stock = verdict.attack, STOCK["found"].get(verdict.attack.name, "not tried")
    cells = [attack.name, attack.kind, attack.wants, "yes" if verdict.gained else "no", "yes" if verdict.leaked else "no",
             "yes" if verdict.wrote or verdict.broke else "no", "yes" if verdict.shown else "no", stock,
             "lost honest points" if verdict.lost else "" if not attack.loses else f"may lose its own: {attack.why}"]  # fmt: skip
    return "| " + " | ".join(cell.replace("|", r"\|").replace("<", "&lt;") for cell in cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", action="store_true", help="only those that `make test` runs")
    parser.add_argument("--only", default="", help="only attacks with these words in name or kind")
    parser.add_argument("--alone", action="store_true", help="a class for each, to see which of them harms others")
    parser.add_argument("--seconds", type=int, default=5, help="the most that a cell may take")
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--write", action="store_true", help="also write docs/attacks.md, where nothing is amiss")
    options = parser.parse_args()
    chosen = [a for a in (attacks.sample() if options.sample else attacks.catalogue()) if options.only in f"{a.name} {a.kind}"]
    trouble, took, said = [], 0.0, []

    def say(text: str) -> None:
        said.append(text)
        print(text, flush=True)

    if reason := attacks.why_not():
        sys.exit(reason)
    say(f"| attack | kind | wants | gained | learned | left its room | acted in a page | stock nbgrader | note |\n{'|---' * 9}|")
    for group in [[attack] for attack in chosen] if options.alone else [chosen]:
        with tempfile.TemporaryDirectory(prefix="mft-attacks-", ignore_cleanup_errors=True) as folder:
            os.environ["HOME"] = str(Path(folder).resolve() / "home")
            try:
                outcome = attacks.run(Path(folder).resolve(), group, options.seconds, options.jobs)
            except RuntimeError as reason:
                sys.exit(str(reason))
        say("\n".join(map(row, outcome.verdicts)))
        trouble += [f"{line}{f' (with {group[0].name})' if options.alone else ''}" for line in outcome.trouble]
        took += outcome.seconds
    kinds = len({attack.kind for attack in chosen})
    who = "what they have without them: row, page and notebook, to the byte." if not trouble else "to be looked at."
    say(f"\n{len(chosen)} attacks of {kinds} kinds, graded together with two honest learners, who have {who}")
    print(f"It took {took:.0f} s.")
    if options.write and not trouble:
        head = (f"# Hostile notebooks\n\nMade by `python tests/attacks/table.py --write`: each attack is a notebook of {attacks.UNIT} that wants "
                "something,\nhanded in beside honest ones. What is fair in points is what a plain function with the same values "
                f"earns.\nThe column of stock nbgrader ({STOCK['nbgrader']}) was made once, on {STOCK['date']}, in a fence: it says "
                "what the attack\nearns there for the honest points that it has.\n\n")  # fmt: skip
        (attacks.ROOT / "docs" / "attacks.md").write_text(head + "\n".join(said) + "\n", encoding="utf-8")
    sys.exit("\n".join(trouble) or 0)


if __name__ == "__main__":
    main()
