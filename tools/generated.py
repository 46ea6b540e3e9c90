"""What the tools that write documents share: a page is made from the tables, and either written or compared.

Happy path: `write_or_check(path, make)` is the whole of such a tool; `make` gets the page as it is and answers the page as it should be.
With --check on the command line nothing is written. How it fails: a page that differs is one line, which names the first line that does,
and exit code 1; a page without the marks between which a tool writes is one, too.
"""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def between_marks(page, what, part):
    """The page with `part` in the place of what stands between the two marks."""
    marks = re.compile(rf"(<!-- {what}: tools/docs writes this -->\n).*?(<!-- end of {what} -->\n)", re.S)
    after, found = marks.subn(lambda match: match[1] + part + match[2], page)
    if not found:
        sys.exit(f"the page has no marks for {what}")
    return after


def first_difference(before, after):
    """The number of the first line that differs."""
    lines = zip(before.splitlines() + [None], after.splitlines() + [None])
    return next((number for number, (one, other) in enumerate(lines, 1) if one != other), 1)


def write_or_check(name, make):
    before = read(name) if os.path.exists(os.path.join(ROOT, name)) else ""
    after = make(before)
    if after == before:
        return
    if sys.argv[1:] == ["--check"]:
        sys.exit(f"{name}:{first_difference(before, after)}: not what the tables say: run tools/docs")
    with open(os.path.join(ROOT, name), "w", encoding="utf-8") as page:
        page.write(after)
