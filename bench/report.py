"""The results as a page with plots, and as a Markdown table, also in a document.

Happy path: two files, written anew after each bar; in a document, the rows of the bars that were measured take the place of those that were between
the marks. A plot has a row a name: a line from the least to the most, a dot at the median. Scales are
logarithmic where figures differ by more than twenty times. How it fails: as writing files does.
"""

import html
import math
import os
import re
import statistics
import time

from servers import number

WIDTH, ROW_HEIGHT, LABEL = 900, 24, 220
MARKS = re.compile(r"(<!-- bench: bench/run --document writes this -->\n)(.*?)(<!-- end of bench -->\n)", re.S)
ROW = re.compile(r"\| (B\d+\w*) [<>]= ")
STYLE = """body{font:15px/1.45 system-ui,sans-serif;max-width:960px;margin:2em auto;padding:0 1em;color:#222;background:#fff}
h2{font-size:1.05em;margin:2em 0 .3em}.met{color:#176b2c}.miss{color:#a01c1c}p{margin:.2em 0}
svg{display:block;max-width:100%}text{font:13px system-ui,sans-serif;fill:currentColor}
@media(prefers-color-scheme:dark){body{background:#16181b;color:#ddd}.met{color:#6c6}.miss{color:#f88}}"""


def scale(samples):
    """A function from a figure to a place in 0..1, and what it is."""
    values = [value for figures in samples.values() for value in figures]
    least, most = min(values), max(values)
    if least > 0 and most > 20 * least:
        return lambda value: math.log(value / least) / math.log(most / least), "logarithmic scale"
    return lambda value: value / most if most else 0, "scale from 0"


def plot(result):
    samples = {name: figures for name, figures in result.samples.items() if figures}
    if not samples:
        return ""
    place, kind = scale(samples)
    span = WIDTH - LABEL - 130
    rows = []
    for i, (name, figures) in enumerate(samples.items()):
        y = i * ROW_HEIGHT + ROW_HEIGHT / 2
        at = [LABEL + span * max(0, place(value)) for value in (min(figures), statistics.median(figures), max(figures))]
        color = "#2a6fdb" if name.startswith("chattifier") else "#999"
        rows.append(f'<text x="{LABEL - 10}" y="{y + 4}" text-anchor="end">{html.escape(name)}</text>'
                    f'<line x1="{at[0]:.1f}" x2="{at[2]:.1f}" y1="{y}" y2="{y}" stroke="{color}" stroke-width="4"/>'
                    f'<circle cx="{at[1]:.1f}" cy="{y}" r="6" fill="{color}"/>'
                    f'<text x="{at[2] + 12:.1f}" y="{y + 4}">{statistics.median(figures):.4g}</text>')
    return f'<svg viewBox="0 0 {WIDTH} {len(rows) * ROW_HEIGHT}" role="img">{"".join(rows)}</svg><p><small>{html.escape(result.samples_unit)}, {kind}</small></p>'


def page(results, command):
    parts = []
    for result in results:
        word = "met" if result.met else "miss"
        parts.append(f'<h2>{result.bar}: {html.escape(result.of)}</h2><p class="{word}">{word.upper()} {result.value:.2f} {html.escape(result.unit)} '
                     f'(bar {"at most" if result.less else "at least"} {result.target:g})</p><p>{html.escape(result.detail)}</p>{plot(result)}')
    met = sum(result.met for result in results)
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Chattifier, measured</title><style>{STYLE}</style><h1>Chattifier, measured</h1>' \
           f'<p>{met} of {len(results)} met. <code>{html.escape(command)}</code>, {time.strftime("%Y-%m-%d %H:%M", time.gmtime())} UTC, ' \
           f'{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}. F is the floor program, which only copies bytes, in the same run. Lines go from the ' \
           f'least to the most of the repetitions, dots are medians.</p>{"".join(parts)}</html>\n'


def row(result, how):
    words = result.figures().replace("|", "\\|")
    return f"| {result.bar} {'<=' if result.less else '>='} {result.target:g} | {result.of} | {number(result.value)} {result.unit} | {words} | {how} | " \
           f"{'met' if result.met else 'missed'} |"


def table(rows):
    return "\n".join(["| bar | what | measured | figures | run | |", "|---|---|---|---|---|---|", *rows]) + "\n"


def write_into(path, results, how, order):
    """`how`: which run it was; `order`: of the bars."""
    with open(path, encoding="utf-8") as file:
        before = file.read()
    marked = MARKS.search(before)
    assert marked, f"{path} has no marks for the table"
    measured = {result.bar for result in results}
    kept = [line for line in marked[2].splitlines() if ROW.match(line) and ROW.match(line)[1] not in measured]
    rows = sorted([*kept, *(row(result, how) for result in results)], key=lambda line: order.index(ROW.match(line)[1]))
    with open(path, "w", encoding="utf-8") as file:
        file.write(before[:marked.end(1)] + table(rows) + before[marked.start(3):])


def write(directory, results, command, how):
    os.makedirs(directory, exist_ok=True)
    for name, text in (("report.html", page(results, command)), ("table.md", table([row(result, how) for result in results]))):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            file.write(text)
