"""Peak memory and time of `alpaca curate` as its input grows: `python -m benchmarks.curation FILE`.

FILE (such as alpaca_en_demo.json) is repeated with four random words behind each instruction, so that rows are of real
lengths and few are duplicates. Each size is curated in a process of its own, of which the system tells the peak.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from alpaca.records import Example, read

WORDS = "red green blue old new big small quick slow warm cold dry wet loud calm north south east west far near".split()  # noqa: SIM905


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--mib", type=float, nargs="+", default=[16, 128], help="sizes of the input")
    parser.add_argument("--formats", nargs="+", default=["jsonl", "json", "jsonl.gz", "parquet"])
    parser.add_argument("--dedup", nargs="+", default=["none"])
    parser.add_argument("--further", nargs="*", default=[], help="more overrides for alpaca curate")
    given = parser.parse_args()
    examples = read(given.file)[0]
    print(f"{'input':<12}{'dedup':<8}{'MiB':>8}{'rows':>12}{'kept':>12}{'seconds':>10}{'peak MiB':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for kind in given.formats:
            for mib in given.mib:
                data = Path(folder) / f"data.{kind}"
                rows = write(data, examples, round(mib * 2**20))
                for dedup in given.dedup:
                    kept, seconds, peak = curate(Path(folder), data, [f"dedup={dedup}", *given.further])
                    line = f"{kind:<12}{dedup:<8}{mib:>8g}{rows:>12,}{kept:>12,}{seconds:>10.1f}{peak / 2**20:>10.0f}"
                    print(line, flush=True)
                data.unlink()


def write(path: Path, examples: Sequence[Example], size: int) -> int:
    """Write rows of about `size` bytes of JSON in the format that the name ends in; return how many."""
    import gzip

    import pyarrow
    from pyarrow import parquet

    rng, written, texts = random.Random(0), 0, []
    with tempfile.TemporaryFile("w+", encoding="utf-8", dir=path.parent) as lines:
        for number in count():
            example = examples[number % len(examples)]
            noise = " ".join(f"{rng.choice(WORDS)}{rng.randrange(10_000)}" for _ in range(4))
            row = example.alpaca() | {"instruction": f"{example.instruction} {noise}"}
            written += lines.write(json.dumps(row, ensure_ascii=False) + "\n")
            if written >= size:
                break
        lines.seek(0)
        if path.suffix == ".parquet":
            schema = pyarrow.schema([(name, pyarrow.string()) for name in ("instruction", "input", "output")])
            with parquet.ParquetWriter(path, schema) as table:
                while texts := lines.readlines(2**24):
                    table.write_table(pyarrow.Table.from_pylist([json.loads(text) for text in texts], schema))
        elif path.suffix == ".json":
            with path.open("w", encoding="utf-8") as list_:
                list_.write("[\n")
                list_.writelines(("" if place == 0 else ",\n") + text.rstrip("\n") for place, text in enumerate(lines))
                list_.write("\n]\n")
        else:
            with gzip.open(path, "wt", 1, "utf-8") if path.suffix == ".gz" else path.open("w", encoding="utf-8") as out:
                out.writelines(lines)
    return number + 1


def curate(folder: Path, data: Path, overrides: Sequence[str]) -> tuple[int, float, int]:
    """Curate in a process of its own; return how many examples were kept, the seconds, and its peak of memory in bytes."""
    start = time.monotonic()
    command = [sys.executable, "-m", "alpaca.curate", f"data={data}", f"root={folder}", "name=run", *overrides]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, f"{' '.join(command)} ended with {status}"
    seconds = time.monotonic() - start
    made = folder / "run" / "curate"
    kept = json.loads((made / "manifest.json").read_text("utf-8"))["results"]["examples_kept"]
    for file in made.iterdir():
        if file.is_file():
            file.unlink()
    return kept, seconds, usage.ru_maxrss * 1024


if __name__ == "__main__":
    main()
