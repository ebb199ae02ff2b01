"""What the times of a layer in several passes say of themselves."""

import statistics

# A first pass that took so many times what the longest of the others did, and so many microseconds more, has
# chosen kernels or filled caches.
COLD = 1.25
COLD_US = 5


def is_cold(samples):
    """Whether the first sample took far longer than all the others."""
    longest = max(samples[1:], default=samples[0])
    return samples[0] > max(COLD * longest, longest + COLD_US)


def error_of_median(samples):
    """The standard error of the median over the median, by the median deviation from it.

    A few passes that something disturbed make it no larger.
    """
    middle = statistics.median(samples)
    deviation = statistics.median(abs(value - middle) for value in samples)
    # 1.4826 makes a normal distribution's deviation of it, 1.2533 the error of a median of one.
    return 1.4826 * 1.2533 * deviation / len(samples) ** 0.5 / middle if middle > 0 else 0.0
