"""Makes the worker's list of Python packages one for the CPU.

Arguments: the folder of requirements.txt, PyTorch's index for the CPU, and a PACKAGE=SHA256 for each of
PyTorch's own packages: the sums of their wheels on that index, which PyPI does not have.

Writes torch.txt (PyTorch's own packages in the same versions, built for the CPU) and others.txt (the
rest, without what only GPUs need). Ends with 1 and a sentence for each sum that is missing.
"""

import pathlib
import re
import sys

ONLY_FOR_GPUS = re.compile(r"nvidia-|triton$")

folder = pathlib.Path(sys.argv[1])
index = sys.argv[2]
sums = dict(argument.split("=", 1) for argument in sys.argv[3:])
python = f"cp{sys.version_info.major}{sys.version_info.minor}"

torch, others, faults = [], [], []
text = (folder / "requirements.txt").read_text(encoding="utf-8")
# One entry a package: its line and the indented ones below.
for entry in re.findall(r"^[A-Za-z0-9].*(?:\n[ \t].*)*", text, re.MULTILINE):
    name, version = re.match(r"([\w.-]+)==([\w.]+)", entry).groups()
    if name in sums:
        if re.fullmatch(r"[0-9a-f]{64}", sums[name]):
            torch.append(f"{name}=={version}+cpu --hash=sha256:{sums[name]}")
        else:
            wheel = f"{name}-{version}%2Bcpu-{python}-{python}-linux_x86_64.whl"
            faults.append(
                f"Give --build-arg {name.upper()}_SHA256=<sum>, as {index} has it: "
                f"curl -s {index}/{name}/ | grep -o '{wheel}#sha256=[0-9a-f]*'"
            )
    elif not ONLY_FOR_GPUS.match(name):
        others.append(entry)

if faults:
    sys.exit("\n".join(faults))
(folder / "torch.txt").write_text("\n".join(torch) + "\n", encoding="utf-8")
(folder / "others.txt").write_text("\n".join(others) + "\n", encoding="utf-8")
