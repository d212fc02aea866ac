"""A process that asks, to be killed: `python asks.py DOOR URL FOLDER COUNT` writes the text of each reply as it is given out."""

from __future__ import annotations

import sys
from pathlib import Path

from served import Server

from alpaca.llms.ledger import Book
from alpaca.llms.request import Request


def main(door: str, url: str, folder: Path, count: int) -> None:
    server = Server(url.rpartition(":")[2])
    llm = server.door(concurrency=8, ahead=32) if door == "openai" else server.batch_door(requests_per_batch=25)
    requests = (Request(number, f"Prompt {number}: tell something about it.") for number in range(count))
    with Book(folder / "ledger.jsonl", 10.0) as book, (folder / "given_out.txt").open("a") as out:
        texts = []
        for reply in llm.replies(requests, book):
            out.write(f"{reply.identity} {reply.text}\n")
            out.flush()
            texts.append(reply.text)
    (folder / "done.txt").write_text("\n".join(texts))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
