"""The table of docs/wait-estimates.md, made from what `ivr ewt bench --json` gives."""

from __future__ import annotations

from typing import Any

_HEAD = (
    "| scenario | waits | ours | aim | floor | ours / floor | QL_m | Asterisk | LES | HOL | constant | bias "
    "| P10 / P50 / P90 | width / floor's |"
)


def bench_markdown(result: dict[str, Any]) -> str:
    """RRASE of everybody, our bias and coverage; then the cold start, and coverage by queue length."""
    lines = [_HEAD, "|---|" + "---:|" * (_HEAD.count("|") - 2)]
    for row in result["scenarios"]:
        rrase, floor = row["rrase"], row["floor"]
        others = [f"{rrase[who]:.3f}" for who in ("qlm", "asterisk", "les", "hol", "constant")]
        lines.append(
            _line(
                f"{row['scenario']}: {row['what']}",
                f"{row['n']}",
                f"**{rrase['ours']:.3f}** ± {row['rrase_se'] or 0:.3f}",
                f"{row['target_rrase']:.3f}",
                f"{floor['rrase']:.3f}" if floor else "–",
                f"{floor['ours'] / floor['rrase']:.3f}" if floor else "–",
                *others,
                f"{row['bias']['ours']:+.1%}",
                _shares(row["coverage"]),
                f"{floor['width_ratio']:.3f}" if floor else "–",
            )
        )
    lines += ["", "| scenario | first 50: ours, QL_m | first 200: ours, QL_m | 0 ahead | 1-2 | 3-5 | 6+ |"]
    lines.append("|---|" + "---:|" * 6)
    for row in result["scenarios"]:
        cold = [f"{each['rrase']['ours']:.2f}, {each['rrase']['qlm']:.2f}" for each in row["cold_start"]]
        strata = [_shares(each["coverage"]) if each["n"] >= _ENOUGH else "–" for each in row["strata"]]
        lines.append(_line(row["scenario"], *cold, *strata))
    return "\n".join(lines) + "\n"


_ENOUGH = 100
"""Shares of fewer waits say nothing."""


def _shares(coverage: dict[str, float | None]) -> str:
    return " / ".join("–" if share is None else f"{100 * share:.1f}" for share in coverage.values())


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
