"""How long ``leadgain --help`` takes, beside a Python that starts and ends, in turn.

uv run python benchmarks/start.py
"""

import statistics
import subprocess
import sys
import time

ROUNDS = 15
COMMANDS = {
    "python": ["-c", "pass"],
    "typer": ["-c", "import typer"],
    "help": ["-c", "from pipelines.cli.main import main; main()", "--help"],
}


def measure_seconds(arguments: list[str]) -> float:
    """Of one process, from start to end."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
    return time.perf_counter() - begun


def main() -> None:
    """Print the medians."""
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, arguments in COMMANDS.items():
            taken[name].append(measure_seconds(arguments))
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    for name, seconds in medians.items():
        print(f"{name:8}{seconds:6.2f} s{seconds / medians['python']:7.1f} times python")


if __name__ == "__main__":
    main()
