"""The one exception that ends a command with a clear sentence instead of a traceback."""


class Failure(Exception):
    """What went wrong and what to do next, in one or two sentences for the person at the terminal.

    `detail` is printed below it as it is: the tail of a log, a program's own words.
    """

    def __init__(self, sentence: str, detail: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.detail = detail
