"""The harms: what happens to processes, broker and database in production, each in the middle of whatever they do."""

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress

from chaos.history import Kill
from chaos.plan import Harm
from chaos.stage import LEASE, Stage
from crowd import announce
from django.db import connections
from supervised import eventually
from works import CONNECTIONS, Process

from dispatcher.models import Bulletin, Delivery
from dispatcher.models.delivery import OPEN

_DEATHS, _ARMED_FOR = 3, 12.0  # so many, or so many seconds: some places are seldom reached
_FEW = 40  # deliveries that are left


def kill_a_child(stage: Stage, harm: Harm) -> None:
    """One of the processes of a worker; one that has mail in flight, if there is one."""
    held = Delivery.objects.filter(state="sending").values_list("owner", flat=True)
    senders = {int(owner.split(":")[1]) for owner in held}
    children = [child for worker in stage.workers for child in worker.children]
    victims = sorted(set(children) & senders) or children
    if victims:
        victim = victims[int(harm.draw * len(victims))]
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
            stage.killed("child", victim)


def kill_a_worker(stage: Stage, harm: Harm) -> None:
    """Its main process; those that do its tasks end with it."""
    victim = _taken(stage, harm)
    children = victim.children
    victim.kill()
    stage.killed("worker", *children)


def kill_a_machine(stage: Stage, harm: Harm) -> None:
    """A worker and all its processes at the same moment."""
    victim = _taken(stage, harm)
    children = victim.children
    victim.kill_whole()
    stage.killed("machine", *children)


def end_a_worker(stage: Stage, harm: Harm) -> None:
    """As it is asked to when a new version is installed: nothing may be doubled."""
    _taken(stage, harm).terminate()


def _taken(stage: Stage, harm: Harm) -> Process:
    """One of the workers, in whose place there is another at once."""
    victim = stage.workers.pop(int(harm.draw * len(stage.workers)))
    stage.workers.append(stage.works.worker())
    return victim


def arm_a_worker(stage: Stage, harm: Harm) -> None:
    """One more worker, whose processes kill themselves at one place, again and again. It is ended when the next one comes."""
    disarm(stage)
    worker = stage.works.worker(FAILPOINT=harm.place)
    stage.armed.append(worker)
    eventually(lambda: _keep_flowing() or _deaths(worker) >= _DEATHS, _ARMED_FOR)


def _deaths(worker: Process) -> int:
    return worker.log.read_text(errors="replace").count("exited with 'signal 9")


def _keep_flowing() -> None:
    """It needs mail to die on."""
    if Delivery.objects.filter(state__in=OPEN).count() < _FEW and not Bulletin.to_mail().exists():
        announce()


def disarm(stage: Stage) -> None:
    """Count how often its processes died, and end what is left of it."""
    for worker in stage.armed:
        children = worker.children if worker.alive else []
        worker.kill_whole()
        stage.killed("armed worker", *children)
        stage.history.kills += [Kill("failpoint", CONNECTIONS)] * _deaths(worker)
    stage.armed.clear()


def kill_the_timetable(stage: Stage, harm: Harm) -> None:
    """Two take its place, which is a mistake that harms nobody."""
    for one in stage.beats:
        one.kill()
    stage.killed("beat")
    stage.beats = [stage.works.beat(), stage.works.beat()]


def kill_the_pages(stage: Stage, harm: Harm) -> None:
    """While somebody leaves. Whether that was heard nobody knows, so they click again when there are pages again."""
    with ThreadPoolExecutor(1) as visitor:
        visitor.submit(_leave, stage)
        time.sleep(harm.draw / 20)
        stage.pages.kill_whole()
    stage.killed("pages")
    stage.pages = stage.works.web()


def _leave(stage: Stage) -> None:
    stage.leave()
    connections.close_all()


def stop_a_worker(stage: Stage, harm: Harm) -> None:
    """For two leases; then it goes on as if nothing had been, and must be fenced out."""
    worker = stage.workers[int(harm.draw * len(stage.workers))]
    children, began = worker.children, time.time()
    if children and _stop_outside(children):
        time.sleep(2 * LEASE)
        _send(signal.SIGCONT, children)
        stage.killed("stopped", *children)
        stage.history.stops.append((began, time.time() + LEASE))


def _stop_outside(processes: list[int]) -> bool:
    """Stop them outside of any transaction: inside one they would hold up everybody on SQLite, and then they go on for now."""
    _send(signal.SIGSTOP, processes)
    with ThreadPoolExecutor(1) as apart:
        outside = bool(wait([apart.submit(_write)], timeout=0.5).done)
        if not outside:
            _send(signal.SIGCONT, processes)
    return outside


def _write() -> None:
    Delivery.objects.filter(state="sending", id=0).update(reason="")
    connections.close_all()


def _send(number: signal.Signals, processes: list[int]) -> None:
    for one in processes:
        with suppress(ProcessLookupError):
            os.kill(one, number)


def empty_valkey(stage: Stage, harm: Harm) -> None:
    """FLUSHALL."""
    stage.works.bell.flush()
    stage.killed("FLUSHALL")


def lose_valkey(stage: Stage, harm: Harm) -> None:
    """Killed, its data gone, and back after a while."""
    stage.works.bell.lose()
    time.sleep(harm.draw * 2)
    stage.works.bell.start()
    stage.killed("Valkey")


def restart_postgresql(stage: Stage, harm: Harm) -> None:
    """As if its machine had lost power. Nobody who sends dies, but leases may lapse before they can be renewed."""
    assert stage.server is not None
    connections.close_all()
    stage.server.crash()
    time.sleep(harm.draw)
    stage.server.start()
    senders = [child for worker in stage.workers + stage.armed if worker.alive for child in worker.children]
    stage.killed("PostgreSQL", *senders)


HARMS: dict[str, Callable[[Stage, Harm], None]] = {
    "kill a child": kill_a_child,
    "arm a worker": arm_a_worker,
    "kill a worker": kill_a_worker,
    "kill a machine": kill_a_machine,
    "kill the timetable": kill_the_timetable,
    "kill the pages": kill_the_pages,
    "end a worker": end_a_worker,
    "stop a worker": stop_a_worker,
    "empty Valkey": empty_valkey,
    "lose Valkey": lose_valkey,
    "restart PostgreSQL": restart_postgresql,
}
