"""The two ways in which a stage ends early without a bug."""


class UserError(Exception):
    """The user's mistake, told in one line: what is wrong, where, and what to do. Exit code 2."""


class Stopped(BaseException):
    """A budget or a signal ended the stage; the same command goes on, perhaps only with what it `needs`. Exit code 3.

    As KeyboardInterrupt it is no Exception, since a signal comes inside of any library, which might handle or rewrite it.
    """

    def __init__(self, reason: str = "", needs: str = "") -> None:
        super().__init__(reason)
        self.needs = needs
