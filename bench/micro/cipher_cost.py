#!/usr/bin/python3
"""Counts the instructions that arm64 takes to seal a packet, by each implementation of the cipher.

QEMU's user emulation logs which translated blocks it runs, and what is in them. The difference
between a run of three batches and one of a single batch is what two batches cost. Fails if the
implementation that wring would choose is libsodium, or takes more than half of its instructions
for a packet of 1,420 bytes.

  bench/micro/cipher_cost.py build/arm64/bench/wring_cipher_cost [--emulator qemu-aarch64-static]
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_SKIPPED = 77  # What ctest is told to show as skipped.
_NAMES = ("lanes", "libsodium")
_BATCHES = ((1420, 16), (64, 16), (64, 1))
_AT_MOST = 0.5


def executed(log: Path) -> int:
    """How many instructions a run took that was logged by `-d in_asm,exec,nochain`."""
    sizes: dict[int, int] = {}
    begin = total = 0
    with log.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            if line.startswith("0x"):  # An instruction of the block that was just translated.
                address = int(line[:line.index(":")], 16)
                begin = begin or address
                sizes[begin] = sizes.get(begin, 0) + 1
            elif line.startswith("Trace"):  # Trace 0: 0x7f12 [flags/address/...] symbol
                total += sizes[int(line.split("/", 2)[1], 16)]
            elif line.startswith("IN:"):
                begin = 0
    return total


def cost(program: str, emulator: str, name: str, size: int, packets: int) -> tuple[float, str]:
    """The instructions for each packet, and the implementation's own name."""
    counts = []
    with tempfile.TemporaryDirectory(prefix="wring-cipher-cost-") as folder:
        log = Path(folder) / "log"
        for batches in (1, 3):
            done = subprocess.run(
                [emulator, "-d", "in_asm,exec,nochain", "-D", str(log), program, name, str(size),
                 str(packets), str(batches)],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=100)
            if done.returncode != 0:
                raise SystemExit(f"{program} {name}: status {done.returncode}")
            counts.append(executed(log))
    return (counts[1] - counts[0]) / 2 / packets, done.stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="wring_cipher_cost, built for arm64")
    parser.add_argument("--emulator", default="qemu-aarch64-static")
    options = parser.parse_args()
    if not shutil.which(options.emulator):
        print(f"skipped: {options.emulator} is not there: run tools/install-deps.sh --arm64")
        return _SKIPPED
    head = "".join(f"{f'{packets} x {size} bytes':>17}" for size, packets in _BATCHES)
    print(f"{'instructions a packet':24}{head}")
    large = []
    for name in _NAMES:
        row = [cost(options.program, options.emulator, name, *batch) for batch in _BATCHES]
        print(f"{row[0][1]:24}" + "".join(f"{count:17.0f}" for count, _ in row))
        large.append(row[0][0])
    ratio = large[0] / large[1]
    print(f"lanes take {ratio:.2f} of libsodium's instructions for a packet of 1,420 bytes")
    return 0 if ratio <= _AT_MOST else 1


if __name__ == "__main__":
    sys.exit(main())
