"""All five signals together."""

from ringfence.core.inventory import SignalId
from ringfence.endpoint.signals import all_signals


def test_there_is_one_of_each_in_the_declared_order() -> None:
    signals = all_signals(
        models=[], listeners=[], processes=[], accelerators=[], network=None, repositories=[]
    )
    assert [signal.id for signal in signals] == list(SignalId)
    assert {signal.raised for signal in signals} == {False}


def test_what_was_not_looked_at_is_neither_raised_nor_denied() -> None:
    signals = all_signals(
        models=[], listeners=None, processes=None, accelerators=None, network=None, repositories=None
    )
    assert {signal.id: signal.raised for signal in signals} == {
        SignalId.LARGE_ARTIFACTS: False,
        SignalId.LOCAL_SERVERS: None,
        SignalId.OFFLINE_ACCELERATOR: None,
        SignalId.UNRECORDED_CODE: None,
        SignalId.LICENSE_AMBIGUITY: False,
    }
