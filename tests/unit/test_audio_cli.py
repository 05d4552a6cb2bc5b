"""`ivr prompts`: exit codes, one clear line for each failure, JSON for programs."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from prompt_sets import tone, whole_product, write_script
from typer.testing import CliRunner

import ivr.audio
from ivr.audio.build import build_set
from ivr.audio.cli import app
from ivr.domain.prompts import Prompt

pytestmark = pytest.mark.unit

AUDIO_PACKAGES = {"numpy", "soxr", "pydub", "hibari"}

# Runs the command as on a machine where the packages of the extra are not installed.
WITHOUT_EXTRA = """
import sys
sys.modules.update(dict.fromkeys(["numpy", "soxr", "pydub"]))
from ivr.audio.cli import app
app(sys.argv[1:])
"""


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def run_without_extra(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT_EXTRA, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=15, check=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = write_script(tmp_path / "set", {"high": tone(900), "low": tone(300)})
    build_set(made)
    return made


def test_check_says_that_all_is_good(root: Path) -> None:
    code, out, _ = run("check", root)
    assert code == 0
    assert "2 prompts" in out
    assert "all good" in out


def test_check_shows_a_table_and_fails(root: Path) -> None:
    (root / "8k/low.wav").unlink()
    code, out, _ = run("check", root)
    assert code == 1
    assert "low" in out
    assert "missing-file" in out


def test_check_json(root: Path) -> None:
    (root / "8k/low.wav").unlink()
    code, out, _ = run("check", root, "--json")
    document = json.loads(out)
    assert code == 1
    assert document["ok"] is False
    [found] = document["sets"]
    assert [(p["prompt_id"], p["code"]) for p in found["problems"]] == [("low", "missing-file")]


def test_one_bad_set_among_good_ones_fails(root: Path, tmp_path: Path) -> None:
    bad = write_script(tmp_path / "bad", {"high": tone(900)})
    assert run("check", root, bad)[0] == 1


def test_build_reports_and_repeats(root: Path) -> None:
    write_script(root, {"high": tone(910), "low": tone(300)})
    assert run("build", root) == (0, f"{root}: 1 built, 1 fresh: high\n", "")
    code, out, _ = run("build", root, "--json")
    assert code == 0
    assert json.loads(out)["sets"][0]["built"] == []


@pytest.mark.parametrize("command", ["build", "check"])
def test_a_directory_without_a_script_is_one_line(tmp_path: Path, command: str) -> None:
    code, out, err = run(command, tmp_path)
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert "script.toml does not exist" in err


def test_an_error_is_json_too(tmp_path: Path) -> None:
    code, out, _ = run("check", tmp_path, "--json")
    assert code == 1
    assert json.loads(out)["error"]["code"] == "no-script"


def test_install_and_its_json(tmp_path: Path) -> None:
    prompts = tmp_path / "prompts"
    build_set(whole_product(prompts))
    code, out, _ = run("install", tmp_path / "sounds", "--prompts", prompts)
    assert code == 0
    assert out.startswith(f"{2 * len(Prompt)} written, 0 already there")
    code, out, _ = run("install", tmp_path / "sounds", "--prompts", prompts, "--json")
    assert code == 0
    assert len(json.loads(out)["unchanged"]) == 2 * len(Prompt)


def test_install_where_nobody_can_write_is_one_line(tmp_path: Path) -> None:
    prompts = tmp_path / "prompts"
    build_set(whole_product(prompts))
    (tmp_path / "sounds").write_text("a file, not a directory", encoding="utf-8")
    code, _, err = run("install", tmp_path / "sounds", "--prompts", prompts)
    assert code == 1
    assert len(err.splitlines()) == 1


def test_play_without_a_player_names_the_file_and_what_to_install(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    code, out, err = run("play", "low", "--set", root, "--rate", "8000")
    assert code == 1
    assert out.strip() == str(root / "8k/low.wav")
    assert "apt-get install" in err


def test_play_hands_the_file_to_the_player(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    player = tmp_path / "bin" / "aplay"
    player.parent.mkdir()
    player.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/played\n', encoding="utf-8")
    player.chmod(0o755)
    monkeypatch.setenv("PATH", str(player.parent))
    assert run("play", "low", "--set", root)[0] == 0
    assert (tmp_path / "played").read_text("utf-8").split() == ["-q", str(root / "16k/low.wav16")]


@pytest.mark.parametrize(
    ("arguments", "said"), [(("nothing",), "it has high, low"), (("low", "--rate", "44100"), "it has 8000, 16000")]
)
def test_play_of_what_is_not_there(root: Path, arguments: tuple[str, ...], said: str) -> None:
    code, _, err = run("play", *arguments, "--set", root)
    assert code == 1
    assert said in err


def test_building_without_the_extra_says_what_to_install(root: Path) -> None:
    result = run_without_extra("build", root, "--force")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert "pip install 'queue-callback-ivr[prompts]'" in result.stderr


@pytest.mark.slow
def test_checking_and_installing_need_no_extra(root: Path, tmp_path: Path) -> None:
    assert run_without_extra("check", root).returncode == 0
    (root / "8k/low.wav").write_bytes(b"RIFF")
    assert run_without_extra("check", root).returncode == 1
    prompts = tmp_path / "prompts"
    build_set(whole_product(prompts))
    result = run_without_extra("install", tmp_path / "sounds", "--prompts", prompts)
    assert (result.returncode, result.stderr) == (0, "")


def test_only_the_builder_imports_the_audio_packages() -> None:
    modules = list(Path(ivr.audio.__file__).parent.glob("*.py"))
    assert any(path.name.startswith("build") for path in modules)
    for path in modules:
        if path.name.startswith("build"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in names} & AUDIO_PACKAGES, path
