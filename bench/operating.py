"""An operator who reads one line of the queue after the other: `python -m bench.operating SECONDS`.

Each line is read for so long and then approved, with all that it showed when it was opened, as by `ringfence
tui`. Ends with its standard input, and says what it did as JSON.
"""

import json
import select
import sys
import time

from ringfence.app.approving import Answer
from ringfence.app.watching.answering import answer_all
from ringfence.wiring.watching import watching

_OFTEN = Answer(uses=100, lasts_s=3600)
_LOOKS_EVERY_S = 0.25


def main() -> None:
    """Answers until nobody wants it any more."""
    reads_s = float(sys.argv[1])
    opened, questions, longest = 0, 0, 0
    with watching() as watched:
        while not select.select([sys.stdin], (), (), _LOOKS_EVERY_S)[0]:
            rows = watched.queue.look(watched.now())
            longest = max(longest, len(rows))
            if rows:
                time.sleep(reads_s)
                answered = answer_all(rows[0].asks, _OFTEN, watched.who)
                opened, questions = opened + 1, questions + answered.granted
    print(json.dumps({"opened": opened, "questions": questions, "longest": longest}))


if __name__ == "__main__":
    main()
