"""Fetches small public documents over HTTPS: what OpenID Connect issuers say of themselves."""

import ssl

import aiohttp

SECONDS = 5.0
LIMIT = 1024 * 1024


async def fetch(url: str, ca: str) -> bytes:
    """ca: PEM of who must have signed the server's certificate; "" for the system's. Raises OSError."""
    if not url.startswith("https://"):
        raise OSError(f"{url} is not https")
    try:
        context = ssl.create_default_context(cadata=ca) if ca else ssl.create_default_context()
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        connector = aiohttp.TCPConnector(ssl=context)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise OSError(f"{url} answered {answer.status}")
            content = await answer.content.read(LIMIT)
            while len(content) < LIMIT and (more := await answer.content.read(LIMIT - len(content))):
                content += more
            return content
    except (aiohttp.ClientError, TimeoutError, ssl.SSLError) as error:
        raise OSError(f"{url}: {error}") from error
