"""Messages from the pipeline's thread to clients: order, bounds, late clients, the end."""

from __future__ import annotations

import asyncio
import json

from streamer.outputs.live.hub import MOST_EVENTS, MOST_SIGNALS, Hub, Message


async def all_of(hub: Hub, *, signals: bool = True, after: int = 0) -> list[Message]:
    """What a client gets that comes when the run is over."""
    client = hub.join(wants_signals=signals, after=after)
    found = []
    while (message := await client.next()) is not None:
        found.append(message)
    return found


def test_a_late_client_gets_the_events_so_far_and_the_end() -> None:
    hub = Hub()
    for kind, text in (("source", "s"), ("event", "a"), ("signals", "x"), ("event", "b")):
        hub.publish(kind, text)  # type: ignore[arg-type]
    hub.end()
    found = asyncio.run(all_of(hub))
    assert [message.text for message in found[:3]] == ["s", "a", "b"]  # signals are not kept
    assert json.loads(found[3].text) == {"schema": "mer-stream/end/1"} and len(found) == 4
    # A client that comes back names the last it has seen.
    again = asyncio.run(all_of(hub, after=found[1].number))
    assert [message.kind for message in again] == ["event", "end"]


def test_a_slow_client_loses_the_oldest_signals_and_no_event() -> None:
    async def run() -> list[Message]:
        hub = Hub()
        client = hub.join(wants_signals=True)
        hub.publish("event", "first")
        for number in range(MOST_SIGNALS + 5):
            hub.publish("signals", str(number))
        hub.publish("event", "last")
        hub.end()
        found = []
        while (message := await client.next()) is not None:
            found.append(message)
        return found

    found = asyncio.run(run())
    dropped = [json.loads(m.text)["messages"] for m in found if m.kind == "dropped"]
    assert sum(dropped) == 5
    signals = [m.text for m in found if m.kind == "signals"]
    assert signals == [str(n) for n in range(5, MOST_SIGNALS + 5)]
    assert [m.text for m in found if m.kind == "event"] == ["first", "last"]
    others = [m.number for m in found if m.kind != "dropped"]
    assert others == sorted(others)


def test_nothing_grows_without_bound() -> None:
    async def run() -> tuple[int, int]:
        hub = Hub()
        client = hub.join(wants_signals=False)
        for _ in range(3 * MOST_EVENTS):
            hub.publish("signals", "x")
            hub.publish("event", "e")
        return len(client._events), len(client._signals)

    assert asyncio.run(run()) == (MOST_EVENTS, 0)


def test_a_client_that_waits_is_woken_from_another_thread() -> None:
    async def run() -> Message | None:
        hub = Hub()
        client = hub.join(wants_signals=False)
        waiting = asyncio.create_task(client.next())
        await asyncio.sleep(0.01)
        await asyncio.get_running_loop().run_in_executor(None, hub.publish, "event", "e")
        return await asyncio.wait_for(waiting, 30.0)

    message = asyncio.run(run())
    assert message is not None and message.text == "e"


def test_publishing_after_the_loop_has_ended_is_no_error() -> None:
    hub = Hub()

    async def join() -> None:
        hub.join(wants_signals=True)

    asyncio.run(join())
    hub.publish("event", "e")
    hub.end()
