"""Writes ComfyUI's list of users from the environment: USERS, a JSON list of names.

Argument: the file. The name is the id too, so that the header Comfy-User names both.
Ends with 1 and a sentence when USERS is not such a list.
"""

import json
import os
import re
import sys

try:
    users = json.loads(os.environ.get("USERS", ""))
except ValueError:
    users = None
if (
    not isinstance(users, list)
    or not users
    or not all(isinstance(user, str) and re.fullmatch(r"[a-z][a-z0-9-]{0,31}", user) for user in users)
):
    sys.exit('USERS must be a JSON list of participants such as ["user001", "user002"], since MULTI_USER is 1.')

path = sys.argv[1]
with open(f"{path}.new", "w", encoding="utf-8") as file:
    json.dump({user: user for user in users}, file)
os.replace(f"{path}.new", path)
