"""The rows of `benchmarks.gpu` as Markdown: only what was measured, and what was not says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

ALPACA = 52_002 * 3  # examples of the whole run
TOKENS = 20e6  # of it, with LLaMA's tokenizer and the template
REFERENCE = "llama_7b full"  # beside which the others are set
CURVE = "llama_7b full, states in fp32"
Row = dict[str, Any]


def markdown(rows: Sequence[Row]) -> str:
    """Lay out all rows, a section a group."""
    by_name = {row["step"]: row for row in rows}
    parts = (
        device(by_name),
        correctness(rows),
        speed(rows, by_name),
        curves(rows, by_name),
        profile(by_name),
        plans(by_name),
        failures(rows),
    )
    return "\n\n".join("\n".join(part) for part in map(list, parts) if part) + "\n"


def device(by_name: dict[str, Row]) -> Iterator[str]:
    found = result(by_name, "device")
    if found:
        versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items() if number)
        absent = ", ".join(name for name, number in found["versions"].items() if not number)
        yield f"**{found['device']}**, Python {found['python']}, {versions}; not installed: {absent or 'none'}."
        data = result(by_name, "data")
        if data:
            yield f"{data['examples']} examples of {data['data']}, a tokenizer of {data['vocabulary']:,} pieces learned from them."


def correctness(rows: Sequence[Row]) -> Iterator[str]:
    cases = [case for row in rows if row["group"] == "correctness" for case in row.get("result", {}).get("rows", ())]
    if not cases:
        return
    noise = next((row["result"]["noise"] for row in rows if "noise" in row.get("result", {})), {})
    yield "## Correctness"
    yield ""
    yield (
        "Largest relative difference to one example at a time in fp32; in bf16 as times of bf16's own noise: "
        + "; ".join(
            f"{tuning}: " + ", ".join(f"{name} {size:.1e}" for name, size in sizes.items())
            for tuning, sizes in noise.items()
        )
    )
    yield ""
    yield "| case | precision | worst parameter | whole gradient | loss, ten steps | |"
    yield "|---|---|---:|---:|---:|---|"
    for case in cases:
        if "problem" in case:
            yield f"| {case['name']} | {case['precision']} | | | | {case['problem']} |"
        else:
            sizes = case.get("times_noise", case["off"]).values()
            told = " | ".join(f"{size:.2f}x" if "times_noise" in case else f"{size:.1e}" for size in sizes)
            yield f"| {case['name']} | {case['precision']} | {told} | {'good' if case['good'] else '**not good**'} |"


def speed(rows: Sequence[Row], by_name: dict[str, Row]) -> Iterator[str]:
    shown = [row for row in rows if row["group"] in ("speed", "24 GB", "plan")]
    if not shown:
        return
    price = (result(by_name, "device") or {}).get("usd_per_hour")
    best = max((row["result"]["tokens_per_second"] for row in ours(rows)), default=None)
    yield "## Speed"
    yield ""
    yield "MFU counts 6 x parameters but the embedding's, and 6 x layers x width x length, a token. The whole run is 52,002 examples x 3"
    yield f"epochs, in minutes: of the mean length here, and of {TOKENS:,.0f} tokens. The spread is of a step's time, over its median."
    yield ""
    yield "| | tok/s | supervised | MFU | GiB | s a step | spread | run here | run of 20 M | USD | ours is |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    for row in shown:
        found = row.get("result")
        yield f"| {row['step']} | {numbers(found, price, best) if found else '| ' * 9 + row['problem']} |"


def ours(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield the measured full trainings of the reference's shape."""
    yield from (row for row in rows if "result" in row and row["step"].startswith(REFERENCE))


def numbers(found: Row, price: float | None, best: float | None) -> str:
    rate = found["tokens_per_second"]
    minutes, known = ALPACA * found["tokens_per_step"] / found["examples"] / rate / 60, TOKENS / rate / 60
    supervised = found["target_tokens_per_second"]
    cells = [
        f"{rate:,.0f}",
        f"{supervised:,.0f}" if supervised == supervised else "",
        f"{found['mfu']:.1%}" if found["mfu"] else "",
        f"{found['peak_memory_gib']:.1f}",
        f"{found['seconds_a_step']:.3f}",
        f"{found['spread']:.0%}",
        f"{minutes:,.0f}",
        f"{known:,.0f}",
        f"{known / 60 * price:.2f}" if price else "",
        "" if "overrides" in found or not best else f"{best / rate:.2f} times",
    ]
    return " | ".join(cells)


def curves(rows: Sequence[Row], by_name: dict[str, Row]) -> Iterator[str]:
    """Hold the losses of those that take the same steps of the same network against the plainest's, by its name CURVE."""
    plain = result(by_name, CURVE)
    if plain is None:
        return
    yield "## Curves"
    yield ""
    yield f"Largest relative difference of a step's loss from that of `{CURVE}`, {len(plain['losses'])} steps:"
    yield ""
    yield "| | of a loss | at the end |"
    yield "|---|---:|---:|"
    for row in rows:
        losses = row.get("result", {}).get("losses", ())
        same = len(losses) == len(plain["losses"]) and row["result"].get("parameters") == plain["parameters"]
        if same and row["group"] in ("speed", "24 GB") and row["step"] != CURVE:
            off = [abs(one / other - 1) for one, other in zip(losses, plain["losses"], strict=True)]
            yield f"| {row['step']} | {max(off):.1e} | {off[-1]:.1e} |"


def profile(by_name: dict[str, Row]) -> Iterator[str]:
    found = result(by_name, "profile")
    if found:
        yield "## Where the time goes"
        yield ""
        yield f"Two steps of `{' '.join(found['overrides'])}`, shares of {found['seconds']:.2f} s:"
        yield ""
        yield "| | share |"
        yield "|---|---:|"
        for name, share in [*found["kinds"].items(), ("nothing ran", found["nothing ran"])]:
            yield f"| {name} | {share:.1%} |"
        yield ""
        yield "The longest: " + ", ".join(f"`{name}` {share:.1%}" for name, share in found["longest"].items())


def plans(by_name: dict[str, Row]) -> Iterator[str]:
    found = result(by_name, "plan")
    if found:
        yield "## What was planned"
        yield ""
        yield "By rates that were fitted to the first of these, `alpaca plan --config-dir FOLDER/conf gpu=measured`:"
        yield ""
        yield "| | GiB planned | measured | off | s a step planned | measured | off | |"
        yield "|---|---:|---:|---:|---:|---:|---:|---|"
        for name, each in found["beside"].items():
            memory = f"{each['planned_gib']:.2f} | {each['measured_gib']:.2f} | {each['gib_off']:+.1%}"
            time = f"{each['planned_seconds']:.3f} | {each['measured_seconds']:.3f} | {each['seconds_off']:+.1%}"
            yield f"| {name} | {memory} | {time} | {'fitted to it' if each['fitted'] else ''} |"


def failures(rows: Sequence[Row]) -> Iterator[str]:
    failed = [row for row in rows if "problem" in row and row["group"] not in ("speed", "24 GB", "plan")]
    if failed:
        yield "## What could not be measured"
        yield ""
        yield from (f"- {row['step']}: {row['problem']}" for row in failed)


def result(by_name: dict[str, Row], name: str) -> Row | None:
    found: Row | None = by_name.get(name, {}).get("result")
    return found
