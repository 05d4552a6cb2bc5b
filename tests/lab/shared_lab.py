"""A plugin: a lab with the application, shared by the tests of a module, and what they look at it with.

A test module asks for it by `pytest_plugins = ["shared_lab"]`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from api import Api
from centre import Centre
from ear import Ear
from sipp_caller import RTP_PORT, Phones
from story import AGENTS, SERVICE, Events, Teller

from ivr.lab.lab import Lab

OPTIONS = {
    "_ewt_threshold": 0,
    "_dial_retry_timeout": 2,
    "_max_dial_attempts": 2,
    "_ixn_createcall_timeout": 8,
    "_first_digit_timeout": 2,
    "_inter_digit_timeout": 1.5,
}
"""Everybody is offered a callback, and nobody is waited for longer than need be."""
_GONE_S = 8.0


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """The lab, with the application, for the tests of one module, which leave it as it was."""
    with Lab(agents=len(AGENTS), talk_s=4, wrapup_s=1, options={SERVICE: OPTIONS}) as lab:
        yield lab


@pytest.fixture(scope="module")
def centre(lab: Lab) -> Centre:
    return Centre(lab)


@pytest.fixture(scope="module")
def api(lab: Lab) -> Api:
    return Api(lab.data.http, lab.data.api_key)


@pytest.fixture(scope="module")
def events(lab: Lab) -> Events:
    return Events(lab.data.redis)


@pytest.fixture(scope="module")
def ear() -> Iterator[Ear]:
    with Ear(RTP_PORT) as ear:
        yield ear


@pytest.fixture(scope="module")
def teller(lab: Lab, centre: Centre, api: Api, ear: Ear, events: Events) -> Teller:
    return Teller(lab, centre, api, ear, events)


@pytest.fixture(scope="module")
def phones(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phones]:
    phones = Phones(tmp_path_factory.mktemp("sipp"), lab.data.sip)
    yield phones
    phones.close()


@pytest.fixture
def tidy(lab: Lab, centre: Centre, teller: Teller) -> Iterator[None]:
    """At the end of a test: no callback is pending, and no channel is left, or the test has failed."""
    yield
    try:
        teller.clear_line()
        teller.wait("no channel to be left", _GONE_S, lambda: not teller.channels())
    finally:
        if teller.channels():
            lab.pbx_cli("channel request hangup all")
        centre.unpause(*AGENTS)
