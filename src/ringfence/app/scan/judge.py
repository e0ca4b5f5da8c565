"""The third step of a scan, when it is asked for: what may come of loading each model."""

from pathlib import Path

from ringfence.app.feeds import read as read_feeds
from ringfence.app.judging import Allowed, Judges
from ringfence.app.judging.below import FileToJudge
from ringfence.app.judging.known import with_feeds
from ringfence.app.judging.models import with_findings, with_verdicts
from ringfence.app.scan.request import Progress
from ringfence.core.dataclass import replace
from ringfence.core.inventory import Inventory, Skipped
from ringfence.core.judged import JudgedFile

__all__ = ["judge_models"]


def judge_models(
    inventory: Inventory, feeds: tuple[Path, ...], *, processes: int, progress: Progress
) -> Inventory:
    """The inventory with a verdict and findings on every model; what could not be judged is skipped.

    Raises:
        UsageError: one of the feeds is none.
    """
    known = with_feeds(inventory.models, read_feeds(feeds))
    files = {file.path: file.name for model in inventory.models for file in model.files}
    judged: dict[Path, JudgedFile] = {}
    skipped: list[Skipped] = []
    with Judges(Allowed(), processes=min(processes, len(files))) as judges:
        answers = judges.judge(FileToJudge(path=path, name=name) for path, name in files.items())
        for count, answer in enumerate(answers, start=1):
            progress.judging(done=count, total=len(files))
            if isinstance(answer, Skipped):
                skipped.append(answer)
            else:
                judged[answer.path] = answer
    return replace(
        inventory,
        models=with_findings(with_verdicts(known, judged), judged),
        skipped=(*inventory.skipped, *skipped),
    )
