"""How far the clock of a node is from ours, by exchanges of their times."""

ROUNDS = 16


def estimate(exchange, rounds=ROUNDS):
    """Seconds by which the other clock is ahead, and how far that may be off.

    exchange: returns our time before, the other's time, and our time after. The quickest exchange counts: what
    the other clock said was true at some moment between our two.
    """
    before, there, after = min((exchange() for _ in range(rounds)), key=lambda found: found[2] - found[0])
    return there - (before + after) / 2, (after - before) / 2
