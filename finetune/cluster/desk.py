"""What the workers on a cluster and whoever started them leave for each other to read."""

__all__ = ["Desk"]


class Desk:
    """An actor on the cluster; it lives as long as the run that it was made for."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._signal = 0
        self._begun = False

    def begin(self) -> bool:
        """Called by each group of workers once: whether there was one before, which died."""
        begun, self._begun = self._begun, True
        return begun

    def tell(self, line: str) -> None:
        """For the starter: one JSON object."""
        self._lines.append(line)

    def told(self) -> list[str]:
        """What has been told since this was last asked, in order."""
        lines, self._lines = self._lines, []
        return lines

    def stop(self, signal: int) -> None:
        """For the workers: save and end, as if this signal had come to them."""
        self._signal = signal

    def signal(self) -> int:
        """The number of that signal, or 0."""
        return self._signal
