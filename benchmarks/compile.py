"""Compile a generated folder in a process of its own: ``python benchmarks/compile.py --policies 100000``.

Prints how long it takes, and the longest time for which the event loop stood still meanwhile.
"""

import argparse
import asyncio
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from governor.compiler.worker import compile_in_process

ORGANIZATION = "apiVersion: governor/v1\nkind: Organization\nname: acme\ntime_zone: Europe/Berlin\n"
QUOTA = """---
apiVersion: governor/v1
kind: Quota
name: quota-{number}
description: A budget of one customer.
owner: finops@acme.example
applies_to:
  tags.customer: [c-{number}, "c-{number}-*"]
  environment: prod
per: [team]
limit: {number} USD
period: month
soft_limit: 80%
when_reached: deny
"""


def generate(folder: Path, policies: int) -> None:
    """Write a folder of quotas, 5,000 to a file."""
    (folder / "organization.yaml").write_text(ORGANIZATION, encoding="utf-8")
    for start in range(0, policies, 5_000):
        numbers = range(start, min(start + 5_000, policies))
        text = "".join(QUOTA.format(number=number) for number in numbers)
        (folder / f"quotas-{start:06}.yaml").write_text(text, encoding="utf-8")


async def measure(folder: Path) -> tuple[float, float, int]:
    """Return seconds, the longest stall in seconds, and how many policies came back."""
    started = perf_counter()
    stall_s = 0.0
    task = asyncio.create_task(compile_in_process(folder, datetime.now(UTC)))
    while not task.done():
        last = perf_counter()
        await asyncio.sleep(0.0005)
        stall_s = max(stall_s, perf_counter() - last)
    compiled = await task
    assert compiled.policies is not None, compiled.problems[:5]
    return perf_counter() - started, stall_s, len(compiled.policies.quotas)


def main() -> None:
    """Generate, compile, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policies", type=int, default=10_000)
    policies = parser.parse_args().policies
    with tempfile.TemporaryDirectory() as place:
        generate(Path(place), policies)
        seconds, stall_s, count = asyncio.run(measure(Path(place)))
    print(f"policies            {count:>12,}")
    print(f"compile             {seconds:>12.1f} s")
    print(f"per policy          {seconds / count * 1e6:>12.0f} us")
    print(f"longest loop stall  {stall_s * 1e3:>12.1f} ms")


if __name__ == "__main__":
    main()
