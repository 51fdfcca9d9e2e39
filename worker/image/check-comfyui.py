"""Holds a ComfyUI source folder against the version and the Python packages of this image.

Arguments: the folder, the version. Ends with 1 and a line a fault.
"""

import pathlib
import re
import sys
from importlib.metadata import PackageNotFoundError, version as installed_version

from packaging.requirements import Requirement

# The editor's templates and documentation: ComfyUI starts without them, a worker shows neither.
LEFT_OUT = {"comfyui-workflow-templates", "comfyui-embedded-docs"}

folder = pathlib.Path(sys.argv[1])
expected = sys.argv[2]
faults = []

try:
    text = (folder / "comfyui_version.py").read_text(encoding="utf-8")
    requirements = (folder / "requirements.txt").read_text(encoding="utf-8")
except FileNotFoundError as error:
    sys.exit(f"{error.filename} is missing: the build context comfyui must be ComfyUI's source folder.")

found = re.search(r'__version__ = "([^"]+)"', text)
if found is None or found[1] != expected:
    faults.append(f"The source is ComfyUI {found[1] if found else '?'}, not COMFYUI_VERSION {expected}.")

for line in requirements.splitlines():
    line = line.split("#")[0].strip()
    if not line:
        continue
    requirement = Requirement(line)
    if requirement.name.lower() in LEFT_OUT:
        continue
    if requirement.marker is not None and not requirement.marker.evaluate():
        continue
    try:
        present = installed_version(requirement.name)
    except PackageNotFoundError:
        faults.append(f"ComfyUI needs {line}: add it to worker/image/requirements.in and pin it again.")
        continue
    if not requirement.specifier.contains(present, prereleases=True):
        faults.append(f"ComfyUI needs {line}, the image has {present}: pin worker/image/requirements.in again.")

if faults:
    sys.exit("\n".join(faults))
print(f"ComfyUI {expected}: every package that it asks for is there.")
