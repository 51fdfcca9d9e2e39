"""Prints the pip requirement of the editor's package that belongs to a ComfyUI version.

ComfyUI does not start without this package, though nobody opens an editor on a worker.
Arguments: workflows/versions.json, the version.
"""

import json
import sys

path, version = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    versions = json.load(file)
if version not in versions:
    sys.exit(f"COMFYUI_VERSION {version} is not in workflows/versions.json: use one of {', '.join(versions)}.")
pin = versions[version]
if "wheel" not in pin:
    sys.exit(f"workflows/versions.json has no wheel for {version}: add its file name and sha256.")
print(f"comfyui-frontend-package=={pin['frontendPackage']} --hash=sha256:{pin['wheel']['sha256']}")
