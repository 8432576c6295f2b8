"""What every test run needs."""

import asyncio

# Python 3.11 makes an event loop for whoever first asks the main thread for one, pytest-asyncio asks and never closes
# it, and the warning about it fails whichever test runs next. A thread told that it has none makes none.
asyncio.set_event_loop(None)
