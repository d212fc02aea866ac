"""The verb and the object of real instructions, labelled by hand before the heuristic was written.

Rows of the real data, drawn at random: file, index, and what is to be done to what ("" where there is no such pair).
"""

from __future__ import annotations

DEMO = """
38: | 47:identify phrase | 49:find point | 50:generate sentence | 59:list characteristic | 60:validate statement
63:write script | 71:generate plan | 74:generate list | 88:generate analysis | 92:write version | 96: | 99:state equation
105:create question | 120:create list | 126:describe reaction | 136:classify scenario | 147:classify object | 154:
185:summarize point | 192:craft headline | 219:design platform | 226:generate list | 228:create metaphor
246:identify tone | 296:name language | 315:create list | 331:write story | 374:generate sentence | 381:identify category
404:explain process | 406:provide list | 428:analyze consequence | 429:categorize text | 434:construct expression
444:describe step | 519:create word | 548:fill word | 553: | 560:add sentence | 564:rewrite sentence
570:summarize lyric | 573: | 579:summarize article | 584:suggest title | 590:rewrite paragraph | 595:find similarity
596: | 599:assist customer | 642: | 645:name feature | 654:suggest idea | 666: | 698:pick mark | 835:rewrite sentence
840:find number | 846: | 879:provide example | 931: | 970:describe way
"""
SEEDS = """
15:write word | 16:identify disease | 20:write scene | 46:write example | 52:suggest routine | 62:summarize document
63:write joke | 76:make flavor | 80:write list | 92: | 109:solve problem | 116: | 119:expand outline | 127:
136:solve problem | 144:solve system | 147:rank country | 149: | 158:read code | 174:
"""
EVALUATION = """
40: | 74: | 120: | 155: | 168: | 294: | 307:give explanation | 350: | 351: | 428: | 431:provide summary | 459:
500:answer question | 506:write description | 524:suggest paper | 537:use emoji | 623:identify word
684:write description | 746: | 775:
"""
LABELS = {
    "alpaca_en_demo.json": DEMO,
    "self_instruct_seed_tasks.jsonl": SEEDS,
    "alpaca_eval_alpaca_7b.json": EVALUATION,
}


def labels() -> dict[tuple[str, int], tuple[str, str] | None]:
    found: dict[tuple[str, int], tuple[str, str] | None] = {}
    for file, text in LABELS.items():
        for label in text.replace("\n", " | ").split("|"):
            if label.strip():
                index, _, words = label.strip().partition(":")
                verb, _, noun = words.partition(" ")
                found[file, int(index)] = (verb, noun) if noun else None
    return found
