"""Hold a finished quickstart to what the README promises: `python .ci/thresholds.py outputs/quickstart`."""

import json
import sys
from pathlib import Path

LEAST_EXACT_MATCH = 0.60
MOST_EXACT_MATCH_UNTRAINED = 0.05

run = Path(sys.argv[1])
results = json.loads((run / "evaluate" / "manifest.json").read_text("utf-8"))["results"]
trained, untrained = results["exact_match"], results["exact_match_reference"]
print(f"held-out exact match: trained {trained:.3f}, untrained {untrained:.3f}")
if trained < LEAST_EXACT_MATCH or untrained > MOST_EXACT_MATCH_UNTRAINED:
    sys.exit(f"wanted at least {LEAST_EXACT_MATCH} and at most {MOST_EXACT_MATCH_UNTRAINED}")
if not (run / "report.html").is_file():
    sys.exit("there is no report.html")
