#!/usr/bin/env python3
"""Draws the pictures of docs/command.md: what blip shows in a terminal, as SVG. Linux, with util-linux's script.

    docs/captures/make.py out/blip      the published command; from the repository's root
"""
import hashlib
import html
import http.server
import os
import re
import shlex
import subprocess
import sys
import tempfile
import threading

COLUMNS, LINE, CELL, EDGE = 80, 19, 8.4, 16
HERE = os.path.dirname(os.path.abspath(__file__))
MODEL, COMMIT = "models/demo", "3f0c" * 10
COLOURS = {"1": "font-weight:bold", "2": "opacity:.65", "31": "fill:#ff7b72", "32": "fill:#7ee787"}


class Hub(http.server.BaseHTTPRequestHandler):
    """A hub with the demo model, so that a download can be shown anywhere."""

    def do_GET(self):
        path = os.path.join(MODEL, self.path.rsplit("/", 1)[-1])
        content = open(path, "rb").read() if os.path.isfile(path) else None
        self.send_response(404 if content is None else 200)
        self.send_header("X-Repo-Commit", COMMIT)
        if content is None:
            self.send_header("X-Error-Code", "EntryNotFound")
        else:
            self.send_header("ETag", '"%s"' % hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest())
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        if self.command == "GET" and content:
            self.wfile.write(content)

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


def run(blip, line, environment):
    """The lines that a terminal shows at the end, with their colours."""
    shell = f"stty cols {COLUMNS} rows 40; {line.replace('blip', shlex.quote(blip), 1)}"
    result = subprocess.run(["script", "-qec", shell, "/dev/null"], stdin=subprocess.DEVNULL, capture_output=True,
                            env={**os.environ, "TERM": "xterm-256color", **environment})
    shown = []
    for raw in result.stdout.decode().replace("\r\n", "\n").rstrip("\n").split("\n"):
        # Only what was written last on a line is seen.
        kept = re.sub(r"\x1b\[[0-9]*[AKJG]|\x1b\[\?[0-9]*[hl]|\x1b[=>]", "", raw.split("\r")[-1].split("\x1b[K")[-1])
        if "\x1b" not in kept:
            shown += [kept[i:i + COLUMNS] for i in range(0, max(len(kept), 1), COLUMNS)]
        else:
            shown.append(kept)
    return shown


def spans(line):
    style, text = "", ""
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        code = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
        if code:
            style = ";".join(COLOURS[c] for c in code[1].split(";") if c in COLOURS)
        elif part:
            # Spaces stay as many as they are.
            part = part.replace(" ", "\u00a0")
            text += f'<tspan style="{style}">{html.escape(part)}</tspan>' if style else html.escape(part)
    return text


def draw(name, shown):
    width, height = COLUMNS * CELL + 2 * EDGE, len(shown) * LINE + 2 * EDGE
    rows = "\n".join(f'<text x="{EDGE}" y="{EDGE + (i + .75) * LINE:.1f}">{spans(line)}</text>' for i, line in enumerate(shown))
    with open(os.path.join(HERE, name + ".svg"), "w", encoding="utf-8") as f:
        f.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}" '
                'font-family="ui-monospace,Consolas,Menlo,monospace" font-size="14" fill="#e6edf3">\n'
                f'<rect width="100%" height="100%" rx="8" fill="#0d1117"/>\n{rows}\n</svg>\n')


def main():
    blip = os.path.abspath(sys.argv[1])
    hub = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as cache:
        environment = {"HF_HUB_CACHE": cache, "BLIP_CACHE": "",
                       "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}"}
        for name, line in (("ask", 'blip ask samples "is it day or night?"'), ("doctor", "blip doctor"),
                           ("bench", "blip bench --quick"), ("pull", "blip pull blip/demo 2>&1 | cat")):
            shown = [text.replace(cache, "~/.cache/huggingface/hub") for text in run(blip, line, environment)]
            draw(name, ["\x1b[1m$ " + line + "\x1b[0m", *shown])


main()
