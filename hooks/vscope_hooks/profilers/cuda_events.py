"""CUDA events: recorded on a stream, asked whether they have completed, and subtracted.

torch's events look for the device and make a stream object at every call; the driver's own functions
take a tenth of the time, and a forward pass records three. torch's are for where there is no such
driver (ROCm).
"""

import ctypes
import sys
import threading

NOT_READY = 600


def events_of(cuda):
    """Events of the device that this thread computes on. cuda: torch.cuda, in use."""
    try:
        if getattr(sys.modules["torch"].version, "cuda", None):
            return DriverEvents(ctypes.PyDLL("libcuda.so.1"), cuda)
    except (AttributeError, KeyError, OSError, RuntimeError):
        pass
    return TorchEvents(cuda)


class TorchEvents:
    """Events of torch."""

    def __init__(self, cuda):
        self._cuda = cuda
        # stream_of(device) tells the stream that this thread computes on, and handle() what record() takes of it:
        # asking is then a call of torch's alone.
        self.stream_of, self.device = cuda.current_stream, None

    def handle(self, stream):
        return stream

    def make(self):
        return self._cuda.Event(enable_timing=True)

    def record(self, event, stream):
        """Records the event; an answer other than 0 or None is for refused()."""
        event.record(stream)

    def done(self, event):
        return event.query()

    def milliseconds(self, marks):
        return [begin.elapsed_time(end) for begin, end in zip(marks, marks[1:])]


class DriverEvents:
    """Events of CUDA's driver, in the context of the thread that makes this object.

    None of its calls waits, so the interpreter is kept meanwhile: another thread of vLLM must not
    get its turn in the middle of a step.

    Raises RuntimeError where the driver refuses; a driver without one of its functions raises
    AttributeError.
    """

    def __init__(self, driver, cuda):
        self._driver = driver
        # Called at every mark, and so without a look at its answer: refused() says what it means.
        self.record = driver.cuEventRecord
        self._query = driver.cuEventQuery
        self._elapsed = driver.cuEventElapsedTime
        self._context = ctypes.c_void_p()
        _check(driver.cuCtxGetCurrent(ctypes.byref(self._context)), "cuCtxGetCurrent")
        if not self._context:
            raise RuntimeError("this thread has no CUDA context")
        self._threads = {threading.get_ident()}
        # Where the driver writes a time: those who read wait for each other anyway.
        self._found = ctypes.c_float()
        self._place = ctypes.byref(self._found)
        # As TorchEvents has it; a stream is a number here, and 0 the default one.
        self.device = cuda.current_device()
        raw = getattr(sys.modules["torch"]._C, "_cuda_getCurrentRawStream", None)
        self.stream_of = raw or (lambda device: cuda.current_stream(device).cuda_stream)

    def handle(self, stream):
        return ctypes.c_void_p(stream)

    def refused(self, status):
        """What record() answered was an error."""
        _check(status, "cuEventRecord")

    def make(self):
        event = ctypes.c_void_p()
        _check(self._driver.cuEventCreate(ctypes.byref(event), 0), "cuEventCreate")
        return event

    def done(self, event):
        self._enter()
        status = self._query(event)
        if status != NOT_READY:
            _check(status, "cuEventQuery")
        return status == 0

    def milliseconds(self, marks):
        """Times on the device from each event to the next; all have completed.

        One thread at a time may ask.
        """
        self._enter()
        elapsed, place, found = self._elapsed, self._place, self._found
        times = []
        begin = marks[0]
        for end in marks[1:]:
            status = elapsed(place, begin, end)
            if status:
                _check(status, "cuEventElapsedTime")
            times.append(found.value)
            begin = end
        return times

    def _enter(self):
        """A thread that reads needs the context too: without one it would make another."""
        if threading.get_ident() in self._threads:
            return
        current = ctypes.c_void_p()
        _check(self._driver.cuCtxGetCurrent(ctypes.byref(current)), "cuCtxGetCurrent")
        if not current:
            _check(self._driver.cuCtxSetCurrent(self._context), "cuCtxSetCurrent")
        self._threads.add(threading.get_ident())


def _check(status, name):
    if status:
        raise RuntimeError("%s: CUDA error %d" % (name, status))
