"""Plant evaluation tasks, verbatim and lightly paraphrased, and count which are found: `python -m benchmarks.contamination CLEAN SET...`.

CLEAN is a file of rows that hold none of the tasks but by accident; each that is found all the same is printed, to be judged.
"""

from __future__ import annotations

import argparse
import random
import re
from collections import Counter
from pathlib import Path

from alpaca.composition import compose, instantiated
from alpaca.curation.contamination import Against
from alpaca.records import Example, read

SYNONYMS = {
    word: others.split(",")
    for word, others in re.findall(
        r"(\S+)=(\S+)",
        "write=compose,draft create=make,design make=create,produce give=provide,offer list=name,enumerate explain=clarify,describe describe=outline,explain find=identify,locate "
        "show=present,display use=employ,apply help=assist,aid good=great,nice best=top,finest short=brief,concise long=lengthy,extended big=large,huge important=key,crucial people=persons,folks "
        "need=require,want want=wish,like tell=inform,show think=believe,suppose start=begin,commence end=finish,conclude story=tale,narrative essay=article,text letter=note,message "
        "suggest=recommend,propose summarize=condense,sum_up rewrite=rephrase,reword convert=change,transform translate=render,convert simple=easy,plain easy=simple,straightforward quick=fast,rapid "
        "many=numerous,several some=several,a_few example=instance,sample reason=cause,ground problem=issue,question idea=thought,concept way=method,means job=position,role company=firm,business "
        "email=mail,message meal=dish,dinner recipe=dish,preparation friend=pal,companion child=kid,youngster home=house,place day=date,time year=season,period always=constantly,ever never=not_ever,at_no_time "
        "because=since,as however=but,though also=too,additionally about=regarding,concerning given=provided,supplied following=below,next text=passage,excerpt sentence=phrase,line word=term,expression "
        "what=which which=what difference=distinction,contrast popular=well-known,common famous=renowned,celebrated new=recent,novel old=ancient,aged buy=purchase,get get=obtain,receive keep=retain,hold",
    )
}
OPENINGS = ["Please ", "Can you ", "I would like you to ", "Kindly ", "", "Your task: "]
CLOSINGS = ["", " Thanks.", " Thank you!", " Please be concise.", ""]


def paraphrased(example: Example, rng: random.Random) -> Example:
    """Change words for synonyms (a fourth of those known), drop one in fifteen, change the opening, the closing, case and punctuation."""

    def change(text: str) -> str:
        kept = []
        for word in text.split(" "):
            bare = re.sub(r"\W", "", word).lower()
            if bare in SYNONYMS and rng.random() < 0.6:
                word = word.lower().replace(bare, rng.choice(SYNONYMS[bare]).replace("_", " "))
            elif rng.random() < 1 / 15 and len(text.split()) > 6:
                continue
            kept.append(word)
        return " ".join(kept)

    instruction = change(example.instruction)
    sentences = re.split(r"(?<=[.!?])\s+", instruction)
    if len(sentences) > 2 and rng.random() < 0.5:
        sentences = [*sentences[1:], sentences[0]]
    opening = rng.choice(OPENINGS)
    text = " ".join(sentences)
    text = opening + (text[:1].lower() + text[1:] if opening else text) + rng.choice(CLOSINGS)
    return Example(text, change(example.input), example.output)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clean", type=Path)
    parser.add_argument("sets", type=Path, nargs="*")
    parser.add_argument("--tasks", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--missed", action="store_true")
    arguments = parser.parse_args()
    files = ",".join(map(str, arguments.sets))
    guard = instantiated(compose("curate", ["decontamination=against", f"decontamination.files=[{files}]"]))[
        "decontamination"
    ]
    assert isinstance(guard, Against)
    clean, _ = read(arguments.clean)
    found = [(example, hit) for example in clean if (hit := guard.match(example))]
    for name in dict.fromkeys(task.source for task in guard.tasks):
        tasks = [task.example for task in guard.tasks if task.source == name]
        verbatim = light = planted = 0
        methods: Counter[str] = Counter()
        for seed in range(arguments.seeds):
            rng = random.Random(seed)
            for task in rng.sample(tasks, arguments.tasks):
                planted += 1
                verbatim += guard.match(task) is not None
                changed = paraphrased(task, rng)
                hit = guard.match(changed)
                light += hit is not None
                methods[hit["method"] if hit else "missed"] += 1
                if hit is None and arguments.missed:
                    print(f"  missed {task.instruction[:150]!r} -> {changed.instruction[:150]!r}")
        print(
            f"{name}: {len(tasks)} tasks; {planted} planted: verbatim {verbatim / planted:.1%}, light paraphrases {light / planted:.1%} ({dict(methods)})"
        )
    print(f"{arguments.clean.name}: {len(found)} of {len(clean)} rows found")
    for example, hit in found:
        print(
            f"  {hit['method']} {hit['score']:.2f} | {example.instruction[:80]!r} {example.input[:50]!r} | {hit['task']['instruction'][:100]!r} {hit['task']['input'][:40]!r}"
        )


if __name__ == "__main__":
    main()
