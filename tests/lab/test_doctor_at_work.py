"""The doctor beside the running application, whose calls it must not take away."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from ivr.lab.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.timeout(60)]


def test_beside_the_running_application(lab: Lab) -> None:
    command = [sys.executable, "-m", "ivr", "doctor", "--json", "--config", lab.data.config]
    done = subprocess.run(command, capture_output=True, text=True, timeout=40, check=False)
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert done.returncode == 0, checks
    assert checks["ari.application"]["status"] == "ok"
    assert checks["ari.application"]["detail"] == f"callback is registered, and `ivr run` answers at {lab.data.http}"
    with urllib.request.urlopen(f"{lab.data.http}/readyz", timeout=5) as answer:
        assert answer.status == 200
    assert "ari.demoted" not in Path(lab.data.logs["app"]).read_text()
