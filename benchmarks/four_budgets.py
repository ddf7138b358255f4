"""The example organisation with four budgets on each request, as the design's figures assume; the example has eight."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.server import ROOT

QUOTAS = "\n---\n".join(
    f"{{apiVersion: governor/v1, kind: Quota, name: {name}, per: [{per}], limit: 900k USD, period: {{every: month}}}}"
    for name, per in (("company", ""), ("department", "department"), ("team", "team"), ("person", "user"))
)


@contextmanager
def four_budgets() -> Iterator[Path]:
    """Yield a policy folder."""
    with tempfile.TemporaryDirectory(prefix="governor-bench-") as name:
        folder = Path(name) / "policies"
        shutil.copytree(ROOT / "policies", folder, ignore=shutil.ignore_patterns("quotas.yaml", "*.test.yaml"))
        (folder / "quotas.yaml").write_text(QUOTAS, encoding="utf-8")
        yield folder
