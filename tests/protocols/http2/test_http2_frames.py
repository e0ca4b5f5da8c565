import pytest
from hyperframe.frame import ContinuationFrame, DataFrame, Frame, HeadersFrame, PingFrame, RstStreamFrame
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp
from ringfence.protocols.http2.frames import RESET_COST, FrameWatch

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_PING = PingFrame(0, opaque_data=bytes(8)).serialize()
_RESET = RstStreamFrame(1).serialize()
_DATA = DataFrame(1, data=b"x").serialize()


def _watch() -> FrameWatch:
    watch = FrameWatch()
    watch.see(_PREFACE)
    return watch


def _frame(kind: int, size: int) -> bytes:
    return size.to_bytes(3) + bytes((kind, 0)) + bytes(4)


@pytest.mark.parametrize(
    ("frame", "allowed"),
    [
        (_PING, LIMITS.http2_idle_frames),
        (_RESET, LIMITS.http2_idle_frames // RESET_COST),
        (DataFrame(1).serialize(), LIMITS.http2_idle_frames),
        (ContinuationFrame(1).serialize(), LIMITS.http2_idle_frames),
        *((_frame(kind, 0), LIMITS.http2_idle_frames) for kind in (2, 4, 8, 10, 200)),
    ],
)
def test_frames_that_bring_nothing_are_counted(frame, allowed):
    watch = _watch()
    watch.see(frame * allowed)
    with pytest.raises(BadHttp, match="nothing"):
        watch.see(frame)


def test_what_moves_something_gives_back_but_is_not_saved_up():
    watch = _watch()
    watch.see((_PING + _DATA) * LIMITS.http2_idle_frames * 2)
    watch.earn(10 * LIMITS.http2_idle_frames)
    watch.see(_PING * LIMITS.http2_idle_frames)
    with pytest.raises(BadHttp):
        watch.see(_PING)


def test_a_frame_is_refused_for_its_length_before_it_comes():
    watch = _watch()
    watch.see(_frame(0, 1 << 14) + bytes(1 << 14))
    with pytest.raises(BadHttp, match="longer"):
        watch.see(_frame(0, (1 << 14) + 1))


def test_headers_are_refused_for_their_length_before_they_are_whole():
    watch, part = _watch(), bytes(1 << 14)
    watch.see(HeadersFrame(1, data=part).serialize())
    watch.see(ContinuationFrame(1, data=part).serialize() * (LIMITS.http_head_bytes // len(part) - 1))
    with pytest.raises(BadHttp, match="head"):
        watch.see(ContinuationFrame(1, data=b"x").serialize())


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from([_PING, _DATA, _RESET, DataFrame(1, data=bytes(300)).serialize()]), max_size=150
    ),
    st.integers(min_value=1, max_value=400),
)
def test_frames_are_counted_wherever_they_are_split(frames, step):
    def refused(step: int) -> bool:
        watch, data = FrameWatch(), _PREFACE + b"".join(frames)
        try:
            for at in range(0, len(data), step):
                watch.see(data[at : at + step])
        except BadHttp:
            return True
        return False

    assert refused(step) == refused(1 << 30)


def test_every_kind_of_frame_of_the_library_is_seen():
    """Its heads are read here a second time; both must agree on where frames begin."""
    for data in (_PING, _RESET, _DATA):
        frame, length = Frame.parse_frame_header(memoryview(data[:9]))
        assert (9 + length, frame.type) == (len(data), data[3])
