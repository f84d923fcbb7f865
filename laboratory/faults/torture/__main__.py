"""
Torture real gateways: C{python -m laboratory.faults.torture --jobs 10000 --seed 1}.

One seed decides faults, phases, sizes, splits and delays; it does not decide when the kernel runs
which process.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from .cells import KINDS
from .laboratory import Laboratory, say
from .report import asJSON, asTable, asText


def main(arguments: list[str] | None = None) -> int:
    """Exit status 1 if anything was violated, 2 if a cell that means something was not hit."""
    parser = argparse.ArgumentParser(
        prog="python -m laboratory.faults.torture",
        description=(__doc__ or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--jobs", type=int, default=1000, help="how many at least; default 1000")
    parser.add_argument("--seed", type=int, default=1, help="default 1")
    parser.add_argument("--only", choices=list(KINDS), metavar="KIND", help="this kind of fault")
    parser.add_argument("--phase", help="this phase")
    parser.add_argument("--case", type=int, help="this case of the seed, --only and --phase")
    parser.add_argument("--seconds", type=float, help="no case begins later")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--table", type=Path, metavar="FILE", help="write a page for docs there")
    parser.add_argument("--saboteur", default="", help="break the gateways; see test_torture.py")
    parser.add_argument("--copying", action="store_true", help="no byte stays inside the kernel")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        laboratory = Laboratory(
            options.seed,
            place,
            certificate(place),
            say,
            options.saboteur,
            copying=options.copying,
        )
        try:
            result = laboratory.run(
                options.jobs,
                options.only,
                options.phase,
                options.case,
                seconds=options.seconds,
            )
        except ValueError as error:
            parser.error(str(error))
    print(asText(result))
    if options.json is not None:
        options.json.write_text(asJSON(result))
    if options.table is not None:
        words = f"--jobs {options.jobs} --seed {options.seed}{' --copying' * options.copying}"
        words += " --table docs/evidence/torture.rst"
        options.table.write_text(asTable(result, words))
    if result.violations:
        return 1
    return 2 if options.case is None and result.missing else 0


def certificate(directory: Path) -> Path | None:
    """One for the gateways; L{None} if TLS is not installed."""
    try:
        import OpenSSL  # noqa: F401
    except ImportError:
        return None
    from tests.support.certificate import selfSigned

    return selfSigned(directory)


if __name__ == "__main__":
    sys.exit(main())
