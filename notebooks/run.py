"""Executes notebooks: in place, or to check that what is stored in them is what they give.

    python notebooks/run.py notebooks/flash-sale.ipynb            writes it again, with its pictures
    python notebooks/run.py --check notebooks/flash-sale.ipynb    changes nothing; exits with 1 if it gives something else

A notebook runs the program that the environment variable SHARDLAB names, else the release build of this clone.
"""

import argparse
import difflib
import os
import pathlib
import shutil
import sys

import nbformat
from nbclient import NotebookClient

TIMEOUT_S = 600
RELEASE_BUILD = pathlib.Path(__file__).resolve().parent.parent / "target/release/shardlab"


def program() -> str:
    """The program that notebooks run, by a path that holds in their folder, too."""
    named = os.environ.get("SHARDLAB", str(RELEASE_BUILD))
    found = shutil.which(named)
    if found is None:
        sys.exit(f"no program at {named}: run `cargo build --release`, or let the environment variable SHARDLAB name it")
    return str(pathlib.Path(found).resolve())


def execute(path: pathlib.Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=TIMEOUT_S, resources={"metadata": {"path": str(path.parent)}})
    client.execute()
    for cell in notebook.cells:
        # When a cell ran is nobody's business.
        cell.metadata.pop("execution", None)
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def said(notebook: nbformat.NotebookNode) -> list[str]:
    """What the cells print and show, line by line; a picture counts by being there."""
    lines, last = [], None
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            # What a cell prints may come in several pieces, as the kernel's buffer would have it.
            kind = (number, output.output_type)
            if kind != last or output.output_type != "stream":
                lines.append(f"cell {number}: {output.output_type}")
            last = kind
            data = output.get("data", {})
            lines += output.get("text", "").splitlines()
            # Beside a picture or a table for browsers its words are only a name.
            lines += ["(a picture)"] if "image/png" in data else data.get("text/plain", "").splitlines()
    return lines


def check(path: pathlib.Path) -> bool:
    stored, fresh = said(nbformat.read(path, as_version=4)), said(execute(path))
    difference = list(difflib.unified_diff(stored, fresh, f"{path} as stored", f"{path} as executed", lineterm=""))
    print("\n".join(difference) or f"{path}: as stored")
    if difference:
        print(f"write it again: python notebooks/run.py {path}")
    return not difference


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing, compare")
    parser.add_argument("notebooks", nargs="+", type=pathlib.Path, metavar="NOTEBOOK")
    arguments = parser.parse_args()
    os.environ["SHARDLAB"] = program()
    if arguments.check:
        return 0 if all([check(path) for path in arguments.notebooks]) else 1
    for path in arguments.notebooks:
        nbformat.write(execute(path), path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
