class GetTimeoutError(TimeoutError):
    pass


class RayActorError(Exception):
    pass
