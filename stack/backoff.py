"""When a service that died is started again, and when we stop trying."""

from collections import deque

FIRST_S = 1.0
LONGEST_S = 60.0
GIVE_UP_DEATHS = 5
GIVE_UP_WITHIN_S = 120.0


class Deaths:
    """The recent deaths of one service. Times are seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=GIVE_UP_DEATHS)
        self._next_s = FIRST_S

    def note(self, now: float) -> float | None:
        """Take note of a death; seconds to wait before the next start, None to give up.

        The wait doubles from death to death, and begins again after two quiet minutes.
        """
        if self._times and now - self._times[-1] > GIVE_UP_WITHIN_S:
            self._next_s = FIRST_S
        self._times.append(now)
        if len(self._times) == GIVE_UP_DEATHS and now - self._times[0] <= GIVE_UP_WITHIN_S:
            return None
        wait, self._next_s = self._next_s, min(self._next_s * 2, LONGEST_S)
        return wait

    def forget(self) -> None:
        """Somebody started it by hand: begin again."""
        self._times.clear()
        self._next_s = FIRST_S
