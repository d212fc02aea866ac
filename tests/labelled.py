"""The verb and the object of real instructions, labelled by hand: LABELS to mend the heuristic by, UNSEEN to measure it.

Rows of the real data, drawn at random: file, index, and what is to be done to what ("" where there is no such pair).
"""

from __future__ import annotations

from collections.abc import Mapping

DEMO = """
38: | 47:identify phrase | 49:find point | 50:generate sentence | 59:list characteristic | 60:validate statement |
63:write script | 71:generate plan | 74:generate list | 88:generate analysis | 92:write version | 96: | 99:state equation |
105:create question | 120:create list | 126:describe reaction | 136:classify scenario | 147:classify object | 154: |
185:summarize point | 192:craft headline | 219:design platform | 226:generate list | 228:create metaphor |
246:identify tone | 296:name language | 315:create list | 331:write story | 374:generate sentence | 381:identify category |
404:explain process | 406:provide list | 428:analyze consequence | 429:categorize text | 434:construct expression |
444:describe step | 519:create word | 548:fill word | 553: | 560:add sentence | 564:rewrite sentence |
570:summarize lyric | 573: | 579:summarize article | 584:suggest title | 590:rewrite paragraph | 595:find similarity |
596: | 599:assist customer | 642: | 645:name feature | 654:suggest idea | 666: | 698:pick mark | 835:rewrite sentence |
840:find number | 846: | 879:provide example | 931: | 970:describe way
"""
SEEDS = """
15:write word | 16:identify disease | 20:write scene | 46:write example | 52:suggest routine | 62:summarize document |
63:write joke | 76:make flavor | 80:write list | 92: | 109:solve problem | 116: | 119:expand outline | 127: |
136:solve problem | 144:solve system | 147:rank country | 149: | 158:read code | 174:
"""
EVALUATION = """
40: | 74: | 120: | 155: | 168: | 294: | 307:give explanation | 350: | 351: | 428: | 431:provide summary | 459: |
500:answer question | 506:write description | 524:suggest paper | 537:use emoji | 623:identify word |
684:write description | 746: | 775:
"""
LABELS = {
    "alpaca_en_demo.json": DEMO,
    "self_instruct_seed_tasks.jsonl": SEEDS,
    "alpaca_eval_alpaca_7b.json": EVALUATION,
}

UNSEEN = {
    "alpaca_en_demo.json": """
91:generate number | 183:provide solution | 204:make analogy | 217:write algorithm | 221: | 235:explain term |
254:compare culture | 257:identify character | 382:find quote | 389:describe history | 392:create manual |
397:generate list | 413:compose comment | 431: | 501:write function | 543: | 551:invent work | 602:arrange word |
613: | 627:suggest way | 638:give piece | 700:describe sentiment | 717:create chart | 739:review dataset | 746: |
778:describe role | 807:create profile | 811: | 842:describe plan | 882:give fact | 923: | 960:
""",
    "self_instruct_user_oriented.jsonl": """
21:provide example | 22: | 38:provide example | 45:describe meaning | 86:make questionnaire | 118:make list |
120:give tip | 135: | 145:create table | 169:write question | 173:schedule meeting | 183:categorize magazine |
198:create list | 242:write syntax
""",
    "alpaca_eval_text_davinci_003.json": """
7: | 43: | 208:write article | 275:create line | 323: | 371: | 412:write poem | 435:design pokémon | 547:write email
| 571:summarize article
""",
}


def labels(files: Mapping[str, str] = LABELS) -> dict[tuple[str, int], tuple[str, str] | None]:
    found: dict[tuple[str, int], tuple[str, str] | None] = {}
    for file, text in files.items():
        for label in text.replace("\n", " ").split("|"):
            if label.strip():
                index, _, words = label.strip().partition(":")
                verb, _, noun = words.partition(" ")
                found[file, int(index)] = (verb, noun) if noun else None
    return found
