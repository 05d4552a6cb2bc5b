"""Everything that the doctor looks at, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from ivr.doctor import (
    ami_checks,
    ari_checks,
    clock_checks,
    dialplan_checks,
    module_checks,
    redis_checks,
    sound_checks,
    trunk_checks,
)
from ivr.doctor.patient import Patient
from ivr.doctor.run import Examination
from ivr.service.options import ServiceOptions
from ivr.switch.call import AGENT_CONTEXT, AMD_CONTEXT, QUEUE_CONTEXT


def examinations(patient: Patient) -> list[Examination]:
    """What there is to look at for these settings."""
    return [
        Examination("time-zones", partial(clock_checks.time_zones, patient)),
        *_of_redis(patient),
        *_of_ari(patient),
        *_of_ami(patient),
    ]


def _of_redis(patient: Patient) -> Iterator[Examination]:
    yield Examination("redis", partial(redis_checks.reachable, patient))
    for name, look in (
        ("version", redis_checks.version),
        ("writes", redis_checks.writable),
        ("durability", redis_checks.durability),
        ("memory", redis_checks.memory),
        ("clock", redis_checks.clock),
    ):
        yield Examination(f"redis.{name}", partial(look, patient), needs=("redis",))


def _of_ari(patient: Patient) -> Iterator[Examination]:
    needs = ("ari",)
    yield Examination("ari", partial(ari_checks.reachable, patient))
    for name, look in (
        ("version", ari_checks.version),
        ("write", ari_checks.may_write),
        ("events", ari_checks.events),
        ("application", ari_checks.application),
        ("clock", clock_checks.asterisk),
    ):
        yield Examination(f"ari.{name}", partial(look, patient), needs=needs)
    for group in module_checks.GROUPS:
        yield Examination(f"modules.{group.name}", partial(module_checks.examine, patient, group), needs=needs)
    for locale in sorted({patient.settings.prompts.locale} | {each.language for each in patient.services.values()}):
        yield Examination(f"prompts.{locale}", partial(sound_checks.prompts, patient, locale), needs=needs)
        yield Examination(f"numbers.{locale}", partial(sound_checks.numbers, patient, locale), needs=needs)
    for trunk in sorted({each.trunk for each in patient.services.values()}):
        yield Examination(f"trunk.{trunk}", partial(trunk_checks.trunk, patient, trunk), needs=needs)
    yield Examination(
        "dialplan", partial(dialplan_checks.contexts, patient, contexts(patient.services)), needs=("ari.write",)
    )
    yield Examination("dialplan.application", partial(dialplan_checks.application, patient), needs=needs)


def _of_ami(patient: Patient) -> Iterator[Examination]:
    yield Examination("ami", partial(ami_checks.reachable, patient))
    yield Examination("ami.read", partial(ami_checks.may_read, patient), needs=("ami", "ari.write"))
    yield Examination("ami.write", partial(ami_checks.may_not_write, patient), needs=("ami",))
    for queue in queues(patient.services):
        yield Examination(f"queue.{queue}", partial(ami_checks.queue, patient, queue), needs=("ami",))


def queues(services: Mapping[str, ServiceOptions]) -> list[str]:
    """The queues that serve them."""
    return sorted({options.queue for options in services.values()})


def contexts(services: Mapping[str, ServiceOptions]) -> dict[str, list[str]]:
    """The extensions that each context of the dialplan must have."""
    return {
        "callback-inbound": sorted(services),
        QUEUE_CONTEXT: queues(services),
        AGENT_CONTEXT: queues(services),
        AMD_CONTEXT: ["5000"],
        "callback-hangup": ["s"],
        "callback-dialed": ["fax"],
    }
