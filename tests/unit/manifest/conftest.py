from __future__ import annotations

import sys
from pathlib import Path

# importlib mode puts no test folder on the path; this one has a module that two test files share.
sys.path.append(str(Path(__file__).parent))
