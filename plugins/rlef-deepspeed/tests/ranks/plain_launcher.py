"""Start processes with the variables that ranks read, as launchers do, but at once: `plain_launcher SIZE MODULE ARGUMENT`."""

import os
import subprocess
import sys


def main() -> None:
    size, *started = sys.argv[1:]
    ranks = [
        subprocess.Popen(
            [sys.executable, "-m", *started], env={**os.environ, "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": size}
        )
        for rank in range(int(size))
    ]
    for rank in ranks:
        rank.wait()


if __name__ == "__main__":
    main()
