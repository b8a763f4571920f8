"""The DSP's side and the providers' queues: limits by access point, targets apart, the DCO and its switch, retries."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from smets1_run import smets1_scenario

from emulator.dcc.requests import FinishedRead, ServiceRequest
from emulator.kernel import Kernel
from emulator.run import SettlementRun
from emulator.smets1.dco import Dco
from emulator.smets1.s1sp import Countersigned, ServiceProvider
from emulator.smets1.session import Wish

ALL = "[population]\nsmets1_share = 1.0\n"
SLOW_TPS = '[smets1.overrides]\n"s1sp.{0}" = {{ tps = 1.0, tps_uplift = 0.0 }}\n'


def run_of(folder: Path, text: str = "", premises: int = 40) -> SettlementRun:
    return SettlementRun(smets1_scenario(folder, ALL + text, premises=premises), folder)


def some_requests(run: SettlementRun, cohort: str) -> list[ServiceRequest]:
    place = run.population.names.cohort.index(cohort)
    return [
        request
        for request in run.plan.requests()
        if run.population.cohort[request.premises] == place and request.srv == "4.8.1"
    ]


def provider_of(run: SettlementRun, name: str, kernel: Kernel, asked: list[Wish], **switches: bool) -> ServiceProvider:
    assert run.smets1 is not None
    cohorts = run.smets1.around.cohorts
    return ServiceProvider(
        name,
        cohorts.s1sp[name],
        kernel,
        Dco(cohorts.dco, kernel),
        lambda premises, wish: asked.append(wish),
        lambda request: None,
        lambda premises, srv: False,
        **{"cached": True, "hits_consult_dco": True, **switches},
    )


@pytest.mark.parametrize(("name", "cohort", "order"), [
    ("secure", "moc_secure", ["first", "on demand", "settlement"]),
    ("dxc", "foc_lg", ["first", "settlement", "on demand"]),
])  # fmt: skip
def test_only_secure_lets_reads_with_a_short_target_pass(
    tmp_path: Path, name: str, cohort: str, order: list[str]
) -> None:
    run = run_of(tmp_path, SLOW_TPS.format(name), premises=120)
    kernel, asked = Kernel(0.0), []
    provider = provider_of(run, name, kernel, asked)
    request = some_requests(run, cohort)[0]
    for label, flagged in (("first", False), ("settlement", True), ("on demand", False)):
        order_ = Countersigned(replace(request, for_settlement=flagged, srv="4.8.1"), lambda order, now: None)
        order_.reason = label
        provider.take(order_)
    kernel.run()
    assert [wish.done.args[0].reason for wish in asked] == order  # type: ignore[attr-defined]


def test_schedules_of_itron_wait_for_their_access_point_and_others_do_not(tmp_path: Path) -> None:
    run = run_of(tmp_path, premises=200)
    side = run.smets1
    assert side is not None
    limit = side.road.apn_limits["itron"]
    assert side.road._limit_of(some_requests(run, "ioc_itron")[0].premises) is limit
    assert side.road._limit_of(some_requests(run, "ioc_aclara")[0].premises) is side.road.apn_limits["aclara"]
    assert side.road._limit_of(some_requests(run, "moc_secure")[0].premises) is None
    for request in some_requests(run, "ioc_itron"):
        run.kernel.at(request.due_at, lambda request=request: side.road.desk.submit(request, request.due_at))
    run.kernel.run(until=run.kernel.now + 3 * 86_400)
    assert limit.passed >= len(some_requests(run, "ioc_itron"))
    assert side.road.apn_limits["aclara"].passed == 0
    run.store.close()


@pytest.mark.parametrize(("consults", "answers"), [(True, 2), (False, 1)])
def test_whether_a_hit_consults_the_dco_is_a_switch(tmp_path: Path, consults: bool, answers: int) -> None:
    run = run_of(tmp_path, premises=120)
    kernel, asked = Kernel(0.0), []
    provider = provider_of(run, "cgi_ie", kernel, asked, hits_consult_dco=consults)
    request = some_requests(run, "ioc_aclara")[0]
    replies: list[Countersigned] = []
    provider.take(Countersigned(request, lambda order, now: replies.append(order)))
    kernel.run()
    assert run.smets1 is not None
    [reading] = run.smets1.homes.hold(request.premises, [asked[0].ask], request.due_at).readings
    asked[0].done(asked[0], replace(reading.values, read_at=kernel.now), "", "", kernel.now)  # type: ignore[type-var]
    provider.take(Countersigned(request, lambda order, now: replies.append(order)))
    kernel.run()
    assert [order.from_cache for order in replies] == [False, True]
    assert len(provider._dco.answers_s) == answers
    run.store.close()


def test_a_dco_without_capacity_loses_reads_by_name(tmp_path: Path) -> None:
    text = (
        "[smets1]\ncache = false\n[smets1.overrides.dco]\nworkers = 1\nservice_s = 1500.0\ngives_up_after_s = 1600.0\n"
    )
    run = run_of(tmp_path, text, premises=60)
    run.execute()
    run.close()
    legs = dict(run.store.query("SELECT leg, count(*) FROM reads WHERE phase = 'D+1' GROUP BY 1"))
    assert legs.get("dco", 0) > 0
    assert run.smets1 is not None and run.smets1.road.dco.late > legs["dco"]
    run.store.close()


def test_a_failed_read_is_tried_again_by_the_dsp_and_then_by_its_user(tmp_path: Path) -> None:
    text = '[[outage]]\nkind = "hub"\nshare = 1.0\nfrom = "D+0 12:00"\nto = "D+1 23:00"\n'
    run = run_of(tmp_path, "[faults]\nnatural_outages = false\n" + text, premises=12)
    run.execute()
    run.close()
    [(failed, attempts)] = run.store.query(
        "SELECT count(*), max(attempts) FROM reads WHERE outcome = 'failed' AND mode = 'scheduled'"
    )
    assert failed > 0 and attempts == 2
    again = run.store.query("SELECT outcome, count(*) FROM reads WHERE mode = 'on_demand' AND srv = '4.8.1' GROUP BY 1")
    assert dict(again).get("answered", 0) > 0
    filled = run.store.query("SELECT DISTINCT filled FROM gaps")
    assert ("SF",) in filled or ("RF",) in filled
    assert run.collector.value_mismatches == 0
    run.store.close()


def test_each_request_ends_once(tmp_path: Path) -> None:
    run = run_of(tmp_path, premises=30)
    assert run.smets1 is not None
    ends: list[int] = []
    finished = run.smets1.road.desk._finished

    def counted(read: FinishedRead, read_at: float) -> None:
        ends.append(read.request.id)
        finished(read, read_at)

    run.smets1.road.desk._finished = counted
    run.execute()
    assert len(ends) == len(set(ends)) > 30
    run.store.close()
