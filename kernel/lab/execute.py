"""Runs notebooks and writes them, executed, as notebook and as HTML.

Reads a job as JSON from standard input and prints one JSON object a line for each thing that happens:
  {"event": "notebook", "notebook": i, "cells": n}                 a notebook starts, with n code cells
  {"event": "start", "notebook": i, "cell": c}                     a code cell starts; c counts all cells from 0
  {"event": "cell", "notebook": i, "cell": c, "seconds": s}        it ended well
  {"event": "error", "notebook": i, "cell": c, "name": .., "value": .., "text": ..}  a cell or the kernel failed
  {"event": "done", "notebook": i, "seconds": s, "html": "..."}    its files are written
"""

import json
import os
import re
import sys
import time

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter

ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def say(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


def write(path, text):
    """Writes a file as a whole or not at all."""
    aside = path + ".part"
    with open(aside, "w", encoding="utf-8") as f:
        f.write(text)
    os.replace(aside, path)


def failed_text(cell, error):
    """The text of the error that stopped a cell, as the kernel sent it."""
    text = str(error)
    for output in reversed(cell.get("outputs", [])):
        if output["output_type"] == "error":
            text = "\n".join(output["traceback"]) or output["evalue"]
            break
    if re.fullmatch(r"\s*(exit status \d+|signal: .*)\s*", text):  # a panic: its text is what the cell printed
        printed = "".join(o["text"] for o in cell.get("outputs", []) if o.get("name") == "stderr")
        text = "\n".join(printed.rstrip().removesuffix(text).rstrip().splitlines()[-40:] + [text])
    return ANSI.sub("", text)


def run(i, job):
    path = job["notebooks"][i]
    nb = nbformat.read(path, as_version=4)
    say("notebook", notebook=i, cells=sum(c.cell_type == "code" and bool(c.source.strip()) for c in nb.cells))
    began = {}
    current = {"cell": -1}

    def on_start(cell, cell_index):
        if cell.cell_type == "code" and cell.source.strip():
            current["cell"] = cell_index
            began[cell_index] = time.monotonic()
            say("start", notebook=i, cell=cell_index)

    def on_done(cell, cell_index, execute_reply):
        if cell_index in began and execute_reply["content"].get("status") == "ok":
            say("cell", notebook=i, cell=cell_index, seconds=time.monotonic() - began[cell_index])

    client = NotebookClient(
        nb,
        kernel_name=job["kernel"],
        timeout=job["timeout"],
        startup_timeout=120,
        coalesce_streams=True,
        resources={"metadata": {"path": os.path.dirname(path)}},
        on_cell_execute=on_start,
        on_cell_executed=on_done,
    )
    start = time.monotonic()
    failed = False
    try:
        client.execute()
    except CellExecutionError as e:
        failed = True
        c = current["cell"]
        say("error", notebook=i, cell=c, name=e.ename, value=ANSI.sub("", e.evalue), text=failed_text(nb.cells[c], e))
    except Exception as e:  # the kernel died, a cell took too long
        failed = True
        say("error", notebook=i, cell=current["cell"], name=type(e).__name__, value=str(e), text=str(e))
    language = nb.metadata.get("language_info", {})
    if language.get("name") == "go" and not language.get("pygments_lexer"):
        language["pygments_lexer"] = "go"  # GoNB leaves it empty, and the page would colour Go as Python
    stem = os.path.join(job["out"], os.path.splitext(job["names"][i])[0])
    os.makedirs(os.path.dirname(stem), exist_ok=True)
    write(stem + ".ipynb", nbformat.writes(nb))
    html, _ = HTMLExporter().from_notebook_node(nb, resources={"metadata": {"name": os.path.basename(stem)}})
    write(stem + ".html", html)
    say("done", notebook=i, seconds=time.monotonic() - start, html=stem + ".html")
    return not failed


def main():
    job = json.load(sys.stdin)
    ok = [run(i, job) for i in range(len(job["notebooks"]))]
    sys.exit(0 if all(ok) else 1)


main()
